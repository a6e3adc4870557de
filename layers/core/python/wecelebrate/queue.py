"""Queues: sending, and the work of one message.

A handler of a queue reads as a sentence::

    handler = consume(syncs.run)

Batches, partial failures and the wait before the next try are handled here, once. A message that failed is hidden for
5, 10, then 20 seconds (with jitter); after the queue's last delivery SQS moves it to the dead-letter queue.
"""

import json
import random
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from wecelebrate.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

logger = Logger()

BACKOFF = (5, 10, 20)
"""Seconds until the next try, by how often the message came."""


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
        **({"DelaySeconds": delay} if delay else {}),
    )


def consume(work: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The handler of a queue whose messages are JSON objects: `work` does one, and raises when it has to come again."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    def one(record: SQSRecord) -> None:
        logger.append_keys(message_id=record.message_id)
        try:
            work(json.loads(record.body))
        except Exception:
            logger.exception("the message will come again")
            _hide(record)
            raise

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return dict(process_partial_response(event=event, record_handler=one, processor=processor, context=context))

    return handler


def _hide(record: SQSRecord) -> None:
    """Let a failed message come again soon, not when the visibility of a whole run is over."""
    received = int(record.attributes.approximate_receive_count)
    wait = BACKOFF[min(received, len(BACKOFF)) - 1] * random.uniform(1, 1.5)  # noqa: S311 — jitter, no secret
    try:
        *_, name = record.event_source_arn.split(":")
        url = _sqs().get_queue_url(QueueName=name)["QueueUrl"]
        _sqs().change_message_visibility(
            QueueUrl=url, ReceiptHandle=record.receipt_handle, VisibilityTimeout=int(wait)
        )
    except Exception:
        # It comes again all the same, only later.
        logger.warning("could not shorten the wait", exc_info=True)
