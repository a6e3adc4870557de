"""Rollups: once a minute, add the latest changes of orders and products to the stored totals."""

from typing import Any

from wecelebrate.core import deadline
from wecelebrate.orders import rollup
from wecelebrate.products import facet_counts


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    with deadline.invocation(context):
        return {"orders": rollup.add_deltas(), "facets": facet_counts.add_deltas()}
