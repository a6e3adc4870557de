"""Warming: have the busiest storefronts' first pages in the cache before somebody asks for them."""

from typing import Any

from wecelebrate.core import metrics
from wecelebrate.storefront import warming


def handler(event: dict[str, Any], context: Any) -> None:
    warming.run()
    metrics.flush()
