"""Blocks addresses that send a flood of requests, with a rule of CloudFront's firewall."""

from collections.abc import Collection

from infra.deploy import firewall
from infra.deploy.account import Account
from infra.deploy.firewall import Network, parse_network

RULE = "blocked"


def blocked(account: Account) -> list[str]:
    """Return the blocked addresses and ranges."""
    return firewall.addresses(account, RULE)


def change(account: Account, add: Collection[Network] = (), remove: Collection[Network] = ()) -> list[str]:
    """Block addresses, and unblock others. Return all addresses that are blocked now."""
    networks = ({parse_network(each) for each in blocked(account)} | {*add}) - {*remove}
    if networks:
        _put(account, networks)
    else:
        firewall.remove_rule(account, RULE)
    return sorted(map(str, networks))


def restore_rule(account: Account) -> bool:
    """Add the rule again if a deploy has removed it. Return whether it was missing."""
    if not firewall.has_lost(account, RULE):
        return False
    _put(account, [parse_network(each) for each in blocked(account)])
    return True


def _put(account: Account, networks: Collection[Network]) -> None:
    arns = firewall.put_addresses(account, RULE, networks)
    firewall.put_rule(account, RULE, firewall.one_of(arns), 403)
    firewall.delete_ip_sets(account, RULE, keep=arns)
