"""Tests which column is chosen for a field by the name and the values of the column, and when a question is asked."""

import pytest

from tests.core.feeds.feed_reading import FEEDS, read, read_file
from wecelebrate.feeds.columns.facts import value_of
from wecelebrate.feeds.prices.candidates import name_of_price
from wecelebrate.feeds.prices.names import price_name
from wecelebrate.feeds.prices.possible_names import may_be_price

GTINS = ("4006381333931", "4006381333948", "4006381333955")


def chosen(text: str, name: str) -> list[str]:
    return [entry["column"] for entry in read(text).feed.reading["columns"].get(name, [])]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (f"EAN;Produktname;Material;Preis\n{GTINS[0]};Tasse;Baumwolle;1,50\n{GTINS[1]};Topf;Holz;2,50\n", "EAN"),
        (f"Material;EAN;Materialkurztext\n100012;{GTINS[0]};Schraube\n100013;{GTINS[1]};Mutter\n", "Material"),
        ("Product ID,Product Name,Product Code/SKU\n1,Mug,MUG-1\n2,Cap,CAP-1\n", "Product Code/SKU"),
        (f"Supplier Reference,GTIN,Name\nS-1,{GTINS[0]},Mug\nS-2,{GTINS[1]},Cap\n", "GTIN"),
        (f"MPN,Item No.,Name\nM-1,{GTINS[0]},Mug\nM-2,{GTINS[1]},Cap\n", "Item No."),
        ("SKU;Artikelnummer;Name\n;A-1;Tasse\n;A-2;Topf\n", "Artikelnummer"),
        ("Référence;Article;Code barre\nR-1;Tasse rouge;\nR-2;Pot;\n", "Référence"),
        ("Codice;Articolo;Nome\nC-1;Tazza;Tazza\nC-2;Vaso;Vaso\n", "Codice"),
        ("Ref,Item,Qty\nA1,Mug,1\nA2,Cap,2\n", "Ref"),
        ("Artikel;Bezeichnung\n47-11;Tasse\n47-12;Topf\n", "Artikel"),
        ("KOD;NAZWA\nK1;Kubek\nK2;Garnek\n", "KOD"),
        ("Termékkód;Név\nT1;Bögre\nT2;Fazék\n", "Termékkód"),
    ],
)
def test_the_sku_is_in_the_column_whose_name_and_values_identify_products(text: str, column: str) -> None:
    reading = read(text)
    assert reading.feed.reading["columns"]["sku"][0]["column"] == column
    assert not [question for question in reading.feed.questions if question.key == "sku"]


@pytest.mark.parametrize(
    "text",
    [
        "Référence;Code;Nom\nR1;C1;Tasse\nR2;C2;Pot\n",
        "Artikelnummer;Produktcode;Name\nA1;P1;Tasse\nA2;P2;Topf\n",
        "Item Number,Product Number,Name\n1,11,Mug\n2,12,Cap\n",
    ],
)
def test_two_possible_sku_columns_lead_to_a_question(text: str) -> None:
    (question,) = read(text).feed.questions
    columns = text.partition("\n")[0].replace(";", ",").split(",")[:2]
    assert (question.key, question.subject) == ("sku", "identity")
    assert [choice.value for choice in question.choices] == columns
    assert not read(text, mapping={"sku": columns[1]}).feed.questions


def test_two_columns_with_the_same_values_lead_to_no_question() -> None:
    assert not read("Référence;Code;Nom\nR1;R1;Tasse\nR2;R2;Pot\n").feed.questions


def test_another_article_number_column_is_used_if_the_sku_column_is_blank() -> None:
    reading = read("SKU;Artikelnummer;Name\nS-1;A-1;Tasse\n;A-2;Topf\n")
    assert [product.sku for product in reading.products] == ["S-1", "A-2"]


def test_another_name_column_is_used_if_the_name_column_is_blank() -> None:
    reading = read("SKU;Bezeichnung;Kurztext\nA;Tasse;rot\nB;;Topf\n")
    assert [product.name for product in reading.products] == ["Tasse", "Topf"]


@pytest.mark.parametrize(
    ("text", "field", "column"),
    [
        ("sku,product,title\nA,17,Mug\nB,18,Cap\n", "name", "title"),
        ("sku,name,title\nA,,Mug\nB,,Cap\n", "name", "title"),
        ("sku,stock,qty\nA,,3\nB,,4\n", "inventory_count", "qty"),
        ("sku,category,product type\nA,,Mugs\nB,,Caps\n", "category", "product type"),
        ("sku,category,department\nA,12,Mugs\nB,13,Caps\n", "category", "department"),
        ("sku,name,status,published\nA,Mug,blue team,yes\nB,Cap,red team,no\n", "is_active", "published"),
    ],
)
def test_a_blank_or_unsuitable_column_gets_a_lower_score(text: str, field: str, column: str) -> None:
    assert chosen(text, field)[0] == column


@pytest.mark.parametrize(
    ("header", "price", "kind"),
    [
        ("Netto-VK;Brutto-VK;UVP", "2.00", "gross"),
        ("UVP;VK", "2.00", "plain"),
        ("EK;VK", "2.00", "plain"),
        ("Listenpreis;Nettopreis", "2.00", "net"),
        ("Prix HT;Prix TTC", "2.00", "gross"),
        ("Prix d'achat;Prix de vente", "2.00", "plain"),
        ("Precio sin IVA;Precio con IVA", "2.00", "gross"),
        ("Precio de coste;PVP", "2.00", "gross"),
        ("Prezzo di listino;Prezzo ivato;Prezzo d'acquisto", "2.00", "gross"),
        ("Adviesprijs;Verkoopprijs", "2.00", "plain"),
        ("Prijs excl. BTW;Prijs incl. BTW;Inkoopprijs", "2.00", "gross"),
        ("Kostpris;Salgspris", "2.00", "plain"),
        ("Cena netto;Cena brutto", "2.00", "gross"),
        ("Nákupní cena;Cena s DPH", "2.00", "gross"),
        ("Wholesale price;Retail price", "2.00", "plain"),
        ("Cost;Price", "2.00", "plain"),
        ("Compare-at price;Price", "2.00", "plain"),
        ("MSRP;Sale price", "2.00", "plain"),
        ("Händlereinkaufspreis;Ladenpreis", "2.00", "plain"),
        ("Price excl. VAT (EUR);Price incl. VAT (EUR)", "2.00", "gross"),
        ("Price;Price with VAT", "2.00", "gross"),
        ("Nettó ár;Bruttó ár", "2.00", "gross"),
        ("UVP;EK", "1.00", "list"),
    ],
)  # fmt: skip
def test_the_column_name_determines_the_type_of_the_selling_price(header: str, price: str, kind: str) -> None:
    count = header.count(";") + 1
    values = ";".join(("1,00", "2,00", "3,00")[:count])
    reading = read(f"SKU;Name;{header}\nA;x;{values}\n")
    assert str(reading.product.price) == price
    assert reading.feed.reading["price"]["kind"] == kind
    assert not reading.feed.questions


@pytest.mark.parametrize(
    "header", ["EK-Preis", "Dealer Price", "Cost", "Prix d'achat", "Inkoopprijs", "Precio de coste"]
)
def test_a_file_with_only_a_purchase_price_leads_to_a_question(header: str) -> None:
    reading = read(f"SKU;Name;{header}\nA;x;1,50\n")
    assert "price" not in reading.product.fields_set
    (question,) = reading.feed.questions
    assert (question.key, question.subject) == ("price", "money")
    assert [choice.value for choice in question.choices] == ["", header]
    answered = read(f"SKU;Name;{header}\nA;x;1,50\n", mapping={"price": header})
    assert (str(answered.product.price), answered.feed.questions) == ("1.50", ())
    left_out = read(f"SKU;Name;{header}\nA;x;1,50\n", mapping={"price": None})
    assert ("price" in left_out.product.fields_set, left_out.feed.questions) == (False, ())


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("SKU,Name,Price,Retail Price\nA,x,5,10\n", ["Price", "Retail Price"]),
        ("SKU;Name;Vejledende pris;Campuspris\nA;x;16,00;15,50\n", ["Vejledende pris", "Campuspris"]),
        ("SKU,Name,Campus price\nA,x,10\n", ["", "Campus price"]),
        ("SKU,Name,Regular Price,Sale Price\nA,x,20,15\n", ["Regular Price", "Sale Price"]),
        ("SKU;Name;Verkaufspreis;Einzelpreis\nA;x;1,00;2,00\n", ["Verkaufspreis", "Einzelpreis"]),
    ],
)
def test_two_possible_selling_prices_lead_to_a_question(text: str, columns: list[str]) -> None:
    (question,) = read(text).feed.questions
    assert (question.key, question.subject) == ("price", "money")
    assert [choice.value for choice in question.choices] == columns


def test_the_regular_price_is_used_if_the_sale_price_is_blank() -> None:
    text = "SKU,Name,Regular Price,Sale Price\nA,x,20.00,\nB,y,30.00,\n"
    reading = read(text)
    assert ([str(product.price) for product in reading.products], reading.feed.questions) == (["20.00", "30.00"], ())
    text = "SKU,Name,Regular Price,Sale Price\nA,x,20.00,15.00\nB,y,30.00,\n"
    answered = read(text, mapping={"price": "Sale Price"})
    assert [str(product.price) for product in answered.products] == ["15.00", "30.00"]


def test_a_price_column_with_only_zeros_or_blanks_gets_a_lower_score() -> None:
    reading = read("SKU;Name;Bruttopreis;Preis\nA;x;0,00;5,00\nB;y;;6,00\n")
    assert [str(product.price) for product in reading.products] == ["5.00", "6.00"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Netto-VK", "net"), ("preisBruttoEUR", "gross"), ("Prix de vente TTC", "gross"), ("Buying price", "purchase"),
        ("Preis (netto)", "net"), ("EK netto", "purchase"), ("Listenpreis brutto", "list"), ("Streichpreis", "compare"),
        ("Aktionspreis", "offer"), ("Preis inkl. MwSt.", "gross"), ("Preis zzgl. MwSt", "net"), ("Kosten", None),
        ("price group", None), ("market price index", None), ("Top price", None),
        ("Lieferantenpreis", "purchase"), ("Price USD", "plain"), ("Precio de compra", "purchase"),
    ],
)  # fmt: skip
def test_the_price_type_is_recognised_in_the_column_name(name: str, kind: str | None) -> None:
    match = name_of_price(name)
    assert (match.kind if match else None) == kind


def test_a_column_name_with_an_unknown_word_can_mean_a_price() -> None:
    assert may_be_price("campusprice") and may_be_price("topprice")
    assert not may_be_price("price") and not may_be_price("pricegroup") and not may_be_price("name")
    assert price_name("price" * 30) is None


@pytest.mark.parametrize(
    ("cell", "kinds"),
    [
        ("4006381333931", {"is_gtin", "is_identifier", "is_number"}),
        ("4006381333932", {"is_identifier", "is_number"}),
        ("Baumwolle", {"is_text"}),
        ("MUG-1", {"is_identifier"}),
        ("A red mug", {"is_text"}),
        ("12,50 €", {"is_number", "is_text"}),
        ("0,00", {"is_number", "is_zero", "is_identifier"}),
        ("https://x.example/a.jpg", {"is_address", "is_identifier"}),
        ("2026-01-31", set()),
    ],
)
def test_a_value_is_classified_by_its_form(cell: str, kinds: set[str]) -> None:
    value = value_of(cell)
    shapes = {name for name in ("is_gtin", "is_identifier", "is_number", "is_zero", "is_text", "is_address")
             if getattr(value, name)}  # fmt: skip
    assert kinds <= shapes


def test_a_data_row_with_one_known_name_is_not_the_header() -> None:
    reading = read("Nummer;Was;Woraus\n1;Tasse;Material\n2;Topf;Holz\n", mapping={"sku": "Nummer", "name": "Was"})
    assert [(product.sku, product.name) for product in reading.products] == [("1", "Tasse"), ("2", "Topf")]


@pytest.mark.parametrize(
    "name", sorted(path.name for path in FEEDS.iterdir() if path.name != "README.md"), ids=lambda name: name
)
def test_no_question_is_asked_about_a_well_formed_file(name: str) -> None:
    feed = read_file(name).feed
    assert (feed.questions, feed.changes) == ((), ())


def test_the_description_states_why_a_column_was_chosen() -> None:
    columns = read("Artikelnr.;VK;UVP\nA1;12,50;15,00\nA2;13,50;16,00\n").feed.reading["columns"]
    assert columns["price"] == [
        {
            "column": "VK",
            "score": 0.9,
            "reasons": [
                'the name "VK" means a selling price', '2 of 2 values are numbers like "12,50" and "13,50"',
            ],
        }
    ]  # fmt: skip
    assert columns["sku"][0]["reasons"] == [
        '"Artikelnr." is a usual name for the number of an article', "2 of 2 values are different",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "row", "price"),
    [
        ("Artnr;Benämning;Inpris;Utpris inkl moms;Utpris exkl moms", "1;Häst;145,00;349,00;279,20", "349.00"),
        ("Artnr;Benämning;Inpris;Utpris", "1;Häst;145,00;349,00", "349.00"),
        ("Varenummer;Produkt;Før-pris;Nå-pris;Innkjøp", "1;Genser;1 499,-;1 199,-;620,-", "1199.00"),
        ("Tuotenumero;Tuotenimi;Ostohinta;Myyntihinta (sis. ALV)", "1;Kiulu;18,00;49,00", "49.00"),
    ],
)
def test_the_selling_price_is_chosen_beside_a_purchase_price_or_old_price(header: str, row: str, price: str) -> None:
    reading = read(f"{header}\n{row}\n", mapping={"sku": header.partition(";")[0]})
    assert (str(reading.product.price), reading.feed.questions) == (price, ())


@pytest.mark.parametrize("name", ["Inpris", "Nettoinpris", "Indpris", "Innpris"])
def test_an_abbreviated_purchase_price_as_the_only_price_leads_to_a_question(name: str) -> None:
    reading = read(f"Artnr;Namn;{name}\nA;Häst;145,00\n", mapping={"sku": "Artnr"})
    assert [question.subject for question in reading.feed.questions] == ["money"]
