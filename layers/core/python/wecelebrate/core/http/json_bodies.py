"""Reads JSON bodies, and refuses objects with too many keys or with duplicate keys.

Each invalid key becomes an error of about a thousand bytes, for which the validation needs about 5 µs. Therefore the
number of keys is limited.

If an object contains a key twice, RFC 8259 does not define which value counts, and parsers differ. A proxy in front of
the API could check one value, and the API could store the other value.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from fastapi import Request
from starlette.types import Receive, Scope

from wecelebrate.core.errors import Invalid
from wecelebrate.core.models import MAX_OBJECT_KEYS, pointer
from wecelebrate.core.problem_document import FieldError

_MAX_ERRORS = 20
"""The maximum number of duplicate keys, or of large objects, that one problem names."""


class JsonRequest(Request):
    """A request whose JSON body has a limited number of keys, and no duplicate keys."""

    def __init__(self, scope: Scope, receive: Receive, max_keys: int) -> None:
        super().__init__(scope, receive)
        self._max_keys = max_keys

    async def json(self) -> Any:
        """Return the parsed body. Raises the same errors as `parse`."""
        return parse(await self.body(), self._max_keys)


def parse(body: bytes, max_keys: int) -> Any:
    """Parse a JSON text.

    Raises Invalid if all objects together have more than `max_keys` keys, if an object has more than MAX_OBJECT_KEYS
    keys, or if an object contains a key twice. Raises JSONDecodeError if the text is not JSON.
    """
    try:
        return json.loads(body, object_pairs_hook=_Reader(max_keys).read_object)
    except (_DuplicateKey, _LargeObject) as error:
        # Only this second pass collects the paths of the errors. Collecting paths in the first pass would double the
        # time for a valid body.
        errors = _large_objects(body) if isinstance(error, _LargeObject) else _duplicates(body)
    raise Invalid(errors=[*islice(errors, _MAX_ERRORS)])


class _DuplicateKey(Exception):
    """An object contains a key twice."""


class _LargeObject(Exception):
    """An object has too many keys."""


class _Members(list[tuple[str, Any]]):
    """The keys and values of a JSON object, with duplicate keys."""


class _Reader:
    """Reads the objects of a body, and counts their keys."""

    def __init__(self, max_keys: int) -> None:
        self._max_keys = max_keys
        self._keys = 0

    def read_object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return an object. Raises _LargeObject, _DuplicateKey, or Invalid if all objects have too many keys."""
        if len(pairs) > MAX_OBJECT_KEYS:
            raise _LargeObject
        self._keys += len(pairs)
        if self._keys > self._max_keys:
            detail = f"must have at most {self._max_keys:,} keys, including the keys of nested objects"
            raise Invalid(errors=[FieldError(pointer="", detail=detail)])
        members = dict(pairs)
        if len(members) != len(pairs):
            raise _DuplicateKey
        return members


def _large_objects(body: bytes) -> Iterator[FieldError]:
    """Yield an error for each object that has too many keys."""
    detail = f"must have at most {MAX_OBJECT_KEYS:,} keys"
    for path, value in _lists(json.loads(body, object_pairs_hook=_Members)):
        if isinstance(value, _Members) and len(value) > MAX_OBJECT_KEYS:
            yield FieldError(pointer=pointer(path), detail=detail)


def _duplicates(body: bytes) -> Iterator[FieldError]:
    """Yield an error for each key that appears again in its object."""
    for path, value in _lists(json.loads(body, object_pairs_hook=_Members)):
        keys: set[str] = set()
        for key, _ in value if isinstance(value, _Members) else ():
            if key in keys:
                yield FieldError(pointer=pointer((*path, key)), detail="must not appear twice in the same object")
            keys.add(key)


def _lists(document: Any) -> Iterator[tuple[list[Any], list[Any]]]:
    """Yield the path and the content of each list and object of a document.

    Only one path is in memory. A path for each list would need memory for the number of lists times their depth.
    """
    path: list[Any] = []
    stack: list[Iterator[tuple[Any, Any]]] = [iter([(None, document)])]
    while stack:
        for key, value in stack[-1]:
            if isinstance(value, list):
                path += [key] if len(stack) > 1 else []
                yield path, value
                stack.append(iter(value) if isinstance(value, _Members) else enumerate(value))
                break
        else:
            stack.pop()
            del path[-1:]
