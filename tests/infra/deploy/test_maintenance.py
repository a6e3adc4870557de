"""Tests the maintenance mode with the firewall that moto emulates."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.deploy.account import Account, AwsError
from infra.deploy.maintenance import close, is_closed, open_again, parse_address
from infra.environments import get_environment

VISIBILITY = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "x"}
RATE = {
    "Name": "requests-per-address",
    "Priority": 3,
    "Action": {"Block": {}},
    "Statement": {"RateBasedStatement": {"Limit": 3000, "AggregateKeyType": "IP"}},
    "VisibilityConfig": VISIBILITY,
}


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("wafv2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        for name in ("wecelebrate-dev-api", "wecelebrate-prod-api"):
            client.create_web_acl(
                Name=name, Scope="CLOUDFRONT", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY, Rules=[RATE]
            )
        yield client


def account(client: Any, name: str) -> Account:
    account = Account(get_environment(name, {"settings_folder": "/nonexistent"}.get))
    account._clients["wafv2"] = client
    return account


def rules(client: Any, name: str) -> list[dict[str, Any]]:
    acl = next(each for each in client.list_web_acls(Scope="CLOUDFRONT")["WebACLs"] if each["Name"] == name)
    document: list[dict[str, Any]] = client.get_web_acl(Name=name, Scope="CLOUDFRONT", Id=acl["Id"])["WebACL"]["Rules"]
    return document


def addresses(client: Any) -> list[list[str]]:
    sets = client.list_ip_sets(Scope="CLOUDFRONT")["IPSets"]
    return [
        client.get_ip_set(Name=each["Name"], Scope="CLOUDFRONT", Id=each["Id"])["IPSet"]["Addresses"] for each in sets
    ]


def test_the_last_firewall_rule_of_a_closed_environment_refuses_every_address_except_the_accepted_address(
    client: Any,
) -> None:
    prod, dev = account(client, "prod"), account(client, "dev")
    close(prod, ip_address("8.8.4.4"))
    first, last = rules(client, "wecelebrate-prod-api")
    assert first == RATE
    assert last["Priority"] > first["Priority"]
    assert last["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 503
    (ip_set,) = client.list_ip_sets(Scope="CLOUDFRONT")["IPSets"]
    assert last["Statement"] == {"NotStatement": {"Statement": {"IPSetReferenceStatement": {"ARN": ip_set["ARN"]}}}}
    assert addresses(client) == [["8.8.4.4/32"]]
    assert (is_closed(prod), is_closed(dev)) == (True, False)
    assert rules(client, "wecelebrate-dev-api") == [RATE]


@pytest.mark.parametrize(("second", "expected"), [("8.8.8.8", "8.8.8.8/32"), ("2001:4860:4860::8888", None)])
def test_closing_an_environment_for_a_second_address_replaces_the_first_accepted_address(
    client: Any, second: str, expected: str | None
) -> None:
    prod = account(client, "prod")
    close(prod, ip_address("8.8.4.4"))
    close(prod, ip_address(second))
    assert addresses(client) == [[expected or f"{second}/128"]]
    assert [rule["Name"] for rule in rules(client, "wecelebrate-prod-api")] == ["requests-per-address", "maintenance"]


def test_an_environment_that_is_opened_again_has_its_earlier_rules_and_a_second_call_changes_nothing(
    client: Any,
) -> None:
    prod = account(client, "prod")
    close(prod, ip_address("8.8.4.4"))
    for _ in range(2):
        open_again(prod)
        assert rules(client, "wecelebrate-prod-api") == [RATE]
        assert addresses(client) == []
        assert not is_closed(prod)


def test_an_environment_that_is_not_deployed_has_no_firewall(client: Any) -> None:
    with pytest.raises(AwsError, match="staging has no firewall"):
        open_again(account(client, "staging"))


@pytest.mark.parametrize("text", ["10.0.0.1", "127.0.0.1", "::1", "nonsense", "8.8.8.8/32"])
def test_only_a_public_address_can_be_accepted_during_maintenance(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a public address|does not appear"):
        parse_address(text)
