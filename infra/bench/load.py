"""The load generator. It sends requests over several connections, and measures the duration of each request."""

import http.client
import itertools
import sys
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
from wecelebrate.core.database import ENTER


@dataclass
class Timings:
    """The durations and outcomes of the requests in one run of a load."""

    milliseconds: list[float] = field(default_factory=list)
    """The duration of each request, in milliseconds."""
    seconds: float = 0.0
    """The duration of the whole run, in seconds."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Maps each outcome to the number of its responses. The outcome of a response is its header `Cache-Status`. If the
    header is missing, the outcome is the HTTP status.
    """

    @property
    def p50(self) -> float:
        """The median duration of a request, in milliseconds."""
        return median(self.milliseconds)

    @property
    def p95(self) -> float:
        """The 95th percentile of the durations, in milliseconds."""
        return quantiles(self.milliseconds, n=20)[18]

    def add(self, other: "Timings") -> None:
        """Add the requests of another run."""
        self.milliseconds += other.milliseconds
        self.seconds += other.seconds
        self.outcomes += other.outcomes

    @property
    def requests(self) -> int:
        return len(self.milliseconds)

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def hit_rate(self) -> float:
        """The share of the requests that the cache answered, from 0 to 1."""
        hits = sum(count for outcome, count in self.outcomes.items() if "hit" in outcome)
        return hits / max(self.requests, 1)


Send = Callable[[], str]
"""A function that sends one request and returns the outcome. It raises StopIteration when no request is left."""
Connect = Callable[[], AbstractContextManager[Send]]
"""A function that opens a connection, as a context manager that yields `send`."""
NextPath = Callable[[], str]
"""A function that returns the path of the next request. It raises StopIteration when no request is left."""
NextParameters = Callable[[], Mapping[str, Any]]
"""A function that returns the parameters for the next query."""

_addresses = itertools.count()


def load(connect: Connect, connections: int, seconds: float) -> Timings:
    """Send requests over several connections for `seconds` seconds, or until no request is left.

    The time is measured from the moment when all connections are open. Raises LocalCloudError if a connection or a
    request fails.
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
                    request_began = time.perf_counter()
                    try:
                        outcome = send()
                    except StopIteration:
                        break
                    milliseconds.append((time.perf_counter() - request_began) * 1000)
                    outcomes[outcome] += 1
        except threading.BrokenBarrierError:
            pass  # a different connection has failed and recorded its error
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


def open_connection(api: str, *, own_address: bool = False) -> http.client.HTTPConnection:
    """Open a connection to the API. If `own_address` is true, the connection has a source address that no other
    connection has.

    Only Linux accepts each address of 127.0.0.0/8. On other systems, all connections have the address 127.0.0.1, and
    the limits of this address apply.
    """
    source = None
    if own_address and sys.platform == "linux":
        number = next(_addresses) % (63 << 16)
        source = f"127.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}", 0
    return http.client.HTTPConnection(urlsplit(api).netloc, timeout=30, source_address=source)


def get(api: str, headers: Mapping[str, str], next_path: NextPath, *, own_address: bool = False) -> Connect:
    """Return a function that opens an HTTP connection and yields `send`. Each call of `send` makes a GET request.

    own_address: see `open_connection`.
    """

    @contextmanager
    def connect() -> Iterator[Send]:
        connection = open_connection(api, own_address=own_address)

        def send() -> str:
            path = next_path()
            connection.request("GET", path, headers=dict(headers))
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:  # A response with the status 429 is fast, so the figure would be too good.
                raise LocalCloudError(f"GET {path}: {response.status} {body[:300]!r}")
            return response.headers.get("cache-status") or str(response.status)

        try:
            yield send
        finally:
            connection.close()

    return connect


def query(url: str, statement: str, next_parameters: NextParameters, subject: str | None = None) -> Connect:
    """Return a function that opens a direct PostgreSQL connection and yields `send`.

    Each call of `send` runs the query with the next parameters. As in the functions of the platform, statements are
    not prepared. If `subject` is given, the connection is in a transaction of this caller, so policies apply.
    """

    @contextmanager
    def connect() -> Iterator[Send]:
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as database:
            if subject is not None:
                database.execute("set session authorization wc_api")
                database.execute("begin")
                database.execute(ENTER, [subject, None, None, None, [], None, None, None, None])

            def send() -> str:
                database.execute(statement.encode(), next_parameters()).fetchall()
                return "query"

            yield send

    return connect


def both(first: Connect, second: Connect) -> Connect:
    """Return a function that opens two connections and yields `send`.

    Each call of `send` makes one request on the first connection, then one request on the second connection. The load
    counts these two requests as one request.
    """

    @contextmanager
    def connect() -> Iterator[Send]:
        with first() as send_first, second() as send_second:

            def send() -> str:
                send_first()
                return send_second()

            yield send

    return connect
