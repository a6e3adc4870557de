"""Key-value store: answer the requests of the old applications in the same way as the old key-value store."""

from typing import Any

from wecelebrate.kv.facade import respond


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return respond(event, context)
