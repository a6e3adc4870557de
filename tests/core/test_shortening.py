"""Tests how a JSON value is shortened until it fits in its column."""

from typing import Any

import pytest

from wecelebrate.core.models import json_bytes
from wecelebrate.core.shortening import shortened, shortened_text


@pytest.mark.parametrize(
    ("text", "shorter"), [("", ""), ("abcd", "abcd"), ("abcde", "abcde"), ("abcdef", "abcd…"), ("abcdefg", "abcd…")]
)
def test_a_shortened_text_ends_with_an_ellipsis(text: str, shorter: str) -> None:
    assert shortened_text(text, 5) == shorter


def test_a_value_that_fits_is_not_changed() -> None:
    value = {"text": "a" * 10_000, "list": [1, 2.5, None, True]}
    assert shortened(value, json_bytes(value)) is value
    assert shortened(value, 1_000_000) is value


@pytest.mark.parametrize(
    ("max_bytes", "text_length", "members"),
    # The first copy has texts of 2,000 characters, and lists and objects with 200 items. The limits of the second copy
    # are 500 characters and 50 items. The limits of the third copy are 100 characters and 20 items.
    [(40_000, 2_000, 200), (1_500, 500, 50), (500, 100, 20)],
)
def test_a_shortened_value_has_shorter_texts_and_fewer_items(max_bytes: int, text_length: int, members: int) -> None:
    value = {"text": "a" * 100_000, "list": list(range(1_000)), "more": {str(each): each for each in range(1_000)}}
    copy = shortened(value, max_bytes)
    assert copy == {
        "text": "a" * (text_length - 1) + "…",
        "list": list(range(members)),
        "more": {str(each): each for each in range(members)},
    }
    assert json_bytes(copy) <= max_bytes


def test_a_copy_with_exactly_the_maximum_size_is_not_shortened_further() -> None:
    value = ["a" * 3_000]
    first, second = ["a" * 1_999 + "…"], ["a" * 499 + "…"]
    assert shortened(value, json_bytes(first)) == first
    assert shortened(value, json_bytes(first) - 1) == second


def test_nested_values_are_removed_if_the_shortest_copy_is_too_large() -> None:
    value: dict[str, Any] = {
        "kind": "sync",
        "done": 7,
        "rows": [["a" * 100] * 20] * 20,
        "more": {"a": ["b" * 100] * 20},
    }
    assert shortened(value, 500) == {"kind": "sync", "done": 7}
    assert shortened({**value, "text": "a" * 5_000}, 500) == {"kind": "sync", "done": 7, "text": "a" * 99 + "…"}
    assert shortened([["a" * 100] * 20] * 20, 500) == []


def test_a_long_key_is_shortened_like_a_text() -> None:
    assert shortened({"k" * 5_000: 1}, 3_000) == {"k" * 1_999 + "…": 1}
