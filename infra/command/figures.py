"""Collects the figures of the local cloud for `wecelebrate status --watch`. On AWS, the dashboard shows the same
figures.

As on AWS, the functions write their metrics and the lines REPORT to their logs. The gateway counts the requests of each
route. All other figures come from the database and from the processes.
"""

import itertools
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil

from infra.command import output
from infra.command.errors import CommandError
from infra.command.output import Cell, Column, print_details, print_table, result
from infra.local import control
from infra.local.endpoints import Endpoints, state_directory
from infra.local.route_figures import PATH, RouteTotals, difference, percentiles
from wecelebrate.core.metrics import NAMESPACE

_REPORT = re.compile(r"^REPORT RequestId: \S+\tDuration: ([\d.]+) ms\t.*Max Memory Used: (\d+) MB")
_DATABASE = """
select
  (select count(*) from pg_stat_activity where datname = current_database()) as connections,
  (select coalesce(max(extract(epoch from replay_lag)), 0)::float8 from pg_stat_replication) as replica_lag_seconds,
  (select count(*) from dead_letters where redriven_at is null and dismissed_at is null) as dead_letters,
  (select coalesce(json_object_agg(type, json_build_object('jobs', jobs, 'oldest_seconds', oldest)), '{}') from (
    select type, count(*) as jobs, round(max(extract(epoch from now() - queued_at))) as oldest
    from jobs where status in ('pending', 'processing') group by type) waiting) as queues
"""
_ROUTE_COLUMNS = (
    Column("route", shorten=True),
    Column("requests", right=True),
    *(Column(title, right=True) for title in ("4xx", "5xx", "p50 ms", "p95 ms", "p99 ms")),
)
_WORKER_COLUMNS = (
    Column("queue"),
    Column("jobs", right=True),
    Column("oldest s", right=True),
    *(Column(title, right=True) for title in ("runs", "p50 ms", "p95 ms", "memory MB")),
)
_PART_COLUMNS = (Column("part"), Column("CPU %", right=True), Column("memory MB", right=True))
_MAX_ROUTES = 12


@dataclass
class LogFigures:
    """The figures that the functions have written to their logs since the last call of `LogReader.read`."""

    sums: dict[str, float] = field(default_factory=dict)
    """The sum of each metric."""
    highest: dict[str, float] = field(default_factory=dict)
    """The highest value of each metric."""
    database: list[float] = field(default_factory=list)
    """The database time of each invocation, in milliseconds."""
    runs: dict[str, list[float]] = field(default_factory=dict)
    """The durations of the invocations of each function, in milliseconds."""
    memory: dict[str, int] = field(default_factory=dict)
    """Maps each function to the most memory that one of its invocations has used, in megabytes."""

    def add(self, function: str, line: str) -> None:
        """Add a line of a log. Lines without figures are ignored."""
        if match := _REPORT.match(line):
            self.runs.setdefault(function, []).append(float(match[1]))
            self.memory[function] = max(self.memory.get(function, 0), int(match[2]))
        elif line.startswith('{"_aws"'):
            with suppress(ValueError, KeyError, TypeError):
                self._add_metrics(json.loads(line))

    def _add_metrics(self, document: dict[str, Any]) -> None:
        for directive in document["_aws"]["CloudWatchMetrics"]:
            if directive["Namespace"] != NAMESPACE:
                continue
            for name in (metric["Name"] for metric in directive["Metrics"]):
                values = document[name] if isinstance(document[name], list) else [document[name]]
                self.sums[name] = self.sums.get(name, 0) + sum(values)
                self.highest[name] = max(self.highest.get(name, 0), *values)
                if name == "DatabaseMilliseconds":
                    self.database += values


class LogReader:
    """Reads the lines that the functions have written to their logs since the last call of `read`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._positions = {file: file.stat().st_size for file in self._files()}

    def read(self) -> LogFigures:
        """Return the figures of the new lines."""
        figures = LogFigures()
        for file in self._files():
            for line in self._new_lines(file):
                figures.add(file.stem, line)
        return figures

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.log"))

    def _new_lines(self, file: Path) -> Iterator[str]:
        position = self._positions.get(file, 0)
        with file.open("rb") as opened:
            # A log that has become shorter was rotated, so it is read from its beginning.
            opened.seek(position if position <= file.stat().st_size else 0)
            text = opened.read()
            # The last line can be incomplete. The next call reads it.
            complete, _, rest = text.rpartition(b"\n")
            self._positions[file] = opened.tell() - len(rest)
        yield from complete.decode("utf-8", "replace").splitlines()


class Figures:
    """Collects the figures of a running local cloud."""

    def __init__(self, state: Path, endpoints: Endpoints) -> None:
        self._state = state
        self._endpoints = endpoints
        self._logs = LogReader(state / "logs" / "functions")
        self._read_at = time.monotonic()
        self._cpu_seconds = self._cpu()
        self._routes: RouteTotals | None = None
        """The figures of the routes at the last reading."""
        with suppress(OSError):
            self._routes = self._read_routes()

    def collect(self) -> dict[str, Any]:
        """Return the figures since the last call. Raises OSError if the local cloud does not answer."""
        # The calls that can fail come first. After a failure, the next call therefore still returns all figures.
        totals, database = self._read_routes(), self._database()
        logs = self._logs.read()
        # Without an earlier answer of the gateway, it is not known when its requests were made.
        routes = {} if self._routes is None else difference(totals, self._routes)
        self._routes = totals
        now, cpu = time.monotonic(), self._cpu()
        seconds, self._read_at = now - self._read_at, now
        used = {part: max(0.0, cpu[part] - self._cpu_seconds.get(part, 0)) for part in cpu}
        self._cpu_seconds = cpu
        reads = sum(logs.sums.get(name, 0) for name in ("CacheHit", "CacheStale", "CacheMiss"))
        return {
            "seconds": round(seconds, 1),
            "routes": routes,
            "database_milliseconds": percentiles(logs.database),
            "hit_rate_percent": round(100 * (1 - logs.sums.get("CacheMiss", 0) / reads), 1) if reads else None,
            "metrics": {
                "sums": {name: round(value, 3) for name, value in sorted(logs.sums.items())},
                "highest": {name: round(value, 3) for name, value in sorted(logs.highest.items())},
            },
            "functions": {
                name: {"runs": len(runs), **percentiles(runs), "memory_mb": logs.memory[name]}
                for name, runs in sorted(logs.runs.items())
            },
            **database,
            "cpu_percent": {part: round(value / seconds * 100, 1) for part, value in used.items()},
            "memory_mb": {part.name: part.memory // 1024**2 for part in control.status(self._state).parts},
        }

    def _read_routes(self) -> RouteTotals:
        with urlopen(f"{self._endpoints.api}{PATH}", timeout=10) as response:  # noqa: S310 - a URL of the local cloud
            document: RouteTotals = json.load(response)
            return document

    def _database(self) -> dict[str, Any]:
        import psycopg
        from psycopg.rows import dict_row

        try:
            with psycopg.connect(self._endpoints.database, connect_timeout=5, row_factory=dict_row) as connection:
                row: dict[str, Any] = connection.execute(_DATABASE).fetchone() or {}
                return row
        except psycopg.Error as error:
            raise OSError(f"the database does not answer: {error}") from error

    def _cpu(self) -> dict[str, float]:
        """Return the CPU time of each part and its descendants, in seconds."""
        seconds = {}
        for part in control.status(self._state).parts:
            with suppress(psutil.Error):
                process = psutil.Process(part.pid)
                members = [process, *process.children(recursive=True)]
                seconds[part.name] = sum(_seconds(member) for member in members)
        return seconds


def _seconds(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def watch_figures(as_json: bool, interval: float, count: int) -> None:
    """Collect and show the figures every `interval` seconds, `count` times. If `count` is 0, continue until Ctrl-C.

    Raises CloudNotRunning if the local cloud is not up or was stopped. Raises CommandError at the end if a part of the
    cloud did not answer. If `count` is not 0, Ctrl-C raises KeyboardInterrupt.
    """
    try:
        _watch(as_json, interval, count)
    except KeyboardInterrupt:
        if count:
            raise


def _watch(as_json: bool, interval: float, count: int) -> None:
    state = state_directory()
    figures = Figures(state, control.running_endpoints(state))
    failures = 0
    for _ in range(count) if count else itertools.count():
        time.sleep(interval)
        control.running_endpoints(state)
        try:
            collected = figures.collect()
        except OSError as error:
            output.warning(f"a part of the local cloud does not answer: {error}")
            failures += 1
            continue
        if as_json:
            output.print_json_line(collected)
            continue
        output.clear_screen()
        output.result(f"{datetime.now(UTC).astimezone():%H:%M:%S}, the last {_number(collected['seconds'])} s")
        output.result()
        show(collected)
        output.result()
    if failures:
        raise CommandError(f"{failures} of {count} readings failed, because a part of the local cloud did not answer")


def show(figures: Mapping[str, Any]) -> None:
    """Print the figures as tables."""
    busiest = sorted(figures["routes"].items(), key=lambda item: -item[1]["requests"])[:_MAX_ROUTES]
    if busiest:
        print_table(
            _ROUTE_COLUMNS,
            [
                (route, *(_number(values.get(each, 0)) for each in ("requests", "4xx", "5xx", "p50", "p95", "p99")))
                for route, values in busiest
            ],
        )
        result()
    if workers := _workers(figures):
        print_table(_WORKER_COLUMNS, workers)
        result()
    sums, highest, database = (
        figures["metrics"]["sums"],
        figures["metrics"]["highest"],
        figures["database_milliseconds"],
    )
    hit_rate = figures["hit_rate_percent"]
    details: dict[str, Cell] = {
        "hit rate of the cache": "no reads" if hit_rate is None else f"{_number(hit_rate)} %",
        "database time": ", ".join(f"{name} {_number(value)} ms" for name, value in database.items()) or "no queries",
        "connections": f"{figures['connections']}",
        "replica lag": f"{figures['replica_lag_seconds']:.2f} s",
        "handed to the primary": _number(sums.get("ReaderHandedOver", 0)),
        "oldest sync": f"{highest.get('SyncAgeSeconds', 0):.0f} s",
        "dead letters": f"{figures['dead_letters']}",
        "mails bounced": _number(sums.get("MailsBounced", 0)),
        "throttled requests": _number(sums.get("Throttled", 0)),
        "cache errors": _number(sums.get("CacheDown", 0)),
        "memory of functions": f"{_number(highest['MemoryPercent'])} % at most" if "MemoryPercent" in highest else "",
    }
    print_details(details)
    result()
    cpu = figures["cpu_percent"]
    parts = [(part, _number(cpu.get(part, 0)), str(memory)) for part, memory in figures["memory_mb"].items()]
    print_table(_PART_COLUMNS, parts)


def _workers(figures: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return a row for each queue that has open jobs, and for each worker that has run."""
    from infra.functions import functions
    from wecelebrate.jobs.types import QUEUES

    jobs: dict[str, dict[str, float]] = {}
    for type, waiting in figures["queues"].items():
        jobs[QUEUES[type]] = waiting
    rows = []
    for spec in functions():
        if not spec.has_queue:
            continue
        waiting, runs = jobs.get(spec.queue_name, {}), figures["functions"].get(spec.name, {})
        if waiting or runs:
            rows.append(
                (
                    spec.queue_name,
                    _number(waiting.get("jobs", 0)),
                    _number(waiting.get("oldest_seconds", 0)),
                    *(_number(runs.get(each, 0)) for each in ("runs", "p50", "p95", "memory_mb")),
                )
            )
    return rows


def _number(value: float) -> str:
    """Return a number without an exponent: a number below 100 with at most one decimal, and any other number without
    decimals. Tables with times of several seconds then still fit into 60 columns.
    """
    return f"{value:.1f}".removesuffix(".0") if abs(value) < 100 else f"{value:.0f}"
