"""The data types of the cache: values, tag versions, the lookup of a request, and the result of the lookup."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import orjson


@dataclass(frozen=True)
class Value:
    """A cached value. `str(value)` is the text that Redis stores."""

    stale_at: int
    """The time at which the value expires, in epoch milliseconds."""
    meta: str
    """Metadata of the body, in one line."""
    tokens: str
    """The versions of the value's tags. Each tag has one line `<token> <tag>`."""
    body: str

    @property
    def tags(self) -> list[str]:
        """The tags of the value."""
        return [line.partition(" ")[2] for line in self.tokens.splitlines()]

    @classmethod
    def parse(cls, raw: str) -> "Value":
        head, _, body = raw.partition("\n\n")
        stale_at, meta, *tokens = head.split("\n", 2)
        return cls(int(stale_at), meta, tokens[0] if tokens else "", body)

    def __str__(self) -> str:
        head = f"{self.stale_at}\n{self.meta}"
        return f"{head}\n{self.tokens}\n\n{self.body}" if self.tokens else f"{head}\n\n{self.body}"


@dataclass(frozen=True)
class TagVersions:
    """The versions of a value's tags, read before the value is loaded."""

    tokens: str
    """The versions, in the format of `Value.tokens`."""
    min_xids: tuple[str, ...]
    """The transactions that a replica must have replayed before the value is loaded from the replica."""
    history_unknown: bool
    """Whether the list of recent transactions is incomplete, e.g. because Redis lost the list less than a minute ago.
    If the list is incomplete, the value must be loaded from the primary."""

    @classmethod
    def parse(cls, tokens: str, xids: str) -> "TagVersions":
        """Parse the results of a Lua script. `xids` is comma-separated, or `!` if the history is unknown."""
        return cls(tokens, tuple(filter(None, xids.split(","))) if xids != "!" else (), xids == "!")


UNKNOWN_HISTORY = TagVersions("", (), True)
"""The versions that are used if Redis does not answer."""


@dataclass(frozen=True)
class Budget:
    """A limit for the KiB of values that a group of requests may store in an hour."""

    key: str
    """The key of the limit that counts the stored KiB."""
    quota: int
    share: int = 1
    """The size of a value is divided by this number before the budget is charged."""


Budgets = Sequence[Sequence[Budget]]
"""The budgets of a request, as a list of lists. In each inner list, the first budget that is not used up is charged for
a value. If all budgets of an inner list are used up, the value is not stored, and no budget is charged."""


def first_charged_client(suffix: str) -> int:
    """Return a number that determines which client of a member is charged first for a value.

    `suffix` is the end of the value's key. The position of the first charged client is this number modulo the number of
    clients. The clients after this position are charged next. The first client follows the last client.
    """
    return crc32(suffix.encode())


@dataclass(frozen=True)
class CacheLookup:
    """The arguments of the Redis call that gets the session, the limits and the value of a request."""

    session_key: str
    session_tag: str
    """The tag that invalidates the session."""
    write_key: str
    """The key of the caller's recent writes. Empty if the cache does not remember the writes of this caller."""
    lock_owner: str
    """The name of this instance. This instance becomes the owner of the lock if the call acquires the lock."""
    lock_ms: int
    """The lifetime of the lock, in milliseconds."""
    address_key: str = ""
    """The key of the limit for the IP address. Empty if the address is not limited."""
    subject_key: str = ""
    """The key of the limit for the subject of the token. Empty if there is no token."""
    caller_quota: int | None = None
    """The number of requests that an IP address or a subject is allowed to send per minute. None if the request is not
    counted against these limits."""
    is_member: bool = False
    """Whether the caller has a token and visits no site. If this caller has a session, the request does not count
    against the limits of the address and the subject."""
    address: str = ""
    """The visitor's IP address, as a part of a key. Empty if addresses have no shares of the client's limits."""
    address_per_hour: int = 0
    """The number of requests that one address is allowed to send per hour."""
    storefront_share: int = 1
    """The request limit of a client's storefronts is divided by this number. The result is the share of one address."""
    order_share: int = 1
    """The order limit of a site is divided by this number. The result is the share of one address."""
    own_limit: str | None = None
    """The name of the limit against which the request counts. None means the limit of the request's session."""
    cost: int = 1
    """The number of requests that the request counts as. The request of a member with a session counts as one."""
    count_request: bool = False
    """Whether the request counts against the limit of its session."""
    requests_per_order: int | None = None
    """The order limit of a site is its request limit divided by this number. None if the request is not an order."""
    entity: str = ""
    """The name of the entity that the request is billed to."""
    suffix: str = ""
    """The end of the value's key. Empty if the request reads no value."""
    tags: tuple[str, ...] = ()
    """The tags of the value."""
    second_use_ms: int = 0
    """A new value is stored only if a second request arrives within this number of milliseconds. If the number is 0,
    the value is stored at its first use."""
    budgets: Budgets = ()
    """The budgets for the values that the request stores, except the budgets of the caller's clients."""
    tenant_budget: int | None = None
    """The quota for the budget of each client to which the caller belongs, in KiB. None means that the clients have no
    budgets.
    """
    max_charged_clients: int = 1
    """The maximum number of clients that are charged for a value. If the caller has more clients, the key of the value
    determines which clients are charged (`first_charged_client`). Over many values, all clients pay the same share."""
    background: bool = False
    """Whether the value is loaded in the background, while no caller waits for it: after a write, or to warm the cache.
    """

    def to_json(self, token: str, usage: str) -> str:
        """Return the lookup as JSON for lookup.lua.

        Tags without a version get the version `token`. `usage` is the usage that this instance has not sent to Redis
        yet.
        """
        fields = {
            "token": token,
            "usage": usage,
            "session_tag": self.session_tag,
            "write_key": self.write_key or "-",
            "lock_owner": self.lock_owner,
            "lock_ms": self.lock_ms,
            "caller_quota": self.caller_quota,
            "is_member": self.is_member,
            "address": self.address or None,
            "address_per_hour": self.address_per_hour,
            "storefront_share": self.storefront_share,
            "order_share": self.order_share,
            "own_limit": self.own_limit,
            "cost": self.cost,
            "count_request": self.count_request,
            "requests_per_order": self.requests_per_order,
            "entity": self.entity,
            "suffix": self.suffix,
            "tags": self.tags,
            "second_use_ms": self.second_use_ms,
            "budgets": self.budgets,
            "tenant_budget": self.tenant_budget,
            "max_charged_clients": self.max_charged_clients,
            "first_charged": None if self.tenant_budget is None else first_charged_client(self.suffix),
            "background": self.background,
        }
        return orjson.dumps({name: value for name, value in fields.items() if value is not None}).decode()


@dataclass(frozen=True)
class Charge:
    """The arguments of the Redis call that increases the cost of a request, or subtracts an order that was counted."""

    counts: Mapping[str, str]
    """Maps the names of limits to their keys. The request is refused if one of these limits is used up."""
    charges: Sequence[str]
    """The keys of the limits that have already counted the request. `cost` is added to their counters."""
    refunds: Sequence[str]
    """The keys of the hourly limits that no longer count the request. Their counters are decremented."""
    quota: int
    """The quota of each limit in `counts`."""
    cost: int
    """The additional cost of the request, as a number of requests."""
    own_cost: int = 1
    """The cost of the request itself in the limits of `counts`, as a number of requests."""

    def to_json(self) -> str:
        """Return the arguments as JSON for charge.lua."""
        fields = {
            "counts": [
                {"name": name, "key": key, "quota": self.quota, "amount": self.own_cost + self.cost}
                for name, key in self.counts.items()
            ],
            "charges": [{"key": key, "amount": self.cost} for key in self.charges],
            "refunds": self.refunds,
        }
        return orjson.dumps(fields).decode()


@dataclass(frozen=True)
class CacheResult:
    """The result of a CacheLookup."""

    status: str
    """The status. The comment at the beginning of `lookup.lua` lists all statuses."""
    session: Value | None
    limits: tuple[str, ...]
    """The limits that the request was counted against. Each limit is a text with four parts: its name, the quota, the
    number of remaining requests, and the number of seconds until a part of the quota becomes available again."""
    value: Value | None
    versions: TagVersions

    @classmethod
    def parse(cls, response: list[str]) -> "CacheResult":
        status, session, limits, value, tokens, xids = [*response, "", "", ""][:6]
        return cls(
            status,
            Value.parse(session) if session else None,
            tuple(limits.splitlines()),
            Value.parse(value) if value else None,
            TagVersions.parse(tokens, xids),
        )
