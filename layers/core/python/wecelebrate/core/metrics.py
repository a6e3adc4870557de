"""Metrics of an invocation, in CloudWatch's embedded metric format: lines in the function's log.

A dimension has few values (an entity of the cache, a limit), never a client, because CloudWatch bills each combination
as a metric. The usage of a client is in its own account (`wecelebrate.usage`).
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

_counters: dict[tuple[Dimension, str], dict[Name, float]] = {}


def count(name: Name, value: float = 1, dimension: Dimension = "", of: str = "") -> None:
    """Add to a metric of this invocation. `of` is the value of the dimension."""
    counters = _counters.setdefault((dimension, of), {})
    counters[name] = counters.get(name, 0) + value


def flush() -> None:
    """Write the metrics since the last flush, one line for each value of a dimension."""
    for (dimension, of), counters in _counters.items():
        metrics = EphemeralMetrics(namespace=NAMESPACE)
        if dimension:
            metrics.add_dimension(dimension, of)
        for name, value in counters.items():
            unit = MetricUnit.Milliseconds if name == "DatabaseMilliseconds" else MetricUnit.Count
            metrics.add_metric(name, unit, round(value, 3))
        metrics.flush_metrics()
    _counters.clear()
