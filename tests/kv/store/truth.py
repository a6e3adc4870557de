"""Defines the documents of a generated store, and the truth of each document, i.e. the expected result.

`DAMAGES` states the expected result for each kind of damage, according to the migration plan. This module shares no
code with the platform, so it can reveal errors of the platform.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Entity = Literal["client", "site", "catalog", "product", "order"]
Resolution = Literal["row", "alias", "quarantine", "leftover", "list"]

SECRET = "PLANTED-SECRET-"
"""The beginning of every secret of a generated store, in keys and in values. No output may contain it."""


@dataclass(frozen=True, slots=True)
class Truth:
    """The expected result for one key of the store."""

    key: str
    family: str
    """The key family, with the name from `app.kv_key_families`, or `other` if the key belongs to no family."""
    resolution: Resolution
    """The expected resolution of the document. `row`: it determines a row. `alias`: it is a second document of a row.
    `quarantine`: it is in quarantine. `leftover`: it remains in the store. `list`: it is derived from other
    documents."""
    entity: Entity | None = None
    old_id: str | None = None
    """The id that the old applications use for the entity."""
    damage: tuple[str, ...] = ()
    reason: str | None = None
    """The name of the damage for which the document is in quarantine. None for other resolutions."""
    row_of: str | None = None
    """For an alias: the key of the document that determines the row."""
    dangling: tuple[str, ...] = ()
    """For a list: the ids that have no document. Each of these ids occurs in only one list."""
    list_of: Entity | None = None
    """For a list of ids: the entity of the ids."""
    contained: "tuple[Truth, ...]" = ()
    """For a list: the truths about the whole documents in the list."""
    in_list: bool = False
    """Whether the document is inside a list. Its key is `<key of the list>::<id>`."""


class Record(NamedTuple):
    """A document with its truth. `json.dumps` accepts `value`."""

    key: str
    value: Any
    truth: Truth


class Damage(NamedTuple):
    """One kind of damage. An `alias` damage belongs to the second key of an entity."""

    entity: Entity
    resolution: Literal["row", "alias", "quarantine", "list"]
    repair: str
    """The expected result for the document, and the reason."""


_NOT_MONEY = "The price decides what customers pay. Nothing may guess it."

DAMAGES: dict[str, Damage] = {
    # Gifts
    "gift_price_text": Damage("product", "row", "The text is a number, e.g. `19.99`: read it."),
    "gift_price_with_currency": Damage("product", "row", "Read the amount. The sign or code is the currency."),
    "gift_price_comma": Damage("product", "row", "Read `19,99` and `1.299,00` with a decimal comma."),
    "gift_price_in_value": Damage("product", "row", "`value` is the price, because `price` is missing."),
    "gift_price_unreadable": Damage("product", "quarantine", _NOT_MONEY),
    "gift_price_negative": Damage("product", "quarantine", _NOT_MONEY),
    "gift_price_three_decimals": Damage("product", "quarantine", "The price is finer than its currency. " + _NOT_MONEY),
    "gift_price_too_big": Damage("product", "quarantine", "The column cannot hold the price. " + _NOT_MONEY),
    "gift_sku_missing": Damage("product", "row", "The old id is the SKU."),
    "gift_sku_twice": Damage("product", "quarantine", "The first key keeps the SKU. An ERP system owns the SKUs."),
    "gift_catalog_missing": Damage(
        "product", "row", "The catalog is `catalog_legacy_default`: the old migration of catalogs did the same."
    ),
    "gift_catalog_unknown": Damage("product", "quarantine", "A catalog decides which clients see the product."),
    "gift_image_base64": Damage("product", "row", "The image stays out of the columns."),
    "gift_deleted": Damage("product", "row", "The product is inactive, because orders refer to it."),
    "gift_id_of_another": Damage(
        "product", "quarantine", "The document of another gift was written under this key: its own data is lost."
    ),
    "gift_snake_case": Damage("product", "row", "Read the fields of both spellings."),
    "gift_in_stock_flag": Damage("product", "row", "The stock is only `inStock`: it is untracked or 0."),
    "gift_discontinued": Damage("product", "row", "The product is inactive."),
    "gift_stock_bad": Damage("product", "row", "The stock is 0, with a note. Nothing is sold that may not exist."),
    "gift_inventory_object": Damage("product", "row", "Read the quantity of the object `inventory`."),
    "gift_currency_bad": Damage("product", "quarantine", _NOT_MONEY),
    "gift_hostile_text": Damage("product", "row", "The text is stored. Control characters become spaces."),
    "gift_date_in_words": Damage("product", "row", "Read `February 20, 2026`."),
    "gift_date_missing": Damage("product", "row", "The time in the id, otherwise the time of the move."),
    "gift_unlisted": Damage("product", "row", "An id that is missing from a list deletes nothing."),
    "gift_listed_twice": Damage("product", "row", "The product exists once."),
    "gift_only_in_list": Damage("product", "row", "A list has the only document of the gift: it leads the row."),
    "gift_list_copy_equal": Damage("product", "alias", "`gift:<id>` leads the row."),
    "gift_list_copy_differs": Damage("product", "alias", "`gift:<id>` leads the row, and never the list."),
    "gift_id_too_long": Damage("product", "quarantine", "No key of the platform holds an id of over 200 characters."),
    "gift_too_deep": Damage("product", "quarantine", "The document has over 32 levels of objects."),
    "gift_dangling": Damage("product", "list", "The list names an id that has no document: nothing to move."),
    "gift_plural_key": Damage("product", "row", "`gifts:<id>` is the only key: it leads the row."),
    "gift_both_keys_equal": Damage("product", "alias", "`gift:<id>` leads the row."),
    "gift_both_keys_differ": Damage("product", "alias", "`gift:<id>` leads the row, and is also the newer document."),
    "gift_environment_key": Damage("product", "row", "`gift:production:<id>` is the only key: it leads the row."),
    "gift_double_encoded": Damage("product", "row", "The document is a text with JSON: decode it once."),
    "gift_not_an_object": Damage("product", "quarantine", "A number, a text or a list has no fields."),
    "gift_object_key": Damage("product", "quarantine", "`[object Object]` is not an id."),
    "gift_id_empty": Damage("product", "quarantine", "An empty text is not an id."),
    "gift_id_wildcard": Damage("product", "row", "`%` and `_` are usual characters of an id."),
    "gift_value_huge": Damage("product", "row", "The document has over 1,000,000 bytes, nearly all in the image."),
    # Orders
    "order_number_twice": Damage("order", "row", "The first key keeps the number. The other gets a suffix."),
    "order_state_confirmed": Damage("order", "row", "The nearest state, with a note."),
    "order_state_failed": Damage("order", "row", "The nearest state, with a note."),
    "order_state_in_transit": Damage("order", "row", "The nearest state, with a note."),
    "order_state_out_for_delivery": Damage("order", "row", "The nearest state, with a note."),
    "order_state_syncing": Damage("order", "row", "The nearest state, with a note."),
    "order_site_missing": Damage("order", "quarantine", "The site decides which client owns the order."),
    "order_site_unknown": Damage("order", "quarantine", "The site decides which client owns the order."),
    "order_client_of_another_site": Damage("order", "row", "The client of an order is the client of its site."),
    "order_gift_unknown": Damage("order", "row", "The line has a name and no product."),
    "order_total_missing": Damage("order", "row", "Compute the total from the line."),
    "order_total_zero": Damage("order", "row", "Compute the total from the line: the old total used `gift.value`."),
    "order_total_disagrees": Damage("order", "row", "The total of the document, with a note."),
    "order_email_missing": Damage("order", "row", "The address is empty. The order is not lost."),
    "order_gift_nested": Damage("order", "row", "The gift is a whole document in the order: read its id."),
    "order_address_text": Damage("order", "row", "The text becomes the first line of the address."),
    "order_address_missing": Damage("order", "row", "The address is empty."),
    "order_quantity_bad": Damage("order", "quarantine", "Nothing may guess what was ordered."),
    "order_too_many_lines": Damage("order", "quarantine", "An order has at most 1,000 lines."),
    "order_date_bad": Damage("order", "row", "The time in the id, with a note."),
    "order_date_missing": Damage("order", "row", "The time in the id."),
    "order_deleted": Damage("order", "row", "Documents never delete orders."),
    "order_snake_case": Damage("order", "row", "Read the fields of both spellings."),
    "order_key_is_id": Damage("order", "row", "`order:<site>:<uuid>`: the whole key is the id."),
    "order_plural_key": Damage("order", "row", "`orders:<id>` is the only key: it leads the row."),
    "order_environment_key": Damage("order", "row", "`order:production:<id>` is the only key: it leads the row."),
    "order_unlisted": Damage("order", "row", "An id that is missing from a list deletes nothing."),
    "order_dangling": Damage("order", "list", "The list names an id that has no document: nothing to move."),
    # Clients, sites and catalogs
    "client_name_short": Damage("client", "row", "Complete the name with the id: a client needs two characters."),
    "client_status_unknown": Damage("client", "row", "The client is inactive."),
    "client_logo_base64": Damage("client", "row", "The image stays out of the columns."),
    "client_alias_key": Damage("client", "alias", "`client:demo-…` has the document of `client-demo-…`."),
    "site_domain_twice": Damage("site", "row", "The first key keeps the domain. The other has none, with a note."),
    "site_domain_url": Damage("site", "row", "The host of the URL is the domain."),
    "site_client_missing": Damage("site", "quarantine", "The client decides who sees the site."),
    "site_client_unknown": Damage("site", "quarantine", "The client decides who sees the site."),
    "site_catalog_of_another_client": Damage("site", "quarantine", "The move never grants a catalog."),
    "site_logo_base64": Damage("site", "row", "The image stays out of the columns."),
    "site_name_short": Damage("site", "row", "The name is empty: the id is the name."),
    "site_status_unknown": Damage("site", "row", "The site is inactive."),
    "site_alias_key": Damage("site", "alias", "`site:<environment>:<id>` leads the row."),
    "catalog_client_missing": Damage("catalog", "quarantine", "The owner decides who sees the catalog."),
    "catalog_client_unknown": Damage("catalog", "quarantine", "The owner decides who sees the catalog."),
    "catalog_type_missing": Damage("catalog", "row", "The type is `manual`."),
    "catalog_status_unknown": Damage("catalog", "row", "The nearest state, with a note."),
    "catalog_credentials": Damage("catalog", "row", "The credentials are copied to no column, note or log."),
    "catalog_alias_key": Damage("catalog", "alias", "`catalogs:<id>` leads the row."),
}  # fmt: skip


def row(key: str, family: str, entity: Entity, old_id: str | None, *damage: str | None) -> Truth:
    """Return the truth of a document of an entity. The document determines a row, or is in quarantine because of its
    damage.

    Ignore None, and damage that belongs to the second key of a record.
    """
    kinds = tuple(kind for kind in damage if kind and DAMAGES[kind].resolution != "alias")
    reason = next((kind for kind in kinds if DAMAGES[kind].resolution == "quarantine"), None)
    return Truth(key, family, "quarantine" if reason else "row", entity, old_id, kinds, reason)


def alias(key: str, family: str, leader: Truth, damage: str) -> Truth:
    """Return the truth of the second key of a record."""
    return Truth(key, family, "alias", leader.entity, leader.old_id, (damage,), row_of=leader.key)


def copy_in_list(leader: Truth, damage: str, list_key: str) -> Truth:
    """Return the truth of a whole document in a list if the record also has a document with a separate key."""
    assert leader.old_id is not None
    return Truth(
        f"{list_key}::{leader.old_id}",
        "clients:all",
        "alias" if leader.resolution == "row" else "quarantine",
        leader.entity,
        leader.old_id,
        (damage,),
        leader.reason,
        row_of=leader.key if leader.resolution == "row" else None,
        in_list=True,
    )


def flat(truths: Iterable[Truth]) -> Iterator[Truth]:
    """Yield the truths of all documents, including the documents in lists."""
    for truth in truths:
        yield truth
        yield from truth.contained


def count_damage(truths: Iterable[Truth]) -> Counter[str]:
    """Count the documents with each kind of damage. For the `…_dangling` kinds, count the ids without a document."""
    counts: Counter[str] = Counter()
    for truth in flat(truths):
        counts.update(truth.damage)
        if truth.dangling:
            counts["gift_dangling" if truth.list_of == "product" else "order_dangling"] += len(truth.dangling)
    return counts
