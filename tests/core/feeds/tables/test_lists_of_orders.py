"""Tests that a list of order lines is refused, and that a product list with similar columns is read."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed


@pytest.mark.parametrize(
    "text",
    [
        "Order Number,Order Date,Customer,Item SKU,Item Name,Qty Ordered,Unit Price\n"
        "7001,2026-01-02,Ann Ray,MUG-1,Mug,2,14.50\n7002,2026-01-03,Bob Oak,MUG-2,Pot,1,29.00\n",
        "Rechnungsnr;Rechnungsdatum;Kunde;Artikelnummer;Bezeichnung;Menge;Einzelpreis\n"
        "R-1;02.01.2026;Moser;T-1;Tasse;2;9,90\nR-2;03.01.2026;Huber;T-2;Topf;1;24,50\n",
        "N° facture;Date facture;Client;Référence;Désignation;Quantité;Prix unitaire\n"
        "F-1;02/01/2026;Dupont;T-1;Tasse;2;9,90\nF-2;03/01/2026;Martin;T-2;Pot;1;24,50\n",
    ],
)
def test_a_list_of_order_lines_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFeed, match="list of orders or invoices"):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        # A price list for one customer. The column `Bestellnummer` contains the number under which a customer orders a
        # product.
        "Artikelnummer;Bestellnummer;Bezeichnung;Kunde;Datum;Preis\nT-1;B-1;Tasse;Moser;02.01.2026;9,90\n",
        "SKU,Name,Order,Created at,Quantity,Price\nT-1,Mug,1,2026-01-02,5,9.90\nT-2,Pot,2,2026-01-02,7,8.90\n",
        "SKU,Name,Customer rating,Created at,Quantity,Price\nT-1,Mug,4.5,2026-01-02,5,9.90\n",
    ],
)
def test_a_product_list_that_has_columns_similar_to_order_lines_is_read(text: str) -> None:
    assert [product.sku for product in read(text).products][:1] == ["T-1"]


@pytest.mark.parametrize(
    "text",
    [
        "Datum;Artikel;Bewegung;Menge;Lagerort\n01.02.2026;T-1;Zugang;10;A1\n02.02.2026;T-1;Abgang;-2;A1\n",
        "Date,SKU,Movement type,Quantity\n2026-02-01,T-1,receipt,10\n2026-02-02,T-1,issue,2\n",
        "Date;Référence;Mouvement;Quantité\n01/02/2026;T-1;entrée;10\n02/02/2026;T-1;sortie;2\n",
        "Fecha;Código;Tipo de movimiento;Cantidad\n01/02/2026;T-1;entrada;10\n02/02/2026;T-1;salida;2\n",
        "Datum;Artikelnr;Mutatie;Aantal\n01-02-2026;T-1;in;10\n02-02-2026;T-1;uit;2\n",
    ],
)
def test_a_list_of_stock_movements_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFeed, match="movements of a stock"):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"orders":[{"order_id":1,"created_at":"2026-03-01","customer":{"name":"Ann"},"items":[{"sku":"A","name":"Mug",'
        '"quantity":2,"price":9.9}]},{"order_id":2,"created_at":"2026-03-02","customer":{"name":"Bob"},"items":'
        '[{"sku":"B","name":"Cup","quantity":1,"price":8.9}]}]}',
        "<?xml version='1.0'?><Orders><Order><Customer><Name>Ann</Name></Customer><Lines><Line><Sku>A</Sku>"
        "<Name>Mug</Name><Quantity>2</Quantity><Price>9.90</Price></Line><Line><Sku>B</Sku><Name>Cup</Name><Quantity>1</Quantity>"
        "<Price>8.90</Price></Line></Lines></Order></Orders>",
        "Lieferschein;Lieferdatum;Kunde;Artikelnr;Bezeichnung;Menge\nL-1;01.03.2026;Meier;A;Tasse;2\n",
        "N° BL;Date livraison;Client;Réf;Désignation;Qté\nB-1;01/03/2026;Dupont;A;Tasse;2\n",
        "PO Number,PO Date,Vendor,Item,Description,Qty Ordered,Unit Cost\nP-1,2026-03-01,Acme,A-1,Mug,100,3.30\n",
        "Return No;Date;Customer;SKU;Qty;Reason\nR-1;2026-03-01;Ann;A;1;broken\n",
        "Quote No: Q-1\nDate: 2026-03-01\nCustomer: Ann\n\nPos,Item,Description,Qty,Unit price,Line total\n"
        "1,A,Mug,2,9.90,19.80\n2,B,Cup,1,8.90,8.90\n",
    ],
)
def test_other_business_documents_are_refused_in_all_formats(text: str) -> None:
    with pytest.raises(UnreadableFeed, match=r"orders or invoices|invoice or the order"):
        read(text)


def test_a_list_of_employees_is_refused() -> None:
    with pytest.raises(UnreadableFeed, match="customers or other addresses"):
        read("Employee ID,First Name,Last Name,Department,Salary\nE-1,Ann,Smith,Sales,50000\nE-2,Bob,Jones,IT,60000\n")


def test_a_german_list_of_stock_movements_is_refused() -> None:
    with pytest.raises(UnreadableFeed, match="movements"):
        read("Buchungsdatum;Artikelnr;Bezeichnung;Bewegungsart;Menge\n01.03.2026;A;Tasse;Zugang;10\n")


def test_a_catalog_whose_root_element_is_named_orders_is_read() -> None:
    item = "<Item><Sku>{0}</Sku><Name>Mug</Name><Price>9.90</Price></Item>"
    reading = read(f"<?xml version='1.0'?><Orders>{item.format('A')}{item.format('B')}</Orders>")
    assert [one.sku for one in reading.products] == ["A", "B"]


@pytest.mark.parametrize("pair", ["Zugang;Abgang", "Entrées;Sorties", "Entradas;Salidas", "Przychód;Rozchód", "In;Out"])
def test_a_list_of_incoming_and_outgoing_pieces_is_refused(pair: str) -> None:
    text = f"Datum;Beleg;Artikel;{pair};Bestand danach\n2026-11-01;WE-1;M8x40;100;;340\n2026-11-02;LS-9;M8x40;;20;320\n"
    with pytest.raises(UnreadableFeed, match="movements of a stock"):
        read(text)
