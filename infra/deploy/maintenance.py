"""Closes an environment for everyone except the operators, with a rule of the firewall of CloudFront.

While the rule exists, CloudFront does not serve cached pages either. Workers and schedules continue to run.
"""

from collections.abc import Collection

from infra.deploy import firewall
from infra.deploy.account import Account
from infra.deploy.firewall import Network, parse_network

RULE = "maintenance"
RETRY_SECONDS = 600
"""The seconds after which a refused caller should try again."""


def close(account: Account, accepted: Collection[Network]) -> None:
    """Refuse all requests with 503, except requests from these addresses. A second call replaces the addresses."""
    arns = firewall.put_addresses(account, RULE, accepted)
    statement = {"NotStatement": {"Statement": firewall.one_of(arns)}}
    firewall.put_rule(account, RULE, statement, 503, RETRY_SECONDS)
    firewall.delete_ip_sets(account, RULE, keep=arns)


def open_again(account: Account) -> None:
    """Accept the requests of all callers. Do nothing if the environment is open."""
    firewall.remove_rule(account, RULE)


def is_closed(account: Account) -> bool:
    """Return whether the rule exists."""
    return firewall.has_rule(account, RULE)


def restore_rule(account: Account) -> bool:
    """Close the environment again if a deploy has removed the rule, because the maintenance mode was switched on while
    the deploy ran. Return whether the rule was missing."""
    if not firewall.has_lost(account, RULE):
        return False
    close(account, [parse_network(each) for each in firewall.addresses(account, RULE)])
    return True
