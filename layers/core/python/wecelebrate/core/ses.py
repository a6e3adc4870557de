"""Sends mails through SES over one persistent connection.

To send a mail, the client of boto3 needs 4.6 times as much CPU time as this module (decision 0124). This module
implements only the operation `SendEmail` of the SES API:
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html

A request is never repeated, because SES has no idempotency keys: a second request could send the mail twice.
"""

import os
import threading
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import orjson

from wecelebrate.core.aws_signature import signed_headers
from wecelebrate.core.kept_connection import KeptConnection, Response

_PATH = "/v2/email/outbound-emails"
_CONNECT_TIMEOUT, _READ_TIMEOUT = 3.0, 20.0

_connection = KeptConnection(_CONNECT_TIMEOUT, _READ_TIMEOUT)
_lock = threading.Lock()
"""A thread that sends a mail holds the lock, because the connection is not thread-safe."""


class SesError(Exception):
    """SES did not accept the mail. `code` is the code of the error, e.g. `MessageRejected`, or an empty text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.code = code
        self.message = message


def send_email(request: Mapping[str, Any]) -> str:
    """Send a mail, and return its id in SES. `request` is the body of the request `SendEmail`.

    Raises SesError if SES does not accept the mail, and NotConnected if SES cannot be reached. Raises NoCredentials if
    the environment has no credentials. After OSError, HTTPException or ValueError, it is unknown whether SES has
    accepted the mail.
    """
    url, body = _endpoint() + _PATH, orjson.dumps(request, default=_base64)
    headers = signed_headers("ses", url, body, {"content-type": "application/json"})
    with _lock:
        response = _connection.post(url, body, headers)
    if response.status != 200:
        raise _error(response)
    return str(orjson.loads(response.content)["MessageId"])


def _base64(content: bytes) -> str:
    """Return bytes in Base64, as the API of SES expects."""
    return b64encode(content).decode()


def _endpoint() -> str:
    """Return the configured endpoint, or the endpoint of SES in the region of the function."""
    configured = os.environ.get("AWS_ENDPOINT_URL_SESV2") or os.environ.get("AWS_ENDPOINT_URL")
    return configured.rstrip("/") if configured else f"https://email.{os.environ.get('AWS_REGION')}.amazonaws.com"


def _error(response: Response) -> SesError:
    """Return the error of a response. The error's code is in a header or in the body. The message is in the body."""
    try:
        body = orjson.loads(response.content)
    except ValueError:
        body = None
    fields = body if isinstance(body, dict) else {}
    name = response.headers.get("x-amzn-errortype") or str(fields.get("__type") or fields.get("code") or "")
    code = name.partition(":")[0].rpartition("#")[2]
    return SesError(response.status, code, str(fields.get("message") or fields.get("Message") or ""))
