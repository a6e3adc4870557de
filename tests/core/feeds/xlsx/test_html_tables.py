"""Tests HTML pages with a table. Many shops call such a page an Excel file."""

import gzip

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed

PAGE = """<html><head><meta charset="utf-8"><style>td {mso-number-format: "\\@"}</style></head><body>
<table border="1"><thead><tr><th>Artikelnummer</th><th>Bezeichnung</th><th>Preis</th><th>Bestand</th></tr></thead>
<tr><td>00017</td><td>Tasse &amp; <b>Teller</b></td><td>9,90</td><td>4</td></tr>
<tr><td>00018<td>Topf<br>groß<td>1.249,00<td>0</table></body></html>"""


def test_the_table_in_an_html_page_is_read() -> None:
    reading = read(PAGE, "export.xls")
    assert [(one.sku, one.name, str(one.price), one.inventory_count) for one in reading.products] == [
        ("00017", "Tasse & Teller", "9.90", 4), ("00018", "Topf groß", "1249.00", 0),
    ]  # fmt: skip
    assert reading.details["format"] == "xlsx"


def test_an_html_table_without_a_body_element_is_read_in_its_encoding() -> None:
    table = PAGE[PAGE.index("<table") : PAGE.index("</body")]
    assert read(table, encoding="cp1252").products[1].name == "Topf groß"


def test_the_value_of_a_cell_that_spans_several_rows_is_used_in_each_row() -> None:
    products = read(
        "<table><tr><td>Kategorie<td>SKU<td>Name<td>Preis</tr><tr><td rowspan=2>Tassen<td>K-1<td>Tasse<td>5,50</tr>"
        "<tr><td>K-2<td>Becher<td>6,50</tr><tr><td>Töpfe<td>K-3<td>Topf<td>7,50</tr></table>"
    ).products
    assert [(one.sku, one.category, str(one.price)) for one in products] == [
        ("K-1", "Tassen", "5.50"), ("K-2", "Tassen", "6.50"), ("K-3", "Töpfe", "7.50"),
    ]  # fmt: skip


def test_a_layout_table_around_the_table_of_products_is_ignored() -> None:
    inner = PAGE[PAGE.index("<table") : PAGE.index("</body")]
    page = f"<html><table><tr><td>Shop</td></tr><tr><td>{inner}</td></tr><tr><td>Imprint</td></tr></table></html>"
    assert [one.sku for one in read(page).products] == ["00017", "00018"]


def test_the_image_address_is_the_text_of_its_cell() -> None:
    page = (
        "<table><tr><th>SKU<th>Name<th>Price<th>Image</tr>"
        "<tr><td>A-1<td>Mug<td>9.90<td><img src='https://x.example/a.jpg'></tr></table>"
    )
    assert read(page).product.images == ["https://x.example/a.jpg"]


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (PAGE[:-60], "incomplete"),
        ("<html><body><h1>Not found</h1></body></html>", "HTML page"),
        ("<html><table><tr><td>Sign in</td><td><input></td></tr></table></html>", "HTML page"),
    ],
)
def test_html_pages_without_a_list_of_products_are_refused(page: str, reason: str) -> None:
    with pytest.raises(UnreadableFeed, match=reason):
        read(page)


def test_many_rows_are_read_in_the_order_of_the_page() -> None:
    rows = "".join(f"<tr><td>A-{n}</td><td>Mug {n}</td><td>{n},50</td></tr>" for n in range(1, 5_001))
    page = f"<table><tr><td>SKU</td><td>Name</td><td>Preis</td></tr>{rows}</table>"
    products = read(gzip.compress(page.encode()), "x.html.gz").products
    assert (len(products), products[-1].sku, str(products[-1].price)) == (5_000, "A-5000", "5000.50")
