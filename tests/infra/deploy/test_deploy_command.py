"""Tests what `wecelebrate deploy` passes to CDK, and what it does with the firewall. CDK does not run."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from infra.command import app, aws
from infra.deploy import checkout, maintenance, stacks
from infra.deploy.account import Account
from infra.deploy.stacks import StackState
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


VISIBILITY = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "x"}


class Environment:
    """The environment `dev`, whose stacks and CDK the test replaces. moto emulates its firewall."""

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
        """Do what a deploy does that changes the firewall: write the rules of the template."""
        (acl,) = self.firewall.list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
        name = {"Name": acl["Name"], "Scope": "CLOUDFRONT", "Id": acl["Id"]}
        self.firewall.update_web_acl(
            **name, DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY, Rules=[], LockToken=acl["LockToken"]
        )

    def deploy(self, edge: str) -> Any:
        """edge: the state of the stack `edge` before the deploy."""
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
def test_a_first_deploy_that_failed_before_its_firewall_existed_is_continued(dev: Environment, state: str) -> None:
    dev.during = lambda: 1
    result = dev.deploy(state)
    assert len(dev.commands) == 1, result.output
    assert not maintenance.is_closed(dev.account)
