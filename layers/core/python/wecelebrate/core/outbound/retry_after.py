"""The Retry-After header (RFC 9110, section 10.2.3)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def seconds_to_wait(retry_after: str | None, now: datetime) -> float | None:
    """Return the delay in seconds that a Retry-After header requests.

    It returns None if the header is missing or invalid.

    The header is a number of seconds or a date. A date without a time zone is in UTC. The delay is 0 for a date in the
    past.
    """
    if retry_after is None:
        return None
    value = retry_after.strip()
    try:
        if value.isascii() and value.isdigit():
            seconds = float(value)
        else:
            until = parsedate_to_datetime(value)
            seconds = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return max(seconds, 0.0)
