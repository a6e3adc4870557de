"""Tests which currency a symbol such as $ means if several countries use the symbol."""

import json

import pytest

from tests.core.feeds.feed_reading import Reading, read


def prices(reading: Reading) -> list[tuple[str, str | None]]:
    return [(str(product.price), product.currency) for product in reading.products]


@pytest.mark.parametrize(("code", "end"), [("CLP", ""), ("COP", ".00")])
def test_a_currency_code_in_one_column_name_defines_the_symbol_in_all_columns(code: str, end: str) -> None:
    rows = "A;Taza;$ 25.202;$ 29.990\nB;Plato;$ 67.219;$ 79.990\nC;Jarro;$ 50.412;$ 59.990\n"
    for currency in ("USD", code):
        reading = read(f"SKU;Nombre;Precio Neto;Precio Bruto ({code})\n{rows}", currency=currency)
        assert prices(reading) == [(f"{amount}{end}", code) for amount in ("29990", "79990", "59990")]
        assert reading.feed.questions == ()


def test_the_gross_price_is_used_beside_a_net_price_with_a_currency_symbol() -> None:
    rows = "A;Cup;$25.20;$27.72\nB;Mug;$67.20;$73.92\nC;Jug;$50.00;$55.00\n"
    reading = read(f"SKU;Name;Price ex GST;Price inc GST (AUD)\n{rows}", currency="USD")
    assert prices(reading) == [("27.72", "AUD"), ("73.92", "AUD"), ("55.00", "AUD")]


@pytest.mark.parametrize(
    ("title", "name", "code"),
    [("Precios en MXN", "Precio $", "MXN"), ("Moneda: Pesos MXN", "Precio público $", "MXN"),
     ("Prices in AUD", "Price ($)", "AUD"), ("Prices in CAD", "Price $", "CAD"), ("价格单位: CNY", "Price ¥", "CNY")],
)  # fmt: skip
def test_a_currency_code_in_a_title_defines_the_symbol_in_a_column_name(title: str, name: str, code: str) -> None:
    for currency in ("JPY" if code == "CNY" else "USD", code):
        reading = read(f"{title};;\nSKU;Name;{name}\nA;Taza;125.50\nB;Plato;99.90\n", currency=currency)
        assert prices(reading) == [("125.50", code), ("99.90", code)]
        assert reading.feed.questions == ()


def test_a_title_with_pesos_beside_a_symbol_leads_to_a_question() -> None:
    reading = read("Precios en pesos;;\nSKU;Nombre;Precio $\nA;Taza;125.50\nB;Plato;99.90\n", currency="USD")
    assert [question.key for question in reading.feed.questions] == ["price"]
    assert [product.price for product in reading.products] == [None, None]


@pytest.mark.parametrize(
    "content",
    [
        "SKU;Nombre;Precio\nA;Taza;$ 29.990\nB;Plato;$ 4.590\nC;Jarro;$ 990\n",
        "SKU;Nombre;Precio $\nA;Taza;29.990\nB;Plato;4.590\nC;Jarro;990\n",
        "SKU;Name;Price inc GST\nA;Cup;$29.90\nB;Mug;$4.50\n",
        "SKU;Name;Price ($);HST\nA;Cup;29.90;13\nB;Mug;4.50;13\n",
    ],
)
def test_amounts_in_an_unusual_format_for_us_dollars_lead_to_a_question(content: str) -> None:
    assert [question.key for question in read(content, currency="USD").feed.questions] == ["price"]
    for currency in ("CLP", "AUD", "CAD"):
        texts = [question.text for question in read(content, currency=currency).feed.questions]
        assert not [text for text in texts if "several currencies share" in text]


@pytest.mark.parametrize(
    "content",
    [
        "SKU;Name;Price\nA;Cup;$29.90\nB;Mug;$1,250.00\n", "SKU;Name;Price ($)\nA;Cup;29.90\nB;Mug;1250\n",
        "SKU;Nombre;Precio\nA;Taza;$ 29,90\nB;Plato;$ 1.250,00\n", "SKU;Name;Price\nA;Cup;$29\nB;Mug;$125\n",
        "SKU;Name;Price USD;Price CAD\nA;Cup;$29.90;$41.00\nB;Mug;$12.50;$17.00\n",
    ],
)  # fmt: skip
def test_ordinary_amounts_with_a_shared_symbol_are_in_the_catalog_currency(content: str) -> None:
    reading = read(content, currency="USD")
    assert {product.currency for product in reading.products} == {"USD"}
    assert reading.feed.questions == ()


OTHERS = "A;Cup;$19.95;$60.00;3\nB;Mug;$24.50;$75.00;1\nC;Jug;$9.75;$31.00;9\n"


@pytest.mark.parametrize(
    "name",
    ["Landed cost TWD", "Wholesale AUD", "RRP NZD", "Shipping AUD", "Flete ARS", "Precio de compra MXN", "Special NZD",
     "Deposit (HKD)", "Duty paid in SGD", "Members price AUD", "Price per kg CAD", "Price 10+ CAD"],
)  # fmt: skip
@pytest.mark.parametrize("mapping", [None, {"price": "Price"}])
def test_a_column_that_is_no_selling_price_says_nothing_about_the_sign(name: str, mapping: dict[str, str]) -> None:
    reading = read(f"SKU;Name;Price;{name};Stock\n{OTHERS}", currency="USD", mapping=mapping)
    assert prices(reading) == [("19.95", "USD"), ("24.50", "USD"), ("9.75", "USD")]
    assert reading.feed.questions == ()
    assert reading.feed.reading["currency"]["code"] == "USD"


def test_a_cost_in_renminbi_says_nothing_about_prices_in_yen() -> None:
    content = "商品コード;商品名;価格;原価 CNY\nA;茶碗;¥1,800;¥55\nB;湯呑;¥950;¥31\n"
    assert prices(read(content, currency="JPY")) == [("1800", "JPY"), ("950", "JPY")]
    records = [{"sku": sku, "name": "Cup", "price": "$9.50", "Cost TWD": "$120"} for sku in ("A", "B")]
    assert prices(read(json.dumps(records), "feed.json", currency="USD")) == [("9.50", "USD")] * 2


def test_a_cost_in_another_currency_says_nothing_in_a_known_export() -> None:
    rows = "cup,Cup,C-1,19.00,5,$9.00\nmug,Mug,C-2,9.00,6,$4.00\n"
    reading = read(f"Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty,Freight NZD\n{rows}", currency="USD")
    assert prices(reading) == [("19.00", "USD"), ("9.00", "USD")]


@pytest.mark.parametrize(
    ("names", "rate", "catalog"),
    [("Price;Price AUD", 1.52, "USD"), ("Precio;Precio MXN", 18.4, "USD"), ("Price;HKD", 7.8, "USD"),
     ("Price;Price USD", 0.73, "CAD"), ("Price;Price NZD", 1.74, "USD"), ("价格;价格 JPY", 20.9, "CNY")],
)  # fmt: skip
@pytest.mark.parametrize("mapped", [False, True])
def test_prices_at_a_rate_of_exchange_are_in_two_currencies(
    names: str, rate: float, catalog: str, *, mapped: bool
) -> None:
    sign = "¥" if catalog == "CNY" else "$"
    amounts = (19.95, 24.5, 9.75, 130.0)
    rows = "".join(f"A-{n};Cup;{sign}{one:.2f};{sign}{one * rate:.2f}\n" for n, one in enumerate(amounts))
    mapping = {"price": names.split(";", maxsplit=1)[0]} if mapped else None
    reading = read(f"SKU;Name;{names}\n{rows}", currency=catalog, mapping=mapping)
    assert prices(reading) == [(f"{one:.2f}", catalog) for one in amounts]
    assert reading.feed.questions == ()


@pytest.mark.parametrize(
    ("names", "rate"),
    [("Price;Price AUD", 1.0), ("Precio;Precio web (CLP)", 0.9), ("Price;Price SGD", 1.09), ("Price;TWD", 1.3),
     ("Precio tienda;Precio contado (ARS)", 0.85)],
)  # fmt: skip
def test_similar_amounts_in_another_currency_lead_to_a_question(names: str, rate: float) -> None:
    amounts = (190, 240, 90, 1300)
    rows = "".join(f"A-{n};Cup;${one:.2f};${one * rate:.2f}\n" for n, one in enumerate(amounts))
    reading = read(f"SKU;Name;{names}\n{rows}", currency="USD")
    assert [question.key for question in reading.feed.questions] == ["price"]
    first = names.split(";", maxsplit=1)[0]
    chosen = read(f"SKU;Name;{names}\n{rows}", mapping={"price": first}, currency="USD")
    assert {product.currency for product in chosen.products} == {"USD"}
    code = (
        read(f"SKU;Name;{names}\n{rows}", mapping={"price": names.split(";")[1]}, currency="USD").products[0].currency
    )
    assert reading.feed.questions[0].choices[-1].label.endswith(f", in {code}.")


@pytest.mark.parametrize(
    ("names", "rate", "code"),
    [("Precio sin IVA;Precio con IVA (ARS)", 1.21, "ARS"), ("Price excl. GST;Price incl. GST (NZD)", 1.15, "NZD"),
     ("Prix HT;Prix TTC (CAD)", 1.05, "CAD"), ("未税价格;含税价格 (CNY)", 1.13, "CNY")],
)  # fmt: skip
def test_the_price_with_tax_shows_the_currency_of_the_price_without_tax(names: str, rate: float, code: str) -> None:
    sign, catalog = ("¥", "JPY") if code == "CNY" else ("$", "USD")
    rows = "".join(f"A-{n};Cup;{sign}{one:.2f};{sign}{one * rate:.2f}\n" for n, one in enumerate((200.0, 240.0, 90.0)))
    reading = read(f"SKU;Name;{names}\n{rows}", currency=catalog)
    assert prices(reading) == [(f"{one * rate:.2f}", code) for one in (200.0, 240.0, 90.0)]
    net = read(f"SKU;Name;{names}\n{rows}", currency=catalog, mapping={"price": names.split(";", maxsplit=1)[0]})
    assert prices(net) == [(f"{one:.2f}", code) for one in (200.0, 240.0, 90.0)]


@pytest.mark.parametrize(
    ("name", "cells"),
    [("Last sync PST", ("08:00", "09:30")), ("GST", ("0", "0")), ("HST %", ("0%", "0%")), ("TPS report", ("A1", "B2")),
     ("Tax GST %", ("18", "28")), ("GST Rate", ("12", "5")), ("Supplier GST number", ("12345", "67890")),
     ("Created at (PST)", ("2026-01-01", "2026-02-01")), ("Cost inc GST", ("$9.00", "$3.00"))],
)  # fmt: skip
def test_a_time_zone_and_a_tax_of_0_are_no_foreign_tax(name: str, cells: tuple[str, str]) -> None:
    reading = read(f"SKU;Name;Price;{name}\nA;Cup;$29.90;{cells[0]}\nB;Mug;$4.50;{cells[1]}\n", currency="USD")
    assert prices(reading) == [("29.90", "USD"), ("4.50", "USD")]
    assert reading.feed.questions == ()


@pytest.mark.parametrize(
    ("name", "cells"),
    [("GST", ("10%", "0%")), ("QST rate", ("9.975", "9.975")), ("ITBIS %", ("18", "16")), ("HST", ("0.13", "0.13")),
     ("RRP inc GST", ("$35.00", "$6.00")), ("Tax rate GST", ("15", "15"))],
)  # fmt: skip
def test_the_rates_of_a_foreign_tax_lead_to_a_question(name: str, cells: tuple[str, str]) -> None:
    reading = read(f"SKU;Name;Price;{name}\nA;Cup;$29.90;{cells[0]}\nB;Mug;$4.50;{cells[1]}\n", currency="USD")
    assert [question.key for question in reading.feed.questions] == ["price"]
