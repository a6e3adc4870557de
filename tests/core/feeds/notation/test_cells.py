"""Tests how one cell is converted to one value, and which cells are refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from wecelebrate.feeds.items import BadCell
from wecelebrate.feeds.notation.convert import (
    MAX_LENGTH,
    attributes_of_lines,
    boolean,
    editor_text,
    first_category,
    image_address,
    image_addresses,
    limited_text,
    single_line,
    sku,
    split_images,
)


def code_of(convert: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(BadCell) as error:
        convert(*arguments)
    return error.value.code


def test_a_sku_has_from_1_to_200_characters() -> None:
    assert sku("1") == "1"
    assert sku("A" * 200) == "A" * 200
    assert code_of(sku, "A" * 201) == "too_long"
    assert code_of(sku, "") == "empty"


def test_maximum_cell_lengths_are_equal_to_maximum_field_lengths() -> None:
    assert MAX_LENGTH == {"sku": 200, "name": 500, "description": 100_000, "category": 300, "brand": 300}


@pytest.mark.parametrize("cell", ["A\tB", "A\nB", "\x00", "A\x7f", "A\x9f", "A\u2028", "A\ud800"], ids=ascii)
def test_a_sku_with_a_control_character_is_refused(cell: str) -> None:
    assert code_of(sku, cell) == "control_character"


@pytest.mark.parametrize("cell", ["4,0061E+12", "4.00612E+12", "4E+12"])
def test_a_sku_that_a_spreadsheet_has_rounded_is_refused(cell: str) -> None:
    assert code_of(sku, cell) == "rounded_number"


@pytest.mark.parametrize("cell", ["A4.0E+12", "4.0E+12B", "4.0E12", "E+", "A B", "Ä-1", "A\u00a0B"])
def test_a_sku_that_is_not_a_rounded_number_is_not_changed(cell: str) -> None:
    assert sku(cell) == cell


def test_a_text_can_contain_line_breaks_and_tabs_but_no_other_control_characters() -> None:
    assert limited_text("a\n\tb\u00a0", 10) == "a\n\tb\u00a0"
    assert code_of(limited_text, "a\x07b", 10) == "control_character"


def test_a_text_that_is_too_long_is_refused() -> None:
    assert limited_text("abc", 3) == "abc"
    assert code_of(limited_text, "abcd", 3) == "too_long"


@pytest.mark.parametrize(
    ("cell", "line"), [("a\nb", "a b"), ("a\r\n b", "a b"), ("a\t\tb", "a b"), ("a  b", "a  b"), ("a\n\n", "a")]
)
def test_the_lines_of_a_cell_are_joined_with_a_space(cell: str, line: str) -> None:
    assert single_line(cell, 10) == line


def test_the_length_of_a_cell_is_checked_after_its_lines_are_joined() -> None:
    assert single_line("a\n\n\nb", 3) == "a b"
    assert code_of(single_line, "a\nbc", 3) == "too_long"


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1", True), (" Ja ", True), ("PUBLISHED", True), ("✓", True), ("0", False), ("-1", False), ("Nein", False)],
)
def test_words_for_yes_and_no_are_recognised(cell: str, value: bool) -> None:
    assert boolean(cell) is value


@pytest.mark.parametrize("cell", ["", "maybe", "2", "yes no"])
def test_a_word_that_does_not_mean_yes_or_no_is_refused(cell: str) -> None:
    assert code_of(boolean, cell) == "not_yes_or_no"


@pytest.mark.parametrize(
    ("cell", "addresses"),
    [
        ("https://a.test/1.jpg", ["https://a.test/1.jpg"]),
        ("https://a.test/1.jpg,https://a.test/2.jpg", ["https://a.test/1.jpg", "https://a.test/2.jpg"]),
        ("a.jpg, b.PNG ;c.webp", ["a.jpg", "b.PNG", "c.webp"]),
        ("a.jpg\nb c.jpg\n\n", ["a.jpg", "b c.jpg"]),
        (" a.jpg | b.jpg |", ["a.jpg", "b.jpg"]),
        ("//a.test/1;//a.test/2", ["//a.test/1", "//a.test/2"]),
        ("https://a.test/1 https://a.test/2", ["https://a.test/1", "https://a.test/2"]),
        ("https://a.test/c_fit,w_300/1", ["https://a.test/c_fit,w_300/1"]),
        ("", []),
    ],
)
def test_a_cell_with_several_image_addresses_is_split(cell: str, addresses: list[str]) -> None:
    assert split_images(cell) == addresses
    assert image_addresses(cell) == addresses


def test_an_image_address_has_at_most_2048_characters() -> None:
    longest = "https://a.test/".ljust(2048, "a")
    assert image_addresses(longest) == [longest]
    assert image_address(longest) == longest
    assert code_of(image_addresses, f"{longest}a") == "too_long"
    assert code_of(image_addresses, f"a.jpg\n{longest}a") == "too_long"


def test_a_cell_with_image_addresses_has_at_most_102400_characters() -> None:
    cell = "a.jpg\n".ljust(102_400, "\n")
    assert image_addresses(cell) == ["a.jpg"]
    assert code_of(image_addresses, f"{cell}\n") == "too_long"
    assert split_images(f"{cell}b.jpg") == ["a.jpg"]
    assert split_images(f"{cell[:-1]}b.jpg") == ["a.jpg", "b"]


@pytest.mark.parametrize("address", ["ftp://a.test/1.jpg", "javascript:alert(1)", "data:image/png;base64,AA", "a\x01b"])
def test_an_image_address_must_use_http_and_contain_no_control_character(address: str) -> None:
    assert code_of(image_address, address) == "not_an_address"


@pytest.mark.parametrize("address", ["HTTP://a.test/1.jpg", "images/1.jpg", "/1.jpg", "//a.test/1.jpg", "1.jpg"])
def test_image_addresses_and_relative_paths_are_not_changed(address: str) -> None:
    assert image_address(address) == address


@pytest.mark.parametrize(
    ("cell", "attributes"),
    [
        ("", {}),
        ("Colour: red\nSize: L", {"Colour": "red", "Size": "L"}),
        ("Colour: \nSize\nTime: 12: 30", {"Time": "12: 30"}),
        ("N" * 101 + ": 1", {"N" * 100: "1"}),
        ("a: " + "x" * 5000 + "\nb: " + "x" * 5001, {"a": "x" * 5000}),
    ],
)
def test_each_line_of_a_cell_can_contain_one_attribute(cell: str, attributes: dict[str, str]) -> None:
    assert attributes_of_lines(cell) == attributes


def test_a_cell_has_at_most_a_hundred_attributes() -> None:
    attributes = attributes_of_lines("\n".join(f"{number}: x" for number in range(101)))
    assert list(attributes) == [str(number) for number in range(100)]


@pytest.mark.parametrize(
    ("cell", "category"),
    [
        ("Home > Mugs, Gifts", "Home > Mugs"),
        ("Mugs | Gifts", "Mugs"),
        ("Mugs\nGifts\nMore", "Mugs"),
        ("Mugs,Gifts", "Mugs"),
        ("Soap\\, Cream, Gifts", "Soap, Cream"),
        ("Mugs", "Mugs"),
        ("", ""),
    ],
)
def test_the_first_of_several_categories_is_used(cell: str, category: str) -> None:
    assert first_category(cell) == category


def test_each_editor_block_with_text_becomes_a_line() -> None:
    texts = ["A &amp; B", None, "", 7]
    blocks = [{"type": "paragraph", "data": {} if text is None else {"text": text}} for text in texts]
    assert editor_text(json.dumps({"blocks": blocks})) == "A & B\n7"


@pytest.mark.parametrize(
    "cell", ["plain", "{broken", "{}x", '{"blocks": [1]}', '{"blocks": [{}]}', '[{"a": 1}]', "{" * 9]
)
def test_a_text_without_editor_blocks_is_not_changed(cell: str) -> None:
    assert editor_text(cell) == cell
    assert editor_text("{}") == ""
