"""The rate limit of a queue holds across all of its workers."""

import pytest

from wecelebrate.jobs.rate_limit import RateLimiter


class Clock:
    """A clock that advances only by sleeping."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


def test_workers_share_the_rate() -> None:
    clock = Clock()
    limiter = RateLimiter(rate=14, workers=2, clock=lambda: clock.now, sleep=clock.sleep)
    for _ in range(8):
        limiter.wait()
    # Each worker starts 7 jobs a second. The first job starts immediately.
    assert clock.now == pytest.approx(101.0)


def test_idle_time_does_not_allow_a_burst() -> None:
    clock = Clock()
    limiter = RateLimiter(rate=10, workers=1, clock=lambda: clock.now, sleep=clock.sleep)
    limiter.wait()
    clock.now += 60
    limiter.wait()
    limiter.wait()
    assert clock.sleeps == [pytest.approx(0.1)]
