"""Counts one request against its limits (`limits`).

The lookup of a request counts the request in Redis. While Redis is down, the request is counted in this instance. If
the request fails or keeps the database busy, a second call increases the cost of the request. If a failed request was
counted as an order, the second call also subtracts the order.
"""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from wecelebrate.core import cache, kill_switches
from wecelebrate.core.cache import Budget, Budgets, Charge
from wecelebrate.core.cache.keys import PUBLIC, key, quoted
from wecelebrate.core.database import Caller
from wecelebrate.core.requests import limits
from wecelebrate.core.requests.addresses import limited_address, wide_address
from wecelebrate.core.requests.limits import (
    FAILURE_COST,
    ORDER_SHARE,
    STOREFRONT_SHARE,
    Limit,
    LocalLimits,
)
from wecelebrate.core.requests.sessions import CLIENT_TAG, STOREFRONT_FACTOR, Session, session_key

OnLimits = Callable[[Mapping[str, str]], object]
"""A function that receives the headers with the state of the limits."""

_local_limits = LocalLimits()


class RequestCount:
    """Counts one request. Without `on_limits`, nothing is counted.

    The request of a visitor counts as several requests if it has a large body (`limits.size_cost`).

    If `own_limit` is set, the request counts against this limit of the client, instead of the limit of the session.
    Both limits have the same quota. A separate limit for some requests ensures that these requests cannot use up the
    limit that other requests need.
    """

    def __init__(
        self,
        caller: Caller,
        address: str,
        on_limits: OnLimits | None,
        is_order: bool,
        own_limit: str | None = None,
        *,
        body_bytes: int = 0,
    ) -> None:
        self._own_limit = own_limit
        self._cost = limits.size_cost(body_bytes)
        """The number of requests that the request counts as, unless its caller is a member."""
        self._caller = caller
        self._address = limited_address(address)
        self._on_limits = on_limits
        self._is_order = is_order
        self._is_member = caller.subject is not None and caller.site_domain is None
        self._limits: dict[str, Limit] = {}
        self._session: Session | None = None
        self._clients: list[str] = []
        """The clients of the session. Empty if it is a session of staff."""
        self._is_counted = False
        """Whether the request was counted against the limits of its address and its subject, in Redis or locally."""
        self._local_orders: tuple[str, ...] = ()
        """The local order limits that have counted the request."""

    def budgets(self, session: Session, suffix: str) -> Budgets:
        """Return the budgets for a value that the request stores in the cache. `suffix` is the end of the value's key.

        `budgets_of_request` in `lookup.lua` builds the same budgets.
        """
        if not (self._is_member and self._is_counting()):
            return self._own_budgets
        first = cache.first_charged_client(suffix) % len(self._clients) if self._clients else 0
        charged = [*self._clients[first:], *self._clients[:first]][: cache.MAX_CHARGED_CLIENTS] or [session.tenant]
        quota, share = cache.CLIENT_KIB_PER_HOUR, len(charged)
        return (*self._own_budgets, *([Budget(key(tenant, "limit", "stored"), quota, share)] for tenant in charged))

    @property
    def _own_budgets(self) -> Budgets:
        """The budgets that do not depend on the session of the caller."""
        if not self._is_counting():
            return ()
        if self._is_member:
            own = key(PUBLIC, "limit", "stored-subject", self._caller.subject or "")
            return ([Budget(own, cache.SUBJECT_KIB_PER_HOUR)],)
        if not self._address:
            return ()
        own = key(PUBLIC, "limit", "stored", self._address)
        free = key(PUBLIC, "limit", "stored-free", wide_address(self._address))
        shared = Budget(key(PUBLIC, "limit", "stored-shared"), cache.SHARED_KIB_PER_HOUR)
        return ([Budget(own, cache.ADDRESS_KIB_PER_HOUR)], [Budget(free, cache.FREE_KIB_PER_HOUR), shared])

    def lookup_fields(self) -> dict[str, Any]:
        """Return the CacheLookup fields for the limits. If a request needs several lookups, each limit counts it only
        once.
        """
        counting = self._is_counting()
        count_order = counting and self._is_order and "orders" not in self._limits
        return {
            "address_key": self._keys.get("address", ""),
            "subject_key": self._keys.get("subject", ""),
            "caller_quota": limits.ADDRESS_PER_MINUTE if counting and not self._is_counted else None,
            "is_member": self._is_member,
            "address": "" if self._is_member else quoted(self._address),
            "address_per_hour": limits.ADDRESS_PER_MINUTE * 60,
            "storefront_share": STOREFRONT_SHARE,
            "order_share": ORDER_SHARE,
            "own_limit": self._own_limit,
            "cost": self._cost,
            "count_request": counting and not self._limits.keys() - {"address"},
            "requests_per_order": STOREFRONT_FACTOR if count_order else None,
            "budgets": self._own_budgets,
            "tenant_budget": cache.CLIENT_KIB_PER_HOUR if counting and self._is_member else None,
            "max_charged_clients": cache.MAX_CHARGED_CLIENTS,
        }

    def record_lookup(
        self, lines: Iterable[str], session: Session | None, tags: Iterable[str], *, refused: bool
    ) -> None:
        """Record the limits, the session and the tags of the session that a lookup returned.

        Raises TooManyRequests if a limit is used up.
        """
        self._is_counted = True
        self._session = session
        self._clients = [tag.removeprefix(CLIENT_TAG) for tag in tags if tag.startswith(CLIENT_TAG)]
        if session and session.quota:
            _local_limits.learn(self._local_key, session.quota)
            if self._is_order:
                _local_limits.learn(self._local_order_key, session.quota // STOREFRONT_FACTOR)
        self._report([Limit.parse(line) for line in lines], refused=refused)

    def count_locally(self) -> None:
        """Count the request only in this instance, because Redis is down. Raises TooManyRequests."""
        if not self._is_counting() or self._limits or self._is_counted:
            return
        self._is_counted = True
        for caller in self._local_callers:
            self._report([_local_limits.count(caller, cost=1 if self._is_member else self._cost)])
        if self._is_order:
            site, share = self._local_order_key, f"{self._local_order_key} {self._address}"
            _local_limits.learn(share, _local_limits.quota(site))
            _local_limits.count(share, "local-orders-address", ORDER_SHARE)
            self._local_orders = (share,)
            self._report([_local_limits.count(site, "local-orders")])
            self._local_orders = (share, site)

    def needs_session(self, status: int) -> bool:
        """Return whether a request has failed before any lookup.

        In this case, it is unknown whether the caller is a member.
        """
        return self._is_counting() and _is_fault_of_caller(status) and self._is_member and not self._is_counted

    def record_failure(self, status: int) -> None:
        """Increase the cost of a failed request, and subtract its order. A refused request has no additional cost.

        Raises TooManyRequests if no lookup has counted the request, and a limit is used up. The caller then gets this
        problem instead of the original failure.
        """
        if not self._is_counting():
            return
        if not _is_fault_of_caller(status) or self._is_known_member:
            self.take_back_order()
        elif self._is_counted:
            self._charge_failure({}, list(self._keys.values()))
        else:
            self._charge_failure(self._keys, [])

    def record_database_time(self, milliseconds: float) -> None:
        """Increase the cost of a visitor's request that kept the database busy.

        The requests of members count against the limit of their client, which pays for the database time.
        """
        cost = limits.time_cost(milliseconds)
        if cost and self._is_counting() and not self._is_member:
            self._charge({}, list(self._keys.values()), [], cost)

    def take_back_order(self) -> None:
        """Subtract the order that was counted for the request, because the request did not place an order."""
        if self._order_keys or self._local_orders:
            self._charge_failure({}, [])

    def _charge_failure(self, counts: Mapping[str, str], charges: list[str]) -> None:
        """Increase the cost of a failed request, and subtract its order, in this instance and in Redis."""
        local_orders, self._local_orders = self._local_orders, ()
        for limit in local_orders:
            _local_limits.add(limit, -1)
        self._charge(counts, charges, self._order_keys, FAILURE_COST)

    def _charge(self, counts: Mapping[str, str], charges: list[str], refunds: list[str], cost: int) -> None:
        if not (counts or charges or refunds):
            return
        charge = Charge(counts, charges, refunds, limits.ADDRESS_PER_MINUTE, cost, self._cost)
        try:
            allowed, lines = cache.apply_charge(charge)
        except cache.CacheDown:
            self.count_locally()
            for caller in self._local_callers if counts or charges else ():
                _local_limits.add(caller, cost)
        else:
            self._report([Limit.parse(line) for line in lines], refused=not allowed)

    @property
    def _is_known_member(self) -> bool:
        return self._is_member and self._session is not None

    @property
    def _keys(self) -> dict[str, str]:
        """Map the names of the caller's own limits to their keys."""
        keys = {"address": self._address, "subject": self._caller.subject}
        return {name: key(PUBLIC, "limit", name, value) for name, value in keys.items() if value}

    @property
    def _order_keys(self) -> list[str]:
        """The Redis keys of the order limits that have counted the request."""
        if self._session is None or "orders" not in self._limits:
            return []
        names = [f"orders.{self._session.site}"]
        names += [f"orders-address.{self._address}"] if self._address else []
        return [key(self._session.tenant, "limit", name) for name in names]

    @property
    def _local_key(self) -> str:
        """The key of the local limit of the session. The quota of this limit is a part of the session's quota."""
        own = session_key(self._caller)
        if self._own_limit:
            own = f"{self._own_limit} {own}"
        return own if self._is_member else f"{own} {self._address}"

    @property
    def _local_callers(self) -> list[str]:
        """The keys of all local limits that count the requests of this caller."""
        is_customer = self._caller.subject is not None and not self._is_member
        return [self._local_key, *([f"subject {self._caller.subject}"] if is_customer else [])]

    @property
    def _local_order_key(self) -> str:
        return f"orders {self._caller.site_domain}"

    def _is_counting(self) -> bool:
        return self._on_limits is not None and not kill_switches.is_set("limits", "off")

    def _report(self, counted: list[Limit], refused: bool = False) -> None:
        self._limits |= {limit.name: limit for limit in counted}
        if self._on_limits:
            self._on_limits(limits.headers(self._limits.values()))
        if refused:
            del self._limits[counted[-1].name]
            raise limits.refuse(counted[-1])


def _is_fault_of_caller(status: int) -> bool:
    """Return whether a response with this status means that the caller's request failed. A status of 429 does not
    count.
    """
    is_client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_client_error and status != HTTPStatus.TOO_MANY_REQUESTS
