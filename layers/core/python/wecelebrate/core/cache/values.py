"""Cached values, tag versions, and the lookup of a request."""

from dataclasses import dataclass

import orjson


@dataclass(frozen=True)
class Value:
    """A value as Redis stores it."""

    stale_at: int
    """Epoch milliseconds at which it expires."""
    meta: str
    """One line of data about the body."""
    tokens: str
    """The versions of its tags: one line `<token> <tag>` for each."""
    body: str

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
    """As in `Value.tokens`."""
    min_xids: tuple[str, ...]
    """Transactions that a replica must have replayed before the value may be loaded from it."""
    history_unknown: bool
    """Redis lost its list of recent transactions less than a minute ago: load the value from the primary."""

    @classmethod
    def parse(cls, tokens: str, xids: str) -> "TagVersions":
        """`xids` as the Lua scripts return them: comma-separated, or `!` if the history is unknown."""
        return cls(tokens, tuple(filter(None, xids.split(","))) if xids != "!" else (), xids == "!")


UNKNOWN_HISTORY = TagVersions("", (), True)
"""The versions without Redis."""


@dataclass(frozen=True)
class CacheLookup:
    """What one request asks of Redis, in one call: its session, its limits, and a value."""

    session_key: str
    session_tag: str
    """The tag that invalidates the session."""
    write_key: str
    """The key of the caller's recent writes; empty if they are not remembered."""
    lock_owner: str
    """This instance, as the owner of the lock that it may get."""
    lock_ms: int
    """How long the lock lasts, in milliseconds."""
    address_key: str = ""
    """The key of the address limit; empty if there is no address."""
    address_quota: int | None = None
    """Requests per minute of the address. None: the request does not count."""
    count_request: bool = False
    """Whether the request counts against the limit of its session."""
    requests_per_order: int | None = None
    """The site may take its limit of requests, divided by this, in orders. None: the request is not an order."""
    entity: str = ""
    """The name of the entity that the request is billed to."""
    suffix: str = ""
    """The end of the value's key; empty if no value is wanted."""
    tags: tuple[str, ...] = ()
    """The tags of the value."""
    background: bool = False
    """The value is not for a caller who waits: after a write, or for warming."""

    def to_json(self, token: str, usage: str) -> str:
        """The lookup as lookup.lua reads it. `token` is a new version for tags that have none, `usage` the unsent
        usage of this instance."""
        fields = {
            "token": token,
            "usage": usage,
            "session_tag": self.session_tag,
            "write_key": self.write_key or "-",
            "lock_owner": self.lock_owner,
            "lock_ms": self.lock_ms,
            "address_quota": self.address_quota,
            "count_request": self.count_request,
            "requests_per_order": self.requests_per_order,
            "entity": self.entity,
            "suffix": self.suffix,
            "tags": self.tags,
            "background": self.background,
        }
        return orjson.dumps({name: value for name, value in fields.items() if value is not None}).decode()


@dataclass(frozen=True)
class CacheResult:
    """The answer to a CacheLookup."""

    status: str
    """As lookup.lua lists them."""
    session: Value | None
    limits: tuple[str, ...]
    """One line `name quota remaining seconds` for each limit that the request was counted against."""
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
