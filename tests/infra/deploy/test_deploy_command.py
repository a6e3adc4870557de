"""Tests the arguments that `wecelebrate deploy` passes to CDK, and its changes of the firewall. The tests do not run
CDK."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from typer.testing import CliRunner

from infra.command import app, aws
from infra.deploy import blocklist, checkout, firewall, maintenance, stacks
from infra.deploy.account import Account
from infra.deploy.engine import ENGINE_CONTEXT, ENGINE_VERSION
from infra.deploy.firewall import parse_network
from infra.deploy.stacks import StackState
from tests.infra.deploy.test_deployed import account
from tests.infra.deploy.test_maintenance import RATE, VISIBILITY


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
def test_a_deploy_passes_its_release_and_the_newest_release_to_cdk(
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


@pytest.mark.parametrize(("deployed", "expected"), [("17.8", ENGINE_VERSION), ("17.10", "17.10"), ("18.1", "18.1")])
def test_a_deploy_does_not_downgrade_the_database_version(dev: "Environment", deployed: str, expected: str) -> None:
    cluster: Any = dev.account._clients["rds"]
    cluster.version = deployed
    dev.during = lambda: 1
    dev.deploy("REVIEW_IN_PROGRESS")
    (command,) = dev.commands
    assert f"{ENGINE_CONTEXT}={expected}" in command


class Environment:
    """The environment `dev`. The test replaces its stacks and CDK, and moto emulates its firewall."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.account: Account = account("network", {})
        self.firewall: Any = boto3.client(
            "wafv2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.account._clients["wafv2"] = self.firewall
        self.commands: list[list[str]] = []
        self.during: Callable[[], int] = lambda: 0
        """What CDK does. It returns the exit code."""
        self._monkeypatch = monkeypatch
        monkeypatch.setattr("infra.deploy.account.Account", lambda environment: self.account)
        monkeypatch.setattr(aws, "_problems", lambda environment: 0)
        monkeypatch.setattr(checkout, "release", lambda: "v0.1.0")
        monkeypatch.setattr(stacks, "run_cdk", self._run_cdk)

    def create_firewall(self) -> None:
        self.firewall.create_web_acl(
            Name="wecelebrate-dev-api", Scope="CLOUDFRONT", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY
        )

    def replace_rules(self) -> None:
        """Write the firewall rules of the template, as a deploy does that changes the firewall."""
        (acl,) = self.firewall.list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
        name = {"Name": acl["Name"], "Scope": "CLOUDFRONT", "Id": acl["Id"]}
        self.firewall.update_web_acl(
            **name, DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY, Rules=[RATE], LockToken=acl["LockToken"]
        )

    def deploy(self, edge: str) -> Any:
        """Run the deploy command. `edge` is the state of the stack `edge` before the deploy."""
        states = {name: StackState("CREATE_COMPLETE", datetime.now(UTC), "v0.1.0") for name in ("network", "edge")}
        states["edge"] = StackState(edge, datetime.now(UTC), None)
        self._monkeypatch.setattr(stacks, "stack_states", lambda account: states)
        return CliRunner().invoke(app, ["deploy", "--env", "dev"])

    def _run_cdk(self, command: list[str]) -> int:
        self.commands.append(command)
        return self.during()


@pytest.fixture
def dev(monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    with mock_aws():
        yield Environment(monkeypatch)


@pytest.mark.parametrize("state", ["CREATE_FAILED", "REVIEW_IN_PROGRESS"])
def test_a_first_deploy_can_be_repeated_if_it_failed_before_the_firewall_existed(dev: Environment, state: str) -> None:
    dev.during = lambda: 1
    result = dev.deploy(state)
    assert len(dev.commands) == 1, result.output
    assert not maintenance.is_closed(dev.account)


@pytest.mark.parametrize("exit_code", [0, 1])
def test_a_successful_or_failed_deploy_restores_the_firewall_rules_of_operators(
    dev: Environment, exit_code: int
) -> None:
    dev.create_firewall()
    blocklist.change(dev.account, [parse_network("8.8.4.4")])

    def during() -> int:
        # An operator closes the environment while the deploy runs.
        maintenance.close(dev.account, [parse_network("8.8.8.8")])
        dev.replace_rules()
        (folder,) = [each for each in dev.commands[-1] if each.endswith("outputs-dev.json")]
        Path(folder).write_text("{}")
        return exit_code

    dev.during = during
    result = dev.deploy("UPDATE_COMPLETE")
    assert result.exit_code == exit_code, result.output
    (acl,) = dev.firewall.list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    rules = dev.firewall.get_web_acl(Name=acl["Name"], Scope="CLOUDFRONT", Id=acl["Id"])["WebACL"]["Rules"]
    assert [rule["Name"] for rule in rules] == ["requests-per-address", "blocked", "maintenance"]
    assert "the addresses are blocked again" in result.output
    assert "the environment is closed again" in result.output


def test_a_deploy_restores_the_blocked_addresses_of_an_earlier_release(dev: Environment) -> None:
    dev.create_firewall()
    blocklist.change(dev.account, [parse_network("8.8.4.4")])
    firewall._mark(dev.account, blocklist.RULE, "x")

    def during() -> int:
        dev.replace_rules()
        return 1

    dev.during = during
    result = dev.deploy("UPDATE_COMPLETE")
    assert "the addresses are blocked again" in result.output
    assert blocklist.blocked(dev.account) == ["8.8.4.4/32"]


def test_a_deploy_during_the_maintenance_mode_does_not_update_the_firewall(dev: Environment) -> None:
    dev.create_firewall()
    maintenance.close(dev.account, [parse_network("8.8.8.8")])
    result = dev.deploy("UPDATE_COMPLETE")
    assert result.exit_code == 0, result.output
    assert "v0.1.0 is deployed behind the maintenance mode" in result.output
    assert maintenance.is_closed(dev.account)
    (command,) = dev.commands
    assert "--all" not in command and "!(edge|monitoring)" in command


def test_a_deploy_prints_the_urls_and_a_warning_if_the_aws_session_expires(
    dev: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    dev.create_firewall()

    def during() -> int:
        (file,) = [each for each in dev.commands[-1] if each.endswith("outputs-dev.json")]
        Path(file).write_text(json.dumps({"wecelebrate-dev-edge": {"url": "https://api.example.com"}}))
        expired = ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "x"}}, "ListWebACLs")
        monkeypatch.setattr(dev.firewall, "list_web_acls", Mock(side_effect=expired))
        return 0

    dev.during = during
    result = dev.deploy("UPDATE_COMPLETE")
    assert result.exit_code == 1, result.output
    assert "https://api.example.com" in result.output
    assert "sign in to AWS again, and run `wecelebrate status --env dev`" in " ".join(result.output.split())
