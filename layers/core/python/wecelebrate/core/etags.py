"""Entity tags (RFC 9110), for conditional reads (If-None-Match) and conditional changes (If-Match)."""

import hashlib
from datetime import datetime
from typing import Protocol

from wecelebrate.core.errors import Forbidden, PreconditionFailed, PreconditionRequired, Problem


def etag(body: str) -> str:
    """Return the strong entity tag of a response body."""
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'


def matches(header: str | None, current: str) -> bool:
    """Whether an If-None-Match header contains the current entity tag. Uses the weak comparison of RFC 9110."""
    if header is None:
        return False
    return header.strip() == "*" or current in (tag.strip().removeprefix("W/") for tag in header.split(","))


class Versioned(Protocol):
    """An object that callers can read and change."""

    updated_at: datetime

    def model_dump_json(self) -> str: ...


class Match:
    """The state that an object must have when the caller changes it. It comes from the If-Match header."""

    def __init__(self, if_match: str | None) -> None:
        self._if_match = if_match

    def check(self, current: Versioned) -> datetime | None:
        """Return the value of `updated_at` that the object must have when it is changed. None if the header is `*`.

        Raises PreconditionRequired if the header is missing, and PreconditionFailed if the object has changed.
        """
        if self._if_match is None:
            raise PreconditionRequired
        if self._if_match.strip() == "*":
            return None
        if etag(current.model_dump_json()) not in (tag.strip() for tag in self._if_match.split(",")):
            raise PreconditionFailed
        return current.updated_at


def refusal(expected: datetime | None, current: Versioned) -> Problem:
    """Return the problem that explains why an attempt to change an object changed no row.

    The problem is PreconditionFailed if the object no longer has the `expected` state. Otherwise the caller is not
    allowed to change the object, and the problem is Forbidden.
    """
    return PreconditionFailed() if expected is not None and current.updated_at != expected else Forbidden()
