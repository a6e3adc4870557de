"""A light load of everybody: members and visitors read, one writes, and every answer is looked at.

A product's price is the number of the write that set it, so an answer says how old it is.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from statistics import quantiles
from typing import Any

import httpx

from tests.platform import TLS, Json, Platform, Tenant
from wecelebrate import sweeper

BOUND = sweeper.AGE + sweeper.INTERVAL + 1.5
"""Seconds after which what could not be told is known all the same; the last for a look on a busy machine."""
MEMBERS, VISITORS = 2, 2
PAUSE = 0.12
"""Seconds between two requests of a reader: an address may send ten a second."""


@dataclass(frozen=True)
class Answer:
    """One answer, and what is wrong with it."""

    kind: str
    began: float
    seconds: float
    status: int
    hit: bool
    wrong: str


@dataclass
class Window:
    """From when to when something was broken."""

    began: float
    ended: float = float("inf")


@dataclass
class Load:
    """The load on one platform."""

    platform: Platform
    tenant: Tenant
    changing: Json
    still: Json
    answers: list[Answer] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    acknowledged: list[tuple[int, float]] = field(default_factory=list)
    """Write, and when it was answered."""
    _sent: int = 1
    _stop: threading.Event = field(default_factory=threading.Event)

    @classmethod
    @contextmanager
    def on(cls, platform: Platform) -> Iterator["Load"]:
        """A load that runs until the end of the block."""
        tenant = platform.tenant()
        platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
        changing, still = (platform.product(tenant, price="1.00") for _ in range(2))
        load = cls(platform, tenant, changing, still)
        works: list[Callable[[], None]] = [load._write]
        works += [load._member] * MEMBERS + [partial(load._visitor, n) for n in range(VISITORS)]
        threads = [threading.Thread(target=work) for work in works]
        for thread in threads:
            thread.start()
        try:
            yield load
        finally:
            load._stop.set()
            for thread in threads:
                thread.join(60)

    @contextmanager
    def broken(self) -> Iterator[Window]:
        """While something is broken."""
        window = Window(time.monotonic())
        self.windows.append(window)
        try:
            yield window
        finally:
            window.ended = time.monotonic()

    # What is asked of the answers.

    def between(self, began: float, ended: float) -> list[Answer]:
        return [answer for answer in self.answers if began <= answer.began < ended]

    def wrong(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.wrong]

    def recovery(self, window: Window, in_a_row: int = 10) -> float | None:
        """Seconds after a window until members and visitors are answered from the cache, so many times in a row."""
        latest = 0.0
        for kind in ("member", "visitor"):
            after = [one for one in self.answers if one.kind == f"{kind} still" and one.began >= window.ended]
            for n in range(len(after) - in_a_row + 1):
                if all(one.hit for one in after[n : n + in_a_row]):
                    latest = max(latest, after[n].began - window.ended)
                    break
            else:
                return None
        return latest

    # Who asks.

    def _client(self, address: str | None = None, **headers: str) -> httpx.Client:
        transport = httpx.HTTPTransport(verify=TLS, local_address=address)
        return httpx.Client(base_url=self.platform.endpoints.api, headers=headers, timeout=30, transport=transport)

    def _member(self) -> None:
        authorization = self.tenant.owner.headers["Authorization"]
        with self._client(Authorization=authorization) as client:
            self._read(client, "member", "/v1/products", f"/v1/catalogs/{self.tenant.catalog_id}/products?limit=10")

    def _visitor(self, number: int) -> None:
        place = f"/v1/storefront/{self.tenant.domain}/products"
        with self._client(address=f"127.0.9.{number + 1}") as client:
            self._read(client, "visitor", place, f"{place}?limit=10")

    def _read(self, client: httpx.Client, kind: str, one: str, many: str) -> None:
        while not self._stop.is_set():
            for what, path in (
                ("changing", f"{one}/{self.changing['id']}"),
                ("still", f"{one}/{self.still['id']}"),
                ("list", many),
                ("still", f"{one}/{self.still['id']}"),
            ):
                self._ask(kind, what, partial(client.get, path))
                if self._stop.wait(PAUSE):
                    return

    def _write(self) -> None:
        with self._client(Authorization=self.tenant.owner.headers["Authorization"]) as client:
            while not self._stop.wait(0.4):
                self._sent += 1
                number = self._sent
                answer = self._ask("writer", "write", partial(self._patch, client, number))
                if answer is not None and answer.status_code == 200:
                    self.acknowledged.append((number, time.monotonic()))

    def _patch(self, client: httpx.Client, number: int) -> httpx.Response:
        path = f"/v1/products/{self.changing['id']}"
        return client.patch(path, json={"price": f"{number}.00"}, headers={"If-Match": "*"})

    def _ask(self, kind: str, what: str, ask: Callable[[], httpx.Response]) -> httpx.Response | None:
        began = time.monotonic()
        answer, wrong = None, ""
        try:
            answer = ask()
            wrong = self._fault(kind, what, answer, began)
        except httpx.HTTPError as error:
            wrong = repr(error)
        taken = time.monotonic() - began
        hit = answer is not None and "; hit" in answer.headers.get("cache-status", "")
        status = answer.status_code if answer is not None else 0
        self.answers.append(Answer(f"{kind} {what}", began, taken, status, hit, wrong))
        return answer

    def _fault(self, kind: str, what: str, answer: httpx.Response, began: float) -> str:
        """What is wrong with an answer: nothing, mostly."""
        if answer.status_code == 429:
            return "" if answer.json()["code"] == "rate_limited" and answer.headers["retry-after"] else answer.text
        if answer.status_code != 200:
            return f"{answer.status_code}: {answer.text}"
        body: Any = answer.json()
        if what == "list":
            prices = {row["id"]: row["price"] for row in body["data"]}
            if set(prices) != {self.changing["id"], self.still["id"]}:
                return f"other products: {prices}"
            return self._stale(prices[self.changing["id"]], began)
        wanted = self.still if what == "still" else self.changing
        if body["id"] != wanted["id"]:
            return "another product"
        if what == "still":
            return "" if body["price"] == "1.00" else f"price {body['price']}"
        return "" if kind == "writer" else self._stale(body["price"], began)

    def _stale(self, price: str, began: float) -> str:
        number = int(price.partition(".")[0])
        least = max((one for one, at in self.acknowledged if self._known_at(at) < began), default=1)
        return "" if least <= number <= self._sent else f"price {number} where {least} was known"

    def _known_at(self, at: float) -> float:
        """When a write that was answered then has to be known everywhere."""
        for window in self.windows:
            # What is written just after may still be told by an instance whose call is under way.
            if window.began - 0.5 <= at <= window.ended + 0.5:
                return max(at, window.ended) + BOUND
        return at


def p95(answers: list[Answer]) -> float:
    """Seconds that 95 of 100 answers took at most."""
    return quantiles([answer.seconds for answer in answers], n=20)[-1]
