"""Blocks addresses that send a flood of requests, with a rule of CloudFront's firewall."""

from collections.abc import Collection

from infra.deploy import firewall
from infra.deploy.account import Account
from infra.deploy.firewall import Network

RULE = "blocked"


def blocked(account: Account) -> list[str]:
    """Return the addresses and ranges that operators have blocked. Without the rule, the result is empty."""
    return firewall.addresses(account, RULE) if firewall.has_rule(account, RULE) else []


def change(account: Account, add: Collection[Network] = (), remove: Collection[Network] = ()) -> list[str]:
    """Block addresses, and unblock others. Return all addresses that are blocked now."""
    networks = firewall.change_addresses(account, RULE, lambda blocked: (blocked | {*add}) - {*remove})
    firewall.put_rule(account, RULE, 403, networks)
    return sorted(str(network) for each in networks.values() for network in each)


def is_lost(account: Account) -> bool:
    """Return whether a deploy has removed the rule."""
    return bool(firewall.lost_ip_sets(account, RULE))


def restore_rule(account: Account) -> bool:
    """Add the rule again if a deploy has removed it. Return whether it was missing."""
    if not (lost := firewall.lost_ip_sets(account, RULE)):
        return False
    firewall.put_rule(account, RULE, 403, lost)
    return True
