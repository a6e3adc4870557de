"""Tests files of every format with random news about random orders, mixed with changes by the API. Orders must take
only allowed steps.

`tests/core/order_files` tests the reader of each format. In this module, files are dropped and repeated, and members
send requests. Therefore the news is often too late, too early, or about pieces that do not exist.
"""

import csv
import io
import json
import random
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from tests.core.order_files.test_news import CXML_CONFIRMATION, CXML_NOTICE, DESADV, ORDRSP, UBL, UBL_RESPONSE
from tests.faults.environment import FULL
from tests.platform import Json, Platform, Tenant, ok

FILES = 400 if FULL else 24
"""The number of files: 24 in `make test`, 400 in `make faults`."""
ORDERS = 8
PIECES = 3
STOCK = 1_000
COLUMNS = ("order_number", "status", "line", "quantity", "shipment", "tracking_number", "happened_at")
STEPS = {
    "pending": {"processing", "cancelled"},
    "processing": {"shipped", "cancelled"},
    "shipped": {"delivered"},
    "delivered": set(),
    "cancelled": set(),
}
DOCUMENTS = (
    UBL, UBL_RESPONSE.format(code="AP"), UBL_RESPONSE.format(code="RE"), DESADV, ORDRSP.format(action="001"),
    ORDRSP.format(action="003"), CXML_NOTICE, CXML_CONFIRMATION.format(kind="accept"),
    CXML_CONFIRMATION.format(kind="reject"),
)  # fmt: skip
"""Documents with news about the order AB12."""


def random_rows(dice: random.Random, numbers: list[str]) -> list[dict[str, str]]:
    rows = []
    for _ in range(dice.randint(1, 6)):
        at = datetime.now(UTC) + timedelta(minutes=dice.randint(-600, 10))
        rows.append({
            "order_number": dice.choice([*numbers, "UNKNOWN-1"]),
            "status": dice.choice(["acknowledged", "shipped", "shipped", "delivered", "cancelled"]),
            "line": dice.choice(["", "1", "2", "3"]),
            "quantity": dice.choice(["", "1", "2", "9"]),
            "shipment": dice.choice(["", "P1", "P2"]),
            "tracking_number": dice.choice(["", "JD01", "JD02"]),
            "happened_at": dice.choice(["", at.isoformat(timespec="seconds")]),
        })  # fmt: skip
    return rows * dice.choice([1, 1, 2])


def as_csv(dice: random.Random, numbers: list[str]) -> tuple[str, bytes]:
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, delimiter=dice.choice(",;"))
    writer.writeheader()
    writer.writerows(random_rows(dice, numbers))
    return "news.csv", file.getvalue().encode(dice.choice(["utf-8", "utf-8-sig", "utf-16"]))


def as_json(dice: random.Random, numbers: list[str]) -> tuple[str, bytes]:
    rows = [{name: value for name, value in row.items() if value} for row in random_rows(dice, numbers)]
    if dice.random() < 0.5:
        return "news.json", json.dumps(rows).encode()
    return "news.ndjson", "\n".join(map(json.dumps, rows)).encode()


def as_workbook(dice: random.Random, numbers: list[str]) -> tuple[str, bytes]:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([dict(zip(COLUMNS, COLUMNS, strict=True)), *random_rows(dice, numbers)]):
            for column, name in enumerate(COLUMNS):
                sheet.write_string(number, column, row[name])
    return "news.xlsx", file.getvalue()


def as_document(dice: random.Random, numbers: list[str]) -> tuple[str, bytes]:
    documents = [dice.choice(DOCUMENTS).replace("AB12", dice.choice(numbers)) for _ in range(dice.randint(1, 4))]
    if len(documents) == 1:
        return "news.xml", documents[0].encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, document in enumerate(documents):
            archive.writestr(f"{number}.xml", document)
    return "news.zip", file.getvalue()


FORMATS: tuple[Callable[[random.Random, list[str]], tuple[str, bytes]], ...] = (
    as_csv, as_json, as_workbook, as_document,
)  # fmt: skip


def change(dice: random.Random, api: httpx.Client, order: Json) -> None:
    """Send a random change of an order as a member. The API is allowed to refuse the change."""
    path, body = dice.choice([
        ("process", {}), ("ship", {}), ("ship", {"number": "P1", "lines": [{"line": 1, "quantity": 1}]}),
        ("deliver", {}), ("cancel", {}), ("lines/cancel", {"lines": [{"line": 2, "quantity": 1}]}),
    ])  # fmt: skip
    response = api.post(f"/v1/orders/{order['id']}/{path}", json=body, headers={"If-Match": "*"})
    assert response.status_code in (200, 409, 422), response.text


def check(platform: Platform, shop: Tenant) -> None:
    """Check the steps of all orders, their pieces, and the stock."""
    events = platform.database.execute(
        "select order_id, from_status, to_status from order_events where client_id = %s and to_status is not null"
        " order by order_id, version, id",
        [shop.client_id],
    ).fetchall()
    statuses: dict[str, str] = {}
    for event in events:
        before = statuses.get(event["order_id"], "pending")
        assert event["from_status"] == before and event["to_status"] in STEPS[before], event
        statuses[event["order_id"]] = event["to_status"]
    orders = platform.database.execute(
        "select id, status from orders where client_id = %s", [shop.client_id]
    ).fetchall()
    assert {order["id"]: order["status"] for order in orders} == {
        order["id"]: statuses.get(order["id"], "pending") for order in orders
    }
    lines = platform.database.execute(
        "select product_id, quantity, shipped_quantity, cancelled_quantity,"
        " (select coalesce(sum(s.quantity), 0) from shipment_lines s where s.order_id = l.order_id and s.line = l.line)"
        " as in_parcels from order_lines l where client_id = %s",
        [shop.client_id],
    ).fetchall()
    assert all(line["shipped_quantity"] == line["in_parcels"] for line in lines)
    assert all(line["shipped_quantity"] + line["cancelled_quantity"] <= line["quantity"] for line in lines)
    products = platform.database.execute(
        "select id, inventory_count from products where catalog_id = %s", [shop.catalog_id]
    ).fetchall()
    for product in products:
        sold = sum(
            line["quantity"] - line["cancelled_quantity"] for line in lines if line["product_id"] == product["id"]
        )
        assert product["inventory_count"] == STOCK - sold


@pytest.mark.timeout(3600)
def test_random_files_and_requests_cause_only_allowed_steps_of_orders(platform: Platform) -> None:
    dice = random.Random(16)
    shop = platform.tenant()
    platform.arrange("update clients set tier = 'enterprise' where id = %s", [shop.client_id])
    mug, bag = (platform.product(shop, sku=sku, inventory_count=STOCK) for sku in ("0012", "BAG"))
    destination = platform.destination(shop, "csv")
    orders: list[Json] = []
    counts = {"updated": 0, "unchanged": 0, "rejected": 0}
    repeated: tuple[str, bytes] | None = None
    for number in range(FILES):
        if number % 6 == 0:  # Many earlier orders cannot change any more.
            orders = orders[-ORDERS // 2 :] + [
                platform.order(shop, (mug, PIECES), (bag, PIECES), customer_email=f"{uuid4().hex}@example.test")
                for _ in range(ORDERS)
            ]
        file = FORMATS[number % len(FORMATS)](dice, [order["order_number"] for order in orders])
        name, content = repeated if repeated and dice.random() < 0.2 else file
        repeated = file
        job = platform.drop_news(destination, content, name)
        assert job["status"] == "completed", job
        for count in counts:
            counts[count] += job["counts"][count]
        for _ in range(2):
            change(dice, shop.owner, dice.choice(orders))
        check(platform, shop)
    assert all(count > FILES // 4 for count in counts.values()), counts
    reached = {ok(shop.owner.get(f"/v1/orders/{order['id']}"))["status"] for order in orders}
    assert len(reached) > 1
