"""Tests the column names and words of exports in many languages. Also tests similar names and words with another
meaning.
"""

import pytest

from tests.core.feeds.feed_reading import read
from tests.core.feeds.names_of_exports import NAMES
from wecelebrate.feeds.columns.names import field_candidates, is_inverse
from wecelebrate.feeds.columns.totals import is_total
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.prices.candidates import name_of_price
from wecelebrate.feeds.states.names import hides, shows
from wecelebrate.feeds.states.words import state_of
from wecelebrate.feeds.stock import cells as stock
from wecelebrate.feeds.stock.reserved_names import is_reserved

KINDS = {
    "selling": ("gross", "plain"),
    "net": ("net",),
    "list": ("list",),
    "compare": ("compare",),
    "offer": ("offer",),
}
STOCKS = {"in stock": (stock.State.IN_STOCK,), "out of stock": (0, stock.State.OUT_OF_STOCK)}


def has(name: str, meaning: str) -> bool:
    """Return whether a name of a column or a word in a cell has a meaning."""
    fields = {field for field, _, _ in field_candidates(name)}
    price, is_hidden = name_of_price(name), is_inverse(name) or hides(name)
    if meaning in KINDS:
        return price is not None and price.kind in KINDS[meaning]
    if meaning == "purchase":
        return internal_part(name) is not None or (price is not None and price.kind == "purchase")
    if meaning in STOCKS:
        return stock.read(name, None) in STOCKS[meaning]
    answers = {
        "reserved": is_reserved(name), "total": is_total(name), "hidden": is_hidden,
        "shown": not is_hidden and ("is_active" in fields or shows(name)),
        "active": state_of(name.casefold()) == "active", "inactive": state_of(name.casefold()) == "inactive",
    }  # fmt: skip
    return answers.get(meaning, meaning in fields)


@pytest.mark.parametrize(
    ("meaning", "names"),
    [(meaning, names) for _, meaning, names in NAMES],
    ids=[f"{language}-{meaning}" for language, meaning, _ in NAMES],
)
def test_the_names_of_exports_have_their_meaning(meaning: str, names: tuple[str, ...]) -> None:
    assert [name for name in names if not has(name, meaning)] == []


def states(name: str, *cells: str) -> list[bool]:
    rows = "".join(f"A-{at};Cup {at};{at},50;{cell}\n" for at, cell in enumerate(cells, 1))
    return [product.is_active for product in read(f"SKU;Name;Price;{name}\n{rows}").products]


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("公開", "○", "×"), ("上架", "√", "×"), ("판매여부", "O", "X"), ("Aktif", "Y", "T"), ("Aktibo", "B", "E"),
        ("Aktiv", "Jo", "Nee"), ("Gníomhach", "Tá", "Níl"), ("Aktief", "WAAR", "VALS"),
        ("Mostrar no site", "Sim", "Não"), ("Open for sale", "Yes", "No"), ("Ouvert à la vente", "Oui", "Non"),
        ("Zum Verkauf freigegeben", "Ja", "Nein"), ("Vrij voor verkoop", "Ja", "Nee"),
    ],
)  # fmt: skip
def test_yes_in_a_state_column_means_active_in_each_language(name: str, yes: str, no: str) -> None:
    assert states(name, yes, yes, no) == [True, True, False]


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("Closed for sale", "Yes", "No"), ("Gesperrt für Verkauf", "Ja", "Nein"), ("Venta bloqueada", "Sí", "No"),
        ("Fermé à la vente", "Oui", "Non"), ("Gesloten voor verkoop", "Ja", "Nee"), ("단종", "O", "X"),
        ("廃番", "○", "×"), ("Non mostrare", "Sì", "No"), ("Producto no visible", "Sí", "No"),
    ],
)  # fmt: skip
def test_yes_in_a_column_that_means_hidden_means_inactive_in_each_language(name: str, yes: str, no: str) -> None:
    assert states(name, no, no, yes) == [True, True, False]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Closed toe", ("Yes", "No", "No")), ("Open sales", ("0", "1", "0")),
        ("Open-box sale", ("No", "No", "Yes")), ("Sale agreement closed by", ("Yes", "No", "No")),
        ("Condition", ("Frozen", "", "")), ("Heel", ("Block", "", "")), ("מוקפא", ("כן", "לא", "כן")),
        ("مجمد", ("نعم", "لا", "لا")), ("Khóa", ("Có", "Không", "Không")),
        ("Verlichting", ("ingeschakeld", "uitgeschakeld", "ingeschakeld")), ("Dificultat", ("Baixa", "", "")),
        ("Level", ("Normal", "Normal", "Hard")), ("विक्रेता", ("Contoso", "Fabrikam", "Litware")),
    ],
)  # fmt: skip
def test_similar_words_with_another_meaning_do_not_deactivate_a_product(name: str, cells: tuple[str, ...]) -> None:
    assert states(name, *cells) == [True, True, True]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Dealer price", "purchase"), ("Ale hinta", "offer"), ("Ostuhind", "purchase"),
        ("Prezioa BEZarekin", "gross"), ("VP inkl. MwSt", "gross"), ("VP cijena", "purchase"),
        ("Endkundenpreis", "plain"), ("Sale price", "offer"), ("Prix régulier", "plain"),
        ("Tarif pro", "purchase"), ("日常价", "plain"), ("কর দর", None), ("Ideal price", None), ("Meáchan", None),
        ("Prezo sen IVE", "net"),
    ],
)  # fmt: skip
def test_the_words_of_a_price_name_determine_its_type_in_each_language(name: str, kind: str | None) -> None:
    price = name_of_price(name)
    assert (price and price.kind, price.scale if price else 0) == (kind, 0)


def test_a_customer_price_is_private_and_a_price_for_end_customers_is_not() -> None:
    assert internal_part("Endkundenpreis") is None
    assert internal_part("Kundenpreis") and internal_part("Legende Kundenpreis") and internal_part("VK Kundenpreis")


@pytest.mark.parametrize(
    "name",
    [
        "Stock mínimo", "Stock mini", "Stock de sécurité", "Scorta minima", "Aantal besteld", "Bestellte Menge",
        "Tồn kho tối thiểu", "安全库存", "在途数量", "最低在庫", "안전재고수량", "미입고수량", "حداقل موجودی",
        "מלאי מינימום", "न्यूनतम स्टॉक", "Số lượng/thùng", "Pezzi per confezione", "Qty per carton", "Uds. por caja",
    ],
)  # fmt: skip
def test_minimum_stocks_ordered_pieces_and_pack_sizes_are_not_the_stock(name: str) -> None:
    reading = read(f"SKU;Name;Price;{name}\nA-1;Cup;1,50;20\nB-2;Mug;2,50;6\nC-3;Jug;3,50;11\n")
    assert [product.inventory_count for product in reading.products] == [None] * 3


@pytest.mark.parametrize("name", ["Stock Madrid", "Stock disponible", "Bestand Ordinger Straße", "Voorraad"])
def test_similar_names_of_stocks_are_recognised(name: str) -> None:
    reading = read(f"SKU;Name;Price;{name}\nA-1;Cup;1,50;20\nB-2;Mug;2,50;6\nC-3;Jug;3,50;11\n")
    assert [product.inventory_count for product in reading.products] == [20, 6, 11]


@pytest.mark.parametrize(
    "names",
    [
        "Main warehouse;Branch", "Hauptlager;Filiale", "Dépôt principal;Succursale", "Centraal magazijn;Filiaal",
        "Depósito central;Sucursal", "Matriz;Filial", "Sede;Filiale", "Gudang Pusat;Toko", "總倉;門市",
        "東京倉庫;大阪倉庫", "본사창고;지점", "คลังใหญ่;สาขา", "المستودع الرئيسي;الفرع", "מחסן ראשי;סניף",
        "Kho chính;Chi nhánh",
    ],
)  # fmt: skip
def test_the_stocks_of_places_with_general_names_are_added_up(names: str) -> None:
    rows = "A-1;Cup;1,50;20;3\nB-2;Mug;2,50;6;0\nC-3;Jug;3,50;11;41\n"
    reading = read(f"SKU;Name;Price;{names}\n{rows}")
    assert [product.inventory_count for product in reading.products] == [23, 6, 52]
    with_total = "".join(f"{row};{at}\n" for at, row in enumerate(rows.splitlines(), 7))
    total = read(f"SKU;Name;Price;{names};Stock\n{with_total}")
    assert [product.inventory_count for product in total.products] == [7, 8, 9]


@pytest.mark.parametrize("rows", ["1;2|1;2|3;1", "10;1|12;0|0;1", "12;4|12;4|12;4"])
def test_codes_of_places_and_flags_are_not_added_up(rows: str) -> None:
    lines = "".join(f"A-{at};Cup {at};{at},50;{row}\n" for at, row in enumerate(rows.split("|"), 1))
    reading = read(f"SKU;Name;Price;Warehouse;Shop\n{lines}")
    assert not [question for question in reading.feed.questions if "added up" in question.text]


@pytest.mark.parametrize(
    ("header", "cell", "currency", "expected"),
    [
        ("Prix CAD$", "12,50", "USD", "CAD"), ("Precio ($ MXN)", "12,50", "USD", "MXN"),
        ("Prix ($ CA)", "12,50", "USD", "CAD"), ("Precio ($)", "12,50", "MXN", "MXN"),
        ("Precio S/.", "12,50", "USD", "PEN"), ("Precio S/IVA", "12,50", "USD", "USD"),
        ("Precio", "1 299,00 $ CAD", "USD", "CAD"), ("Precio", "CLP$ 1.299", "CLP", "CLP"),
        ("Precio", "$1,299.00 M.N.", "USD", "MXN"), ("價格(元)", "1299", "TWD", "TWD"),
        ("价格(元)", "1299", "CNY", "CNY"), ("价格(元)", "1299", "EUR", "CNY"),
        ("價格", "新台幣1,299元", "TWD", "TWD"), ("价格", "RMB 1,299.00", "USD", "CNY"),
        ("मूल्य", "1,299 रुपये", "INR", "INR"), ("मूल्य", "1,299 रुपैयाँ", "NPR", "NPR"),
        ("Preis in Euro", "12,50", "CHF", "EUR"), ("Prix en euros", "12,50", "CHF", "EUR"),
        ("価格", "1,299円(税込)", "JPY", "JPY"), ("価格", "¥1,299-", "JPY", "JPY"),
        ("Price", "R1,299.00", "USD", "ZAR"),
    ],
)  # fmt: skip
def test_a_currency_code_beside_a_shared_symbol_determines_the_currency(
    header: str, cell: str, currency: str, expected: str
) -> None:
    reading = read(f"SKU\tName\t{header}\nA-1\tCup\t{cell}\nB-2\tMug\t{cell}\n", "feed.tsv", currency=currency)
    assert [product.currency for product in reading.products] == [expected] * 2


@pytest.mark.parametrize("row", ["Total Tools;;9,00;7", "Werkzeug Summe;;8,00;7", "Total famille 3;;9,00;"])
def test_a_row_with_the_total_of_a_group_is_not_a_product(row: str) -> None:
    table = "SKU;Name;Price;Stock\nA-1;Cup;1,50;3\nB-2;Mug;2,50;4\n"
    assert read(f"{table}{row}\n").rejection.code == "no_product"
    named = row.replace(";;", ";Total Gym;", 1)
    assert [product.name for product in read(f"{table}{named}\n").products] == ["Cup", "Mug", "Total Gym"]


def test_a_word_for_a_remark_in_indonesian_is_not_the_public_description() -> None:
    reading = read("Kode Barang;Nama Barang;Harga;Keterangan\nA-1;Cup;1500;ask Anna\nB-2;Mug;2500;\n", currency="IDR")
    assert [product.description for product in reading.products] == [None, None]
