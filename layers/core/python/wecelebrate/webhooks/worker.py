"""The worker of webhook deliveries.

The worker claims endpoints together with their due deliveries. For each endpoint, one thread sends the deliveries one
after the other. Therefore an endpoint that does not respond delays only its own deliveries. Only the main thread
accesses the database, and records the outcomes.

If a worker dies, another worker claims the endpoint and repeats the deliveries whose outcome was not recorded.
Therefore an event is delivered at least once. Every repetition has the same `webhook-id`.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any
from uuid import UUID

from aws_lambda_powertools import Logger
from psycopg.types.json import Jsonb

from wecelebrate.core import queue
from wecelebrate.core.database import SYSTEM, Transaction, queries, writing
from wecelebrate.webhooks.messages import deliveries_due
from wecelebrate.webhooks.policy import POLICY
from wecelebrate.webhooks.sending import GONE, AttemptResult, attempt

logger = Logger()
sql = queries(__file__)


@dataclass(frozen=True)
class EndpointBatch:
    """An endpoint that is leased to this worker, with its due deliveries."""

    webhook_id: UUID
    client_id: UUID
    url: str
    fence: int
    secrets: list[str]
    deliveries: list[dict[str, Any]]


@dataclass(frozen=True)
class AttemptedDelivery:
    """A delivery that a thread has sent or has tried to send."""

    delivery: dict[str, Any]
    result: AttemptResult


@dataclass(frozen=True)
class FinishedBatch:
    """A batch whose thread has ended, because all deliveries were sent, a delivery failed, or the time was over."""

    batch: EndpointBatch
    any_delivered: bool
    failure: AttemptResult | None


Outcomes = SimpleQueue[AttemptedDelivery | FinishedBatch]


def work(message: queue.Message) -> None:
    """Send due deliveries of all clients until no delivery is due, or until the time of this worker is over."""
    deadline = time.monotonic() + min(POLICY.max_run_seconds, message.time_left() / 2)
    outcomes: Outcomes = SimpleQueue()
    running: dict[tuple[UUID, int], EndpointBatch] = {}  # The keys are the endpoint and the fence.
    renewed_at = time.monotonic()
    with ThreadPoolExecutor(POLICY.max_endpoints, "webhook") as threads:
        while True:
            collected = list(_collect(outcomes)) if running else []
            finished = [outcome for outcome in collected if isinstance(outcome, FinishedBatch)]
            for outcome in finished:
                del running[outcome.batch.webhook_id, outcome.batch.fence]
            renews = time.monotonic() - renewed_at > POLICY.renew_seconds
            free = POLICY.max_endpoints - len(running) if time.monotonic() < deadline else 0
            with writing(SYSTEM) as tx:
                _record(tx, [outcome for outcome in collected if isinstance(outcome, AttemptedDelivery)], finished)
                if renews:
                    _renew(tx, running.values())
                    renewed_at = time.monotonic()
                batches = _claim(tx, free)
            for batch in batches:
                threads.submit(_send_batch, batch, outcomes)
            running |= {(batch.webhook_id, batch.fence): batch for batch in batches}
            if not running:
                break
    if time.monotonic() >= deadline:
        queue.send_or_defer([deliveries_due(None)])


def _renew(tx: Transaction, batches: Iterable[EndpointBatch]) -> None:
    """Renew the leases of the endpoints to which threads are sending. The main thread can do this in time, because it
    never waits for an endpoint.
    """
    leases = [{"webhook_id": str(batch.webhook_id), "fence": batch.fence} for batch in batches]
    if leases:
        sql.renew_leases(tx, batches=Jsonb(leases), seconds=POLICY.lease_seconds)


def _claim(tx: Transaction, endpoints: int) -> list[EndpointBatch]:
    if endpoints == 0:
        return []
    rows = sql.claim_batches(
        tx,
        max_batches=endpoints,
        batch_size=POLICY.batch_size,
        max_per_client=POLICY.max_endpoints_per_client,
        seconds=POLICY.lease_seconds,
    )
    return [EndpointBatch(**row) for row in rows]


def _send_batch(batch: EndpointBatch, outcomes: Outcomes) -> None:
    """Send the deliveries of a batch one after the other, until a delivery fails or the time of the batch is over.

    After a failure, the endpoint is paused.
    """
    deadline = time.monotonic() + POLICY.batch_seconds
    any_delivered, failure = False, None
    for delivery in batch.deliveries:
        result = attempt(batch.url, batch.secrets, delivery["id"], delivery["payload"])
        outcomes.put(AttemptedDelivery(delivery, result))
        if result.error is not None:
            failure = result
            break
        any_delivered = True
        if time.monotonic() > deadline:
            break
    outcomes.put(FinishedBatch(batch, any_delivered, failure))


def _collect(outcomes: Outcomes) -> Iterator[AttemptedDelivery | FinishedBatch]:
    """Yield the outcomes that arrive shortly after each other. If no outcome arrives within a short time, yield
    nothing.
    """
    timeout = POLICY.poll_seconds
    try:
        while True:
            yield outcomes.get(timeout=timeout)
            timeout = POLICY.collect_seconds
    except Empty:
        return


def _record(tx: Transaction, attempted: Sequence[AttemptedDelivery], finished: Sequence[FinishedBatch]) -> None:
    """Record the results of attempts, and release the endpoints of finished batches."""
    if attempted:
        attempts = Jsonb([_attempt_row(each.delivery, each.result) for each in attempted])
        sql.record_attempts(tx, attempts=attempts, max_log=POLICY.log_length)
    if finished:
        disabled = sql.release_batches(
            tx,
            batches=Jsonb([_release_row(each) for each in finished]),
            max_pause=POLICY.max_endpoint_pause,
            max_failures=POLICY.disable_after_failures,
            failing_for=POLICY.disable_after_seconds,
        )
        for webhook in disabled:
            logger.warning("an endpoint was disabled", webhook_id=str(webhook["id"]), reason=webhook["reason"])


def _attempt_row(delivery: dict[str, Any], result: AttemptResult) -> dict[str, Any]:
    failed = result.error is not None
    delay = POLICY.retry_delay(delivery["failures"] + 1) if failed else 0.0
    if result.status == GONE or delay is None:
        status, delay = "failed", 0.0
    else:
        status = "pending" if failed else "delivered"
    return {
        "id": delivery["id"],
        "attempts": delivery["attempts"],
        "status": status,
        "delay": max(delay, result.pause),
        "at": result.at.isoformat(),
        "answered": result.status,
        "error": result.error,
        "milliseconds": result.milliseconds,
        "body": result.body,
    }


def _release_row(finished: FinishedBatch) -> dict[str, Any]:
    failure = finished.failure
    return {
        "webhook_id": str(finished.batch.webhook_id),
        "fence": finished.batch.fence,
        "arrived": finished.any_delivered,
        "failed": failure is not None,
        "gone": failure is not None and failure.status == GONE,
        "pause": failure.pause if failure else 0.0,
    }
