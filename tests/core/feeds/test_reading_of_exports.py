"""Tests files in the formats of ERP systems and marketplaces: SKU, state, stock and price columns."""

import json

import pytest

from tests.core.feeds.feed_reading import read
from tests.core.feeds.workbooks import written

MUG = {"sku": "M-1", "name": "Mug", "price": "9.50"}


@pytest.mark.parametrize(
    "text",
    [
        "id,number,name\nb3a1,OD-1,Lamp\nb3a2,OD-2,Vase\n",
        "Variant ID,Item code,name\nx-01,OD-1,Lamp\nx-02,OD-2,Vase\n",
        "Internal ID,Name,Display Name\n1184,OD-1,Black lamp\n1185,OD-2,White vase\n",
        "Internal ID,Name,Display Name\n1184,LAMP : OD-1,Black lamp\n1185,LAMP : OD-2,White vase\nTotal,,\n",
    ],
)
def test_a_database_key_is_not_the_sku_if_the_file_has_an_item_code(text: str) -> None:
    reading = read(text)
    assert [product.sku.removeprefix("LAMP : ") for product in reading.products] == ["OD-1", "OD-2"]
    assert reading.feed.questions == ()


def test_a_total_below_the_rows_does_not_change_how_a_small_file_is_read() -> None:
    text = "Internal ID,Name,Display Name,On hand\n1184,MUG-BLACK,Black mug,3\n1185,MUG-WHITE,White mug,4\nTotal,,,7\n"
    assert [product.sku for product in read(text).products] == ["MUG-BLACK", "MUG-WHITE"]


@pytest.mark.parametrize("name", ["Артикул", "Item code", "Artikelnummer"])
def test_marketplace_numbers_in_the_sku_column_beside_codes_lead_to_a_question(
    name: str,
) -> None:
    reading = read(f"{name};SKU;Name\nM-1;1500000001;Mug\nM-2;1500000002;Cup\n")
    (question,) = reading.feed.questions
    assert (question.key, question.subject) == ("sku", "identity")
    assert {choice.value for choice in question.choices} == {name, "SKU"}


def test_short_numbers_in_the_sku_column_are_skus() -> None:
    reading = read("Item code;SKU;Name\nM-1;10001;Mug\nM-2;10002;Cup\n")
    assert [product.sku for product in reading.products] == ["10001", "10002"]
    assert reading.feed.questions == ()


@pytest.mark.parametrize(
    ("column", "on", "off"), [("disc_flag", "N", "Y"), ("停用状态", "否", "是"), ("Obsolete YN", "N", "Y")]
)
def test_a_product_with_yes_in_a_column_named_discontinued_is_inactive(column: str, on: str, off: str) -> None:
    products = read(f"SKU,Name,{column}\nA-1,Mug,{on}\nA-2,Cup,{off}\n").products
    assert [product.is_active for product in products] == [True, False]


def test_a_column_named_add_delete_contains_commands() -> None:
    products = read("sku\tprice\tadd-delete\nA-1\t9.50\ta\nA-2\t9.50\td\n").products
    assert [product.is_active for product in products] == [True, False]


@pytest.mark.parametrize(
    ("cell", "pieces"),
    [
        ("24 Nos", 24), ("свыше 100 шт", 100), ("10개 이상", 10), ("50以上", 50), ("ponad 50 szt.", 50), ("5未満", 0),
        ("мање од 5", 0), ("12 days", None), ("více než 5 ks", 5), ("до 3 шт", 0), ("daugiau nei 20 vnt", 20),
    ],
)  # fmt: skip
def test_stock_bounds_such_as_more_than_10_are_read_in_every_language(cell: str, pieces: int | None) -> None:
    reading = read(f"SKU,Name,Stock\nA-1,Mug,{cell}\nA-2,Cup,7\n")
    if pieces is None:
        assert reading.rejection.code == "not_a_number"
    else:
        assert [product.inventory_count for product in reading.products] == [pieces, 7]


def test_the_stocks_of_sizes_are_added_up_and_reported() -> None:
    reading = read("Art-Nr;Name;VK;S;M;L\nT-1;Shirt;19,90;5;;2\nT-2;Polo;29,90;0;0;0\n")
    assert [product.inventory_count for product in reading.products] == [7, 0]
    (question,) = reading.feed.questions
    assert (question.subject, "sizes" in question.text) == ("other", True)


def test_size_columns_that_contain_texts_are_not_a_stock() -> None:
    products = read("Art-Nr;Name;VK;S;M;L\nT-1;Shirt;19,90;44 cm;46 cm;48 cm\n").products
    assert products[0].inventory_count is None


@pytest.mark.parametrize(
    ("header", "rows", "prices"),
    [
        ("Netto;Brutto", ("10,00;11,90", "20,00;23,80"), ["11.90", "23.80"]),
        ("HT;TTC", ("10,00;12,00", "20,00;21,10"), ["12.00", "21.10"]),
        ("excl. btw;incl. btw", ("8,26 €;10,00 €", "16,53 €;20,00 €"), ["10.00", "20.00"]),
        ("Brutto;Farbe", ("9,90 €;rot", "5,00 €;blau"), ["9.90", "5.00"]),
    ],
)
def test_columns_named_net_and_gross_can_be_prices(header: str, rows: tuple[str, str], prices: list[str]) -> None:
    text = f"Art-Nr;Artikel;{header}\n" + "".join(f"A-{n};Ding {n};{row}\n" for n, row in enumerate(rows))
    assert [str(product.price) for product in read(text).products] == prices


def test_net_and_gross_weights_are_not_prices() -> None:
    rows = ("0,30;0,35", "1,20;1,45", "1,25;1,36", "2,25;2,55", "3,10;3,33")
    text = "Art-Nr;Artikel;Netto;Brutto\n" + "".join(f"A-{n};Ding {n};{row}\n" for n, row in enumerate(rows))
    assert all(product.price is None for product in read(text).products)


def test_a_column_with_a_known_price_name_is_preferred_to_a_column_named_brutto() -> None:
    product = read("Art-Nr;Artikel;VK;Netto;Brutto\nA-1;Topf;49,90;10,00;11,90\n").product
    assert str(product.price) == "49.90"


@pytest.mark.parametrize("code", ['#,##0.00 "€"', "0.00", "#,##0.00"])
def test_a_formula_price_is_read_as_excel_displays_it(code: str) -> None:
    def write(book: object) -> None:
        sheet = book.add_worksheet()  # type: ignore[attr-defined]
        form = book.add_format({"num_format": code})  # type: ignore[attr-defined]
        sheet.write_row(0, 0, ["SKU", "Name", "VK brutto"])
        for row, value in enumerate((24.395, 11.9, 0.004), 1):
            sheet.write_row(row, 0, [f"A-{row}", "Mug"])
            sheet.write_formula(row, 2, "=B9*1.19", form, value)

    reading = read(written(write), "list.xlsx")
    assert [str(product.price) for product in reading.products] == ["24.40", "11.90"]
    assert reading.rejection.code == "too_precise"


def test_a_number_format_without_decimals_does_not_round_a_price() -> None:
    def write(book: object) -> None:
        sheet = book.add_worksheet()  # type: ignore[attr-defined]
        sheet.write_row(0, 0, ["SKU", "Name", "Price"])
        sheet.write_row(1, 0, ["A-1", "Mug"])
        sheet.write_number(1, 2, 12.5, book.add_format({"num_format": "#,##0"}))  # type: ignore[attr-defined]

    assert str(read(written(write), "list.xlsx").product.price) == "12.50"


def test_a_barcode_that_a_spreadsheet_has_rounded_is_not_public() -> None:
    reading = read("EAN;Artikelnr;Produkt\n4,00638E+12;00123;Stift\n4006381333931;00124;Mappe\n")
    assert [product.attributes for product in reading.products] == [{}, {"EAN": "4006381333931"}]
    assert [warning["code"] for warning in reading.feed.warnings.as_json()] == ["rounded_number"]


@pytest.mark.parametrize(
    "record",
    [
        {"type": "products", "id": "7", "attributes": MUG},
        {"id": "rec1", "createdTime": "2026-01-01", "fields": MUG},
        {"_index": "shop", "_id": "7", "_source": MUG},
        {"@type": "ListItem", "position": 1, "item": MUG},
    ],
)
def test_column_names_omit_the_json_object_that_wraps_a_product(record: dict[str, object]) -> None:
    product = read(json.dumps({"data": [record]}), "list.json").product
    assert (product.sku, product.name, str(product.price)) == ("M-1", "Mug", "9.50")


def test_a_json_object_named_attributes_can_contain_properties() -> None:
    record = {"sku": "M-1", "name": "Mug", "attributes": {"color": "red", "title": "Deluxe"}}
    product = read(json.dumps([record]), "list.json").product
    assert (product.name, product.attributes["color"]) == ("Mug", "red")


def test_the_price_is_read_from_the_offer_of_a_schema_org_product() -> None:
    offer = {"@type": "Offer", "price": "34.00", "priceCurrency": "EUR", "availability": "https://schema.org/InStock"}
    product = read(json.dumps([{"sku": "B-1", "name": "Board", "offers": offer}]), "list.json").product
    assert (str(product.price), product.inventory_policy) == ("34.00", "untracked")


@pytest.mark.parametrize(("currency", "price"), [("EUR", "19.90"), ("CHF", "21.00")])
def test_amount_and_currency_of_an_xml_price_are_read_from_one_element(currency: str, price: str) -> None:
    text = (
        '<list><article no="A-1" title="Lamp"><price currency="EUR" value="19.90"/><price currency="CHF" '
        'value="21.00"/></article><article no="A-2" title="Vase"><price currency="EUR" value="9.90"/><price '
        'currency="CHF" value="10.50"/></article></list>'
    )
    reading = read(text, "list.xml", currency=currency)
    assert (str(reading.products[0].price), reading.products[0].currency) == (price, currency)
    assert reading.feed.questions == ()


def test_another_price_column_is_used_if_the_column_of_the_profile_is_missing() -> None:
    text = (
        "Item.id;Variation.id;Variation.number;ItemText.name1;VariationSalesPrice.price [Standard];"
        "VariationSalesPrice.price [UVP];Variation.purchasePrice;VariationStock.netStock\n"
        "100;1000;PL-1;Kerze;3,49;4,99;1,10;250\n"
    )
    product = read(text).product
    assert (str(product.price), product.inventory_count) == ("3.49", 250)


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("Kód;Prodejní cena;Prodejní s DPH", "H-1;123,14;149,00\nH-2;8,26;10,00"),
        ("code;PRICE;PRICE_VAT", "H-1;123.14;149.00\nH-2;8.26;10.00"),
        ("code;PRICE_VAT;PRICE", "H-1;149.00;123.14\nH-2;10.00;8.26"),
    ],
)
def test_a_price_column_with_a_tax_word_contains_the_price_with_tax(header: str, rows: str) -> None:
    reading = read(f"{header}\n{rows}\n", currency="CZK")
    assert str(reading.products[0].price) == "149.00"
    assert reading.feed.questions == ()


def test_available_stock_is_preferred_even_if_a_cell_contains_a_bound() -> None:
    text = "Kód;Název;Stav zásoby;K dispozici\nH-1;Hrnek;25;21\nH-2;Váza;120;více než 100\nH-3;Talíř;1;1\n"
    assert [product.inventory_count for product in read(text).products] == [21, 100, 1]


@pytest.mark.parametrize(
    ("column", "values"),
    [("KULLANIM DURUMU", ("KULLANIMDA", "KULLANILMIYOR")), ("Public", ("Yes", "No"))],
)
def test_product_states_of_other_systems_are_recognised(column: str, values: tuple[str, str]) -> None:
    products = read(f"SKU,Name,{column}\nA-1,Mug,{values[0]}\nA-2,Cup,{values[1]}\n").products
    assert [product.is_active for product in products] == [True, False]


def test_an_item_path_is_preferred_to_the_manufacturer_number_as_the_sku() -> None:
    text = (
        "Type,Item,Description,MPN,Price\nInventory Part,Mugs:Blue,Blue mug,P-1,9.50\n"
        "Inventory Part,Bowls:Oak,Oak bowl,P-2,19.50\n"
    )
    products = read(text).products
    assert [(product.sku, product.name, product.category) for product in products] == [
        ("Mugs:Blue", "Blue mug", None), ("Bowls:Oak", "Oak bowl", None),
    ]  # fmt: skip


def test_a_style_number_beside_sizes_leads_to_a_question() -> None:
    rows = "Style No,Description,Price\n4401,Wallet,49.00\n4402,Belt,39.50\n"
    assert [product.sku for product in read(rows).products] == ["4401", "4402"]
    sizes = (
        "Style No,Name,Size,Price\n" + "".join(f"ST1,Polo,{size},29.00\n" for size in "SML") + "ST2,Chino,32,59.00\n"
    )
    assert [question.key for question in read(sizes).feed.questions] == ["sku"]


def test_an_apostrophe_before_a_number_is_ignored() -> None:
    product = read("SKU;Name;Preis;Bestand\nA-1;Dose;'12,50;'7\n").product
    assert (str(product.price), product.inventory_count) == ("12.50", 7)
