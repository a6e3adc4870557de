"""Tests that a function tells the database how much time is left for the current event."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.functions import ROOT
from wecelebrate.core import deadline
from wecelebrate.kv import facade


@dataclass
class Remaining:
    """A Lambda context with a fixed remaining time."""

    milliseconds: int

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def test_a_function_reserves_half_a_second_for_the_response(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with deadline.invocation(Remaining(10_000)):
        assert deadline.milliseconds_left() == 9_500
        clock[0] += 9.25
        assert deadline.milliseconds_left() == 250
        clock[0] += 60
        assert deadline.milliseconds_left() == 1


def test_the_remaining_time_is_known_only_while_an_event_is_handled() -> None:
    assert deadline.milliseconds_left() is None
    with deadline.invocation(Remaining(10_000)):
        milliseconds = deadline.milliseconds_left()
        assert milliseconds is not None and 8_000 < milliseconds <= 9_500
    assert deadline.milliseconds_left() is None
    with pytest.raises(ZeroDivisionError), deadline.invocation(Remaining(10_000)):
        _ = 1 / 0
    assert deadline.milliseconds_left() is None


@pytest.mark.parametrize("milliseconds", [0, 100, 500])
def test_a_statement_has_a_time_limit_of_at_least_one_millisecond(milliseconds: int) -> None:
    with deadline.invocation(Remaining(milliseconds)):
        assert deadline.milliseconds_left() == 1


def test_an_event_without_a_context_has_no_time_limit() -> None:
    with deadline.invocation(None):
        assert deadline.milliseconds_left() is None


@pytest.mark.parametrize("handler", sorted((ROOT / "functions").glob("*/**/handler.py")), ids=str)
def test_every_function_that_uses_the_database_limits_its_statements(handler: Path) -> None:
    """`serve`, `consume` and `consume_together` set the limit for the API and the queues.

    `migrate` is exempt: it runs long statements.
    """
    if "database:" not in handler.with_name("function.toml").read_text("utf-8"):
        return
    text = handler.read_text("utf-8")
    if "wecelebrate.kv.facade" in text:  # this handler uses the event format of another protocol
        text = Path(str(facade.__file__)).read_text("utf-8")
    assert handler.parent.name == "migrate" or re.search(
        r"= serve\(|= consume(?:_together)?\(|with deadline\.invocation\(context\)", text
    )
