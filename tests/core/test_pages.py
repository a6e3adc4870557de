"""Cursors: opaque, signed, and good for one question."""

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


class Asked(ListParameters):
    q: str | None = None


@pytest.fixture(autouse=True)
def signing_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WC_SIGNING_KEY", "a key")
    settings.cache_clear()
    yield
    settings.cache_clear()


def asked(**parameters: Any) -> dict[str, Any]:
    return pages.list_request("things", Asked(**parameters))


def refused(cursor: str, **parameters: Any) -> None:
    with pytest.raises(BadCursor):
        pages.decode(cursor, asked(**parameters))


def test_a_cursor_gives_back_the_keys_it_was_made_of() -> None:
    cursor = pages.encode(LAST, asked(q="a"))
    assert pages.decode(cursor, asked(q="a")) == LAST
    assert cursor.isascii() and "=" not in cursor and '"' not in cursor


def test_a_page_may_be_longer_than_the_one_before() -> None:
    assert pages.decode(pages.encode(LAST, asked(limit=2)), asked(limit=9, cursor="c")) == LAST


def test_another_question_or_another_list_refuses_it() -> None:
    refused(pages.encode(LAST, asked(q="a")), q="b")
    refused(pages.encode(LAST, asked(q="a")))
    refused(pages.encode(LAST, pages.list_request("other things", Asked())))
    refused(pages.encode(LAST, pages.list_request("things", Asked(), owner="b")))


def test_another_key_refuses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cursor = pages.encode(LAST, asked())
    monkeypatch.setenv("WC_SIGNING_KEY", "another key")
    settings.cache_clear()
    refused(cursor)


def test_no_letter_of_it_can_change() -> None:
    cursor = pages.encode(LAST, asked())
    for at in range(len(cursor)):
        for letter in "AB-!":
            if cursor[at] != letter:
                refused(cursor[:at] + letter + cursor[at + 1 :])
        refused(cursor[:at] + "!" + cursor[at:])
        refused(cursor[:at] + cursor[at + 1 :])
    for end in ("=", "==", "A", "\n", " "):
        refused(cursor + end)


@given(st.text(max_size=200))
def test_nothing_else_is_a_cursor(text: str) -> None:
    refused(text)


@given(st.binary(max_size=100))
def test_no_bytes_are_a_cursor(raw: bytes) -> None:
    refused(base64.urlsafe_b64encode(raw).decode())


def test_no_cursor_is_the_beginning() -> None:
    assert pages.decode(None, asked()) == {}
