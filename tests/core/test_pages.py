"""Tests that a cursor is signed, and is valid only for one list and its filters."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from wecelebrate.core import pages
from wecelebrate.core.errors import BadCursor
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.settings import settings

LAST = {"after_key": "Größe \N{WRAPPED PRESENT} \"'\\", "after_id": "x"}


class Parameters(ListParameters):
    q: str | None = None


@pytest.fixture(autouse=True)
def signing_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WC_SIGNING_KEY", "a key")
    settings.cache_clear()
    yield
    settings.cache_clear()


def list_request(**parameters: Any) -> dict[str, Any]:
    """Return a dict with the name and the filters of a list. The tests create cursors for this list."""
    return pages.list_request("things", Parameters(**parameters))


def assert_refused(cursor: str, **parameters: Any) -> None:
    with pytest.raises(BadCursor):
        pages.decode(cursor, list_request(**parameters))


def test_decoding_a_cursor_returns_the_encoded_keys() -> None:
    cursor = pages.encode(LAST, list_request(q="a"))
    assert pages.decode(cursor, list_request(q="a")) == LAST
    assert cursor.isascii() and "=" not in cursor and '"' not in cursor


def test_a_cursor_is_valid_with_a_different_limit() -> None:
    assert pages.decode(pages.encode(LAST, list_request(limit=2)), list_request(limit=9, cursor="c")) == LAST


def test_a_cursor_of_a_different_list_or_of_different_filters_is_refused() -> None:
    assert_refused(pages.encode(LAST, list_request(q="a")), q="b")
    assert_refused(pages.encode(LAST, list_request(q="a")))
    assert_refused(pages.encode(LAST, pages.list_request("other things", Parameters())))
    assert_refused(pages.encode(LAST, pages.list_request("things", Parameters(), owner="b")))


def test_a_cursor_with_the_signature_of_a_different_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cursor = pages.encode(LAST, list_request())
    monkeypatch.setenv("WC_SIGNING_KEY", "another key")
    settings.cache_clear()
    assert_refused(cursor)


def test_a_modified_cursor_is_refused() -> None:
    cursor = pages.encode(LAST, list_request())
    for at in range(len(cursor)):
        for character in "AB-!":
            if cursor[at] != character:
                assert_refused(cursor[:at] + character + cursor[at + 1 :])
        assert_refused(cursor[:at] + "!" + cursor[at:])
        assert_refused(cursor[:at] + cursor[at + 1 :])
    for suffix in ("=", "==", "A", "\n", " "):
        assert_refused(cursor + suffix)


@given(st.text(max_size=200))
def test_any_text_that_is_not_a_cursor_is_refused(text: str) -> None:
    assert_refused(text)


@given(st.binary(max_size=100))
def test_any_base64_text_without_a_signature_is_refused(data: bytes) -> None:
    assert_refused(base64.urlsafe_b64encode(data).decode())


def test_a_request_without_a_cursor_gets_the_first_page() -> None:
    assert pages.decode(None, list_request()) == {}
    assert pages.start_after(None, list_request(), pages.BY_NAME) == pages.BY_NAME


def test_a_cursor_for_another_sort_order_is_refused() -> None:
    """The cursors of the previous release contain `after_name`. The sort order now needs `after_folded_name`."""
    row = {"after_folded_name": "zebra", "after_id": "1"}
    assert pages.start_after(pages.encode(row, list_request()), list_request(), pages.BY_NAME) == row
    for other in ({"after_name": "Zebra", "after_id": "1"}, {"after_id": "1"}, {**row, "after_time": "2026-01-01"}):
        with pytest.raises(BadCursor):
            pages.start_after(pages.encode(other, list_request()), list_request(), pages.BY_NAME)


def rows(items: Sequence[str | None]) -> list[dict[str, Any]]:
    return [{"item": item, "after_id": str(number)} for number, item in enumerate(items)]


def response_bytes(page: pages.RenderedPage) -> int:
    """Return the size of the Lambda response that contains the page as a string inside its JSON."""
    return len(json.dumps(pages.body(page)[0], ensure_ascii=pages.ASCII_RESPONSES).encode())


@hypothesis_settings(deadline=None, max_examples=25)
@given(
    st.lists(st.sampled_from(['"', "\\", "x", "ä", "\N{WRAPPED PRESENT}", "\x01"]), min_size=1, max_size=12),
    st.integers(1, 12),
)
def test_a_page_ends_before_the_first_row_that_does_not_fit(letters: list[str], limit: int) -> None:
    items = [json.dumps(letter * 200_000, ensure_ascii=False) for letter in letters]
    page = pages.render(rows(items), limit, list_request(), facets='["more"]')
    count = len(json.loads(page.data))
    assert 1 <= count <= limit
    assert json.loads(page.data) == [json.loads(item) for item in items[:count]]
    assert response_bytes(page) <= pages.MAX_RESPONSE_BYTES
    if count < len(items):
        assert page.next_cursor is not None
        assert pages.decode(page.next_cursor, list_request()) == {"after_id": str(count - 1)}
        assert count == limit or (
            response_bytes(replace(page, data=f"[{','.join(items[: count + 1])}]"))
            > pages.MAX_RESPONSE_BYTES - 2 * pages.MAX_CURSOR_LENGTH
        )
    else:
        assert page.next_cursor is None


def test_a_page_ends_before_a_row_without_an_item() -> None:
    page = pages.render(rows(["1", "2", None]), 1000, list_request())
    assert page.data == "[1,2]"
    assert page.next_cursor is not None
    assert pages.decode(page.next_cursor, list_request()) == {"after_id": "1"}


@pytest.mark.parametrize("letter", ["x", "Ж", "\N{WRAPPED PRESENT}", "\x01", '"'])
def test_the_cursor_after_the_longest_name_is_accepted(letter: str) -> None:
    last = {"after_folded_name": letter * 500, "after_id": "0" * 36}
    cursor = pages.encode(last, list_request())
    assert pages.decode(Parameters(cursor=cursor).cursor, list_request()) == last


def test_a_page_has_50_rows_by_default_and_at_most_1000_rows() -> None:
    assert ListParameters().limit == 50
    for limit in (1, 1000):
        assert ListParameters(limit=limit).limit == limit
    for limit in (0, 1001):
        with pytest.raises(ValidationError):
            ListParameters(limit=limit)


def test_a_cursor_has_at_most_6144_characters() -> None:
    assert ListParameters(cursor="c" * 6144).cursor == "c" * 6144
    with pytest.raises(ValidationError):
        ListParameters(cursor="c" * 6145)


ROOM = 5_900_000 - 6144 - 1024
"""The maximum size of the rows of a page: the maximum size of a response, minus the cursor and the JSON around it."""


@pytest.mark.parametrize(
    ("sizes", "count"),
    # A row has one more byte than its item, because a comma follows the item.
    [
        ([ROOM // 2 - 1, ROOM // 2 - 1], 2),
        ([ROOM // 2 - 1, ROOM // 2], 1),
        ([ROOM], 1),
        ([ROOM, 1], 1),
        ([ROOM - 3, 1], 2),
    ],
)
def test_the_rows_of_a_page_have_at_most_5892832_bytes(sizes: list[int], count: int) -> None:
    assert ROOM == 5_892_832
    page = pages.render(rows(["1" * size for size in sizes]), 1000, list_request())
    assert page.data.count(",") == count - 1
    assert (page.next_cursor is None) == (count == len(sizes))


def test_additional_fields_of_a_page_leave_less_space_for_rows() -> None:
    # The name `facets` has 6 characters. Its value has 4 characters, and 2 of them are escaped.
    facets = {"facets": '["a"]'[1:-1] + "1"}
    size = ROOM - (6 + 4 + 2) - 2 - 100
    for last, count in ((100, 2), (101, 1)):
        page = pages.render(rows(["1" * size, "1" * last]), 1000, list_request(), **facets)
        assert page.data.count(",") == count - 1


def test_a_character_outside_the_basic_plane_has_12_bytes_in_an_ascii_response(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "ASCII_RESPONSES", True)
    gift = "\N{WRAPPED PRESENT}"
    page = pages.render(rows([gift * 250_000, gift * 250_000]), 1000, list_request())
    assert page.next_cursor is not None
    # A row has 491 characters of 12 bytes, and a comma. 999 rows have 5,887,107 bytes, and one more row does not fit.
    page = pages.render(rows([gift * 491] * 1000), 1000, list_request())
    assert page.data.count(",") == 998
    monkeypatch.setattr(pages, "ASCII_RESPONSES", False)
    page = pages.render(rows([gift * 250_000, gift * 250_000]), 1000, list_request())
    assert page.next_cursor is None


@pytest.mark.parametrize("text", ["", "a", 'a"b\\c', "ä", 'ä"\\', "\N{WRAPPED PRESENT}x", "Жä"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_computed_size_of_a_text_is_its_size_inside_a_json_string(
    monkeypatch: pytest.MonkeyPatch, text: str, ascii_only: bool
) -> None:
    monkeypatch.setattr(pages, "ASCII_RESPONSES", ascii_only)
    assert pages._bytes_as_json(text) == len(json.dumps(text, ensure_ascii=ascii_only).encode()) - 2


@pytest.mark.parametrize(
    ("version", "is_ascii"), [((3, 11, 9), True), ((3, 12), False), ((3, 12, 0), False), ((3, 13, 0), False)]
)
def test_a_runtime_with_a_python_version_below_3_12_encodes_responses_in_ascii(
    version: tuple[int, ...], is_ascii: bool
) -> None:
    assert pages._encodes_in_ascii(version) is is_ascii


def test_the_response_body_of_a_page_contains_rows_cursor_and_additional_fields() -> None:
    page = pages.RenderedPage("[1,2]", "abc", {"facets": "{}"})
    assert pages.body(page) == ('{"data":[1,2],"next_cursor":"abc","has_more":true,"facets":{}}', "abc")
    last = pages.RenderedPage("[]", None)
    assert pages.body(last) == ('{"data":[],"next_cursor":null,"has_more":false}', None)


def test_the_link_to_the_next_page_contains_all_given_parameters() -> None:
    link = pages.next_link("/v1/products", {"q": "a b", "limit": 2, "brand": None, "cursor": "old"}, "new")
    assert link == '</v1/products?q=a+b&limit=2&cursor=new>; rel="next"'


def test_a_page_without_rows_is_the_last_page() -> None:
    assert pages.render([], 50, list_request()) == pages.RenderedPage("[]", None)
