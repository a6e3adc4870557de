"""One attempt to deliver: the request, signed by the Standard Webhooks specification, and what its answer means."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from aws_lambda_powertools import Logger
from standardwebhooks import Webhook as Signer

from wecelebrate.core import outbound

logger = Logger()

TIMEOUT = 10.0
"""Seconds that an endpoint has for all of its answer."""
MOST_ANSWER = 64 * 1024
"""Bytes that an answer may have."""
SHOWN = 2048
"""Bytes of it that are kept."""
GONE = 410
LONGEST_PAUSE = 3600.0
"""Seconds: an endpoint that asks for more is asked again after these."""


@dataclass(frozen=True)
class Attempt:
    """What came of an attempt."""

    at: datetime
    milliseconds: int
    answered: int | None = None
    """The status of the answer."""
    error: str | None = None
    """Why it failed; None when it arrived."""
    body: str | None = None
    """The beginning of the answer."""
    pause: float = 0.0
    """Seconds for which the endpoint asked not to be asked."""


def attempt(url: str, secrets: Sequence[str], delivery_id: str, payload: str) -> Attempt:
    """Send a delivery, once."""
    at = datetime.now(UTC)
    began = time.monotonic()
    try:
        outbound.check(url, https=True)
        answer = outbound.fetch(
            "POST",
            url,
            headers=signed(secrets, delivery_id, at, payload),
            body=payload.encode(),
            timeout=TIMEOUT,
            most=MOST_ANSWER,
        )
    except (outbound.Refused, outbound.Unreachable) as why:
        return Attempt(at, _since(began), error=str(why))
    except Exception:
        # One delivery that something of ours chokes on is tried again, and does not stop those behind it.
        logger.exception("a delivery failed", delivery_id=delivery_id)
        return Attempt(at, _since(began), error="something of ours failed")
    arrived = 200 <= answer.status < 300
    return Attempt(
        at,
        _since(began),
        answered=answer.status,
        error=None if arrived else f"it answered {answer.status}",
        body=answer.body[:SHOWN].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}"),
        pause=0.0 if arrived else pause(answer.headers.get("retry-after"), at),
    )


def signed(secrets: Sequence[str], delivery_id: str, at: datetime, payload: str) -> Mapping[str, str]:
    """The headers of a delivery: a signature by each secret that is good."""
    return {
        "content-type": "application/json",
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Signer(secret).sign(delivery_id, at, payload) for secret in secrets),
    }


def pause(retry_after: str | None, now: datetime) -> float:
    """Seconds that a Retry-After header asks for, as seconds or as a date (RFC 9110), within bounds; 0 for nonsense."""
    if retry_after is None:
        return 0.0
    try:
        if retry_after.strip().isascii() and retry_after.strip().isdigit():
            seconds = float(retry_after)
        else:
            until = parsedate_to_datetime(retry_after)
            seconds = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_PAUSE)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
