"""Tests that order imports and order news refuse hostile spellings, as the API does."""

from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest

from wecelebrate.order_files.news.rows import BadRow, rows_of
from wecelebrate.order_imports import values
from wecelebrate.order_imports.values import BadValue, Settings

NUMBERS = (
    "1__0", "1_0", "\u0663", "\u0663.\u0665", "\uff11", "1e2", "+1", "0x10", "1\n", "--1", "1.2.3", "\u2212", "\u00bd",
    "Infinity", "NaN", "", "1\u200b",
)  # fmt: skip
SPELLED = tuple(text for text in NUMBERS if text.strip() not in ("", "1"))
"""The hostile spellings for cells. Spellings that become "" or "1" without the surrounding white space are omitted,
because the reader removes this white space, and an empty cell has no value.
"""
TIMES = (
    "\u0662\u0660\u0662\u0666-01-01", "1e9", "1700000000", "2026-02-30", "2026-13-01", "2026-01-01T25:00", "now", "",
    "2026-01-01T10:00+99:00", "1900-01-01", "9999-12-31", "-2026-01-01",
)  # fmt: skip
EMAILS = (
    "ann..b@x.example",
    "ann@x",
    "@x.example",
    "ann@x.example\n",
    "ann@\u200bx.example",
    "Ann <ann@x.example>",
    "",
)
CURRENCIES = ("ABC", "XXX", "DEM", "CLF", "UYW", " EUR", "EURO", "\u20acUR", "E\u00dcR", "")
TEXTS = ("\u200b", "\u3164", "a\x07b", "\u2060", "a\0b", "\ud83d", "x" * 201)
DOORS: dict[str, tuple[Callable[[str], Any], tuple[str, ...]]] = {
    "a quantity": (lambda text: values.whole("quantity", text, None), NUMBERS),
    "a quantity with a decimal point": (lambda text: values.whole("quantity", text, "."), NUMBERS),
    "an amount": (lambda text: values.number("unit_price", text, None), NUMBERS),
    "an amount with a decimal comma": (lambda text: values.number("unit_price", text, ","), NUMBERS),
    "an amount with its currency": (lambda text: values.number("unit_price", text, None, "EUR"), NUMBERS),
    "a time": (lambda text: values.moment("created_at", text, Settings()), TIMES),
    "a time with a format": (lambda text: values.moment("created_at", text, Settings(date_format="%Y-%m-%d")), TIMES),
    "an e-mail address": (values.email, EMAILS),
    "a currency": (values.currency, CURRENCIES),
    "a name": (lambda text: values.line("customer_name", text, 200), TEXTS),
    "news: the quantity": (lambda text: news(quantity=text), SPELLED),
    "news: the line": (lambda text: news(line=text), SPELLED),
    "news: the time": (
        lambda text: news(shipped_at=text),
        ("01.02.\u0662\u0660\u0662\u0666", "\u0662\u0660\u0662\u06660102", *filter(None, TIMES)),
    ),
    "news: the carrier": (lambda text: news(carrier=text), TEXTS),
    "news: the number of the parcel": (lambda text: news(tracking_number=text), TEXTS),
    "news: the page of the parcel": (
        lambda text: news(tracking_url=text),
        ("https://", "javascript:alert(1)", "https://u:p@x.example/", "https://x.example:22/", "//x.example/"),
    ),
}
CASES = [(door, text) for door, (_, texts) in DOORS.items() for text in texts]


def news(**cells: str) -> Any:
    return rows_of(1, {"order_number": "R-1", "status": "shipped", "line": "1", **cells}, UTC)


@pytest.mark.parametrize(("door", "text"), CASES, ids=[f"{door}: {text[:20]!a}" for door, text in CASES])
def test_a_hostile_spelling_is_refused(door: str, text: str) -> None:
    with pytest.raises((BadValue, BadRow)):
        DOORS[door][0](text)


@pytest.mark.parametrize("spelling", ["Cafe\u0301", " Caf\u00e9 ", "Caf\u00e9\n"])
def test_all_spellings_of_a_text_are_stored_in_the_same_form(spelling: str) -> None:
    assert values.line("customer_name", spelling, 200) == "Caf\u00e9"
    assert news(carrier=spelling)[0].carrier == "Caf\u00e9"
