"""The alarms of one environment, as data. `docs/runbook.md` has a section for each kind of alarm."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from infra.environments import Environment
from infra.functions import FunctionSpec
from infra.http_api import APIS, MAIN_API
from wecelebrate.core import metrics

Statistic = Literal["Sum", "Maximum", "Minimum", "Average", "p99"]
_LAMBDA, _SQS, _RDS, _API, _SES = "AWS/Lambda", "AWS/SQS", "AWS/RDS", "AWS/ApiGateway", "AWS/SES"
_NEAR_TIMEOUT = {"queue": 0.97}
"""Maps a kind of function to a share of its timeout. The alarm `slow` is raised if an invocation takes longer. The
share of workers is higher, because they stop shortly before their timeout."""
_ACU_BYTES = 2 * 1024**3
_BYTES_PER_CONNECTION = 9_531_392
"""The number of bytes of memory for which Aurora allows one connection. Aurora allows at most 5,000 connections."""


@dataclass(frozen=True)
class Alarm:
    """One alarm on one metric."""

    kind: str
    """The section of the runbook."""
    target: str
    """The function, queue, database or API of the alarm. Empty if the environment has only one possible target."""
    summary: str
    namespace: str
    metric: str
    statistic: Statistic
    threshold: float
    dimensions: dict[str, str] = field(default_factory=dict)
    below: bool = False
    """Whether a value below the threshold raises the alarm. If so, a missing value raises the alarm, too."""
    minutes: int = 5
    periods: int = 1

    @property
    def name(self) -> str:
        """The name without the prefix of the environment."""
        return f"{self.kind}-{self.target}" if self.target else self.kind


def function_alarms(environment: Environment, specs: Iterable[FunctionSpec]) -> Iterator[Alarm]:
    """Yield the alarms of each function: errors, throttles, and durations near the timeout."""
    for spec in specs:
        dimensions = {"FunctionName": environment.resource(spec.name)}
        yield Alarm("errors", spec.name, "invocations failed", _LAMBDA, "Errors", "Sum", 3, dimensions)
        yield Alarm("throttles", spec.name, "invocations were refused", _LAMBDA, "Throttles", "Sum", 10, dimensions)
        long = spec.timeout * 1000 * _NEAR_TIMEOUT.get(spec.kind, 0.9)
        yield Alarm("slow", spec.name, "an invocation came near its timeout", _LAMBDA, "Duration", "Maximum", long,
                    dimensions, periods=2)  # fmt: skip


def queue_alarms(environment: Environment, specs: Iterable[FunctionSpec]) -> Iterator[Alarm]:
    """Yield the alarms of each queue: the age of its oldest message, and its dead letters."""
    for spec in specs:
        if spec.has_queue:
            name = spec.queue_name
            yield Alarm("queue-age", name, "a message waits for 15 minutes", _SQS, "ApproximateAgeOfOldestMessage",
                        "Maximum", 900, {"QueueName": environment.resource(name)}, periods=3)  # fmt: skip
            yield _custom("dead-letters", name, "a job or message failed for good", "DeadLetters", 1,
                          service=metrics.PLATFORM, queue=name)  # fmt: skip


def database_alarms(environment: Environment) -> Iterator[Alarm]:
    """Yield the alarms of the database and of its proxy."""
    cluster = {"DBClusterIdentifier": environment.resource("database")}
    proxy = {"ProxyName": environment.resource("proxy")}
    connections = min(5_000, environment.capacity[1] * _ACU_BYTES / _BYTES_PER_CONNECTION)
    for kind, summary, metric, threshold in (
        ("database-cpu", "the CPU is busy", "CPUUtilization", 80),
        ("database-capacity", "the capacity is used up", "ACUUtilization", 90),
        ("database-connections", "connections become scarce", "DatabaseConnections", round(0.7 * connections)),
        (
            "database-transaction-ids",
            "half of the transaction ids are used",
            "MaximumUsedTransactionIDs",
            1_000_000_000,
        ),
        ("replica-lag", "a reader is 5 seconds behind", "AuroraReplicaLagMaximum", 5_000),
    ):
        yield Alarm(kind, "", summary, _RDS, metric, "Maximum", threshold, cluster, periods=3)
    if environment.settings.proxy != "off":
        pinned = "DatabaseConnectionsCurrentlySessionPinned"
        yield Alarm("pinned-sessions", "", "a session cannot be shared", _RDS, pinned, "Maximum", 1, proxy, minutes=1,
                    periods=5)  # fmt: skip


def api_alarms(api_ids: Mapping[str, str]) -> Iterator[Alarm]:
    """Yield the alarms of each HTTP API: errors and slow responses.

    api_ids: maps the name of each API to its id on AWS.
    """
    for api in APIS:
        target, dimensions = "" if api == MAIN_API else api.name, {"ApiId": api_ids[api.name]}
        yield Alarm("api-errors", target, "responses had the status 5xx", _API, "5xx", "Sum", api.max_errors,
                    dimensions)  # fmt: skip
        if api.max_latency:
            yield Alarm("api-latency", target, f"1 % of the requests took {api.max_latency / 1000:g} seconds", _API,
                        "Latency", "p99", api.max_latency, dimensions, periods=3)  # fmt: skip


def platform_alarms(environment: Environment) -> Iterator[Alarm]:
    """Yield the alarms of the sweeper, mails and schedules, and of an unexpected state of the database."""
    sweeper = "schedules-sweeper"
    yield Alarm("sweeper-stopped", "", "the sweeper does not run", _LAMBDA, "Invocations", "Sum", 1,
                {"FunctionName": environment.resource(sweeper)}, below=True)  # fmt: skip
    yield _custom("heartbeat-stopped", "", "readers cannot measure their lag", "Heartbeat", 1, service=sweeper,
                  below=True)  # fmt: skip
    yield _custom("cache-down", "", "the sweeper cannot use Redis", "CacheDown", 3, service=sweeper)
    yield _custom("unexpected-database-state", "", "the database has objects that no release creates",
                  "UnexpectedDatabaseState", 1, service=sweeper)  # fmt: skip
    yield _custom("row-security-suspended", "", "row-level security of a table is suspended", "RowSecuritySuspended", 1,
                  service=sweeper)  # fmt: skip
    yield _custom("export-clean-up", "", "expired exports were not deleted", "ExportCleanUpFailed", 10,
                  service=sweeper)  # fmt: skip
    yield from _store_alarms(sweeper)
    yield _custom("offers-late", "", "offers were not started or ended", "OffersNotApplied", 10,
                  service=sweeper)  # fmt: skip
    yield _custom("sync-late", "", "a file of an ERP system waits for an hour", "SyncAgeSeconds", 3_600,
                  service=sweeper, statistic="Maximum")  # fmt: skip
    yield _custom("memory", "", "a function has used 90 % of its memory", "MemoryPercent", 90, service=metrics.PLATFORM,
                  statistic="Maximum")  # fmt: skip
    yield _custom("mails-bounced", "", "mails bounced", "MailsBounced", 20, service="queues-mail-events",
                  minutes=60)  # fmt: skip
    yield Alarm("mail-reputation", "", "SES may stop our mails", _SES, "Reputation.BounceRate", "Maximum", 0.05,
                minutes=60)  # fmt: skip
    yield Alarm("mail-complaints", "", "recipients report our mails as spam", _SES, "Reputation.ComplaintRate",
                "Maximum", 0.001, minutes=60)  # fmt: skip
    yield Alarm("schedule-failed", "", "a schedule could not start its function", _SQS,
                "ApproximateNumberOfMessagesVisible", "Maximum", 1,
                {"QueueName": environment.resource("failed-schedules")})  # fmt: skip


def _store_alarms(sweeper: str) -> Iterator[Alarm]:
    """Yield the alarms of the move from the key-value store to the tables."""
    yield _custom("kv-mirror-errors", "", "changes were not mirrored", "KvMirrorErrors", 1, service=sweeper)
    yield _custom("kv-shadow-mismatches", "", "reads of both sides did not agree", "KvShadowMismatches", 1,
                  service=sweeper)  # fmt: skip
    yield _custom("kv-retired-requests", "", "an application uses retired documents", "KvRetiredRequests", 1,
                  service=sweeper)  # fmt: skip
    yield _custom("kv-quarantine", "", "documents were put into quarantine", "KvQuarantined", 10, service=sweeper,
                  minutes=60)  # fmt: skip
    yield _custom("kv-conflicts", "", "old and new applications changed the same fields", "KvConflicts", 50,
                  service=sweeper, minutes=60)  # fmt: skip


def _custom(
    kind: str, target: str, summary: str, metric: metrics.Name, threshold: float, *, service: str, below: bool = False,
    minutes: int = 5, statistic: Statistic = "Sum", **dimensions: str,
) -> Alarm:  # fmt: skip
    """Return an alarm on a metric that the functions themselves record."""
    return Alarm(kind, target, summary, metrics.NAMESPACE, metric, statistic, threshold,
                 {"service": service, **dimensions}, below, minutes)  # fmt: skip
