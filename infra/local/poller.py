"""SQS event source mappings: receives messages, runs the function of the queue, deletes what it has done.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html. As on AWS: batches of up to `batch_size` gathered for up
to `window` seconds; at most `maximum_concurrency` at once; partial batch responses (ReportBatchItemFailures); what
was not done comes back when its visibility timeout ends, and goes to the dead-letter queue by SQS's own count.

Where it differs: one loop receives for each queue, and what was received when the host stops becomes visible at once.
"""

import asyncio
import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from logging import getLogger
from typing import Any

from infra.functions import FunctionSpec
from infra.local.function_process import Result
from infra.local.lambda_service import Lambda, RequestTooLarge, TooManyRequests
from infra.local.sqs import BATCH, Message, Sqs, SqsError

log = getLogger(__name__)

POLL = 2
"""Seconds that a poll waits for a message. A poll is let finish before the host ends, or the message it brings would
be invisible for as long as a whole run of the function: so it is not the 20 s that SQS allows."""

LONGEST_PAUSE = 10.0
"""Seconds between two tries to reach a queue that does not answer."""

PAYLOAD_LIMIT = 5 * 1024 * 1024
"""Bytes of message bodies in one event, so that the event stays below Lambda's 6 MB."""


class Mapper:
    """Joins one queue with its function."""

    def __init__(self, spec: FunctionSpec, queue_url: str, functions: Lambda, sqs: Sqs, region: str) -> None:
        if spec.queue is None:
            raise ValueError(f"{spec.name} has no queue")
        self._name = spec.name
        self._queue = spec.queue
        self._queue_url = queue_url
        self._functions = functions
        self._sqs = sqs
        self._region = region
        account, name = queue_url.rsplit("/", 2)[-2:]
        self._arn = f"arn:aws:sqs:{region}:{account}:{name}"
        self._slots = asyncio.Semaphore(min(self._queue.maximum_concurrency, spec.concurrency))
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Receive and hand over until `stop` is called."""
        troubles = 0
        while await self._slots.acquire() and not self._stopping.is_set():
            batch: list[Message] = []
            try:
                batch = await self._gather()
                troubles = 0
            except SqsError as error:
                troubles += 1
                if troubles == 1:
                    log.warning("%s: %s", self._name, error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), min(0.2 * 2**troubles, LONGEST_PAUSE))
            if not batch:
                self._slots.release()
            elif self._stopping.is_set():
                await self._release(batch)
            else:
                task = asyncio.create_task(self._handle(batch))
                self._running.add(task)
                task.add_done_callback(self._done)

    def stop(self) -> None:
        """Receive no more; `run` returns once the poll under way is over."""
        self._stopping.set()
        # A loop that waits for one of its batches to end must see it too.
        self._slots.release()

    async def drain(self, grace: float) -> None:
        """Give the batches under way `grace` seconds, then give their messages back."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._slots.release()
        if not task.cancelled() and (error := task.exception()):
            log.error("%s: a batch was lost sight of", self._name, exc_info=error)

    async def _gather(self) -> list[Message]:
        """A batch: what one poll brings, or, with a window, what comes until it closes or the batch is full."""
        size = self._queue.batch_size
        batch = await self._sqs.receive(self._queue_url, min(BATCH, size), POLL)
        closes = time.monotonic() + self._queue.window
        while batch and len(batch) < size and not self._stopping.is_set():
            left = closes - time.monotonic()
            if left <= 0 or sum(len(message["Body"]) for message in batch) > PAYLOAD_LIMIT:
                break
            most = min(BATCH, size - len(batch))
            batch += await self._sqs.receive(self._queue_url, most, min(POLL, math.ceil(left)))
        return batch

    async def _handle(self, batch: Sequence[Message]) -> None:
        event = {"Records": [record(message, self._arn, self._region) for message in batch]}
        try:
            result = await self._functions.invoke(self._name, event)
        except asyncio.CancelledError:
            await self._release(batch)
            raise
        except (RequestTooLarge, TooManyRequests) as error:
            log.warning("%s: %s", self._name, error)
            return
        failed = failures(result, batch)
        done = [message for message in batch if message["MessageId"] not in failed]
        if failed:
            log.warning("%s: %d of %d messages failed", self._name, len(failed), len(batch))
        try:
            await self._sqs.delete(self._queue_url, done)
        except SqsError as error:
            # They will come again; that a function must bear anyway.
            log.warning("%s: done, but not deleted: %s", self._name, error)

    async def _release(self, batch: Sequence[Message]) -> None:
        with suppress(SqsError):
            await self._sqs.release(self._queue_url, batch)


class Poller:
    """All event source mappings.

    queues: queue name → URL.
    """

    def __init__(
        self, specs: Iterable[FunctionSpec], queues: Mapping[str, str], functions: Lambda, sqs: Sqs, region: str
    ) -> None:
        specs = tuple(specs)
        self._mappers = [
            Mapper(spec, queues[name], functions, sqs, region) for spec in specs for name in spec.consumes(specs)
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(mapper.run()) for mapper in self._mappers]

    async def stop(self, grace: float = 4.0) -> None:
        """Receive no more, give batches under way `grace` seconds, and give back what was not done."""
        for mapper in self._mappers:
            mapper.stop()
        await asyncio.gather(*(mapper.drain(grace) for mapper in self._mappers), *self._tasks)


def record(message: Message, arn: str, region: str) -> dict[str, Any]:
    """A message as the event carries it."""
    attributes = {
        name: {
            "stringValue": value.get("StringValue"),
            "binaryValue": value.get("BinaryValue"),
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": value["DataType"],
        }
        for name, value in (message.get("MessageAttributes") or {}).items()
    }
    for value in attributes.values():
        for name in ("stringValue", "binaryValue"):
            if value[name] is None:
                del value[name]
    made = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes") or {},
        "messageAttributes": attributes,
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": region,
    }
    if "MD5OfMessageAttributes" in message:
        made["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return made


def failures(result: Result, batch: Sequence[Message]) -> frozenset[str]:
    """Ids of the messages that a function's result leaves undone.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html: nothing, or an empty list, means that
    all are done; an answer that cannot be understood, or names what was not in the batch, that none is.
    """
    everything = frozenset(message["MessageId"] for message in batch)
    if result.error:
        return everything
    try:
        returned = json.loads(result.payload)
        if not returned:
            return frozenset()
        failed = frozenset(item["itemIdentifier"] for item in returned.get("batchItemFailures") or [])
    except (ValueError, TypeError, KeyError, AttributeError):
        return everything
    return failed if failed <= everything else everything
