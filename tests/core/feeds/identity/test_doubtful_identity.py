"""Tests which column identifies products if references are missing, if names are codes, or if the file has only a style
number.
"""

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds import UnreadableFeed


def skus(reading: Reading) -> list[str]:
    return [product.sku for product in reading.products]


def sku_choices(reading: Reading) -> list[list[str]]:
    return [[choice.value for choice in question.choices] for question in reading.feed.questions]


@pytest.mark.parametrize("names", ["ID produit;Référence;Nom", "Product ID;Reference;Name", "ID;Part No.;Name"])
def test_references_identify_products_even_if_a_few_rows_have_no_reference(names: str) -> None:
    rows = [f"{n};{f'MUG-{n}' if n != 14 else ''};Mug {n};8,50" for n in range(11, 16)]
    reading = read("\n".join([f"{names};Price", *rows]))
    assert skus(reading) == ["MUG-11", "MUG-12", "MUG-13", "MUG-15"]
    assert [row.code for row in reading.rejected] == ["empty"]


def test_the_database_key_identifies_products_if_most_references_are_blank() -> None:
    rows = [f"{n};{f'MUG-{n}' if n == 11 else ''};Mug {n};8,50" for n in range(11, 16)]
    assert len(skus(read("\n".join(["Product ID;Reference;Name;Price", *rows])))) == 5


def test_codes_in_the_name_column_are_preferred_to_a_database_key() -> None:
    text = (
        "Internal ID,Name,Display Name,Price\n501,TABLE : TABLE-OAK,Oak table,240.00\n"
        "502,TABLE : TABLE-ASH,Ash table,220.00\n"
        "503,BENCH,Garden bench,99.00\n504,STOOL-3,Three-legged stool,35.00\nOverall Total,,,594.00\n"
    )
    reading = read(text)
    assert skus(reading) == ["TABLE : TABLE-OAK", "TABLE : TABLE-ASH", "BENCH", "STOOL-3"]
    assert [product.name for product in reading.products][:2] == ["Oak table", "Ash table"]


def test_manufacturer_codes_beside_barcodes_lead_to_a_question() -> None:
    rows = "KX-10;4006381333931;Saw;19,90\nKX-20;4006381333948;Axe;29,90\nKX-SET;4006381333955;Set;44,90\n"
    reading = read(f"Herst.-Nr.;EAN;Bezeichnung;UVP\n{rows}")
    assert sku_choices(reading) == [["Herst.-Nr.", "EAN"]]
    behind = read("EAN;Bezeichnung;UVP;Herst.-Nr.\n4006381333931;Saw;19,90;KX-10\n4006381333948;Axe;29,90;KX-20\n")
    assert (sku_choices(behind), skus(behind)) == ([], ["4006381333931", "4006381333948"])


@pytest.mark.parametrize("values", ["1001 1002 1003", "RAGLAN OXFORD POLO", "S-1 S-2 S-3", "1001 1001 1003"])
@pytest.mark.parametrize("column", ["Style", "Stil", "Estilo"])
def test_a_style_number_as_the_only_identifier_leads_to_a_question(column: str, values: str) -> None:
    rows = "".join(f"{value};Shirt {n};9,50\n" for n, value in enumerate(values.split()))
    assert [choices[0] for choices in sku_choices(read(f"{column};Name;Price\n{rows}"))] == [column]


def test_a_style_column_with_words_does_not_identify_products() -> None:
    with pytest.raises(UnreadableFeed, match="no column contains a SKU"):
        read("Style;Name;Price\nClassic;Shirt;9,50\nModern;Cap;7,50\nRetro;Sock;3,50\n")


@pytest.mark.parametrize(
    "text",
    [
        "Kundennr.;Firma;Strasse;PLZ;Ort;Gesperrt\n101;Cafe Abend;Weg 1;10115;Bonn;nein\n102;Ost;Weg 2;10117;Ulm;ja\n",
        "Customer No,Company,Street,City,Email,Phone\n701,Acme,1 Road,Leeds,a@shop.example,123\n"
        "702,Bolt,2 Road,York,b@shop.example,124\n",
        "Código cliente;Nombre;Dirección;Ciudad;Teléfono\nC-01;Ana;Calle 1;Lugo;600100200\n"
        "C-02;Eva;Calle 2;Vigo;600100201\n",
        "Code client;Prénom;Rue;Code postal;Ville\nC01;Luc;Rue 1;75001;Paris\nC02;Zoé;Rue 2;69001;Lyon\n",
    ],
)
def test_a_list_of_customers_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFeed, match="list of customers"):
        read(text)


def test_a_list_of_products_with_the_address_of_each_supplier_is_read() -> None:
    text = "SKU,Name,Price,Street,City,Email,Phone\nA-1,Mug,8.50,1 Road,Leeds,a@shop.example,123\n"
    product = read(text).product
    assert (product.sku, product.attributes) == ("A-1", {})


@pytest.mark.parametrize(
    "header",
    ["Order no,Order date,Customer,Total,Status", "Rechnungsnr.,Datum,Kunde,Betrag,Status",
     "N° facture,Date,Client,Montant TTC,Statut", "Numero fattura,Data,Cliente,Importo,Stato"],
)  # fmt: skip
def test_a_list_of_orders_or_invoices_is_refused(header: str) -> None:
    with pytest.raises(UnreadableFeed, match="list of orders or invoices"):
        read(f"{header}\nR-1001,2026-01-05,Acme,123.50,open\nR-1002,2026-01-06,Bolt,12.50,paid\n")


def test_a_column_named_order_number_can_contain_the_skus() -> None:
    text = "Order no,Date,Name,Price,Customer\nO-11,2026-01-05,Mug,8.50,Acme\nO-12,2026-01-05,Cup,7.50,Acme\n"
    assert skus(read(text)) == ["O-11", "O-12"]
