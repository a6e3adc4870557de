"""Metrics of an invocation. They are written to the function's log in CloudWatch's embedded metric format.

The dimensions are the entity of a cached value, the name of a limit, and the name of a queue. Each has only a few
values. The client is never a dimension, because CloudWatch bills each combination of values as a separate metric.
`wecelebrate.usage` reports the usage of each client.
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
    "UnexpectedDatabaseState",
    "RowSecuritySuspended",
    "ExportCleanUpFailed",
    "OffersNotApplied",
    "DeadLetters",
    "Heartbeat",
    "MailsBounced",
    "KvConflicts",
    "KvMirrorErrors",
    "KvQuarantined",
    "KvReads",
    "KvRetiredRequests",
    "KvShadowMismatches",
    "KvWrites",
]
Dimension = Literal["entity", "limit", "queue", ""]
PLATFORM = "platform"
"""The value of the dimension `service` of a metric that several functions count together."""

_counters: dict[tuple[Dimension, str], dict[Name, float]] = {}


def count(name: Name, value: float = 1, dimension: Dimension = "", of: str = "") -> None:
    """Increase the metric `name` of this invocation by `value`.

    The parameter `of` is the value of `dimension`, for example the name of a limit.
    """
    counters = _counters.setdefault((dimension, of), {})
    counters[name] = counters.get(name, 0) + value


def flush() -> None:
    """Write the metrics since the previous flush to the log: one line for each value of a dimension."""
    for (dimension, of), counters in _counters.items():
        # Several functions record the dead letters of a queue. An alarm cannot add up the metrics of all services.
        metrics = EphemeralMetrics(namespace=NAMESPACE, service=PLATFORM if dimension == "queue" else None)
        if dimension:
            metrics.add_dimension(dimension, of)
        for name, value in counters.items():
            unit = MetricUnit.Milliseconds if name == "DatabaseMilliseconds" else MetricUnit.Count
            metrics.add_metric(name, unit, round(value, 3))
        metrics.flush_metrics()
    _counters.clear()
