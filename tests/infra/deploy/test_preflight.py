"""Tests the check of an AWS account. botocore's Stubber checks each call and each response against the model of AWS."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra.deploy.account import Account
from infra.deploy.preflight import preflight
from infra.environments import get_environment
from infra.local.diagnosis import Finding
from infra.operator_settings import OperatorSettings

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0b0e4d7c"
Answer = Mapping[str, Any] | str
"""A response of AWS, or the code of an error."""

READY: Mapping[tuple[str, str], Answer] = {
    ("sts", "get_caller_identity"): {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/ada"},
    ("ssm", "get_parameter"): {"Parameter": {"Value": "28"}},
    ("ec2", "describe_availability_zones"): {
        "AvailabilityZones": [
            {"ZoneName": f"us-east-1{letter}", "ZoneId": f"use1-az{number}", "State": "available"}
            for letter, number in (("a", 4), ("b", 6), ("c", 1), ("d", 2), ("e", 3))
        ]
    },
    ("lambda", "get_account_settings"): {"AccountLimit": {"ConcurrentExecutions": 10}},
    ("secretsmanager", "get_secret_value"): {
        "SecretString": json.dumps({"url": "https://x.upstash.example", "token": "t"})
    },
}


def findings(
    settings: OperatorSettings | None = None, zones: tuple[str, ...] = (), **changes: Answer
) -> dict[str, list[Finding]]:
    """Run the checks of `dev` in an account that is ready, except for `changes`: service__operation → answer."""
    answers = dict(READY) | {tuple(name.split("__")): answer for name, answer in changes.items()}
    environment = replace(
        get_environment("dev", {"settings_folder": "/nonexistent"}.get), settings=settings or OperatorSettings()
    )
    account = Account(replace(environment, zones=zones or environment.zones, concurrency=environment.concurrency))
    for service in {service for service, _ in answers}:
        client = boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")  # type: ignore[call-overload]
        stub = Stubber(client)
        for (name, operation), answer in answers.items():
            if name == service:
                if isinstance(answer, str):
                    stub.add_client_error(operation, answer)
                else:
                    stub.add_response(operation, dict(answer))
        stub.activate()
        account._clients[service] = client
    by_check: dict[str, list[Finding]] = {}
    for finding in preflight(account):
        by_check.setdefault(finding.check, []).append(finding)
    return by_check


def problem(found: dict[str, list[Finding]], check: str) -> Finding:
    (finding,) = (each for each in found[check] if each.state == "problem")
    return finding


def test_an_account_that_is_ready_has_no_problem() -> None:
    found = findings()
    assert {check: [each.state for each in each_found] for check, each_found in found.items()} == {
        "credentials": ["ok"],
        "bootstrap": ["ok"],
        "zones": ["ok"],
        "concurrency": ["ok"],
        "cache": ["ok"],
        "mail": ["warning"],  # an environment can be deployed without mails
        "domain": ["ok"],
    }


def test_without_credentials_nothing_else_is_checked() -> None:
    found = findings(sts__get_caller_identity="ExpiredToken")
    assert list(found) == ["credentials"]
    assert problem(found, "credentials").fix == "aws configure sso"


def test_an_account_without_bootstrap_gets_the_command_with_its_number() -> None:
    fix = problem(findings(ssm__get_parameter="ParameterNotFound"), "bootstrap").fix
    assert fix == "PATH=.venv/bin:$PATH cdk bootstrap aws://123456789012/us-east-1"
    assert problem(findings(ssm__get_parameter={"Parameter": {"Value": "5"}}), "bootstrap").fix == fix


def test_a_zone_without_rds_proxy_is_replaced_and_the_other_zones_stay() -> None:
    found = problem(findings(zones=("us-east-1e", "us-east-1b")), "zones")
    assert found.message == "RDS Proxy is not available in us-east-1e (use1-az3)"
    assert found.fix == """echo 'zones = ["us-east-1b", "us-east-1a"]' >> environments/dev.toml"""


def test_a_zone_that_the_account_does_not_have_is_a_problem() -> None:
    assert "us-east-1z (not available)" in problem(findings(zones=("us-east-1a", "us-east-1z")), "zones").message


def test_an_account_with_too_little_concurrency_gets_the_request_for_more() -> None:
    found = problem(findings(lambda__get_account_settings={"AccountLimit": {"ConcurrentExecutions": 5}}), "concurrency")
    assert "--quota-code L-B99A9384 --desired-value 1000 --region us-east-1" in str(found.fix)


def test_an_account_with_more_concurrency_is_a_warning_with_the_setting() -> None:
    found = findings(lambda__get_account_settings={"AccountLimit": {"ConcurrentExecutions": 1000}})
    assert found["concurrency"][0].state == "warning"
    assert found["concurrency"][0].fix == "echo 'concurrency = 1000' >> environments/dev.toml"


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


def test_a_permission_that_the_operator_lacks_is_a_problem_and_the_other_checks_run() -> None:
    found = findings(ssm__get_parameter="AccessDeniedException")
    assert "AccessDenied" in problem(found, "bootstrap").message
    assert found["cache"][0].state == "ok"


MAIL = OperatorSettings(mail_domain="mail.example.com", mail_rate=14)
ACCOUNT = {"ProductionAccessEnabled": True, "SendQuota": {"MaxSendRate": 14.0}}


def test_a_verified_mail_domain_can_be_used_by_cognito() -> None:
    found = findings(MAIL, sesv2__get_email_identity={"VerifiedForSendingStatus": True}, sesv2__get_account=ACCOUNT)
    assert [each.fix for each in found["mail"]] == ["echo 'mail_verified = true' >> environments/dev.toml"]


def test_cognito_cannot_send_from_a_domain_that_is_not_verified() -> None:
    settings = MAIL.model_copy(update={"mail_verified": True})
    found = findings(settings, sesv2__get_email_identity="NotFoundException")
    assert "Cognito cannot send" in problem(found, "mail").message


def test_a_mail_rate_above_that_of_ses_is_a_problem_and_the_sandbox_a_warning() -> None:
    sandbox = {"ProductionAccessEnabled": False, "SendQuota": {"MaxSendRate": 1.0}}
    found = findings(MAIL, sesv2__get_email_identity={"VerifiedForSendingStatus": False}, sesv2__get_account=sandbox)
    assert [each.state for each in found["mail"]] == ["ok", "warning", "problem"]
    assert "mail_rate = 1/" in str(problem(found, "mail").fix)


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
    found = findings(DOMAIN, acm__describe_certificate={"Certificate": certificate})
    if message is None:
        assert [each.state for each in found["domain"]] == ["ok"]
    else:
        assert message in problem(found, "domain").message
