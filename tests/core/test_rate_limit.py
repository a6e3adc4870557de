"""Tests the rate limit of a queue, which applies to all of its workers together."""

import pytest

from wecelebrate.jobs.rate_limit import RateLimiter


class Clock:
    """A clock that advances only if `sleep` is called."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


def test_each_worker_may_use_an_equal_share_of_the_rate_limit() -> None:
    clock = Clock()
    limiter = RateLimiter(rate=14, workers=2, clock=lambda: clock.now, sleep=clock.sleep)
    for _ in range(8):
        limiter.wait()
    # Each of the two workers starts 7 jobs per second. The first job starts immediately, the eighth job after one
    # second.
    assert clock.now == pytest.approx(101.0)


def test_a_worker_that_was_idle_does_not_start_jobs_faster_afterwards() -> None:
    clock = Clock()
    limiter = RateLimiter(rate=10, workers=1, clock=lambda: clock.now, sleep=clock.sleep)
    for idle_seconds in (0, 60, 0.5):
        clock.now += idle_seconds
        limiter.wait()
    limiter.wait()
    assert clock.sleeps == [pytest.approx(0.1)]
