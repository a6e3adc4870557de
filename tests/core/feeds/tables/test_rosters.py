"""Tests that a work schedule is refused, and that a product list can have columns for days."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed


@pytest.mark.parametrize(
    "header",
    [
        "N.º;Funcionário;Loja;Seg;Ter;Qua;Qui;Sex;Sáb;Horas", "No;Name;Store;Mon;Tue;Wed;Thu;Fri;Sat;Hours",
        "Nr.;Name;Filiale;Montag;Dienstag;Mittwoch;Donnerstag;Freitag;Samstag;Stunden",
        "N°;Nom;Magasin;Lundi;Mardi;Mercredi;Jeudi;Vendredi;Samedi;Heures",
        "Lp.;Pracownik;Sklep;Pon;Wt;Śr;Czw;Pt;Sob;Godziny",
    ],
)  # fmt: skip
def test_a_work_schedule_is_refused(header: str) -> None:
    rows = "1;Joana;Porto;9-17;9-17;;9-17;9-17;;32\n2;Rui;Porto;;12-20;12-20;12-20;12-20;10-18;40\n"
    with pytest.raises(UnreadableFeed, match="plan of work"):
        read(f"{header}\n{rows}")


def test_a_list_with_prices_can_have_columns_for_days() -> None:
    header = "SKU;Name;Price;Mon;Tue;Wed;Thu;Fri;Sat"
    reading = read(f"{header}\nA;Rye bread;4,20;x;x;;x;x;\nB;Bun;1,60;;x;x;x;x;x\n")
    assert [product.sku for product in reading.products] == ["A", "B"]
