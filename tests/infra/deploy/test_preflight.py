"""Tests the checks of an AWS account before a deploy. botocore's Stubber checks each call and each response against the
model of AWS."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra.aws import layers
from infra.deploy.account import Account, AwsError
from infra.deploy.checkout import TAKE_SETTINGS
from infra.deploy.engine import ENGINE_VERSION
from infra.deploy.preflight import _proxy, preflight
from infra.environments import get_environment
from infra.local.diagnosis import Finding
from infra.operator_settings import OperatorSettings
from tests.infra.deploy.recorded_aws import parse

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0b0e4d7c"
Answer = Mapping[str, Any] | str
"""A response of AWS, or an error code."""

READY: Mapping[tuple[str, str], Answer] = {
    ("sts", "get_caller_identity"): {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/ada"},
    ("cloudformation", "describe_stacks"): "ValidationError",
    ("ssm", "get_parameter"): {"Parameter": {"Value": "28"}},
    ("ec2", "describe_availability_zones"): {
        "AvailabilityZones": [
            {"ZoneName": f"us-east-1{letter}", "ZoneId": f"use1-az{number}", "State": "available"}
            for letter, number in (("a", 4), ("b", 6), ("c", 1), ("d", 2), ("e", 3))
        ]
    },
    ("rds", "describe_db_clusters"): "DBClusterNotFoundFault",
    ("lambda", "get_account_settings"): {"AccountLimit": {"ConcurrentExecutions": 10}},
    ("secretsmanager", "get_secret_value"): {
        "SecretString": json.dumps({"url": "https://x.upstash.example", "token": "t"})
    },
}


def stack(*outputs: str) -> Answer:
    """Return the CloudFormation description of a stack with the given outputs."""
    values = [{"OutputKey": output, "OutputValue": "x"} for output in outputs]
    description = {"StackName": "wecelebrate-dev-storage", "StackStatus": "CREATE_COMPLETE", "Outputs": values}
    return {"Stacks": [description | {"CreationTime": "2026-11-27T00:00:00Z"}]}


def setting(name: str, value: str) -> str:
    """Return the command that writes a setting of `dev`."""
    file = "environments/dev.toml"
    return f"mkdir -p environments; touch {file}; sed -i.bak '/^{name} *=/d' {file}; echo '{name} = {value}' >> {file}"


def findings(
    settings: OperatorSettings | None = None,
    zones: tuple[str, ...] = (),
    env: str = "dev",
    stacks: Answer = MappingProxyType({"Stacks": []}),
    **changes: Answer,
) -> dict[str, list[Finding]]:
    """Run the checks of an environment in an account that is ready for a deploy.

    `stacks` is the response with all stacks of the account. `changes` maps `service__operation` to a response that
    replaces the default response.
    """
    answers = dict(READY) | {tuple(name.split("__")): answer for name, answer in changes.items()}
    environment = replace(
        get_environment(env, {"settings_folder": "/nonexistent"}.get), settings=settings or OperatorSettings()
    )
    chosen = replace(environment, zones=zones or environment.zones, concurrency=environment.concurrency)
    account = Account(chosen, may_be_unnamed=True)
    for service in {service for service, _ in answers}:
        client = boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")  # type: ignore[call-overload]
        stub = Stubber(client)
        if service == "cloudformation":
            for _ in range(2):  # one call checks the account, and one call checks the states of its stacks
                if isinstance(stacks, str):
                    stub.add_client_error("describe_stacks", stacks, "not allowed", expected_params={})
                else:
                    stub.add_response("describe_stacks", dict(stacks), {})
        for (name, operation), answer in answers.items():
            if name == service:
                if isinstance(answer, str):
                    stub.add_client_error(operation, answer, f"{answer}: the resource does not exist")
                else:
                    stub.add_response(operation, dict(answer))
                if operation == "describe_stacks":  # the first response describes the stack `storage`
                    for _ in range(6):
                        stub.add_client_error(operation, "ValidationError", "the resource does not exist")
        stub.activate()
        account._clients[service] = client
    by_check: dict[str, list[Finding]] = {}
    for finding in preflight(account):
        by_check.setdefault(finding.check, []).append(finding)
    return by_check


def problem(found: dict[str, list[Finding]], check: str) -> Finding:
    (finding,) = (each for each in found[check] if each.state == "problem")
    return finding


def test_the_check_finds_no_problem_in_an_account_that_is_ready() -> None:
    problems = findings()
    assert {check: [each.state for each in each_found] for check, each_found in problems.items()} == {
        "credentials": ["ok"],
        "account": ["ok"],
        "stacks": ["ok"],
        "release": ["ok"],
        "settings": ["ok"],
        "python": ["ok"] if layers.python_compiler() else ["warning"],
        "bootstrap": ["ok"],
        "zones": ["ok"],
        "issuer": ["ok"],
        "engine": ["ok"],
        "proxy": ["ok"],
        "concurrency": ["ok"],
        "cache": ["ok"],
        "mail": ["warning"],  # an environment does not need mail
        "domain": ["ok"],
        "budget": ["ok"],
    }


def test_the_check_warns_if_no_python_for_compiling_bytecode_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.aws.layers.python_compiler", lambda: None)
    (finding,) = findings()["python"]
    assert (finding.state, str(finding.fix)[:19]) == ("warning", "install Python 3.13")


@pytest.mark.parametrize(
    ("deployed", "state", "text"),
    [
        (ENGINE_VERSION, "ok", f"PostgreSQL {ENGINE_VERSION}"),
        ("16.10", "warning", f"the deploy upgrades PostgreSQL from 16.10 to {ENGINE_VERSION}"),
        ("17.10", "warning", "the deploy keeps 17.10, because Aurora cannot go back"),
    ],
)
def test_the_check_compares_the_version_of_the_database_with_the_release(deployed: str, state: str, text: str) -> None:
    cluster = {"DBClusters": [{"EngineVersion": deployed}]}
    (finding,) = findings(rds__describe_db_clusters=cluster)["engine"]
    assert (finding.state, text in finding.message) == (state, True)


def test_the_check_stops_if_the_credentials_are_missing() -> None:
    problems = findings(sts__get_caller_identity="ExpiredToken")
    assert list(problems) == ["credentials"]
    assert problem(problems, "credentials").fix == "aws configure sso"


def test_the_check_prints_the_bootstrap_command_with_the_account_number() -> None:
    fix = problem(findings(ssm__get_parameter="ParameterNotFound"), "bootstrap").fix
    assert fix == "cdk bootstrap aws://123456789012/us-east-1"
    assert problem(findings(ssm__get_parameter={"Parameter": {"Value": "5"}}), "bootstrap").fix == fix


def test_the_proposed_zones_replace_only_the_zone_without_rds_proxy() -> None:
    text = problem(findings(zones=("us-east-1e", "us-east-1b")), "zones")
    assert text.message == "RDS Proxy is not available in us-east-1e (use1-az3)"
    assert text.fix == setting("zones", '["us-east-1b", "us-east-1a"]')


def test_a_zone_that_the_account_does_not_have_is_a_problem() -> None:
    assert "us-east-1z (not available)" in problem(findings(zones=("us-east-1a", "us-east-1z")), "zones").message


def test_the_check_prints_the_quota_request_for_an_account_with_too_little_concurrency() -> None:
    text = problem(findings(lambda__get_account_settings={"AccountLimit": {"ConcurrentExecutions": 5}}), "concurrency")
    assert "--quota-code L-B99A9384 --desired-value 1000 --region us-east-1" in str(text.fix)


def test_the_check_warns_if_the_account_allows_more_concurrency_than_the_setting() -> None:
    problems = findings(lambda__get_account_settings={"AccountLimit": {"ConcurrentExecutions": 1000}})
    assert problems["concurrency"][0].state == "warning"
    assert problems["concurrency"][0].fix == setting("concurrency", "1000")


@pytest.mark.parametrize(
    ("answer", "action"),
    [
        ("ResourceNotFoundException", "create-secret --name wecelebrate/dev/cache"),
        ({"SecretString": "not JSON"}, "put-secret-value --secret-id wecelebrate/dev/cache"),
        ({"SecretString": '{"url": "http://insecure.example", "token": "t"}'}, "put-secret-value"),
        ({"SecretString": '{"url": "https://x.example"}'}, "put-secret-value"),
        ({"SecretString": '["url", "token"]'}, "put-secret-value"),
    ],
)
def test_a_missing_or_malformed_secret_of_the_cache_is_a_problem(answer: Answer, action: str) -> None:
    assert action in str(problem(findings(secretsmanager__get_secret_value=answer), "cache").fix)


def test_a_missing_permission_is_a_problem_and_does_not_stop_other_checks() -> None:
    problems = findings(ssm__get_parameter="AccessDeniedException")
    assert "AccessDenied" in problem(problems, "bootstrap").message
    assert problems["cache"][0].state == "ok"


@pytest.mark.parametrize(
    ("deployed", "status", "state"),
    [
        ("on", "UPDATE_COMPLETE", "problem"),
        ("on", "UPDATE_ROLLBACK_COMPLETE", "problem"),
        ("bypass", "CREATE_COMPLETE", "ok"),
        ("bypass", "UPDATE_ROLLBACK_COMPLETE", "ok"),
        ("bypass", "UPDATE_FAILED", "problem"),
        ("bypass", "UPDATE_ROLLBACK_FAILED", "problem"),
        ("off", "UPDATE_COMPLETE", "ok"),
        (None, "UPDATE_COMPLETE", "problem"),
    ],
)
def test_the_proxy_is_deleted_only_after_the_functions_have_stopped_using_it(
    deployed: str | None, status: str, state: str
) -> None:
    outputs = [{"OutputKey": "ProxySetting", "OutputValue": deployed}] if deployed else []
    environment = get_environment("dev", {"settings_folder": "/nonexistent"}.get)
    settings = OperatorSettings(proxy="off")
    account = Account(replace(environment, settings=settings))
    client = boto3.client("cloudformation", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    described = {"StackName": "x", "StackStatus": status, "CreationTime": "2026-11-27T00:00:00Z"}
    stub.add_response(
        "describe_stacks", {"Stacks": [{**described, "Outputs": outputs}]}, {"StackName": "wecelebrate-dev-functions"}
    )
    stub.activate()
    account._clients["cloudformation"] = client
    account._clients["rds"], _ = rds(exists=True)
    (finding,) = _proxy(account)
    assert finding.state == state
    assert finding.fix == (setting("proxy", '"bypass"') if state == "problem" else None)


@pytest.mark.parametrize(
    "status", ["CREATE_FAILED", "CREATE_IN_PROGRESS", "ROLLBACK_COMPLETE", "UPDATE_FAILED", "DELETE_FAILED"]
)
def test_a_failed_deploy_without_a_proxy_can_be_repeated(status: str) -> None:
    environment = get_environment("dev", {"settings_folder": "/nonexistent"}.get)
    account = Account(replace(environment, settings=OperatorSettings(proxy="off")))
    client = boto3.client("cloudformation", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    description = {"StackName": "x", "StackStatus": status, "CreationTime": "2026-11-27T00:00:00Z"}
    stub.add_response("describe_stacks", {"Stacks": [description]}, {"StackName": "wecelebrate-dev-functions"})
    stub.activate()
    account._clients["cloudformation"] = client
    account._clients["rds"], _ = rds(exists=False)
    (finding,) = _proxy(account)
    assert (finding.state, finding.message) == ("ok", "functions connect to the database directly")


def rds(exists: bool) -> tuple[Any, Stubber]:
    """Return an RDS client whose response states whether the proxy of `dev` exists."""
    client = boto3.client("rds", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub, name = Stubber(client), {"DBProxyName": "wecelebrate-dev-proxy"}
    if exists:
        stub.add_response("describe_db_proxies", {"DBProxies": [name]}, name)
    else:
        stub.add_client_error("describe_db_proxies", "DBProxyNotFoundFault", expected_params=name)
    stub.activate()
    return client, stub


def grant(name: str, **values: object) -> dict[str, object]:
    catalog = "ca100000-0000-7000-8000-000000000001"
    principal = "arn:aws:iam::210987654321:role/sap"
    return {"name": name, "principal": principal, "external_id": "12345678", "catalogs": [catalog], **values}


def test_a_deployed_erp_role_that_is_missing_in_the_checkout_is_a_problem() -> None:
    settings = OperatorSettings.model_validate({"erp": [grant("acme-sap"), grant("globex", ended=True)]})
    deployed = stack("ErpRoleAcmeSap", "ErpRoleGlobex", "Other")
    assert [each.state for each in findings(settings, cloudformation__describe_stacks=deployed)["settings"]] == ["ok"]
    missing = problem(findings(cloudformation__describe_stacks=deployed), "settings")
    assert "ErpRoleAcmeSap, ErpRoleGlobex" in missing.message
    assert missing.fix == TAKE_SETTINGS


def test_a_permanent_environment_needs_a_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.deploy.preflight.FOLDER", tmp_path)
    first = problem(findings(env="prod"), "settings")
    assert first.message.startswith("environments/prod.toml does not exist")
    assert first.fix == "mkdir -p environments; touch environments/prod.toml"
    deployed = problem(findings(env="prod", cloudformation__describe_stacks=stack()), "settings")
    assert deployed.fix == TAKE_SETTINGS
    assert [each.state for each in findings()["settings"]] == ["ok"]
    (tmp_path / "prod.toml").touch()
    # This folder contains no repository, so the check cannot compare the settings.
    unclear = problem(findings(env="prod"), "settings")
    assert unclear.message.startswith("the checkout has no branch origin/main")
    assert unclear.fix == "git remote add origin URL; git fetch --tags origin"
    assert [each.state for each in findings()["settings"]] == ["ok"]


def test_credentials_of_another_account_stop_the_check() -> None:
    problems = findings(OperatorSettings(account="210987654321"), env="prod")
    assert list(problems) == ["credentials"]
    assert "prod belongs to the account 210987654321, but the credentials are of 123456789012" in str(problems)
    assert findings(OperatorSettings(account="123456789012"), env="prod")["account"][0].state == "ok"


def test_no_aws_client_is_created_with_credentials_for_a_different_aws_account() -> None:
    settings = OperatorSettings(account="210987654321")
    account = Account(replace(get_environment("dev", {"settings_folder": "/nonexistent"}.get), settings=settings))
    client = boto3.client("sts", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    stub.add_response("get_caller_identity", dict(READY["sts", "get_caller_identity"]))  # type: ignore[arg-type]
    stub.activate()
    account._clients["sts"] = client
    with pytest.raises(AwsError, match="set AWS_PROFILE to the profile of dev"):
        account.client("cloudformation")


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_an_aws_client_for_a_permanent_environment_requires_the_account_number_in_the_settings(name: str) -> None:
    environment = get_environment(name, {"settings_folder": "/nonexistent"}.get)
    for service in ("cloudformation", "s3", "rds", "cognito-idp"):
        with pytest.raises(AwsError, match=f"no setting names the account of {name}: `wecelebrate preflight"):
            Account(environment).client(service)
    assert Account(environment, may_be_unnamed=True)._unnamed is None


def test_the_settings_of_a_permanent_environment_must_contain_the_account_number() -> None:
    missing = problem(findings(env="prod"), "account")
    assert missing.message == "no setting names the account of prod; the credentials are of 123456789012"
    assert missing.fix == setting("account", '"123456789012"').replace("dev.toml", "prod.toml")


def stacks_of(*names: str, tags: Mapping[str, str] = MappingProxyType({})) -> Answer:
    """Return the response with all stacks of an account."""
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    common = {"StackStatus": "CREATE_COMPLETE", "CreationTime": "2026-11-27T00:00:00Z", "Tags": listed}
    return {"Stacks": [common | {"StackName": name} for name in names]}


@pytest.mark.parametrize("name", ["network", "data", "identity", "storage", "functions", "api", "edge", "monitoring"])
def test_stacks_of_another_environment_in_the_account_stop_the_first_deploy(
    name: str,
) -> None:
    foreign = problem(findings(stacks=stacks_of("CDKToolkit", f"wecelebrate-prod-{name}")), "account")
    assert foreign.message == "the account 123456789012 has the stacks of prod, and no stack of dev"
    assert foreign.fix == "set AWS_PROFILE to the profile of dev"


def test_the_tags_of_a_stack_identify_an_unknown_environment() -> None:
    tagged = stacks_of("wecelebrate-demo-data", tags={"platform": "wecelebrate", "environment": "demo"})
    assert "has the stacks of demo" in problem(findings(stacks=tagged), "account").message
    other = stacks_of("demo-data", tags={"platform": "another", "environment": "demo"})
    assert findings(stacks=other)["account"][0].state == "ok"


def test_the_account_number_of_another_environment_in_the_settings_is_a_problem() -> None:
    settings = OperatorSettings(account="123456789012")
    copied = problem(findings(settings, env="staging", stacks=stacks_of("wecelebrate-prod-data")), "account")
    assert copied.message == "the account 123456789012 has the stacks of prod, and no stack of staging"


def test_an_environment_that_shares_its_account_can_be_deployed_with_a_warning() -> None:
    (shared,) = findings(stacks=stacks_of("wecelebrate-prod-data", "wecelebrate-dev-network"))["account"]
    assert shared.state == "warning"
    assert shared.message.startswith("123456789012 also has the stacks of prod")
    assert findings(stacks=stacks_of("wecelebrate-dev-network"))["account"][0].state == "ok"


def test_credentials_that_cannot_list_the_stacks_are_a_problem() -> None:
    denied = problem(findings(stacks="AccessDenied"), "account")
    assert denied.message == (
        "the credentials may not list the stacks of the account 123456789012, so it is not known whether the account"
        " belongs to another environment: allow `cloudformation:DescribeStacks` for all stacks"
    )


@pytest.mark.parametrize(
    ("state", "severity", "fix"),
    [
        ("UPDATE_COMPLETE", "ok", ""),
        ("UPDATE_ROLLBACK_COMPLETE", "ok", ""),
        ("REVIEW_IN_PROGRESS", "ok", ""),
        ("CREATE_FAILED", "warning", ""),
        ("UPDATE_FAILED", "warning", ""),
        ("ROLLBACK_COMPLETE", "warning", ""),
        ("ROLLBACK_FAILED", "warning", ""),
        ("UPDATE_ROLLBACK_FAILED", "problem", "continue-update-rollback"),
        ("DELETE_FAILED", "problem", "delete-stack"),
        ("CREATE_IN_PROGRESS", "problem", "wait stack-create-complete"),
        ("UPDATE_IN_PROGRESS", "problem", "wait stack-update-complete"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "problem", "wait stack-update-complete"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "problem", "wait stack-rollback-complete"),
        ("DELETE_IN_PROGRESS", "problem", "wait stack-delete-complete"),
        ("ROLLBACK_IN_PROGRESS", "problem", ""),
    ],
)
def test_the_check_prints_the_command_that_repairs_a_stack(state: str, severity: str, fix: str, tmp_path: Path) -> None:
    answer = {"StackName": "wecelebrate-dev-functions", "StackStatus": state, "CreationTime": "2026-11-27T00:00:00Z"}
    (finding,) = findings(stacks={"Stacks": [answer]})["stacks"]
    assert finding.state == severity
    if severity != "ok":
        assert finding.message.startswith(f"wecelebrate-dev-functions is {state}: ")
    if fix:
        assert finding.fix == f"aws cloudformation {fix} --stack-name wecelebrate-dev-functions --region us-east-1"
        parse(finding.fix.split()[1:], tmp_path)  # the operation or the waiter exists in the AWS CLI
    elif severity == "problem":
        assert finding.fix == "wecelebrate status --env dev"


def test_the_check_prints_a_command_with_a_snapshot_for_a_failed_database_deletion() -> None:
    answer = {
        "StackName": "wecelebrate-dev-data",
        "StackStatus": "DELETE_FAILED",
        "CreationTime": "2026-11-27T00:00:00Z",
    }
    (finding,) = findings(stacks={"Stacks": [answer]})["stacks"]
    assert (finding.state, finding.fix) == ("problem", "wecelebrate destroy --env dev")


def test_different_settings_on_the_branch_are_a_problem_for_a_deployed_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "prod.toml").write_text("budget = 5\n")
    for command in (
        "init -q -b main",
        "add .",
        "-c user.name=a -c user.email=a@example.com commit -qm 1",
        "update-ref refs/remotes/origin/main main",
    ):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)
    monkeypatch.setattr("infra.deploy.preflight.FOLDER", folder)
    deployed = stack()
    assert findings(env="prod", cloudformation__describe_stacks=deployed)["settings"][0].state == "ok"
    (folder / "prod.toml").write_text("budget = 6\n")
    differs = problem(findings(env="prod", cloudformation__describe_stacks=deployed), "settings")
    assert differs.message.startswith("environments/prod.toml differs from origin/main")
    assert differs.fix == TAKE_SETTINGS
    assert findings(env="prod")["settings"][0].state == "warning"  # before the first deploy
    assert findings()["settings"][0].state == "ok"


def test_the_printed_command_adds_or_replaces_a_setting(tmp_path: Path) -> None:
    sandbox = {"ProductionAccessEnabled": False, "SendQuota": {"MaxSendRate": 1.0}}
    problems = findings(MAIL, sesv2__get_email_identity={"VerifiedForSendingStatus": False}, sesv2__get_account=sandbox)
    for command in (setting("mail_rate", "14"), setting("budget", "5"), str(problem(problems, "mail").fix)):
        subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    assert (tmp_path / "environments" / "dev.toml").read_text() == "budget = 5\nmail_rate = 1\n"


MAIL = OperatorSettings(mail_domain="mail.example.com", mail_rate=14)
ACCOUNT = {"ProductionAccessEnabled": True, "SendQuota": {"MaxSendRate": 14.0}}


def test_the_check_proposes_a_verified_mail_domain_for_cognito() -> None:
    problems = findings(MAIL, sesv2__get_email_identity={"VerifiedForSendingStatus": True}, sesv2__get_account=ACCOUNT)
    assert [each.fix for each in problems["mail"]] == [setting("mail_verified", "true")]


def test_the_check_proposes_no_mail_domain_for_cognito_in_the_ses_sandbox() -> None:
    sandbox = ACCOUNT | {"ProductionAccessEnabled": False}
    problems = findings(MAIL, sesv2__get_email_identity={"VerifiedForSendingStatus": True}, sesv2__get_account=sandbox)
    assert "mail_verified" not in str(problems["mail"])
    assert [each.state for each in problems["mail"]] == ["ok", "warning"]


def test_an_unverified_mail_domain_for_cognito_is_a_problem() -> None:
    settings = MAIL.model_copy(update={"mail_verified": True})
    problems = findings(settings, sesv2__get_email_identity="NotFoundException")
    assert "Cognito cannot send" in problem(problems, "mail").message
    assert problem(problems, "mail").fix == "sed -i.bak '/^mail_verified *=/d' environments/dev.toml"


def test_a_mail_rate_above_the_ses_limit_is_a_problem() -> None:
    sandbox = {"ProductionAccessEnabled": False, "SendQuota": {"MaxSendRate": 1.0}}
    problems = findings(MAIL, sesv2__get_email_identity={"VerifiedForSendingStatus": False}, sesv2__get_account=sandbox)
    assert [each.state for each in problems["mail"]] == ["ok", "warning", "problem"]
    assert problem(problems, "mail").fix == setting("mail_rate", "1")


DOMAIN = OperatorSettings(domain="api.example.com", certificate=CERTIFICATE)


@pytest.mark.parametrize(
    ("certificate", "message"),
    [
        ({"DomainName": "api.example.com", "Status": "ISSUED"}, None),
        ({"DomainName": "example.com", "SubjectAlternativeNames": ["*.example.com"], "Status": "ISSUED"}, None),
        ({"DomainName": "api.example.com", "Status": "PENDING_VALIDATION"}, "PENDING_VALIDATION"),
        ({"DomainName": "example.org", "Status": "ISSUED"}, "not for api.example.com"),
    ],
)
def test_the_certificate_must_be_issued_for_the_domain(certificate: dict[str, Any], message: str | None) -> None:
    problems = findings(DOMAIN, acm__describe_certificate={"Certificate": certificate})
    if message is None:
        assert [each.state for each in problems["domain"]] == ["ok"]
    else:
        assert message in problem(problems, "domain").message
