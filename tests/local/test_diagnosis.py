"""Tests the findings of `wecelebrate doctor` on this machine."""

import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.command import app
from infra.local.diagnosis import Finding, diagnose
from infra.local.endpoints import CHECKOUT


def finding(
    check: str, state: Path, environment: Mapping[str, str] | None = None, checkout: Path = CHECKOUT
) -> Finding:
    """Return the only finding of a check whose state is not `ok`."""
    findings = diagnose(state, checkout, environment or {})
    (result,) = [each for each in findings if each.check == check and each.state != "ok"]
    return result


def test_a_port_variable_with_an_unknown_name_is_one_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WECELEBRATE_PORT_APPI", "1234")
    findings = list(diagnose(tmp_path, CHECKOUT, {"WECELEBRATE_PORT_APPI": "1234"}))
    (problem,) = [finding for finding in findings if "APPI" in f"{finding.message} {finding.fix}"]
    assert (problem.check, problem.state, problem.fix) == ("variables", "problem", "unset WECELEBRATE_PORT_APPI")


def test_the_doctor_command_accepts_a_state_directory_without_a_database(tmp_path: Path) -> None:
    (data,) = [finding for finding in diagnose(tmp_path, CHECKOUT, {}) if finding.check == "data"]
    assert (data.state, data.message) == ("ok", "the state folder has no database yet")


def test_the_fix_for_a_port_in_use_exports_a_free_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        monkeypatch.setenv("WECELEBRATE_PORT_API", str(port))
        findings = diagnose(tmp_path, CHECKOUT, os.environ)
        (problem,) = [each for each in findings if each.check == "ports" and str(port) in each.message]
    assert problem.state == "problem" and problem.fix is not None
    variable, _, other = problem.fix.removeprefix("export ").partition("=")
    assert variable == "WECELEBRATE_PORT_API" and int(other) != port and int(other) < 2**16


def test_a_port_that_is_not_a_number_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WECELEBRATE_PORT_API", "http")
    problem = finding("ports", tmp_path, os.environ)
    assert (problem.state, problem.fix) == ("problem", "unset WECELEBRATE_PORT_API")


def test_data_of_another_version_of_postgresql_is_a_problem(tmp_path: Path) -> None:
    folder = tmp_path / "postgres" / "postgres"
    folder.mkdir(parents=True)
    (folder / "PG_VERSION").write_text("9")
    problem = finding("data", tmp_path)
    assert problem.state == "problem" and problem.message.startswith("the data belongs to PostgreSQL 9, but ")
    assert problem.fix is not None and problem.fix.endswith("wecelebrate down --erase")


def test_a_proxy_for_this_machine_is_a_warning(tmp_path: Path) -> None:
    proxy = {"http_proxy": "http://proxy.example:3128"}
    assert finding("proxy", tmp_path, proxy).state == "warning"
    findings = diagnose(tmp_path, CHECKOUT, proxy | {"no_proxy": "localhost, 127.0.0.1"})
    assert [each.state for each in findings if each.check == "proxy"] == ["ok"]


def test_a_url_without_a_token_is_a_problem(tmp_path: Path) -> None:
    problem = finding("variables", tmp_path, {"WECELEBRATE_API": "https://api.example.com"})
    assert (problem.state, problem.fix) == ("problem", "unset WECELEBRATE_API")


def test_a_clock_before_the_times_of_the_checkout_files_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.touch()
    os.utime(file, (time.time() + 3600, time.time() + 3600))
    assert "the clock is behind" in finding("clock", tmp_path, checkout=tmp_path).message


def test_the_doctor_command_exits_with_1_if_it_finds_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WECELEBRATE_HOME", str(tmp_path))
    monkeypatch.setenv("WECELEBRATE_PORT_APPI", "1234")
    text, document = CliRunner().invoke(app, ["doctor"]), CliRunner().invoke(app, ["doctor", "--json"])
    assert (text.exit_code, document.exit_code) == (1, 1)
    findings = json.loads(document.stdout)["data"]
    lines = text.stdout.splitlines()
    for each in findings:
        assert any(each["check"] in line for line in lines)
        assert each["state"] != "problem" or each["fix"]
    assert any(line.strip() == "→ unset WECELEBRATE_PORT_APPI" for line in lines)
