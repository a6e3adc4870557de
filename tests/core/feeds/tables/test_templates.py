"""Tests tables with an unusual structure: templates with descriptions of the columns, and transposed tables."""

import pytest

from tests.core.feeds.feed_reading import read
from tests.core.feeds.workbooks import table
from wecelebrate.feeds import UnreadableFeed

TEMPLATE = """Data Import Template,,,,,
Notes:,,,,,
Column Labels:,Item Code,Item Name,Standard Selling Rate,Opening Stock,Maintain Stock
Column Name:,item_code,item_name,standard_rate,opening_stock,is_stock_item
Mandatory:,Yes,No,No,No,No
Type:,Data,Data,Currency,Float,Check
Info:,,,,,0 or 1
Start entering data below this line,,,,,
,DIYA-01,Brass diya,149,340,1
,POLISH,Polishing,250,,0
"""


def test_the_rows_that_describe_the_columns_of_a_template_are_not_products() -> None:
    reading = read(TEMPLATE)
    assert [(p.sku, str(p.price), p.inventory_policy) for p in reading.products] == [
        ("DIYA-01", "149.00", "tracked"), ("POLISH", "250.00", "untracked"),
    ]  # fmt: skip
    assert [rejected.code for rejected in reading.rejected][-2:] == ["no_product", "no_product"]
    assert len(reading.rejected) == 4


ROWS = (("A-1", "B-2"), ("Mug", "Cap"), ("12,50", "9,90"), ("3", "0"), ("oui", "non"))
NAMES = (("Référence", "Désignation", "Prix de vente TTC", "Quantité", "En ligne"), ("SKU", "Name", "Price", "Stock"))


def _columns(names: tuple[str, ...], rows: tuple[tuple[str, ...], ...] = ROWS) -> str:
    return "\n".join(";".join((name, *row)) for name, row in zip(names, rows, strict=False))


@pytest.mark.parametrize("names", NAMES)
def test_a_transposed_table_is_read(names: tuple[str, ...]) -> None:
    reading = read(_columns(names))
    assert [(one.line, one.sku, one.name, str(one.price), one.inventory_count) for one in reading.products] == [
        (2, "A-1", "Mug", "12.50", 3), (3, "B-2", "Cap", "9.90", 0),
    ]  # fmt: skip
    assert reading.feed.header == list(names)
    workbook = table(*([name, *row] for name, row in zip(names, ROWS, strict=False)))
    assert [one.sku for one in read(workbook, "columns.xlsx").products] == ["A-1", "B-2"]


def test_the_mapping_determines_whether_a_table_is_transposed() -> None:
    names = ("SKU", "Name", "Price", "Cost")
    assert [one.sku for one in read(_columns(names), mapping={"sku": "SKU"}).products] == ["A-1", "B-2"]
    assert read(_columns(names), mapping={"sku": "A-1"}).feed.header == ["SKU", "A-1", "B-2"]


def test_a_rejection_in_a_transposed_table_states_the_column_number() -> None:
    rows = (("A-1", "B-2", "C-3"), ("Mug", "", "Cap"), ("12,50", "9,90", "many"))
    rejected = read(_columns(("SKU", "Name", "Price"), rows)).rejected
    assert [(item.line, item.sku, item.raw) for item in rejected] == [
        (3, "B-2", ["B-2", "", "9,90"]), (4, "C-3", ["C-3", "Cap", "many"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "rows",
    [(("A-1", "A-1"), *ROWS[1:]), (("A-1", ""), *ROWS[1:]), tuple(row * 150 for row in ROWS)],
    ids=["repeated", "blank", "many"],
)
def test_a_transposed_table_with_invalid_skus_or_too_many_columns_is_refused(
    rows: tuple[tuple[str, ...], ...],
) -> None:
    with pytest.raises(UnreadableFeed, match="each column of this table is a product"):
        read(_columns(NAMES[0], rows))


def test_a_table_with_skus_such_as_price_and_name_is_not_transposed() -> None:
    reading = read("SKU;Name;Price\nPrice;Sign for prices;12,50\nName;Sign for names;9,90\nStock;Sign;1,00\n")
    assert len(reading.products) == 3


@pytest.mark.parametrize(
    "text",
    [
        "SKU,Attribute,Value\nA1,Name,Mug\nA1,Price,9.90\nA1,Cost,4.10\nA2,Name,Pot\nA2,Price,19.90\n",
        "Référence;Champ;Valeur\nA1;Désignation;Bol\nA1;Prix TTC;9,90\nA2;Désignation;Pot\nA2;Prix TTC;8,90\n",
        "Código;Campo;Valor\nA1;Nombre;Taza\nA1;Precio;9,90\nA2;Nombre;Olla\nA2;Precio;8,90\n",
        "Artikelnr;Veld;Waarde\nA1;Omschrijving;Kop\nA1;Prijs;9,90\nA1;Voorraad;3\nA2;Prijs;8,90\n",
    ],
)
def test_a_table_with_one_value_in_each_row_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UnreadableFeed, match="each row of this table is one value"):
        read(text)


def test_rows_that_differ_only_in_the_name_of_an_option_are_read_as_products() -> None:
    reading = read("SKU,Name,Option,Price\nA1,Mug,Size,9.90\nA1,Mug,Color,9.90\nA2,Pot,Size,8.90\n")
    assert {product.sku for product in reading.products} == {"A1", "A2"}
