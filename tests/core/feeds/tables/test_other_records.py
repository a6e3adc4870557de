"""Tests that cash books, orders and error responses of servers are refused, and that similar product lists are read."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed

LEDGERS = {
    "in and out": "Datum;Omschrijving;Bon nr.;In;Uit;Saldo\n2026-11-01;Beginsaldo;;;;412,35\n"
    "2026-11-02;Verkoop;3311;186,50;;598,85\n2026-11-03;Zegels;3312;;17,70;581,15\n"
    "2026-11-05;Bank;3313;;400,00;181,15\n",
    "signs": "Datum;Belegnr.;Text;Betrag;Saldo\n01.11.2026;B-1;Bar;120,00;520,00\n02.11.2026;B-2;Porto;-17,70;502,30\n"
    "03.11.2026;B-3;Bank;-400,00;102,30\n04.11.2026;B-4;Bar;80,50;182,80\n",
    "groups of digits": 'Fecha,Referencia,Concepto,Cargo,Abono,Saldo\n01/11/2026,R1,Venta,,"1,200.00","5,200.00"\n'
    '02/11/2026,R2,Renta,"3,000.00",,"2,200.00"\n03/11/2026,R3,Venta,,800.00,"3,000.00"\n'
    '04/11/2026,R4,Luz,450.00,,"2,550.00"\n',
    "the newest first": "日付,伝票番号,摘要,入金,出金,残高\n2026/11/04,1004,切手,,840,20300\n"
    "2026/11/03,1003,売上,3140,,21140\n"
    "2026/11/02,1002,仮払,,2000,18000\n2026/11/01,1001,売上,7000,,20000\n",
}
ORDERS = {
    "sv": "Ordernr;Datum;Kund;E-post;Artikel;Antal;Summa inkl. moms\n1;2026-11-21;G;g@example.se;Bonad;1;449,00\n"
    "2;2026-11-21;P;p@example.se;Häst;2;798,00\n",
    "fi": "Tilausnumero;Päivä;Asiakas;Sähköposti;Tuote;Kpl;Yhteensä\n501;21.11.2026;A;a@example.fi;Muki;1;19,90\n",
    "ja": "注文番号,注文日,お名前,メールアドレス,商品名,数量,合計金額\n"
    "9001,2026/11/21,佐藤,sato@example.jp,湯呑,1,2200\n",
    "pl": "Nr zamówienia;Data;Klient;E-mail;Produkt;Ilość;Kwota brutto\nZ-1;2026-11-21;J;j@example.pl;Kubek;1;39,90\n",
}
ANSWERS = {
    "WordPress": '{"code":"rest_forbidden","message":"No","data":{"status":401,"details":{"request_id":"f3"}}}',
    "an object of an error": '{"error":{"code":403,"message":"No","status":"DENIED","request_id":"ab"}}',
    "Nest": '{"statusCode":404,"error":"Not Found","message":"Cannot GET /products","traceId":"00-aa-11"}',
    "RFC 9457": '{"title":"Forbidden","status":403,"detail":"Expired","instance":"/x","code":"A-7"}',
    "JSON:API": '{"errors":[{"id":"e1","code":"expired","title":"Session expired","detail":"Log in"}]}',
    "de": '{"success":false,"fehler":"Sitzung abgelaufen","referenz":"A-778"}',
}


@pytest.mark.parametrize("text", LEDGERS.values(), ids=LEDGERS)
def test_a_table_with_a_running_balance_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFeed, match="cash book"):
        read(text)


@pytest.mark.parametrize("text", ORDERS.values(), ids=ORDERS)
def test_a_list_of_orders_with_person_names_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFeed, match="list of orders"):
        read(text)


@pytest.mark.parametrize("text", ANSWERS.values(), ids=ANSWERS)
def test_the_error_response_of_a_server_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFeed, match="answer of a server"):
        read(text, "feed.json")


def test_the_error_response_of_an_object_store_is_refused() -> None:
    text = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>AB12</RequestId></Error>"
    with pytest.raises(UnreadableFeed, match="answer of a server"):
        read(text, "feed.xml")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # The position increases from row to row by the pack size.
        ("a.csv", "Code;Name;Price;Pack;Pos\nA;Cup;2,90;10;10\nB;Mug;3,90;10;20\nC;Jug;4,90;10;30\nD;Pot;5,90;10;40\n"),
        # The column `Total` is the running total of an ABC analysis.
        ("a.csv", "SKU;Name;Sales;Total\nA;Cup;50;50\nB;Mug;30;80\nC;Jug;15;95\nD;Pot;5;100\n"),
        # The order numbers of a supplier, and an e-mail address for questions.
        ("a.csv", "Bestellnr;Name;Price;E-mail;Changed\nA;Cup;2,90;a@example.com;2026-01-02\n"),
        ("a.json", '{"sku":"A","status":"inactive","message":"Sold out"}'),
        ("a.json", '{"code":"A","name":"Card","message":"Happy birthday"}'),
        ("a.json", '{"code":"A","name":"Vase","status":"draft","details":"Blue"}'),
    ],
)  # fmt: skip
def test_product_lists_that_resemble_refused_lists_are_read(name: str, text: str) -> None:
    assert read(text, name).products[0].sku == "A"


NO_PRODUCTS = {
    "appointments": "Date,Time,Client,Service,Price\n30/11/2026,09:00,A. Nwosu,Braids,25.00\n"
    "30/11/2026,13:30,F. Alabi,Wash,8.00\n",
    "appointments, de": "Uhrzeit;Kunde;Leistung;Preis\n09:00 Uhr;A;Schnitt;42,00\n10:30 Uhr;B;Färben;79,00\n",
    "appointments, am and pm": "Time,Name,Service,Price\n9:00 AM,A,Cut,42.00\n1:30 pm,B,Dye,79.00\n",
    "reviews": '[{"review_id":"9001","sku_name":"x","rating":5,"author":"M","email":"m@example.pe","title":"Good"},'
    '{"review_id":"9002","sku_name":"y","rating":2,"author":"R","email":"r@example.pe","title":"Bad"}]',
    "messages": "ID;Betreff;Von\n1;Frage;a@example.de\n2;Bestellung;b@example.de\n3;Danke;c@example.de\n",
    "employees": "Employee No,Name,Position,Hourly Rate,Gross Pay,Active\n1001,S. Hill,Manager,18.50,2960.00,Y\n"
    "1002,T. Price,Sales,12.20,1464.00,Y\n",
    "employees, de": "Personalnummer;Name;Abteilung;Stundenlohn\n77;Meier;Lager;15,50\n78;Schulz;Verkauf;16,00\n",
}


@pytest.mark.parametrize("text", NO_PRODUCTS.values(), ids=NO_PRODUCTS)
def test_a_list_of_appointments_persons_or_messages_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFeed, match=r"this looks like|no column contains a SKU"):
        read(text, "data.json" if text.startswith("[") else "data.csv")


def test_products_with_the_address_of_a_supplier_are_read() -> None:
    text = "SKU;Name;Preis;Kontakt\nA-1;Tasse;9,90;a@example.de\nA-2;Teller;12,90;b@example.de\n"
    assert len(read(text).products) == 2
