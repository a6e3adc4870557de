"""Tests the description of how a file is read, and the differences from the previous file of the catalog."""

import json
from typing import Any

import pytest

from tests.core.feeds.feed_reading import FEEDS, Body, Reading
from wecelebrate.feeds import open_feed, propose, refused_currency

FIRST = "Artikelnummer;Bezeichnung;VK\nA;Tasse;12,50\nB;Topf;1.250,00\n"


def read_after(text: str | bytes, memory: dict[str, Any] | None, currency: str = "EUR") -> Reading:
    content = text if isinstance(text, bytes) else text.encode()
    with open_feed(Body(content), "feed.csv", None, currency, memory=memory) as feed:
        questions, changes, reading = feed.questions, feed.changes, feed.reading
        items = list(feed)
    assert (feed.questions, feed.changes, feed.reading) == (questions, changes, reading)
    json.dumps(reading)
    return Reading(feed, items)


@pytest.fixture
def memory() -> dict[str, Any]:
    earlier: dict[str, Any] = json.loads(json.dumps(read_after(FIRST, None).feed.reading))
    return earlier


def test_the_description_of_the_reading_is_known_before_the_first_row() -> None:
    reading = read_after(FIRST, None).feed.reading
    assert {key: reading[key] for key in ("format", "profile", "kind")} == {
        "format": "csv", "profile": "plain", "kind": None,
    }  # fmt: skip
    assert reading["decimal"] == {"mark": ",", "by": "values", "reason": "2 values like 12,50 and 1.250,00"}
    assert (reading["price"], reading["currency"]["source"]) == ({"kind": "plain", "unit_column": None}, "catalog")
    assert [entry["column"] for entry in reading["columns"]["price"]] == ["VK"]


def test_reading_the_same_file_again_reports_no_changes(memory: dict[str, Any]) -> None:
    assert read_after(FIRST, memory).feed.changes == ()


@pytest.mark.parametrize("name", sorted(path.name for path in FEEDS.iterdir() if path.name != "README.md"))
def test_reading_a_sample_file_again_reports_no_changes_and_no_questions(name: str) -> None:
    content = (FEEDS / name).read_bytes()
    first = read_after(content, None).feed.reading
    second = read_after(content, json.loads(json.dumps(first))).feed
    assert (second.changes, second.questions) == ((), ())


def test_the_decimal_separator_of_the_previous_file_is_used_for_unclear_values(memory: dict[str, Any]) -> None:
    reading = read_after("Artikelnummer;VK\nA;1.250\n", memory)
    assert (str(reading.product.price), reading.feed.questions, reading.feed.changes) == ("1250.00", (), ())
    assert reading.feed.reading["decimal"]["by"] == "memory"
    memory["decimal"]["mark"] = "."
    assert str(read_after("Artikelnummer;VK\nA;1.250\n", memory).product.price) == "1.25"


def test_a_decimal_separator_that_was_only_assumed_is_not_remembered() -> None:
    first = read_after("Artikelnummer;VK\nA;1.250\n", None)
    assert len(first.feed.questions) == 1
    assert len(read_after("Artikelnummer;VK\nA;1.250\n", first.feed.reading).feed.questions) == 1


def test_a_changed_decimal_separator_is_used_and_reported(
    memory: dict[str, Any],
) -> None:
    reading = read_after("Artikelnummer;VK\nA;12.50\nB;1,250.00\n", memory)
    assert [str(product.price) for product in reading.products] == ["12.50", "1250.00"]
    (change,) = reading.feed.changes
    assert (change.key, change.subject, change.before, change.now) == ("decimal", "money", ",", ".")
    assert change.text == "The decimal separator is a point, and before it was a comma."


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("Artikelnummer;UVP\nA;15,00\n", [("price", "money", "VK", "UVP")]),
        ("Artikelnummer;Verkaufspreis\nA;15,00\n", [("price", "other", "VK", "Verkaufspreis")]),
        ("SKU;VK\nA;15,00\n", [("sku", "identity", "Artikelnummer", "SKU")]),
        ("Artikelnummer;VK\nA;15,00 CHF\n", [("currency", "money", "EUR", "CHF")]),
        ("Artikelnummer;VK;Währung\nA;15,00;CHF\n", [("currency", "money", "EUR", "CHF")]),
        ("Artikelnummer;Brutto-VK;VK\nA;17,85;15,00\n", []),
        ("SKU;Artikelnummer;VK\nX;A;15,00\n", []),
        ("ARTIKELNUMMER;vk\nA;15,00\n", []),
        ("Artikelnummer;Bestand\nA;3\n", []),
        ("Artikelnummer;Kurztext;VK\nA;Tasse;15,00\n", [("name", "other", "Bezeichnung", "Kurztext")]),
    ],
)
def test_a_difference_from_the_previous_file_is_reported_as_a_change(
    memory: dict[str, Any], text: str, changes: list[tuple[str, str, str, str]]
) -> None:
    reported = read_after(text, memory).feed.changes
    assert [(change.key, change.subject, change.before, change.now) for change in reported] == changes
    assert all(str(change.now) in change.text or change.key in ("price_kind", "decimal") for change in reported)


def test_a_new_column_does_not_replace_the_column_of_the_previous_file(memory: dict[str, Any]) -> None:
    reading = read_after("SKU;Artikelnummer;Brutto-VK;VK\nX;A;17,85;15,00\n", memory)
    assert (reading.product.sku, str(reading.product.price), reading.feed.questions) == ("A", "15.00", ())


def test_the_column_of_the_previous_file_is_used_without_a_question() -> None:
    text = "SKU;Verkaufspreis;Einzelpreis\nA;1,00;2,00\n"
    assert len(read_after(text, None).feed.questions) == 1
    earlier = read_after("SKU;Einzelpreis\nA;2,00\n", None).feed.reading
    reading = read_after(text, earlier)
    assert (str(reading.product.price), reading.feed.questions, reading.feed.changes) == ("2.00", (), ())


def test_a_file_without_prices_keeps_the_remembered_price_column(
    memory: dict[str, Any],
) -> None:
    stock = read_after("Artikelnummer;Bestand\nA;3\n", memory).feed.reading
    assert (stock["decimal"]["mark"], stock["price"]["kind"]) == (",", "plain")
    assert stock["columns"]["price"][0]["earlier"] is True
    later = read_after("Artikelnummer;UVP\nA;1.250\n", stock)
    assert str(later.product.price) == "1250.00"
    assert [change.key for change in later.feed.changes] == ["price"]


@pytest.mark.parametrize(
    "memory",
    [{}, {"columns": 3}, {"columns": {"sku": [1, {}]}}, {"decimal": "x", "currency": []}, {"price": {"kind": 1}}],
)
def test_any_json_object_is_accepted_as_the_memory(memory: dict[str, Any]) -> None:
    assert read_after(FIRST, memory).products[0].sku == "A"


def test_a_proposal_contains_the_description_questions_and_changes(memory: dict[str, Any]) -> None:
    proposal = propose(Body(b"SKU;VK\nA;1.250\n"), "feed.csv", None, "EUR", memory=memory)
    assert (proposal.questions, [change.key for change in proposal.changes]) == ([], ["sku"])
    assert proposal.reading["decimal"]["by"] == "memory"
    as_proposed = propose(Body(b"SKU;VK\nA;1.250\n"), "feed.csv", None, "EUR").as_json()
    assert [(question["key"], question["choices"][0]["value"]) for question in as_proposed["questions"]] == [
        ("decimal", ",")
    ]
    assert as_proposed["fields"][0]["reasons"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("shopify-products.csv", "medusa-products-semicolon.csv"),
        ("woocommerce.csv", "wix.csv"),
        ("google-merchant.tsv", "bigcommerce.csv"),
    ],
)
def test_a_known_export_of_another_system_reports_no_change_of_prices_or_skus(first: str, second: str) -> None:
    earlier = read_after((FEEDS / first).read_bytes(), None, "USD").feed.reading
    changes = read_after((FEEDS / second).read_bytes(), earlier, "USD").feed.changes
    assert changes
    assert not {change.subject for change in changes} & {"money", "identity"}


def test_a_list_of_costs_after_a_file_with_prices_leads_to_no_question(memory: dict[str, Any]) -> None:
    reading = read_after("Artikelnummer;EK\nA;4,20\n", memory)
    assert (reading.feed.questions, reading.product.price) == ((), None)
    assert len(read_after("Artikelnummer;EK\nA;4,20\n", None).feed.questions) == 1


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("Artikelnummer;VK (CHF)\nA;15,00\nB;16,00\n", True),
        ("Artikelnummer;VK\nA;15,00 CHF\nB;16,00 CHF\n", True),
        ("Artikelnummer;VK;Währung\nA;15,00;CHF\nB;16,00;CHF\n", True),
        ("Artikelnummer;VK;Währung\nA;15,00;CHF\nB;16,00;\n", False),
        ("Artikelnummer;VK\nA;15,00 CHF\nB;16,00\n", False),
        ("Artikelnummer;VK\nA;15,00 CHF\nB;16,00 USD\n", False),
        ("Artikelnummer;VK (EUR)\nA;15,00\n", False),
        ("Artikelnummer;VK\nA;15,00\n", False),
        ("Artikelnummer;Bestand\nA;15\n", False),
    ],
)
def test_a_file_is_refused_if_no_price_is_in_the_currency_of_the_catalog(text: str, refused: bool) -> None:
    reading = read_after(text, None).feed.reading
    reason = refused_currency(reading, "EUR")
    assert (reason is not None) == refused
    assert refused_currency(reading, None) is None
    if reason:
        assert "in CHF" in reason
        assert "prices in EUR" in reason


def test_a_file_without_prices_is_accepted_after_a_file_in_any_currency() -> None:
    earlier = read_after("Artikelnummer;VK (CHF)\nA;15,00\n", None).feed.reading
    stock = read_after("Artikelnummer;Bestand\nA;15\n", earlier).feed.reading
    assert stock["currency"]["code"] == "CHF"
    assert refused_currency(stock, "EUR") is None
