"""Fetching images from their URLs: several at once, but few from one host, and each within a time limit."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from wecelebrate.core import outbound
from wecelebrate.images.rendering import MAX_BYTES, NotRendered

MAX_CONCURRENT = 8
"""Requests at once."""
MAX_CONCURRENT_PER_HOST = 4
TIMEOUT = 20.0
"""Seconds for one image, including redirects."""
MAX_REDIRECTS = 4
MAX_SILENCES = 3
"""After this number of failed connections in a row, a job sends no further requests to a host."""
DEFAULT_PAUSE = 60.0
"""Seconds. The pause of a busy server that does not say how long to wait."""
MAX_PAUSE = 24 * 3600.0
"""Seconds. If a server asks for a longer pause, it gets this one."""
_HEARTBEAT_SECONDS = 5.0

Store = Callable[[bytes], Mapping[str, Any]]
"""Renders and stores an image. Returns columns of its row in `images`. Raises NotRendered."""


@dataclass(frozen=True)
class ImageRequest:
    """An image to fetch."""

    address: str
    """Its URL."""
    etag: str | None = None
    """The ETag of the stored version."""


@dataclass(frozen=True)
class FetchResult:
    """The result of fetching an image."""

    address: str
    image: Mapping[str, Any] | None = None
    """Columns of its row in `images`. None if fetching failed, or if the image has not changed."""
    etag: str | None = None
    code: str | None = None
    """The error code. Stable. None on success."""
    reason: str | None = None
    wait: float | None = None
    """Seconds that the server asked to wait before the next request."""


@dataclass
class _Host:
    """The state of a host, shared by the threads that send requests to it."""

    silences: int = 0
    """Failed connections in a row."""
    pause: float | None = None
    """Seconds that the server asked to wait."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, responded: bool) -> None:
        with self.lock:
            self.silences = 0 if responded else self.silences + 1

    def refuse(self, address: str) -> FetchResult | None:
        """The result of an image if no further requests go to this host. None if the image can be requested."""
        if self.pause is not None:
            return FetchResult(address, code="busy", reason="the server asked to wait", wait=self.pause)
        if self.silences >= MAX_SILENCES:
            return FetchResult(address, code="unreachable", reason="the server did not respond for other images")
        return None


def fetch_all(requests: Sequence[ImageRequest], store: Store, heartbeat: Callable[[], None]) -> list[FetchResult]:
    """Fetch images, and store each with `store`, which runs on several threads.

    The calling thread calls `heartbeat` every few seconds. An exception from it stops the fetching and is raised.
    """
    stopped = threading.Event()
    hosts: dict[str, _Host] = {}
    sequences: dict[tuple[str, int], list[ImageRequest]] = {}
    for at, request in enumerate(requests):
        sequences.setdefault((_host_name(request.address), at % MAX_CONCURRENT_PER_HOST), []).append(request)

    def run(host: _Host, sequence: Sequence[ImageRequest]) -> list[FetchResult]:
        results = []
        for request in sequence:
            if stopped.is_set():
                break
            results.append(host.refuse(request.address) or _fetch(request, host, store))
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


def _fetch(request: ImageRequest, host: _Host, store: Store) -> FetchResult:
    """Fetch one image. Errors of the image and of its server are part of the result; other errors are raised."""
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
        return replace(result, code="busy", reason="the server asked to wait", wait=host.pause)
    if response.status != HTTPStatus.OK:
        return replace(result, code="not_answered", reason=f"the server responded with status {response.status}")
    try:
        return replace(result, image=store(response.body), etag=_usable_etag(response.headers.get("etag")))
    except NotRendered as error:
        return replace(result, code=error.code, reason=error.reason)


def _host_name(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _usable_etag(etag: str | None) -> str | None:
    """An ETag, if it is short and printable enough to be stored and sent back."""
    return etag if etag and len(etag) <= 512 and etag.isascii() and etag.isprintable() else None
