"""Requests, many at once, and how long each took."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median, quantiles
from urllib.parse import urlsplit

from infra.local.processes import LocalCloudError


@dataclass
class Timings:
    """What a number of requests came to."""

    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0
    came: Counter[str] = field(default_factory=Counter)
    """How often an answer came from where: `Cache-Status`, or the status of an error."""

    @property
    def p50(self) -> float:
        return median(self.milliseconds)

    @property
    def p95(self) -> float:
        return quantiles(self.milliseconds, n=20)[18]

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds

    @property
    def hit_rate(self) -> float:
        hits = sum(times for came, times in self.came.items() if "hit" in came)
        return hits / max(len(self.milliseconds), 1)


Path = Callable[[], str]
"""The path of the next request; raises StopIteration after the last."""


def load(api: str, headers: Mapping[str, str], path: Path, connections: int, seconds: float) -> Timings:
    """Ask for `path` again and again, over so many connections, for so long. Raises LocalCloudError for an error that
    is no limit."""
    timings = Timings()
    lock = threading.Lock()
    failures: list[str] = []
    began = time.perf_counter()

    def ask() -> None:
        own, came = [], Counter[str]()
        connection = http.client.HTTPConnection(urlsplit(api).netloc, timeout=30)
        while time.perf_counter() - began < seconds and not failures:
            try:
                asked = path()
            except StopIteration:
                break
            at = time.perf_counter()
            connection.request("GET", asked, headers=dict(headers))
            answer = connection.getresponse()
            body = answer.read()
            own.append((time.perf_counter() - at) * 1000)
            if answer.status not in (200, 304, 429):
                failures.append(f"{asked}: {answer.status} {body[:300]!r}")
            came[answer.headers.get("cache-status") or str(answer.status)] += 1
        connection.close()
        with lock:
            timings.milliseconds += own
            timings.came += came

    threads = [threading.Thread(target=ask) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    timings.seconds = time.perf_counter() - began
    if failures:
        raise LocalCloudError(failures[0])
    return timings
