"""Corrects the time of an event. The clock of a device can be years off, but the time between two events is accurate.

The corrected time is the time of acceptance minus the age of the event: `accepted - (sent_at - at)`. Segment uses the
same method (https://segment.com/docs/connections/spec/common/#timestamps).
"""

from datetime import datetime, timedelta

MAX_AGE = timedelta(days=7)
"""The largest age of an event. The receipts of events are stored for the same time, so that a repeated event is
recognised.
"""
MAX_LEAD = timedelta(minutes=5)
"""How far the time of an event can be in the future. This happens if a device sets its clock while it sends a batch."""


def corrected(at: datetime, sent_at: datetime | None, accepted_at: datetime) -> tuple[datetime, bool]:
    """Return the corrected time of an event, and whether the time was clamped to the allowed range.

    If `sent_at` is None, the time of the device is used without correction. All times have a UTC offset.
    """
    age = (sent_at or accepted_at) - at
    clamped = min(max(age, -MAX_LEAD), MAX_AGE)
    return accepted_at - clamped, clamped != age
