"""Closes an environment for everyone except the operator, with a rule of the firewall of CloudFront.

The rule is not part of the template, because nothing is deployed while a database is restored. A deploy that changes
the firewall would remove the rule. While the rule exists, CloudFront does not serve cached pages either. Workers and
schedules continue to run.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from infra.deploy.account import Account, AwsError
from infra.environments import Environment

RULE = "maintenance"
RETRY_SECONDS = 600
"""The seconds after which a refused caller should try again."""
_SCOPE = "CLOUDFRONT"


def parse_address(text: str) -> IPv4Address | IPv6Address:
    """Return a public address. Raises ValueError for any other text, e.g. an address of a private network."""
    address = ip_address(text)
    if not address.is_global:
        raise ValueError(f"{address} is not a public address")
    return address


def close(account: Account, address: IPv4Address | IPv6Address) -> None:
    """Refuse all requests with 503, except requests from `address`. A second call replaces the address."""
    arn = _put_ip_set(account, address)
    _replace_rule(account, arn)
    _delete_ip_sets(account, keep=arn)


def open_again(account: Account) -> None:
    """Accept the requests of all callers. Do nothing if the environment is open."""
    _replace_rule(account, None)
    _delete_ip_sets(account)


def is_closed(account: Account) -> bool:
    """Return whether the rule exists. Raises AwsError if the environment has no firewall."""
    return any(rule["Name"] == RULE for rule in _web_acl(account)["WebACL"]["Rules"])


def _replace_rule(account: Account, ip_set: str | None) -> None:
    """Replace the rule, or remove it if `ip_set` is None."""
    answer = _web_acl(account)
    acl: dict[str, Any] = answer["WebACL"]
    others = [rule for rule in acl["Rules"] if rule["Name"] != RULE]
    # The other rules only block and count, so every request that they accept reaches the last rule.
    priority = 1 + max((rule["Priority"] for rule in others), default=0)
    unchanged = ("Name", "Id", "DefaultAction", "VisibilityConfig", "Description", "CustomResponseBodies",
                 "CaptchaConfig", "ChallengeConfig", "TokenDomains", "AssociationConfig")  # fmt: skip
    account.client("wafv2").update_web_acl(
        **{key: acl[key] for key in unchanged if acl.get(key)},
        Scope=_SCOPE,
        Rules=[*others, *([_rule(ip_set, priority)] if ip_set else [])],
        LockToken=answer["LockToken"],
    )


def _rule(ip_set: str, priority: int) -> dict[str, Any]:
    headers = [{"Name": "retry-after", "Value": str(RETRY_SECONDS)}]
    return {
        "Name": RULE,
        "Priority": priority,
        "Action": {"Block": {"CustomResponse": {"ResponseCode": 503, "ResponseHeaders": headers}}},
        "Statement": {"NotStatement": {"Statement": {"IPSetReferenceStatement": {"ARN": ip_set}}}},
        "VisibilityConfig": {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": RULE},
    }


def _web_acl(account: Account) -> dict[str, Any]:
    client, name = account.client("wafv2"), account.environment.resource("api")
    for acl in client.list_web_acls(Scope=_SCOPE)["WebACLs"]:
        if acl["Name"] == name:
            answer: dict[str, Any] = client.get_web_acl(Name=name, Scope=_SCOPE, Id=acl["Id"])
            return answer
    raise AwsError(f"{account.environment.name} has no firewall: is it deployed?")


def _put_ip_set(account: Account, address: IPv4Address | IPv6Address) -> str:
    """Create the IP set with the accepted address, or replace its address. Return the ARN."""
    client, name = account.client("wafv2"), f"{_prefix(account.environment)}{address.version}"
    addresses = [f"{address}/{address.max_prefixlen}"]
    for each in _ip_sets(account):
        if each["Name"] == name:
            token = client.get_ip_set(Name=name, Scope=_SCOPE, Id=each["Id"])["LockToken"]
            client.update_ip_set(Name=name, Scope=_SCOPE, Id=each["Id"], Addresses=addresses, LockToken=token)
            return str(each["ARN"])
    version = f"IPV{address.version}"
    created = client.create_ip_set(Name=name, Scope=_SCOPE, IPAddressVersion=version, Addresses=addresses)
    return str(created["Summary"]["ARN"])


def _delete_ip_sets(account: Account, keep: str | None = None) -> None:
    client = account.client("wafv2")
    for each in _ip_sets(account):
        if each["ARN"] != keep:
            token = client.get_ip_set(Name=each["Name"], Scope=_SCOPE, Id=each["Id"])["LockToken"]
            client.delete_ip_set(Name=each["Name"], Scope=_SCOPE, Id=each["Id"], LockToken=token)


def _ip_sets(account: Account) -> list[dict[str, Any]]:
    prefix = _prefix(account.environment)
    sets: list[dict[str, Any]] = account.client("wafv2").list_ip_sets(Scope=_SCOPE)["IPSets"]
    return [each for each in sets if each["Name"].startswith(prefix)]


def _prefix(environment: Environment) -> str:
    """Return the beginning of the names of the IP sets. Each version of IP has its own set."""
    return environment.resource("maintenance-")
