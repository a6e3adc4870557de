"""Order days: what orders moved in the last minute goes into the figures of their days."""

from typing import Any

from wecelebrate.orders import rollup


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return {"folded": rollup.fold()}
