"""Closes an environment for everyone except the operators, with a rule in the firewall of CloudFront.

While the rule exists, CloudFront serves no cached pages. Workers and schedules continue to run.
"""

from collections.abc import Collection

from infra.deploy import firewall
from infra.deploy.account import Account
from infra.deploy.firewall import Network

RULE = "maintenance"
RETRY_SECONDS = 600
"""The seconds after which a refused caller should try again."""


def close(account: Account, accepted: Collection[Network]) -> None:
    """Refuse all requests with 503, except requests from these addresses. A second call replaces the addresses."""
    filled = firewall.change_addresses(account, RULE, lambda _: accepted)
    firewall.put_rule(account, RULE, 503, filled, inverted=True, retry_seconds=RETRY_SECONDS)


def open_again(account: Account) -> None:
    """Accept the requests of all callers. Do nothing if the environment is open."""
    firewall.remove_rule(account, RULE)


def is_closed(account: Account) -> bool:
    """Return whether the rule exists."""
    return firewall.has_rule(account, RULE)


def is_lost(account: Account) -> bool:
    """Return whether a deploy has removed the rule."""
    return bool(firewall.lost_ip_sets(account, RULE))


def restore_rule(account: Account) -> bool:
    """If a deploy has removed the rule, close the environment again. This happens if the maintenance mode is switched
    on during a deploy. Return whether the rule was missing."""
    if not (lost := firewall.lost_ip_sets(account, RULE)):
        return False
    firewall.put_rule(account, RULE, 503, lost, inverted=True, retry_seconds=RETRY_SECONDS)
    return True
