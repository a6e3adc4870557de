"""Tests the maximum size of the rows of a file, and how larger rows are reported."""

import json
from dataclasses import fields
from typing import Any

import pytest

from wecelebrate.core.models import json_bytes
from wecelebrate.feeds import Product, UnreadableFeed
from wecelebrate.ingestion.merge.bounds import (
    MAX_REASON_LENGTH,
    check_header,
    cut_off,
    oversized,
    sample_value,
    stored_cells,
)

KIB = 1024


def product(**values: Any) -> Product:
    empty: dict[str, Any] = {field.name: None for field in fields(Product)}
    return Product(**empty | values)


def text_of(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def reason(*, images: Any = None, attributes: Any = None, source: Any = None) -> str | None:
    row = product(images=images, attributes=attributes, source=source)
    return oversized(row, images and text_of(images), attributes and text_of(attributes), text_of(source or {}))


def filled(max_bytes: int) -> dict[str, str]:
    """Return an object that has exactly the given size as JSON."""
    return {"a": "x" * (max_bytes - json_bytes({"a": ""}))}


@pytest.mark.parametrize(
    ("field", "name", "max_bytes"),
    [("images", "images", 640 * KIB), ("attributes", "attributes", 512 * KIB), ("source", "the whole row", 2048 * KIB)],
)
def test_a_value_of_a_product_has_a_maximum_size_as_json(field: str, name: str, max_bytes: int) -> None:
    assert reason(**{field: filled(max_bytes)}) is None
    assert reason(**{field: filled(max_bytes - 1)}) is None
    too_large = reason(**{field: filled(max_bytes + 1)})
    assert too_large and too_large.startswith(f"{name}: {max_bytes + 1:,} bytes as JSON are more than {max_bytes:,};")


def test_the_size_of_a_value_includes_the_spaces_that_postgresql_adds() -> None:
    # Each character of 4 bytes counts as 4 bytes.
    gifts = {"a": "\N{WRAPPED PRESENT}" * (128 * KIB)}
    assert reason(attributes=gifts)
    # A list of n numbers has n - 1 spaces.
    numbers = {"a": [1] * (174_761)}
    assert len(text_of(numbers)) < 512 * KIB < json_bytes(numbers)
    assert reason(attributes=numbers)


def test_the_size_of_a_small_value_is_not_computed() -> None:
    unmeasurable = {"a": object()}
    for length in (2, 128 * KIB):
        assert oversized(product(attributes=unmeasurable, source={}), None, "x" * length, "{}") is None
    with pytest.raises(TypeError):
        oversized(product(attributes=unmeasurable, source={}), None, "x" * (128 * KIB + 1), "{}")


def test_the_rejection_of_a_product_names_its_first_oversized_value() -> None:
    both = reason(attributes=filled(512 * KIB + 1), source=filled(2048 * KIB + 1))
    assert both and both.startswith("attributes:")


def test_only_the_cells_of_too_large_rejected_rows_are_shortened() -> None:
    # A character has at most 6 bytes as JSON. Therefore 349,525 characters always fit in 2 MiB.
    fitting = ["a" * 349_524, "b"]
    assert stored_cells(fitting) == fitting
    assert stored_cells(["a" * 349_525, "b"]) == ["a" * 499 + "…", "b"]


def test_a_row_that_is_too_large_is_stored_with_shortened_cells() -> None:
    row = {"name": "n" * 501, "sku": "s" * 500, "list": [1] * 200, "count": 7}
    assert cut_off(row) == {
        "name": "n" * 499 + "…",
        "sku": "s" * 500,
        "list": ("[1, " + "1, " * 199)[:499] + "…",
        "count": "7",
    }


def test_the_names_of_the_columns_have_at_most_one_mebibyte() -> None:
    # Each name has two quotes, a comma and a space.
    largest = ["a" * (1024 * KIB - 2 - 2)]
    assert json_bytes(largest) == 1024 * KIB
    check_header(largest)
    check_header(["a" * (1000 * KIB)])
    with pytest.raises(UnreadableFeed, match="1 columns have 1,048,577 bytes, more than 1,048,576"):
        check_header(["a" * (1024 * KIB - 3)])


def test_the_size_of_a_short_header_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wecelebrate.ingestion.merge.bounds.json_bytes", lambda _: 2 * 1024 * KIB)
    for length in (1, 256 * KIB):
        check_header(["a" * length])
    with pytest.raises(UnreadableFeed):
        check_header(["a" * (256 * KIB + 1)])


def test_the_reason_for_a_rejected_row_has_at_most_2000_characters() -> None:
    assert MAX_REASON_LENGTH == 2000


def test_a_sample_value_of_a_change_has_at_most_a_thousand_characters() -> None:
    assert sample_value("x" * 1000) == "x" * 1000
    assert sample_value("x" * 1001) == "x" * 999 + "…"
    assert sample_value(7) == 7
    assert sample_value(["x" * 5000]) == ["x" * 499 + "…"]
    assert sample_value({"a": "x" * 5000}) == {"a": "x" * 499 + "…"}
