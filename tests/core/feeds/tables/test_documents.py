"""Tests that invoices are refused, and that product lists with similar rows above the table are read."""

from typing import Any

import pytest

from tests.core.feeds.feed_reading import read
from tests.core.feeds.workbooks import written
from wecelebrate.feeds import UnreadableFeed


@pytest.mark.parametrize(
    "text",
    [
        "Invoice number,INV-771\nInvoice date,2026-02-03\nCustomer,Ada Example\n\n"
        "Pos,Description,Qty,Unit price,Amount\n1,Desk lamp,2,40.00,80.00\n2,Bulb,4,3.50,14.00\n,Total,,,94.00\n",
        "Facture n°;F-2026-11\nDate facture;03/02/2026\nClient;Mme Exemple\n\n"
        "Ligne;Désignation;Quantité;Prix unitaire;Montant\n1;Lampe;2;40,00;80,00\n2;Ampoule;4;3,50;14,00\n",
        "Auftragsnummer: ;A-5512\nKundennummer: ;10044\n;\n"
        "Pos.;Artikelnummer;Bezeichnung;Menge;Einzelpreis;Gesamtpreis\n1;L-1;Lampe;2;40,00;80,00\n",
    ],
)
def test_an_invoice_or_order_of_one_customer_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFeed, match="invoice or the order of one customer"):
        read(text)


@pytest.mark.parametrize(
    "titles",
    [
        "Price list no.;2026-1\nDate;2026-02-03\n",
        "Customer;Ada Example\nOrder by phone;0123\n",
        "Order number;see below\n",
    ],
)
def test_a_product_list_with_titles_above_the_table_is_not_refused(titles: str) -> None:
    reading = read(f"{titles}\nSKU;Name;Price;Stock\nA-1;Lamp;40.00;2\nA-2;Bulb;3.50;9\n")
    assert [product.sku for product in reading.products] == ["A-1", "A-2"]


@pytest.mark.parametrize(
    ("names", "taxes"),
    [
        (["Art.-Nr.", "Name", "Preis €", "EK", "Bestand"], ["netto", "brutto"]),
        (["Code", "Item", "Price £", "Trade price", "Stock"], ["ex VAT", "inc VAT"]),
        (["Réf", "Nom", "Prix €", "Prix d'achat", "Stock"], ["HT", "TTC"]),
    ],
)
def test_the_first_row_of_a_two_row_header_is_not_a_title(names: list[str], taxes: list[str]) -> None:
    def write(book: Any) -> None:
        sheet = book.add_worksheet("List")
        sheet.write(0, 0, "Spring 2026")
        for column, name in zip((0, 1, 4, 5), (*names[:2], *names[3:]), strict=True):
            sheet.merge_range(2, column, 3, column, name)
        sheet.merge_range(2, 2, 2, 3, names[2])
        sheet.write_row(3, 2, taxes)
        sheet.write_row(4, 0, ["A-1", "Vase", 10, 11.9, 4, 2])
        sheet.write_row(5, 0, ["A-2", "Jar", 20, 23.8, 9, 7])

    reading = read(written(write), "list.xlsx")
    assert [str(product.price) for product in reading.products] == ["11.90", "23.80"]
    assert not reading.feed.questions
