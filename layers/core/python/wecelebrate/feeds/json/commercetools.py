"""Reads products of commercetools in JSON: of the Products API, of the Product Projections API and of GraphQL.

Source: docs.commercetools.com, "Products" (ProductData, ProductVariant, Price), "Product Projections", and "Inventory".

A product gets the columns of the CSV files of the Merchant Center. A price for one customer group, one channel, one
country, or several pieces gets a separate column, because not all customers pay this price.
"""

from collections.abc import Mapping, Sequence
from typing import Any

MASTER = "masterVariant"
_LIMITS = ("customerGroup", "customerGroupAssignments", "channel", "validFrom", "validUntil", "recurrencePolicy")
MAX_PRICES = 20


def product_of(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the product with the key `variants`, or None if the object is not a product of commercetools."""
    data: Any = value
    if isinstance(master_data := value.get("masterData"), Mapping):
        data = master_data.get("current") or master_data.get("staged")
    if not isinstance(data, Mapping) or not isinstance(data.get(MASTER), Mapping):
        return None
    published = master_data.get("published") if isinstance(master_data, Mapping) else None
    published = value.get("published") if published is None else published  # exports have this key beside `masterData`
    variants = [data[MASTER], *(part for part in data.get("variants") or () if isinstance(part, Mapping))]
    product = {"id": value.get("id"), "key": value.get("key"), "published": published}
    product |= {key: part for key, part in data.items() if key not in (MASTER, "variants", "allVariants")}
    product |= {name: _localized(data[name]) for name in ("name", "description", "slug") if name in data}
    for name in ("name", "description", "slug"):
        if isinstance(fields := data.get(f"{name}AllLocales"), Sequence) and not isinstance(fields, str):
            texts = {part.get("locale"): part.get("value") for part in fields if isinstance(part, Mapping)}
            product[name] = _localized(texts)
    product["variants"] = [_variant(variant) for variant in variants]
    return product


def _localized(texts: Any) -> Any:
    return {str(locale): text for locale, text in texts.items()} if isinstance(texts, Mapping) else texts


def _variant(variant: Mapping[str, Any]) -> dict[str, Any]:
    members = {key: part for key, part in variant.items() if key not in ("prices", "price", "images", "assets")}
    images = variant.get("images")
    if isinstance(images, Sequence) and not isinstance(images, str):
        members["images"] = {
            "url": "\n".join(str(part.get("url") or "") for part in images if isinstance(part, Mapping))
        }
    prices = variant.get("prices") or variant.get("price") or ()
    prices = [prices] if isinstance(prices, Mapping) else prices
    members["prices"] = _prices([part for part in prices if isinstance(part, Mapping)][:MAX_PRICES])
    return members


def _prices(prices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the prices by their keys.

    The key of a price for all customers is a number. Any other key begins with the restrictions of the price.
    """
    named: dict[str, Any] = {}
    free = [price for price in prices if not any(price.get(limit) for limit in _LIMITS)]
    countries = {str(price.get("country") or "") for price in free}
    everywhere = "" if "" in countries else min(countries) if len(countries) == 1 else None
    for price in prices:
        country = str(price.get("country") or "")
        limits = [_text(price[limit]) for limit in _LIMITS if price.get(limit)]
        is_free = not limits and country == everywhere
        path = "" if is_free else " ".join(filter(None, ["only", *limits, country])).replace(".", " ")
        number = sum(key.rpartition(" ")[0] == path for key in named) if path else sum(key.isdigit() for key in named)
        named[f"{path} {number}" if path else str(number)] = {"value": _money(price.get("value"))}
    return named


def _money(value: Any) -> Any:
    """Return the exact amount. `centAmount` is not exact if a price has more decimals than its currency."""
    if isinstance(value, Mapping) and value.get("preciseAmount") is not None:
        return {**value, "centAmount": value["preciseAmount"], "preciseAmount": None}
    return value


def _text(limit: Any) -> str:
    """Return the key or the ID of a reference, which distinguishes the prices of two groups."""
    if isinstance(limit, Mapping):
        return str(limit.get("key") or limit.get("id") or "")[:40]
    return str(limit)[:40] if isinstance(limit, str) else "group"
