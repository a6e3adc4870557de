"""Tests which currency a symbol such as $ means if several countries use the symbol."""

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
