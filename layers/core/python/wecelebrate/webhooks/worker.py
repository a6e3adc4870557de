"""The worker of webhooks: what a message of the queue sets going.

It takes lines (endpoints with what is due for them), sends each line's deliveries one after the other on a thread of
its own, and notes what became of them; all of the database is this thread's. So an endpoint that hangs holds up itself
alone, and whoever takes a line after this worker died sends again what was not noted: at least once, with the same id.
"""

import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from queue import Empty, SimpleQueue
from typing import Any
from uuid import UUID

from aws_lambda_powertools import Logger
from psycopg.types.json import Jsonb

from wecelebrate import queue
from wecelebrate.database import SYSTEM, Transaction, writing
from wecelebrate.webhooks import sql, word
from wecelebrate.webhooks.sending import GONE, Attempt, attempt

logger = Logger()

RETRIES = (5, 30, 120, 900, 3_600, 10_800, 28_800, 43_200)
"""Seconds until the next attempt, by failed ones: nine attempts over more than 24 hours."""
JITTER = 0.1
"""The share of it that may come on top, so that what failed together does not come back together."""
LINES = 16
"""Endpoints that one worker sends to at once."""
MOST_OF_CLIENT = 12
"""Endpoints of one client that all workers send to at once, so that nobody has all of a worker's threads."""
RUN = 25
"""Deliveries that are taken with a line: what a worker that dies may have sent without noting it."""
RUN_SECONDS = 15.0
"""After which a line is given back before its next delivery."""
LEASE_SECONDS = 60
"""How long a line is a worker's; far longer than RUN_SECONDS and one attempt."""
LONGEST = 60.0
"""Seconds for which one message keeps its worker taking further lines."""
LOOK = 0.25
"""Seconds after which it looks again for lines that are due, while others are being sent."""
GATHER = 0.005
"""Seconds to wait for more to note, once there is something."""
REST = 60.0
"""Seconds that an endpoint rests at most after a failure, unless it asks for more."""
FAILURES = 20
"""Failed attempts in a row, and …"""
FAILING_FOR = 3 * 24 * 3600
"""… seconds since the first of them, after which an endpoint is disabled."""
LOGGED = 20
"""Attempts that a delivery remembers."""


@dataclass(frozen=True)
class Line:
    """An endpoint, this worker's for a while, with what is due for it."""

    webhook_id: UUID
    client_id: UUID
    url: str
    fence: int
    secrets: list[str]
    deliveries: list[dict[str, Any]]


@dataclass(frozen=True)
class Sent:
    """What came of one delivery."""

    delivery: dict[str, Any]
    attempt: Attempt


@dataclass(frozen=True)
class Ended:
    """A line that is done with, or stopped at its first failure."""

    line: Line
    arrived: bool
    """Whether anything did."""
    failure: Attempt | None


Outcomes = SimpleQueue[Sent | Ended]


def work(message: queue.Message) -> None:
    """Send what is due, whosever it is, for as long as there is any and there is time."""
    until = time.monotonic() + min(LONGEST, message.time_left() / 2)
    outcomes: Outcomes = SimpleQueue()
    at_work = 0
    with ThreadPoolExecutor(LINES, "line") as threads:
        while True:
            noted = list(_gathered(outcomes)) if at_work else []
            ended = [one for one in noted if isinstance(one, Ended)]
            at_work -= len(ended)
            wanted = LINES - at_work if time.monotonic() < until else 0
            with writing(SYSTEM) as tx:
                _note(tx, [one for one in noted if isinstance(one, Sent)], ended)
                taken = _take(tx, wanted)
            for line in taken:
                threads.submit(_send, line, outcomes)
            at_work += len(taken)
            if not at_work:
                break
    if time.monotonic() >= until:
        queue.tell([word(None)])


def delay(failures: int) -> float | None:
    """Seconds until the next attempt after so many failed; None after the last."""
    if failures > len(RETRIES):
        return None
    return RETRIES[failures - 1] * random.uniform(1, 1 + JITTER)  # noqa: S311 - no secret


def _take(tx: Transaction, lines: int) -> list[Line]:
    if lines == 0:
        return []
    taken = sql.claim_batches(
        tx, max_batches=lines, batch_size=RUN, max_per_client=MOST_OF_CLIENT, seconds=LEASE_SECONDS
    )
    return [Line(**row) for row in taken]


def _send(line: Line, outcomes: Outcomes) -> None:
    """Send a line's deliveries one after the other, until one fails: then the endpoint has a rest."""
    until = time.monotonic() + RUN_SECONDS
    arrived, failure = False, None
    for delivery in line.deliveries:
        came = attempt(line.url, line.secrets, delivery["id"], delivery["payload"])
        outcomes.put(Sent(delivery, came))
        if came.error is not None:
            failure = came
            break
        arrived = True
        if time.monotonic() > until:
            break
    outcomes.put(Ended(line, arrived, failure))


def _gathered(outcomes: Outcomes) -> Iterator[Sent | Ended]:
    """What threads have to tell, once there is something; nothing when there is not for a while."""
    patience = LOOK
    try:
        while True:
            yield outcomes.get(timeout=patience)
            patience = GATHER
    except Empty:
        return


def _note(tx: Transaction, sent: Sequence[Sent], ended: Sequence[Ended]) -> None:
    if sent:
        sql.record_attempts(tx, attempts=Jsonb([_noted(one) for one in sent]), max_log=LOGGED)
    if ended:
        lines = Jsonb([_released(one) for one in ended])
        for lost in sql.release_batches(
            tx, batches=lines, max_pause=REST, max_failures=FAILURES, failing_for=FAILING_FOR
        ):
            logger.warning("an endpoint was disabled", webhook_id=str(lost["id"]), reason=lost["reason"])


def _noted(one: Sent) -> dict[str, Any]:
    """A row of `record_attempts`."""
    came = one.attempt
    again = delay(one.delivery["failures"] + 1) if came.error is not None else 0.0
    if came.answered == GONE or again is None:
        status, again = "failed", 0.0
    else:
        status = "pending" if came.error is not None else "delivered"
    known = {"id": one.delivery["id"], "attempts": one.delivery["attempts"], "status": status}
    return asdict(came) | known | {"at": came.at.isoformat(), "delay": max(again, came.pause)}


def _released(one: Ended) -> dict[str, Any]:
    """A row of `release_batches`."""
    failure = one.failure
    return {
        "webhook_id": str(one.line.webhook_id),
        "fence": one.line.fence,
        "arrived": one.arrived,
        "failed": failure is not None,
        "gone": failure is not None and failure.answered == GONE,
        "pause": failure.pause if failure else 0.0,
    }
