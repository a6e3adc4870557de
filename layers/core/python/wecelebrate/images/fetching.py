"""Fetches images from their URLs.

The number of concurrent requests is limited, in total and per host. Each image must be fetched within a timeout.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from math import inf
from typing import Any
from urllib.parse import urlsplit

from wecelebrate.core import outbound
from wecelebrate.images.renderer import RenderingPostponed
from wecelebrate.images.renditions import MAX_BYTES, NotRendered

MAX_CONCURRENT = 8
"""The largest number of requests that are sent at the same time."""
MAX_CONCURRENT_PER_HOST = 4
"""The largest number of requests that are sent to one host at the same time."""
TIMEOUT = 20.0
"""The longest time for fetching one image, including redirects, in seconds."""
MAX_REDIRECTS = 4
MAX_CONNECTION_FAILURES = 3
"""After this many consecutive failed connections to a host, `fetch_all` sends no further requests to this host."""
DEFAULT_PAUSE = 60.0
"""If a busy server does not say how long to wait, the wait before the next request has this number of seconds."""
MAX_PAUSE = 24 * 3600.0
"""The longest wait that a server can ask for, in seconds. A longer wait is shortened to this value."""
_HEARTBEAT_SECONDS = 5.0
"""The longest time between two calls of `heartbeat`."""

Store = Callable[[bytes, float], Mapping[str, Any]]
"""A function that renders and stores an image. Its arguments are the content of the file, and a deadline on the
monotonic clock. It returns values for the columns of the table `images`. It raises NotRendered if the image cannot be
rendered, and RenderingPostponed if the rendering has not begun before the deadline."""


@dataclass(frozen=True)
class ImageRequest:
    """An image to fetch."""

    address: str
    """The URL of the image."""
    etag: str | None = None
    """The ETag of the version of the image that is already stored."""


@dataclass(frozen=True)
class FetchResult:
    """The result of fetching an image."""

    address: str
    image: Mapping[str, Any] | None = None
    """Values for the columns of the table `images`. None if fetching failed, or if the image has not changed."""
    etag: str | None = None
    code: str | None = None
    """The stable code of the error. None if there was no error."""
    reason: str | None = None
    """The error, as a text for users."""
    wait: float | None = None
    """How long to wait before the next request, in seconds, if the server asked for a wait."""


@dataclass
class _Host:
    """The state of a host, shared by the threads that send requests to it."""

    failures: int = 0
    """The number of consecutive failed connections."""
    pause: float | None = None
    """How long the server asked us to wait, in seconds. None if the server did not ask for a wait."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, responded: bool) -> None:
        with self.lock:
            self.failures = 0 if responded else self.failures + 1

    def refuse(self, address: str) -> FetchResult | None:
        """Return an error result if this host must not get further requests. Otherwise return None."""
        if self.pause is not None:
            return FetchResult(address, code="busy", reason="the server asked us to wait", wait=self.pause)
        if self.failures >= MAX_CONNECTION_FAILURES:
            return FetchResult(
                address, code="unreachable", reason="the server did not respond to requests for other images"
            )
        return None


def fetch_all(
    requests: Sequence[ImageRequest], store: Store, heartbeat: Callable[[], None], seconds: float = inf
) -> list[FetchResult]:
    """Fetch images, and call `store` with each image. Several threads can run `store` at the same time.

    After `seconds`, no further image is fetched or rendered, and the result does not contain the remaining images. If
    `seconds` is longer than TIMEOUT, the result contains at least one image.

    The calling thread calls `heartbeat` every few seconds. If `heartbeat` raises an exception, no further images are
    fetched, and this function raises the same exception.
    """
    stopped = threading.Event()
    until = time.monotonic() + seconds
    hosts: dict[str, _Host] = {}
    sequences: dict[tuple[str, int], list[ImageRequest]] = {}
    for index, request in enumerate(requests):
        sequences.setdefault((_host_name(request.address), index % MAX_CONCURRENT_PER_HOST), []).append(request)

    def run(host: _Host, sequence: Sequence[ImageRequest]) -> list[FetchResult]:
        results = []
        for request in sequence:
            if stopped.is_set() or time.monotonic() > until:
                break
            try:
                results.append(host.refuse(request.address) or _fetch(request, host, store, until))
            except RenderingPostponed:
                break
        return results

    with ThreadPoolExecutor(MAX_CONCURRENT, "images") as threads:
        futures = {
            threads.submit(run, hosts.setdefault(name, _Host()), sequence)
            for (name, _), sequence in sorted(sequences.items())
        }
        pending = futures
        try:
            while pending:
                _, pending = wait(pending, _HEARTBEAT_SECONDS, FIRST_COMPLETED)
                heartbeat()
        except BaseException:
            stopped.set()
            raise
    return [result for future in futures for result in future.result()]


def _fetch(request: ImageRequest, host: _Host, store: Store, until: float) -> FetchResult:
    """Fetch one image. If the image or its server causes an error, the result contains the error. Other errors are
    raised.
    """
    headers = {"Accept": "image/avif,image/webp,image/png,image/jpeg,image/gif"}
    if request.etag:
        headers["If-None-Match"] = request.etag
    result = FetchResult(request.address)
    try:
        response = outbound.fetch(
            "GET",
            request.address,
            headers=headers,
            timeout=TIMEOUT,
            max_bytes=MAX_BYTES,
            max_redirects=MAX_REDIRECTS,
        )
    except outbound.ResponseTooLarge as error:
        return replace(result, code="too_large", reason=str(error))
    except outbound.NotAllowed as error:
        return replace(result, code="refused_address", reason=str(error))
    except outbound.Unreachable as error:
        host.record(responded=False)
        return replace(result, code="unreachable", reason=str(error))
    host.record(responded=True)
    if response.status == HTTPStatus.NOT_MODIFIED:
        return result
    if response.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        seconds = outbound.seconds_to_wait(response.headers.get("retry-after"), datetime.now(UTC))
        host.pause = DEFAULT_PAUSE if seconds is None else min(seconds, MAX_PAUSE)
        return replace(result, code="busy", reason="the server asked us to wait", wait=host.pause)
    if response.status != HTTPStatus.OK:
        return replace(result, code="not_answered", reason=f"the server responded with status {response.status}")
    try:
        return replace(result, image=store(response.body, until), etag=_usable_etag(response.headers.get("etag")))
    except NotRendered as error:
        return replace(result, code=error.code, reason=error.reason)


def _host_name(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _usable_etag(etag: str | None) -> str | None:
    """Return the ETag if it consists of 1 to 512 printable ASCII characters. Otherwise return None."""
    return etag if etag and len(etag) <= 512 and etag.isascii() and etag.isprintable() else None
