"""Decides which parts of an event may be stored, and removes the other parts.

The setting `event_storage` of the site is the upper bound. The visitor can lower this bound with the field `consent` of
the event. The headers `Sec-GPC: 1` (Global Privacy Control) and `DNT: 1` make an event anonymous. See
docs/decisions/0052.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from wecelebrate.core.models import Object
from wecelebrate.core.signing import keyed_hash
from wecelebrate.sites.models import EventStorage

_RANK: dict[EventStorage, int] = {"none": 0, "anonymous": 1, "all": 2}
_AT = "@\uff20\ufe6b"
"""The at sign, the fullwidth at sign and the small at sign. NFKC replaces the last two by the at sign."""
_EMAIL = re.compile(
    rf"[^\s{_AT}][{_AT}][^\s{_AT}]|%(?:25)*40|&(?:#0*64|#x0*40|commat);|\\u0040",
    re.IGNORECASE,
)
"""Matches the at sign of an e-mail address and the characters beside it, also if the at sign is encoded for a URL or
for HTML. The pattern needs linear time."""


@dataclass(frozen=True)
class Identity:
    """The parts of an event that can identify a person."""

    user_id: str | None
    session_id: str | None
    data: Object


def storage(*bounds: EventStorage | None) -> EventStorage:
    """Return the lowest of the given bounds.

    A bound that is None is ignored. If all bounds are None, nothing may be stored.
    """
    return min((bound for bound in bounds if bound is not None), key=_RANK.__getitem__, default="none")


def signalled(*headers: str | None) -> EventStorage | None:
    """Return the upper bound that the headers `Sec-GPC` and `DNT` of a visitor set, or None without these headers."""
    return "anonymous" if any(header is not None and header.strip() == "1" for header in headers) else None


def anonymous(identity: Identity, site_id: str, day: date) -> Identity:
    """Return an identity that does not identify a person.

    The user is removed. The session is replaced by a keyed hash of the site, the day (UTC) and the session. The events
    of one visit on one day have the same hash. The visits of different days cannot be linked. In the data, each text
    that contains the user, the session or an e-mail address becomes null.
    """
    identifiers = {text for text in (identity.user_id, identity.session_id) if text}
    session = identity.session_id
    return Identity(
        user_id=None,
        session_id=_session_hash(f"{site_id} {day} {session}") if session else None,
        data=_without_persons(identity.data, identifiers),
    )


@lru_cache(maxsize=1)
def _session_hash(visit: str) -> str:
    """Return the keyed hash of a visit. The hash is cached, because the events of a request usually belong to one
    visit.
    """
    return keyed_hash("event session", visit)


def _without_persons(value: Any, identifiers: set[str]) -> Any:
    if isinstance(value, str):
        return None if any(text in value for text in identifiers) or _EMAIL.search(value) else value
    if isinstance(value, list):
        return [_without_persons(item, identifiers) for item in value]
    if isinstance(value, dict):
        return {
            name: _without_persons(item, identifiers)
            for name, item in value.items()
            if not _names_person(name, identifiers)
        }
    return value


def _names_person(name: str, identifiers: set[str]) -> bool:
    return name in identifiers or bool(_EMAIL.search(name))
