"""Tests files in which a word of the vocabulary has another meaning, or in which two words contradict each other."""

import pytest

from tests.core.feeds.feed_reading import Reading, read


def reading_of(column: str, *cells: str, currency: str = "EUR") -> Reading:
    rows = "".join(f"A-{at};Cup {at};{at},50;{cell}\n" for at, cell in enumerate(cells, 1))
    return read(f"SKU;Name;Price;{column}\n{rows}", currency=currency)


@pytest.mark.parametrize(
    ("column", "word"),
    [
        ("Zip", "Hidden"), ("Zip", "Tersembunyi"), ("Zip", "neviditeľný"), ("Oświetlenie", "wyłączone"),
        ("Динамик", "выключен"), ("SIM", "đã khóa"), ("SIM", "κλειδωμένο"), ("Boks", "պասիվ"), ("食品", "冻结"),
        ("Foo", "isključen"), ("Gas", "αδρανές"), ("SIM", "locked"), ("Lautsprecher", "passiv"), ("Tyyppi", "müük"),
    ],
)  # fmt: skip
def test_a_state_word_in_an_unknown_column_does_not_deactivate_a_product(column: str, word: str) -> None:
    assert [product.is_active for product in reading_of(column, "", "", word).products] == [True, True, True]


@pytest.mark.parametrize("word", ["Tersembunyi", "wyłączone", "выключен", "冻结", "neviditeľný", "đã khóa"])
def test_a_state_word_in_a_status_column_deactivates_a_product(word: str) -> None:
    assert [product.is_active for product in reading_of("Status", "Active", "Active", word).products] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("name", ["Frozen", "Is frozen"])
@pytest.mark.parametrize(("no", "yes"), [("No", "Yes"), ("0", "1")])
def test_yes_in_a_column_named_frozen_causes_only_a_warning(name: str, no: str, yes: str) -> None:
    reading = reading_of(name, no, no, yes)
    assert [product.is_active for product in reading.products] == [True, True, True]
    assert "unread_state" in {warning["code"] for warning in reading.feed.warnings.as_json()}


def test_a_frozen_item_of_sap_business_one_is_inactive() -> None:
    reading = read("ItemCode;ItemName;Price;Frozen\nA;Cup;1,50;N\nB;Mug;2,50;N\nC;Jug;3,50;Y\n")
    assert [product.is_active for product in reading.products] == [True, True, False]


@pytest.mark.parametrize(
    ("cell", "currency", "expected"),
    [
        ("12 frs", "XOF", "XOF"), ("12 frs", "CHF", "CHF"), ("12 man", "AZN", "AZN"), ("12 MN", "MXN", "MXN"),
        ("$12 M.N.", "USD", "MXN"), ("12 mn", "EUR", None), ("12 man", "EUR", None),
    ],
)  # fmt: skip
def test_an_ambiguous_abbreviation_can_mean_only_the_catalog_currency(
    cell: str, currency: str, expected: str | None
) -> None:
    reading = read(f"SKU;Name;Price\nA;Cup;{cell}\nB;Mug;{cell}\n", currency=currency)
    assert {product.currency for product in reading.products} == ({expected} if expected else set())


def test_a_column_named_price_man_is_in_the_catalog_currency() -> None:
    reading = read("SKU;Name;Price Man\nA;Cup;12,50\nB;Mug;8,90\n")
    assert {product.currency for product in reading.products} == {"EUR"}


def test_a_running_number_in_malay_is_not_the_stock() -> None:
    reading = read("Bilangan;Kod Barang;Nama;Harga\n1;A1;Cup;12.50\n2;A2;Mug;8.90\n3;A3;Jug;24\n", currency="MYR")
    assert [product.inventory_count for product in reading.products] == [None, None, None]


@pytest.mark.parametrize(
    "name",
    ["Rendelkezésre álló készlet", "주문가능수량", "주문가능재고", "可发货库存", "Stock Camino", "Bestand Meldorf"],
)
def test_orderable_pieces_and_stocks_of_cities_are_the_stock(name: str) -> None:
    assert [product.inventory_count for product in reading_of(name, "20", "6", "0").products] == [20, 6, 0]


@pytest.mark.parametrize(
    "name", ["Reservierter Bestand", "Rezervované množstvo", "Stock sécurité", "Stock commande", "Stock en camino"]
)
def test_reserved_ordered_and_safety_pieces_are_never_the_stock(name: str) -> None:
    assert [product.inventory_count for product in reading_of(name, "20", "6", "0").products] == [None] * 3


@pytest.mark.parametrize(
    "names", ["Qty CN;Qty US", "Qty warehouse;Qty store", "Hauptlager;Zentrallager", "Nettlager;Şube Depo"]
)
def test_stocks_of_countries_stores_and_warehouses_are_added_up(names: str) -> None:
    reading = reading_of(names, "20;3", "6;0", "11;41")
    assert [product.inventory_count for product in reading.products] == [23, 6, 52]
    assert [question.key for question in reading.feed.questions] == ["inventory_count"]


def test_the_first_of_two_possible_state_columns_is_used() -> None:
    rows = "A;Cup;1;1;1\nB;Mug;2;1;1\nC;Jug;3;0;1\n"
    reading = read(f"Mã hàng;Tên hàng;Giá bán;Đang kinh doanh;Được bán trực tiếp\n{rows}", currency="VND")
    assert [product.is_active for product in reading.products] == [True, True, False]


@pytest.mark.parametrize(
    ("names", "expected"),
    [("Hauptlager;Bestand Graz", [23, 6, 52]), ("Magazyn główny;Stan Kraków", [23, 6, 52]),
     ("Stock Berlin;Store rating", [20, 6, 11]),
     ("Bestand Graz;Mindestbestand", [20, 6, 11])],
)  # fmt: skip
def test_the_stock_of_a_city_is_added_to_the_stock_of_a_warehouse(names: str, expected: list[int]) -> None:
    assert [one.inventory_count for one in reading_of(names, "20;3", "6;0", "11;41").products] == expected


def test_a_place_column_that_can_contain_codes_leads_to_a_question() -> None:
    reading = reading_of("Main warehouse;Stock Berlin", "12;3", "5;4", "7;41")
    assert [product.inventory_count for product in reading.products] == [3, 4, 41]
    question = reading.feed.questions[0]
    assert [choice.value for choice in question.choices] == ["Stock Berlin", "sum", "Main warehouse"]


@pytest.mark.parametrize(
    "name",
    ["PC bez DPH", "Běžná cena s DPH", "Prezzo pieno", "Ursprungspreis", "Compare at price", "税込", "税抜", "含税"],
)
def test_an_uncertain_price_as_the_only_price_leads_to_a_question(name: str) -> None:
    rows = "A;Cup;1250\nB;Mug;890\nC;Jug;2400\n"
    reading = read(f"SKU;Name;{name}\n{rows}")
    assert [(question.key, question.subject) for question in reading.feed.questions] == [("price", "money")]
    assert read(f"SKU;Name;{name};Tax rate\n{rows.replace('0;', '0;21;')}").feed.questions


def test_a_tax_rate_column_leads_to_no_question_about_the_price() -> None:
    assert read("SKU;Name;Stock;Stawka bez VAT\nA;Cup;3;23\nB;Mug;0;8\nC;Jug;5;23\n").feed.questions == ()
