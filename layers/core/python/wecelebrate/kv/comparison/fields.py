"""Compares the columns of a row with its document."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from wecelebrate.kv.comparison.values import (
    Document,
    amount,
    camel_case,
    currency,
    first,
    first_text,
    flag,
    letters,
    may_be_left_out,
    same_object,
    same_text,
    text,
    web_address,
    whole,
)
from wecelebrate.kv.models import Entity

MAX_IMAGES = 50
LEGACY_CATALOG = "catalog_legacy_default"
"""The catalog of all gifts whose documents name no catalog."""
_STOCK = ("availableQuantity", "inventoryQuantity", "inventoryCount", "inventory", "stock", "quantity")
_STOCK_INSIDE = ("available", "availableQuantity", "quantity", "count", "total")
_TYPES = frozenset(("erp", "manual", "vendor", "dropship"))
_STATES: Mapping[str, frozenset[str]] = {
    "active": frozenset(
        ("active", "published", "live", "enabled", "available", "instock", "outofstock", "syncing")
    ),
    "draft": frozenset(("draft", "pending")),
    "inactive": frozenset(
        ("inactive", "suspended", "disabled", "archived", "discontinued", "unavailable", "expired", "closed", "paused",
         "error", "deleted")
    ),
}  # fmt: skip
_HOST = re.compile(
    r"(?:[a-z]+://)?(?P<host>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)\.?(?::\d+)?"
    r"(?:[/?#].*)?",
    re.ASCII,
)
_MAX_ATTRIBUTES = 500_000


@dataclass
class Pair:
    """A document and its row."""

    document: Document
    """The fields of the document that have a value. Their names are in camelCase."""
    row: Mapping[str, Any]
    """The columns of the row, and the names of the records to which the row refers."""
    environment: str
    old_id: str
    key: str
    notes: Mapping[str, str]
    """The corrections of the mapping."""
    settings: tuple[Document, ...] = ()
    """For a site, its settings documents. The first of these documents takes precedence."""
    kept: set[str] = field(default_factory=set)
    """The columns that differ from the document and are correct, because only the platform decides their values."""

    def names(self, parent: str) -> set[str]:
        """Return the names that a document can use for the parent of the row."""
        return names_of(self.row[parent], self.environment)

    def is_kept(self, column: str) -> bool:
        """Return whether a column that differs from the document is correct, because only the platform decides its
        value.

        The method adds such a column to `kept`.
        """
        if "kept" in self.notes:
            self.kept.add(column)
            return True
        return False


def names_of(entries: list[list[str]], environment: str) -> set[str]:
    """Return the old ids and the keys of a record, and the ids that are part of these keys."""
    return {
        name
        for its_environment, old_id, key in entries
        if its_environment == environment
        for name in (old_id, key, key.rpartition(":")[2])
    }


def pair_of(document: Document, **values: Any) -> Pair:
    """Return a document with its row. `values` are the remaining fields of `Pair`."""
    return Pair(camel_case(document), **values)


def parent_of(entity: Entity, document: Document, key: str) -> tuple[Entity, str | None]:
    """Return the entity and the old id of the record that determines the owner of a document without a row."""
    match entity:
        case "site":
            return "client", text(first(document, "clientId", "client.id"))
        case "catalog":
            return "client", text(first(document, "ownerClientId", "clientId", "ownerId"))
        case "product":
            return "catalog", text(first(document, "catalogId", "catalog.id")) or LEGACY_CATALOG
        case "order":
            in_key = key.split(":")[1] if key.count(":") == 2 else None
            return "site", text(first(document, "siteId", "site.id")) or in_key
    return "client", None


def state_of(document: Document) -> str | None:
    """Return the state of a record: `active`, `inactive` or `draft`. If the document states no state, return None."""
    is_deleted = flag(document.get("deleted")) or flag(document.get("isDeleted")) or "deletedAt" in document
    switches = (flag(document.get("isActive")), flag(document.get("active")))
    stated = letters(document.get("status"))
    if is_deleted or stated == "deleted" or False in switches:
        return "inactive"
    if text(document.get("status")) is None:
        return "active" if next((switch for switch in switches if switch is not None), False) else None
    return next((state for state, words in _STATES.items() if stated in words), None)


def _state_or(pair: Pair, default: str) -> str:
    return state_of(pair.document) or ("inactive" if "status" in pair.document else default)


def _name(pair: Pair, *names: str) -> Iterator[str]:
    stated = first_text(pair.document, *names) or text(pair.old_id)
    if not same_text(stated, pair.row["name"], 500):
        yield "name"


def _texts(pair: Pair, columns: Mapping[str, tuple[int, tuple[str, ...]]]) -> Iterator[str]:
    for column, (limit, paths) in columns.items():
        if not same_text(text(first(pair.document, *paths)), pair.row[column], limit):
            yield column


def client(pair: Pair) -> Iterator[str]:
    """Compare a client with its document. Yield the names of the columns that differ."""
    document, row = pair.document, pair.row
    name = first_text(document, "name", "clientName", "companyName") or text(pair.old_id) or ""
    if not same_text(name, row["name"], 500) and not (len(name) < 2 and row["name"] == f"{name} ({pair.old_id})"[:500]):
        yield "name"
    yield from _texts(
        pair,
        {
            "description": (100_000, ("description",)),
            "contact_email": (500, ("contactEmail", "email", "contact.email")),
            "contact_phone": (500, ("contactPhone", "phone", "contact.phone")),
            "address": (100_000, ("address",)),
        },
    )
    if web_address(first(document, "logoUrl", "logo")) != row["logo_url"]:
        yield "logo_url"
    tier = (text(first(document, "tier", "plan")) or "standard").lower()
    is_unknown = "unknown_tier" in pair.notes and row["tier"] == "standard"
    if tier != row["tier"] and not is_unknown and not pair.is_kept("tier"):
        yield "tier"
    if (_state_or(pair, "active") == "active") != row["is_active"] and not pair.is_kept("is_active"):
        yield "is_active"


def catalog(pair: Pair) -> Iterator[str]:
    """Compare a catalog with its document. Yield the names of the columns that differ."""
    document, row = pair.document, pair.row
    yield from _name(pair, "name", "catalogName")
    source = document.get("source")
    stated_type = [document.get("type"), camel_case(source).get("type") if isinstance(source, dict) else None]
    if next((kind for kind in stated_type if isinstance(kind, str) and kind in _TYPES), "manual") != row["type"]:
        yield "type"
    if _state_or(pair, "draft") != row["status"] and not pair.is_kept("status"):
        yield "status"
    code = currency(first(document, "currency", "settings.currency", "settings.defaultCurrency"))
    if code is not None and code != row["currency"]:
        yield "currency"
    owner = text(first(document, "ownerClientId", "clientId", "ownerId"))
    if owner not in pair.names("client") and not (owner is None and row["owner_client_id"] is None):
        yield "owner_client_id"


def site(pair: Pair) -> Iterator[str]:
    """Compare a site with its document. Yield the names of the columns that differ."""
    document, row = pair.document, pair.row
    yield from _name(pair, "name", "siteName", "title")
    if text(first(document, "clientId", "client.id")) not in pair.names("client"):
        yield "client_id"
    if not _has_catalog(pair) and not pair.is_kept("catalog_id"):
        yield "catalog_id"
    domain = _domain(text(first(document, "domain", "siteUrl", "url")))
    is_taken = "domain_twice" in pair.notes and row["domain"] is None
    if domain != row["domain"] and not is_taken and not pair.is_kept("domain"):
        yield "domain"
    if _state_or(pair, "draft") != row["status"] and not pair.is_kept("status"):
        yield "status"
    if not _has_branding(document.get("branding"), row["branding"]):
        yield "branding"


def _domain(stated: str | None) -> str | None:
    match = _HOST.fullmatch((stated or "").lower())
    return match["host"] if match and len(match["host"]) <= 253 else None


def _has_catalog(pair: Pair) -> bool:
    stated = text(first(pair.document, "catalogId", "catalog.id", "settings.catalogId"))
    if stated is None:
        settings = next(iter(pair.settings), {})
        stated = text(camel_case(settings).get("catalogId"))
    if pair.row["catalog_id"] is None:
        return stated is None or not {"unknown_catalog", "catalog_needs_grant"}.isdisjoint(pair.notes)
    return stated in pair.names("catalog")


def _has_branding(stated: Any, branding: Mapping[str, Any]) -> bool:
    if not isinstance(stated, dict):
        return True
    expected = {
        "name": text(stated.get("name")),
        "color": text(first(stated, "color", "primaryColor")),
        "logo": web_address(first(stated, "logo", "logoUrl")),
        "sender": text(stated.get("sender")),
        "reply_to": text(first(stated, "reply_to", "replyTo")),
    }
    return all(
        value is None
        or same_text(value, branding.get(name), 100 if name == "color" else 500)
        or (name not in branding and may_be_left_out(value))
        for name, value in expected.items()
    )


def price_of(document: Document) -> tuple[Decimal | None, str | None]:
    """Return the price of a gift or of a line, and the currency of the price."""
    stated = next((document[name] for name in ("price", "value") if document.get(name) not in (None, "")), None)
    code = first_text(document, "currency", "currencyCode")
    if isinstance(stated, dict):
        code = code or text(stated.get("currency"))
        stated = stated.get("amount")
    price, sign = amount(stated)
    return price, currency(code) if code else currency(sign)


def product(pair: Pair) -> Iterator[str]:
    """Compare a product with its document. Yield the names of the columns that differ."""
    document, row = pair.document, pair.row
    sku = first_text(document, "sku", "code")
    if not same_text(sku or text(pair.old_id), row["sku"], 200):
        yield "sku"
    name = first_text(document, "name", "title", "giftName") or sku or text(pair.old_id)
    if not same_text(name, row["name"], 500):
        yield "name"
    yield from _texts(
        pair,
        {
            "description": (100_000, ("description",)),
            "category": (300, ("category",)),
            "brand": (300, ("brand",)),
        },
    )
    price, code = price_of(document)
    if price is None or price != Decimal(row["price"]):
        yield "price"
    code = code or row["catalog_currency"]
    if code is not None and code != row["currency"]:
        yield "currency"
    catalog = text(first(document, "catalogId", "catalog.id"))
    names = pair.names("catalog")
    if catalog not in names if catalog else LEGACY_CATALOG not in names and not row["listed_in"]:
        yield "catalog_id"
    if _images(document) != row["images"]:
        yield "images"
    attributes = document.get("attributes")
    if not same_object(attributes if isinstance(attributes, dict) else {}, row["attributes"]) and not (
        row["attributes"] == {} and len(str(attributes)) >= _MAX_ATTRIBUTES
    ):
        yield "attributes"
    yield from _stock(document, row)
    is_active = (_state_or(pair, "active") == "active") == row["is_active"]
    if not is_active and not pair.is_kept("is_active"):
        yield "is_active"


def _images(document: Document) -> list[str]:
    images = document.get("images")
    stated = [document.get("image"), document.get("imageUrl"), *(images[:200] if isinstance(images, list) else ())]
    addresses = [web_address(first(image, "url", "src") if isinstance(image, dict) else image) for image in stated]
    return list(dict.fromkeys(address for address in addresses if address))[:MAX_IMAGES]


def _stock(document: Document, row: Mapping[str, Any]) -> Iterator[str]:
    stated = first(document, *_STOCK)
    if isinstance(stated, dict):
        inside = first(camel_case(stated), *_STOCK_INSIDE)
        stated = stated if inside is None else inside
    count = whole(stated)
    is_empty = flag(document.get("inStock")) is False or letters(document.get("status")) == "outofstock"
    if (stated is not None or is_empty) != (row["inventory_policy"] == "tracked"):
        yield "inventory_policy"
    elif (count or 0) != row["inventory_count"]:
        yield "inventory_count"
