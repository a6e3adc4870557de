"""Rules that an operator adds to the firewall of CloudFront at once, without a deploy.

The rules are not part of the template. A deploy that changes the firewall removes them, so `wecelebrate deploy` does
not deploy the stack of the firewall while the maintenance mode is on, and adds missing rules again when it ends, also
after an error. The addresses are in IP sets, one for each version of IP, which a deploy keeps.
"""

from collections.abc import Callable, Collection, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from infra.deploy.account import Account, AwsError

Network = IPv4Network | IPv6Network
Rule = dict[str, Any]
ATTEMPTS = 5
"""How often the rules are read and written, while other commands change them at the same time."""
MIN_PREFIX = {4: 8, 6: 16}
"""The largest range for each version of IP. A larger range is probably a mistake that would close the platform."""
_SCOPE = "CLOUDFRONT"
_UNCHANGED = ("Name", "Id", "DefaultAction", "VisibilityConfig", "Description", "CustomResponseBodies",
              "CaptchaConfig", "ChallengeConfig", "TokenDomains", "AssociationConfig")  # fmt: skip


def parse_network(text: str) -> Network:
    """Return a public address, or a range of addresses. Raises ValueError for any other text, e.g. an address of a
    private network."""
    network = ip_network(text)
    if not network.is_global:
        raise ValueError(f"{text} is not a public address")
    if network.prefixlen < MIN_PREFIX[network.version]:
        raise ValueError(f"{text} is too large: give a range of at most /{MIN_PREFIX[network.version]}")
    return network


def put_addresses(account: Account, name: str, networks: Collection[Network]) -> list[str]:
    """Write the addresses of a rule into its IP sets. Return the ARNs of the sets."""
    client, arns = account.client("wafv2"), []
    existing = {each["Name"]: each for each in _ip_sets(account, name)}
    for version in sorted({network.version for network in networks}):
        listed = sorted(str(network) for network in networks if network.version == version)
        set_name = f"{account.environment.resource(name)}-{version}"
        ip_set = existing.get(set_name)
        if ip_set:
            token = client.get_ip_set(Name=set_name, Scope=_SCOPE, Id=ip_set["Id"])["LockToken"]
            client.update_ip_set(Name=set_name, Scope=_SCOPE, Id=ip_set["Id"], Addresses=listed, LockToken=token)
        else:
            ip_set = client.create_ip_set(
                Name=set_name, Scope=_SCOPE, IPAddressVersion=f"IPV{version}", Addresses=listed
            )["Summary"]
        arns.append(str(ip_set["ARN"]))
    return arns


def addresses(account: Account, name: str) -> list[str]:
    """Return the addresses in the IP sets of a rule."""
    client = account.client("wafv2")
    values = [
        client.get_ip_set(Name=each["Name"], Scope=_SCOPE, Id=each["Id"])["IPSet"]["Addresses"]
        for each in _ip_sets(account, name)
    ]
    return sorted(address for listed in values for address in listed)


def delete_ip_sets(account: Account, name: str, keep: Collection[str] = ()) -> None:
    """Delete the IP sets that the rule no longer uses. keep: the ARNs of the IP sets that it still uses."""
    client = account.client("wafv2")
    for each in _ip_sets(account, name):
        if each["ARN"] not in keep:
            token = client.get_ip_set(Name=each["Name"], Scope=_SCOPE, Id=each["Id"])["LockToken"]
            client.delete_ip_set(Name=each["Name"], Scope=_SCOPE, Id=each["Id"], LockToken=token)


def one_of(arns: Collection[str]) -> dict[str, Any]:
    """Return the statement that matches an address if it is in any of these IP sets."""
    statements = [{"IPSetReferenceStatement": {"ARN": arn}} for arn in arns]
    return statements[0] if len(statements) == 1 else {"OrStatement": {"Statements": statements}}


def put_rule(account: Account, name: str, statement: Mapping[str, Any], status: int, retry_seconds: int = 0) -> None:
    """Add a rule that refuses requests. If the rule exists, replace it. The rule is the last one.

    The other rules only block and count, so every request that they accept reaches this last rule.
    """
    headers = [{"Name": "retry-after", "Value": str(retry_seconds)}] if retry_seconds else []
    response = {"ResponseCode": status, **({"ResponseHeaders": headers} if headers else {})}
    rule = {
        "Name": name,
        "Action": {"Block": {"CustomResponse": response}},
        "Statement": dict(statement),
        "VisibilityConfig": {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name},
    }

    def added(rules: list[Rule]) -> list[Rule]:
        others = [each for each in rules if each["Name"] != name]
        return [*others, {**rule, "Priority": 1 + max((each["Priority"] for each in others), default=0)}]

    _change_rules(account, added)


def remove_rule(account: Account, name: str) -> None:
    """Remove a rule, and its IP sets. Do nothing if the rule does not exist."""
    _change_rules(account, lambda rules: [rule for rule in rules if rule["Name"] != name])
    delete_ip_sets(account, name)


def has_rule(account: Account, name: str) -> bool:
    """Return whether a rule exists. An environment without a firewall, e.g. after a failed first deploy, has no
    rules."""
    answer = _find_web_acl(account)
    return answer is not None and any(rule["Name"] == name for rule in answer["WebACL"]["Rules"])


def has_lost(account: Account, name: str) -> bool:
    """Return whether a deploy has removed the rule of addresses that are still in the IP sets."""
    answer = _find_web_acl(account)
    if answer is None or not addresses(account, name):
        return False
    return all(rule["Name"] != name for rule in answer["WebACL"]["Rules"])


def _ip_sets(account: Account, name: str) -> list[dict[str, Any]]:
    """Return the IP sets of a rule. Each version of IP has its own set."""
    prefix = f"{account.environment.resource(name)}-"
    sets: list[dict[str, Any]] = account.client("wafv2").list_ip_sets(Scope=_SCOPE)["IPSets"]
    return [each for each in sets if each["Name"].startswith(prefix)]


def _change_rules(account: Account, change: Callable[[list[Rule]], list[Rule]]) -> None:
    """Replace the rules by `change(rules)`. Write nothing if they stay the same.

    The lock token comes from the same answer as the rules, so AWS refuses the write if another command has changed the
    rules since. In this case, the rules are read again.
    """
    client = account.client("wafv2")
    for attempt in range(1, ATTEMPTS + 1):
        answer = _web_acl(account)
        acl: dict[str, Any] = answer["WebACL"]
        rules = change(acl["Rules"])
        if rules == acl["Rules"]:
            return
        try:
            client.update_web_acl(
                **{key: acl[key] for key in _UNCHANGED if acl.get(key)},
                Scope=_SCOPE,
                Rules=rules,
                LockToken=answer["LockToken"],
            )
            return
        except client.exceptions.WAFOptimisticLockException:
            if attempt == ATTEMPTS:
                raise


def _web_acl(account: Account) -> dict[str, Any]:
    """Return the firewall, with its lock token. Raises AwsError if the environment has no firewall."""
    answer = _find_web_acl(account)
    if answer is None:
        raise AwsError(f"{account.environment.name} has no firewall: is it deployed?")
    return answer


def _find_web_acl(account: Account) -> dict[str, Any] | None:
    client, name = account.client("wafv2"), account.environment.resource("api")
    for acl in client.list_web_acls(Scope=_SCOPE)["WebACLs"]:
        if acl["Name"] == name:
            answer: dict[str, Any] = client.get_web_acl(Name=name, Scope=_SCOPE, Id=acl["Id"])
            return answer
    return None
