"""Queues: sends messages, and handles received messages.

The handler of a queue is one line::

    handler = consume(jobs.worker("catalog_sync", sync.run), on_dead_letter=dead_letters.record_message)

This module handles batches, partial failures and retry delays:

- A failed message is delivered again after 5 seconds, then after 10, then after 20 seconds (with jitter).
- A message becomes a dead letter if it has failed as often as the queue allows, or if it is not a JSON object. If the
  dead letter cannot be recorded, SQS moves the message to the dead-letter queue.
- A handler that needs a long time calls `message.extend_visibility()` repeatedly. If the worker dies, the message is
  delivered again VISIBILITY_SECONDS after the last call. The visibility timeout of the queue is longer than that.
"""

import json
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate.core import deadline, direct_workers, kill_switches, metrics, sqs
from wecelebrate.core.database import Transaction
from wecelebrate.core.errors import Unavailable
from wecelebrate.core.settings import settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from mypy_boto3_sqs import SQSClient

logger = Logger()

BACKOFF_SECONDS = (5, 10, 20)
"""The delays before the second, the third, and every further attempt."""
VISIBILITY_SECONDS = 75
"""How long a message stays hidden after a call to `extend_visibility`."""
_EXTEND_EVERY_SECONDS = 20.0
_PLATFORM = "platform"
WAKE_UP_SECONDS = 1
"""The delay of a message that `wake_up` sends, in seconds. The message starts a worker for all rows of its group that
this process commits during the delay."""
_MAX_GROUPS = 1_000
_BATCH_SIZE = 10
"""The maximum number of messages that SQS accepts in one call."""

Dispatch = Literal["queued", "at-once", "deferred"]
"""How the messages of a transaction were handled.

- `queued`: SQS has accepted the messages.
- `at-once`: SQS failed, so the fallbacks did the work immediately.
- `deferred`: SQS failed, so the sweeper sends the messages within seconds.
"""


class Message:
    """A received message. Its `body` is a JSON object."""

    def __init__(self, record: "SQSRecord", time_left: Callable[[], float]) -> None:
        self.body: dict[str, Any] = _parse_object(record.body)
        self.queue = queue_name(record)
        """The name of the queue in function.toml."""
        self.received = int(record.attributes.approximate_receive_count)
        """The number of deliveries of the message, including this delivery."""
        self.time_left = time_left
        """A function that returns the number of seconds until the invocation ends."""
        self._record = record
        self._extended_at = time.monotonic()

    def extend_visibility(self) -> None:
        """Keep the message hidden while the work continues.

        This method can be called often, because it calls SQS at most once in 20 seconds. During the first 20 seconds,
        it does not call SQS, because the queue hides a message for longer than an invocation can last.
        """
        if time.monotonic() - self._extended_at >= _EXTEND_EVERY_SECONDS:
            _set_visibility(self._record, VISIBILITY_SECONDS)
            self._extended_at = time.monotonic()


class UnreadableMessage(Exception):
    """The body of a message is not a JSON object. A retry cannot succeed."""


def _parse_object(text: str) -> dict[str, Any]:
    """Parse the body of a message. Raises UnreadableMessage."""
    try:
        body = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableMessage(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise UnreadableMessage("the body is not a JSON object")
    return body


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


@dataclass(frozen=True, order=True)
class OutgoingMessage:
    """A message to send."""

    queue: str
    body: str
    """The body, as JSON text."""
    group: str
    """The message group. SQS shares the queue fairly between the groups."""
    delay: int = 0
    """The delay before the first delivery, in seconds."""


def message(queue: str, body: Mapping[str, Any] | str, client_id: UUID | None, delay: int = 0) -> OutgoingMessage:
    """Create a message for a queue. `body` is a JSON object, or a text that is sent unchanged.

    The message group is the client, or the platform if `client_id` is None. SQS shares the queue fairly between the
    groups. Raises NotDeclared if function.toml does not declare that the function sends to this queue.
    """
    settings().queue(queue)
    text = body if isinstance(body, str) else json.dumps(dict(body))
    return OutgoingMessage(queue, text, str(client_id or _PLATFORM), delay)


class _TransactionMessages:
    """The messages of one transaction. They are sent together after the transaction has committed."""

    def __init__(self, tx: Transaction) -> None:
        self.messages: list[OutgoingMessage] = []
        self.best_effort_messages: list[OutgoingMessage] = []
        self.wake_ups: list[OutgoingMessage] = []
        self.send_fallbacks: list[Callable[[], bool]] = []
        self.dispatch: Dispatch | None = None
        tx.after_commit(self.send)

    def send(self) -> None:
        """Send all messages. If this fails, run the fallbacks. If a fallback fails, the sweeper sends the messages."""
        now = time.time()
        wake_ups = [each for each in self.wake_ups if _wakes_at.get((each.queue, each.group), 0.0) <= now]
        sent = send_or_defer([*self.messages, *self.best_effort_messages, *wake_ups])
        if sent and wake_ups:
            _remember_wake_ups(wake_ups, now)
        if not self.messages:
            return
        if sent:
            self.dispatch = "queued"
        elif self.send_fallbacks and all(fallback() for fallback in self.send_fallbacks):
            self.dispatch = "at-once"
        else:
            self.dispatch = "deferred"


def enqueue(tx: Transaction, *messages: OutgoingMessage) -> None:
    """Send messages after the transaction has committed. If SQS fails, the sweeper sends them within seconds."""
    tx.local(_TransactionMessages).messages += messages


def enqueue_best_effort(tx: Transaction, *messages: OutgoingMessage) -> None:
    """Send messages after the transaction has committed. Equal messages of a transaction are sent only once.

    If SQS fails, the sweeper sends the messages within seconds. The caller does not learn whether SQS accepted the
    messages: if a transaction has no other messages, `dispatch` returns None.
    """
    pending = tx.local(_TransactionMessages).best_effort_messages
    pending += [each for each in dict.fromkeys(messages) if each not in pending]


def wake_up(tx: Transaction, *messages: OutgoingMessage) -> None:
    """Start a worker for the rows of the transaction within about WAKE_UP_SECONDS after the commit.

    The worker finds its work in the database, so all messages of a group have the same effect. Therefore only the first
    transaction of a group sends a message, with a delay. Transactions that this process commits during the delay send
    no message for the group.

    If SQS fails, the sweeper sends the messages within seconds. As with `enqueue_best_effort`, the caller does not
    learn whether SQS accepted the messages.
    """
    pending = tx.local(_TransactionMessages).wake_ups
    keys = {(each.queue, each.group) for each in pending}
    pending += [replace(each, delay=WAKE_UP_SECONDS) for each in messages if (each.queue, each.group) not in keys]


_wakes_at: dict[tuple[str, str], float] = {}
"""Maps the queue and the group of a wake-up to the earliest time at which SQS delivers it. The time is a wall-clock
time, because the monotonic clock can stand still while Lambda has frozen the process."""


def _remember_wake_ups(messages: Iterable[OutgoingMessage], sent_at: float) -> None:
    if len(_wakes_at) > _MAX_GROUPS:
        _wakes_at.clear()
    for each in messages:
        _wakes_at[each.queue, each.group] = sent_at + each.delay


def on_send_failure(tx: Transaction, fallback: Callable[[], bool]) -> None:
    """Register a fallback, which runs if the messages cannot be sent. The fallback returns whether it did the work."""
    tx.local(_TransactionMessages).send_fallbacks.append(fallback)


def dispatch(tx: Transaction) -> Dispatch | None:
    """Return what happened to the messages of a committed transaction. It returns None if no messages were enqueued."""
    return tx.local(_TransactionMessages).dispatch


def send(messages: Iterable[OutgoingMessage]) -> None:
    """Send messages, at most ten in each call to SQS. Raises SendError if SQS does not accept all messages.

    While workers are started directly, this function waits until workers have processed the messages.
    """
    if is_direct():
        _run_workers(messages)
        return
    for name, group in groupby(sorted(messages), attrgetter("queue")):
        waiting = list(group)
        for first in range(0, len(waiting), _BATCH_SIZE):
            entries = [
                {"Id": str(at), "MessageBody": each.body, "MessageGroupId": each.group, "DelaySeconds": each.delay}
                for at, each in enumerate(waiting[first : first + _BATCH_SIZE])
            ]
            try:
                sqs.send_batch(settings().queue(name), entries)
            except sqs.SqsError as error:
                raise SendError(f"{name}: {error}") from error


def is_direct() -> bool:
    """Return whether workers are started directly, without SQS, because the kill switch `queue` is set."""
    return kill_switches.is_set("queue", "direct")


def _run_workers(messages: Iterable[OutgoingMessage]) -> None:
    for each in sorted(messages):
        if not settings().can_start(each.queue):
            raise SendError(f"{each.queue}: the kill switch queue=direct is set, and this function starts no workers")
        try:
            direct_workers.run(each.queue, each.body)
        except direct_workers.WorkerFailed as error:
            raise SendError(str(error)) from error


class SendError(Exception):
    """SQS did not accept a message."""


def send_or_defer(messages: Iterable[OutgoingMessage]) -> bool:
    """Send messages that announce committed rows. It returns whether SQS accepted all messages.

    If SQS did not accept all messages, the sweeper finds the rows and sends the messages within seconds. While workers
    are started directly, the sweeper starts them, and all other functions leave the messages to the sweeper.
    """
    if is_direct():
        waiting = list(messages)
        ours = [(each.queue, each.body) for each in waiting if settings().can_start(each.queue)]
        return direct_workers.start(ours) and len(ours) == len(waiting)
    try:
        send(messages)
    except SendError as error:
        logger.warning("the messages could not be sent; the sweeper will send them", reason=str(error))
        return False
    return True


@lru_cache(maxsize=1)
def _sqs() -> "SQSClient":
    import boto3
    from botocore.config import Config

    return boto3.client("sqs", config=Config(connect_timeout=2, read_timeout=5, retries={"max_attempts": 2}))


RecordDeadLetter = Callable[[str, str, int, Exception], None]
"""A function that records a dead letter. Its arguments are the queue's name, the text of the message, the number of
deliveries, and the error."""


def consume(
    work: Callable[[Message], None], *, on_dead_letter: RecordDeadLetter
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Create the Lambda handler of a queue whose messages are JSON objects.

    `work` handles one message. If `work` raises an exception, the message is delivered again later. `on_dead_letter`
    records a message that is not delivered again.
    """
    # The import is inside the function, because functions that only send messages do not need it.
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    def handle(record: "SQSRecord", lambda_context: Any) -> None:
        logger.append_keys(message_id=record.message_id)
        received = int(record.attributes.approximate_receive_count)
        try:
            work(Message(record, lambda: lambda_context.get_remaining_time_in_millis() / 1000))
        except Exception as error:
            logger.exception("a message could not be handled", received=received)
            is_last = isinstance(error, UnreadableMessage) or received >= settings().max_receives
            if is_last and _dead_letter(record, received, error, on_dead_letter):
                return
            _retry_later(record)
            raise

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        with deadline.invocation(context):
            response = process_partial_response(
                event=event, record_handler=handle, processor=processor, context=context
            )
        metrics.flush()
        return dict(response)

    return handler


def consume_together(
    work: Callable[[Sequence[Message]], None], *, on_dead_letter: RecordDeadLetter
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Create the Lambda handler of a queue whose messages are handled together, e.g. in one transaction.

    `work` handles all messages of a batch, and must accept messages that it has handled before. If `work` raises an
    exception, it is called again for each message. Therefore one bad message does not stop the other messages. If
    `work` raises Unavailable, all messages are delivered again later.
    """
    one_by_one = consume(lambda message: work([message]), on_dead_letter=on_dead_letter)

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        records = [SQSRecord(record) for record in event["Records"]]
        with deadline.invocation(context):
            try:
                work([Message(record, lambda: context.get_remaining_time_in_millis() / 1000) for record in records])
            except Unavailable as error:
                logger.warning("a batch of messages must wait", messages=len(records), reason=str(error))
                failed = [_retry_later(record) for record in records]
            except Exception:
                logger.exception("a batch of messages could not be handled together", messages=len(records))
                failed = None
            else:
                failed = []
        if failed is None:
            return one_by_one(event, context)
        metrics.flush()
        return {"batchItemFailures": failed}

    # Functions that only send messages do not need this import.
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    return handler


def _retry_later(record: "SQSRecord") -> dict[str, str]:
    """Delay the next delivery of a message. It returns the item that tells Lambda to deliver the message again."""
    received = int(record.attributes.approximate_receive_count)
    jitter = random.uniform(1, 1.5)  # noqa: S311 - no secret
    _set_visibility(record, int(BACKOFF_SECONDS[min(received, len(BACKOFF_SECONDS)) - 1] * jitter))
    return {"itemIdentifier": record.message_id}


def _dead_letter(record: "SQSRecord", received: int, error: Exception, on_dead_letter: RecordDeadLetter) -> bool:
    """Record a message as a dead letter. It returns whether the dead letter was recorded."""
    try:
        on_dead_letter(queue_name(record), record.body, received, error)
    except Exception:
        logger.exception("a dead letter could not be recorded; SQS will move the message to the dead-letter queue")
        return False
    return True


def _physical_name(record: "SQSRecord") -> str:
    """Return the full name of a message's queue in this cloud."""
    return record.event_source_arn.rpartition(":")[2]


def queue_name(record: "SQSRecord") -> str:
    """Return the name that function.toml uses for the queue of a message."""
    return _physical_name(record).removeprefix(f"wecelebrate-{settings().environment}-")


@lru_cache(maxsize=8)
def _url(physical_name: str) -> str:
    return _sqs().get_queue_url(QueueName=physical_name)["QueueUrl"]


def _set_visibility(record: "SQSRecord", seconds: int) -> None:
    """Make SQS deliver a message again after `seconds`, instead of after the visibility timeout of the queue."""
    if record.receipt_handle == direct_workers.RECEIPT:
        return
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        url = _url(_physical_name(record))
        _sqs().change_message_visibility(QueueUrl=url, ReceiptHandle=record.receipt_handle, VisibilityTimeout=seconds)
    except (BotoCoreError, ClientError):
        # SQS still delivers the message again, but only after the visibility timeout of the queue.
        logger.warning("the visibility of a message could not be changed; it is delivered again later", exc_info=True)
