"""Keys of the cache, and how long what they hold lives.

Every key is made here and begins with the environment and with whose it is: a key without its tenant cannot be written.

    v1:<environment>:<tenant>:<role>:<entity>:…        a value, for all callers of that tenant in that role
    v1:<environment>:<tenant>:<role>:lock:<entity>:…   who loads it
    v1:<environment>:public:tag:<tag>                  the token that values with this tag have to carry
    v1:<environment>:public:recent                     what was invalidated lately, and by which transactions
    v1:<environment>:public:session:<subject>          who a signed-in caller is
    v1:<environment>:public:visit:<role>:<domain>      which site a domain shows, and whose it is
    v1:<environment>:<tenant>:limit:<name>             requests, or orders of a site, of the last hour, by minute
    v1:<environment>:<tenant>:stats:<hour>             what the cache did for a tenant, by the hour
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from wecelebrate.core.settings import settings

PUBLIC = "public"
"""The tenant of what belongs to none."""


@dataclass(frozen=True)
class Entity:
    """A kind of value, and how long one lives, in seconds. A change ends its life at once, whatever is said here."""

    name: str
    life: int
    stale: int = 0
    """For so long after its life a value is still shown, while one caller loads it anew."""
    negative: int = 30
    """How long it is remembered that there is none."""


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
SHOWN = Entity("shown", 1800, stale=300)
"""Pages of a storefront."""
ORDER = Entity("order", 600)
ORDERS = Entity("orders", 600)


def prefix() -> str:
    """What every key begins with."""
    return f"v1:{settings().environment}:"


def key(tenant: str, *parts: str) -> str:
    """A key of a tenant. Parts may be any text: what would end one early is quoted."""
    if not tenant:
        raise ValueError("a key belongs to a tenant")
    return prefix() + ":".join((tenant, *(quote(part, safe="@.|=-") for part in parts)))


@dataclass(frozen=True)
class Entry:
    """A value that may be kept for a request: its place below whoever shares it, and what ends its life."""

    entity: Entity
    suffix: str
    tags: tuple[str, ...]


def entry(entity: Entity, *names: Any, tags: Iterable[str], asked: Mapping[str, Any] | None = None) -> Entry:
    """The entry of what is named; of a list, of what it was asked."""
    suffix = ":".join((entity.name, *(quote(str(name), safe="") for name in names)))
    return Entry(entity, f"{suffix}:{digest(asked)}" if asked is not None else suffix, tuple(tags))


def digest(parameters: Mapping[str, Any]) -> str:
    """The same for the same parameters, in whatever order they came."""
    told = json.dumps({name: str(value) for name, value in parameters.items() if value is not None}, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]
