"""Asking addresses for images: several at once, few of the same host, none for long."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import time
from typing import Any
from urllib.parse import urlsplit

from wecelebrate.core import outbound
from wecelebrate.images.rendering import MOST_BYTES, NotRendered

AT_ONCE = 8
"""Addresses that are asked at once."""
PER_HOST = 4
"""Of them, of the same host."""
SECONDS = 20.0
"""For one address, redirects and all."""
REDIRECTS = 4
SILENT = 3
"""Times in a row that a host does not answer until no more is asked of it for now."""
LONGEST_WAIT = 24 * 3600.0
"""Seconds that a host may ask for to be left alone."""
_BEAT = 5.0

Keep = Callable[[bytes], Mapping[str, Any]]


@dataclass(frozen=True)
class Wanted:
    """An address to ask for."""

    address: str
    etag: str | None = None
    """Of what is there."""


@dataclass(frozen=True)
class Outcome:
    """What asking for an address came to."""

    address: str
    kept: Mapping[str, Any] | None = None
    """What a row of `images` says of it; None when it failed, and when it is what it was."""
    etag: str | None = None
    code: str | None = None
    """Stable name of what went wrong."""
    reason: str | None = None
    wait: float | None = None
    """Seconds for which it wants to be left alone."""


@dataclass
class _Host:
    """What is known of a host by the threads that ask it."""

    silent: int = 0
    busy: float | None = None
    """Seconds that it wants to be left alone."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def heard(self, answered: bool) -> None:
        with self.lock:
            self.silent = 0 if answered else self.silent + 1

    @property
    def resting(self) -> Outcome | None:
        """Why no more is asked of it, if so."""
        if self.busy is not None:
            return Outcome("", code="busy", reason="its server asked for a pause", wait=self.busy)
        if self.silent >= SILENT:
            return Outcome("", code="unreachable", reason="its server did not answer for other images")
        return None


def fetch_all(wanted: Sequence[Wanted], keep: Keep, alive: Callable[[], None]) -> list[Outcome]:
    """Ask for all of them; `keep` renders what comes, on any thread.

    `alive` is called now and then on this one: what it raises ends the asking.
    """
    stopped = threading.Event()
    hosts: dict[str, _Host] = {}
    lanes: dict[tuple[str, int], list[Wanted]] = {}
    for at, one in enumerate(wanted):
        lanes.setdefault((_host(one.address), at % PER_HOST), []).append(one)

    def run(host: _Host, lane: Sequence[Wanted]) -> list[Outcome]:
        outcomes = []
        for one in lane:
            if stopped.is_set():
                break
            resting = host.resting
            outcomes.append(
                Outcome(one.address, code=resting.code, reason=resting.reason, wait=resting.wait)
                if resting
                else _fetch(one, host, keep)
            )
        return outcomes

    with ThreadPoolExecutor(AT_ONCE, "images") as threads:
        futures = {
            threads.submit(run, hosts.setdefault(name, _Host()), lane) for (name, _), lane in sorted(lanes.items())
        }
        waiting = futures
        try:
            while waiting:
                _, waiting = wait(waiting, _BEAT, FIRST_COMPLETED)
                alive()
        except BaseException:
            stopped.set()
            raise
    return [outcome for future in futures for outcome in future.result()]


def _fetch(wanted: Wanted, host: _Host, keep: Keep) -> Outcome:
    """One address. What is wrong with it is told; what is wrong with us is raised."""
    headers = {"Accept": "image/avif,image/webp,image/png,image/jpeg,image/gif"}
    if wanted.etag:
        headers["If-None-Match"] = wanted.etag
    address = wanted.address
    try:
        answer = outbound.fetch("GET", address, headers=headers, timeout=SECONDS, most=MOST_BYTES, redirects=REDIRECTS)
    except outbound.TooLarge as error:
        return Outcome(address, code="too_large", reason=str(error))
    except outbound.Refused as error:
        return Outcome(address, code="refused_address", reason=str(error))
    except outbound.Unreachable as error:
        host.heard(False)
        return Outcome(address, code="unreachable", reason=str(error))
    host.heard(True)
    if answer.status == HTTPStatus.NOT_MODIFIED:
        return Outcome(address)
    if answer.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        host.busy = _pause(answer.headers.get("retry-after", ""))
        return Outcome(address, code="busy", reason="its server asked for a pause", wait=host.busy)
    if answer.status != HTTPStatus.OK:
        return Outcome(address, code="not_answered", reason=f"its server answers {answer.status}")
    try:
        return Outcome(address, kept=keep(answer.body), etag=_storable(answer.headers.get("etag")))
    except NotRendered as error:
        return Outcome(address, code=error.code, reason=error.reason)


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _pause(retry_after: str) -> float:
    """Seconds that `Retry-After` asks for, given as such or as a date (RFC 9110); a minute for anything else."""
    try:
        seconds = (
            float(retry_after) if retry_after.isdigit() else parsedate_to_datetime(retry_after).timestamp() - time()
        )
    except ValueError:
        return 60.0
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _storable(etag: str | None) -> str | None:
    """An entity tag, if it is one that is worth sending back."""
    return etag if etag and len(etag) <= 512 and etag.isascii() and etag.isprintable() else None
