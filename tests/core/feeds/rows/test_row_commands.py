"""Tests the commands of rows. A command column states whether each row creates, updates or deactivates a product, or is
skipped.
"""

from typing import Any

import pytest

from tests.core.feeds.feed_reading import read

ROWS = "1;Tasse;1,50;update\n2;Teller;2,50;DELETE\n3;;;delete\n4;Kanne;4,50;skip\n5;Hut;5,50;\n"


@pytest.mark.parametrize("header", ["Command", "Was tun"])
def test_the_command_of_a_row_determines_what_happens_to_the_product(header: str) -> None:
    reading = read(f"sku;name;price;{header}\n{ROWS}", mapping={"command": header})
    active = {product.sku: product.is_active for product in reading.products}
    assert active == {"1": True, "2": False, "3": False, "5": True}
    assert (reading.rejection.sku, reading.rejection.code) == ("4", "skipped")
    assert reading.feed.rows_read == 5
    assert "is_active" not in reading.products[0].fields_set


def test_a_row_with_a_delete_command_needs_only_the_sku() -> None:
    reading = read(f"sku;name;price;Aktion\n{ROWS};;;delete\n", mapping={"command": "Aktion"})
    deleted = reading.products[2]
    assert (deleted.sku, deleted.fields_set) == ("3", frozenset({"sku", "is_active"}))
    assert deleted.source == {"sku": "3", "name": "", "price": "", "Aktion": "delete"}
    assert [(rejected.sku, rejected.code) for rejected in reading.rejected] == [("4", "skipped"), (None, "empty")]


def test_a_command_column_is_recognised_without_a_mapping() -> None:
    reading = read(f"sku;name;price;Command\n{ROWS}")
    assert {product.sku: product.is_active for product in reading.products}["3"] is False
    assert reading.rejection.code == "skipped"


def test_commands_are_ignored_if_the_mapping_excludes_the_command_column() -> None:
    reading = read("sku;name;price;Command\n1;Tasse;1,50;delete\n", mapping={"command": None})
    assert reading.product.is_active
    assert "is_active" not in reading.product.fields_set


@pytest.mark.parametrize("names", [("command", "is_active"), ("is_active", "command")])
def test_a_product_is_active_only_if_state_and_command_mean_active(names: tuple[str, str]) -> None:
    columns = {"command": "Was", "is_active": "Status"}
    mapping = {name: columns[name] for name in names}
    content = "sku;name;price;Status;Was\n1;T;1,50;ja;delete\n2;T;1,50;nein;update\n3;T;1,50;ja;update\n"
    assert [product.is_active for product in read(content, mapping=mapping).products] == [False, False, True]


def test_a_replacement_list_in_the_mapping_translates_commands() -> None:
    entry: dict[str, Any] = {"columns": ["Kz"], "transform": [{"replace": {"L": "delete", "-": "skip", "A": "update"}}]}
    content = "sku;name;price;Kz\n1;T;1,50;L\n2;T;1,50;-\n3;T;1,50;A\n4;T;x;L\n"
    reading = read(content, mapping={"command": entry})
    assert [(product.sku, product.is_active) for product in reading.products] == [
        ("1", False),
        ("3", True),
        ("4", False),
    ]
    assert reading.rejection.reason == 'Kz: "skip" leaves the row out'
    assert dict(reading.products[2].source) == {"sku": "4", "name": "T", "price": "x", "Kz": "L"}


def test_an_unknown_command_is_handled_like_an_unknown_state() -> None:
    reading = read("sku;name;price;Kz\n1;T;1,50;vielleicht\n", mapping={"command": "Kz"})
    assert not reading.product.is_active
    assert "is_active" not in reading.product.fields_set
    assert [warning["value"] for warning in reading.feed.warnings.as_json()] == ["vielleicht"]
