"""Tests the output of `wecelebrate check-database`. The test replaces the function. The tests in tests/database run the
check."""

from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.command import app
from infra.deploy import migrate_function


def check(monkeypatch: pytest.MonkeyPatch, answer: Mapping[str, Any]) -> tuple[int, str]:
    """Return the exit code and the output of the command if the function returns `answer`."""
    events: list[Mapping[str, Any]] = []

    def invoke(account: Any, event: Mapping[str, Any]) -> Mapping[str, Any]:
        events.append(event)
        return answer

    monkeypatch.setattr(migrate_function, "live_cluster", lambda account: "live")
    monkeypatch.setattr(migrate_function, "cluster", lambda account, name: {"ReaderEndpoint": f"{name}.example.com"})
    monkeypatch.setattr(migrate_function, "invoke", invoke)
    result = CliRunner().invoke(app, ["check-database", "--env", "dev"])
    assert events == [{"check_database": {"reader": "live.example.com:5432"}}]
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("readers", "code", "text"),
    [(True, 0, "know which transactions"), (False, 1, "set reads=primary"), (None, 0, "the cluster has no reader")],
)
def test_the_command_fails_if_the_reader_does_not_report_replayed_transactions(
    monkeypatch: pytest.MonkeyPatch, readers: bool | None, code: int, text: str
) -> None:
    actual, printed = check(monkeypatch, {"readers": readers, "large_objects": True})
    assert (actual, text in printed, "are refused" in printed) == (code, True, True), printed


def test_the_command_reports_allowed_large_objects_as_a_known_risk(monkeypatch: pytest.MonkeyPatch) -> None:
    code, printed = check(monkeypatch, {"readers": True, "large_objects": False})
    assert (code, "a known risk" in printed) == (0, True)


def test_the_command_refuses_the_function_of_an_earlier_release(monkeypatch: pytest.MonkeyPatch) -> None:
    code, printed = check(monkeypatch, {"applied": []})
    assert (code, "the release of dev does not know this check" in printed) == (1, True), printed
