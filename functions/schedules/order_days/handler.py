"""Order days: add the orders of the last minute to the daily totals."""

from typing import Any

from wecelebrate.orders import rollup


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return {"folded": rollup.add_deltas()}
