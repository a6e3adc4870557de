"""Fallback: answer the requests that match no route."""

from typing import Any

from wecelebrate.core.fallback import respond


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return respond(event)
