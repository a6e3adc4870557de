"""Tests which column identifies the products in exports of ERP systems and shops."""

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds.columns.prefixes import without_prefix


def _read(names: str, *rows: str) -> Reading:
    return read("\n".join((f"{names};Price;Stock", *(f"{row};4.20;3" for row in rows), "")))


def _sku(reading: Reading) -> list[str]:
    return [reading.feed.header[number] for number in reading.feed._plan.sku]


@pytest.mark.parametrize(
    ("names", "rows", "sku"),
    [("EAN;id;code;name", ("8591234000017;501;KNI 0001;Kniha", "8591234000024;502;KNI 0002;Obal"), "code"),
     ("Id;Kod;Nazwa", ("501;ABC 0123;Kubek", "502;ABC 0124;Talerz"), "Kod"),
     ("رقم المنتج;رمز المنتج sku;أسم المنتج", ("901;SL-OUD;عطر", "902;SL-BKH;بخور"), "رمز المنتج sku"),
     ("商品编号;商品货号 SKU;商品名称", ("64a1;SLN-01;茶", "64a2;SLN-02;杯"), "商品货号 SKU"),
     ("Inventory Number;UPC;Title", ("CA-1;812345100018;Tee", "CA-2;812345100025;Mug"), "Inventory Number"),
     ("Style Code;Product Option Code;Product Name", ("TS;TS-S;Tee", "TS;TS-M;Tee"), "Product Option Code")],
)  # fmt: skip
def test_the_code_of_the_sender_is_the_sku_without_a_question(names: str, rows: tuple[str, ...], sku: str) -> None:
    reading = _read(names, *rows)
    assert not reading.feed.questions
    assert _sku(reading) == [sku]


@pytest.mark.parametrize("values", [("DIN 912", "ISO 4762"), ("BMW 320", "AUDI 100"), ("BOX 330", "CAN 500")])
def test_names_of_standards_and_models_such_as_din_912_are_not_codes(values: tuple[str, str]) -> None:
    reading = _read("Nr;Artikel", *(f"{1001 + at};{value}" for at, value in enumerate(values)))
    assert _sku(reading) == ["Nr"]


@pytest.mark.parametrize("drawing", ["Zeichnungs-Nr", "Drawing No", "Nr rysunku", "Dessin n°"])
def test_a_drawing_number_is_not_a_sku(drawing: str) -> None:
    reading = _read(f"Teil;Bezeichnung;{drawing}", "100-1;Flansch;Z-88210", "100-2;Ventil;Z-88211")
    assert _sku(reading) == ["Teil"]


def test_a_number_column_after_an_unknown_code_column_leads_to_a_question() -> None:
    reading = _read("Xyzzy;Name;Wine no", "W-100;Riesling;5001", "W-101;Merlot;5002", "W-102;Malbec;5003")
    assert [question.key for question in reading.feed.questions] == ["sku"]


def test_two_column_names_with_sku_lead_to_a_question() -> None:
    reading = _read("_IDSKU;_CodigoReferenciaSKU;_NomeProduto", "31;TEN-40;Tênis", "32;TEN-41;Meia")
    (question,) = [question for question in reading.feed.questions if question.key == "sku"]
    assert [choice.value for choice in question.choices] == ["_CodigoReferenciaSKU", "_IDSKU"]


@pytest.mark.parametrize(
    ("prefix", "names"),
    [("v_", "model;products_name_1;unit;status"), ("OX", "ARTNUM;TITLE;UNIT;ACTIVE"), ("B1_", "COD;DESC;UM;ATIVO")],
)
def test_a_prefix_of_all_column_names_is_ignored(prefix: str, names: str) -> None:
    header = ";".join(f"{prefix}{name}" for name in (*names.split(";"), "PRICE", "STOCK"))
    reading = read(f"{header}\nA-1;Cup;ea;1;4.20;3\nA-2;Mug;ea;0;5.20;0\n")
    assert not reading.feed.questions
    assert [(one.sku, one.name, str(one.price), one.is_active) for one in reading.products] == [
        ("A-1", "Cup", "4.20", True), ("A-2", "Mug", "5.20", False),
    ]  # fmt: skip


def test_a_prefix_of_only_some_column_names_is_not_ignored() -> None:
    reading = read("SKU;Name;EK_Preis;VK_Preis;EK_Datum;VK_Menge\nA;Cup;2.10;4.20;;1\nB;Mug;3.10;6.20;;1\n")
    assert [str(one.price) for one in reading.products] == ["4.20", "6.20"]


@pytest.mark.parametrize("prefix", ["EK_", "PO", "PO_", "EP_", "Cost_", "EK"])
def test_two_letters_that_can_mean_a_purchase_price_are_no_prefix(prefix: str) -> None:
    names = [f"{prefix}{name}" for name in ("ARTNUM", "NAME", "PREIS", "MENGE", "DATUM")]
    assert without_prefix(names) is None
    assert without_prefix([name.replace(prefix, "v_", 1) for name in names]) is not None


def test_questions_show_column_names_with_their_prefix() -> None:
    reading = read("p_code;p_name;p_unit;p_price1;p_price2\nA-1;Cup;ea;4.20;3.20\nA-2;Mug;ea;5.20;4.20\n")
    (question,) = reading.feed.questions
    assert {choice.value for choice in question.choices} <= {"", "p_price1", "p_price2"}
    answer = question.choices[-1].value
    assert not read(
        "p_code;p_name;p_unit;p_price1;p_price2\nA-1;Cup;ea;4.20;3.20\n", mapping={"price": answer}
    ).feed.questions
