"""Lists the damage that can be found by inspecting one document."""

import re
from collections.abc import Iterator
from typing import Any

from wecelebrate.kv.inspection.fields import (
    MAX_PRICE,
    Document,
    count_of,
    currency_of,
    date_problem,
    has_snake_case,
    is_deleted,
    is_embedded_image,
    is_finer,
    price_of,
    text_of,
    value_of,
)

_STOCK = ("availableQuantity", "inventoryQuantity")
_GIFT_NAMES = ("catalogId", "imageUrl", "createdAt", "updatedAt", *_STOCK)
_ORDER_NAMES = (
    "orderNumber", "giftId", "siteId", "clientId", "userId", "userEmail", "shippingAddress", "totalValue", "createdAt",
    "updatedAt",
)  # fmt: skip
_STATES = ("pending", "processing", "shipped", "delivered", "cancelled")
_FOREIGN_STATES = ("confirmed", "failed", "in_transit", "out_for_delivery", "syncing")
_ACTIVE_STATES = ("active", "inactive", "draft")
_HOSTILE = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]"  # invisible characters
    "|[\u0300-\u036f]{3}"  # several accents on one letter
    "|<[a-zA-Z/!]"  # markup
    r"|\{\{|\$\{"  # templates
    r"|^[=+@-]"  # formulas of spreadsheets
    r"|'\s*;"  # SQL
)
_CREDENTIAL = re.compile(r"password|passwd|secret|credential|api_?key|token|private_?key", re.IGNORECASE)
MAX_LINES = 1000
"""The maximum number of lines of an order."""
_MAX_TEXT_LENGTH = 10_000
"""The regular expressions check at most this number of characters of a text."""


def damage_of_gift(gift: Document) -> Iterator[str]:
    """Yield the kinds of damage of a gift."""
    yield from _damage_of_price(gift)
    if not text_of(gift, "sku"):
        yield "gift_sku_missing"
    if not text_of(gift, "catalogId"):
        yield "gift_catalog_missing"
    images = gift.get("images")
    if any(map(is_embedded_image, [value_of(gift, "image"), value_of(gift, "imageUrl")])) or (
        isinstance(images, list) and any(map(is_embedded_image, images))
    ):
        yield "gift_image_base64"
    status = value_of(gift, "status")
    if is_deleted(gift):
        yield "gift_deleted"
    elif status == "discontinued":
        yield "gift_discontinued"
    elif status is not None and status not in _ACTIVE_STATES:
        yield "gift_status_unknown"
    yield from _damage_of_stock(gift)
    if any(_HOSTILE.search(text_of(gift, name)[:_MAX_TEXT_LENGTH]) for name in ("name", "description")):
        yield "gift_hostile_text"
    if has_snake_case(gift, *_GIFT_NAMES):
        yield "gift_snake_case"
    if problem := date_problem(value_of(gift, "createdAt")):
        yield f"gift_date_{problem}"


def _damage_of_price(gift: Document) -> Iterator[str]:
    currency = value_of(gift, "currency")
    if currency is not None and currency_of(currency) is None:
        yield "gift_currency_bad"
    value = value_of(gift, "price", "value")
    price = price_of(value)
    if price is None or (price[1] and currency_of(price[1]) is None):
        yield "gift_price_unreadable"
        return
    amount, stated, form = price
    if amount < 0:
        yield "gift_price_negative"
    elif amount >= MAX_PRICE:
        yield "gift_price_too_big"
    elif is_finer(amount, currency_of(currency) or stated):
        yield "gift_price_three_decimals"
    else:
        if gift.get("price") is None:
            yield "gift_price_in_value"
        match form:
            case "text":
                yield "gift_price_text"
            case "currency":
                yield "gift_price_with_currency"
            case "comma":
                yield "gift_price_comma"


def _damage_of_stock(gift: Document) -> Iterator[str]:
    stock = value_of(gift, *_STOCK)
    if stock is not None:
        if count_of(stock) is None:
            yield "gift_stock_bad"
    elif isinstance(gift.get("inventory"), dict):
        yield "gift_inventory_object"
    elif isinstance(value_of(gift, "inStock"), bool):
        yield "gift_in_stock_flag"


def damage_of_order(order: Document) -> Iterator[str]:
    """Yield the kinds of damage of an order."""
    status = value_of(order, "status")
    if status in _FOREIGN_STATES:
        yield f"order_state_{status}"
    elif status not in _STATES and not is_deleted(order):
        yield "order_state_unknown"
    if not text_of(order, "siteId"):
        yield "order_site_missing"
    if not text_of(order, "userEmail", "customerEmail", "email"):
        yield "order_email_missing"
    if isinstance(order.get("gift"), dict):
        yield "order_gift_nested"
    address = value_of(order, "shippingAddress")
    if not address:
        yield "order_address_missing"
    elif isinstance(address, str):
        yield "order_address_text"
    yield from _damage_of_lines(order)
    if problem := date_problem(value_of(order, "createdAt")):
        yield f"order_date_{problem}"
    if is_deleted(order):
        yield "order_deleted"
    if has_snake_case(order, *_ORDER_NAMES):
        yield "order_snake_case"


def _damage_of_lines(order: Document) -> Iterator[str]:
    items = order.get("items")
    if isinstance(items, list) and items:
        if len(items) > MAX_LINES:
            yield "order_too_many_lines"
        elif any(isinstance(item, dict) and "quantity" in item and not count_of(item["quantity"]) for item in items):
            yield "order_quantity_bad"
        return
    if not (quantity := count_of(value_of(order, "quantity"))):
        yield "order_quantity_bad"
    yield from _damage_of_total(order, quantity)


def _damage_of_total(order: Document, quantity: int | None) -> Iterator[str]:
    total = price_of(value_of(order, "totalValue", "total", "totalAmount"))
    gift = order.get("gift")
    unit = price_of(value_of(order, "unitPrice") or (value_of(gift, "price") if isinstance(gift, dict) else None))
    if total is None:
        yield "order_total_missing"
    elif total[0] == 0 and (unit is None or unit[0]):
        yield "order_total_zero"
    elif unit and quantity and max(total[0], unit[0]) < MAX_PRICE and total[0] != unit[0] * quantity:
        yield "order_total_disagrees"


def damage_of_client(client: Document) -> Iterator[str]:
    """Yield the kinds of damage of a client."""
    yield from _damage_of_tenant("client", client, 2)


def damage_of_site(site: Document) -> Iterator[str]:
    """Yield the kinds of damage of a site."""
    yield from _damage_of_tenant("site", site, 1)
    if not text_of(site, "clientId"):
        yield "site_client_missing"
    if set("/:") & set(text_of(site, "domain")):
        yield "site_domain_url"


def damage_of_catalog(catalog: Document) -> Iterator[str]:
    """Yield the kinds of damage of a catalog."""
    yield from _damage_of_tenant("catalog", catalog, 1)
    if not text_of(catalog, "type"):
        yield "catalog_type_missing"
    if _has_credentials(catalog):
        yield "catalog_credentials"


def _damage_of_tenant(entity: str, document: Document, name_length: int) -> Iterator[str]:
    if len(text_of(document, "name")) < name_length:
        yield f"{entity}_name_short"
    status = value_of(document, "status")
    if status is not None and status not in _ACTIVE_STATES:
        yield f"{entity}_status_unknown"
    branding = document.get("branding")
    logos = [value_of(part, "logo", "logoUrl") for part in (document, branding) if isinstance(part, dict)]
    if entity != "catalog" and any(map(is_embedded_image, logos)):
        yield f"{entity}_logo_base64"


def _has_credentials(document: Document) -> bool:
    """Return whether the document has a field with the name of a credential and a value, at any depth."""
    parts: list[Any] = [document]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            if any(value and isinstance(name, str) and _CREDENTIAL.search(name) for name, value in part.items()):
                return True
            parts += part.values()
        elif isinstance(part, list):
            parts += part
    return False
