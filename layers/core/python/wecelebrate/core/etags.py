"""Entity tags (RFC 9110), for conditional reads (If-None-Match) and conditional changes (If-Match)."""

import hashlib
from datetime import datetime
from typing import Protocol

from wecelebrate.core.errors import Forbidden, PreconditionFailed, PreconditionRequired, Problem


def etag(body: str) -> str:
    """Return the strong entity tag of a response body."""
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'


def matches(header: str | None, current: str) -> bool:
    """Return whether an If-None-Match header contains the current entity tag.

    The comparison is the weak comparison of RFC 9110.
    """
    if header is None:
        return False
    return header.strip() == "*" or current in _strong_tags(header)


def weak(tag: str) -> str:
    """Return the weak form of an entity tag. A response with a content coding has this form (RFC 9110, 8.8.3.3)."""
    return tag if tag.startswith("W/") else f"W/{tag}"


def _strong_tags(header: str) -> list[str]:
    """Return the entity tags of a header in their strong form."""
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


class Versioned(Protocol):
    """An object that callers can read and change."""

    updated_at: datetime

    def model_dump_json(self) -> str: ...


class Match:
    """The state that an object must have so that the caller can change it. The state comes from the If-Match header."""

    def __init__(self, if_match: str | None) -> None:
        self._if_match = if_match

    def check(self, current: Versioned) -> datetime | None:
        """Return the value of `updated_at` that the object must have when it is changed.

        It returns None if the header is `*`.

        The weak form of the entity tag is accepted, although RFC 9110 requires the strong comparison. A server that
        compresses responses, e.g. CloudFront, changes the tag to its weak form. Both forms name the same version of a
        row, because the version does not depend on the content coding.

        Raises PreconditionRequired if the header is missing, and PreconditionFailed if the object has changed. The
        caller has read `current`, so both problems contain the current entity tag.
        """
        if self._if_match is not None and self._if_match.strip() == "*":
            return None
        tag = etag(current.model_dump_json())
        if self._if_match is None:
            raise PreconditionRequired(tag)
        if tag not in _strong_tags(self._if_match):
            raise PreconditionFailed(tag)
        return current.updated_at


def refusal(expected: datetime | None, current: Versioned) -> Problem:
    """Return the problem that explains why an update of an object changed no row.

    The problem is PreconditionFailed if the object no longer has the `expected` state. Otherwise the caller is not
    allowed to change the object, and the problem is Forbidden.
    """
    if expected is None or current.updated_at == expected:
        return Forbidden()
    return PreconditionFailed(etag(current.model_dump_json()))
