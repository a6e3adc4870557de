"""Sends messages to SQS over one persistent connection.

The client of boto3 needs about 1.5 ms of CPU time for a call, and about 180 ms to be created at a cold start. This
module needs neither. It implements one operation, `SendMessageBatch`, of the JSON protocol of SQS:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html

Like boto3 with the same settings, this module tries a call three times if SQS cannot be reached, fails or limits the
rate. If a reused connection ends before the response, the module immediately sends the request again on a new
connection, because the end of an idle connection is not a failure of SQS.
"""

import os
import random
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from time import sleep
from typing import Any
from urllib.parse import urlsplit

import orjson

from wecelebrate.core.aws import THROTTLING_CODES
from wecelebrate.core.aws_signature import NoCredentials, signed_headers
from wecelebrate.core.kept_connection import ConnectionDropped, KeptConnection, Response

ATTEMPTS = 3
MAX_PAUSE_SECONDS = 0.5
"""The maximum pause before the second attempt. The maximum pause before the third attempt is twice as long."""
_CONNECT_TIMEOUT, _READ_TIMEOUT = 2.0, 5.0
_CONTENT_TYPE = "application/x-amz-json-1.0"
_TARGET = "AmazonSQS.SendMessageBatch"
_FIRST_SERVER_ERROR = 500

_connection = KeptConnection(_CONNECT_TIMEOUT, _READ_TIMEOUT)
_lock = threading.Lock()
"""A thread that sends messages holds the lock for one attempt, because the connection is not thread-safe."""


class SqsError(Exception):
    """SQS did not accept all messages of a call. It may have accepted some of them."""


def send_batch(queue_url: str, entries: Sequence[Mapping[str, Any]]) -> None:
    """Send up to ten messages to a queue. `entries` are the entries of `SendMessageBatch`. Raises SqsError."""
    body = orjson.dumps({"QueueUrl": queue_url, "Entries": entries})
    url = _endpoint(queue_url)
    for attempt in range(ATTEMPTS):
        if attempt:
            sleep(random.uniform(0, MAX_PAUSE_SECONDS * attempt))  # noqa: S311 - no secret
        try:
            response = _post(url, body, _headers(url, body))
            result = orjson.loads(response.content) if response.content else {}
        except (OSError, HTTPException, ValueError) as error:
            problem = f"SQS sent no valid response: {error!r}"
            continue
        code = str(result.get("__type", "")).rpartition("#")[2] if isinstance(result, dict) else ""
        if response.status == 200 and isinstance(result, dict):
            _check(result, len(entries))
            return
        problem = f"{response.status} {code}: {result.get('message', '') if isinstance(result, dict) else ''}"
        if response.status < _FIRST_SERVER_ERROR and code not in THROTTLING_CODES:
            break
    raise SqsError(problem)


def _post(url: str, body: bytes, headers: dict[str, str]) -> Response:
    with _lock:
        with suppress(ConnectionDropped):
            return _connection.post(url, body, headers)
        return _connection.post(url, body, headers)  # This connection is new, so it cannot raise ConnectionDropped.


def _check(result: Mapping[str, Any], count: int) -> None:
    """Raise SqsError unless SQS has accepted all messages."""
    if failed := result.get("Failed"):
        raise SqsError(f"{failed[0].get('Code')}: {failed[0].get('Message')}")
    if len(result.get("Successful") or ()) != count:
        raise SqsError("the response does not name all messages")


def _endpoint(queue_url: str) -> str:
    """Return the URL to which requests are sent: the configured endpoint, or the server of the queue."""
    configured = os.environ.get("AWS_ENDPOINT_URL_SQS") or os.environ.get("AWS_ENDPOINT_URL")
    if configured:
        return configured.rstrip("/") + "/"
    url = urlsplit(queue_url)
    return f"{url.scheme}://{url.netloc}/"


def _headers(url: str, body: bytes) -> dict[str, str]:
    """Return the signed headers of a request. Raises SqsError if there are no credentials."""
    try:
        return signed_headers("sqs", url, body, {"content-type": _CONTENT_TYPE, "x-amz-target": _TARGET})
    except NoCredentials as error:
        raise SqsError(f"the credentials of AWS are missing: {error}") from error
