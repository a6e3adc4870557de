"""Shortens JSON that the platform itself builds, so that it fits in its column.

Values from callers are refused if they are too large. In contrast, a job must not fail because its result is too large,
and an action must not fail because its entry in the audit log is too large.
"""

from typing import Any

from wecelebrate.core.models import json_bytes

_STEPS = ((2_000, 200), (500, 50), (100, 20))
"""Each step contains two numbers: the maximum length of a text, and the maximum number of members of a list or object.
Each step shortens a value more than the previous step."""


def shortened(value: Any, max_bytes: int) -> Any:
    """Return a JSON value, or a shorter copy if the value has more than `max_bytes`.

    In a shorter copy, long texts end with `…`, and long lists and objects have only their first members. If this copy
    is still too large, its nested lists and objects are removed too.
    """
    if json_bytes(value) <= max_bytes:
        return value
    for max_length, max_members in _STEPS:
        copy = _shorter(value, max_length, max_members)
        if json_bytes(copy) <= max_bytes:
            return copy
    members = _shorter(value, *_STEPS[-1])
    if isinstance(members, dict):
        return {name: member for name, member in members.items() if not isinstance(member, dict | list)}
    return []


def shortened_text(text: str, max_length: int) -> str:
    """Return a text, or its beginning and `…` if the text has more than `max_length` characters."""
    return text if len(text) <= max_length else text[: max_length - 1] + "…"


def _shorter(value: Any, max_length: int, max_members: int) -> Any:
    if isinstance(value, str):
        return shortened_text(value, max_length)
    if isinstance(value, list):
        return [_shorter(member, max_length, max_members) for member in value[:max_members]]
    if isinstance(value, dict):
        members = list(value.items())[:max_members]
        return {shortened_text(name, max_length): _shorter(member, max_length, max_members) for name, member in members}
    return value
