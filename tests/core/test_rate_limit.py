"""Tests the rate limit of a queue. It applies to all workers of the queue together."""

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
    # Each of the two workers starts 7 jobs per second. The first job starts immediately. The eighth job starts after
    # one second.
    assert clock.now == pytest.approx(101.0)


def test_a_worker_does_not_start_jobs_faster_after_an_idle_time() -> None:
    clock = Clock()
    limiter = RateLimiter(rate=10, workers=1, clock=lambda: clock.now, sleep=clock.sleep)
    for idle_seconds in (0, 60, 0.5):
        clock.now += idle_seconds
        limiter.wait()
    limiter.wait()
    assert clock.sleeps == [pytest.approx(0.1)]
