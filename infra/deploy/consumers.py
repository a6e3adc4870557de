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
"""The queues whose workers send personal data to other systems: as mails, as requests, or as files for download.
"""
MAX_SECONDS = 180.0
"""The maximum duration of a change of a consumer, in seconds. AWS documents no limit."""
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
    """Start or stop the consumers of these queues, and wait until AWS has changed them. Running workers continue.

    While AWS is still changing a consumer, e.g. for an interrupted command, it refuses another change. The function
    then waits and tries again. If AWS refuses to change a queue for another reason, the function still changes all
    other queues.

    Raises AwsError with the names of the queues that were not changed. Such a queue has no consumer, AWS refused the
    change, or AWS needs longer than MAX_SECONDS.
    """
    client, wanted, refused = account.client("lambda"), ENABLED if enabled else DISABLED, dict[str, str]()
    if missing := sorted(set(names) - {consumer.queue for consumer in consumers(account)}):
        raise AwsError(f"{account.environment.name} has no consumer of {', '.join(missing)}: is it deployed?")
    deadline = time.monotonic() + MAX_SECONDS
    while waiting := [each for each in _others(consumers(account), names, wanted) if each.queue not in refused]:
        if time.monotonic() > deadline:
            refused |= {each.queue: f"it is still {each.state}" for each in waiting}
            break
        for each in waiting:
            if each.state not in (ENABLED, DISABLED):
                continue
            try:
                client.update_event_source_mapping(UUID=each.uuid, Enabled=enabled)
            except client.exceptions.ResourceInUseException:
                continue  # AWS has begun the change
            except client.exceptions.ClientError as error:
                refused[each.queue] = " ".join(str(error).split())
        time.sleep(_PAUSE_SECONDS)
    if refused:
        reasons = "; ".join(f"{queue} ({reason})" for queue, reason in sorted(refused.items()))
        raise AwsError(f"AWS has not changed {reasons}: run the same command again")


def starts_workers_directly(account: Account) -> bool:
    """Return whether the switch `queue` is `direct`. The sweeper then also starts the workers of stopped queues."""
    return any(row["value"] == "direct" for row in read_rows(account, _DIRECT, ROLE))


def _others(current: Sequence[Consumer], names: Collection[str], wanted: str) -> list[Consumer]:
    return [consumer for consumer in current if consumer.queue in names and consumer.state != wanted]
