"""Tests products with an end date, products on hold, and the words for yes and no in every language."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.vocabulary import vocabulary

FLAGS = {
    "ja": "nee", "Ja": "Nej", "JA": "NEI", "Ja ": "Nein", "oui": "non", "sí": "no", "sim": "não", "tak": "nie",
    "kyllä": "ei", "ano": "ne", "igen": "nem", "da": "nu", "да": "нет", "так": "ні", "evet": "hayır", "ναι": "όχι",  # noqa: RUF001 - Turkish and Greek
    "はい": "いいえ", "是": "否", "예": "아니오", "نعم": "لا", "כן": "לא", "بله": "خیر", "ya": "tidak", "có": "không",
    "jah": "ei", "jā": "nē", "taip": "ne", "áno": "nie",
}  # fmt: skip


def states(header: str, *cells: str) -> list[bool | None]:
    rows = "".join(f"A-{number};Mug;12,90;{cell}\n" for number, cell in enumerate(cells))
    return [product.is_active for product in read(f"SKU;Name;Price;{header}\n{rows}").products]


@pytest.mark.parametrize(
    "name",
    ["Utgått dato", "End of life", "Discontinued date", "Auslaufdatum", "Date de fin", "Discontinued since",
     "販売終了日", "Data wycofania", "Fecha de baja", "Date discontinued", "Utgår dato", "Dato udgået"],
)  # fmt: skip
def test_a_product_is_inactive_from_its_end_date(name: str) -> None:
    assert states(name, "", "31.12.2019", "2099-02-01", "2019-12-31") == [True, False, True, False]


@pytest.mark.parametrize(
    "cell", ["31.12.2019", "31/12/2019", "12/31/2019", "31-12-2019", "2019/12/31", "20191231", "31.12.19"]
)
def test_a_past_end_date_is_recognised_in_every_usual_format(cell: str) -> None:
    assert states("Auslaufdatum", "", cell) == [True, False]


@pytest.mark.parametrize("cell", ["31.12.9999", "99991231", "00000000", "0000-00-00"])
def test_an_end_date_that_means_never_does_not_make_a_product_inactive(cell: str) -> None:
    assert False not in states("Auslaufdatum", cell, "01.02.2020")[:1]


def test_the_end_date_of_an_offer_is_not_the_end_date_of_a_product() -> None:
    rows = "A-1;Mug;12,90;01.01.2019;31.01.2019\n"
    reading = read(f"SKU;Nom;Prix;Date de début;Date de fin\n{rows}")
    assert (reading.product.is_active, "is_active" in reading.product.fields_set) == (True, False)


@pytest.mark.parametrize("name", ["On hold", "Paused", "Gepauzeerd", "Sales blocked", "Pausiert"])
def test_a_product_on_hold_is_inactive(name: str) -> None:
    assert states(name, "Nein", "Ja") == [True, False]
    assert states("Status", "aktiv", "On hold") == [True, False]


@pytest.mark.parametrize("yes", FLAGS)
def test_yes_and_no_are_read_in_state_columns_and_in_columns_that_mean_inactive(yes: str) -> None:
    assert states("Aktiv", yes, FLAGS[yes]) == [True, False]
    for name in ("Geblokkeerd", "Utgått", "Gesperrt", "Discontinued", "On hold"):
        assert states(name, yes, FLAGS[yes]) == [False, True]


@pytest.mark.parametrize("language", sorted(vocabulary().by_language))
def test_the_words_for_yes_and_no_in_each_language_are_read_as_states(language: str) -> None:
    tables = vocabulary().by_language[language]
    for word in tables.get("values.yes", ()):
        assert states("Active", word, "no") == [True, False]
        assert states("Discontinued", word, "no") == [False, True]
    for word in tables.get("values.no", ()):
        assert states("Active", word, "yes") == [False, True]
        assert states("Discontinued", word, "yes") == [True, False]


@pytest.mark.parametrize("name", ["販売状況", "公開状況", "销售状况", "판매상황"])
def test_a_column_named_sales_state_is_a_state_column(name: str) -> None:
    assert states(name, "active", "inactive") == [True, False]
    assert states("販売状況", "販売中", "販売終了") == [True, False]
