"""Makes one attempt to send a delivery. The request is signed according to the specification "Standard Webhooks"."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aws_lambda_powertools import Logger
from standardwebhooks import Webhook as Signer

from wecelebrate.core import outbound

logger = Logger()

TIMEOUT = 10.0
"""How long to wait for the whole response of an endpoint, in seconds."""
MAX_RESPONSE_BYTES = 64 * 1024
"""How many bytes of a response body are read at most."""
STORED_RESPONSE_BYTES = 2048
"""How many bytes of the response body are stored with the delivery."""
GONE = 410
"""The status of a response that refuses all further deliveries."""
MAX_PAUSE = 3600.0
"""The longest pause that an endpoint can ask for, in seconds. A longer pause is shortened to this value."""


@dataclass(frozen=True)
class AttemptResult:
    """The result of one attempt to send a delivery."""

    at: datetime
    milliseconds: int
    status: int | None = None
    """The status code of the response. None if there was no response."""
    error: str | None = None
    """Why the attempt failed. None if the delivery arrived."""
    body: str | None = None
    """The beginning of the response body."""
    pause: float = 0.0
    """The pause that the endpoint asked for, in seconds."""


def attempt(url: str, secrets: Sequence[str], delivery_id: str, payload: str) -> AttemptResult:
    """Make one attempt to send a delivery. If an error occurs, it is not raised, but is part of the result."""
    at = datetime.now(UTC)
    started = time.monotonic()
    try:
        outbound.check(url, https=True)
        response = outbound.fetch(
            "POST",
            url,
            headers=signed_headers(secrets, delivery_id, at, payload),
            body=payload.encode(),
            timeout=TIMEOUT,
            max_bytes=MAX_RESPONSE_BYTES,
        )
    except outbound.OutboundError as error:
        return AttemptResult(at, _milliseconds_since(started), error=str(error))
    except Exception:
        # A bug that affects one delivery must not stop the next deliveries. The failed delivery is retried later.
        logger.exception("a delivery failed because of an internal error", delivery_id=delivery_id)
        return AttemptResult(at, _milliseconds_since(started), error="internal error")
    body = response.body[:STORED_RESPONSE_BYTES].decode("utf-8", "replace")
    delivered = 200 <= response.status < 300
    pause = 0.0 if delivered else outbound.seconds_to_wait(response.headers.get("retry-after"), at) or 0.0
    return AttemptResult(
        at,
        _milliseconds_since(started),
        status=response.status,
        error=None if delivered else f"the endpoint responded with status {response.status}",
        body=body.replace("\0", "\N{REPLACEMENT CHARACTER}"),  # PostgreSQL cannot store NUL characters.
        pause=min(pause, MAX_PAUSE),
    )


def signed_headers(secrets: Sequence[str], delivery_id: str, at: datetime, payload: str) -> Mapping[str, str]:
    """Return the headers of a delivery. These headers contain one signature for each valid secret."""
    return {
        "content-type": "application/json",
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Signer(secret).sign(delivery_id, at, payload) for secret in secrets),
    }


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
