"""Tests the checks that compare the checkout with the deployed environment. botocore's Stubber replaces AWS."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra import cost_model
from infra.deploy import checkout, deployed
from infra.deploy.account import Account
from infra.deploy.checkout import TAKE_SETTINGS, version_of
from infra.deploy.engine import ENGINE_VERSION
from infra.environments import ENVIRONMENTS, get_environment
from infra.functions import functions
from infra.local.diagnosis import Finding
from infra.operator_settings import OperatorSettings

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}


def account(
    stack: str,
    outputs: Mapping[str, str] | None,
    env: str = "dev",
    settings: Mapping[str, object] | None = None,
    others: Mapping[str, str] | None = None,
) -> Account:
    """An account with the stack `stack`, or without this stack if `outputs` is None.

    `others` contains the states of other stacks. If `others` is None and `stack` exists, the environment is complete.
    """
    environment = get_environment(env, {"settings_folder": "/nonexistent"}.get)
    account = Account(
        replace(environment, settings=OperatorSettings.model_validate(settings or {})), may_be_unnamed=True
    )
    states = {"monitoring": "UPDATE_COMPLETE"} if others is None else dict(others)
    account._clients["cloudformation"] = Stacks(
        {} if outputs is None else {**states, stack: "UPDATE_COMPLETE"}, {stack: outputs or {}}, env
    )
    account._clients["rds"] = Clusters()
    return account


class Clusters:
    """Simulates RDS with the cluster of the environment."""

    version = ENGINE_VERSION
    exceptions = SimpleNamespace(DBClusterNotFoundFault=LookupError)

    def describe_db_clusters(self, DBClusterIdentifier: str) -> dict[str, Any]:  # noqa: N803 - the name of AWS
        return {"DBClusters": [{"DBClusterIdentifier": DBClusterIdentifier, "EngineVersion": self.version}]}


class Stacks:
    """Simulates CloudFormation with the states and the outputs of an environment's stacks. Stubber checks each
    response."""

    def __init__(self, states: Mapping[str, str], outputs: Mapping[str, Mapping[str, str]], env: str) -> None:
        self.states, self.outputs, self.env = states, outputs, env

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - the name of AWS
        client = boto3.client("cloudformation", **KEYS)  # type: ignore[call-overload]
        stack, stub = StackName.removeprefix(f"wecelebrate-{self.env}-"), Stubber(client)
        if stack in self.states:
            values = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.get(stack, {}).items()]
            described = {"StackName": "x", "StackStatus": self.states[stack], "CreationTime": "2026-11-27T00:00:00Z"}
            stub.add_response("describe_stacks", {"Stacks": [{**described, "Outputs": values}]})
        else:
            stub.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")
        with stub:
            answer: dict[str, Any] = client.describe_stacks(StackName=StackName)
            return answer

    def get_paginator(self, operation: str) -> "Stacks":
        """Return an object that lists all stacks."""
        assert operation == "describe_stacks"
        return self

    def paginate(self) -> Iterator[dict[str, Any]]:
        """Yield a page for each stack."""
        for stack in self.states:
            name = f"wecelebrate-{self.env}-{stack}"
            [description] = self.describe_stacks(name)["Stacks"]
            yield {"Stacks": [{**description, "StackName": name}]}


@pytest.mark.parametrize(
    ("release", "version"),
    [
        ("v0.2.0", (0, 2, 0, 0)),
        ("v0.2.10-5-g0123abcdef", (0, 2, 10, 5)),
        ("v0.2.0-changed", (0, 2, 0, 0)),
        ("v0.2.0-5-g0123abcdef-changed", (0, 2, 0, 5)),
        ("0123abcdef", None),
        ("v0.1.0-unknown", None),
        ("unknown", None),
    ],
)
def test_the_version_is_parsed_from_the_name_of_the_release(release: str, version: tuple[int, ...] | None) -> None:
    assert version_of(release) == version


def release_check(
    monkeypatch: pytest.MonkeyPatch, new: str, old: str | None, env: str = "prod", schema: str | None = None
) -> Finding:
    """Check the release `new` of the checkout against the deployed release. `schema` is the newest release whose deploy
    has begun."""
    monkeypatch.setattr(checkout, "release", lambda: new)
    monkeypatch.setattr(checkout, "tags", lambda: ["v0.1.0", "v0.2.0", "v0.2.1", "v0.3.0", "v0.10.0"])
    prod = account("monitoring", {"release": old} if old else None, env)
    stacks: Any = prod._clients["cloudformation"]
    if schema:
        stacks.states["network"], stacks.outputs["network"] = "UPDATE_COMPLETE", {"SchemaRelease": schema}
    (finding,) = deployed.check_release(prod)
    return finding


@pytest.mark.parametrize(
    ("new", "old", "fix"),
    [
        ("v0.2.0", "v0.3.0", "git checkout --force v0.3.0"),
        ("v0.2.0", "v0.2.1", "git checkout --force v0.2.1"),
        ("v0.2.0", "v0.2.0-5-g0123abcdef", "git checkout --force TAG"),
        ("v0.9.0", "v0.10.0", "git checkout --force v0.10.0"),
    ],
)
def test_an_older_release_is_deployed_only_if_the_operator_confirms_the_rollback(
    monkeypatch: pytest.MonkeyPatch, new: str, old: str, fix: str
) -> None:
    monkeypatch.delenv(deployed.ROLLBACK_VARIABLE, raising=False)
    finding = release_check(monkeypatch, new, old)
    assert (finding.state, finding.fix) == ("problem", fix)
    assert release_check(monkeypatch, new, old, "dev").state == "warning"
    monkeypatch.setenv(deployed.ROLLBACK_VARIABLE, "v0.1.0")  # not the release of the checkout
    assert release_check(monkeypatch, new, old).state == "problem"
    monkeypatch.setenv(deployed.ROLLBACK_VARIABLE, new)
    assert release_check(monkeypatch, new, old).state == "ok"


@pytest.mark.parametrize(
    ("new", "old", "minor", "fix"),
    [
        # The newest patch of the minor release that would be skipped.
        ("v0.3.0", "v0.1.0", "v0.2", "git checkout --force v0.2.1"),
        ("v0.10.0", "v0.2.1", "v0.3", "git checkout --force v0.3.0"),
        ("v0.10.0", "v0.8.0", "v0.9", "git fetch --tags origin"),  # the clone is shallow, so the tag v0.9.0 is missing
        ("v0.5.0-3-g0123abcdef", "v0.3.0", "v0.4", "git fetch --tags origin"),
        ("v1.1.0", "v0.10.0", "v1.0", "git fetch --tags origin"),
        ("v1.0.0", "v0.3.0", "v0.10", "git checkout --force v0.10.0"),
        ("v0.1.0", "v0.3.0", "v0.2", "git checkout --force v0.3.0"),
        ("v0.8.0", "v0.10.0", "v0.9", "git checkout --force v0.10.0"),
        ("v0.10.0", "v1.1.0", "v1.0", "git checkout --force v1.1.0"),
    ],
)
def test_a_rollback_or_an_upgrade_must_not_skip_a_minor_release(
    monkeypatch: pytest.MonkeyPatch, new: str, old: str, minor: str, fix: str
) -> None:
    for rollback in ("", new):
        monkeypatch.setenv(deployed.ROLLBACK_VARIABLE, rollback)
        finding = release_check(monkeypatch, new, old)
        assert (finding.state, finding.fix) == ("problem", fix)
        assert f"the minor release {minor}" in finding.message
    assert release_check(monkeypatch, new, old, "dev").state == "warning"


@pytest.mark.parametrize(
    ("new", "old", "schema", "state"),
    [
        ("v0.2.0", "v0.3.0", "v0.3.0", "ok"),  # the first rollback
        ("v0.1.0", "v0.2.0", "v0.3.0", "problem"),  # the second rollback
        ("v0.2.0", "v0.2.1", "v0.3.0", "ok"),
        ("v0.1.0", "v0.2.0", "v0.3.0-5-g0123abcdef", "problem"),
        ("v0.1.0", "v0.2.0", "v0.2.1", "ok"),
        ("v0.1.0", "v0.2.0", "unknown", "ok"),  # a deploy with `cdk deploy` does not state a release
        ("v0.2.1", "v0.2.0", "v0.3.0", "ok"),  # a patch of the release that the first rollback has deployed
        ("v0.3.0", "v0.2.0", "v0.3.0", "ok"),
    ],
)
def test_two_consecutive_rollbacks_must_not_skip_a_minor_release(
    monkeypatch: pytest.MonkeyPatch, new: str, old: str, schema: str, state: str
) -> None:
    monkeypatch.setenv(deployed.ROLLBACK_VARIABLE, new)
    finding = release_check(monkeypatch, new, old, schema=schema)
    assert finding.state == state
    assert release_check(monkeypatch, new, old, "dev", schema).state == ("warning" if state == "problem" else "ok")
    if state == "problem":
        assert finding.fix == f"git checkout --force {old}"
        assert f"does not run on the schema of {schema}, which a rollback has kept" in finding.message


@pytest.mark.parametrize(
    ("begun", "others", "newest"),
    [
        ({"SchemaRelease": "v0.10.0"}, ("v0.2.0", "v0.3.0"), "v0.10.0"),
        ({"SchemaRelease": "v0.2.0"}, ("v0.2.0", "v0.3.0"), "v0.3.0"),
        ({"SchemaRelease": "unknown"}, ("v0.3.0", "v0.2.0"), "v0.3.0"),
        ({}, ("v0.3.0", "v0.2.0"), "v0.3.0"),  # the first deploy with this output is a rollback
        (None, ("0123abcdef",), "0123abcdef"),
        ({"SchemaRelease": "v0.2.0"}, ("0123abcdef",), "v0.2.0"),
    ],
)
def test_the_environment_records_the_newest_release_of_all_deploys(
    begun: Mapping[str, str] | None, others: tuple[str, ...], newest: str
) -> None:
    assert deployed.newest_release(account("network", begun), *others) == newest


@pytest.mark.parametrize("new", ["0123abcdef", "v1.0.0-rc1", "v0.1.0-unknown"])
@pytest.mark.parametrize("old", [None, "unknown", "0123abcdef"])
def test_the_first_deploy_of_a_permanent_environment_requires_a_release(
    monkeypatch: pytest.MonkeyPatch, new: str, old: str | None
) -> None:
    finding = release_check(monkeypatch, new, old)
    assert (finding.state, finding.fix) == ("problem", "git fetch --tags origin; git checkout --force TAG")
    assert "the checkout is not a release" in finding.message
    assert release_check(monkeypatch, new, old, "dev").state == "ok"


@pytest.mark.parametrize("new", ["0123abcdef", "v1.0.0-rc1", "v1.0.0-rc1-2-g0123abcdef", "v0.1.0-unknown"])
def test_a_checkout_without_a_release_does_not_replace_a_release(monkeypatch: pytest.MonkeyPatch, new: str) -> None:
    monkeypatch.setenv(deployed.ROLLBACK_VARIABLE, new)
    for old in ("v0.2.0", "v0.2.0-5-g0123abcdef"):
        finding = release_check(monkeypatch, new, old)
        assert (finding.state, finding.fix) == ("problem", "git fetch --tags origin; git checkout --force TAG")
        assert release_check(monkeypatch, new, old, "dev").state == "warning"


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("v0.2.0", None),
        ("v0.2.0", "v0.2.0"),
        ("v0.2.0", "v0.1.0"),
        ("v0.3.0", "v0.2.0"),
        ("v0.3.0", "unknown"),
        ("v1.0.0", "v0.10.0"),
        ("v0.4.0", "v0.3.5"),
    ],
)
def test_the_next_release_and_the_same_release_can_be_deployed(
    monkeypatch: pytest.MonkeyPatch, new: str, old: str | None
) -> None:
    assert release_check(monkeypatch, new, old).state == "ok"


def test_a_patch_of_the_operator_can_be_deployed_until_the_next_release(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """docs/upgrade.md describes this patch for the case that no published release contains a fix."""
    monkeypatch.delenv(deployed.ROLLBACK_VARIABLE, raising=False)
    patch = "v0.2.1-1-g0123abcdef"
    assert release_check(monkeypatch, patch, "v0.2.1").state == "warning"
    assert release_check(monkeypatch, patch, patch).state == "warning"
    assert release_check(monkeypatch, "v0.3.0", patch).state == "ok"
    assert release_check(monkeypatch, "v0.2.1", patch).state == "problem"


def test_undoing_a_deploy_that_failed_halfway_needs_no_confirmation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some stacks have release v0.3.0. The last stack has v0.2.1, and only the release of the last stack counts."""
    monkeypatch.delenv(deployed.ROLLBACK_VARIABLE, raising=False)
    assert release_check(monkeypatch, "v0.2.1", "v0.2.1").state == "ok"
    assert release_check(monkeypatch, "v0.3.0", "v0.2.1").state == "ok"


def test_the_zones_of_an_environment_cannot_change() -> None:
    zones = ("us-east-1a", "us-east-1b")
    assert deployed.changed_zones(account("network", None)) == []
    assert deployed.changed_zones(account("network", {"ZonesSetting": ", ".join(zones)})) == []
    for other in ("us-east-1b, us-east-1a", "us-east-1a, us-east-1b, us-east-1c"):
        (finding,) = deployed.changed_zones(account("network", {"ZonesSetting": other}))
        assert finding.state == "problem"
        assert f"the subnets are in {other}" in finding.message
        value = ", ".join(f'"{zone}"' for zone in other.split(", "))
        assert str(finding.fix).endswith(f"echo 'zones = [{value}]' >> environments/dev.toml")


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        (None, "https://id.example.com", "ok"),
        ("Cognito", None, "ok"),
        ("https://id.example.com", "https://id.example.com", "ok"),
        ("Cognito", "https://id.example.com", "problem"),
        ("https://id.example.com", None, "problem"),
        ("https://id.example.com", "https://other.example.com", "problem"),
    ],
)
def test_the_issuer_of_an_environment_cannot_change(before: str | None, after: str | None, state: str) -> None:
    outputs = {"IssuerSetting": before} if before else None
    settings = {"issuer": after, "audience": "x"} if after else {}
    (finding,) = deployed.check_issuer(account("functions", outputs, settings=settings))
    assert finding.state == state
    if state == "problem":
        assert f"belong to {before}" in finding.message
        assert (finding.fix == TAKE_SETTINGS) == (before != "Cognito")


@pytest.mark.parametrize("monitoring", [None, "CREATE_FAILED", "ROLLBACK_COMPLETE"])
@pytest.mark.parametrize("env", ["dev", "prod"])
def test_a_mistyped_issuer_can_be_corrected_after_a_failed_first_deploy(env: str, monitoring: str | None) -> None:
    others = {"monitoring": monitoring} if monitoring else {}
    settings = {"issuer": "https://id.example.com", "audience": "x"}
    typo = {"IssuerSetting": "https://id.exmaple.com"}
    (finding,) = deployed.check_issuer(account("functions", typo, env, settings, others))
    assert (finding.state, finding.fix) == ("ok", None)
    others = {"monitoring": "UPDATE_FAILED"}
    (finding,) = deployed.check_issuer(account("functions", typo, env, settings, others))
    assert finding.state == "problem"


@pytest.mark.parametrize(
    ("others", "destroyed"),
    [
        ({}, True),
        ({"data": "CREATE_FAILED"}, True),
        ({"data": "UPDATE_FAILED"}, True),  # the first deploy was repeated after an error
        ({"data": "ROLLBACK_COMPLETE"}, True),
        ({"data": "CREATE_COMPLETE"}, False),
        ({"data": "UPDATE_FAILED", "monitoring": "CREATE_COMPLETE"}, False),
    ],
)
def test_the_check_proposes_destroying_only_an_environment_without_data(
    others: Mapping[str, str], destroyed: bool
) -> None:
    commands = {
        "dev": "wecelebrate destroy --env dev",
        "prod": "wecelebrate destroy --env prod --delete-data-of prod",
    }
    for env, command in commands.items():
        outputs = {"ZonesSetting": "us-east-1e, us-east-1f"}
        (finding,) = deployed.changed_zones(account("network", outputs, env, others=others))
        assert finding.state == "problem"
        assert (finding.fix == command, "destroy" in finding.message) == (destroyed, destroyed)
        assert ("take the old zones back" in finding.message) is not destroyed


def fixed(finding: Finding, tmp_path: Path, local: str | None, branch: str) -> OperatorSettings:
    """Run the command that fixes a finding in a checkout. Return the settings of `dev` after the command.

    `local` is the settings file in the checkout, or None if the file is missing. `branch` is the settings file on
    `origin/main`.
    """
    server, folder = tmp_path / "server", tmp_path / "checkout"
    file = server / "environments" / "dev.toml"
    file.parent.mkdir(parents=True)
    file.write_text(branch)
    identity = ("-c", "user.name=ada", "-c", "user.email=ada@example.com")
    for command in (
        ("-C", server, "init", "-q", "-b", "main"),
        ("-C", server, "add", "."),
        ("-C", server, *identity, "commit", "-qm", "1"),
        ("clone", "-q", server, folder),
    ):
        subprocess.run(["git", *command], check=True)
    copy = folder / "environments" / "dev.toml"
    copy.unlink()
    if local is not None:
        copy.write_text(local)
    subprocess.run(["bash", "-c", str(finding.fix)], cwd=folder, check=True)
    return OperatorSettings.read("dev", {"settings_folder": str(copy.parent)}.get)


@pytest.mark.parametrize(
    ("before", "own", "branch"),
    [
        ("Cognito", 'issuer = "https://id.example.com"\naudience = "x"\nbudget = 5\n', ""),
        ("https://id.example.com", None, 'issuer = "https://id.example.com"\naudience = "x"\n'),
        ("https://id.example.com", "budget = 5\n", 'issuer = "https://id.example.com"\naudience = "x"\n'),
    ],
)
def test_the_printed_command_restores_the_deployed_issuer(
    tmp_path: Path, before: str, own: str | None, branch: str
) -> None:
    settings = {"issuer": "https://id.example.com", "audience": "x"} if before == "Cognito" else {}
    (finding,) = deployed.check_issuer(account("functions", {"IssuerSetting": before}, settings=settings))
    after = fixed(finding, tmp_path, own, branch)
    assert (after.issuer or "Cognito", bool(after.audience)) == (before, before != "Cognito")


def test_the_printed_command_restores_the_deployed_zones(tmp_path: Path) -> None:
    (finding,) = deployed.changed_zones(account("network", {"ZonesSetting": "us-east-1c, us-east-1d"}))
    assert fixed(finding, tmp_path, 'zones = ["us-east-1a", "us-east-1b"]\n', "").zones == ("us-east-1c", "us-east-1d")


def test_the_printed_command_restores_missing_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployed, "FOLDER", tmp_path / "checkout" / "environments")
    (finding,) = deployed.lost_settings(account("monitoring", {"settings": "budget"}))
    assert fixed(finding, tmp_path, None, "budget = 5\n").budget == 5


def test_the_check_reports_settings_that_a_deploy_would_reset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployed, "FOLDER", tmp_path)
    outputs = {"settings": "budget, mail_domain"}
    assert deployed.lost_settings(account("monitoring", None)) == []
    assert deployed.lost_settings(account("monitoring", {"settings": "none"})) == []
    (missing,) = deployed.lost_settings(account("monitoring", outputs))
    assert missing.state == "problem" and missing.fix == TAKE_SETTINGS
    assert "environments/dev.toml does not exist, and the deploy would reset budget, mail_domain" in missing.message
    alternative = re.findall("`(.*?)`", missing.message)[0]
    subprocess.run(alternative, shell=True, cwd=tmp_path, check=True)
    assert (tmp_path / "environments" / "dev.toml").read_text() == ""
    (tmp_path / "dev.toml").touch()
    (removed,) = deployed.lost_settings(account("monitoring", outputs, settings={"budget": 5}))
    assert (removed.state, removed.message.partition(" any more")[0]) == (
        "warning", "environments/dev.toml does not set mail_domain",
    )  # fmt: skip
    both = {"budget": 5, "mail_domain": "mail.example.com"}
    assert deployed.lost_settings(account("monitoring", outputs, settings=both)) == []


@pytest.mark.parametrize(("tags", "state"), [([], "warning"), (["environment"], "ok"), (None, "warning")])
def test_the_check_warns_if_aws_does_not_count_the_costs_of_the_environment(tags: list[str] | None, state: str) -> None:
    deployed_account = account("monitoring", {})
    client = boto3.client("ce", **KEYS)  # type: ignore[call-overload]
    stub = Stubber(client)
    if tags is None:
        stub.add_client_error("list_cost_allocation_tags", "AccessDeniedException", "")
    else:
        active = [{"TagKey": tag, "Type": "UserDefined", "Status": "Active"} for tag in tags]
        stub.add_response("list_cost_allocation_tags", {"CostAllocationTags": active})
    stub.activate()
    deployed_account._clients["ce"] = client
    (finding,) = deployed.check_budget(deployed_account)
    assert finding.state == state
    assert "AccessDeniedException" in finding.message if tags is None else "AccessDenied" not in finding.message


@pytest.mark.parametrize(("name", "requests"), [("dev", 0.0), ("staging", 0.0), ("prod", 10.0)])
def test_the_default_of_the_budget_is_above_the_computed_cost(name: str, requests: float) -> None:
    environment = ENVIRONMENTS[name]
    assert 0.8 * environment.budget > cost_model.total(cost_model.Choice(environment, requests), functions())
