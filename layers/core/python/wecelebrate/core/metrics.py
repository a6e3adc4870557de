"""Metrics of an invocation. They are written to the function's log in CloudWatch's embedded metric format.

The dimensions are the entity of a cached value, the name of a limit, and the name of a queue. Each has only a few
values. The client is never a dimension, because CloudWatch bills each combination of values as a separate metric.
`wecelebrate.usage` reports the usage of each client.
"""

import os
import resource
import sys
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
    "MemoryPercent",
    "SyncAgeSeconds",
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
"""The value of the dimension `service` of a metric that several functions record together."""
_PLATFORM_METRICS: frozenset[Name] = frozenset({"DeadLetters", "MemoryPercent"})
"""The metrics that all functions record under the service PLATFORM. If each function used its own name as the service,
an alarm could not combine the metrics, and CloudWatch would bill a metric for each function. The field `function` of a
log line contains the name of the function."""
_UNITS: dict[Name, MetricUnit] = {
    "DatabaseMilliseconds": MetricUnit.Milliseconds,
    "MemoryPercent": MetricUnit.Percent,
    "SyncAgeSeconds": MetricUnit.Seconds,
}
"""The units of the metrics that are not counts."""

_Line = tuple[str | None, Dimension, str]
"""The key of a log line: the service (None for the function itself), the dimension, and the value of the dimension."""
_values: dict[_Line, dict[Name, float]] = {}
_child_memory: dict[int, int] = {}
"""Maps the pid of each running child process to the largest memory that the process has used, in bytes."""
_recorded_memory = 0
"""The largest share of the function's memory that this process has recorded, in percent."""


def count(name: Name, value: float = 1, dimension: Dimension = "", of: str = "") -> None:
    """Increase the metric `name` of this invocation by `value`.

    The parameter `of` is the value of `dimension`, for example the name of a limit.
    """
    values = _values_of(name, dimension, of)
    values[name] = values.get(name, 0) + value


def highest(name: Name, value: float) -> None:
    """Record a value that cannot be added up, e.g. an age. The metric of an invocation is its highest value."""
    values = _values_of(name, "", "")
    values[name] = max(values.get(name, value), value)


def record_child_memory(pid: int, size: int) -> None:
    """Record the memory (bytes) of a running child process and its children.

    The system reports the memory of child processes only after they have ended. Call `forget_child` after the end.
    """
    _child_memory[pid] = max(_child_memory.get(pid, 0), size)


def forget_child(pid: int) -> None:
    """Remove the recorded memory of a child process that has ended."""
    _child_memory.pop(pid, None)


def flush() -> None:
    """Write the metrics since the previous flush to the log: one line for each value of a dimension."""
    _record_memory()
    for (service, dimension, of), values in _values.items():
        metrics = EphemeralMetrics(namespace=NAMESPACE, service=service)
        if dimension:
            metrics.add_dimension(dimension, of)
        if service and (function := os.environ.get("AWS_LAMBDA_FUNCTION_NAME")):
            metrics.add_metadata("function", function)
        for name, value in values.items():
            metrics.add_metric(name, _UNITS.get(name, MetricUnit.Count), round(value, 3))
        metrics.flush_metrics()
    _values.clear()


def _values_of(name: Name, dimension: Dimension, of: str) -> dict[Name, float]:
    return _values.setdefault((PLATFORM if name in _PLATFORM_METRICS else None, dimension, of), {})


def _record_memory() -> None:
    """Record the largest share of its memory that the function has used, if this share has grown.

    For child processes, it uses the memory of all running child processes, or of the largest child process that has
    ended, whichever is larger. The maximum of a process never falls, so most invocations write no line.
    """
    global _recorded_memory  # noqa: PLW0603 - the maximum of this process
    size = int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "0")) * 1024**2
    if size:
        unit = 1 if sys.platform == "darwin" else 1024
        own, ended = (
            resource.getrusage(who).ru_maxrss * unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        percent = (own + max(ended, sum(list(_child_memory.values())))) * 100 // size
        if percent > _recorded_memory:
            _recorded_memory = percent
            highest("MemoryPercent", percent)
