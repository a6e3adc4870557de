"""Starts the workers of queues without SQS, while the kill switch `queue` is set to `direct`.

A function that declares `worker:<queue>` in its function.toml can invoke the worker of this queue itself. The worker
gets the same event as from SQS, so it does the same work. If two workers get the same message, the work is done only
once, because workers claim jobs and deliveries in the database.

Workers are invoked synchronously, because Lambda keeps the events of asynchronous invocations in queues of SQS.
"""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any
from uuid import uuid4

from aws_lambda_powertools import Logger

from wecelebrate.core.settings import settings

logger = Logger()

RECEIPT = "direct"
"""The receipt handle of a message that did not come from SQS. The message has no visibility timeout."""
START_SECONDS = 1.0
"""How long `start` waits for a worker to report an error.

When `start` stops waiting, the worker continues.
"""
WORK_SECONDS = 20.0
"""How long `run` waits until a worker has finished."""
_THREADS = 10


class WorkerFailed(Exception):
    """A worker could not be started, or did not process its message."""


def start(messages: Iterable[tuple[str, str]]) -> bool:
    """Start a worker for each message, and do not wait until the workers have finished.

    It returns False if a worker failed within START_SECONDS.

    messages: the queue and the body of each message. A message must announce rows of the database, because the sweeper
    repeats a message only if its rows have not been processed.
    """
    with ThreadPoolExecutor(_THREADS, "direct") as threads:
        return all(list(threads.map(lambda message: _start(*message), messages)))


def _start(queue: str, body: str) -> bool:
    from botocore.exceptions import ReadTimeoutError

    try:
        _invoke(queue, body, START_SECONDS)
    except ReadTimeoutError:
        return True
    except WorkerFailed as error:
        logger.warning("a worker could not be started directly; the sweeper tries again", reason=str(error))
        return False
    return True


def run(queue: str, body: str) -> None:
    """Let a worker process a message, and wait until the worker has finished. Raises WorkerFailed."""
    from botocore.exceptions import ReadTimeoutError

    try:
        _invoke(queue, body, WORK_SECONDS)
    except ReadTimeoutError as error:
        raise WorkerFailed(f"{queue}: the worker has not finished within {WORK_SECONDS:g} s") from error


def _invoke(queue: str, body: str, seconds: float) -> None:
    """Invoke a worker.

    Raises WorkerFailed, or ReadTimeoutError if the worker runs longer than the given number of seconds.
    """
    from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

    payload = json.dumps({"Records": [_record(queue, body)]}).encode()
    try:
        response = _client(seconds).invoke(FunctionName=settings().worker(queue), Payload=payload)
        result = json.loads(response["Payload"].read() or b"null")
    except ReadTimeoutError:
        raise
    except (BotoCoreError, ClientError, ValueError) as error:
        raise WorkerFailed(f"{queue}: {error}") from error
    if response.get("FunctionError") or not isinstance(result, dict) or result.get("batchItemFailures"):
        raise WorkerFailed(f"{queue}: the worker did not process the message")


def _record(queue: str, body: str) -> dict[str, Any]:
    """Return a message as SQS delivers it.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    return {
        "messageId": str(uuid4()),
        "receiptHandle": RECEIPT,
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:::{queue}",
    }


@lru_cache(maxsize=2)
def _client(seconds: float) -> Any:
    import boto3
    from botocore.config import Config

    # A repeated invocation would start the same worker twice.
    once = {"total_max_attempts": 1}
    config = Config(connect_timeout=2, read_timeout=seconds, max_pool_connections=_THREADS, retries=once)  # type: ignore[arg-type]
    return boto3.client("lambda", config=config)
