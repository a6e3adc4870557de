"""Stops and starts the consumers of queues without a deploy. A consumer is an event source mapping of Lambda."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from infra.deploy.account import Account, AwsError
from infra.deploy.data_api import ROLE, read_rows
from infra.functions import functions

ENABLED, DISABLED = "Enabled", "Disabled"
SENDING = ("emails", "exports", "order-files", "reports", "webhooks")
"""The queues whose workers send personal data out of the database: as mails, as requests, or as files that other
systems fetch.
"""
MAX_SECONDS = 180.0
"""How long a change of a consumer may take. AWS states no limit."""
_PAUSE_SECONDS = 2.0
_DIRECT = "select value from kill_switches where name = 'queue'"


@dataclass(frozen=True)
class Consumer:
    """The consumer of one queue."""

    queue: str
    """The name of the queue in the declarations, e.g. `mail-events`."""
    uuid: str
    state: str
    """`Enabled` or `Disabled`, or e.g. `Disabling` while AWS changes the consumer."""


def queue_names() -> list[str]:
    """Return the names of all queues in the declarations, without the dead-letter queues."""
    return sorted(spec.queue_name for spec in functions() if spec.has_queue)


def consumers(account: Account) -> list[Consumer]:
    """Return the consumers of all queues that are deployed, by the name of the queue."""
    deployed = {account.environment.resource(name): name for name in queue_names()}
    pages = account.client("lambda").get_paginator("list_event_source_mappings").paginate()
    mappings: list[dict[str, Any]] = [mapping for page in pages for mapping in page["EventSourceMappings"]]
    own = [
        Consumer(name, mapping["UUID"], mapping["State"])
        for mapping in mappings
        if (name := deployed.get(mapping.get("EventSourceArn", "").rpartition(":")[2]))
    ]
    return sorted(own, key=lambda consumer: consumer.queue)


def stopped(account: Account) -> list[str]:
    """Return the names of the queues whose consumers do not run."""
    return [consumer.queue for consumer in consumers(account) if consumer.state != ENABLED]


def change(account: Account, names: Collection[str], *, enabled: bool) -> None:
    """Start or stop the consumers of these queues, and wait until AWS has changed them. Running workers are not ended.

    Raises AwsError if a queue has no consumer, or if AWS needs longer than MAX_SECONDS.
    """
    by_name = {consumer.queue: consumer for consumer in consumers(account)}
    if missing := sorted(set(names) - by_name.keys()):
        raise AwsError(f"{account.environment.name} has no consumer of {', '.join(missing)}: is it deployed?")
    wanted = ENABLED if enabled else DISABLED
    for name in names:
        if by_name[name].state != wanted:
            account.client("lambda").update_event_source_mapping(UUID=by_name[name].uuid, Enabled=enabled)
    _wait(account, names, wanted)


def starts_workers_directly(account: Account) -> bool:
    """Return whether the switch `queue` is `direct`: the sweeper then starts the workers of stopped queues as well."""
    return any(row["value"] == "direct" for row in read_rows(account, _DIRECT, ROLE))


def _wait(account: Account, names: Collection[str], wanted: str) -> None:
    deadline = time.monotonic() + MAX_SECONDS
    while waiting := _others(consumers(account), names, wanted):
        if time.monotonic() > deadline:
            raise AwsError(f"AWS has not changed {', '.join(waiting)} yet: run the same command again")
        time.sleep(_PAUSE_SECONDS)


def _others(current: Sequence[Consumer], names: Collection[str], wanted: str) -> list[str]:
    return [consumer.queue for consumer in current if consumer.queue in names and consumer.state != wanted]
