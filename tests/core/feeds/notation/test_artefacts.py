"""Tests that artefacts of spreadsheets and programs are removed, and that messages about bad cells explain the
problem.
"""

import json

import pytest

from tests.core.feeds.feed_reading import read
from tests.core.feeds.workbooks import table
from wecelebrate.feeds import UnreadableFeed
from wecelebrate.feeds.notation.convert import plain_text, sku


@pytest.mark.parametrize(
    ("cell", "clean"),
    [
        ('="00123"', "00123"), ("'00124", "00124"), ("\u200bA-1\u200b", "A-1"), ("A\u200d-1", "A-1"),
        ("\ufeffA-1", "A-1"), ("A-1\u00ad", "A-1"), ('="A""1"', 'A"1'), ("'Q", "'Q"), ("=A", "=A"), ("N-1", "N-1"),
    ],
)  # fmt: skip
def test_artefacts_of_programs_are_removed_from_a_sku(cell: str, clean: str) -> None:
    assert sku(cell) == clean


@pytest.mark.parametrize("cell", ["nan", "NaN", "NULL", "null", "N/A", "#N/A", "None", "undefined", '=""'])
def test_a_word_for_a_missing_value_is_read_as_a_blank_cell(cell: str) -> None:
    reading = read(f"sku\tname\tdescription\tbrand\tprice\nA\tMug\t{cell}\t{cell}\t5\n{cell}\tCap\t\t\t5\n")
    product = reading.products[0]
    assert (product.description, product.brand) == (None, None)
    assert (reading.rejection.code, reading.rejection.reason) == ("empty", "sku: is empty")
    assert read(f"sku\tname\nA\t{cell}\n").rejection.reason == "name: is empty"


def test_a_word_for_a_missing_value_is_not_a_price() -> None:
    reason = 'price: is empty, because the cell contains "N/A"'
    assert read("sku,name,price\nA,Mug,5\nB,Cap,N/A\n").rejection.reason == reason


@pytest.mark.parametrize("cell", ["#N/A", "NULL", "nan"])
def test_a_word_for_a_missing_price_is_not_reported_as_a_shifted_cell(cell: str) -> None:
    reason = read(f"SKU,Name,Retail Price,Trade Price\nA,Mug,5.00,3.10\nB,Cap,{cell},3.92\n").rejection.reason
    assert reason == f'Retail Price: is empty, because the cell contains "{cell}"'


def test_the_ending_dot_0_is_removed_if_all_skus_end_with_dot_0() -> None:
    reading = read("sku,name\n1001.0,Mug\n1002.0,Cap\n")
    assert [product.sku for product in reading.products] == ["1001", "1002"]
    assert [product.sku for product in read("sku,name\n1001.0,Mug\nA-1,Cap\n").products] == ["1001.0", "A-1"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("Caf&eacute;", "Café"), ("Salt &amp; Pepper", "Salt & Pepper"), ("5 &lt; 6", "5 &lt; 6"), ("AT&T;", "AT&T;"),
        ("&#8364; 5", "€ 5"), ("<b>Salt &amp; Pepper</b>", "<b>Salt &amp; Pepper</b>"), ("R&D", "R&D"),
        ('="Mug"', "Mug"), ("NULL", ""), ("Nullarbor", "Nullarbor"),
    ],
)  # fmt: skip
def test_html_entities_are_decoded_in_a_text_without_tags(cell: str, text: str) -> None:
    assert plain_text(cell) == text


def test_html_entities_are_decoded_in_names_brands_and_categories() -> None:
    product = read("sku\tname\tbrand\tcategory\nA\tCaf&eacute;\tSalt &amp; Co\tT&ouml;pfe\n").product
    assert (product.name, product.brand, product.category) == ("Café", "Salt & Co", "Töpfe")
    assert product.source["name"] == "Caf&eacute;"


@pytest.mark.parametrize(
    ("cell", "price", "currency"),
    [
        ("$12.50 USD", "12.50", "USD"), ("149:-", "149.00", "EUR"), ("1,00,000", "100000.00", "EUR"),
        ("Rs. 450", "450.00", "INR"), ("kr. 1.299", "1299.00", "SEK"), ("1.299,-", "1299.00", "EUR"),
        ("CHF 12.--", "12.00", "CHF"), ("€ 12,-", "12.00", "EUR"), ("S/ 15.90", "15.90", "PEN"),
    ],
)  # fmt: skip
def test_all_usual_spellings_of_a_price_are_read(cell: str, price: str, currency: str) -> None:
    product = read(f"sku\tprice\nA\t{cell}\n", currency="SEK" if cell.startswith("kr") else "EUR").product
    assert (str(product.price), product.currency) == (price, currency)


@pytest.mark.parametrize(
    ("cells", "categories"),
    [
        (["a,b,c", "Mugs"], ["a", "Mugs"]),
        (["Table;Table/Linen", "Mugs"], ["Table", "Mugs"]),
        (["c1|c2", "c3"], ["c1", "c3"]),
        (["Cups, mugs & more", "a,b"], ["Cups, mugs & more", "a,b"]),
        (["Home > Mugs", "Caps"], ["Home > Mugs", "Caps"]),
        (["Soap\\, Cream", "a,b"], ["Soap, Cream", "a"]),
    ],
)
def test_the_first_of_several_categories_is_used(cells: list[str], categories: list[str]) -> None:
    rows = "".join(f"A{number}\tx\t{cell}\n" for number, cell in enumerate(cells))
    assert [product.category for product in read(f"sku\tname\tcategory\n{rows}").products] == categories


def test_the_first_category_of_a_json_list_is_the_category() -> None:
    record = [{"sku": "A", "name": "Mug", "category": ["Mugs", "Gifts"]}]
    assert read(json.dumps(record), "feed.json").product.category == "Mugs"


def test_the_message_for_a_blank_price_mentions_shifted_cells() -> None:
    reading = read("sku;name;colour;price;stock\nA;Tasse;rot;12,50;3\nB;Topf;rot;blau;12,50\nC;Topf;13,50;;3\n")
    assert [rejected.reason for rejected in reading.rejected] == [
        'price: "blau" is not a number',
        'price: is empty, and the column "colour" beside it contains "13,50"; the cells of this row can be shifted by '
        "a delimiter that is missing or not in quotes",
    ]


def test_the_message_for_broken_xml_contains_the_line_number() -> None:
    with pytest.raises(UnreadableFeed, match="line 2: it is not well-formed XML"):
        read("<a><p><name>x</name></p>\n<p><name>x</name></p></b></a>", "feed.xml")


def test_the_message_for_an_ambiguous_number_names_both_values_and_the_setting() -> None:
    reading = read(table(["sku", "price"], ["A", 5], *(["B", 6] for _ in range(300)), ["C", "1.250"]), "list.xlsx")
    assert (reading.rejection.code, reading.rejection.sku) == ("ambiguous_number", "C")
    assert reading.rejection.reason == (
        'price: "1.250" can mean 1250 or 1.250; set the option `decimal` in the catalog\'s sync settings to the '
        "file's decimal separator"
    )


def test_a_line_break_in_a_table_cell_does_not_separate_two_categories() -> None:
    assert read('sku,name,category\nA,Mug,"Gear\nBags"\n').product.category == "Gear Bags"
    assert (
        read("<a><p><sku>A</sku><category>Gear</category><category>Bags</category></p><p/></a>", "f.xml")
        .products[0]
        .category
        == "Gear"
    )


def test_a_column_named_sale_description_contains_the_description() -> None:
    assert read("sku,name,Sale Description\nA,Mug,A mug.\n").product.description == "A mug."
