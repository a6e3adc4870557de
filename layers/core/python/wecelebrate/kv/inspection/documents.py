"""Inspects one document of the store."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

from wecelebrate.kv.inspection import entities
from wecelebrate.kv.inspection.fields import Document, decode, text_of, value_of
from wecelebrate.kv.models import Entity, InspectedDocument

MAX_VALUE_BYTES = 1_000_000
"""A larger document is reported."""
NAMELESS = frozenset(("gift_object_key", "gift_id_empty"))
"""The kinds of damage of gifts whose key contains no id."""
_CHECKS: dict[str, Callable[[Document], Iterable[str]]] = {
    "client": entities.damage_of_client,
    "site": entities.damage_of_site,
    "catalog": entities.damage_of_catalog,
    "product": entities.damage_of_gift,
    "order": entities.damage_of_order,
}
LEGACY_CATALOG = "catalog_legacy_default"
"""The catalog of the gifts that name no catalog. It is the only catalog that needs no owner."""
_PLURALS = {"client": "clients:", "site": "sites:", "product": "gifts:", "order": "orders:", "catalog": "catalog:"}
"""The older key of each entity."""
ALL = slice(None)
ENVIRONMENT, PLAIN, OLDER, OTHER_ID = range(4)
"""The forms of a key. If an entity has several keys, the first form becomes the row."""


def token_of(text: str) -> str:
    """Return a short hash of a text. Equal texts have equal tokens."""
    return urlsafe_b64encode(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest())[:11].decode()


def inspect(key: str, family: str, meaning: str, value: str, entries: slice = ALL) -> InspectedDocument:
    """Inspect a document or a list.

    value: the JSON text of the document.
    entries: the entries of a list that the result contains.
    """
    if meaning == "list":
        return _inspect_list(key, family, value, entries)
    entity: Entity = meaning  # type: ignore[assignment] # the database returns documents of entities and lists only
    document, encodings = _decoded(value)
    old_id, form, damage = _identity(entity, key, document)
    references: dict[str, str] = {}
    if isinstance(document, dict) and f"{prefix_of(entity)}_id_of_another" not in damage:
        if encodings > 1:
            damage.append(f"{prefix_of(entity)}_double_encoded")
        if entity != "product" or not NAMELESS.intersection(damage):
            damage += _CHECKS[entity](document)
        if entity == "product" and len(value) > MAX_VALUE_BYTES:
            damage.append("gift_value_huge")
        references = _references(entity, document)
        if entity == "catalog" and not references["client"] and old_id != LEGACY_CATALOG:
            damage.append("catalog_client_missing")
    return InspectedDocument(
        key=key,
        family=family,
        entity=entity,
        id=token_of(old_id),
        form=form,
        content=token_of(value),
        damage=damage,
        references={name: token_of(text) for name, text in references.items() if text},
    )


def prefix_of(entity: str) -> str:
    """Return the beginning of the names of damage. The old applications say gift, and the platform says product."""
    return "gift" if entity == "product" else entity


def _decoded(value: str) -> tuple[Any, int]:
    """Return the document, and how many times it was encoded as JSON. The document is None if it cannot be read."""
    try:
        document = decode(value)
        return (decode(document), 2) if isinstance(document, str) else (document, 1)
    except ValueError:
        return None, 1


def _identity(entity: Entity, key: str, document: Any) -> tuple[str, int, list[str]]:
    """Return the old id, the form of the key, and the damage that concerns the identity of the document."""
    id_in_key = key.rpartition(":")[2]
    form = _form(entity, key)
    if entity == "product" and id_in_key == "[object Object]":
        return id_in_key, form, ["gift_object_key"]
    if not id_in_key:
        return id_in_key, form, [f"{prefix_of(entity)}_id_empty"]
    if not isinstance(document, dict):
        return id_in_key, form, [f"{prefix_of(entity)}_not_an_object"]
    old_id = text_of(document, "id") or id_in_key
    if entity == "order" and old_id == key:
        return old_id, PLAIN, ["order_key_is_id"]
    if entity == "client" and old_id == f"client-{id_in_key}":
        return old_id, OTHER_ID, []
    if old_id != id_in_key:
        return id_in_key, form, [f"{prefix_of(entity)}_id_of_another"]
    return old_id, form, ["gift_id_wildcard"] if entity == "product" and set("%_") & set(old_id) else []


def _form(entity: str, key: str) -> int:
    if key.count(":") > 1:
        return ENVIRONMENT
    return OLDER if key.startswith(_PLURALS[entity]) else PLAIN


def _references(entity: str, document: Document) -> dict[str, str]:
    """Return what the document refers to, and what must be unique."""
    match entity:
        case "product":
            return {"catalog": text_of(document, "catalogId"), "sku": text_of(document, "sku")}
        case "order":
            gift = document.get("gift")
            nested = text_of(gift, "id") if isinstance(gift, dict) else ""
            return {
                "site": text_of(document, "siteId"),
                "client": text_of(document, "clientId"),
                "gift": text_of(document, "giftId") or nested,
                "user": text_of(document, "userId"),
                "number": text_of(document, "orderNumber"),
            }
        case "site":
            return {
                "client": text_of(document, "clientId"),
                "catalog": text_of(document, "catalogId"),
                "domain": _host(text_of(document, "domain")),
            }
        case "catalog":
            return {"client": text_of(document, "ownerClientId", "clientId", "ownerId")}
        case _:
            return {}


def _host(domain: str) -> str:
    return domain.lower().rpartition("://")[2].partition("/")[0].partition(":")[0]


def _inspect_list(key: str, family: str, value: str, part: slice) -> InspectedDocument:
    """Inspect a list of gifts or of the orders of a user. Other lists have no entries."""
    head, _, rest = key.partition(":")
    gifts = key == "gifts:all" or head == "catalog_gifts"
    listed: Entity | None = "product" if gifts else "order" if head == "user_orders" else None
    entries: list[str] = []
    if listed is not None:
        try:
            items = decode(value)
        except ValueError:
            items = None
        for item in items[part] if isinstance(items, list) else ():
            old_id = value_of(item, "id") if isinstance(item, dict) else item
            entries.append(token_of(old_id if isinstance(old_id, str) else json.dumps(old_id, default=str)))
    return InspectedDocument(
        key=key,
        family=family,
        entity="list",
        id=token_of(rest),
        form=PLAIN,
        content=token_of(value),
        lists=listed,
        entries=entries,
        first_entry=part.start or 0,
    )
