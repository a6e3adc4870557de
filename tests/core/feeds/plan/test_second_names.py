"""Options are public if they distinguish products with the same name. A second line of the name stays private."""

import pytest

from tests.core.feeds.feed_reading import read

ROWS = "A-1;Candle;20 cm;6,90\nA-2;Candle;30 cm;9,90\nA-3;Box;;4,90\n"


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("Name", "Variante"), ("Nombre", "Variante"), ("Tên hàng", "Thuộc tính"), ("品名", "規格"), ("상품명", "옵션"),
        ("Наименование", "Характеристика"), ("Název", "Varianta"), ("name", "variant_name"), ("Nome", "Grade"),
    ],
)  # fmt: skip
def test_options_that_distinguish_products_with_the_same_name_are_public(name: str, second: str) -> None:
    reading = read(f"SKU;{name};{second};Price\n{ROWS}")
    assert [one.attributes.get(second) for one in reading.products] == ["20 cm", "30 cm", None]
    assert not reading.feed.warnings.as_json()


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("Bez1", "Bez2"), ("Bezeichnung 1", "Bezeichnung 2"), ("Name", "Name 2"), ("Omschrijving", "Omschrijving 2"),
        ("Description 1", "Description 2"), ("DESCRIPCIO", "DESC_ADIC"), ("Bezeichnung", "Zusatz"),
        ("Désignation", "Libellé complémentaire"), ("Descrizione", "Descrizione aggiuntiva"),
    ],
)  # fmt: skip
def test_a_second_line_of_the_name_stays_private_and_is_a_warning(name: str, second: str) -> None:
    reading = read(f"SKU;{name};{second};Price\n{ROWS}")
    assert [one.attributes for one in reading.products] == [{}, {}, {}]
    assert [(one["code"], one["column"], one["value"]) for one in reading.feed.warnings.as_json()] == [
        ("second_name", second, "20 cm"), ("second_name", second, "30 cm"),
    ]  # fmt: skip
    chosen = read(f"SKU;{name};{second};Price\n{ROWS}", attributes={"Form": second})
    assert [one.attributes.get("Form") for one in chosen.products] == ["20 cm", "30 cm", None]
    assert not chosen.feed.warnings.as_json()


@pytest.mark.parametrize(
    "text",
    [
        "Lieferant Meyer", "EK 4,80", "Marża 30%", "fournisseur: Duval", "precio compra 3,10", "от поставщика Иванов",
        "€ 3", "4.75", "discount 10", "USD 3.5", "x" * 130, "仕入先 田中",
    ],
)  # fmt: skip
def test_options_with_a_private_word_or_an_amount_stay_private(text: str) -> None:
    rows = f"A-1;Candle;20 cm;6,90\nA-2;Candle;{text};9,90\nA-3;Box;;4,90\n"
    reading = read(f"SKU;Name;Variante;Price\n{rows}")
    assert [one.attributes for one in reading.products] == [{}, {}, {}]
    assert {one["code"] for one in reading.feed.warnings.as_json()} == {"second_name"}


@pytest.mark.parametrize("text", ["2,50 m", "100% cotton", "size 38.5", "1.25l", "red / XL", "№ 5", "500 ml (2 pcs)"])
def test_measures_are_no_amounts(text: str) -> None:
    rows = f"A-1;Candle;20 cm;6,90\nA-2;Candle;{text};9,90\nA-3;Box;;4,90\n"
    assert read(f"SKU;Name;Variante;Price\n{rows}").products[1].attributes == {"Variante": text}


def test_a_private_text_below_the_sample_is_left_out() -> None:
    rows = "".join(f"A-{at};Candle {at // 2};{20 + at} cm;6,90\n" for at in range(3_000))
    reading = read(f"SKU;Name;Variante;Price\n{rows}B-1;Candle 1;Lieferant Meyer;9,90\n")
    product = reading.products[-1]
    assert (product.attributes, product.blank_attributes) == ({}, ("Variante",))
    assert reading.products[0].attributes == {"Variante": "20 cm"}
    assert [(one["code"], one["value"]) for one in reading.feed.warnings.as_json()] == [
        ("second_name", "Lieferant Meyer")
    ]


def test_a_later_file_shows_the_same_column_as_the_earlier_one() -> None:
    memory = read(f"SKU;Name;Variante;Price\n{ROWS}").feed.reading
    delta = read("SKU;Name;Variante;Price\nA-1;Candle;25 cm;6,90\n", memory=memory)
    assert (delta.product.attributes, delta.feed.changes) == ({"Variante": "25 cm"}, ())
    prices = read("SKU;Name;Price\nA-1;Candle;6,90\n", memory=delta.feed.reading)
    again = read("SKU;Name;Variante;Price\nA-1;Candle;Marge 3;6,90\n", memory=prices.feed.reading)
    assert (again.product.attributes, again.product.blank_attributes) == ({}, ("Variante",))


def test_a_column_that_becomes_public_is_a_change() -> None:
    memory = read("SKU;Name;Variante;Price\nA-1;Candle;20 cm;6,90\n").feed.reading
    reading = read(f"SKU;Name;Variante;Price\n{ROWS}", memory=memory)
    assert [(one.key, one.subject, one.now) for one in reading.feed.changes] == [
        ("second_name", "visibility", "Variante")
    ]


@pytest.mark.parametrize(
    "second", ["Supplier note 2", "Interne Variante", "Remark", "Lieferant", "Kosten 2", "Name Lieferant 2"]
)
def test_notes_and_suppliers_that_distinguish_products_are_private(second: str) -> None:
    reading = read(f"SKU;Name;{second};Price\nA-1;Candle;20 cm;6,90\nA-2;Candle;30 cm;9,90\n")
    assert [one.attributes for one in reading.products] == [{}, {}]


def test_options_that_do_not_distinguish_products_stay_private() -> None:
    for rows in ("A-1;Candle;wax;6,90\nA-2;Candle;wax;9,90\n", "A-1;Candle;wax;6,90\nA-2;Box;tin;9,90\n"):
        for second in ("Bez2", "Variante"):
            reading = read(f"SKU;Bez1;{second};Price\n" + rows)
            assert [one.attributes for one in reading.products] == [{}, {}]
            assert not reading.feed.warnings.as_json()
