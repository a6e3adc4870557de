"""Tests when a failed webhook delivery is tried again. docs/webhooks.md contains these delays."""

import random

import pytest

from wecelebrate.webhooks.policy import POLICY

MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        (1, 5),
        (2, 30),
        (3, 2 * MINUTE),
        (4, 15 * MINUTE),
        (5, HOUR),
        (6, 3 * HOUR),
        (7, 8 * HOUR),
        (8, 12 * HOUR),
    ],
)
def test_the_delay_between_delivery_attempts_increases_to_twelve_hours(
    monkeypatch: pytest.MonkeyPatch, failures: int, seconds: int
) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, _: low)
    assert POLICY.retry_delay(failures) == seconds
    monkeypatch.setattr(random, "uniform", lambda _, high: high)
    assert POLICY.retry_delay(failures) == pytest.approx(seconds * 1.1)


@pytest.mark.parametrize("failures", [9, 10, 100])
def test_a_delivery_is_not_tried_again_after_the_ninth_attempt(failures: int) -> None:
    assert POLICY.retry_delay(failures) is None


def test_an_endpoint_is_disabled_after_twenty_failures_in_three_days() -> None:
    assert POLICY.disable_after_failures == 20
    assert POLICY.disable_after_seconds == 72 * HOUR


def test_a_failing_endpoint_is_paused_for_at_most_a_minute() -> None:
    assert POLICY.max_endpoint_pause == MINUTE
    assert POLICY.log_length == 20
