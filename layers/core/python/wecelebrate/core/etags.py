"""Entity tags: which state of a thing was read, and whether it is the one that a caller means to change (RFC 9110)."""

import hashlib
from datetime import datetime
from typing import Protocol

from wecelebrate.core.errors import Forbidden, PreconditionFailed, PreconditionRequired, Problem


def etag(body: str) -> str:
    """The strong entity tag of a body."""
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'


def matches(header: str | None, current: str) -> bool:
    """Whether an If-None-Match header names the current entity tag, weakly."""
    if header is None:
        return False
    return header.strip() == "*" or current in (one.strip().removeprefix("W/") for one in header.split(","))


class Versioned(Protocol):
    """What can be changed: the model that a read of it answers."""

    updated_at: datetime

    def model_dump_json(self) -> str: ...


class Match:
    """The state that a caller means to change, from its If-Match header."""

    def __init__(self, if_match: str | None) -> None:
        self._if_match = if_match

    def check(self, current: Versioned) -> datetime | None:
        """When the state was made that may be changed; None for whichever it is.

        Raises PreconditionRequired without the header, PreconditionFailed when the state is another by now.
        """
        if self._if_match is None:
            raise PreconditionRequired
        if self._if_match.strip() == "*":
            return None
        if etag(current.model_dump_json()) not in (one.strip() for one in self._if_match.split(",")):
            raise PreconditionFailed
        return current.updated_at


def refusal(seen: datetime | None, current: Versioned) -> Problem:
    """Why a change of what was `seen` touched no row: it changed meanwhile, or the caller may not."""
    return PreconditionFailed() if seen is not None and current.updated_at != seen else Forbidden()
