"""Tests JSON exports of commercetools: products, product projections and GraphQL results. Some prices are only for
certain customers.
"""

import json
from typing import Any

import pytest

from tests.core.feeds.feed_reading import Reading, read

MONEY = {"type": "centPrecision", "currencyCode": "EUR", "fractionDigits": 2}


def price(cents: int, code: str = "EUR", **limits: Any) -> dict[str, Any]:
    return {"id": f"p{cents}", "value": {**MONEY, "currencyCode": code, "centAmount": cents}, **limits}


def variant(sku: str, *prices: dict[str, Any]) -> dict[str, Any]:
    return {"id": 1, "sku": sku, "prices": list(prices), "attributes": [], "images": []}


def read_products(*products: dict[str, Any], currency: str = "EUR") -> Reading:
    return read(json.dumps({"limit": 20, "results": list(products)}), name="feed.json", currency=currency)


def product(master: dict[str, Any], *variants: dict[str, Any], number: int = 1) -> dict[str, Any]:
    data = {"name": {"de": "Krug"}, "slug": {"de": "krug"}, "masterVariant": master, "variants": list(variants)}
    return {"id": f"id-{number}", "key": f"k{number}", "masterData": {"published": True, "current": data}}


def prices(reading: Reading) -> dict[str, str]:
    assert not reading.feed.questions
    assert not reading.rejected
    return {one.sku: f"{one.price} {one.currency}" for one in reading.products}


LIMITS: list[dict[str, Any]] = [
    {"customerGroup": {"typeId": "customer-group", "id": "g1"}},
    {"channel": {"typeId": "channel", "id": "c1"}},
    {"country": "AT"},
    {"validFrom": "2026-01-01T00:00:00.000Z", "validUntil": "2026-02-01T00:00:00.000Z"},
    {"country": "DE", "customerGroup": {"typeId": "customer-group", "key": "b2b"}},
]


@pytest.mark.parametrize("limits", LIMITS)
def test_a_price_that_only_some_customers_pay_is_not_used_as_the_price(limits: dict[str, Any]) -> None:
    first = product(variant("A", price(500, **limits), price(900)), number=1)
    second = product(variant("B", price(900), price(500, **limits)), number=2)
    assert prices(read_products(first, second)) == {"A": "9.00 EUR", "B": "9.00 EUR"}


def test_the_price_of_a_country_is_used_if_no_other_country_has_prices() -> None:
    assert prices(read_products(product(variant("A", price(900, country="DE"))))) == {"A": "9.00 EUR"}


def test_a_file_with_prices_for_only_some_customers_leads_to_a_question() -> None:
    reading = read_products(product(variant("A", price(500, customerGroup={"typeId": "customer-group", "id": "g1"}))))
    (question,) = reading.feed.questions
    assert (question.key, question.choices[0].value, reading.products[0].price) == ("price", "", None)


def test_the_price_in_the_currency_of_the_catalog_is_used() -> None:
    shop = product(variant("A", price(1000, "USD"), price(900)), variant("B", price(800), price(1200, "USD")))
    assert prices(read_products(shop)) == {"A": "9.00 EUR", "B": "8.00 EUR"}
    assert prices(read_products(shop, currency="USD")) == {"A": "10.00 USD", "B": "12.00 USD"}


def test_a_product_projection_is_read_like_a_product() -> None:
    projection = {
        "id": "id-1", "key": "k1", "published": False, "name": {"en": "Jug", "de-AT": "Krug"},
        "slug": {"en": "jug"}, "masterVariant": variant("A", price(900)), "variants": [variant("B", price(800))],
    }  # fmt: skip
    reading = read_products(projection)
    assert prices(reading) == {"A": "9.00 EUR", "B": "8.00 EUR"}
    assert [(one.name, one.is_active) for one in reading.products] == [("Jug", False)] * 2


def test_a_graphql_product_has_only_one_name() -> None:
    data = {"name": "Jug", "masterVariant": variant("A", price(900)), "variants": []}
    document = {"data": {"products": {"results": [{"id": "1", "masterData": {"published": True, "current": data}}]}}}
    reading = read(json.dumps(document), name="feed.json")
    assert (prices(reading), reading.product.name) == ({"A": "9.00 EUR"}, "Jug")


def test_a_price_with_more_decimals_than_its_currency_is_read_exactly() -> None:
    value = {
        "type": "highPrecision",
        "currencyCode": "EUR",
        "centAmount": 5,
        "preciseAmount": 4950,
        "fractionDigits": 5,
    }
    reading = read_products(product(variant("A", {"value": value})))
    assert reading.rejection.code == "too_precise"
    value |= {"centAmount": 495, "preciseAmount": 495_000}
    assert prices(read_products(product(variant("A", {"value": value})))) == {"A": "4.95 EUR"}


def test_purchase_prices_in_attributes_are_private() -> None:
    master = variant("A", price(900))
    master["attributes"] = [{"name": "einkaufspreis", "value": {**MONEY, "centAmount": 517}}]
    assert read_products(product(master)).product.attributes == {}
