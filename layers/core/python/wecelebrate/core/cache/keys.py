"""Cache keys, and the lifetime of each kind of value.

Every key is built here. It begins with the environment and the tenant: a key without its tenant cannot be written.

    v1:<environment>:<tenant>:<role>:<entity>:…        a value, shared by all callers of the tenant in that role
    v1:<environment>:<tenant>:<role>:lock:<entity>:…   the lock of the caller that loads the value
    v1:<environment>:public:tag:<tag>                  the current version of a tag
    v1:<environment>:public:recent                     recent invalidations, with their transactions
    v1:<environment>:public:session:<subject>          the session of a signed-in caller
    v1:<environment>:public:visit:<role>:<domain>      the session of the visitors of a domain
    v1:<environment>:<tenant>:limit:<name>             requests, or orders of a site, in the last hour, by minute
    v1:<environment>:<tenant>:stats:<hour>             the usage of a tenant, by hour
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from wecelebrate.core.settings import settings

PUBLIC = "public"
"""The tenant of keys that belong to no client."""


@dataclass(frozen=True)
class Entity:
    """A kind of value, and its lifetimes in seconds. A change invalidates a value at once, whatever its lifetime."""

    name: str
    life: int
    stale: int = 0
    """How long an expired value is still served while one caller reloads it."""
    negative: int = 30
    """How long it is remembered that an object does not exist."""


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
STOREFRONT_PAGES = Entity("shown", 1800, stale=300)
ORDER = Entity("order", 600)
ORDERS = Entity("orders", 600)


def prefix() -> str:
    """The beginning of every key."""
    return f"v1:{settings().environment}:"


def key(tenant: str, *parts: str) -> str:
    """A key of a tenant. The parts may be any text: separators in them are quoted."""
    if not tenant:
        raise ValueError("a cache key needs a tenant")
    return prefix() + ":".join((tenant, *(quote(part, safe="@.|=-") for part in parts)))


@dataclass(frozen=True)
class Entry:
    """A value that a request may read from the cache."""

    entity: Entity
    suffix: str
    """The end of its key. The beginning is the scope of the caller's session."""
    tags: tuple[str, ...]
    """The tags that invalidate it."""


def entry(entity: Entity, *names: Any, tags: Iterable[str], filters: Mapping[str, Any] | None = None) -> Entry:
    """The entry of an object, by its names; for a page of a list, with its filters."""
    suffix = ":".join((entity.name, *(quote(str(name), safe="") for name in names)))
    return Entry(entity, f"{suffix}:{digest(filters)}" if filters is not None else suffix, tuple(tags))


def digest(parameters: Mapping[str, Any]) -> str:
    """A hash of parameters that does not depend on their order. None counts as absent."""
    text = json.dumps({name: str(value) for name, value in parameters.items() if value is not None}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
