"""Finds the record to which a document belongs: its environment, its old id, and the id of its row."""

import re
from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from wecelebrate.kv.comparison.values import text
from wecelebrate.kv.inspection.fields import decode
from wecelebrate.kv.inspection.lists import documents_in, entity_of, items_of
from wecelebrate.kv.models import Entity

PRODUCTION = "production"
ENVIRONMENTS = frozenset(
    ("production", "development", "staging", "test", "testing", "preview", "local", "demo", "qa", "uat", "sandbox")
)
"""The environments that do not need a document `environments:<name>`."""
NAMELESS = frozenset(("", "[object Object]", "undefined", "null"))
MAX_ID_LENGTH = 200
_HEADS: Mapping[Entity, tuple[str, str]] = {
    "client": ("client", "clients"),
    "site": ("site", "sites"),
    "catalog": ("catalogs", "catalog"),
    "product": ("gift", "gifts"),
    "order": ("order", "orders"),
}
"""The first segments that the keys of each entity can have. A key with the first of these segments takes precedence."""
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


class Stored(NamedTuple):
    """A document of the store. It has its own key, or is part of a list."""

    key: str
    """The key of the document. For a document in a list, this key is computed."""
    store_key: str
    """The key in the store: the key of the document, or the key of the list that contains the document."""
    document: Any
    """The decoded value. None if it cannot be read."""

    @property
    def in_list(self) -> bool:
        """Whether the document is in a list."""
        return self.key != self.store_key


class Identity(NamedTuple):
    """The record to which a document belongs."""

    environment: str
    old_id: str
    is_of_another: bool
    """Whether the document states the id of another document."""


def documents_of(entity: Entity, key: str, value: str) -> list[Stored]:
    """Return the documents under a key. If the value is a list, return the documents of the list."""
    if entity_of(key) == entity:
        return [Stored(listed.key, key, listed.document) for listed in documents_in(key, items_of(value))]
    try:
        document = decode(value)
        if isinstance(document, str):
            document = decode(document)
    except ValueError:
        document = None
    return [Stored(key, key, document)]


def keys_of(entity: Entity, environment: str, old_id: str) -> list[str]:
    """Return the keys under which a record can have documents. The row has the values of the first key that exists."""
    leading, other = _HEADS[entity]
    if environment != PRODUCTION:
        return [f"{leading}:{environment}:{old_id}", f"{other}:{environment}:{old_id}"]
    return [
        f"{leading}:production:{old_id}",
        f"{leading}:{old_id}",
        f"{other}:production:{old_id}",
        f"{other}:{old_id}",
    ]


def row_id(entity: Entity, environment: str, old_id: str) -> str:
    """Return the id of the row of a record. If the old id is a UUID, it is returned. Other old ids become a UUID of
    version 8.
    """
    if environment == PRODUCTION and _UUID.fullmatch(old_id):
        return str(UUID(old_id))
    digest = bytearray(sha256(f"{environment}:{entity}:{old_id}".encode(errors="surrogatepass")).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(digest)))


def stated_id(stored: Stored) -> str | None:
    """Return the id in the fields of a document."""
    return text(stored.document.get("id")) if isinstance(stored.document, dict) else None


def other_keys(entity: Entity, stored: Stored, environments: Collection[str]) -> list[str]:
    """Return the keys of the other documents that can affect the identity of a document."""
    names = {stored.key.rpartition(":")[2], stated_id(stored) or ""} - {""}
    environment = _environment(entity, stored.key, environments) if not stored.in_list else PRODUCTION
    return [key for name in names if len(name) <= MAX_ID_LENGTH for key in keys_of(entity, environment, name)]


def _environment(entity: Entity, key: str, environments: Collection[str]) -> str:
    parts = key.split(":")
    has_environment = len(parts) > 2 and (entity != "order" or parts[1] in environments)
    return parts[1] if has_environment else PRODUCTION


def identify(
    entity: Entity,
    stored: Stored,
    environments: Collection[str],
    existing: Collection[str],
    recorded: Mapping[str, Any] | None,
) -> Identity:
    """Return the record to which a document belongs.

    environments: the names that are environments if they occur in the key of an order. existing: the keys from
    `other_keys` that exist in the store. recorded: what the mapping has recorded about the document, if it has mapped
    the document.
    """
    stated = stated_id(stored)
    if stored.in_list:
        return _identity_in_list(stated or "", recorded)
    environment = _environment(entity, stored.key, environments)
    name = stored.key.rpartition(":")[2]
    if recorded is not None and len(stored.key) > MAX_ID_LENGTH:
        return Identity(environment, recorded["old_id"], False)
    if stated in (None, name, stored.key) or name in NAMELESS or (stated or "").endswith(f":{name}"):
        return Identity(environment, name, False)
    assert stated is not None
    if ":" in stated or len(stated) > MAX_ID_LENGTH:
        return Identity(environment, name, True)
    is_prefixed = stated == f"{_HEADS[entity][0].removesuffix('s')}-{name}"
    is_recorded = recorded is not None and recorded["old_id"] == stated
    has_no_other = not any(key in existing for key in keys_of(entity, environment, stated))
    if is_prefixed or is_recorded or has_no_other:
        return Identity(environment, stated, False)
    return Identity(environment, name, True)


def _identity_in_list(stated: str, recorded: Mapping[str, Any] | None) -> Identity:
    # The id of a document in a list can look like a key. The computed key then contains a second key.
    if recorded is not None:
        return Identity(recorded["environment"], recorded["old_id"], False)
    return Identity(PRODUCTION, stated.rpartition(":")[2], False)
