"""Tests the load generator of the benchmark."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from infra.bench.load import Connect, Send, both, load
from infra.local.processes import LocalCloudError


def _requests(*outcomes: str | Exception) -> Connect:
    """Return a function that opens connections. All connections share `outcomes`: each request takes the next
    outcome.
    """
    remaining = iter(outcomes)

    @contextmanager
    def connect() -> Iterator[Send]:
        def send() -> str:
            outcome = next(remaining)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        yield send

    return connect


def test_a_load_ends_after_the_last_request() -> None:
    timings = load(_requests("hit", "hit", "miss"), connections=2, seconds=60)
    assert timings.requests == 3
    assert timings.outcomes == {"hit": 2, "miss": 1}
    assert timings.hit_rate == pytest.approx(2 / 3)


def test_a_load_ends_after_the_given_time() -> None:
    assert load(_requests(*["hit"] * 1000), connections=2, seconds=0).requests == 0


def test_a_load_fails_if_one_of_its_requests_fails() -> None:
    with pytest.raises(LocalCloudError, match="ValueError: raised on purpose by this test"):
        load(_requests("hit", ValueError("raised on purpose by this test")), connections=2, seconds=60)


def test_a_load_fails_if_a_connection_cannot_be_opened() -> None:
    @contextmanager
    def connect() -> Iterator[Send]:
        raise ConnectionRefusedError("raised on purpose by this test")
        yield

    with pytest.raises(LocalCloudError, match="ConnectionRefusedError: raised on purpose by this test"):
        load(connect, connections=3, seconds=60)


def test_a_pair_of_requests_counts_as_one_request() -> None:
    timings = load(both(_requests("a", "a"), _requests("b", "b", "b")), connections=1, seconds=60)
    assert timings.requests == 2
    assert timings.outcomes == {"b": 2}
