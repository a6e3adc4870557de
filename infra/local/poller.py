"""Runs the event source mappings of SQS. Each mapping receives messages, invokes a function, and deletes the processed
messages.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html

As on AWS, a batch has up to `batch_size` messages that arrive within `window` seconds. At most `maximum_concurrency`
batches are processed at the same time. A function can report that only some messages of a batch failed
(ReportBatchItemFailures). A failed message becomes visible again when its visibility timeout ends. After `max_receives`
deliveries, SQS moves the message to the dead-letter queue.

There are two differences from AWS. First, a queue has only one loop that receives its messages. Second, when the host
stops, unprocessed messages become visible again immediately.
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
from infra.local.sqs import MAX_MESSAGES_PER_CALL, Message, Sqs, SqsError

log = getLogger(__name__)

POLL_SECONDS = 2
"""The maximum duration of a long poll, in seconds. SQS allows 20 s, but a stopping host must wait until its last poll
has ended. Otherwise a message that the poll receives would stay invisible until the end of its visibility timeout."""

MAX_RETRY_DELAY = 10.0
"""The maximum time between two attempts to reach a queue that does not respond, in seconds."""

MAX_BODY_BYTES = 5 * 1024 * 1024
"""The maximum size of all message bodies in a batch, in bytes. It keeps the event below Lambda's limit of 6 MB."""


class EventSourceMapping:
    """Receives the messages of one queue, and invokes the function of this queue with them."""

    def __init__(self, spec: FunctionSpec, queue_url: str, functions: Lambda, sqs: Sqs, region: str) -> None:
        if spec.queue is None:
            raise ValueError(f"{spec.name} has no [queue] table in its function.toml")
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
        """Receive and process batches until `stop` is called."""
        failed_polls = 0
        while await self._slots.acquire() and not self._stopping.is_set():
            batch: list[Message] = []
            try:
                batch = await self._receive_batch()
                failed_polls = 0
            except SqsError as error:
                failed_polls += 1
                if failed_polls == 1:
                    log.warning("%s: %s", self._name, error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), min(0.2 * 2**failed_polls, MAX_RETRY_DELAY))
            if not batch:
                self._slots.release()
            elif self._stopping.is_set():
                await self._release(batch)
            else:
                task = asyncio.create_task(self._process(batch))
                self._running.add(task)
                task.add_done_callback(self._batch_ended)

    def stop(self) -> None:
        """Stop receiving messages. `run` returns when its current poll has ended."""
        self._stopping.set()
        # If `run` is waiting for a slot, it continues with this extra slot, and notices that it must stop.
        self._slots.release()

    async def drain(self, grace: float) -> None:
        """Wait up to `grace` seconds until running batches have finished. Then release the messages of unfinished
        batches.
        """
        if self._running:
            _, unfinished = await asyncio.wait(self._running, timeout=grace)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)

    def _batch_ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._slots.release()
        if not task.cancelled() and (error := task.exception()):
            log.error("%s: an unexpected error ended a batch", self._name, exc_info=error)

    async def _receive_batch(self) -> list[Message]:
        """Receive a batch of messages.

        If the queue has no window, this method polls only once. Otherwise, it polls until the window ends or the batch
        is full.
        """
        size = self._queue.batch_size
        batch = await self._sqs.receive(self._queue_url, min(MAX_MESSAGES_PER_CALL, size), POLL_SECONDS)
        deadline = time.monotonic() + self._queue.window
        while batch and len(batch) < size and not self._stopping.is_set():
            remaining = deadline - time.monotonic()
            if remaining <= 0 or sum(len(message["Body"]) for message in batch) > MAX_BODY_BYTES:
                break
            limit = min(MAX_MESSAGES_PER_CALL, size - len(batch))
            batch += await self._sqs.receive(self._queue_url, limit, min(POLL_SECONDS, math.ceil(remaining)))
        return batch

    async def _process(self, batch: Sequence[Message]) -> None:
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
        processed = [message for message in batch if message["MessageId"] not in failed]
        if failed:
            log.warning("%s: %d of %d messages failed", self._name, len(failed), len(batch))
        try:
            await self._sqs.delete(self._queue_url, processed)
        except SqsError as error:
            # SQS will deliver these messages again. Functions must accept repeated messages in any case.
            log.warning(
                "%s: could not delete processed messages, so SQS will deliver them again: %s", self._name, error
            )

    async def _release(self, batch: Sequence[Message]) -> None:
        with suppress(SqsError):
            await self._sqs.release(self._queue_url, batch)


class Poller:
    """Runs the event source mappings of all functions.

    queues: maps the names of queues to their URLs.
    """

    def __init__(
        self, specs: Iterable[FunctionSpec], queues: Mapping[str, str], functions: Lambda, sqs: Sqs, region: str
    ) -> None:
        specs = tuple(specs)
        self._mappings = [
            EventSourceMapping(spec, queues[name], functions, sqs, region)
            for spec in specs
            for name in spec.consumes(specs)
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(mapping.run()) for mapping in self._mappings]

    async def stop(self, grace: float = 4.0) -> None:
        """Stop receiving messages, wait up to `grace` seconds for running batches, and release unprocessed messages."""
        for mapping in self._mappings:
            mapping.stop()
        await asyncio.gather(*(mapping.drain(grace) for mapping in self._mappings), *self._tasks)


def record(message: Message, arn: str, region: str) -> dict[str, Any]:
    """Convert a message to a record of the Lambda event."""
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
    event_record = {
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
        event_record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return event_record


def failures(result: Result, batch: Sequence[Message]) -> frozenset[str]:
    """Return the ids of the failed messages from the result of the function.

    After an empty result or an empty list of failures, no message has failed. After an invalid result or an id that is
    not in the batch, all messages have failed.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    all_ids = frozenset(message["MessageId"] for message in batch)
    if result.error:
        return all_ids
    try:
        response = json.loads(result.payload)
        if not response:
            return frozenset()
        failed = frozenset(item["itemIdentifier"] for item in response.get("batchItemFailures") or [])
    except (ValueError, TypeError, KeyError, AttributeError):
        return all_ids
    return failed if failed <= all_ids else all_ids
