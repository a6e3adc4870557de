"""Tests how the comparison parses the values of documents. The comparison does not use the functions of the mapping."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from wecelebrate.kv.comparison.identity import Stored, documents_of, identify, keys_of, row_id
from wecelebrate.kv.comparison.values import (
    amount,
    camel_case,
    currency,
    moment,
    same_object,
    same_text,
    text,
    whole,
)

AMOUNTS = [
    (19.9, None, None),
    (Decimal("19.90"), Decimal("19.9"), None),
    (5, Decimal(5), None),
    ("19,90 €", Decimal("19.9"), "€"),
    ("EUR 19.99", Decimal("19.99"), "EUR"),
    ("1.299,00", Decimal(1299), None),
    ("1,299.00 USD", Decimal(1299), "USD"),
    ("1 299,5", Decimal("1299.5"), None),
    ("1'299", Decimal(1299), None),
    ("1.234.567", Decimal(1234567), None),
    ("-5", Decimal(-5), None),
    ("1.234", None, None),
    ("on request", None, None),
    ("", None, None),
    (True, None, None),
    (None, None, None),
    ({"amount": 5}, None, None),
]


@pytest.mark.parametrize(("value", "number", "sign"), AMOUNTS)
def test_amounts_in_every_format_are_parsed(value: Any, number: Decimal | None, sign: str | None) -> None:
    assert amount(value) == (number, sign)


@pytest.mark.parametrize(
    ("value", "code"), [("eur", "EUR"), ("€", "EUR"), (" usd ", "USD"), ("$", None), ("XXX", None), (5, None)]
)
def test_unambiguous_currency_texts_are_parsed(value: Any, code: str | None) -> None:
    assert currency(value) == code


MOMENTS = [
    ("2026-02-20T11:00:00Z", datetime(2026, 2, 20, 11, tzinfo=UTC)),
    ("2026-02-20T12:00:00+01:00", datetime(2026, 2, 20, 11, tzinfo=UTC)),
    ("2026-02-20 11:00", datetime(2026, 2, 20, 11, tzinfo=UTC)),
    ("2026-02-20", datetime(2026, 2, 20, tzinfo=UTC)),
    ("February 20, 2026", datetime(2026, 2, 20, tzinfo=UTC)),
    ("Feb. 20th 2026", datetime(2026, 2, 20, tzinfo=UTC)),
    ("20 February 2026", datetime(2026, 2, 20, tzinfo=UTC)),
    (1771585200000, datetime(2026, 2, 20, 11, tzinfo=UTC)),
    ("1771585200000", datetime(2026, 2, 20, 11, tzinfo=UTC)),
    ("02/03/2026", None),
    ("2026-02-30", None),
    ("soon", None),
    (None, None),
    (True, None),
    ({}, None),
]


@pytest.mark.parametrize(("value", "expected"), MOMENTS)
def test_dates_in_every_format_are_parsed(value: Any, expected: datetime | None) -> None:
    assert moment(value) == expected


@pytest.mark.parametrize(
    ("value", "count"), [(7, 7), ("7", 7), (Decimal("7.0"), 7), (-1, None), ("many", None), (2**31, None), (True, None)]
)
def test_only_integers_from_0_to_the_maximum_are_parsed_as_counts(value: Any, count: int | None) -> None:
    assert whole(value) == count


def test_camel_case_field_names_have_priority_over_snake_case_field_names() -> None:
    document = {"catalog_id": "a", "catalogId": "b", "available_quantity": 5, "_rev": 1, "brand": None}
    assert camel_case(document) == {"catalogId": "b", "availableQuantity": 5, "_rev": 1}


def test_the_comparison_of_texts_ignores_invisible_characters_and_additional_spaces() -> None:
    assert text("  a\u202eb\n c ") == "a b c"
    assert text(" \x01 ") is None
    assert same_text(text("a\tb"), "a b", 500)
    assert same_text("x" * 600, "x" * 500, 500)
    assert not same_text("x" * 600, "x" * 100, 500)
    assert not same_text("a", None, 500)


@pytest.mark.parametrize(
    ("stated", "column", "is_same"),
    [
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}, True),
        ({"a": 1}, {"a": Decimal("1.0")}, True),
        ({"a": True}, {"a": 1}, False),
        ({"a": 1, "b": None}, {"a": 1}, True),
        ({"a": {"b": None}}, {"a": {}}, True),
        ({"a": 1, "password": "x"}, {"a": 1}, True),
        ({"a": 1, "apiKey": "x"}, {"a": 1}, True),
        ({"a": 1, "color": "red"}, {"a": 1}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": ["data:image/png;base64,AA", "b"]}, {"a": ["b"]}, True),
        ({"a": {"b": "1"}}, {"a": {"b": "2"}}, False),
        ([1, 2], [2, 1], False),
    ],
)
def test_the_comparison_of_objects_ignores_secrets_and_the_order_of_fields(
    stated: Any, column: Any, is_same: bool
) -> None:
    assert same_object(stated, column) is is_same


def test_the_row_id_of_a_record_is_computed_from_its_old_id() -> None:
    assert row_id("product", "production", "0F5E9A54-0000-4000-8000-000000000000") == (
        "0f5e9a54-0000-4000-8000-000000000000"
    )
    assert row_id("product", "production", "gift-1") != row_id("product", "staging", "gift-1")
    assert row_id("product", "production", "gift-1")[14] == "8"


def test_a_document_with_the_id_of_another_document_belongs_to_another_record() -> None:
    stored = Stored("gift:2", "gift:2", {"id": "1"})
    assert identify("product", stored, (), {"gift:1"}, None).is_of_another
    assert identify("product", stored, (), (), None) == ("production", "1", False)
    recorded = {"old_id": "1", "environment": "production"}
    assert identify("product", stored, (), {"gift:1"}, recorded) == ("production", "1", False)
    assert identify("order", Stored("order:s:1", "order:s:1", {"id": "order:s:1"}), (), (), None).old_id == "1"
    assert identify("order", Stored("order:uat:1", "order:uat:1", {}), ("uat",), (), None).environment == "uat"


def test_documents_in_lists_have_computed_keys() -> None:
    [plain] = documents_of("product", "gifts:all", '["a", {"id": "b", "name": "B"}]')
    assert (plain.key, plain.store_key, plain.document) == ("gifts:all::b", "gifts:all", {"id": "b", "name": "B"})
    [encoded] = documents_of("product", "gift:a", '"{\\"id\\": \\"a\\"}"')
    assert encoded.document == {"id": "a"}
    [unreadable] = documents_of("product", "gift:a", "[" * 100_000)
    assert unreadable.document is None


def test_a_key_with_an_environment_has_priority_over_a_key_without_an_environment() -> None:
    assert keys_of("catalog", "production", "a") == [
        "catalogs:production:a", "catalogs:a", "catalog:production:a", "catalog:a",
    ]  # fmt: skip
    assert keys_of("product", "staging", "a") == ["gift:staging:a", "gifts:staging:a"]
