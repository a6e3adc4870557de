"""Tests the maintenance mode and the blocked addresses. moto emulates the firewall."""

from collections.abc import Callable, Iterator
from io import BytesIO
from ipaddress import ip_address
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from infra.command import app
from infra.deploy import blocklist, firewall, maintenance, public_address
from infra.deploy.account import Account, AwsError
from infra.deploy.blocklist import blocked, change, restore_rule
from infra.deploy.firewall import parse_network
from infra.deploy.maintenance import close, is_closed, open_again
from infra.deploy.public_address import own_addresses
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


def test_a_closed_environment_accepts_only_requests_from_the_accepted_address(
    client: Any,
) -> None:
    prod, dev = account(client, "prod"), account(client, "dev")
    close(prod, [parse_network("8.8.4.4")])
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
def test_closing_an_environment_again_replaces_the_accepted_address(
    client: Any, second: str, expected: str | None
) -> None:
    prod = account(client, "prod")
    close(prod, [parse_network("8.8.4.4")])
    close(prod, [parse_network(second)])
    assert addresses(client) == [[expected or f"{second}/128"]]
    assert [rule["Name"] for rule in rules(client, "wecelebrate-prod-api")] == ["requests-per-address", "maintenance"]


def test_opening_an_environment_restores_the_previous_firewall_rules(
    client: Any,
) -> None:
    prod = account(client, "prod")
    close(prod, [parse_network("8.8.4.4")])
    for _ in range(2):
        open_again(prod)
        assert rules(client, "wecelebrate-prod-api") == [RATE]
        assert addresses(client) == []
        assert not is_closed(prod)


def test_an_environment_that_is_not_deployed_has_no_firewall(client: Any) -> None:
    with pytest.raises(AwsError, match="staging has no firewall"):
        open_again(account(client, "staging"))


@pytest.mark.parametrize("text", ["10.0.0.1", "127.0.0.1", "::1", "nonsense", "8.8.8.8/8", "0.0.0.0/0", "10.0.0.0/8"])
def test_only_a_public_address_can_be_accepted_during_maintenance(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a public address|does not appear|has host bits set|too large"):
        parse_network(text)


def test_several_ipv4_and_ipv6_addresses_are_accepted_during_maintenance(client: Any) -> None:
    prod = account(client, "prod")
    close(prod, [parse_network(text) for text in ("8.8.4.4", "8.8.8.0/24", "2001:4860:4860::8888")])
    assert sorted(addresses(client)) == [["2001:4860:4860::8888/128"], ["8.8.4.4/32", "8.8.8.0/24"]]
    refused = rules(client, "wecelebrate-prod-api")[-1]["Statement"]["NotStatement"]["Statement"]
    arns = {each["IPSetReferenceStatement"]["ARN"] for each in refused["OrStatement"]["Statements"]}
    assert arns == {each["ARN"] for each in client.list_ip_sets(Scope="CLOUDFRONT")["IPSets"]}
    open_again(prod)
    assert (rules(client, "wecelebrate-prod-api"), addresses(client)) == ([RATE], [])


@pytest.mark.parametrize(
    ("own", "options", "exit_code", "text"),
    [
        (["8.8.4.4", "2001:4860::1"], [], 0, "prod answers only"),
        (["8.8.4.4"], [], 0, "prod answers only"),
        (["8.8.8.8", "2001:4860::1"], [], 2, "reaches the internet as 8.8.8.8, which --address does not accept"),
        (["8.8.4.4", "2001:4861::1"], [], 2, "reaches the internet as 2001:4861::1, which --address does not accept"),
        (["8.8.8.8"], ["--yes"], 0, "reaches the internet as 8.8.8.8"),
        ([], [], 0, "it is not known with which address"),
    ],
)
def test_closing_an_environment_for_its_own_operator_requires_confirmation(  # noqa: PLR0917
    client: Any, monkeypatch: pytest.MonkeyPatch, own: list[str], options: list[str], exit_code: int, text: str
) -> None:
    prod = account(client, "prod")
    monkeypatch.setattr("infra.deploy.account.Account", lambda environment: prod)
    monkeypatch.setattr("infra.deploy.public_address.own_addresses", lambda: [ip_address(each) for each in own])
    arguments = ["maintenance", "on", "--env", "prod", "--address", "8.8.4.4", "--address", "2001:4860::/48", *options]
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, is_closed(prod)) == (exit_code, exit_code == 0), result.output
    assert text in " ".join(result.output.split())


def test_the_addresses_of_the_operator_are_read_from_public_services(monkeypatch: pytest.MonkeyPatch) -> None:
    def respond(url: str, timeout: int) -> BytesIO:
        if "ipv6" in url:
            raise OSError("no route")
        return BytesIO(b"203.0.113.7\n")

    monkeypatch.setattr(public_address, "urlopen", respond)
    assert own_addresses() == [ip_address("203.0.113.7")]
    monkeypatch.setattr(
        public_address, "urlopen", lambda url, timeout: BytesIO(b"<html>sign in to this network</html>")
    )
    assert own_addresses() == []


def test_blocked_addresses_are_refused_until_they_are_removed(client: Any) -> None:
    prod = account(client, "prod")
    assert change(prod, [parse_network("8.8.4.4"), parse_network("2001:4860::/32")]) == ["2001:4860::/32", "8.8.4.4/32"]
    close(prod, [parse_network("8.8.8.8")])
    names = [rule["Name"] for rule in rules(client, "wecelebrate-prod-api")]
    assert names == ["requests-per-address", "blocked", "maintenance"]
    assert rules(client, "wecelebrate-prod-api")[1]["Action"]["Block"]["CustomResponse"] == {"ResponseCode": 403}
    assert change(prod, remove=[parse_network("2001:4860::/32")]) == ["8.8.4.4/32"]
    assert blocked(prod) == ["8.8.4.4/32"]
    open_again(prod)
    assert [rule["Name"] for rule in rules(client, "wecelebrate-prod-api")] == ["requests-per-address", "blocked"]
    assert change(prod, remove=[parse_network("8.8.4.4")]) == []
    assert (rules(client, "wecelebrate-prod-api"), addresses(client)) == ([RATE], [])


def test_addresses_are_blocked_again_after_a_deploy_has_removed_the_rule(client: Any) -> None:
    prod = account(client, "prod")
    assert not restore_rule(prod)
    change(prod, [parse_network("8.8.4.4")])
    assert not restore_rule(prod)
    acl = next(each for each in client.list_web_acls(Scope="CLOUDFRONT")["WebACLs"] if "prod" in each["Name"])
    answer = client.get_web_acl(Name=acl["Name"], Scope="CLOUDFRONT", Id=acl["Id"])
    client.update_web_acl(
        Name=acl["Name"], Scope="CLOUDFRONT", Id=acl["Id"], DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY,
        Rules=[RATE], LockToken=answer["LockToken"],
    )  # fmt: skip
    assert restore_rule(prod)
    assert [rule["Name"] for rule in rules(client, "wecelebrate-prod-api")] == ["requests-per-address", "blocked"]


class Interrupted:
    """A client of the firewall. Another command changes the firewall before the first change of this client."""

    def __init__(self, client: Any, other: Callable[[], None], times: int = 1) -> None:
        self._client, self._other, self._times = client, other, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_web_acl(self, **arguments: Any) -> Any:
        if self._times:
            self._times -= 1
            self._other()
        return self._client.update_web_acl(**arguments)


def test_a_rule_that_another_command_adds_concurrently_is_kept(client: Any) -> None:
    prod = account(client, "prod")
    firewall: Any = Interrupted(client, lambda: close(account(client, "prod"), [parse_network("8.8.8.8")]))
    change(account(firewall, "prod"), [parse_network("8.8.4.4")])
    assert is_closed(prod)
    names = [rule["Name"] for rule in rules(client, "wecelebrate-prod-api")]
    assert names == ["requests-per-address", "maintenance", "blocked"]
    firewall = Interrupted(client, lambda: open_again(account(client, "prod")))
    change(account(firewall, "prod"), remove=[parse_network("8.8.4.4")])
    assert rules(client, "wecelebrate-prod-api") == [RATE]


def test_a_firewall_that_changes_before_each_attempt_causes_an_error(client: Any) -> None:
    numbers = iter(range(100))

    def other() -> None:
        close(account(client, "prod"), [parse_network("8.8.8.8")])
        if next(numbers) % 2:
            open_again(account(client, "prod"))

    firewall: Any = Interrupted(client, other, times=100)
    with pytest.raises(client.exceptions.WAFOptimisticLockException):
        change(account(firewall, "prod"), [parse_network("8.8.4.4")])


class Failing:
    """A client of the firewall. The first `times` calls of `method` fail with the AWS error `code`."""

    def __init__(self, client: Any, method: str, code: str, times: int) -> None:
        self._client, self._method, self._code, self.times = client, method, code, times

    def __getattr__(self, name: str) -> Any:
        return self._fail if name == self._method and self.times else getattr(self._client, name)

    def _fail(self, **_: Any) -> Any:
        self.times -= 1
        raise getattr(self._client.exceptions, self._code)({"Error": {"Code": self._code}}, self._method)


def replace_rules(client: Any) -> None:
    """Write the rules of the template into the firewall of prod, as a deploy of the firewall does."""
    acl = next(each for each in client.list_web_acls(Scope="CLOUDFRONT")["WebACLs"] if "prod" in each["Name"])
    answer = client.get_web_acl(Name=acl["Name"], Scope="CLOUDFRONT", Id=acl["Id"])
    client.update_web_acl(
        Name=acl["Name"], Scope="CLOUDFRONT", Id=acl["Id"], DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY,
        Rules=[RATE], LockToken=answer["LockToken"],
    )  # fmt: skip


@pytest.fixture
def without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firewall, "PAUSE_SECONDS", 0.0, raising=False)


@pytest.mark.usefixtures("without_pause")
def test_a_deploy_does_not_close_an_opened_environment_with_remaining_ip_sets(
    client: Any,
) -> None:
    prod = account(client, "prod")
    close(prod, [parse_network("8.8.4.4")])
    change(prod, [parse_network("8.8.8.8")])
    refused: Any = Failing(client, "delete_ip_set", "WAFAssociatedItemException", 1000)
    open_again(account(refused, "prod"))
    assert change(account(refused, "prod"), remove=[parse_network("8.8.8.8")]) == []
    assert blocked(prod) == []
    assert not maintenance.restore_rule(prod)
    assert not blocklist.restore_rule(prod)
    assert rules(client, "wecelebrate-prod-api") == [RATE]


@pytest.mark.usefixtures("without_pause")
def test_a_deploy_does_not_close_an_environment_after_a_failed_close_command(client: Any) -> None:
    refused: Any = Failing(client, "update_web_acl", "WAFInternalErrorException", 2)
    for command in (close, change):
        with pytest.raises(client.exceptions.WAFInternalErrorException):
            command(account(refused, "prod"), [parse_network("8.8.4.4")])
    prod = account(client, "prod")
    assert blocked(prod) == []
    assert not maintenance.restore_rule(prod)
    assert not blocklist.restore_rule(prod)
    assert rules(client, "wecelebrate-prod-api") == [RATE]


@pytest.mark.usefixtures("without_pause")
def test_a_call_is_repeated_until_the_firewall_has_applied_the_previous_change(client: Any) -> None:
    unavailable: Any = Failing(client, "update_web_acl", "WAFUnavailableEntityException", 3)
    close(account(unavailable, "prod"), [parse_network("8.8.4.4")])
    assert is_closed(account(client, "prod"))
    associated: Any = Failing(client, "delete_ip_set", "WAFAssociatedItemException", 3)
    open_again(account(associated, "prod"))
    assert (associated.times, addresses(client)) == (0, [])


def test_a_lost_rule_is_reported_until_it_is_restored(client: Any) -> None:
    prod = account(client, "prod")
    close(prod, [parse_network("8.8.4.4")])
    replace_rules(client)
    assert (maintenance.is_lost(prod), blocklist.is_lost(prod)) == (True, False)
    change(prod, [parse_network("8.8.8.8")])
    replace_rules(client)
    assert blocklist.is_lost(prod)
    assert blocked(prod) == []
    assert maintenance.restore_rule(prod) and blocklist.restore_rule(prod)
    assert (maintenance.is_lost(prod), blocklist.is_lost(prod)) == (False, False)
    assert blocked(prod) == ["8.8.8.8/32"]


class Concurrent:
    """A client of the firewall. Another command runs before the first call of a method.

    AWS refuses a second IP set with the same name, but moto creates the IP set.
    """

    def __init__(self, client: Any, method: str, other: Callable[[], object]) -> None:
        self._client, self._method, self._other = client, method, other

    def __getattr__(self, name: str) -> Any:
        if name == self._method:
            self._method = ""
            self._other()
            if name == "create_ip_set":
                return Failing(self._client, name, "WAFDuplicateItemException", 1).create_ip_set
        return getattr(self._client, name)


@pytest.mark.parametrize("method", ["get_ip_set", "create_ip_set", "update_ip_set", "update_web_acl", "delete_ip_set"])
@pytest.mark.parametrize("first", ["8.8.4.4", "9.9.9.9"])
@pytest.mark.parametrize("remove", [False, True])
def test_an_address_that_another_command_blocks_concurrently_remains_blocked(
    client: Any, method: str, first: str, remove: bool
) -> None:
    prod, other = account(client, "prod"), parse_network("1.1.1.1")
    if first == "8.8.4.4" or remove:
        change(prod, [parse_network("8.8.4.4")])
    concurrent: Any = Concurrent(client, method, lambda: change(account(client, "prod"), [other]))
    networks = [parse_network("8.8.4.4")]
    change(account(concurrent, "prod"), *([(), networks] if remove else [networks]))
    if not concurrent._method:
        expected = ["1.1.1.1/32"] if remove else ["1.1.1.1/32", "8.8.4.4/32"]
        assert (blocked(prod), addresses(client)) == (expected, [expected])
        names = [rule["Name"] for rule in rules(client, "wecelebrate-prod-api")]
        assert names == ["requests-per-address", "blocked"]


def test_ip_sets_have_the_tags_of_their_environment(client: Any) -> None:
    prod, dev = account(client, "prod"), account(client, "dev")
    for each in (prod, dev):
        close(each, [parse_network("8.8.4.4")])
    arn = next(each["ARN"] for each in client.list_ip_sets(Scope="CLOUDFRONT")["IPSets"] if "prod" in each["Name"])
    tags = client.list_tags_for_resource(ResourceARN=arn)["TagInfoForResource"]["TagList"]
    assert {each["Key"]: each["Value"] for each in tags} == {"platform": "wecelebrate", "environment": "prod"}
    firewall.delete_ip_sets_of(prod, (blocklist.RULE, maintenance.RULE))
    (left,) = client.list_ip_sets(Scope="CLOUDFRONT")["IPSets"]
    assert "dev" in left["Name"]


class Late:
    """A client of the firewall. The first list requests after the creation of an IP set do not return this IP set."""

    def __init__(self, client: Any, calls: int) -> None:
        self._client, self._calls, self._hidden = client, calls, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def create_ip_set(self, **arguments: Any) -> Any:
        if self._hidden:
            raise self._client.exceptions.WAFDuplicateItemException({"Error": {"Code": "x"}}, "CreateIPSet")
        self._hidden = self._calls
        return self._client.create_ip_set(**arguments)

    def list_ip_sets(self, **arguments: Any) -> Any:
        self._hidden -= bool(self._hidden)
        return {"IPSets": []} if self._hidden else self._client.list_ip_sets(**arguments)


@pytest.mark.usefixtures("without_pause")
@pytest.mark.parametrize("calls", [1, 2, 3, 4, 10])
def test_a_rule_takes_effect_even_if_aws_lists_its_ip_set_late(client: Any, calls: int) -> None:
    late: Any = Late(client, calls)
    prod = account(client, "prod")
    close(account(late, "prod"), [parse_network("8.8.4.4")])
    assert is_closed(prod)
    open_again(prod)
    late = Late(client, calls)
    assert change(account(late, "prod"), [parse_network("8.8.8.8"), parse_network("8.8.4.4")]) == [
        "8.8.4.4/32",
        "8.8.8.8/32",
    ]
    late._hidden = calls  # the rule contains the ARN of the IP set, so the list is not needed
    assert change(account(late, "prod"), remove=[parse_network("8.8.8.8")]) == ["8.8.4.4/32"]
    assert blocked(prod) == ["8.8.4.4/32"]


@pytest.mark.usefixtures("without_pause")
def test_a_rule_whose_ip_set_is_never_listed_causes_an_error(client: Any) -> None:
    for command in (close, change):
        late: Any = Late(client, 1000)
        with pytest.raises(AwsError, match="is not in effect: run the command again"):
            command(account(late, "prod"), [parse_network("8.8.4.4")])
    assert rules(client, "wecelebrate-prod-api") == [RATE]


@pytest.mark.usefixtures("without_pause")
def test_closing_an_environment_while_another_command_opens_it_keeps_the_addresses(
    client: Any,
) -> None:
    prod = account(client, "prod")
    close(prod, [parse_network("8.8.4.4")])
    on = [lambda: close(account(client, "prod"), [parse_network("8.8.8.8")])]

    class DuringDelete:
        def __getattr__(self, name: str) -> Any:
            if name == "delete_ip_set" and on:
                on.pop()()
            return getattr(client, name)

    off: Any = DuringDelete()
    with pytest.raises(AwsError, match="another command has added the rule maintenance at the same time"):
        open_again(account(off, "prod"))
    assert is_closed(prod)
    assert addresses(client) == [["8.8.8.8/32"]]
    open_again(prod)
    assert (is_closed(prod), addresses(client)) == (False, [])


@pytest.mark.usefixtures("without_pause")
def test_a_deploy_restores_an_unrecorded_rule(client: Any) -> None:
    prod = account(client, "prod")
    close(prod, [parse_network("8.8.4.4")])
    # Earlier releases, and commands whose AWS session has expired, do not record the rule.
    firewall._mark(prod, maintenance.RULE, "x")
    firewall.mark_rule(prod, maintenance.RULE)
    firewall.mark_rule(prod, blocklist.RULE)
    replace_rules(client)
    assert maintenance.is_lost(prod) and not blocklist.is_lost(prod)
    assert maintenance.restore_rule(prod)
    open_again(prod)
    firewall.mark_rule(prod, maintenance.RULE)
    assert not maintenance.is_lost(prod)
