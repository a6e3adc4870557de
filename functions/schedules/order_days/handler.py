"""Order days: add the latest changes of orders to the daily totals, once a minute."""

from typing import Any

from wecelebrate.core import deadline
from wecelebrate.orders import rollup


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    with deadline.invocation(context):
        return {"folded": rollup.add_deltas()}
