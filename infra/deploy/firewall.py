"""Adds rules of an operator to the firewall of CloudFront immediately, without a deploy.

The rules are not part of the template, so a deploy that changes the firewall removes them. Therefore `wecelebrate
deploy` does not deploy the stack of the firewall while the maintenance mode is on. At its end, even after an error, it
adds missing rules again. The addresses of a rule are in two IP sets, for IPv4 and IPv6. A deploy does not remove IP
sets.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from infra.deploy.account import Account, AwsError

Network = IPv4Network | IPv6Network
Rule = dict[str, Any]
ATTEMPTS = 5
"""The maximum number of attempts to change the rules while other commands change them at the same time."""
PATIENT_ATTEMPTS = 15
"""The maximum number of attempts if AWS has not yet distributed the change of the previous call."""
PAUSE_SECONDS = 2.0
"""The pause between two attempts, in seconds."""
MIN_PREFIX = {4: 8, 6: 16}
"""The shortest allowed prefix for each version of IP. A shorter prefix is probably a mistake that would block most
callers."""
_SCOPE = "CLOUDFRONT"
_USED, _UNUSED = "rule=on", "rule=off"
"""The description of an IP set. It says whether an operator wants the rule that uses the addresses of this IP set."""
_UNCHANGED = ("Name", "Id", "DefaultAction", "VisibilityConfig", "Description", "CustomResponseBodies",
              "CaptchaConfig", "ChallengeConfig", "TokenDomains", "AssociationConfig")  # fmt: skip


def parse_network(text: str) -> Network:
    """Parse a public address or a range of public addresses. Raises ValueError for any other text, e.g. an address of a
    private network."""
    network = ip_network(text)
    if not network.is_global:
        raise ValueError(f"{text} is not a public address")
    if network.prefixlen < MIN_PREFIX[network.version]:
        raise ValueError(f"{text} is too large: give a range of at most /{MIN_PREFIX[network.version]}")
    return network


def change_addresses(
    account: Account, name: str, change: Callable[[frozenset[Network]], Collection[Network]]
) -> dict[str, list[Network]]:
    """Replace the addresses in the IP sets of a rule by `change(addresses)`. Map the ARN of each IP set to its new
    addresses.

    After this call, the caller must call `put_rule` with the result, even if no address remains.

    `change` is called once with the addresses of IPv4, and once with the addresses of IPv6. Addresses of the other
    version in its result are ignored.
    """
    changed = (_change_ip_set(account, name, version, change) for version in MIN_PREFIX)
    return {arn: addresses for arn, addresses in changed if addresses}


def _change_ip_set(
    account: Account, name: str, version: int, change: Callable[[frozenset[Network]], Collection[Network]]
) -> tuple[str, list[Network]]:
    """Change the IP set of one version of IP, and create the IP set if it does not exist. Return its ARN and addresses.

    The lock token comes from the same answer as the addresses. If another command has changed the addresses since this
    answer, AWS refuses the write. The function then reads the addresses again, and repeats the change. It does the same
    if AWS does not list a new IP set yet.
    """
    client, set_name = account.client("wafv2"), f"{account.environment.resource(name)}-{version}"
    errors = client.exceptions
    conflicts = unlisted = 0
    while True:
        try:
            summary = next((each for each in _ip_sets(account, name) if each["Name"] == set_name), None)
            answer = _get_ip_set(client, summary) if summary else None
            before = _networks(answer["IPSet"]) if answer else frozenset()
            after = [network for network in change(before) if network.version == version]
            if answer:
                if before != frozenset(after):
                    _update_ip_set(client, answer, _sorted(after), answer["IPSet"].get("Description") or _UNUSED)
                return answer["IPSet"]["ARN"], after
            if not after:
                return "", after
            created = client.create_ip_set(
                Name=set_name, Scope=_SCOPE, IPAddressVersion=f"IPV{version}", Addresses=_sorted(after),
                Description=_UNUSED, Tags=_tags(account),
            )  # fmt: skip
            return created["Summary"]["ARN"], after
        except (errors.WAFOptimisticLockException, errors.WAFNonexistentItemException):
            conflicts += 1
            if conflicts == ATTEMPTS:
                raise
        except errors.WAFDuplicateItemException:
            unlisted += 1
            if unlisted == PATIENT_ATTEMPTS:
                raise
            time.sleep(PAUSE_SECONDS)


def addresses(account: Account, name: str) -> list[str]:
    """Return the addresses in the IP sets of a rule."""
    return _sorted(network for ip_set in _read_ip_sets(account, name) for network in _networks(ip_set))


def put_rule(
    account: Account,
    name: str,
    status: int,
    filled: Collection[str],
    *,
    inverted: bool = False,
    retry_seconds: int = 0,
) -> None:
    """Refuse requests from the addresses in the IP sets of a rule. If `inverted` is true, refuse all other requests
    instead.

    If no IP set has an address, the rule is removed. The rule comes after all other rules. They only block or count
    requests, so every request that they do not block reaches this rule.

    filled: the ARNs of the IP sets that must have addresses. Raises AwsError if AWS does not list these addresses in
    time, or if another command has removed them, because the rule would then be missing.
    """
    headers = [{"Name": "retry-after", "Value": str(retry_seconds)}] if retry_seconds else []
    response = {"ResponseCode": status, **({"ResponseHeaders": headers} if headers else {})}
    rule = {
        "Name": name,
        "Action": {"Block": {"CustomResponse": response}},
        "VisibilityConfig": {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name},
    }

    arns: list[str] | None = None

    def changed(rules: list[Rule]) -> list[Rule]:
        others = [each for each in rules if each["Name"] != name]
        if not arns:
            return others
        statement = {"NotStatement": {"Statement": _one_of(arns)}} if inverted else _one_of(arns)
        priority = 1 + max((each["Priority"] for each in others), default=0)
        return [*others, {**rule, "Statement": statement, "Priority": priority}]

    # Before the rules were written, another command can have added or removed addresses of an IP set.
    while arns != (arns := _used(account, name, filled)):
        _change_rules(account, changed)
    _mark(account, name, _USED)
    _delete_ip_sets(account, name, lambda ip_set: not ip_set["Addresses"])


def remove_rule(account: Account, name: str) -> None:
    """Remove a rule, and its IP sets. Do nothing if the rule does not exist.

    Raises AwsError if another command adds the rule at the same time. The addresses of the other command stay.
    """
    _mark(account, name, _UNUSED)
    _change_rules(account, lambda rules: [rule for rule in rules if rule["Name"] != name])
    _delete_ip_sets(account, name, lambda ip_set: ip_set.get("Description") == _UNUSED or not ip_set["Addresses"])
    if _wanted(account, name):
        raise AwsError(
            f"another command has added the rule {name} at the same time: check the status, and run the command again"
        )


def mark_rule(account: Account, name: str) -> None:
    """If a rule exists, record that an operator wants the rule.

    The record can be missing, because `put_rule` has failed or because an earlier release made no record. Without a
    record, `deploy` would not restore a rule that it has removed. Therefore `deploy` calls this function at its start.
    """
    if has_rule(account, name):
        _mark(account, name, _USED)


def delete_ip_sets_of(account: Account, names: Collection[str]) -> None:
    """Delete the IP sets of rules whose firewall was deleted."""
    for name in names:
        _delete_ip_sets(account, name, lambda _: True)


def has_rule(account: Account, name: str) -> bool:
    """Return whether a rule exists. If the environment has no firewall, e.g. after a failed first deploy, return
    False."""
    answer = _find_web_acl(account)
    return answer is not None and any(rule["Name"] == name for rule in answer["WebACL"]["Rules"])


def lost_ip_sets(account: Account, name: str) -> list[str]:
    """If a deploy has removed a rule that an operator wants, return the ARNs of the IP sets of the rule. Otherwise
    return an empty list."""
    answer = _find_web_acl(account)
    if answer is None or any(rule["Name"] == name for rule in answer["WebACL"]["Rules"]):
        return []
    return _wanted(account, name)


def _wanted(account: Account, name: str) -> list[str]:
    """Return the ARNs of the IP sets of a rule that have addresses, if an operator wants the rule."""
    return [
        each["ARN"] for each in _read_ip_sets(account, name) if each["Addresses"] and each.get("Description") == _USED
    ]


def _used(account: Account, name: str, filled: Collection[str]) -> list[str]:
    """Return the ARNs of the IP sets that have addresses. Wait until AWS lists the sets in `filled`, because AWS can
    need minutes to distribute a change. Raises AwsError if AWS does not list them in time."""
    for attempt in range(1, PATIENT_ATTEMPTS + 1):
        used = [each["ARN"] for each in _read_ip_sets(account, name) if each["Addresses"]]
        if set(filled) <= set(used):
            return used
        if attempt < PATIENT_ATTEMPTS:
            time.sleep(PAUSE_SECONDS)
    raise AwsError(
        f"AWS does not list the addresses of the rule {name}, so the rule is not in effect: run the command again"
    )


def _mark(account: Account, name: str, description: str) -> None:
    """Record in the IP sets with addresses whether an operator wants the rule.

    The record is written after the rule is added, and is removed before the rule is removed. If a command fails between
    these two calls, the record says that the rule is not wanted. Therefore a deploy restores only rules that were added
    without an error.
    """
    client = account.client("wafv2")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            for each in _ip_sets(account, name):
                answer = _get_ip_set(client, each)
                if answer["IPSet"]["Addresses"] and answer["IPSet"].get("Description") != description:
                    _update_ip_set(client, answer, answer["IPSet"]["Addresses"], description)
            return
        except (client.exceptions.WAFOptimisticLockException, client.exceptions.WAFNonexistentItemException):
            if attempt == ATTEMPTS:
                raise


def _delete_ip_sets(account: Account, name: str, unused: Callable[[Mapping[str, Any]], bool]) -> None:
    """Delete the IP sets for which `unused(ip_set)` is true.

    For some time after a rule is removed, AWS refuses to delete its IP sets, because the rule still uses them. Such an
    IP set has no effect, and the next command deletes it.

    The lock token comes from the same answer as the IP set. If another command changes an IP set after this answer, the
    IP set is read again.
    """
    client = account.client("wafv2")
    for each in _ip_sets(account, name):
        for attempt in range(1, PATIENT_ATTEMPTS + 1):
            try:
                answer = _get_ip_set(client, each)
                if unused(answer["IPSet"]):
                    client.delete_ip_set(Name=each["Name"], Scope=_SCOPE, Id=each["Id"], LockToken=answer["LockToken"])
                break
            except client.exceptions.WAFNonexistentItemException:
                break
            except (client.exceptions.WAFAssociatedItemException, client.exceptions.WAFOptimisticLockException):
                if attempt < PATIENT_ATTEMPTS:
                    time.sleep(PAUSE_SECONDS)


def _one_of(arns: Collection[str]) -> dict[str, Any]:
    """Return the statement that matches an address that is in one of these IP sets."""
    statements = [{"IPSetReferenceStatement": {"ARN": arn}} for arn in arns]
    return statements[0] if len(statements) == 1 else {"OrStatement": {"Statements": statements}}


def _ip_sets(account: Account, name: str) -> list[dict[str, Any]]:
    """Return the names and ids of the IP sets of a rule. Each version of IP has its own set.

    The result also contains the IP sets that the rule uses, because AWS can list a new IP set late. AWS does not delete
    an IP set that a rule uses.
    """
    prefix = f"{account.environment.resource(name)}-"
    listed: list[dict[str, Any]] = account.client("wafv2").list_ip_sets(Scope=_SCOPE)["IPSets"]
    sets = {each["ARN"]: each for each in listed if each["Name"].startswith(prefix)}
    answer = _find_web_acl(account)
    for arn in _arns(rule for rule in (answer["WebACL"]["Rules"] if answer else ()) if rule["Name"] == name):
        *_, set_name, identifier = arn.split("/")  # arn:aws:wafv2:us-east-1:ACCOUNT:global/ipset/NAME/ID
        sets.setdefault(arn, {"Name": set_name, "Id": identifier, "ARN": arn})
    return list(sets.values())


def _arns(part: Any) -> Iterator[str]:
    """Yield the ARNs of all IP sets in a part of a rule."""
    if isinstance(part, Mapping):
        if "IPSetReferenceStatement" in part:
            yield part["IPSetReferenceStatement"]["ARN"]
        part = part.values()
    if not isinstance(part, (str, bytes)) and isinstance(part, Iterable):
        for each in part:
            yield from _arns(each)


def _read_ip_sets(account: Account, name: str) -> list[dict[str, Any]]:
    """Return the IP sets of a rule with their addresses, without IP sets that another command deletes at the same
    time."""
    client, documents = account.client("wafv2"), []
    for each in _ip_sets(account, name):
        with suppress(client.exceptions.WAFNonexistentItemException):
            documents.append(_get_ip_set(client, each)["IPSet"])
    return documents


def _get_ip_set(client: Any, summary: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = client.get_ip_set(Name=summary["Name"], Scope=_SCOPE, Id=summary["Id"])
    return answer


def _update_ip_set(client: Any, answer: Mapping[str, Any], addresses: Sequence[str], description: str) -> None:
    """Change an IP set. answer: the response of GetIPSet, on which the change is based."""
    ip_set = answer["IPSet"]
    client.update_ip_set(
        Name=ip_set["Name"], Scope=_SCOPE, Id=ip_set["Id"], Addresses=addresses, Description=description,
        LockToken=answer["LockToken"],
    )  # fmt: skip


def _networks(ip_set: Mapping[str, Any]) -> frozenset[Network]:
    return frozenset(parse_network(each) for each in ip_set["Addresses"])


def _sorted(networks: Iterable[Network]) -> list[str]:
    return sorted(map(str, networks))


def _tags(account: Account) -> list[dict[str, str]]:
    """Return the tags that all resources of an environment have."""
    return [{"Key": "platform", "Value": "wecelebrate"}, {"Key": "environment", "Value": account.environment.name}]


def _change_rules(account: Account, change: Callable[[list[Rule]], list[Rule]]) -> None:
    """Replace the rules by `change(rules)`. If the rules stay the same, write nothing.

    The lock token comes from the same answer as the rules. If another command has changed the rules since this answer,
    AWS refuses the write. The function then reads the rules again, and repeats the change. It does the same if AWS does
    not know a new IP set yet.
    """
    client = account.client("wafv2")
    conflicts = unavailable = 0
    while True:
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
            conflicts += 1
            if conflicts == ATTEMPTS:
                raise
        except client.exceptions.WAFUnavailableEntityException:
            unavailable += 1
            if unavailable == PATIENT_ATTEMPTS:
                raise
            time.sleep(PAUSE_SECONDS)


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
