"""Queues: sending, and the work of one message.

A handler of a queue reads as a sentence::

    handler = consume(syncs.run)

Batches, partial failures and the wait before the next try are handled here, once. A message that failed is hidden for
5, 10, then 20 seconds (with jitter); after the queue's last delivery SQS moves it to the dead-letter queue. Long work
shows that it lives by `message.hold()`: a worker that dies gives its message back within HOLD_SECONDS, not after the
visibility of a whole run.
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from wecelebrate import metrics
from wecelebrate.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

logger = Logger()

BACKOFF = (5, 10, 20)
"""Seconds until the next try, by how often the message came."""
HOLD_SECONDS = 75
"""How long a message stays hidden after the last sign of life."""
_BEAT = 20.0


class Message:
    """One message: `body`, a JSON object, and the hold on it."""

    def __init__(self, record: SQSRecord) -> None:
        self.body: dict[str, Any] = json.loads(record.body)
        self._record = record
        self._held_at = float("-inf")

    def hold(self) -> None:
        """Show that the work goes on. As cheap as a look at the clock, most times."""
        if time.monotonic() - self._held_at >= _BEAT:
            _hide(self._record, HOLD_SECONDS)
            self._held_at = time.monotonic()


@lru_cache(maxsize=1)
def _sqs() -> "SQSClient":
    import boto3
    from botocore.config import Config

    return boto3.client("sqs", config=Config(connect_timeout=3, read_timeout=10, retries={"max_attempts": 4}))


def send(queue: str, message: Mapping[str, Any], group: str, delay: int = 0) -> None:
    """Send a message; `group` is whose it is (SQS fair queues), `delay` is in seconds."""
    _sqs().send_message(
        QueueUrl=settings().queue(queue),
        MessageBody=json.dumps(dict(message)),
        MessageGroupId=group,
        DelaySeconds=delay,
    )


def consume(work: Callable[[Message], None]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The handler of a queue whose messages are JSON objects: `work` does one, and raises when it has to come again."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    def one(record: SQSRecord) -> None:
        logger.append_keys(message_id=record.message_id)
        try:
            work(Message(record))
        except Exception:
            logger.exception("the message will come again")
            received = int(record.attributes.approximate_receive_count)
            jitter = random.uniform(1, 1.5)  # noqa: S311 - no secret
            _hide(record, int(BACKOFF[min(received, len(BACKOFF)) - 1] * jitter))
            raise

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        answer = process_partial_response(event=event, record_handler=one, processor=processor, context=context)
        metrics.flush()
        return dict(answer)

    return handler


def _hide(record: SQSRecord, seconds: int) -> None:
    """Let a message come again in `seconds`, not when the visibility of a whole run is over."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        url = _sqs().get_queue_url(QueueName=record.event_source_arn.rpartition(":")[2])["QueueUrl"]
        _sqs().change_message_visibility(QueueUrl=url, ReceiptHandle=record.receipt_handle, VisibilityTimeout=seconds)
    except (BotoCoreError, ClientError):
        # It comes again all the same, only later.
        logger.warning("could not set when the message comes again", exc_info=True)
