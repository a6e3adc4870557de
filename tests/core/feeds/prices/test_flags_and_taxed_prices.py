"""Tests flag columns that resemble prices, prices with tax beside prices without tax, and retail price columns."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize("flags", [("1", "1", "1"), ("0", "1", "1"), ("-1", "0", "-1")])
@pytest.mark.parametrize("name", ["PrixTTC", "Preis inkl. MwSt", "Price incl VAT", "Precio con IVA"])
def test_a_flag_column_is_not_the_price(name: str, flags: tuple[str, ...]) -> None:
    rows = "".join(f"A-{at};Cup {at};{5 + at}.90;{flag}\n" for at, flag in enumerate(flags))
    reading = read(f"SKU;Name;Price;{name}\n{rows}")
    assert [str(product.price) for product in reading.products] == ["5.90", "6.90", "7.90"]
    assert reading.feed.questions == ()


def test_a_flag_column_is_not_the_price_even_if_no_other_price_exists() -> None:
    reading = read("SKU;Name;PrixTTC\nA;Cup;1\nB;Mug;1\nC;Jug;1\n")
    assert [product.price for product in reading.products] == [None] * 3


@pytest.mark.parametrize("name", ["price", "Preis", "Precio", "PVP", "Verkaufspreis"])
@pytest.mark.parametrize("prices", [("1", "1", "1"), ("0", "1", "1")])
def test_a_price_column_without_a_tax_word_can_contain_only_0_and_1(name: str, prices: tuple[str, ...]) -> None:
    reading = read(f"SKU;Name;{name}\n" + "".join(f"A-{at};Pen {at};{price}\n" for at, price in enumerate(prices)))
    assert [str(product.price) for product in reading.products if product.price] == [
        f"{price}.00" for price in prices if price != "0"
    ]


def test_the_columns_of_sage_100_are_recognised() -> None:
    header = "AR_Ref\tAR_Design\tFA_CodeFamille\tAR_PrixAch\tAR_PrixVen\tAR_PrixTTC\tAR_Sommeil\tAS_QteSto\n"
    rows = "VIN1\tVin rouge\tVINS\t4,2000\t9,5000\t1\t0\t24\nVIN2\tVin blanc\tVINS\t5,1000\t11,0000\t1\t1\t6\n"
    reading = read(header + rows, "export.txt")
    assert [(p.sku, p.name, p.category, str(p.price), p.inventory_count, p.is_active) for p in reading.products] == [
        ("VIN1", "Vin rouge", "VINS", "9.50", 24, True), ("VIN2", "Vin blanc", "VINS", "11.00", 6, False),
    ]  # fmt: skip
    assert reading.feed.questions == ()


@pytest.mark.parametrize(
    ("base", "taxed"),
    [("Pret_vanzare", "Pret_v_cu_TVA"), ("Precio", "Pto. con IVA"), ("Prezzo", "Pz.V. con IVA"),
     ("Prijs", "Winkelpr. incl. BTW"), ("Preis", "LadenP. inkl. MwSt"), ("Price", "Shelf inc VAT")],
)  # fmt: skip
def test_the_price_with_tax_is_used_even_if_its_name_is_partly_unknown(base: str, taxed: str) -> None:
    rows = "A;Cup;165.2893;200.0000\nB;Mug;41.3223;50.0000\nC;Jug;26.1261;29.0000\nD;Pot;57.0248;69.0000\n"
    reading = read(f"SKU;Name;{base};{taxed}\n{rows}")
    assert [str(product.price) for product in reading.products] == ["200.00", "50.00", "29.00", "69.00"]
    assert reading.feed.questions == ()


def test_an_amount_that_is_not_the_price_plus_tax_is_not_used() -> None:
    rows = "A;Cup;165.28;201.00\nB;Mug;41.32;99.00\nC;Jug;26.12;27.00\n"
    reading = read(f"SKU;Name;Precio;Pto. con IVA\n{rows}")
    assert reading.feed.reading["price"]["kind"] != "gross"


@pytest.mark.parametrize("name", ["Розничная", "Роздрібна", "Малопродажба", "Λιανική", "Perakende", "零售", "소매"])
def test_a_retail_column_as_the_only_price_can_be_mapped(name: str) -> None:
    content = f"Артикул;Name;{name};Остаток\nF-1;Cup;8900;24\nF-2;Mug;12500;7\n"
    reading = read(content)
    if reading.feed.questions:
        assert [choice.value for choice in reading.feed.questions[0].choices] == ["", name]
        reading = read(content, mapping={"price": name})
    assert [str(product.price) for product in reading.products] == ["8900.00", "12500.00"]


def test_a_retail_stock_column_is_not_the_price() -> None:
    content = "SKU;Name;Цена;Остаток розничный;Остаток\nA;Cup;8900;24;30\nB;Mug;12500;7;9\n"
    reading = read(content)
    assert [str(product.price) for product in reading.products] == ["8900.00", "12500.00"]
    assert "price" not in [question.key for question in reading.feed.questions]
