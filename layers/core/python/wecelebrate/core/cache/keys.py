"""Cache keys, and the lifetimes of cached values.

This module builds every key. A key begins with the environment and the tenant, and cannot be built without a tenant.

    v1:<environment>:<tenant>:<role>:<entity>:…        a value for all callers who have this role at this tenant.
                                                       <entity> is a name with the fingerprint of its models
    v1:<environment>:<tenant>:<role>:lock:<entity>:…   the lock that the loader of the value owns
    v1:<environment>:<tenant>:<role>:used:<entity>:…   the mark that a rare value was requested a short time ago
    v1:<environment>:public:tag:<tag>                  the current version of a tag
    v1:<environment>:public:recent                     the transactions that recently invalidated each tag
    v1:<environment>:public:session:<subject>          the session of a signed-in caller
    v1:<environment>:public:visit:<role>:<domain>      the session that the visitors of a domain share
    v1:<environment>:<tenant>:limit:<name>             the number of requests or orders in each minute of the last hour
    v1:<environment>:public:limit:address:<address>    the number of requests of an address in the last minute
    v1:<environment>:public:limit:subject:<subject>    the number of requests of a subject in the last minute
    v1:<environment>:public:limit:stored:<address>     the KiB of values that requests of an address stored in an hour
    v1:<environment>:public:limit:stored-subject:<subject>     the same for the requests of a member
    v1:<environment>:<tenant>:limit:stored             the same for the requests of all members of a client
    v1:<environment>:<tenant>:limit:<name>-address.<address>   the number of requests or orders of one address
    v1:<environment>:<tenant>:stats:<hour>             the usage of a tenant in one hour
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

from wecelebrate.core.cache.shapes import SHAPES
from wecelebrate.core.settings import settings

PUBLIC = "public"
"""Replaces the tenant in cache keys that do not belong to a client."""


@dataclass(frozen=True)
class Entity:
    """A type of cached values, and the lifetimes of these values in seconds.

    A change of the data invalidates a value immediately. The lifetime determines how long an unchanged value stays in
    the cache.
    """

    name: str
    life: int
    stale: int = 0
    """How long an expired value is still served. A caller gets an expired value while another caller loads the new
    value, or if the caller may not store the new value, e.g. because the caller's budgets are used up."""
    negative: int = 30
    """How long the cache remembers that an object does not exist."""

    @cached_property
    def part(self) -> str:
        """The part of keys that names the entity, with the fingerprint of its models. If two releases store values in
        different forms, their keys differ."""
        return f"{self.name}.{SHAPES[self.name]}" if self.name in SHAPES else self.name


CATALOG = Entity("catalog", 3600)
CATALOGS = Entity("catalogs", 3600)
PRODUCT = Entity("product", 1800)
PRODUCTS = Entity("products", 1800)
SITE = Entity("site", 300)
SITES = Entity("sites", 300)
CLIENT = Entity("client", 3600)
CLIENTS = Entity("clients", 3600)
SESSION = Entity("session", 3600)
STOREFRONT = Entity("storefront", 300, stale=300)
EVENT_TARGET = Entity("events", 300)
STOREFRONT_PAGES = Entity("shown", 1800, stale=300)
CLOSED_REPORT = Entity("report", 86400)
OPEN_REPORT = Entity("report-of-today", 60)
ORDER = Entity("order", 600)
ORDERS = Entity("orders", 600)


def prefix() -> str:
    """Return the beginning of every key."""
    return f"v1:{settings().environment}:"


def key(tenant: str, *parts: str) -> str:
    """Build a key of a tenant. The parts can be any text, because separators in the parts are quoted."""
    if not tenant:
        raise ValueError("a cache key needs a tenant; use PUBLIC if it belongs to no client")
    return prefix() + ":".join((tenant, *map(quoted, parts)))


def quoted(part: str) -> str:
    """Quote a part of a key, so that it contains no separators."""
    return quote(part, safe="@.|=-")


@dataclass(frozen=True)
class Entry:
    """The description of a value that requests can read from the cache."""

    entity: Entity
    suffix: str
    """The end of the value's key. The key begins with the scope of the caller's session."""
    tags: tuple[str, ...]
    """The tags of the value. When one of these tags is invalidated, the value becomes invalid."""
    is_rare: bool = False
    """Whether the key has a part that a caller can choose freely, e.g. a price. Most of these values are requested only
    once. Therefore a value is stored only if a second request arrives within `cache.SECOND_USE_MS`."""


def entry(
    entity: Entity,
    *names: Any,
    tags: Iterable[str],
    filters: Mapping[str, Any] | None = None,
    is_rare: bool = False,
) -> Entry:
    """Return the cache entry of an object or of a page of a list.

    `names` identify the object or the list. For a page, `filters` are the parameters of its list. `is_rare` is
    described in `Entry`.
    """
    suffix = ":".join((entity.part, *(quote(str(name), safe="") for name in names)))
    return Entry(entity, f"{suffix}:{digest(filters)}" if filters is not None else suffix, tuple(tags), is_rare)


def digest(parameters: Mapping[str, Any]) -> str:
    """Return a hash of parameters.

    The hash does not depend on the order of the parameters, and ignores parameters with the value None.
    """
    text = json.dumps({name: str(value) for name, value in parameters.items() if value is not None}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
