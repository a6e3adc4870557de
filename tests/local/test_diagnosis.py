"""Tests what `wecelebrate doctor` finds on this machine."""

from pathlib import Path

import pytest

from infra.local.diagnosis import diagnose
from infra.local.endpoints import CHECKOUT


def test_an_unknown_variable_of_a_port_is_one_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WECELEBRATE_PORT_APPI", "1234")
    findings = list(diagnose(tmp_path, CHECKOUT, {"WECELEBRATE_PORT_APPI": "1234"}))
    (problem,) = [finding for finding in findings if "APPI" in f"{finding.message} {finding.fix}"]
    assert (problem.check, problem.state, problem.fix) == ("variables", "problem", "unset WECELEBRATE_PORT_APPI")


def test_a_state_folder_without_a_database_has_no_data(tmp_path: Path) -> None:
    (data,) = [finding for finding in diagnose(tmp_path, CHECKOUT, {}) if finding.check == "data"]
    assert (data.state, data.message) == ("ok", "the state folder has no database yet")
