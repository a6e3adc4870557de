"""Inspects one document of the store."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

from wecelebrate.kv.inspection import entities
from wecelebrate.kv.inspection.fields import Document, decode, text_of
from wecelebrate.kv.inspection.lists import MAX_ID_LENGTH, ListedDocument, canonical, entity_of, entry_of, items_of
from wecelebrate.kv.models import Entity, InspectedDocument

MAX_VALUE_BYTES = 1_000_000
"""The maximum size of a document, in bytes. The inspection reports larger documents."""
NAMELESS = frozenset(
    ("gift_object_key", *(f"{name}_id_empty" for name in ("client", "site", "catalog", "gift", "order")))
)
"""The kinds of damage that mean that a document has no id."""
MAX_LEVELS = 32
"""The maximum depth of nested objects and lists in a document."""
_CHECKS: dict[str, Callable[[Document], Iterable[str]]] = {
    "client": entities.damage_of_client,
    "site": entities.damage_of_site,
    "catalog": entities.damage_of_catalog,
    "product": entities.damage_of_gift,
    "order": entities.damage_of_order,
}
LEGACY_CATALOG = "catalog_legacy_default"
"""The catalog of gifts whose documents name no catalog. Only this catalog needs no owner."""
_PLURALS = {"client": "clients:", "site": "sites:", "product": "gifts:", "order": "orders:", "catalog": "catalog:"}
"""The older prefix of the keys of each entity."""
ALL = slice(None)
ENVIRONMENT, PLAIN, OLDER, OTHER_ID, LISTED = range(5)
"""The forms of a key. If a record has several keys, the document with the first of these forms becomes the row."""


def token_of(text: str) -> str:
    """Return a short hash of a text. Equal texts have equal tokens."""
    return urlsafe_b64encode(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest())[:11].decode()


def inspect(key: str, family: str, meaning: str, value: str, entries: slice = ALL) -> InspectedDocument:
    """Inspect a document or a list.

    value: the JSON text of the document. entries: which entries of a list the result contains.
    """
    if meaning == "list":
        return inspect_list(key, family, items_of(value), entries)
    entity: Entity = meaning  # type: ignore[assignment] # the database returns documents of entities and lists only
    document, encodings = _decoded(value)
    old_id, form, damage = _identity(entity, key, document)
    if document is None and value.startswith("{") and f"{prefix_of(entity)}_not_an_object" in damage:
        damage = [f"{prefix_of(entity)}_too_deep"]  # The document is nested too deeply to be parsed.
    if encodings > 1 and isinstance(document, dict):
        damage.append(f"{prefix_of(entity)}_double_encoded")
    inspected = _inspected(key, family, entity, (old_id, form, damage), document)
    if (
        entity == "product"
        and isinstance(document, dict)
        and len(value) > MAX_VALUE_BYTES
        and not damage_of_identity(damage)
    ):
        inspected.damage.append("gift_value_huge")
    return inspected


def inspect_listed(key: str, family: str, listed: ListedDocument) -> InspectedDocument:
    """Inspect a document in a list. `key` is the key of the list."""
    entity = entity_of(key)
    assert entity is not None, key
    old_id, damage = _identity_in_list(entity, listed)
    document = listed.document
    if entity == "product" and key.startswith("catalog_gifts:") and not text_of(document, "catalogId"):
        document = {**document, "catalogId": key.partition(":")[2]}
    inspected = _inspected(listed.key, family, entity, (old_id, LISTED, damage), document)
    inspected.in_list = True
    return inspected


def _inspected(
    key: str, family: str, entity: Entity, identity: tuple[str, int, list[str]], document: Any
) -> InspectedDocument:
    old_id, form, damage = identity
    prefix = prefix_of(entity)
    references: dict[str, str] = {}
    is_readable = isinstance(document, dict) and f"{prefix}_too_deep" not in damage
    if damage_of_identity(damage):
        references["key"] = key.rpartition(":")[2]
        damage[:] = [kind for kind in damage if not kind.endswith("_double_encoded")]
    elif is_readable and is_deep(document):
        damage.append(f"{prefix}_too_deep")
    elif is_readable:
        damage += _CHECKS[entity](document)
        references = _references(entity, document)
        if entity == "catalog" and not references["client"] and old_id != LEGACY_CATALOG:
            damage.append("catalog_client_missing")
    return InspectedDocument(
        key=key,
        family=family,
        entity=entity,
        id=token_of(old_id),
        form=form,
        content="" if f"{prefix}_too_deep" in damage else token_of(canonical(document)),
        damage=damage,
        references={name: token_of(text) for name, text in references.items() if text},
    )


def damage_of_identity(damage: Iterable[str]) -> bool:
    """Return whether the identity of a document is unclear."""
    return any(kind in NAMELESS or kind.endswith(("_id_of_another", "_id_too_long")) for kind in damage)


def is_deep(document: Any) -> bool:
    """Return whether the objects and lists in a document are nested in more than MAX_LEVELS levels."""
    level = [document]
    for _ in range(MAX_LEVELS + 1):
        level = [
            child
            for part in level
            for child in (part.values() if isinstance(part, dict) else part if isinstance(part, list) else ())
        ]
        if not level:
            return False
    return True


def prefix_of(entity: str) -> str:
    """Return the prefix of the names of damage. For a product it is `gift`, the word that the old applications use."""
    return "gift" if entity == "product" else entity


def _decoded(value: str) -> tuple[Any, int]:
    """Return the document, and how often it was encoded as JSON.

    If the document cannot be read, return None instead of the document.
    """
    try:
        document = decode(value)
        return (decode(document), 2) if isinstance(document, str) else (document, 1)
    except ValueError:
        return None, 1


def _identity(entity: Entity, key: str, document: Any) -> tuple[str, int, list[str]]:
    """Return the old id, the form of the key, and the damage of the document's identity."""
    id_in_key = key.rpartition(":")[2]
    form = _form(entity, key)
    if entity == "product" and id_in_key == "[object Object]":
        return id_in_key, form, ["gift_object_key"]
    if not id_in_key:
        return id_in_key, form, [f"{prefix_of(entity)}_id_empty"]
    old_id = (text_of(document, "id") if isinstance(document, dict) else "") or id_in_key
    if max(map(len, key.split(":")[-2:])) > MAX_ID_LENGTH or (len(old_id) > MAX_ID_LENGTH and old_id != key):
        return key, form, [f"{prefix_of(entity)}_id_too_long"]
    if not isinstance(document, dict):
        return id_in_key, form, [f"{prefix_of(entity)}_not_an_object"]
    if entity == "order" and old_id == key:
        return old_id, PLAIN, ["order_key_is_id"]
    if entity == "client" and old_id == f"client-{id_in_key}":
        return old_id, OTHER_ID, []
    if old_id != id_in_key:
        return key, form, [f"{prefix_of(entity)}_id_of_another"]
    return old_id, form, ["gift_id_wildcard"] if entity == "product" and set("%_") & set(old_id) else []


def _identity_in_list(entity: Entity, listed: ListedDocument) -> tuple[str, list[str]]:
    """Return the old id of a document in a list, and the damage of the document's identity."""
    prefix, stated = prefix_of(entity), listed.stated
    if stated == "[object Object]" and entity == "product":
        return stated, ["gift_object_key"]
    if stated in ("", "[object Object]", "undefined", "null"):
        return stated, [f"{prefix}_id_empty"]
    if len(stated) > MAX_ID_LENGTH:
        return listed.key, [f"{prefix}_id_too_long"]
    if ":" in stated:  # an id can look like a key
        environment = "" if entity == "catalog" else "([^:]+:)?"
        match = re.fullmatch(f"{prefix}s?:{environment}([^:]+)", stated)
        return (match[match.lastindex or 0], []) if match else (listed.key, [f"{prefix}_id_of_another"])
    return stated, ["gift_id_wildcard"] if entity == "product" and set("%_") & set(stated) else []


def _form(entity: str, key: str) -> int:
    if key.count(":") > 1:
        return ENVIRONMENT
    return OLDER if key.startswith(_PLURALS[entity]) else PLAIN


def _references(entity: str, document: Document) -> dict[str, str]:
    """Return the references of the document, and the values of the document that must be unique."""
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


def inspect_list(key: str, family: str, items: list[Any], part: slice) -> InspectedDocument:
    """Inspect the ids in a list."""
    listed = entity_of(key)
    entries = [token_of(entry) for item in items[part] if (entry := entry_of(item)) is not None] if listed else []
    return InspectedDocument(
        key=key,
        family=family,
        entity="list",
        id=token_of(key.partition(":")[2]),
        form=PLAIN,
        content="",
        lists=listed,
        entries=entries,
        first_entry=part.start or 0,
    )
