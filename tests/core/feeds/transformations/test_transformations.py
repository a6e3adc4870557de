"""Tests fields that the mapping of a catalog computes from the columns of a file."""

from decimal import Decimal
from typing import Any

import pytest

from tests.core.feeds.feed_reading import Reading, read
from tests.core.feeds.workbooks import by_hand, sheet, text_row
from wecelebrate.feeds import UnreadableFeed

ROUND = {"round": {"decimals": 2, "mode": "half_up"}}


def read_price(
    cells: str, *steps: Any, columns: str = "Preis", header: str = "Preis", currency: str = "EUR"
) -> Reading:
    """Read one row. The given steps compute its price."""
    content = f"Nr;Name;{header}\nA-1;Tasse;{cells}\n"
    mapping = {"sku": "Nr", "price": {"columns": columns.split("|"), "transform": list(steps)}}
    return read(content, mapping=mapping, currency=currency)


def read_attribute(cell: str, *steps: Any) -> Reading:
    """Read one row. The given steps compute its attribute `Wert`."""
    content = f'sku;name;price;Feld\nA-1;Tasse;1,50;"{cell}"\n'
    return read(content, attributes={"Wert": {"columns": ["Feld"], "transform": list(steps)}})


# The sources of values


def test_the_first_nonblank_column_is_used() -> None:
    content = "sku;Kurztext;Langtext;price\n1;Tasse;Große Tasse;1,50\n2;;Teller;1,50\n3;NULL;Kanne;1,50\n"
    reading = read(content, mapping={"name": {"columns": ["Kurztext", "Langtext"]}})
    assert [product.name for product in reading.products] == ["Tasse", "Teller", "Kanne"]
    assert reading.details["mapping"]["name"] == ["Kurztext", "Langtext"]


def test_each_price_column_keeps_the_currency_and_the_units_of_its_name() -> None:
    content = "sku;name;price_usd;price_eur;Preis pro 100\n1;Mug;12.50;;9.00\n2;Cap;;8.40;\n3;Cup;;;250.00\n"
    columns = ["price_usd", "price_eur", "Preis pro 100"]
    reading = read(content, mapping={"price": {"columns": columns}}, currency="USD")
    assert [(product.price, product.currency) for product in reading.products] == [
        (Decimal("12.50"), "USD"), (Decimal("8.40"), "EUR"), (Decimal("2.50"), "USD"),
    ]  # fmt: skip


def test_a_constant_is_the_value_of_each_row() -> None:
    content = "sku;name;price;Hersteller\n1;Tasse;1,50;X\n2;Teller;2,50;\n"
    reading = read(content, mapping={"brand": {"constant": "Acme"}, "currency": {"constant": "CHF"}})
    assert {product.brand for product in reading.products} == {"Acme"}
    assert {product.currency for product in reading.products} == {"CHF"}
    assert "currency" in reading.products[0].fields_set


def test_blank_columns_are_omitted_from_joined_columns() -> None:
    content = "sku;Marke;Was;Farbe;price\n1;Acme;Tasse;rot;1,50\n2;;Teller;;1,50\n"
    reading = read(content, mapping={"name": {"join": ["Marke", "Was", "Farbe"], "separator": " / "}})
    assert [product.name for product in reading.products] == ["Acme / Tasse / rot", "Teller"]
    assert reading.products[0].attributes == {"Farbe": "rot"}
    assert reading.products[0].brand == "Acme"


def test_a_joined_sku_with_a_blank_part_is_rejected() -> None:
    content = "Artikel;Größe;name;price\nT;M;Shirt;1,50\nT;;Shirt;1,50\n"
    reading = read(content, mapping={"sku": {"join": ["Artikel", "Größe"], "separator": "-"}})
    assert [product.sku for product in reading.products] == ["T-M"]
    assert (reading.rejection.code, reading.rejection.sku) == ("empty", None)
    assert "Artikel + Größe" in reading.rejection.reason


def test_images_in_several_columns_become_one_list() -> None:
    content = "sku;name;price;Bild A;Bild B\n1;T;1,50;https://x.example/a.jpg;https://x.example/b.jpg\n"
    reading = read(content, mapping={"images": {"join": ["Bild A", "Bild B"], "separator": "\n"}})
    assert reading.product.images == ["https://x.example/a.jpg", "https://x.example/b.jpg"]


def test_the_stocks_of_several_locations_are_added_up() -> None:
    content = (
        "sku;name;price;Lager Nord;Lager Süd\n1;T;1,50;3;4\n2;T;1,50;;5\n3;T;1,50;1.200;0\n4;T;1,50;;\n5;T;1,50;abc;1\n"
    )
    reading = read(content, mapping={"inventory_count": {"sum": ["Lager Nord", "Lager Süd"]}})
    assert [product.inventory_count for product in reading.products] == [7, 5, 1200, None]
    assert (reading.rejection.code, reading.rejection.sku) == ("not_a_number", "5")


def test_a_column_that_does_not_exist_makes_the_file_unreadable() -> None:
    with pytest.raises(UnreadableFeed, match='take name from the column "Farbe", which the file does not have'):
        read("sku;name;price\n1;T;1,50\n", mapping={"name": {"join": ["name", "Farbe"]}})
    with pytest.raises(UnreadableFeed, match='divide price by the column "PE"'):
        read(
            "sku;name;price\n1;T;1,50\n",
            mapping={"price": {"columns": ["price"], "transform": [{"divide_by_column": "PE"}]}},
        )


def test_an_attribute_without_its_column_in_the_file_is_omitted() -> None:
    reading = read("sku;name;price\n1;T;1,50\n", attributes={"Farbe": {"columns": ["Farbcode"]}})
    assert reading.product.attributes == {}


# Steps for texts


@pytest.mark.parametrize(
    ("cell", "steps", "value"),
    [
        ("Rot", ["upper"], "ROT"),
        ("Rot", ["lower"], "rot"),
        ("Caf&eacute; &amp; Bar", ["decode_entities"], "Café & Bar"),
        ("<p>Aus <b>Ton</b>.<br>Blau</p><script>x</script>", ["strip_html"], "Aus Ton.\nBlau"),
        ("A > B > C", [{"split": {"separator": ">", "index": -1}}], "C"),
        ("A > B > C", [{"split": {"separator": ">"}}, "lower"], "a"),
        ("A", [{"split": {"separator": ">", "index": 2}, "otherwise": "keep"}], "A"),
        (" rt ", [{"replace": {"RT": "Rot"}}], "Rot"),
        ("gn", [{"replace": {"RT": "Rot"}}], "gn"),
        ("12 kg", [{"regex": {"pattern": r"(\d+)\s*(kg)", "replacement": r"\1.000 g"}}], "12.000 g"),
        ("SKU 00123-rot", [{"regex": {"pattern": r"-(\pL+)$", "group": 1}}], "rot"),
        ("größe: XL", [{"regex": {"pattern": "[A-Z]+"}}], "XL"),
        ("31.01.2026", [{"date": {"format": "%d.%m.%Y"}}], "2026-01-31"),
        ("1/2/26 14:30", [{"date": {"format": "%m/%d/%y %H:%M"}}], "2026-01-02T14:30:00"),
        ("Jan 5, 2026", [{"date": {"format": "%b %d, %Y"}}], "2026-01-05"),
    ],
)
def test_the_steps_of_a_transformation_change_a_text(cell: str, steps: list[Any], value: str) -> None:
    assert read_attribute(cell, *steps).product.attributes == {"Wert": value}


@pytest.mark.parametrize(
    ("cell", "step"),
    [
        ("A", {"split": {"separator": ">", "index": 1}}),
        ("gn", {"replace": {"rt": "Rot"}, "otherwise": "blank"}),
        ("abc", {"regex": {"pattern": r"\d+"}}),
        ("morgen", {"date": {"format": "%d.%m.%Y"}, "otherwise": "blank"}),
        ("", "upper"),
    ],
)
def test_the_steps_of_a_transformation_can_make_a_value_blank(cell: str, step: Any) -> None:
    product = read_attribute(cell, step).product
    assert (product.attributes, product.blank_attributes) == ({}, ("Wert",))


@pytest.mark.parametrize(
    ("cell", "step", "code", "problem"),
    [
        ("gn", {"replace": {"rt": "Rot"}, "otherwise": "reject"}, "not_in_list", 'step 2 (replace): "gn"'),
        ("A", {"split": {"separator": ">", "index": 1}, "otherwise": "reject"}, "no_match", 'step 2 (split): "A"'),
        ("abc", {"regex": {"pattern": r"\d+"}, "otherwise": "reject"}, "no_match", 'step 2 (regex): "abc"'),
        ("31.31.2026", {"date": {"format": "%d.%m.%Y"}}, "bad_date", 'step 2 (date): "31.31.2026"'),
    ],
)
def test_the_error_of_a_step_contains_column_step_and_value(cell: str, step: Any, code: str, problem: str) -> None:
    rejection = read_attribute(cell, "trim", step).rejection
    assert (rejection.line, rejection.sku, rejection.code) == (2, "A-1", code)
    assert rejection.reason.startswith(f"Feld: {problem}")
    assert rejection.raw == ["A-1", "Tasse", "1,50", cell]


def test_the_error_of_a_step_does_not_show_a_value_of_a_private_column() -> None:
    content = "sku;name;price;Lieferant\n1;T;1,50;Geheim GmbH\n"
    step = {"regex": {"pattern": r"\d+"}, "otherwise": "reject"}
    rejection = read(content, attributes={"Nr": {"columns": ["Lieferant"], "transform": [step]}}).rejection
    assert "Geheim" not in rejection.reason
    assert "the value does not match" in rejection.reason


def test_a_replacement_list_can_replace_a_blank_value() -> None:
    content = "sku;name;price;Gruppe\n1;T;1,50;\n2;T;1,50;G1\n"
    steps = [{"replace": {"": "Sonstiges", "g1": "Küche"}}]
    reading = read(content, mapping={"category": {"columns": ["Gruppe"], "transform": steps}})
    assert [product.category for product in reading.products] == ["Sonstiges", "Küche"]


def test_a_regular_expression_with_excessive_backtracking_is_stopped() -> None:
    reading = read_attribute("a" * 50_000, {"regex": {"pattern": "(a+)+b"}})
    assert reading.product.attributes == {}


def test_a_cell_that_is_too_long_for_a_regular_expression_is_rejected() -> None:
    rejection = read_attribute("a" * 100_001, {"regex": {"pattern": "b"}}).rejection
    assert rejection.code == "too_long"


def test_rows_are_rejected_if_regular_expressions_have_used_all_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wecelebrate.feeds.transformations.settings.file_settings.__defaults__", (0.0,))
    rejection = read_attribute("a", {"regex": {"pattern": "a"}}).rejection
    assert (rejection.code, rejection.sku) == ("too_slow", "A-1")


# States


@pytest.mark.parametrize(("otherwise", "is_active"), [("keep", False), ("reject", None)])
def test_a_replacement_list_translates_states(otherwise: str, is_active: bool | None) -> None:
    content = "sku;name;price;Status\n1;T;1,50;A\n2;T;1,50;z\n3;T;1,50;Q\n"
    step = {"replace": {"A": "active", "Z": "inactive"}, "otherwise": otherwise}
    reading = read(content, mapping={"is_active": {"columns": ["Status"], "transform": [step]}})
    states = {item.sku: getattr(item, "is_active", None) for item in reading.items}
    assert states == {"1": True, "2": False, "3": is_active}
    if otherwise == "keep":  # an unknown state does not change a stored product
        assert "is_active" not in reading.products[2].fields_set
        assert reading.feed.warnings.as_json()[0]["column"] == "Status"


def test_a_translated_state_in_a_column_that_means_inactive_is_not_inverted() -> None:
    content = "sku;name;price;gesperrt\n1;T;1,50;X\n2;T;1,50;\n"
    step = {"replace": {"x": "inactive", "": "active"}}
    reading = read(content, mapping={"is_active": {"columns": ["gesperrt"], "transform": [step]}})
    assert [product.is_active for product in reading.products] == [False, True]


# Categories


@pytest.mark.parametrize(
    ("entry", "category"),
    [
        ("Gruppen", "Küche"),
        ({"columns": ["Gruppen"]}, "Küche"),
        ({"columns": ["Gruppen"], "transform": [{"split": {"separator": "|", "index": 1}}]}, "Bad > Becher"),
        ({"columns": ["Gruppen"], "transform": [{"split": {"separator": ">", "index": -1}}]}, "Becher"),
        ({"columns": ["Leer", "Gruppen"], "transform": ["upper"]}, "KÜCHE"),
    ],
)
def test_the_mapping_determines_which_of_several_categories_is_used(entry: Any, category: str) -> None:
    content = "sku;name;price;Leer;Gruppen\n1;T;1,50;;Küche|Bad > Becher\n"
    reading = read(content, mapping={"category": entry}, attributes={"Kategorien": "Gruppen"})
    assert (reading.product.category, reading.product.attributes) == (category, {"Kategorien": "Küche|Bad > Becher"})


# Steps for numbers


@pytest.mark.parametrize(
    ("cell", "steps", "price"),
    [
        ("10,00", [{"multiply": "1.19"}], "11.90"),
        ("1250", [{"divide": "100"}], "12.50"),
        ("1.250,00", [{"divide": "100"}], "12.50"),
        ("9,99", [{"multiply": "1.19"}, ROUND], "11.89"),
        ("0,125", [{"multiply": "1"}, {"round": {"decimals": 2, "mode": "half_up"}}], "0.13"),
        ("0,125", [{"round": {"decimals": 2, "mode": "half_even"}}], "0.12"),
        ("0,121", [{"round": {"decimals": 2, "mode": "up"}}], "0.13"),
        ("0,129", [{"round": {"decimals": 2, "mode": "down"}}], "0.12"),
        ("10,00", [{"divide": "3"}, {"multiply": "3"}], "10.00"),
        ("ab 10,00 EUR", [{"regex": {"pattern": r"[\d,.]+.*"}}, {"multiply": "2"}], "20.00"),
    ],
)
def test_the_steps_of_a_transformation_compute_a_price_exactly(cell: str, steps: list[Any], price: str) -> None:
    assert read_price(cell, *steps).product.price == Decimal(price)


@pytest.mark.parametrize(
    ("cell", "steps", "currency"),
    [
        ("9,99", [{"multiply": "1.19"}], "EUR"),
        ("10,00", [{"divide": "3"}], "EUR"),
        ("1000", [{"multiply": "1.0005"}, ROUND], "JPY"),
        ("0,15", [{"round": {"decimals": 3, "mode": "up"}}, {"divide": "10"}], "EUR"),
    ],
)
def test_a_computed_price_with_more_decimals_than_its_currency_is_rejected(
    cell: str, steps: list[Any], currency: str
) -> None:
    rejection = read_price(cell, *steps, currency=currency).rejection
    assert (rejection.code, rejection.sku) == ("too_precise", "A-1")
    assert rejection.reason.startswith("Preis: ")


def test_a_step_divides_a_price_by_the_value_of_a_column() -> None:
    reading = read_price("250,00;100", {"divide_by_column": "PE"}, header="Preis;PE")
    assert reading.product.price == Decimal("2.50")


@pytest.mark.parametrize("divisor", ["", "0", "-1", "x", "1" * 80])
def test_a_bad_divisor_rejects_the_row(divisor: str) -> None:
    rejection = read_price(f"250,00;{divisor}", "trim", {"divide_by_column": "PE"}, header="Preis;PE").rejection
    assert rejection.code == "bad_divisor"
    assert rejection.reason.startswith('Preis: step 2 (divide_by_column): "PE" is ')


def test_an_ambiguous_divisor_is_rejected() -> None:
    rejection = read_price("250;1.000", {"divide_by_column": "PE"}, header="Preis;PE").rejection
    assert rejection.code == "ambiguous_number"


def test_a_price_that_a_step_divides_by_its_unit_is_divided_only_once() -> None:
    reading = read_price("250,00;100", {"divide_by_column": "Preiseinheit"}, header="Preis;Preiseinheit")
    assert reading.product.price == Decimal("2.50")
    reading = read_price("250,00", {"divide": "100"}, header="Preis pro 100", columns="Preis pro 100")
    assert reading.product.price == Decimal("2.50")


def test_the_decimal_separator_is_detected_before_numbers_are_computed() -> None:
    content = "Nr;Name;VK\n1;T;1.250 je Stück\n2;T;2,49 je Stück\n"
    split = {"split": {"separator": " "}}
    mapping = {"sku": "Nr", "price": {"columns": ["VK"], "transform": [split, {"divide": "2"}, ROUND]}}
    reading = read(content, mapping=mapping)
    assert [product.price for product in reading.products] == [Decimal("625.00"), Decimal("1.25")]
    assert (reading.details["decimal"], reading.feed.questions) == (",", ())


def test_the_currency_beside_a_computed_price_is_read() -> None:
    product = read_price("10,00 CHF", {"multiply": "2"}).product
    assert (product.price, product.currency) == (Decimal("20.00"), "CHF")


@pytest.mark.parametrize(
    ("cell", "steps", "count"),
    [("3", [{"multiply": "12"}], 36), ("7", [{"divide": "2"}, {"round": {"decimals": 0, "mode": "down"}}], 3)],
)
def test_the_steps_of_a_transformation_compute_a_stock(cell: str, steps: list[Any], count: int) -> None:
    content = f"sku;name;price;Kartons\n1;T;1,50;{cell}\n"
    reading = read(content, mapping={"inventory_count": {"columns": ["Kartons"], "transform": steps}})
    assert reading.product.inventory_count == count


def test_a_computed_stock_that_is_not_a_whole_number_is_rejected() -> None:
    content = "sku;name;price;Kartons\n1;T;1,50;7\n"
    mapping = {"inventory_count": {"columns": ["Kartons"], "transform": [{"divide": "2"}]}}
    assert read(content, mapping=mapping).rejection.code == "too_precise"


# Source data, visibility, and other formats


def test_source_data_contains_the_columns_of_the_file_and_no_computed_columns() -> None:
    content = "sku;Marke;Was;price\n1;Acme;Tasse;1,50\n2;Acme;Tasse;x\n"
    reading = read(content, mapping={"name": {"join": ["Marke", "Was"]}})
    assert dict(reading.products[0].source) == {"sku": "1", "Marke": "Acme", "Was": "Tasse", "price": "1,50"}
    assert reading.rejection.raw == ["2", "Acme", "Tasse", "x"]
    assert reading.feed.header == ["sku", "Marke", "Was", "price"]


def test_a_computed_attribute_replaces_the_attribute_of_its_column() -> None:
    content = "sku;name;price;Farbe\n1;T;1,50;rt\n"
    steps = [{"replace": {"rt": "Rot"}}]
    reading = read(content, attributes={"Color": {"columns": ["Farbe"], "transform": steps}})
    assert reading.product.attributes == {"Color": "Rot"}


def test_a_transformation_of_another_column_does_not_make_a_column_public() -> None:
    content = "sku;name;price;EK;Marge\n1;T;1,50;0,75;50\n"
    reading = read(content, mapping={"price": {"columns": ["price"], "transform": [{"multiply": "2"}]}})
    assert (reading.product.attributes, reading.product.price) == ({}, Decimal("3.00"))


def test_json_keys_of_later_records_do_not_shift_the_computed_columns() -> None:
    content = '[{"sku":"1","a":"Mug","b":"red","price":2},{"sku":"2","a":"Cap","price":3,"Color":"blue","late":"x"}]'
    many = content.replace("},{", "}," + ",".join(f'{{"sku":"m{n}","a":"A","price":1}}' for n in range(1_200)) + ",{")
    reading = read(
        many,
        "a.json",
        mapping={"name": {"join": ["a", "b"]}, "price": {"columns": ["price"], "transform": [{"multiply": "2"}]}},
    )
    first, last = reading.products[0], reading.products[-1]
    assert (first.name, first.price, last.name, last.price) == ("Mug red", Decimal(4), "Cap", Decimal(6))
    assert last.attributes == {"Color": "blue"}
    assert dict(last.source) == {"sku": "2", "a": "Cap", "price": "3", "Color": "blue", "late": "x"}


def test_a_record_without_the_columns_of_a_transformation_does_not_change_the_field() -> None:
    content = '[{"sku":"1","a":"Mug","b":"x","price":2},{"sku":"2","price":3}]'
    reading = read(content, "a.json", mapping={"name": {"join": ["a", "b"]}})
    assert ["name" in product.fields_set for product in reading.products] == [True, False]


def test_a_row_with_an_error_in_a_source_cell_is_rejected() -> None:
    texts = b'<c t="inlineStr"><is><t>A</t></is></c><c t="inlineStr"><is><t>T</t></is></c>'
    rows = [b"<row>" + texts + cell + b"</row>" for cell in (b"<c><v>10.5</v></c>", b'<c t="e"><v>#N/A</v></c>')]
    workbook = by_hand(sheet(text_row(1, "sku", "name", "Preis") + b"".join(rows)))
    mapping = {"price": {"columns": ["Preis"], "transform": [{"multiply": "2"}]}}
    reading = read(workbook, "a.xlsx", mapping=mapping)
    assert [product.price for product in reading.products] == [Decimal("21.00")]
    assert (reading.rejection.sku, reading.rejection.code) == ("A", "formula_error")


def test_fields_of_variants_are_computed_row_by_row() -> None:
    header = "Handle,Title,Vendor,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src"
    rows = ["mug,Mug,Acme,Size,S,M-S,10.00,", "mug,,,,M,M-M,x,", "mug,,,,L,M-L,12.00,"]
    mapping = {
        "price": {"columns": ["Variant Price"], "transform": [{"multiply": "1.19"}]},
        "brand": {"constant": "Own"},
    }
    reading = read("\n".join([header, *rows]), mapping=mapping)
    assert [(product.sku, product.price, product.brand) for product in reading.products] == [
        ("M-S", Decimal("11.90"), "Own"), ("M-L", Decimal("14.28"), "Own"),
    ]  # fmt: skip
    assert (reading.rejection.sku, len(reading.rejection.raw)) == ("M-M", 8)


def test_a_rejected_row_is_reported_with_its_computed_sku() -> None:
    content = "Art;Gr;name;price\nT;M;Shirt;1,50\nT;L;Shirt;1,50;zu viel\n"
    reading = read(content, mapping={"sku": {"join": ["Art", "Gr"], "separator": "-"}})
    assert (reading.rejection.code, reading.rejection.sku) == ("too_many_cells", "T-L")
