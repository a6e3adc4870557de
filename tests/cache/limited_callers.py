"""Callers whose requests are counted, for the tests of the rate limits."""

import re
from collections.abc import Mapping, Sequence
from uuid import uuid4

from wecelebrate.core import cache
from wecelebrate.core.cache.keys import SESSION
from wecelebrate.core.database import Caller
from wecelebrate.core.errors import TooManyRequests
from wecelebrate.core.requests import sessions
from wecelebrate.core.requests.request_cache import RequestCache
from wecelebrate.core.requests.sessions import Session

MEMBER = Caller(subject="ann")
VISITOR = Caller(site_domain="shop.test")


class Client:
    """A caller whose session is in the cache. The object stores the rate limit headers of the latest response."""

    def __init__(
        self,
        caller: Caller,
        quota: int | None,
        tenant: str | None = None,
        limit: str = "requests",
        site: str = "",
        *,
        clients: Sequence[str] = (),
    ) -> None:
        """`clients` are the clients of a member who belongs to several clients."""
        self.caller = caller
        self.tags = ["tiers", *(f"client:{client}" for client in clients)]
        self.tenant = tenant or str(uuid4())
        self.session = Session(f"{self.tenant}:owner", self.tenant, limit, quota, site)
        self.headers: dict[str, str] = {}
        self.store_session()

    def store_session(self) -> None:
        value = cache.new_value("", str(self.session), cache.read_tags(self.tags).tokens, 10**6)
        cache.put(sessions.session_key(self.caller), value, SESSION)

    def send(self, address: str = "", is_order: bool = False) -> dict[str, tuple[int, int]]:
        """Send a request. `is_order` states whether the request is an order.

        Return for each limit the number of remaining requests, and the seconds until more requests are allowed. Raises
        TooManyRequests.
        """
        self.headers = {}

        def record_headers(headers: Mapping[str, str]) -> None:
            self.headers = dict(headers)

        try:
            RequestCache(self.caller, address, record_headers, is_order).lookup()
        finally:
            limits_in_header = re.findall(r'"(\w+)";r=(\d+);t=(\d+)', self.headers.get("RateLimit", ""))
        return {name: (int(remaining), int(seconds)) for name, remaining, seconds in limits_in_header}

    def exhaust(self, address: str = "", is_order: bool = False) -> int:
        """Send requests until a request is refused. Return the number of accepted requests."""
        for count in range(10_000):
            try:
                self.send(address, is_order)
            except TooManyRequests:
                return count
        raise AssertionError("none of 10,000 requests was refused")


class Attempt:
    """A request whose headers are recorded."""

    def __init__(
        self,
        caller: Caller,
        address: str = "192.0.2.1",
        is_order: bool = False,
        *,
        own_limit: str | None = None,
        body_bytes: int = 0,
    ) -> None:
        self.limits: dict[str, int] = {}
        self.request = RequestCache(caller, address, self._record, is_order, own_limit, body_bytes=body_bytes)

    def _record(self, headers: Mapping[str, str]) -> None:
        self.limits = {name: int(left) for name, left in re.findall(r'"([\w-]+)";r=(\d+)', headers["RateLimit"])}

    def fail(self, status: int, *, looked_up: bool = True) -> "Attempt":
        if looked_up:
            self.request.lookup()
        self.request.record_failure(status)
        return self
