"""Blocks addresses that send a flood of requests, with a rule of CloudFront's firewall."""

from collections.abc import Collection

from infra.deploy import firewall
from infra.deploy.account import Account
from infra.deploy.firewall import Network

RULE = "blocked"


def blocked(account: Account) -> list[str]:
    """Return the addresses and ranges that operators have blocked. If the rule does not exist, the result is empty."""
    return firewall.addresses(account, RULE) if firewall.has_rule(account, RULE) else []


def change(account: Account, add: Collection[Network] = (), remove: Collection[Network] = ()) -> list[str]:
    """Block some addresses, and unblock other addresses. Return all addresses that are blocked afterwards."""
    networks = firewall.change_addresses(account, RULE, lambda blocked: (blocked | {*add}) - {*remove})
    firewall.put_rule(account, RULE, 403, networks)
    return sorted(str(network) for each in networks.values() for network in each)


def is_lost(account: Account) -> bool:
    """Return whether a deploy has removed the rule."""
    return bool(firewall.lost_ip_sets(account, RULE))


def restore_rule(account: Account) -> bool:
    """If a deploy has removed the rule, add it again. Return whether the rule was missing."""
    if not (lost := firewall.lost_ip_sets(account, RULE)):
        return False
    firewall.put_rule(account, RULE, 403, lost)
    return True
