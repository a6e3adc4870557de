"""Tests that the decimal mark of a request determines whether a quantity such as `1.000` means 1 or 1000."""

import pytest

from wecelebrate.order_imports.values import BadValue, whole

UNCLEAR = [
    ("1.000", None), ("1,000", None), ("1.500", "."), ("1.5", ","), ("1,000,00", "."), ("1.000.00", ","),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1.000", ",", 1000), ("1.000", ".", 1), ("1,000", ".", 1000), ("1,000", ",", 1), ("1.0", None, 1),
        ("2,00", None, 2), ("-1.000,00", ",", -1000), ("1,000,000", ".", 1_000_000), ("12", None, 12),
    ],
)  # fmt: skip
def test_the_decimal_mark_determines_whether_a_separator_groups_thousands(
    text: str, mark: str | None, value: int
) -> None:
    assert whole("quantity", text, mark) == value


@pytest.mark.parametrize(("text", "mark"), UNCLEAR)
def test_an_unclear_quantity_is_refused(text: str, mark: str | None) -> None:
    with pytest.raises(BadValue):
        whole("quantity", text, mark)
