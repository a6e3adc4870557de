# ruff: noqa: RUF001 — the files are in several scripts
"""Tests how the column that identifies the products is found: by its name, by its values, or by a question."""

from typing import Any

import pytest

from tests.core.feeds.feed_reading import Body, Reading, read
from tests.core.feeds.workbooks import table, written
from wecelebrate.feeds import open_feed
from wecelebrate.feeds.columns.facts import Facts
from wecelebrate.feeds.identity.codes import is_code, is_row_numbers, kind_of
from wecelebrate.feeds.identity.names import FOREIGN, GTIN, KEY, OWN, ROW, SECOND, sku_name
from wecelebrate.feeds.items import UnreadableFeed
from wecelebrate.feeds.questions import Question

GTINS = ("4006381333931", "4006381333948", "4006381333955", "5012345678900")


def skus(reading: Reading) -> list[str]:
    return [product.sku for product in reading.products]


def column(reading: Reading) -> str:
    return str(reading.feed.reading["columns"]["sku"][0]["column"])


def identity_questions(reading: Reading) -> list[Question]:
    """Return the questions about the identity without the other questions of a file, for example about the price."""
    return [question for question in reading.feed.questions if question.subject == "identity"]


def choices(reading: Reading) -> list[str]:
    (question,) = identity_questions(reading)
    assert question.key == "sku"
    assert question.seen
    return [choice.value for choice in question.choices]


OWN_NAMES = (
    "Our Code", "Our ref", "Internal code", "House code", "Stock code", "Item code", "Product code", "Ref.",
    "Riferimento interno", "Codice interno", "CLAVE", "Clave", "Nr", "Nr.", "Nummer", "No.", "Number", "Part",
    "Part no", "Codigo", "Kod", "Artikel", "ID", "N°", "Nº", "№", "Kode", "Koodi", "Réf. interne", "Interne Nummer",
    "System ID", "Unsere Art.-Nr.", "Kod wewnętrzny", "Belső kód", "Eigen code", "Oma koodi", "Artikelkürzel",
    "Item ID (ERP)",
)  # fmt: skip


@pytest.mark.parametrize("name", OWN_NAMES)
def test_the_code_of_the_shop_is_preferred_to_barcodes_and_supplier_numbers(name: str) -> None:
    text = f"Lieferanten-Nr.;EAN;{name};Bezeichnung;Preis\n"
    text += "".join(f"L-{n};{gtin};A-{7 * n};Tasse {n};1,50\n" for n, gtin in enumerate(GTINS, 1))
    reading = read(text)
    assert (column(reading), skus(reading)) == (name, ["A-7", "A-14", "A-21", "A-28"])
    assert not reading.feed.questions


@pytest.mark.parametrize(
    ("name", "rank"),
    [
        ("Our Code", OWN), ("Cod. articolo interno", OWN), ("Your code", OWN), ("Product code (ERP)", OWN),
        ("Ref.", SECOND), ("Part", SECOND), ("Codice a barre", GTIN), ("Code-barres", GTIN), ("Código de barras", GTIN),
        ("Supplier Code", FOREIGN), ("Kundenartikelnummer", FOREIGN), ("Mfr. No.", FOREIGN), ("ID esterno", FOREIGN),
        ("Cod. fornitore", FOREIGN), ("Internal ID", KEY), ("#", ROW), ("Pos.", ROW), ("Lfd. Nr.", ROW), ("S.No", ROW),
        ("Año", None), ("Danno", None), ("Farbcode", None), ("Price code", None), ("Customer", None), ("Name", None),
        ("Nr" * 40, None),
    ],
)  # fmt: skip
def test_the_words_of_a_column_name_determine_what_the_column_identifies(name: str, rank: int | None) -> None:
    match = sku_name(name.replace(" (ERP)", ""))
    assert (None if match is None else match.rank) == rank


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Nr.;Bestellnummer;Name\n1;B-7;Tasse\n2;B-9;Topf\n3;B-4;Krug\n", "Bestellnummer"),
        ("Pos.;Artikel;Bezeichnung\n10;4711;Tasse\n20;4712;Topf\n30;4719;Krug\n", "Artikel"),
        (f"#;EAN;Name\n1;{GTINS[0]};Tasse\n2;{GTINS[1]};Topf\n3;{GTINS[2]};Krug\n", "EAN"),
        ("S.No,Item Code,Item\n1,AB1,Cup\n2,AB2,Pot\n3,AB4,Jug\n", "Item Code"),
        ("Number;Warennummer;Name\n1;X-7;Tasse\n2;X-9;Topf\n3;X-4;Krug\n", "Warennummer"),
        (f"Code,Our ref,Name\n{GTINS[0]},R1,Mug\n{GTINS[1]},R2,Cup\n{GTINS[2]},R3,Pot\n", "Our ref"),
        (f"Model;EAN;Name\nM1;{GTINS[0]};Tasse\nM2;{GTINS[1]};Topf\nM3;{GTINS[2]};Krug\n", "EAN"),
        ("Model;Name\nXJ-900;Tasse\nXJ-901;Topf\n", "Model"),
        ("id,name\n1,Mug\n2,Cup\n3,Pot\n", "id"),
        (f"EAN;Name;RAL\n{GTINS[0]};Rot;RAL-3000\n{GTINS[1]};Weiß;RAL-9010\n{GTINS[2]};Blau;RAL-5010\n", "EAN"),
        (f"EAN;Name;Regal\n{GTINS[0]};Rot;A-01\n{GTINS[1]};Weiß;A-02\n{GTINS[2]};Blau;A-03\n", "EAN"),
        ("Lieferanten-Nr.;Bezeichnung\nL-1;Tasse\nL-2;Topf\nL-3;Krug\n", "Lieferanten-Nr."),
    ],
)
def test_row_numbers_barcodes_and_foreign_numbers_are_a_last_choice_for_the_sku(text: str, name: str) -> None:
    reading = read(text)
    assert (column(reading), reading.feed.questions) == (name, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("商品コード,商品名,販売価格\nT-1001,湯呑み,2200円\nT-1002,急須,16500円\nT-1007,皿,900円\n", "商品コード"),
        ("货号,品名,规格,零售价\nA0012,保温杯,500ml,69.00\nA0013,马克杯,350ml,29.90\nA0019,壶,800ml,128.00\n", "货号"),
        ("Артыкул;Назва;Цана\nЧС-101;Чайнік;2 490,00\nЧС-102;Самавар;28 900,00\nЧС-109;Сервіз;540,00\n", "Артыкул"),
        ("رقم الصنف,اسم المنتج,سعر البيع\nOUD-01,عود,450\nOUD-02,دهن,1250\nOUD-05,بخور,90\n", "رقم الصنف"),
        ("รหัสสินค้า,ชื่อ,ราคา\nTH001,ชา,120\nTH002,กาแฟ,150\nTH005,นม,90\n", "รหัสสินค้า"),
        ("מק״ט\tשם\tמחיר\n0070011\tכוס\t12.50\n0070012\tסיר\t15.90\n0070044\tקנקן\t9.90\n", "מק״ט"),
        ("Mã hàng,Tên hàng,Giá bán\nCF01,Cà phê,135.000\nCF02,Trà,1.250.000\nCF07,Đường,75.000\n", "Mã hàng"),
        (f"条码,品名,价格\n{GTINS[0]},杯,1.50\n{GTINS[1]},壶,2.50\n{GTINS[2]},罐,3.50\n", "条码"),
    ],
)  # fmt: skip
def test_the_only_column_with_codes_is_the_sku_under_any_name(text: str, expected: str) -> None:
    reading = read(text)
    assert (column(reading), identity_questions(reading)) == (expected, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ⵓⵟⵟⵓⵏ,ⴰⴷⵖⴰⵔ,ⴰⵜⵉⴳ\nOUD-01,A-01-03,220\nOUD-02,A-01-04,600\nOUD-03,B-02-01,90\n", ["ⵓⵟⵟⵓⵏ", "ⴰⴷⵖⴰⵔ"]),
        ("ⵜⴰⵏⴳⴰⵍⵜ;ⵉⵙⵎ;ⴰⵜⵉⴳ\n10021;Պանիր;11,50\n10022;Հաց;9,80\n10031;Կաթ;7,20\n", ["ⵜⴰⵏⴳⴰⵍⵜ", "stop"]),
        ("記号,名称,単価\n1001,湯呑み,2200\n1002,急須,16500\n1007,皿,3300\n", ["記号", "名称"]),
        ("Nº;Peça;Peço\n1;Cómoda;1.200 €\n2;Relógio;240 €\n3;Mesa;90 €\n", ["Nº", "Peça"]),
        ("Lfd. Nr.;Bezeichnung;Preis\n1;Tasse;1\n2;Topf;2\n3;Krug;2\n", ["Lfd. Nr.", "Bezeichnung"]),
        ("Article,Style,Name\nRed,S-1,Mug\nRed,S-2,Cap\nRed,S-3,Pen\n", ["Style", "Name"]),
        (f"Zeichen;EAN;Name\nK-1;{GTINS[0]};Rot\nK-2;{GTINS[1]};Weiß\nK-5;{GTINS[2]};Blau\n", ["Zeichen", "EAN"]),
        (f"ID;EAN;Name\n70011;{GTINS[0]};Rot\n70012;{GTINS[1]};Weiß\n70044;{GTINS[2]};Blau\n", ["EAN", "ID"]),
        (f"Artikelnr.;Bestellnr.\n{GTINS[0]};R1\n{GTINS[1]};R2\n{GTINS[2]};R3\n", ["Artikelnr.", "Bestellnr."]),
        ("Your code,Our code,Name\nY1,R1,Mug\nY2,R2,Cup\nY3,R3,Pot\n", ["Our code", "Your code"]),
    ],
)  # fmt: skip
def test_a_column_that_might_be_the_sku_leads_to_a_question(text: str, expected: list[str]) -> None:
    reading = read(text)
    assert choices(reading) == expected
    answered = read(text, mapping={"sku": expected[0]})
    assert (column(answered), identity_questions(answered)) == (expected[0], [])
    if expected[1] == "":
        with pytest.raises(UnreadableFeed, match="no column contains a SKU"):
            read(text, mapping={"sku": None})


@pytest.mark.parametrize(
    "text",
    [
        "Produkt;Preis\nTasse rot;1,50\nTopf blau;2,50\nKrug;3,50\n",
        "Datum;Name;Preis\n2026-01-01;Mug;1\n2026-01-02;Cup;2\n2026-01-03;Pot;3\n",
        "Año;Nombre;Precio\n2018;Vino A;12,50\n2019;Vino B;13,50\n2020;Vino C;14,50\n",
        "Größe;Name\n500ml;Tasse\n350ml;Topf\n800ml;Krug\n",
    ],
)
def test_a_file_without_identifiers_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFeed, match="no column contains a SKU"):
        read(text)


VARIANTS = "1234;{};Bluse;weiß;36\n1234;{};Bluse;weiß;38\n1250;{};Hose;schwarz;40\n1250;{};Hose;blau;40\n"


def test_a_number_of_several_sizes_is_not_a_sku() -> None:
    reading = read("Artikelnummer;EAN;Bezeichnung;Farbe;Größe\n" + VARIANTS.format(*GTINS))
    assert (skus(reading), reading.feed.questions) == (list(GTINS), ())
    text = "Artikelnummer;Muster;Bezeichnung;Farbe;Größe\n" + VARIANTS.format(*"abcd")
    first_reading = read(text)
    assert choices(first_reading) == ["Artikelnummer", "stop"]
    assert "differ in" in first_reading.feed.questions[0].text
    assert read(text, mapping={"sku": "Artikelnummer"}).feed.questions == ()


@pytest.mark.parametrize(
    "text",
    [
        "Modell;Variante;Bezeichnung\nM1;a;X\nM1;b;X\nM2;a;Y\nM2;b;Y\n",
        "Item no.,Min qty,Price\nA,1,5.00\nA,10,4.50\nB,1,6.00\nB,10,5.50\n",
        "SKU,Size,Name\nA,S,Mug\nA,M,Mug\nA,L,Mug\n",
        "Stock code,Language,Name\nA1,de,Tasse\nA1,en,Mug\nB1,de,Topf\nB1,en,Pot\n",
    ],
)
def test_different_products_with_the_same_number_lead_to_a_question(text: str) -> None:
    assert choices(read(text))[0] == text.replace(";", ",").partition(",")[0]


@pytest.mark.parametrize(
    "text",
    [
        "sku,name,price\nA,Mug,5.00\nB,Cup,6.00\nA,Mug,5.00\n",
        "SKU,Name,Price\nA,Mug,5.00\nA,Mug,5.00\nB,Cup,6.00\nB,Cup,6.00\n",
        "Item no.,Name,Price\n" + "".join(f"A{n},Mug,5.00\n" for n in range(20)) + "A3,Cup,6.00\n",
    ],
)
def test_a_repeated_sku_leads_to_no_question(text: str) -> None:
    assert read(text).feed.questions == ()


HEADLESS = "HX-20,Hoover bags,7.95,120\nHX-21,Hoover filter,12.40,33\nHX-22,Belt drive,4.10,0\n"


def test_a_file_without_a_header_leads_to_a_question_and_its_columns_can_be_mapped() -> None:
    first_reading = read(HEADLESS)
    assert choices(first_reading) == ["column 1", "stop"]
    assert first_reading.feed.questions[0].text.startswith("The file has no header")
    mapping = {"sku": "column 1", "name": "column 2", "price": "column 3", "inventory_count": "column 4"}
    reading = read(HEADLESS, mapping=mapping)
    first = reading.products[0]
    assert (first.line, first.sku, first.name, str(first.price), first.inventory_count) == (
        1, "HX-20", "Hoover bags", "7.95", 120,
    )  # fmt: skip
    assert (len(reading.products), reading.details["header_line"], reading.feed.questions) == (3, None, ())


def test_a_workbook_without_a_header_leads_to_a_question() -> None:
    rows = [row.split(",") for row in HEADLESS.splitlines()]
    reading = read(table(*([row[0], row[1], float(row[2]), int(row[3])] for row in rows)), "feed.xlsx")
    assert (choices(reading), skus(reading)) == (["column 1", "stop"], ["HX-20", "HX-21", "HX-22"])


@pytest.mark.parametrize(
    "text", ["Produkto;2023;2024\nAB-1;7,95;120\nAB-2;12,40;33\n", "Kodo;Nomo;Prezo\nAB-1;Tasse;7,95\nAB-2;Topf;2,40\n"]
)
def test_a_header_in_an_unknown_language_is_not_a_row_of_data(text: str) -> None:
    assert skus(read(text)) == ["AB-1", "AB-2"]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["T-1", "T-2"], "codes"), (["00471", "00472"], "codes"), (["47-11", "47-12"], "codes"),
        (["902.222.95", "902.222.96"], "codes"), (["1001", "1002"], "numbers"), (["1", "2", "3"], "rows"),
        (list(GTINS), "barcodes"), (["Tasse rot", "Topf blau"], "texts"), (["2018", "2019"], None),
        (["2200", "16500"], None), (["1,50", "2,50"], None), (["500ml", "350ml"], None), (["75.000", "1.250"], None),
        (["2026-01-01", "2026-01-02"], None), (["4,01235E+12", "4,01236E+12"], None), (["A-1", "A-1"], None),
        ([], None),
        (["€1", "€2"], None), (["10%", "20%"], None), (["https://x.example/1", "https://x.example/2"], None),
    ],
)  # fmt: skip
def test_values_are_classified_as_codes_or_barcodes_or_numbers_or_texts(cells: list[str], kind: str | None) -> None:
    assert kind_of(Facts(len(cells), cells)) == kind


def test_row_numbers_are_a_sequence_without_gaps() -> None:
    assert is_row_numbers(["1", "2", "3"]) and is_row_numbers(["0", "1"]) and is_row_numbers(["10", "20", "30"])
    assert not any(map(is_row_numbers, (["1"], ["2", "3"], ["1", "2", "4"], ["1", "a"], ["1", "1"], ["7", "14"])))
    assert not is_code("") and not is_code("A" * 41 + "1") and is_code("A1")


def test_a_sheet_with_a_numbered_list_of_customers_is_not_a_sheet_with_products() -> None:
    def write(book: Any) -> None:
        for name, rows in (
            ("Artikel", [["Artikelnummer", "Name", "Preis"], ["A-1", "Tasse", 1.5], ["A-2", "Topf", 2.5]]),
            ("Kunden", [["Nr", "Name", "Ort"], ["K-1", "Huber", "Wien"], ["K-2", "Meier", "Graz"]]),
        ):
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)

    assert skus(read(written(write), "feed.xlsx")) == ["A-1", "A-2"]


def test_an_unknown_sku_column_of_the_previous_file_is_used() -> None:
    memory = read("ⵜⴰⵏⴳⴰⵍⵜ,名称,単価\nT-1,湯呑み,2200\nT-2,急須,16500\nT-7,皿,3300\n").feed.reading
    delta = "ⵜⴰⵏⴳⴰⵍⵜ,ⴰⴷⵖⴰⵔ,在庫\nT-1,A-01,3\nT-2,A-02,4\nT-7,B-01,5\n"
    assert choices(read(delta)) == ["ⵜⴰⵏⴳⴰⵍⵜ", "ⴰⴷⵖⴰⵔ"]
    with open_feed(Body(delta.encode()), "delta.csv", None, "JPY", memory=memory) as feed:
        assert (feed.reading["columns"]["sku"][0]["column"], feed.questions, feed.changes) == ("ⵜⴰⵏⴳⴰⵍⵜ", (), ())


@pytest.mark.parametrize(
    ("own", "barcode"),
    [
        ("SellerProductId", "ProductEan"), ("Merchant SKU", "EAN"), ("Satıcı Stok Kodu", "Barkod"),
        ("Référence vendeur", "EAN"), ("SKU del vendedor", "Código de barras"), ("Offer SKU", "GTIN"),
        ("Mağaza Ürün Kodu", "Barkod"),
    ],
)  # fmt: skip
def test_products_are_identified_by_the_code_of_the_seller_and_not_by_the_barcode(own: str, barcode: str) -> None:
    rows = "PAN-24;3760001230014;34.90;15\nPAN-28;3760001230021;39.90;0\n7712;3760001230038;89.00;4\n"
    reading = read(f"{own};{barcode};Price;Stock\n{rows}")
    assert ([product.sku for product in reading.products], reading.feed.questions) == (["PAN-24", "PAN-28", "7712"], ())


@pytest.mark.parametrize("name", ["Seller ID", "Code vendeur", "Merchant ID"])
def test_a_code_of_the_seller_itself_does_not_identify_products(name: str) -> None:
    reading = read(f"{name};EAN;Price\nA-7;3760001230014;34.90\nA-8;3760001230021;39.90\n")
    assert [product.sku for product in reading.products] == ["3760001230014", "3760001230021"]


@pytest.mark.parametrize(
    ("number", "name"),
    [("Weinnr", "Wein"), ("Wine No.", "Wine"), ("Vin n°", "Vin"), ("Bouquet ID", "Bouquet"), ("Käse-Nummer", "Käse")],
)
def test_a_column_such_as_wine_no_identifies_the_products_of_a_wine_list(number: str, name: str) -> None:
    reading = read(
        f"{number};{name};Jahrgang;Preis\n101;Riesling;2023;9,90\n102;Silvaner;2022;8,50\n103;Merlot;2021;7,50\n"
    )
    assert ([product.sku for product in reading.products], reading.feed.questions) == (["101", "102", "103"], ())


@pytest.mark.parametrize("own", ["販売者商品コード", "出品者商品コード"])
def test_the_japanese_code_of_the_seller_is_preferred_to_the_number_of_the_marketplace(own: str) -> None:
    reading = read(f"商品ID,{own},商品名,販売価格\n900001,TG-1,湯呑,1200\n900002,TG-2,皿,1500\n", currency="JPY")
    assert [product.sku for product in reading.products] == ["TG-1", "TG-2"]
