"""Tests which releases `wecelebrate deploy` passes to CDK. CDK does not run."""

from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.command import app, aws
from infra.deploy import checkout, stacks
from tests.infra.deploy.test_deployed import account


@pytest.mark.parametrize(
    ("deployed", "begun", "release", "newest"),
    [
        (None, {}, "v0.1.0", "v0.1.0"),
        ("v0.3.0", {"SchemaRelease": "v0.3.0"}, "v0.2.0", "v0.3.0"),
        ("v0.2.0", {"SchemaRelease": "v0.3.0"}, "v0.2.1", "v0.3.0"),
        ("v0.3.0", {}, "v0.2.0", "v0.3.0"),
        ("v0.2.0", {"SchemaRelease": "v0.2.0"}, "v0.3.0", "v0.3.0"),
    ],
)
def test_a_deploy_names_its_release_and_the_newest_release(
    monkeypatch: pytest.MonkeyPatch, deployed: str | None, begun: Mapping[str, str], release: str, newest: str
) -> None:
    target = account("network", begun)
    cloud: Any = target._clients["cloudformation"]
    if deployed:
        cloud.outputs["monitoring"] = {"release": deployed}
    commands: list[list[str]] = []
    monkeypatch.setattr("infra.deploy.account.Account", lambda environment: target)
    monkeypatch.setattr(aws, "_problems", lambda environment: 0)
    monkeypatch.setattr(checkout, "release", lambda: release)

    def run_cdk(command: list[str]) -> int:
        commands.append(command)
        return 1

    monkeypatch.setattr(stacks, "run_cdk", run_cdk)
    result = CliRunner().invoke(app, ["deploy", "--env", "dev"])
    assert result.exit_code == 1, result.output
    (command,) = commands
    assert {f"release={release}", f"SchemaRelease={newest}"} <= set(command)
