"""The rate of a queue holds over all of its workers."""

import pytest

from wecelebrate.jobs.rate_limit import RateLimiter


class Clock:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_workers_share_the_rate() -> None:
    clock = Clock()
    limiter = RateLimiter(rate=14, workers=2, clock=lambda: clock.now, sleep=clock.sleep)
    for _ in range(8):
        limiter.wait()
    # Seven a second each: the first goes at once.
    assert clock.now == pytest.approx(101.0)


def test_who_was_idle_may_not_make_up_for_it() -> None:
    clock = Clock()
    limiter = RateLimiter(rate=10, workers=1, clock=lambda: clock.now, sleep=clock.sleep)
    limiter.wait()
    clock.now += 60
    limiter.wait()
    limiter.wait()
    assert clock.slept == [pytest.approx(0.1)]
