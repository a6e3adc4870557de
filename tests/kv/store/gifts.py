"""Writes gifts in the formats of three versions of the old application."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from tests.kv.store.plan import Plan, Sizes, in_words, iso, letters, milliseconds, moment
from tests.kv.store.tenants import LEGACY_CATALOG, LOGO, Document, Tenants
from tests.kv.store.truth import Record, Truth, alias, copy_in_list, row

_SNAKE = {
    "catalogId": "catalog_id",
    "imageUrl": "image_url",
    "availableQuantity": "available_quantity",
    "inventoryQuantity": "inventory_quantity",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}
_HOSTILE = (
    "'; drop table products; --",
    "<script>alert(1)</script>",
    "{{7*7}} ${jndi:ldap://127.0.0.1/a}",
    "a\u202egnp.exe",
    '=HYPERLINK("http://127.0.0.1")',
    "%s %n \\ \" ' \t\r\n",
    "Mu\u0301\u0302\u0303\u0304g",
)


class Gift(NamedTuple):
    """A gift without damage, to which an order can refer."""

    id: str
    name: str
    sku: str
    cents: int


@dataclass
class Gifts:
    """The facts about gifts that orders and lists need."""

    healthy: list[Gift] = field(default_factory=list)
    listed: list[Any] = field(default_factory=list)
    """The entries of `gifts:all`: ids, or whole documents."""
    contained: list[Truth] = field(default_factory=list)
    """The truths about the whole documents in `gifts:all`."""
    by_catalog: dict[str, list[str]] = field(default_factory=dict)


def _changes(number: int, cents: int, created: datetime) -> dict[str, Callable[[Document], object]]:
    """Map each kind of damage inside the document to the changed fields. All other kinds affect the key or a different
    document."""
    whole, part = divmod(cents, 100)
    texts = {
        "EUR": (f"{whole},{part:02} €", f"EUR {whole}.{part:02}"),
        "USD": (f"$ {whole}.{part:02}", f"{whole}.{part:02} USD"),
    }
    return {
        "gift_price_text": lambda d: d.update(price=f"{whole}.{part:02}"),
        "gift_price_with_currency": lambda d: d.update(price=texts[d.pop("currency")][number % 2]),
        "gift_price_comma": lambda d: d.update(price=(f"{whole},{part:02}", f"1.{whole:03},{part:02}")[number % 2]),
        "gift_price_in_value": lambda d: d.update(value=d.pop("price")),
        "gift_price_unreadable": lambda d: d.update(price=("on request", "", "??", None, "1.2.3")[number % 5]),
        "gift_price_negative": lambda d: d.update(price=(-1, -0.01, "-5.00")[number % 3]),
        "gift_price_three_decimals": lambda d: d.update(price=(12.345, "0.005")[number % 2]),
        "gift_price_too_big": lambda d: d.update(price=(1_000_000_000_000, 1e300, "9" * 40)[number % 3]),
        "gift_sku_missing": lambda d: d.update(sku="") if number % 2 else d.pop("sku"),
        "gift_catalog_missing": lambda d: (d.pop("catalogId"), d.update(currency=_currency(LEGACY_CATALOG))),
        "gift_catalog_unknown": lambda d: d.update(catalogId=f"catalog_removed_{number}"),
        "gift_image_base64": lambda d: d.update(image=LOGO),
        "gift_deleted": lambda d: d.update(
            ({"deleted": True}, {"deletedAt": iso(created)}, {"status": "deleted"})[number % 3]
        ),
        "gift_in_stock_flag": lambda d: _set_stock(d, inStock=bool(number % 2)),
        "gift_discontinued": lambda d: d.update(status="discontinued"),
        "gift_stock_bad": lambda d: _set_stock(d, availableQuantity=_BAD_STOCK[number % 5]),
        "gift_inventory_object": lambda d: _set_stock(d, inventory={"total": 50, "available": 40, "reserved": 10}),
        "gift_currency_bad": lambda d: d.update(currency=("Points", "XYZW", "??", "E", 0)[number % 5]),
        "gift_hostile_text": lambda d: d.update(
            name=_HOSTILE[number % len(_HOSTILE)], description=_HOSTILE[number % len(_HOSTILE)] * 3
        ),
        "gift_date_in_words": lambda d: d.update(createdAt=in_words(created), updatedAt=in_words(created)),
        "gift_too_deep": lambda d: d.update(options=_nested(40)),
        "gift_date_missing": lambda d: (d.pop("createdAt"), d.pop("updatedAt")),
    }


def _nested(levels: int) -> Any:
    """Return a value with this number of levels of objects."""
    value: Any = 1
    for _ in range(levels):
        value = {"option": value}
    return value


def _currency(catalog: str) -> str:
    """Return the currency of a catalog. All prices of a catalog are in one currency."""
    return ("EUR", "USD")[sum(catalog.encode()) % 2]


_BAD_STOCK = ("many", -3, 2.5, "12 or so", True)


def _set_stock(document: Document, **stock: Any) -> None:
    """Replace the fields of the stock."""
    for name in ("availableQuantity", "inventoryQuantity"):
        document.pop(name, None)
    document |= stock


def _document(number: int, gift: Gift, catalog: str, created: datetime) -> Document:
    """Return a document of one of three versions."""
    document: Document = {
        "id": gift.id,
        "name": gift.name,
        "description": "A gift for many occasions. " * 2,
        "sku": gift.sku,
        "price": gift.cents / 100,
        "currency": _currency(catalog),
        "category": ("Home", "Drinks", "Tech")[number % 3],
        "catalogId": catalog,
        "status": ("active", "inactive")[number % 10 == 9],
        "createdAt": iso(created),
        "updatedAt": iso(created),
    }
    stock = number % 50
    match number % 3:
        case 0:
            document |= {"image": f"https://cdn.example/{number}.jpg", "availableQuantity": stock}
        case 1:
            document |= {"imageUrl": f"https://cdn.example/{number}.jpg", "inventoryQuantity": stock, "tags": ["new"]}
        case _:
            document |= {"images": [f"https://cdn.example/{number}-{n}.jpg" for n in (1, 2)]}
            document |= {"availableQuantity": stock, "features": ["recyclable"]}
    return document


def write_gifts(sizes: Sizes, tenants: Tenants, gifts: Gifts) -> Iterator[Record]:
    """Write the documents of the gifts, and record the facts that orders and lists need."""
    plan = sizes.plan("product")
    new_gifts = [_gift(number, plan) for number in range(sizes.gifts)]
    catalog_of = [tenants.catalogs[number % len(tenants.catalogs)] for number in range(sizes.gifts)]
    for number, partner in plan.partners.items():
        if plan.damaged[number] == "gift_sku_twice":
            catalog_of[number] = catalog_of[partner]
    for number, gift in enumerate(new_gifts):
        damage = plan.damaged.get(number)
        created = moment(number)
        document = _document(number, gift, catalog_of[number], created)
        if change := _changes(number, gift.cents, created).get(damage or ""):
            change(document)
        elif damage == "gift_sku_twice":
            document["sku"] = new_gifts[plan.partners[number]].sku
        elif damage == "gift_snake_case":
            document = {_SNAKE.get(name, name): value for name, value in document.items()}
        elif damage == "gift_id_of_another":
            partner = plan.partners[number]
            document = _document(partner, new_gifts[partner], catalog_of[partner], moment(partner))
        records = list(_records(number, gift, document, damage))
        if damage != "gift_only_in_list":
            yield from records
        if damage is None:
            gifts.healthy.append(gift)
        original = _document(number, gift, catalog_of[number], created)
        _list(sizes, gifts, original if damage == "gift_id_of_another" else document, records[0].truth, damage)
    if sizes.damage:
        yield from _single_documents(sizes, gifts)


def _gift(number: int, plan: Plan) -> Gift:
    gift_id = f"gift-{milliseconds(moment(number))}-{letters(plan.rng, 9)}"
    if plan.damaged.get(number) == "gift_id_too_long":
        gift_id += "x" * 200
    return Gift(gift_id, f"Gift {number}", f"SKU-{number:06}", 499 + plan.rng.randrange(20_000))


def _records(number: int, gift: Gift, document: Document, damage: str | None) -> Iterator[Record]:
    """Return the documents of one gift. A gift with two keys has two documents."""
    form, family = "gift:", "gift:<id>"
    if damage == "gift_plural_key":
        form = "gifts:"
    elif damage == "gift_environment_key":
        form, family = "gift:production:", "gift:<environment>:<id>"
    value: Any = document
    if damage == "gift_double_encoded":
        value = json.dumps(document)
    elif damage == "gift_not_an_object":
        value = (42, "broken", [document], True, [])[number % 5]
    truth = row(form + gift.id, family, "product", gift.id, damage)
    yield Record(truth.key, value, truth)
    if damage in ("gift_both_keys_equal", "gift_both_keys_differ"):
        second = alias(f"gifts:{gift.id}", "gift:<id>", truth, damage)
        older = {**document, "name": "An older name", "updatedAt": iso(moment(0))}
        yield Record(second.key, document if damage == "gift_both_keys_equal" else older, second)


def _list(sizes: Sizes, gifts: Gifts, document: Document, truth: Truth, damage: str | None) -> None:
    """Add the gift to the lists of the old application: its id, or its document."""
    assert truth.old_id is not None
    old_id = truth.old_id
    copy = damage if damage in ("gift_list_copy_equal", "gift_list_copy_differs") else None
    if damage == "gift_unlisted":
        return
    is_whole = sizes.whole_gifts and damage not in ("gift_id_too_long", "gift_too_deep")
    if is_whole or copy or damage == "gift_only_in_list":
        whole = {**document, "id": old_id} | ({"name": "An older name"} if copy == "gift_list_copy_differs" else {})
        gifts.listed += [whole, whole] if damage == "gift_listed_twice" else [whole]
        gifts.contained.append(_contained(old_id, truth, copy))
    else:
        entry = {"id": old_id} if sizes.whole_gifts else old_id
        gifts.listed += [entry, entry] if damage == "gift_listed_twice" else [entry]
    if "catalogId" in document:
        gifts.by_catalog.setdefault(document["catalogId"], []).append(old_id)


def _contained(old_id: str, truth: Truth, copy: str | None) -> Truth:
    """Return the truth about the document of a gift in `gifts:all`."""
    if "gift_only_in_list" in truth.damage or "gift_id_of_another" in truth.damage:
        key = f"gifts:all::{old_id}"
        return replace(row(key, "clients:all", "product", old_id, "gift_only_in_list"), in_list=True)
    differs = copy == "gift_list_copy_differs" or "gift_not_an_object" in truth.damage
    return copy_in_list(truth, "gift_list_copy_differs" if differs else "gift_list_copy_equal", "gifts:all")


def _single_documents(sizes: Sizes, gifts: Gifts) -> Iterator[Record]:
    """Write the documents with fixed keys: keys without a valid id, wildcards of LIKE, and a value of 5 MB."""
    for key, old_id, damage in (
        ("gifts:[object Object]", "[object Object]", "gift_object_key"),
        ("gifts:", "", "gift_id_empty"),
        ("gift:100%_wool", "100%_wool", "gift_id_wildcard"),
        ("gift:gift-huge", "gift-huge", "gift_value_huge"),
    ):
        if damage == "gift_value_huge" and not sizes.huge:
            continue
        gift = Gift(old_id, "A gift", f"SKU-{damage}", 1000)
        document = _document(0, gift, LEGACY_CATALOG, moment(0))
        truth: Truth = row(key, "gift:<id>", "product", old_id, damage)
        if damage == "gift_value_huge":
            document["image"] = "data:image/png;base64," + "A" * sizes.huge
            truth = row(key, "gift:<id>", "product", old_id, damage, "gift_image_base64")
        yield Record(key, document, truth)
        if truth.resolution == "row":
            gifts.listed.append({"id": old_id} if sizes.whole_gifts else old_id)
