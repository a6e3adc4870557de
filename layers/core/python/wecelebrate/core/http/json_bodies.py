"""Reads JSON bodies, and refuses an object that contains the same key twice.

RFC 8259 does not define which of the two values counts, and parsers differ. A proxy in front of the API could therefore
check one value, and the API could store the other value.
"""

import json
from collections.abc import Iterator
from typing import Any

from fastapi import Request

from wecelebrate.core.errors import Invalid
from wecelebrate.core.models import pointer
from wecelebrate.core.problem_document import FieldError

_MAX_ERRORS = 20
"""The maximum number of duplicate keys that one problem names."""


class JsonRequest(Request):
    """A request whose JSON body has no duplicate keys."""

    async def json(self) -> Any:
        """Return the parsed body. Raises Invalid if an object contains a key twice, and JSONDecodeError if the body is
        not JSON."""
        return parse(await self.body())


def parse(body: bytes) -> Any:
    """Parse a JSON text. Raises Invalid if an object contains a key twice, and JSONDecodeError if the text is not
    JSON."""
    try:
        return json.loads(body, object_pairs_hook=_object)
    except _DuplicateKey:
        # Only the second pass collects the paths, because the paths would double the time of a valid body.
        members = json.loads(body, object_pairs_hook=_Members)
    errors = [
        FieldError(pointer=path, detail="must not appear twice in the same object")
        for path, _ in zip(_duplicates(members), range(_MAX_ERRORS), strict=False)
    ]
    raise Invalid(errors=errors)


class _DuplicateKey(Exception):
    """An object contains a key twice."""


class _Members(list[tuple[str, Any]]):
    """The keys and values of a JSON object, with duplicate keys."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DuplicateKey
    return members


def _duplicates(document: Any) -> Iterator[str]:
    """Yield the pointer of each key that appears again in its object.

    Only one path is in memory: a path for each list would need the memory of all lists, times their depth.
    """
    path: list[Any] = []
    stack = [_repeated_and_lists(document)]
    while stack:
        for key, nested in stack[-1]:
            if nested is None:
                yield pointer((*path, key))
            else:
                path.append(key)
                stack.append(_repeated_and_lists(nested))
                break
        else:
            stack.pop()
            del path[-1:]


def _repeated_and_lists(value: list[Any]) -> Iterator[tuple[Any, list[Any] | None]]:
    """Yield each repeated key with None, and the key or the index of each nested list or object with its content."""
    keys: set[str] = set()
    for index, item in enumerate(value):
        key, child = item if isinstance(value, _Members) else (index, item)
        if isinstance(key, str):
            if key in keys:
                yield key, None
            keys.add(key)
        if isinstance(child, list):
            yield key, child
