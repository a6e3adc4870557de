"""Warming: have the busiest storefronts' first pages in the cache before somebody asks for them."""

from typing import Any

from wecelebrate import metrics, warming


def handler(event: dict[str, Any], context: Any) -> None:
    warming.run()
    metrics.flush()
