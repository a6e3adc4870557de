"""Tests amounts in cents. A file can state the unit beside the amount, in the column name, or outside of the rows."""

import json
from typing import Any

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds import UnreadableFeed


def prices(reading: Reading) -> list[str]:
    assert not reading.rejected, reading.rejected
    return [f"{product.price} {product.currency}" for product in reading.products]


def document(records: Any, currency: str = "EUR") -> Reading:
    return read(json.dumps(records), "feed.json", currency=currency)


def records(*prices: Any) -> list[dict[str, Any]]:
    return [{"sku": f"A{number}", "name": "Mug", "price": price} for number, price in enumerate(prices)]


@pytest.mark.parametrize(
    "name",
    ["price_cents", "Price (pence)", "Price in cents", "priceMinor", "price_minor_units", "Preis in Cent", "Preis (Ct)",
     "Prix en centimes", "Precio (céntimos)", "Prezzo in centesimi", "Preço (centavos)", "Pris (øre)",
     "unitAmountCents", "price_sen", "unit_price_sen", "priceSen", "Retail price (sen)"],
)  # fmt: skip
def test_the_name_of_a_price_column_can_mean_amounts_in_cents(name: str) -> None:
    reading = read(f"SKU;Name;{name}\nA;Mug;24900\nB;Cap;995\n", currency="GBP")
    assert (prices(reading), reading.feed.questions) == (["249.00 GBP", "9.95 GBP"], ())
    assert read(f"SKU;Name;{name}\nA;Mug;24.90\n", currency="GBP").rejection.code == "not_a_number"


def test_the_letter_p_in_a_price_column_name_means_pence_for_integers_in_gbp() -> None:
    assert prices(read("SKU;Name;Price (p)\nA;Mug;24900\n", currency="GBP")) == ["249.00 GBP"]
    assert prices(read("SKU;Name;Price (p)\nA;Mug;249.50\n", currency="GBP")) == ["249.50 GBP"]
    assert prices(read("SKU;Name;Price (p)\nA;Mug;24900\n", currency="EUR")) == ["24900.00 EUR"]


@pytest.mark.parametrize("name", ["Price per cent", "Price/ct", "Price (P)"])
def test_a_price_for_a_carat_or_with_an_unrelated_remark_is_not_in_cents(name: str) -> None:
    assert prices(read(f"SKU;Name;{name}\nA;Ring;24900\n")) == ["24900.00 EUR"]


def test_the_name_of_a_json_key_can_mean_amounts_in_millionths() -> None:
    assert prices(document([{"sku": "A", "name": "Mug", "price": {"amountMicros": "15990000"}}])) == ["15.99 EUR"]


@pytest.mark.parametrize("column", ["unit", "price_unit", "Price unit", "Denomination", "Einheit"])
def test_a_unit_column_can_state_that_amounts_are_in_cents(column: str) -> None:
    text = f"sku,name,price,{column}\nA,Mug,24900,cents\nB,Cap,995,Cents\nC,Pen,1.50,EUR\n"
    assert prices(read(text)) == ["249.00 EUR", "9.95 EUR", "1.50 EUR"]


def test_an_unknown_unit_in_a_column_with_cents_is_rejected() -> None:
    reading = read("sku,name,price,unit\nA,Mug,24900,cents\nB,Cap,995,points\n")
    assert [item.code for item in reading.rejected] == ["not_a_number"]


@pytest.mark.parametrize("unit", ["pcs", "box", "kg"])
def test_a_unit_of_sale_does_not_change_the_price(unit: str) -> None:
    assert prices(read(f"sku,name,price,unit\nA,Mug,249,{unit}\n")) == ["249.00 EUR"]


@pytest.mark.parametrize(
    "price",
    [
        {"amount": 1950, "unit": "cents"},
        {"amount": 1950, "units": "minor"},
        {"amount": "1950", "denomination": "cent"},
        {"value": 1950, "currency": "EUR", "minorUnits": 2},
        {"amount": 1950, "currency": "EUR", "exponent": 2},
    ],
)
def test_a_json_key_beside_the_amount_can_state_that_it_is_in_cents(price: dict[str, Any]) -> None:
    reading = document(records(price))
    assert (prices(reading), reading.feed.questions) == (["19.50 EUR"], ())


def test_a_cost_in_cents_does_not_change_the_price() -> None:
    record = {"sku": "A", "name": "Mug", "price": 19, "internal": {"cost": {"amount": 900, "unit": "cents"}}}
    assert prices(document([record])) == ["19.00 EUR"]


@pytest.mark.parametrize(
    "record",
    [
        {"unit_amount": 1950, "currency": "eur"},
        {"default_price": {"unit_amount": 1950, "currency": "eur"}},
        {"price_money": {"amount": 1950, "currency": "EUR"}},
        {"prices": {"price": "1950", "currency_code": "EUR", "currency_minor_unit": 2}},
        {"price": 1950, "minorUnits": 2},
        {"priceCents": 1950, "currency": "EUR"},
    ],
    ids=["stripe", "stripe product", "square", "woocommerce store", "minor units of a record", "cents"],
)
def test_formats_of_programs_that_write_cents_are_recognised(record: dict[str, Any]) -> None:
    reading = document([{"sku": "A", "name": "Mug", **record}])
    assert (prices(reading), reading.feed.questions) == (["19.50 EUR"], ())


@pytest.mark.parametrize(
    "members",
    [
        {"currency": "CHF", "minorUnits": 2},
        {"currency": "CHF", "currency_exponent": 2},
        {"meta": {"currency": "CHF", "amounts_in": "cents"}},
        {"currency": {"code": "CHF"}, "prices_in_cents": True},
        {"currencyCode": "CHF", "priceUnit": "rappen"},
    ],
)
@pytest.mark.parametrize("is_last", [False, True])
def test_json_keys_outside_the_list_can_state_that_all_prices_are_in_cents(
    members: dict[str, Any], is_last: bool
) -> None:
    items = {"items": records(1950, 2500)}
    reading = document({**items, **members} if is_last else {**members, **items})
    assert (prices(reading), reading.feed.questions) == (["19.50 CHF", "25.00 CHF"], ())


def test_json_keys_of_one_cost_do_not_determine_the_unit_of_all_prices() -> None:
    product = {"sku": "A", "name": "Mug", "tags": ["x"], "price": 1950, "cost": {"currency": "USD", "minorUnits": 2}}
    assert prices(document({"items": [product]})) == ["1950.00 EUR"]


def test_prices_with_decimals_are_never_in_cents() -> None:
    assert prices(document({"minorUnits": 2, "items": records(19.5, 25.25)})) == ["19.50 EUR", "25.25 EUR"]
    reading = document({"decimals": 2, "items": records(19.5, 25.25)})
    assert (prices(reading), reading.feed.questions) == (["19.50 EUR", "25.25 EUR"], ())


@pytest.mark.parametrize(
    "value",
    [
        {"decimals": 2, "items": records(1950, 2500)},
        records({"amount": 1950, "currency": "EUR"}, {"amount": 2500, "currency": "EUR"}),
        records({"value": 1950, "currencyCode": "EUR"}, {"value": 2500, "currencyCode": "EUR"}),
        [{"sku": f"A{n}", "name": "Mug", "price": n, "priceWithTax": n, "currencyCode": "EUR"} for n in (1950, 2500)],
    ],
    ids=["decimals of the shop", "amount", "value", "vendure"],
)
def test_integers_that_might_be_cents_lead_to_a_question(value: Any) -> None:
    reading = document(value)
    (question,) = reading.feed.questions
    assert (question.key, question.subject) == ("minor_units", "money")
    assert [(choice.value, choice.examples[0]) for choice in question.choices] == [
        ("yes", "1950 → 19.50"), ("no", "1950 → 1950.00"),
    ]  # fmt: skip
    assert prices(reading) == ["19.50 EUR", "25.00 EUR"]
    answered = read(json.dumps(value), "feed.json", {"minor_units": "no"})
    assert (prices(answered), answered.feed.questions) == (["1950.00 EUR", "2500.00 EUR"], ())


@pytest.mark.parametrize(
    "value",
    [
        records({"amount": 249.0, "currency": "EUR"}, {"amount": 89.95, "currency": "EUR"}),
        records({"amount": 25, "currency": "EUR"}, {"amount": 1200, "currency": "EUR"}),
        records(1950, 2500),
        [{"sku": "A", "name": "Mug", "price": 1950, "currency": "EUR"}],
    ],
    ids=["decimals", "small amounts", "plain numbers", "plain number and currency"],
)
def test_clear_amounts_lead_to_no_question_about_cents(value: Any) -> None:
    assert document(value).feed.questions == ()


def test_a_price_for_more_than_one_unit_is_not_used() -> None:
    tiers = [{"amount": 15.0, "currency_code": "eur", "min_quantity": 10}, {"amount": 19.5, "currency_code": "eur"}]
    assert prices(document([{"sku": "A", "title": "Mug", "prices": tiers}])) == ["19.50 EUR"]


def test_json_keys_of_an_unrelated_object_do_not_determine_the_currency() -> None:
    assert prices(document({"shipping": {"currency": "USD", "price": 5}, "items": records(19.5)})) == ["19.50 EUR"]
    assert prices(document({"items": records(19.5), "shipping": {"currency": "USD"}})) == ["19.50 EUR"]
    assert prices(document({"result": {"currency": "USD", "items": records(19.5)}})) == ["19.50 USD"]


def test_an_unknown_currency_in_the_json_object_around_the_list_is_refused() -> None:
    with pytest.raises(UnreadableFeed, match='"currency: Taler", but this is not an ISO 4217 currency code'):
        document({"currency": "Taler", "items": records(19.5)})


def test_the_currency_pence_is_refused() -> None:
    assert read("sku,name,price,currency\nA,Mug,1950,GBp\n", currency="GBP").rejection.code == "unknown_currency"
    assert read("sku,name,price,currency\nA,Mug,1950,GBX\n", currency="GBP").rejection.code == "unknown_currency"


def test_an_xml_attribute_of_a_price_can_state_that_it_is_in_cents() -> None:
    for attribute in ('unit="cents"', 'precision="2"'):
        items = "".join(
            f"<item><sku>A{n}</sku><name>x</name><price {attribute}>{n}</price></item>" for n in (1950, 2500)
        )
        assert prices(read(f"<items>{items}</items>", "feed.xml")) == ["19.50 EUR", "25.00 EUR"]


def test_attributes_of_the_xml_root_state_the_unit_of_all_prices() -> None:
    items = "".join(f"<item><sku>A{n}</sku><name>x</name><price>{n}</price></item>" for n in (1950, 2500))
    xml = f'<?xml version="1.0"?><catalog currency="CHF" minorUnits="2">{items}</catalog>'
    assert prices(read(xml, "feed.xml")) == ["19.50 CHF", "25.00 CHF"]


def test_json_integers_with_typical_endings_of_cents_lead_to_a_question() -> None:
    items = ", ".join(f'{{"sku": "M{at}", "name": "Mug {at}", "price": {{}}}}' for at in range(3))
    text = "[" + items.replace("{}", "%s") + "]"
    assert [one.key for one in read(text % (1450, 2395, 1999), currency="USD").feed.questions] == ["minor_units"]
    for amounts in ((1299, 1499, 999), (1290, 2390, 1999), (12, 2395, 1999), (1450.0, 2395.5, 1999)):
        assert read(text % amounts, currency="USD").feed.questions == (), amounts
    assert read(text % (1450, 2395, 1999), currency="SEK").feed.questions == ()
