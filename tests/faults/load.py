"""Puts a light load on one platform: members and visitors read, and one member writes. Each response is checked.

The writes are numbered. Each write sets the price of one product to the number of the write. Therefore the price in a
response identifies the latest write that the response contains.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from statistics import quantiles
from typing import Any, Literal

import httpx

from tests.platform import TLS, Json, Platform, Tenant
from wecelebrate import sweeper

MAX_STALE_SECONDS = sweeper.UNSENT_AFTER_SECONDS + sweeper.INTERVAL_SECONDS + 1.5
"""The number of seconds for which responses are allowed to be outdated if an invalidation was not sent.

This number includes 1.5 s for the work of the sweeper on a busy machine.
"""
MEMBERS, VISITORS = 2, 2
PAUSE_SECONDS = 0.12
"""The pause between two requests of a reader, in seconds. One address is allowed to send ten requests a second."""

Target = Literal["changing", "constant", "list", "write"]


@dataclass(frozen=True)
class Answer:
    """Describes the response to one request, and the error in this response."""

    kind: str
    """The type of user and the requested product, e.g. `member constant`."""
    sent_at: float
    """The monotonic time at which the request was sent."""
    seconds: float
    """The time from the request to its response, in seconds."""
    status: int
    hit: bool
    """Whether the response came from the cache."""
    error: str
    """A description of the error, or an empty text if the response is correct."""


@dataclass
class FaultWindow:
    """The monotonic times of the start and the end of a fault."""

    start: float
    end: float = float("inf")


@dataclass
class Load:
    """Runs the load on one platform, and stores the answers to all requests."""

    platform: Platform
    tenant: Tenant
    changing: Json
    """The product that the writer changes."""
    constant: Json
    """A product that is never changed."""
    answers: list[Answer] = field(default_factory=list)
    windows: list[FaultWindow] = field(default_factory=list)
    acknowledged: list[tuple[int, float]] = field(default_factory=list)
    """A pair for each successful write: the number of the write, and the time of the response."""
    _last_write: int = 1
    _stop: threading.Event = field(default_factory=threading.Event)

    @classmethod
    @contextmanager
    def on(cls, platform: Platform) -> Iterator["Load"]:
        """Run a load until the end of the block."""
        tenant = platform.tenant()
        platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
        changing, constant = (platform.product(tenant, price="1.00") for _ in range(2))
        load = cls(platform, tenant, changing, constant)
        users: list[Callable[[], None]] = [load._write]
        users += [load._read_as_member] * MEMBERS + [partial(load._read_as_visitor, n) for n in range(VISITORS)]
        threads = [threading.Thread(target=user) for user in users]
        for thread in threads:
            thread.start()
        try:
            yield load
        finally:
            load._stop.set()
            for thread in threads:
                thread.join(60)

    @contextmanager
    def fault(self) -> Iterator[FaultWindow]:
        """Record that a fault lasts from the start to the end of the block."""
        window = FaultWindow(time.monotonic())
        self.windows.append(window)
        try:
            yield window
        finally:
            window.end = time.monotonic()

    # The following functions evaluate the answers.

    def between(self, start: float, end: float) -> list[Answer]:
        """Return the answers to the requests that were sent between `start` and `end`."""
        return [answer for answer in self.answers if start <= answer.sent_at < end]

    def wrong_answers(self) -> list[Answer]:
        """Return all answers with an error."""
        return [answer for answer in self.answers if answer.error]

    def recovery_seconds(self, window: FaultWindow, hits: int = 10) -> float | None:
        """Return how many seconds pass from the end of a fault until the cache works again for members and visitors.

        The cache works again at the first of `hits` consecutive cache hits. Return None if a reader did not get this
        number of consecutive hits.
        """
        latest = 0.0
        for reader in ("member", "visitor"):
            after = [
                answer
                for answer in self.answers
                if answer.kind == f"{reader} constant" and answer.sent_at >= window.end
            ]
            for first in range(len(after) - hits + 1):
                if all(answer.hit for answer in after[first : first + hits]):
                    latest = max(latest, after[first].sent_at - window.end)
                    break
            else:
                return None
        return latest

    # The following functions send the requests of the users.

    def _client(self, address: str | None = None, **headers: str) -> httpx.Client:
        transport = httpx.HTTPTransport(verify=TLS, local_address=address)
        return httpx.Client(base_url=self.platform.endpoints.api, headers=headers, timeout=30, transport=transport)

    def _read_as_member(self) -> None:
        authorization = self.tenant.owner.headers["Authorization"]
        with self._client(Authorization=authorization) as client:
            self._read(client, "member", "/v1/products", f"/v1/catalogs/{self.tenant.catalog_id}/products?limit=10")

    def _read_as_visitor(self, number: int) -> None:
        products = f"/v1/storefront/{self.tenant.domain}/products"
        with self._client(address=f"127.0.9.{number + 1}") as client:
            self._read(client, "visitor", products, f"{products}?limit=10")

    def _read(self, client: httpx.Client, reader: str, products: str, page: str) -> None:
        """Send read requests until the load stops. `products` is the parent path of products. `page` is the path of a
        list."""
        requests: list[tuple[Target, str]] = [
            ("changing", f"{products}/{self.changing['id']}"),
            ("constant", f"{products}/{self.constant['id']}"),
            ("list", page),
            ("constant", f"{products}/{self.constant['id']}"),
        ]
        while not self._stop.is_set():
            for target, path in requests:
                self._request(reader, target, partial(client.get, path))
                if self._stop.wait(PAUSE_SECONDS):
                    return

    def _write(self) -> None:
        """Change the price of `self.changing` again and again until the load stops."""
        with self._client(Authorization=self.tenant.owner.headers["Authorization"]) as client:
            while not self._stop.wait(0.4):
                self._last_write += 1
                number = self._last_write
                response = self._request("writer", "write", partial(self._patch, client, number))
                if response is not None and response.status_code == 200:
                    self.acknowledged.append((number, time.monotonic()))

    def _patch(self, client: httpx.Client, number: int) -> httpx.Response:
        path = f"/v1/products/{self.changing['id']}"
        return client.patch(path, json={"price": f"{number}.00"}, headers={"If-Match": "*"})

    def _request(self, user: str, target: Target, send: Callable[[], httpx.Response]) -> httpx.Response | None:
        """Send a request, and record its answer. Return the response, or None if there was no response."""
        sent_at = time.monotonic()
        response, error = None, ""
        try:
            response = send()
            error = self._find_error(user, target, response, sent_at)
        except httpx.HTTPError as failure:
            error = repr(failure)
        seconds = time.monotonic() - sent_at
        hit = response is not None and "; hit" in response.headers.get("cache-status", "")
        status = response.status_code if response is not None else 0
        self.answers.append(Answer(f"{user} {target}", sent_at, seconds, status, hit, error))
        return response

    def _find_error(self, user: str, target: Target, response: httpx.Response, sent_at: float) -> str:
        """Describe the error in a response, or return an empty text. A correct 429 response is not an error."""
        if response.status_code == 429:
            is_correct = response.json()["code"] == "rate_limited" and response.headers["retry-after"]
            return "" if is_correct else response.text
        if response.status_code != 200:
            return f"{response.status_code}: {response.text}"
        body: Any = response.json()
        if target == "list":
            prices = {row["id"]: row["price"] for row in body["data"]}
            if set(prices) != {self.changing["id"], self.constant["id"]}:
                return f"the list contains other products: {prices}"
            return self._find_staleness(prices[self.changing["id"]], sent_at)
        product = self.constant if target == "constant" else self.changing
        if body["id"] != product["id"]:
            return "the response contains another product"
        if target == "constant":
            return "" if body["price"] == "1.00" else f"the price must be 1.00, but is {body['price']}"
        return "" if user == "writer" else self._find_staleness(body["price"], sent_at)

    def _find_staleness(self, price: str, sent_at: float) -> str:
        """Return an error text if a price is outdated or was never written. Otherwise return an empty text."""
        number = int(price.partition(".")[0])
        oldest = max((write for write, at in self.acknowledged if self._visible_at(at) < sent_at), default=1)
        is_current = oldest <= number <= self._last_write
        return "" if is_current else f"the price is {number}, but write {oldest} must be visible"

    def _visible_at(self, acknowledged_at: float) -> float:
        """Return the time from which an acknowledged write must be visible everywhere."""
        for window in self.windows:
            # A call to Redis that began during the fault can still fail shortly after the end of the fault.
            if window.start - 0.5 <= acknowledged_at <= window.end + 0.5:
                return max(acknowledged_at, window.end) + MAX_STALE_SECONDS
        return acknowledged_at


def p95(answers: list[Answer]) -> float:
    """Return the 95th percentile of the response times, in seconds."""
    return quantiles([answer.seconds for answer in answers], n=20)[-1]
