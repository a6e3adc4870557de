"""Tests states in exports of ERP systems and tills: codes without a legend, web shop states, and columns about
offers.
"""

import pytest

from tests.core.feeds.feed_reading import Reading, read


def _states(reading: Reading) -> list[str]:
    stated = ("is_active" in one.fields_set for one in reading.products)
    return [("i", "a")[one.is_active] if known else "?" for one, known in zip(reading.products, stated, strict=True)]


def _read(names: str, *values: str) -> Reading:
    rows = (f"A{at};Cup {at};4.20;{value}\n" for at, value in enumerate(values))
    return read(f"SKU;Name;Price;{names}\n{''.join(rows)}")


@pytest.mark.parametrize("name", ["Estatus", "Status", "Stav", "状態", "Situação"])
def test_codes_such_as_1_2_and_3_without_a_legend_are_unknown_states(name: str) -> None:
    reading = _read(name, "1", "2", "3", "1")
    assert _states(reading) == ["?"] * 4
    assert not any(one.is_active for one in reading.products)
    assert {warning["code"] for warning in reading.feed.warnings.as_json()} == {"unknown_state"}


@pytest.mark.parametrize(("name", "values"), [("Status", ("1", "0", "1")), ("Active", ("1", "2", "1"))])
def test_the_codes_0_and_1_are_states(name: str, values: tuple[str, ...]) -> None:
    assert _states(_read(name, *values))[0] == "a"


def test_the_words_for_states_override_the_codes_for_states() -> None:
    assert _states(_read("公開ステータス(ID);公開ステータス(名称)", "1;公開", "2;非公開")) == ["a", "i"]


@pytest.mark.parametrize(
    ("names", "values"),
    [("Actif;Publié sur le Web", ("Oui;Oui", "Oui;Non", "Non;Oui")),
     ("Aktiv;Im Webshop anzeigen", ("ja;ja", "ja;nein", "nein;ja")),
     ("Is variation visible? (Yes/No);Display item in Online Store? (Yes/No)", ("Yes;Yes", "Yes;No", "No;Yes"))],
)  # fmt: skip
def test_a_product_is_active_only_if_erp_system_and_web_shop_show_it(names: str, values: tuple[str, ...]) -> None:
    assert _states(_read(names, *values)) == ["a", "i", "i"]


@pytest.mark.parametrize("name", ["disponivel", "Available", "Disponible", "Lieferbar"])
def test_a_product_that_is_in_stock_but_not_available_is_inactive(name: str) -> None:
    reading = read(f"SKU;Name;Price;Stock;{name}\nA;Cup;4.20;6;1\nB;Mug;5.20;0;1\nC;Jug;6.20;30;0\n")
    assert _states(reading) == ["a", "a", "i"]


def test_the_state_in_a_physical_shop_does_not_affect_the_web_shop() -> None:
    assert _states(_read("Actif;En boutique", "Oui;Non", "Oui;Oui", "Non;Oui")) == ["a", "a", "i"]


@pytest.mark.parametrize("name", ["On sale in Online Store?", "On sale", "On sale online"])
def test_a_product_without_a_reduced_price_is_active(name: str) -> None:
    reading = _read(f"{name};Display item in Online Store?", "No;Yes", "No;Yes", "Yes;Yes")
    assert _states(reading) == ["a", "a", "a"]


@pytest.mark.parametrize("name", ["Disattivo", "Blokováno pro prodej", "Arsip", "Disattivato", "Blokowane"])
def test_other_usual_column_names_for_inactive_are_recognised(name: str) -> None:
    assert _states(_read(name, "Yes", "No", "No")) == ["i", "a", "a"]


@pytest.mark.parametrize(("name", "values"), [("New", ("x", "", "")), ("UK", ("", "x", "")), ("Art", ("A", "A", "X"))])
def test_ordinary_short_column_names_cause_no_warning_about_states(name: str, values: tuple[str, ...]) -> None:
    assert not _read(name, *values).feed.warnings.as_json()


def test_a_short_column_name_with_unknown_codes_causes_a_warning() -> None:
    assert {warning["code"] for warning in _read("KZ", "x", "", "").feed.warnings.as_json()} == {"unread_state"}
