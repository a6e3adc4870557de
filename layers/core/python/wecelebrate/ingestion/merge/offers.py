"""Converts the days on which an offer begins and ends to points in time.

A date without a time means the whole day in the time zone of the sender.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wecelebrate.feeds import Offer
from wecelebrate.products.models import MAX_OFFERS


def stored_offers(offers: tuple[Offer, ...], timezone: str) -> list[dict[str, Any]]:
    """Return offers for `app.stored_offers`. If a product has too many offers, only the offers that end first are
    returned.

    `timezone` is the IANA time zone for days and local times.
    """
    zone = ZoneInfo(timezone)
    stored = [
        {
            "price": f"{offer.price:f}",
            "starts_at": _text(offer.first, zone),
            "ends_at": _text(offer.last if _has_time(offer.last) else _day_after(offer.last), zone),
        }
        for offer in offers
    ]
    return sorted(stored, key=lambda offer: offer["ends_at"] or "9999")[:MAX_OFFERS]


def _has_time(at: date | datetime | None) -> bool:
    return isinstance(at, datetime)


def _day_after(day: date | None) -> date | None:
    return None if day is None else day + timedelta(days=1)


def _text(at: date | datetime | None, zone: ZoneInfo) -> str | None:
    if at is None:
        return None
    moment = at if isinstance(at, datetime) else datetime.combine(at, time())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC).isoformat()
