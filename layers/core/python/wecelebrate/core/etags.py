"""Entity tags (RFC 9110): conditional reads, and changes that name the state they apply to."""

import hashlib
from datetime import datetime
from typing import Protocol

from wecelebrate.core.errors import Forbidden, PreconditionFailed, PreconditionRequired, Problem


def etag(body: str) -> str:
    """The strong entity tag of a body."""
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'


def matches(header: str | None, current: str) -> bool:
    """Whether an If-None-Match header contains the current entity tag, by weak comparison."""
    if header is None:
        return False
    return header.strip() == "*" or current in (tag.strip().removeprefix("W/") for tag in header.split(","))


class Versioned(Protocol):
    """An object that can be changed, as a read returns it."""

    updated_at: datetime

    def model_dump_json(self) -> str: ...


class Match:
    """The state that a caller means to change, from its If-Match header."""

    def __init__(self, if_match: str | None) -> None:
        self._if_match = if_match

    def check(self, current: Versioned) -> datetime | None:
        """The `updated_at` that the object must still have when it is changed. None if any state may be changed.

        Raises PreconditionRequired without the header, PreconditionFailed if the object has changed.
        """
        if self._if_match is None:
            raise PreconditionRequired
        if self._if_match.strip() == "*":
            return None
        if etag(current.model_dump_json()) not in (tag.strip() for tag in self._if_match.split(",")):
            raise PreconditionFailed
        return current.updated_at


def refusal(expected: datetime | None, current: Versioned) -> Problem:
    """Why a change touched no row: the object no longer has the `expected` state, or the caller may not change it."""
    return PreconditionFailed() if expected is not None and current.updated_at != expected else Forbidden()
