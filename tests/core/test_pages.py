"""Tests that a cursor is signed, and is valid only for the list and the filters for which it was created."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_a_cursor_stays_valid_if_the_limit_changes() -> None:
    assert pages.decode(pages.encode(LAST, list_request(limit=2)), list_request(limit=9, cursor="c")) == LAST


def test_a_cursor_is_refused_for_a_different_list_and_for_different_filters() -> None:
    assert_refused(pages.encode(LAST, list_request(q="a")), q="b")
    assert_refused(pages.encode(LAST, list_request(q="a")))
    assert_refused(pages.encode(LAST, pages.list_request("other things", Parameters())))
    assert_refused(pages.encode(LAST, pages.list_request("things", Parameters(), owner="b")))


def test_a_cursor_is_refused_if_it_is_signed_with_a_different_key(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_list_starts_at_the_beginning_if_the_request_has_no_cursor() -> None:
    assert pages.decode(None, list_request()) == {}
