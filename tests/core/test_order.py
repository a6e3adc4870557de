"""Tests that `make test` starts the long test modules early, and distributes them evenly."""

from infra.functions import ROOT
from tests.order import LONG_MODULES, spread


def test_every_long_module_exists() -> None:
    assert [name for name in LONG_MODULES if not (ROOT / name).is_file()] == []


def test_the_long_modules_are_distributed_evenly() -> None:
    first, second = LONG_MODULES[:2]
    items = [f"{name}::{number}" for name in ("a", "b", second, "c", first, "d", "e") for number in (1, 2)]
    spread_items = spread(items, lambda item: item.partition("::")[0])
    expected = [first, "a", "b", second, "c", "d", "e"]
    assert spread_items == [f"{name}::{number}" for name in expected for number in (1, 2)]


def test_the_order_of_the_tests_does_not_change_if_no_module_is_long() -> None:
    assert spread(["b::1", "a::1", "b::2"], lambda item: item[0]) == ["b::1", "b::2", "a::1"]
