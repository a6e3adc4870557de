"""Queues: sending, and the work of one message.

A handler of a queue reads as a sentence::

    handler = consume(jobs.worker("catalog_sync", syncs.run))

Batches, partial failures and the wait before the next try are handled here, once. A message that failed is hidden for
5, 10, then 20 seconds (with jitter); one that failed as often as the queue allows, or is no JSON object, is put with
the dead letters, which say why; where not even that can be done, SQS moves it to the dead-letter queue. Long work shows
that it lives by `message.hold()`: a worker that dies gives its message back within HOLD_SECONDS, not after the
visibility of a run.
"""

import json
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate.core import metrics
from wecelebrate.core.settings import settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from mypy_boto3_sqs import SQSClient

logger = Logger()

BACKOFF = (5, 10, 20)
"""Seconds until the next try, by how often it was tried."""
HOLD_SECONDS = 75
"""How long a message stays hidden after the last sign of life."""
_BEAT = 20.0
_PLATFORM = "platform"
_BATCH = 10
"""Most messages in one call of SQS."""


class Message:
    """One message: `body`, a JSON object, and the hold on it."""

    def __init__(self, record: "SQSRecord", time_left: Callable[[], float]) -> None:
        self.body: dict[str, Any] = _object(record.body)
        self.queue = source(record)
        """Our name of the queue that it came from."""
        self.received = int(record.attributes.approximate_receive_count)
        """How often it came, this time included."""
        self.time_left = time_left
        """Seconds until the invocation ends."""
        self._record = record
        self._held_at = float("-inf")

    def hold(self) -> None:
        """Show that the work goes on. As cheap as a look at the clock, most times."""
        if time.monotonic() - self._held_at >= _BEAT:
            _hide(self._record, HOLD_SECONDS)
            self._held_at = time.monotonic()


class Unreadable(Exception):
    """A message is no JSON object: no try will make it one."""


def _object(text: str) -> dict[str, Any]:
    """The body of a message. Raises Unreadable."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise Unreadable("it is no JSON object")
    return body


@dataclass(frozen=True, order=True)
class Word:
    """A message that is to be sent."""

    queue: str
    body: str
    """JSON."""
    group: str
    delay: int = 0
    """Seconds."""


def word(queue: str, body: Mapping[str, Any] | str, client_id: UUID | None, delay: int = 0) -> Word:
    """A message to a queue, an object or a text as it stands; its group, by which SQS is fair, is the client whose it
    is, or the platform.

    Raises NotDeclared when the function does not declare that it sends there.
    """
    settings().queue(queue)
    text = body if isinstance(body, str) else json.dumps(dict(body))
    return Word(queue, text, str(client_id or _PLATFORM), delay)


def send(words: Iterable[Word]) -> None:
    """Send messages, ten a call. Raises SendError when SQS does not take all of them."""
    from botocore.exceptions import BotoCoreError, ClientError

    for name, some in groupby(sorted(words), attrgetter("queue")):
        waiting = list(some)
        for first in range(0, len(waiting), _BATCH):
            entries = [
                {"Id": str(at), "MessageBody": each.body, "MessageGroupId": each.group, "DelaySeconds": each.delay}
                for at, each in enumerate(waiting[first : first + _BATCH])
            ]
            try:
                answer = _sqs().send_message_batch(QueueUrl=settings().queue(name), Entries=entries)  # type: ignore[arg-type]
            except (BotoCoreError, ClientError) as error:
                raise SendError(f"{name}: {error}") from error
            if failed := answer.get("Failed"):
                raise SendError(f"{name}: {failed[0].get('Code')}: {failed[0].get('Message')}")


class SendError(Exception):
    """SQS did not take a message."""


def tell(words: Iterable[Word]) -> bool:
    """Send word of what is committed. When that fails the sweeper sends it, within seconds; whether it was sent."""
    try:
        send(words)
    except SendError as error:
        logger.warning("the sweeper will send it", reason=str(error))
        return False
    return True


@lru_cache(maxsize=1)
def _sqs() -> "SQSClient":
    import boto3
    from botocore.config import Config

    return boto3.client("sqs", config=Config(connect_timeout=2, read_timeout=5, retries={"max_attempts": 2}))


def consume(work: Callable[[Message], None]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The handler of a queue whose messages are JSON objects: `work` does one, and raises when it has to come again."""
    # Here, for who only sends must not wait for it.
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    def one(record: "SQSRecord", lambda_context: Any) -> None:
        logger.append_keys(message_id=record.message_id)
        received = int(record.attributes.approximate_receive_count)
        try:
            work(Message(record, lambda: lambda_context.get_remaining_time_in_millis() / 1000))
        except Exception as error:
            logger.exception("a message failed", received=received)
            hopeless = isinstance(error, Unreadable) or received >= settings().max_receives
            if hopeless and _bury(record, received, error):
                return
            jitter = random.uniform(1, 1.5)  # noqa: S311 - no secret
            _hide(record, int(BACKOFF[min(received, len(BACKOFF)) - 1] * jitter))
            raise

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        answer = process_partial_response(event=event, record_handler=one, processor=processor, context=context)
        metrics.flush()
        return dict(answer)

    return handler


def _bury(record: "SQSRecord", received: int, error: Exception) -> bool:
    """Put a message with the dead letters, in its last delivery; whether that could be done."""
    from wecelebrate.jobs import dead_letters

    try:
        dead_letters.record_message(source(record), record.body, received, error)
    except Exception:
        logger.exception("SQS will move the message to the dead-letter queue")
        return False
    return True


def _physical(record: "SQSRecord") -> str:
    """What the queue of a message is called in this cloud."""
    return record.event_source_arn.rpartition(":")[2]


def source(record: "SQSRecord") -> str:
    """Our name of the queue that a message came from."""
    return _physical(record).removeprefix(f"wecelebrate-{settings().environment}-")


@lru_cache(maxsize=8)
def _url(physical: str) -> str:
    return _sqs().get_queue_url(QueueName=physical)["QueueUrl"]


def _hide(record: "SQSRecord", seconds: int) -> None:
    """Let a message come again in `seconds`, not when the visibility of a whole run is over."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        url = _url(_physical(record))
        _sqs().change_message_visibility(QueueUrl=url, ReceiptHandle=record.receipt_handle, VisibilityTimeout=seconds)
    except (BotoCoreError, ClientError):
        # It comes again all the same, only later.
        logger.warning("could not set when the message comes again", exc_info=True)
