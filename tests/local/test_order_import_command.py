"""Tests the command `wecelebrate orders import`."""

import json
from pathlib import Path

import pytest

from tests.command import Command
from tests.imports.order_importing import HEADER, ROWS, orders_of, table
from tests.platform import Platform, Tenant, ok


@pytest.fixture
def shop(platform: Platform) -> Tenant:
    return platform.tenant()


def test_an_order_import_prints_its_rejected_rows(wecelebrate: Command, shop: Tenant, tmp_path: Path) -> None:
    file = tmp_path / "old orders.csv"
    file.write_bytes(table(ROWS))
    rehearsed = wecelebrate("orders", "import", str(file), "--site", shop.site_id, "--dry-run")
    assert (rehearsed.returncode, orders_of(shop)) == (1, {})
    assert "✓ 5 rows of 4 orders: 3 would be created, 0 unchanged, 1 rejected" in rehearsed.stdout
    assert "credit" in rehearsed.stdout and ".errors.csv" in rehearsed.stdout
    slug = ok(shop.owner.get(f"/v1/sites/{shop.site_id}"))["slug"]
    ran = wecelebrate("orders", "import", str(file), "--site", slug, "--json")
    assert (ran.returncode, json.loads(ran.stdout)["counts"]["created"]) == (1, 4)
    watched = wecelebrate("jobs", "watch", json.loads(ran.stdout)["id"])
    assert watched.returncode == 1
    assert "✓ 5 rows of 4 orders: 3 created, 0 unchanged, 1 rejected\n" in watched.stdout
    assert "credit" in watched.stdout and ".errors.csv" in watched.stdout
    assert set(orders_of(shop)) == {"A-1", "A-2", "A-3"}
    file.write_bytes(table(ROWS[:4]))
    again = wecelebrate("orders", "import", str(file), "--site", slug)
    assert (again.returncode, again.stderr) == (0, f"  read: {', '.join(sorted(HEADER))}\n")
    assert again.stdout == "✓ 4 rows of 3 orders: 0 created, 3 unchanged, 0 rejected\n"


def test_options_can_supply_values_that_are_missing_in_the_order_file(
    wecelebrate: Command, shop: Tenant, tmp_path: Path
) -> None:
    orders, lines = tmp_path / "orders.csv", tmp_path / "lines.csv"
    orders.write_text("Beleg;order date;order status;Total\n1;01.03.2024;fertig;9,50\n")
    lines.write_text("Beleg;sku;quantity;price\n1;MUG;2;4,50\n")
    ran = wecelebrate(
        "orders", "import", str(orders), "--lines", str(lines), "--site", shop.site_id, "--source", "old ERP",
        "--currency", "CHF", "--decimal-mark", ",", "--date-format", "%d.%m.%Y", "--timezone", "Europe/Zurich",
        "--status-word", "fertig=delivered", "--column", "order_number=Beleg", "--number-prefix", "ERP-",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "1 order, whose total is not the sum of the lines" in ran.stdout + ran.stderr
    order = orders_of(shop)["ERP-1"]
    assert (order["total_amount"], order["currency"], order["status"]) == ("9.50", "CHF", "delivered")
    assert order["created_at"] == "2024-02-29T23:00:00+00:00"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--site", "no-such-site"], 4, "site no-such-site does not exist"),
        (["--site", "x", "--status-word", "done"], 2, "--status-word done is not valid: give it as NAME=VALUE"),
    ],
)
def test_an_order_import_with_a_wrong_option_is_an_error(
    wecelebrate: Command, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(table(ROWS))
    ran = wecelebrate("orders", "import", str(file), *arguments)
    assert (ran.returncode, ran.stdout) == (code, "")
    assert message in ran.stderr


def test_the_error_of_an_order_import_names_all_missing_fields(
    wecelebrate: Command, shop: Tenant, tmp_path: Path
) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(table([("A-1", "2024-03-01", "2", "x@example.test")], ("No", "Date", "Qty", "E-Mail of buyer")))
    ran = wecelebrate("orders", "import", str(file), "--site", shop.site_id, "--column", "order_number=No", "--dry-run")
    assert ran.returncode == 1 and "✓" not in ran.stdout
    assert "✗ 1 row of 1 order: 0 would be created, 0 unchanged, 1 rejected\n" in ran.stderr
    assert "  read: order_number=No, quantity=Qty\n" in ran.stderr
    assert "! not read: Date, E-Mail of buyer\n" in ran.stderr
    for names in ("`created_at`", "`status`", "`currency`", "`sku` or `name`", "`unit_price` or `amount`"):
        assert f"! no column has {names}: --column " in ran.stderr
    assert "or --currency EUR is the currency of all orders" in ran.stderr


def test_the_error_for_an_unknown_field_of_an_order_import_lists_the_fields(
    wecelebrate: Command, shop: Tenant, tmp_path: Path
) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(table(ROWS))
    ran = wecelebrate("orders", "import", str(file), "--site", shop.site_id, "--column", "created=Date")
    assert ran.returncode == 5 and ran.stdout == ""
    assert "columns/created must be " in ran.stderr and "'created_at'" in ran.stderr and "literal" not in ran.stderr
