"""The widgets of the dashboard: the APIs, the functions, the queues, the database, the cache and the mails."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.environments import Environment
from infra.functions import FunctionSpec
from wecelebrate.core.metrics import NAMESPACE, Dimension, Name

_MINUTES = 5
_WIDTH = 8
_ROUTES = 10
"""The number of routes that a graph of routes shows for each HTTP API."""


def widgets(
    environment: Environment, api_ids: Mapping[str, str], specs: Sequence[FunctionSpec]
) -> list[cloudwatch.IWidget]:
    """Return the widgets, three in a row. api_ids: maps the name of each HTTP API to its id on AWS."""
    functions = environment.resource("")

    def api(*metrics: str, statistic: str = "Sum") -> list[cloudwatch.IMetric]:
        suffix = statistic if statistic.startswith("p") else ""
        return [
            _metric("AWS/ApiGateway", metric, statistic, {"ApiId": id}, f"{name}: {metric} {suffix}".rstrip())
            for name, id in api_ids.items()
            for metric in metrics
        ]

    cluster = {"DBClusterIdentifier": environment.resource("database")}

    def database(*metrics: str) -> list[cloudwatch.IMetric]:
        return [_metric("AWS/RDS", name, "Maximum", cluster) for name in metrics]

    def proxy(*metrics: str) -> list[cloudwatch.IMetric]:
        if environment.settings.proxy == "off":
            return []
        return [_metric("AWS/RDS", name, "Maximum", {"ProxyName": environment.resource("proxy")}) for name in metrics]

    def age(queue: str) -> cloudwatch.IMetric:
        dimensions = {"QueueName": environment.resource(queue)}
        return _metric("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", dimensions, queue)

    firewall = f'MetricName="BlockedRequests" WebACL="{environment.resource("api")}"'
    return [
        _graph("Requests", *api("Count", "4xx", "5xx")),
        _graph(
            "Response time (ms)", *(line for each in ("p50", "p95", "p99") for line in api("Latency", statistic=each))
        ),
        _graph("Slowest routes: p95 (ms)", *(_routes(id, name, "Latency", "p95") for name, id in api_ids.items())),
        _graph("Routes with errors: 5xx", *(_routes(id, name, "5xx", "Sum") for name, id in api_ids.items())),
        _graph("Time in functions (ms)", _lambda(functions, "Duration", "p95")),
        _graph("Errors of functions", _lambda(functions, "Errors", "Sum")),
        _graph("Throttles of functions", _lambda(functions, "Throttles", "Sum")),
        _graph("Concurrent invocations", _lambda(functions, "ConcurrentExecutions", "Maximum")),
        _graph("Age of the oldest message (s)", *(age(spec.queue_name) for spec in specs if spec.has_queue)),
        _graph("Dead letters", _custom("DeadLetters", "queue")),
        _graph("Time of workers (ms)", _lambda(f"{functions}queues", "Duration", "p95")),
        _graph("Age of the oldest unfinished sync (s)", _custom("SyncAgeSeconds", statistic="Maximum")),
        _graph("Throttled requests", _custom("Throttled", "limit")),
        _graph("Database: CPU and capacity (%)", *database("CPUUtilization", "ACUUtilization")),
        _graph(
            "Database: connections",
            *database("DatabaseConnections"),
            *proxy("ClientConnections", "DatabaseConnectionsCurrentlySessionPinned"),
        ),
        _graph("Replica lag (ms)", *database("AuroraReplicaLagMaximum")),
        _graph(
            "Database time of an invocation (ms)",
            *(_custom("DatabaseMilliseconds", statistic=each) for each in ("p50", "p95", "p99")),
        ),
        _graph("Database: free memory (bytes)", _metric("AWS/RDS", "FreeableMemory", "Minimum", cluster)),
        _graph("Memory of functions (%)", _custom("MemoryPercent", statistic="Maximum")),
        _graph("Hit rate of the cache (%)", _hit_rate()),
        _graph("Cache", *(_custom(each, "entity") for each in ("CacheHit", "CacheMiss", "CacheStale"))),
        _graph("Handed to the primary, cache down", _custom("ReaderHandedOver"), _custom("CacheDown")),
        _graph(
            "Mails",
            _custom("MailsBounced"),
            *(_metric("AWS/SES", each, "Sum") for each in ("Send", "Delivery", "Bounce", "Complaint")),
        ),
        _graph(
            "Store: requests, troubles",
            *(_custom(each, "entity") for each in ("KvReads", "KvWrites")),
            *(_custom(each) for each in ("KvConflicts", "KvMirrorErrors", "KvQuarantined", "KvShadowMismatches")),
        ),
        _graph("Blocked requests", _search("AWS/WAFV2,Rule,WebACL", firewall, "Sum")),
        _graph(
            "Cost of this month in the account (USD)",
            _metric("AWS/Billing", "EstimatedCharges", "Maximum", {"Currency": "USD"}),
        ),
    ]


def _graph(title: str, *lines: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(lines), width=_WIDTH, period=cdk.Duration.minutes(_MINUTES))


def _metric(
    namespace: str, name: str, statistic: str, dimensions: dict[str, str] | None = None, label: str | None = None
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        statistic=statistic,
        dimensions_map=dimensions or {},
        label=label or (f"{name} {statistic}" if statistic.startswith("p") else name),
        period=cdk.Duration.minutes(_MINUTES),
    )


def _lambda(functions: str, name: str, statistic: str) -> cloudwatch.MathExpression:
    """Return one line of a graph for each function of the environment."""
    return _search("AWS/Lambda,FunctionName", f'MetricName="{name}" FunctionName="{functions}"', statistic)


def _routes(api_id: str, api: str, name: str, statistic: str) -> cloudwatch.MathExpression:
    """Return the ten routes of an HTTP API with the highest values."""
    query = _searched("AWS/ApiGateway,ApiId,Method,Resource,Stage", f'MetricName="{name}" ApiId="{api_id}"', statistic)
    return _expression(
        f"SORT({query}, MAX, DESC, {_ROUTES})", f"{api} ${{PROP('Dim.Method')}} ${{PROP('Dim.Resource')}}"
    )


def _custom(name: Name, dimension: Dimension = "", statistic: str = "Sum") -> cloudwatch.MathExpression:
    """Return a metric that the functions record. The graph has a line for each service and each value of the
    dimension."""
    return _expression(_searched(_schema(dimension), f'MetricName="{name}"', statistic))


def _hit_rate() -> cloudwatch.MathExpression:
    """Return the hit rate: the share of reads that the cache answered, for all functions that use the cache."""

    def total(name: Name) -> str:
        query = f'MetricName="{name}"'
        return f"SUM({_searched(_schema('entity'), query, 'Sum')})"

    hits, stale, misses = total("CacheHit"), total("CacheStale"), total("CacheMiss")
    answered = f"(FILL({hits}, 0) + FILL({stale}, 0))"
    return _expression(f"100 * {answered} / ({answered} + FILL({misses}, 0))", "hit rate")


def _schema(dimension: Dimension) -> str:
    return ",".join(filter(None, (NAMESPACE, "service", dimension)))


def _search(schema: str, query: str, statistic: str) -> cloudwatch.MathExpression:
    return _expression(_searched(schema, query, statistic))


def _searched(schema: str, query: str, statistic: str) -> str:
    return f"SEARCH('{{{schema}}} {query}', '{statistic}', {_MINUTES * 60})"


def _expression(expression: str, label: str = "") -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(expression=expression, using_metrics={}, label=label)
