"""Tests that a spreadsheet does not treat a text in a CSV file as a formula, and that a reader gets the original
text.
"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wecelebrate.core.formula_quotes import is_computed, quoted, quoted_cells, unquoted, unquoted_start

SIGNS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
TEXTS = st.text(st.sampled_from(SIGNS + "'a1; ") | st.characters(exclude_categories=["Cs"]), max_size=8)


@given(TEXTS)
@example("'")
@example("''=")
def test_quoting_and_unquoting_does_not_change_a_text(text: str) -> None:
    assert unquoted(quoted(text)) == text


@given(TEXTS)
def test_no_cell_of_a_quoted_text_begins_with_a_formula_character(text: str) -> None:
    for separator in (None, ";", "\t", "\n", "\r"):
        cells = quoted(text).split(separator) if separator else [quoted(text)]
        assert not {cell[:1] for cell in cells} & set("=+-@\uff1d\uff0b\uff0d\uff20")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+49 151 23456789", "'+49 151 23456789"),
        ("-0.02", "'-0.02"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("Ann;=1+1;", "Ann;'=1+1;"),
        ("Ann\n=1+1;;-2", "Ann\n'=1+1;;'-2"),
        ("red; - blue", "red; - blue"),
        ("One paragraph\n\nand\r\nanother", "One paragraph\n\nand\r\nanother"),
        ("a\t\tb;\n", "a\t\tb;\n"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("'=1", "''=1"),
        ("''-", "'''-"),
        ("'90s mug", "'90s mug"),
        ("it's = 3", "it's = 3"),
        ("", ""),
    ],
)
def test_a_quote_is_added_only_before_a_formula_character(text: str, cell: str) -> None:
    assert quoted(text) == cell


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("'=1;'=2", "=1;'=2"),
        ("size 5;'-2' gap", "size 5;'-2' gap"),
        ("''-", "'-"),
        ("'90s mug", "'90s mug"),
        ("'", "'"),
    ],
)
def test_only_the_first_quote_is_removed_from_texts_of_other_systems(cell: str, text: str) -> None:
    assert unquoted_start(cell) == text


def test_a_number_is_not_quoted() -> None:
    assert quoted_cells(["-0.02", "-1,234.50", "-5 kg", "+4915123456", "-"]) == [
        "-0.02", "-1,234.50", "'-5 kg", "'+4915123456", "'-",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["=1", "+1", "-0.02", "@A1", "\t=1", "\r", "\n1", "'=1", "''-1", "\uff1d1", "\uff201"])
def test_is_computed_returns_true_for_a_text_that_a_spreadsheet_treats_as_a_formula(text: str) -> None:
    assert is_computed(text)


@pytest.mark.parametrize("text", ["", "1", "a=1", " =1", "'90s", "Ann;=1+1", "\u22121"])
def test_is_computed_returns_false_for_a_text_that_does_not_begin_like_a_formula(text: str) -> None:
    assert not is_computed(text)
