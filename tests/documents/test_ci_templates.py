"""Tests that the CI templates and the devcontainer are valid, and that the workflow of GitHub follows the rules of
zizmor."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.functions import ROOT
from infra.local.endpoints import Ports

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    ("file", "schema"),
    [(".github/workflows/ci.yml", "vendor.github-workflows"), (".gitlab-ci.yml", "vendor.gitlab-ci")],
)
def test_a_ci_template_is_valid_and_runs_all_checks(file: str, schema: str) -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", schema, str(ROOT / file)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert ".ci/run\n" in (ROOT / file).read_text("utf-8")


def test_the_github_workflow_pins_its_actions_and_has_the_least_permissions() -> None:
    # zizmor reports actions without a hash, permissions that are not needed, stored credentials and injected scripts.
    command = [str(BIN / "zizmor"), "--offline", "--no-progress", str(ROOT / ".github")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_devcontainer_installs_the_packages_and_forwards_two_ports() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    assert container["postCreateCommand"] == "make ready"
    assert container["forwardPorts"] == [Ports().api, Ports().issuer]
