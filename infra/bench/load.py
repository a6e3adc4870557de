"""Load generator: sends requests over several connections and times each."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

import psycopg

from infra.local.processes import LocalCloudError


@dataclass
class Timings:
    """The result of one load run."""

    milliseconds: list[float] = field(default_factory=list)
    """Duration of each request."""
    seconds: float = 0.0
    """Duration of the whole run."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Number of responses by `Cache-Status`, or by HTTP status where a response has no `Cache-Status`."""

    @property
    def p50(self) -> float:
        """Milliseconds."""
        return median(self.milliseconds)

    @property
    def p95(self) -> float:
        """Milliseconds."""
        return quantiles(self.milliseconds, n=20)[18]

    @property
    def requests(self) -> int:
        return len(self.milliseconds)

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def hit_rate(self) -> float:
        """Share of requests that the cache answered, 0 to 1."""
        hits = sum(count for outcome, count in self.outcomes.items() if "hit" in outcome)
        return hits / max(self.requests, 1)


Send = Callable[[], str]
"""Sends one request and returns its outcome. Raises StopIteration when no request is left."""
Connect = Callable[[], AbstractContextManager[Send]]
"""Opens one connection."""
NextPath = Callable[[], str]
"""Returns the path of the next request. Raises StopIteration when no request is left."""
NextParameters = Callable[[], Mapping[str, Any]]
"""Returns the parameters of the next query."""


def load(connect: Connect, connections: int, seconds: float) -> Timings:
    """Send requests over several connections until the time is over or no request is left.

    The time begins when all connections are open. Raises LocalCloudError when a connection or a request fails.
    """
    timings = Timings()
    lock = threading.Lock()
    failures: list[str] = []
    ready = threading.Barrier(connections + 1)

    def run_connection() -> None:
        milliseconds, outcomes = [], Counter[str]()
        try:
            with connect() as send:
                ready.wait()
                began = time.perf_counter()
                while time.perf_counter() - began < seconds and not failures:
                    sent = time.perf_counter()
                    try:
                        outcome = send()
                    except StopIteration:
                        break
                    milliseconds.append((time.perf_counter() - sent) * 1000)
                    outcomes[outcome] += 1
        except threading.BrokenBarrierError:
            pass  # another connection failed
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}")
            ready.abort()
        with lock:
            timings.milliseconds += milliseconds
            timings.outcomes += outcomes

    threads = [threading.Thread(target=run_connection) for _ in range(connections)]
    for thread in threads:
        thread.start()
    with suppress(threading.BrokenBarrierError):
        ready.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    timings.seconds = time.perf_counter() - began
    if failures:
        raise LocalCloudError(failures[0])
    return timings


def get(api: str, headers: Mapping[str, str], next_path: NextPath) -> Connect:
    """GET requests to the API over a persistent HTTP connection."""

    @contextmanager
    def connect() -> Iterator[Send]:
        connection = http.client.HTTPConnection(urlsplit(api).netloc, timeout=30)

        def send() -> str:
            path = next_path()
            connection.request("GET", path, headers=dict(headers))
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:  # a 429 is fast and would improve the figure
                raise LocalCloudError(f"GET {path}: {response.status} {body[:300]!r}")
            return response.headers.get("cache-status") or str(response.status)

        try:
            yield send
        finally:
            connection.close()

    return connect


def query(url: str, statement: str, next_parameters: NextParameters) -> Connect:
    """Queries over a direct PostgreSQL connection. Statements are not prepared, as in the platform's functions."""

    @contextmanager
    def connect() -> Iterator[Send]:
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as database:

            def send() -> str:
                database.execute(statement.encode(), next_parameters()).fetchall()
                return "query"

            yield send

    return connect


def both(first: Connect, second: Connect) -> Connect:
    """Requests of two kinds: one of each, in sequence, counts as one request."""

    @contextmanager
    def connect() -> Iterator[Send]:
        with first() as send_first, second() as send_second:

            def send() -> str:
                send_first()
                return send_second()

            yield send

    return connect
