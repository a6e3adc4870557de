"""Tests the commands `wecelebrate orders`."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from tests.command import Command
from tests.platform import Json, Platform, Tenant


@pytest.fixture
def shop(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture
def order(platform: Platform, shop: Tenant) -> Json:
    return platform.order(shop, (platform.product(shop, sku="MUG", inventory_count=10), 3))


def test_the_orders_command_lists_orders_and_shows_an_order_by_its_number(
    wecelebrate: Command, shop: Tenant, order: Json
) -> None:
    listed = wecelebrate("orders", "list", "--client", shop.slug, "--status", "pending", "--json")
    assert [row["order_number"] for row in json.loads(listed.stdout)["data"]] == [order["order_number"]]
    table = wecelebrate("orders", "list", "--client", shop.slug).stdout
    assert order["order_number"] in table
    shown = wecelebrate("orders", "show", order["order_number"])
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Lindenstraße 12, 10969, Berlin, DE" in shown.stdout
    assert json.loads(wecelebrate("orders", "show", order["id"], "--json").stdout)["shipments"] == []


def test_showing_an_unknown_order_is_an_error(wecelebrate: Command) -> None:
    for name in ("NOSUCHORDER", str(uuid4())):
        shown = wecelebrate("orders", "show", name)
        assert (shown.returncode, shown.stdout, shown.stderr) == (4, "", f"✗ order {name} does not exist\n")


def test_the_orders_command_ships_pieces_of_an_order(wecelebrate: Command, order: Json) -> None:
    number = order["order_number"]
    refused = wecelebrate("orders", "ship", number, "--line", "one")
    assert (refused.returncode, refused.stdout) == (2, "")
    shipped = wecelebrate("orders", "ship", number, "--line", "1=2", "--carrier", "DHL", "--tracking", "JD01")
    assert shipped.stdout == f"✓ {number} is shipped (fulfilment: partial)\n"
    rest = json.loads(wecelebrate("orders", "ship", number, "--json").stdout)
    assert rest["fulfilment"] == "full"
    assert "JD01" in wecelebrate("orders", "show", number).stdout


def test_the_orders_command_exports_orders_and_loads_a_file_with_order_news(
    wecelebrate: Command, platform: Platform, shop: Tenant, order: Json, tmp_path: Path
) -> None:
    destination = platform.destination(shop, "csv", orders_from="2026-01-01T00:00:00Z")
    exported = wecelebrate("orders", "export", destination["name"], "--wait")
    assert (exported.returncode, exported.stdout) == (0, "✓ 1 order in 1 file.\n")
    news = tmp_path / "news.csv"
    news.write_text(f"order_number,status,tracking_number\n{order['order_number']},shipped,JD01\nNONE,shipped,JD02\n")
    dropped = wecelebrate("orders", "drop-status", str(news), "--destination", destination["id"], "--wait")
    assert dropped.returncode == 1
    assert dropped.stdout.splitlines()[1] == "✓ 2 rows: 1 changed, 0 unchanged, 1 rejected"
    assert dropped.stderr == "✗ line 3: The order `NONE` does not exist.\n"
    again = wecelebrate("orders", "drop-status", str(news), "--destination", destination["id"], "--wait", "--json")
    assert json.loads(again.stdout)["counts"]["unchanged"] == 1


def test_an_unknown_order_destination_is_refused_before_the_upload(wecelebrate: Command, tmp_path: Path) -> None:
    news = tmp_path / "news.csv"
    news.write_text("order_number,status\n")
    for arguments in (("export", "no such ERP"), ("drop-status", str(news), "--destination", "no such ERP")):
        refused = wecelebrate("orders", *arguments)
        assert (refused.returncode, refused.stderr) == (4, "✗ order destination no such ERP does not exist\n")
