"""Tests that lists of employees and participants are refused: lists whose first rows resemble headers, and lists with
bank accounts.
"""

import pytest

from tests.core.feeds.feed_reading import read
from tests.core.feeds.workbooks import table
from wecelebrate.feeds import UnreadableFeed
from wecelebrate.feeds.tables.persons import _is_iban

STAFF = {
    "de": (
        "Personalnr.;Nachname;Vorname;Eintritt;Abteilung;Gehalt brutto;IBAN;Status\n"
        "P001;Sommer;Erika;2015-03-01;Lager;2900;DE89370400440532013000;aktiv\n"
        "P002;Wolff;Jürgen;2019-07-15;Verkauf;3100;DE75512108001245126199;aktiv\n"
    ),
    "en": (
        "ID,Employee,Team,Hourly Pay,Bank account,Active\n1,Ann Bexley,Stock,18.50,GB29NWBK60161331926819,yes\n"
        "2,Tom Harker,Sales,22.75,GB94BARC10201530093459,yes\n"
    ),
    "it": (
        "Codice;Cognome;Nome;Magazzino;RAL;Conto\n1001;Rossi;Mario;Nord;28000;IT60X0542811101000000123456\n"
        "1002;Bianchi;Anna;Sud;31000;IT40S0542811101000000123457\n"
    ),
    "ja": (
        "社員番号,氏名,部署,基本給,入社日\n1001,山田太郎,倉庫,250000,2015-04-01\n1002,佐藤花子,営業,280000,2018-04-01\n"
    ),
    "participants": (
        "Participant,First name,Last name,Company,Ticket,Price\nT-1,Ann,Bexley,Acme Ltd,Standard,199.00\n"
        "T-2,Tom,Harker,Bolt Inc,VIP,399.00\n"
    ),
    "turnover": (
        "Kd-Nr.;Firma;Ort;Umsatz 2024;Rabattgruppe\n10001;Müller GmbH;Ulm;12.300,00;A\n10002;Huber KG;Linz;8.900,00;B\n"
    ),
}


@pytest.mark.parametrize("text", STAFF.values(), ids=STAFF)
def test_a_csv_list_of_persons_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFeed, match="this looks like a list of"):
        read(text)


@pytest.mark.parametrize("text", STAFF.values(), ids=STAFF)
def test_a_workbook_with_a_list_of_persons_below_a_title_is_refused(text: str) -> None:
    delimiter = ";" if ";" in text else ","
    rows = [line.split(delimiter) for line in text.splitlines()]
    with pytest.raises(UnreadableFeed, match="this looks like a list of"):
        read(table(["List of 1 January"], [], *rows), "list.xlsx")


def test_a_data_row_with_two_words_for_column_names_is_not_the_header() -> None:
    text = "Kode;Betegnelse;Sted;Kost;Tilstand\nX-100;Lampe;Lager;12,50;aktiv\nX-101;Stol;Lager;33,00;aktiv\n"
    assert read(text, mapping={"sku": "Kode"}).feed.header == ["Kode", "Betegnelse", "Sted", "Kost", "Tilstand"]


@pytest.mark.parametrize(
    ("text", "is_account"),
    [("DE89370400440532013000", True), ("GB29 NWBK 6016 1331 9268 19", True), ("DE89370400440532013001", False),
     ("AB12-3456", False), ("DE8937", False)],
)  # fmt: skip
def test_the_check_digits_of_a_bank_account_are_tested(text: str, is_account: bool) -> None:
    assert _is_iban(text) is is_account
