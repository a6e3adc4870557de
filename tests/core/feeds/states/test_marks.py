"""Tests flags for deleted and blocked products, state codes in columns with abbreviated names, and words for
"discontinued".
"""

# ruff: noqa: RUF001

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds.states.words import state_of


def file_with(name: str, values: str, names: str = "Mug") -> Reading:
    rows = "".join(f"A-{n};{names} {n};9,50;{n + 3};{value}\n" for n, value in enumerate(values.split("|")))
    return read(f"SKU;Name;Preis;Bestand;{name}\n{rows}")


def states(name: str, values: str) -> list[bool]:
    return [product.is_active for product in file_with(name, values).products]


MARKS = [
    ("LöVorm", "||||X"), ("LöKZ", "||||X"), ("Lö-Kennz.", "||||L"), ("Löschvermerk", "||||x"), ("Del.Flag", "||||X"),
    ("DelInd", "N|N|N|N|Y"), ("DISC_FLG", "0|0|0|0|1"), ("OBS-CODE", "||||07"), ("Sperrvermerk", "||||X"),
    ("VK-Sperre", "||||1"), ("Vertriebssperre", "||||Z1"), ("Sperrgrund", "||||03"), ("MSTAE", "||||Z9"),
    ("VMSTA", "||||02"), ("dt_deleted", "NULL|NULL|NULL|NULL|2024-03-01"), ("Bloqueado p/ venda", "N|N|N|N|S"),
    ("Phase-out", "||||X"), ("Признак удаления", "Нет|Нет|Нет|Нет|Да"), ("Marca baja", "||||S"), ("廃番", "||||○"),
    ("削除区分", "0|0|0|0|1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values"), MARKS, ids=[name for name, _ in MARKS])
def test_a_product_with_a_deletion_flag_or_blocking_flag_is_inactive(name: str, values: str) -> None:
    assert states(name, values) == [True, True, True, True, False]


@pytest.mark.parametrize("name", ["Sperrgut", "Blockware", "Exklusiv", "Disc brake", "Archivbox", "Lot", "Obst"])
def test_a_column_name_that_only_begins_like_a_flag_is_not_a_state(name: str) -> None:
    assert states(name, "||||x") == [True] * 5


@pytest.mark.parametrize(
    ("name", "values"),
    [("Block", "A||||B"), ("Block", "Yes|No|No|No|No"), ("Bloc", "x||||"), ("Block", "||||x"),
     ("Disc Code", "|D1|||D2"), ("Disc Code", "||||X"), ("Del Code", "|2M|||2M"), ("Del Status", "|2-3 days|||"),
     ("Disc Reason", "||||S"),
     ("Code Bloc", "||||7"), ("BLK Code", "||||B"), ("Löschgrund", "||||bei Feuer")],
)  # fmt: skip
def test_a_column_name_that_also_means_discount_or_delivery_is_not_a_state(name: str, values: str) -> None:
    assert states(name, values) == [True] * 5


@pytest.mark.parametrize(
    ("name", "values"),
    [("Block flag", "||||X"), ("Blocked", "||||X"), ("Sales block", "||||Z1"), ("Disc Ind", "||||Y"),
     ("Obsolete code", "||||07"), ("Deletion status", "||||2")],
)  # fmt: skip
def test_the_words_block_and_disc_beside_a_word_for_a_flag_mean_inactive(name: str, values: str) -> None:
    assert states(name, values) == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("name", "values"),
    [("ST", "A|A|A|A|I"), ("ITSTAT", "A|A|A|A|D"), ("S", "A|A|A|A|I"), ("REC-CD", "A|A|A|A|I"), ("Flag", "A|A|A|A|D"),
     ("ACT", "Y|Y|Y|Y|N"), ("ACTV", "1|1|1|1|0"), ("Item Stat", "ACT|ACT|ACT|ACT|DISC")],
)  # fmt: skip
def test_a_letter_in_a_column_with_an_abbreviated_name_is_a_state(name: str, values: str) -> None:
    assert states(name, values) == [True, True, True, True, False]


def test_the_line_of_dashes_in_a_printed_list_is_not_a_state() -> None:
    text = (
        "ITEM     DESCRIPTION        RETAIL  ONHAND  ST\n-------  -----------------  ------  ------  --\n"
        "00001    HEX NUT              1.95      44  A\n00002    HEX BOLT             2.95      12  A\n"
        "00003    WASHER               0.95       9  I\n"
    )
    assert [product.is_active for product in read(text).products] == [True, True, False]


@pytest.mark.parametrize("name", ["Klasse", "Farbe", "Ausführung"])
def test_letters_of_product_classes_are_not_states(name: str) -> None:
    assert states(name, "A|A|A|A|D") == [True] * 5


@pytest.mark.parametrize(
    ("name", "values", "value"), [("AL", "||||AL", "AL"), ("KZ", "||||S", "S"), ("Est", "A|A|A|A|B", "B")]
)
def test_unknown_codes_in_a_short_column_name_cause_a_warning(name: str, values: str, value: str) -> None:
    reading = file_with(name, values)
    assert {"code": "unread_state", "column": name, "value": value, "rows": 1} in reading.feed.warnings.as_json()


@pytest.mark.parametrize(("name", "values"), [("Bio", "||||x"), ("ABC", "A|A|A|A|B"), ("ME", "ST|ST|ST|ST|KG")])
def test_codes_with_another_known_meaning_cause_no_warning(name: str, values: str) -> None:
    assert file_with(name, values).feed.warnings.as_json() == []


ENDED = [
    "Discontinué",
    "discontinuée",
    "DISCONTINUÉS",
    "Abandonnée",
    "Arrêt de fabrication",
    "Fin de production",
    "Descatalogados",
    "Anulada",
    "Fuera de producción",
    "Fuori produzione",
    "Dismessa",
    "Descontinuados",
    "Bloqueada",
    "Uitgelopen",
    "Utgående",
    "Udgåede",
    "Avvecklad",
    "Poistettu valikoimasta",
    "Wycofany z oferty",
    "Vyradené",
    "Zrušené",
    "Ukončený predaj",
    "Снято с производства",
    "Не выпускается",
    "Знято з виробництва",
    "Прекратен",
    "Kaldırıldı",
    "已停产",
    "製造中止",
    "단종됨",
    "생산종료",
    "เลิกจำหน่าย",
    "NRND",
    "Inact.",
    "Obs.",
]


@pytest.mark.parametrize("word", ENDED)
def test_all_forms_of_a_word_for_discontinued_mean_inactive(word: str) -> None:
    assert state_of(word.casefold()) == "inactive"


@pytest.mark.parametrize("word", ["suspension", "interrupteur", "archivbox", "perimeter", "retriever", "obst", "delta"])
def test_a_word_that_only_begins_like_a_word_for_discontinued_is_unknown(word: str) -> None:
    assert state_of(word) == "unknown"


@pytest.mark.parametrize(
    "name",
    ["Mug (discontinued)", "*** OBSOLETE *** Mug", "Bohrer alt (Auslauf)", "Tasse [abgekündigt]",
     "Vaso (descatalogado)", "Tasse (discontinuée)", "Tazza (obsoleta)", "Copo (descontinuados)",
     "Kopp (utgått)", "Чашка (снята с производства)", "カップ【廃番】"],
)  # fmt: skip
def test_a_product_with_discontinued_in_its_name_is_inactive(name: str) -> None:
    reading = read(f"SKU;Name;Preis\nA-1;{name};9,50\nA-2;Mug;9,50\n")
    states_of_rows = [(each.is_active, "is_active" in each.fields_set) for each in reading.products]
    assert states_of_rows == [(False, True), (True, False)]
    assert [entry["code"] for entry in reading.feed.warnings.as_json()] == ["ended_in_name"]


@pytest.mark.parametrize(
    "name",
    ["Lamp (suspended)", "Brake pad (disc)", "Mug (blue)", "Box [closed]", "Frame (retired)", "Game (Discontinuity)",
     "*Discontinuum* Poster", "Signal (discontinuous)", "Poster (Obsolescence)"],
)  # fmt: skip
def test_a_remark_in_the_name_that_describes_the_product_is_not_a_state(name: str) -> None:
    assert read(f"SKU;Name;Preis\nA-1;{name};9,50\n").product.is_active


def test_a_state_column_overrides_a_remark_in_the_product_name() -> None:
    text = "SKU;Name;Preis;Status\nA-1;Mug (discontinued);9,50;aktiv\nA-2;Cup;9,50;inaktiv\n"
    assert [product.is_active for product in read(text).products] == [True, False]


@pytest.mark.parametrize("name", ["Herkunft", "Size", "Land", "MwSt", "Klasse", "Taglia", "País", "Größe"])
def test_the_letters_a_and_i_in_an_unrelated_column_are_not_states(name: str) -> None:
    assert states(name, "A|A|I") == [True, True, True]


@pytest.mark.parametrize("name", ["Cd", "S"])
def test_a_column_named_cd_is_a_state_only_with_the_letters_a_and_i(name: str) -> None:
    assert states(name, "A|A|A|A|D") == [True] * 5
    assert states(name, "A|A|A|A|I") == [True, True, True, True, False]
