"""Corrects the time of an event. The clock of a device can be years off, but it measures differences well.

The corrected time is the time of acceptance, minus the age of the event: `accepted - (sent_at - at)`. This is the
method of Segment (https://segment.com/docs/connections/spec/common/#timestamps).
"""

from datetime import datetime, timedelta

MAX_AGE = timedelta(days=7)
"""The largest age of an event. For the same length of time, receipts recognise a repeated event."""
MAX_LEAD = timedelta(minutes=5)
"""How far an event can be in the future. A device can send a batch while its clock is being set."""


def corrected(at: datetime, sent_at: datetime | None, accepted_at: datetime) -> tuple[datetime, bool]:
    """Return the corrected time of an event, and whether the time was clamped to the allowed range.

    Without `sent_at`, the clock of the device is trusted. All times have a UTC offset.
    """
    age = (sent_at or accepted_at) - at
    clamped = min(max(age, -MAX_LEAD), MAX_AGE)
    return accepted_at - clamped, clamped != age
