"""Metrics: what an invocation counted, in CloudWatch's embedded format: lines of the function's log.

A dimension has few values (the service, an entity of the cache, a limit), never a client: each is a metric that is paid
for. What a client costs stands in its own account (`wecelebrate.usage`).
"""

from typing import Literal

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "wecelebrate"

Name = Literal[
    "CacheHit",
    "CacheMiss",
    "CacheStale",
    "CacheDown",
    "Throttled",
    "DatabaseMilliseconds",
    "ReaderHandedOver",
]
Dimension = Literal["entity", "limit", ""]

_counted: dict[tuple[Dimension, str], dict[Name, float]] = {}


def count(name: Name, value: float = 1, dimension: Dimension = "", of: str = "") -> None:
    """Add to a metric of this invocation, by the value `of` a dimension."""
    counted = _counted.setdefault((dimension, of), {})
    counted[name] = counted.get(name, 0) + value


def flush() -> None:
    """Write what was counted since the last time, a line for each dimension."""
    for (dimension, of), counted in _counted.items():
        metrics = EphemeralMetrics(namespace=NAMESPACE)
        if dimension:
            metrics.add_dimension(dimension, of)
        for name, value in counted.items():
            unit = MetricUnit.Milliseconds if name == "DatabaseMilliseconds" else MetricUnit.Count
            metrics.add_metric(name, unit, round(value, 3))
        metrics.flush_metrics()
    _counted.clear()
