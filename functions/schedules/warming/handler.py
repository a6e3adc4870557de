"""Warming: load the configuration and the first product page of the busiest storefronts into the cache."""

from typing import Any

from wecelebrate.core import deadline, metrics
from wecelebrate.storefront import warming


def handler(event: dict[str, Any], context: Any) -> None:
    with deadline.invocation(context):
        warming.run()
    metrics.flush()
