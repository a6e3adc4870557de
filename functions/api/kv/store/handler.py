"""Key-value store: answer the applications of the predecessor as their store did."""

from typing import Any

from wecelebrate.kv.facade import respond


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return respond(event, context)
