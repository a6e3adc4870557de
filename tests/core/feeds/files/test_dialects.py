"""Tests how the delimiter, the quotes, the escape character and the header of a file are detected."""

from collections.abc import Sequence

import pytest

from wecelebrate.feeds.files.dialect import Dialect, detect, find_header, read, read_numbered

KNOWN = {"sku", "name", "price"}


def count_known(cells: Sequence[str]) -> int:
    return sum(cell in KNOWN for cell in cells)


def detected(text: str, delimiter: str | None = None) -> Dialect:
    return detect(text.splitlines(keepends=True), count_known, delimiter)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ":", "^", "~", "§", "¦", "\x1f", "\x01", "#", "!"])
def test_the_delimiter_that_yields_the_most_known_columns_is_used(delimiter: str) -> None:
    text = f"sku{delimiter}name\nA,1{delimiter}Mug; red\n"
    assert detected(text) == Dialect(delimiter)


def test_known_columns_count_more_than_rows_of_equal_width() -> None:
    assert detected("a,b;sku;c,d\n1,2;3,4\n5,6;7,8\n").delimiter == ";"


def test_without_known_columns_the_delimiter_with_rows_of_equal_width_is_used() -> None:
    assert detected("a;b,c\n1;2\n3;4\n5;6,7\n").delimiter == ";"
    # The score of the comma, (3 - 1) × (2 / 4)², is less than the score of the semicolon, (2 - 1) × (4 / 4)².
    assert detected("a,b,c;d\n1,2,3;4\n5;6\n7;8\n").delimiter == ";"
    # The score of the comma, (4 - 1) × (3 / 4)², is more than the score of the semicolon, (2 - 1) × (4 / 4)².
    assert detected("a,b,c,d;e\n1,2,3,4;5\n6,7,8,9;0\n1;2\n").delimiter == ","
    # If two widths are equally common, the score uses the larger width. The score of the comma, (3 - 1) × (1 / 2)², is
    # less than 1.
    assert detected("a,b,c;d\n1,2;3\n").delimiter == ";"
    # The score of the semicolon is 1 in both texts. The score of the comma is (4 - 1) × (1 / 2)² = 0.75 in the first
    # text, and (6 - 1) × (1 / 2)² = 1.25 in the second text.
    assert detected("a,b,c,d;e\n1;2\n").delimiter == ";"
    assert detected("a,b,c,d,e,f;g\n1;2\n").delimiter == ","


def test_the_most_common_width_is_used_even_if_one_row_is_much_wider() -> None:
    assert detected("a;b,c\n" * 3 + "a;b\na\na;b;c;d;e;f\n").delimiter == ";"
    assert detected("1;2\na,b,c,d,e,f;g\n").delimiter == ","


def test_lines_inside_quotes_are_not_rows() -> None:
    assert detected('x;"a,b\nc,d\ne,f\ng,h";y\n').delimiter == ";"


def test_a_delimiter_is_detected_even_if_few_rows_contain_it() -> None:
    assert detected("a\nb;c\nd\n").delimiter == ";"
    assert detected(";;\n").delimiter == ";"


def test_a_file_with_one_column_has_the_default_delimiter() -> None:
    assert detected("a\nb\n") == Dialect(",")
    assert detected("") == Dialect(",")
    assert detected("sku\n1\n", delimiter="|") == Dialect("|")


def test_the_delimiter_option_overrides_the_detection() -> None:
    assert detected("sku,name,price\n1,2,3\n", delimiter=";").delimiter == ";"


def test_the_detection_uses_twenty_rows_for_the_header_and_a_hundred_rows_for_widths() -> None:
    titles = "x\n" * 19
    assert detected(f"{titles}sku;name,b,c\n").delimiter == ";"
    assert detected(f"x\n{titles}sku;name,b,c\n").delimiter == ","
    # The first 100 rows are 50 rows of two cells and 50 rows of one cell. The detection ignores row 101.
    for even in ("a;b\n" * 50 + "c\n" * 50, "c\n" * 50 + "a;b\n" * 50):
        assert detected(even + "d,e,f,g,h\n" * 100).delimiter == ";"


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("sku,name\n'1','a, b'\n'2','c, d'\n", "'"),
        ("'sku','name'\r\n'1','a'\r\n", "'"),
        ('sku,name\n"1","it\'s"\n', '"'),
        # Less than half of the lines have a cell in single quotes.
        ("sku,name\n1,'a'\n2,b\n3,c\n", '"'),
        ("sku,name\n1,'a'\n", '"'),
        ("sku,name\n'1','a'\n", "'"),
        # The number of double quotes equals the number of cells in single quotes.
        ("sku,name\n'1','a \"b\"'\n", '"'),
        ("sku,name\n'1','a b\"'\n", "'"),
        ("sku,name\n'1','a \"b\" \"c\"'\n", '"'),
    ],
)
def test_single_quotes_are_used_if_they_enclose_most_cells(text: str, quote: str) -> None:
    assert detected(text).quote == quote


@pytest.mark.parametrize(
    ("cell", "escape"),
    [(r'"5\" tube"', "\\"), (r'"C:\dir\"', None), ('"5"" tube"', None), (r'"a\\"', None)],
)
def test_a_backslash_before_a_quote_inside_a_cell_is_an_escape_character(cell: str, escape: str | None) -> None:
    assert detected(f"sku,name\n1,{cell},x\n").escape == escape


@pytest.mark.parametrize(
    ("text", "skip_space"),
    [
        ('sku, "name"\n1, "a, b"\n', True),
        ('sku,   "name"\n', True),
        ('sku,"name"\n1, "a"\n', True),
        ('sku,name\n1, "a\n', True),
        ('sku,"name"\n1,"a, b"\n', False),
        ('sku,name "x"\n', False),
        # The detection uses only spaces after a delimiter.
        (' "sku",name\n', False),
        # The quote after the space ends a cell, or is part of the text of a cell.
        ('sku,"name"\n1,"a, "\n', False),
        ('sku,"name"\n1,"a, ""b"""\n', False),
        ('sku,"name"\n1,"a\n, "\n', False),
        ('sku,"name"\n1,"a, "\n2, "b"\n', True),
    ],
)
def test_spaces_between_a_delimiter_and_a_quote_are_skipped(text: str, skip_space: bool) -> None:
    assert detected(text).skip_space is skip_space


def test_a_single_space_before_a_quote_can_be_the_delimiter() -> None:
    assert detected('sku "name"\n', delimiter=" ").skip_space is False
    assert detected('sku  "name"\n', delimiter=" ").skip_space is True


def test_each_row_is_read_with_the_line_number_of_its_last_line() -> None:
    lines = ["sku,name\n", '1,"a\n', 'b"\n', "2,c\n"]
    assert list(read_numbered(lines, Dialect(","))) == [(["sku", "name"], 1), (["1", "a\nb"], 3), (["2", "c"], 4)]
    assert read(["a\0b\n"], Dialect(",")) in ([["a\0b"]], [])
    assert read(["1; 'a; b'\n"], Dialect(";", quote="'", skip_space=True)) == [["1", "a; b"]]


def test_reading_stops_at_the_first_error() -> None:
    assert read(["a,b\n", "c\rd\n", "e,f\n"], Dialect(",")) == [["a", "b"]]


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ([["sku", "name"], ["1", "a"]], 0),
        ([["Products"], [], ["sku", "name"], ["sku", "b"]], 2),
        ([["sku"], ["sku", "name"], ["sku", "name", "x"]], 1),
        # Without known columns, the row with the most cells is the header.
        ([["Title", ""], ["a", "b"], ["c", "d"]], 1),
        ([["", " ", "\t"], ["a"]], 1),
        ([], 0),
        ([["x"]] * 19 + [["sku"]], 19),
        ([["x"]] * 20 + [["sku"]], 0),
    ],
)
def test_the_header_is_the_first_row_with_the_most_known_columns(rows: list[list[str]], header: int) -> None:
    assert find_header(rows, count_known) == header
