"""Files from an ERP system report what happens to orders."""

import csv
import io
import json
import random
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.platform import Json, Platform, Tenant, ok

HEADER = "order_number,status,sku,quantity,tracking_number,carrier,happened_at"


@pytest.fixture
def shop(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture
def mug(platform: Platform, shop: Tenant) -> Json:
    return platform.product(shop, sku="MUG", inventory_count=100)


@pytest.fixture
def bag(platform: Platform, shop: Tenant) -> Json:
    return platform.product(shop, sku="BAG", inventory_count=100)


@pytest.fixture
def destination(platform: Platform, shop: Tenant) -> Json:
    return platform.destination(shop, "csv")


def state(platform: Platform, shop: Tenant, order: Json) -> tuple[str, str]:
    current = platform.order_state(shop, order)
    return current["status"], current["fulfilment"]


def counts(job: Json) -> dict[str, int]:
    assert job["status"] == "completed", job
    return {name: job["counts"][name] for name in ("read", "updated", "unchanged", "rejected")}


def parcels(platform: Platform, shop: Tenant, order: Json) -> list[tuple[Any, ...]]:
    """Return the tracking number, the state and the pieces of each shipment."""
    return sorted(
        (
            shipment["tracking_number"],
            shipment["status"],
            tuple((line["line"], line["quantity"]) for line in shipment["lines"]),
        )
        for shipment in platform.shipments(shop, order)
    )


def stock(platform: Platform, product: Json) -> int:
    row = platform.database.execute("select inventory_count from products where id = %s", [product["id"]]).fetchone()
    assert row is not None
    return int(row["inventory_count"])


def error_rows(platform: Platform, job: Json) -> list[dict[str, str]]:
    content = platform.read(job["result"]["error_file"]).decode()
    return list(csv.DictReader(io.StringIO(content, newline="")))


def test_an_acknowledged_external_number_identifies_an_order(
    platform: Platform, shop: Tenant, mug: Json, destination: Json
) -> None:
    order = platform.order(shop, (mug, 1))
    acknowledged = f"order_number,status,external_number\n{order['order_number'].lower()},acknowledged,ERP-4711\n"
    assert counts(platform.drop_news(destination, acknowledged))["updated"] == 1
    current = platform.order_state(shop, order)
    assert (current["status"], current["external_number"]) == ("processing", "ERP-4711")
    shipped = "external_number,status,tracking_number\nERP-4711,shipped,JD01\n"
    assert counts(platform.drop_news(destination, shipped))["updated"] == 1
    assert state(platform, shop, order) == ("shipped", "full")


def test_repeated_and_reordered_rows_do_not_change_the_result_of_a_file(
    platform: Platform, shop: Tenant, mug: Json, bag: Json, destination: Json
) -> None:
    rows = [
        "{number},delivered,,,A1,,2026-11-27T12:00:00Z",
        "{number},shipped,MUG,2,A1,DHL,2026-11-26T12:00:00Z",
        "{number},shipped,BAG,1,A1,DHL,2026-11-26T12:00:00Z",
        "{number},shipped,MUG,1,A2,UPS,2026-11-26T13:00:00Z",
        "{number},acknowledged,,,,,2026-11-26T08:00:00Z",
    ]
    for seed in range(3):
        order = platform.order(shop, (mug, 3), (bag, 1))
        lines = [row.format(number=order["order_number"]) for row in random.Random(seed).sample(rows, len(rows))]
        content = "\n".join([HEADER, *lines, ""])
        assert counts(platform.drop_news(destination, content))["updated"] == 5
        expected = [("A1", "delivered", ((1, 2), (2, 1))), ("A2", "shipped", ((1, 1),))]
        assert parcels(platform, shop, order) == expected
        assert state(platform, shop, order) == ("shipped", "full")
        version = platform.order_state(shop, order)["version"]
        again = platform.drop_news(destination, content, "again.csv")
        assert counts(again) == {"read": 5, "updated": 0, "unchanged": 5, "rejected": 0}
        assert parcels(platform, shop, order) == expected
        assert platform.order_state(shop, order)["version"] == version


def test_each_order_with_the_same_tracking_number_gets_a_separate_shipment(
    platform: Platform, shop: Tenant, mug: Json, destination: Json
) -> None:
    first, second = platform.order(shop, (mug, 1)), platform.order(shop, (mug, 2))
    lines = [f"{order['order_number']},shipped,,,SHARED,DHL,2026-11-26T12:00:00Z" for order in (first, second)]
    assert counts(platform.drop_news(destination, "\n".join([HEADER, *lines, ""])))["updated"] == 2
    assert parcels(platform, shop, first) == [("SHARED", "shipped", ((1, 1),))]
    assert parcels(platform, shop, second) == [("SHARED", "shipped", ((1, 2),))]
    delivered = f"{HEADER}\n{first['order_number']},delivered,,,SHARED,,2026-11-27T12:00:00Z\n"
    platform.drop_news(destination, delivered)
    assert state(platform, shop, first) == ("delivered", "full")
    assert state(platform, shop, second) == ("shipped", "full")


def test_a_delivery_without_a_shipment_creates_the_missing_shipment(
    platform: Platform, shop: Tenant, mug: Json, destination: Json
) -> None:
    order = platform.order(shop, (mug, 2))
    content = f"{HEADER}\n{order['order_number']},delivered,,,A1,DHL,2026-11-27T12:00:00Z\n"
    assert counts(platform.drop_news(destination, content))["updated"] == 1
    assert state(platform, shop, order) == ("delivered", "full")
    assert parcels(platform, shop, order) == [("A1", "delivered", ((1, 2),))]
    events = [event["type"] for event in ok(shop.owner.get(f"/v1/orders/{order['id']}/events"))["data"]]
    assert {"processing", "shipped", "delivered"} <= set(events)
    late = f"{HEADER}\n{order['order_number']},shipped,MUG,2,A1,DHL,2026-11-26T12:00:00Z\n"
    assert counts(platform.drop_news(destination, late, "late.csv"))["updated"] == 0
    assert state(platform, shop, order) == ("delivered", "full")


def test_a_reported_shipment_does_not_change_a_cancelled_order(
    platform: Platform, shop: Tenant, mug: Json, destination: Json
) -> None:
    order = platform.order(shop, (mug, 2))
    cancelled = f"{HEADER}\n{order['order_number']},cancelled,,,,,2026-11-26T12:00:00Z\n"
    assert counts(platform.drop_news(destination, cancelled))["updated"] == 1
    assert (state(platform, shop, order), stock(platform, mug)) == (("cancelled", "none"), 100)
    late = f"{HEADER}\n{order['order_number']},shipped,MUG,2,A1,DHL,2026-11-26T11:00:00Z\n"
    job = platform.drop_news(destination, late, "late.csv")
    assert counts(job)["rejected"] == 1
    [error] = error_rows(platform, job)
    assert error["wecelebrate_code"] == "status"
    assert "cancelled" in error["wecelebrate_error"]
    assert (state(platform, shop, order), stock(platform, mug)) == (("cancelled", "none"), 100)
    events = [event["type"] for event in ok(shop.owner.get(f"/v1/orders/{order['id']}/events"))["data"]]
    assert events.count("late_news") == 1


def test_orders_of_other_clients_are_rejected_with_the_same_error_as_unknown_orders(
    platform: Platform, shop: Tenant, other_tenant: Tenant, mug: Json, destination: Json
) -> None:
    foreign = platform.order(other_tenant, (platform.product(other_tenant), 1))
    own = platform.order(shop, (mug, 1))
    numbers = ("NOSUCHORDER", foreign["order_number"], own["order_number"])
    content = "\n".join([HEADER, *(f"{number},shipped,,,A1,DHL,2026-11-26T12:00:00Z" for number in numbers), ""])
    job = platform.drop_news(destination, content)
    assert counts(job) == {"read": 3, "updated": 1, "unchanged": 0, "rejected": 2}
    errors = error_rows(platform, job)
    assert [(row["order_number"], row["wecelebrate_line"], row["wecelebrate_code"]) for row in errors] == [
        ("NOSUCHORDER", "2", "unknown_order"),
        (foreign["order_number"], "3", "unknown_order"),
    ]
    assert {row["wecelebrate_error"].replace(row["order_number"], "N") for row in errors} == {
        "The order `N` does not exist."
    }
    assert state(platform, other_tenant, foreign) == ("pending", "none")
    assert state(platform, shop, own) == ("shipped", "full")


def test_a_file_for_the_destination_of_another_client_cannot_change_an_order(
    platform: Platform, shop: Tenant, other_tenant: Tenant, mug: Json
) -> None:
    order = platform.order(shop, (mug, 1))
    foreign = platform.destination(other_tenant, "csv")
    content = f"{HEADER}\n{order['order_number']},cancelled,,,,,\n"
    assert counts(platform.drop_news(foreign, content))["rejected"] == 1
    assert state(platform, shop, order) == ("pending", "none")


def test_the_corrected_error_file_can_be_sent_again(
    platform: Platform, shop: Tenant, mug: Json, destination: Json
) -> None:
    order = platform.order(shop, (mug, 2))
    content = f"{HEADER}\n{order['order_number']},shipped,CUP,2,A1,DHL,2026-11-26T12:00:00Z\n"
    job = platform.drop_news(destination, content)
    [error] = error_rows(platform, job)
    assert (error["wecelebrate_code"], error["sku"]) == ("unknown_line", "CUP")
    [row] = ok(shop.owner.get(f"/v1/jobs/{job['id']}/rejected-rows"))["data"]
    assert (row["line"], row["code"], row["raw"]["sku"]) == (2, "unknown_line", "CUP")
    file = ok(shop.owner.get(f"/v1/jobs/{job['id']}/error-file"))
    assert file["size"] == len(platform.read(job["result"]["error_file"]))
    assert ok(shop.owner.get(f"/v1/jobs/{job['id']}/result-file"))["name"].endswith(f"{job['id']}.json")
    corrected = platform.read(job["result"]["error_file"]).replace(b"CUP", b"MUG")
    assert counts(platform.drop_news(destination, corrected, "corrected.csv"))["updated"] == 1
    assert state(platform, shop, order) == ("shipped", "full")


def test_a_row_with_more_pieces_than_the_order_is_rejected(
    platform: Platform, shop: Tenant, mug: Json, destination: Json
) -> None:
    order = platform.order(shop, (mug, 2))
    content = f"{HEADER}\n{order['order_number']},shipped,MUG,3,A1,DHL,2026-11-26T12:00:00Z\n"
    job = platform.drop_news(destination, content)
    assert [error["code"] for error in job["first_errors"]] == ["too_many"]
    assert state(platform, shop, order) == ("pending", "none")


def test_an_older_tracking_number_does_not_replace_a_newer_tracking_number(
    platform: Platform, shop: Tenant, mug: Json, destination: Json
) -> None:
    order = platform.order(shop, (mug, 1))
    head = "order_number,status,shipment,tracking_number,happened_at"
    # An event cannot be earlier than its order, so these times are shortly after the order.
    placed_at = datetime.fromisoformat(order["created_at"])
    times = [(placed_at + timedelta(milliseconds=number)).isoformat() for number in (1, 2, 3)]
    newer = f"{head}\n{order['order_number']},shipped,S1,NEW,{times[1]}\n"
    older = f"{head}\n{order['order_number']},shipped,S1,OLD,{times[0]}\n"
    platform.drop_news(destination, newer)
    assert counts(platform.drop_news(destination, older, "older.csv"))["unchanged"] == 1
    assert [parcel[0] for parcel in parcels(platform, shop, order)] == ["NEW"]
    newest = f"{head}\n{order['order_number']},shipped,S1,NEWEST,{times[2]}\n"
    assert counts(platform.drop_news(destination, newest, "newest.csv"))["updated"] == 1
    assert [parcel[0] for parcel in parcels(platform, shop, order)] == ["NEWEST"]


def test_a_cancellation_that_the_erp_confirms_increases_the_stock_only_once(
    platform: Platform, shop: Tenant, mug: Json, destination: Json
) -> None:
    order = platform.order(shop, (mug, 2))
    platform.export(shop, destination)
    assert stock(platform, mug) == 98
    ok(shop.owner.post(f"/v1/orders/{order['id']}/cancel", json={}, headers={"If-Match": "*"}))
    assert state(platform, shop, order) == ("pending", "none")
    platform.export(shop, destination)
    content = platform.exported_files(destination)["orders-000002.csv"].decode()
    assert [row["action"] for row in csv.DictReader(io.StringIO(content))] == ["cancel"]
    confirmed = f"{HEADER}\n{order['order_number']},cancelled,,,,,\n"
    for name in ("first.csv", "second.csv"):
        platform.drop_news(destination, confirmed, name)
        assert (state(platform, shop, order), stock(platform, mug)) == (("cancelled", "none"), 100)
    platform.export(shop, destination)
    assert len(platform.exported_files(destination)) == 2


def test_a_change_from_an_erp_system_is_not_exported_to_the_same_erp_system(
    platform: Platform, shop: Tenant, mug: Json, bag: Json, destination: Json
) -> None:
    order = platform.order(shop, (mug, 2), (bag, 1))
    platform.export(shop, destination)
    lines = [
        f"{order['order_number']},acknowledged,,,,,2026-11-26T08:00:00Z",
        f"{order['order_number']},cancelled,BAG,1,,,2026-11-26T09:00:00Z",
        f"{order['order_number']},shipped,MUG,2,A1,DHL,2026-11-26T12:00:00Z",
    ]
    assert counts(platform.drop_news(destination, "\n".join([HEADER, *lines, ""])))["updated"] == 3
    assert state(platform, shop, order) == ("shipped", "full")
    assert stock(platform, bag) == 100
    platform.export(shop, destination)
    assert list(platform.exported_files(destination)) == ["orders-000001.csv"]


def test_the_job_of_an_unreadable_file_fails_with_the_reason(
    platform: Platform, shop: Tenant, destination: Json
) -> None:
    job = platform.drop_news(destination, b"%PDF-1.7 \x00\x01\x02", "news.pdf")
    assert (job["status"], job["error_code"]) == ("failed", "unreadable_file")
    result = json.loads(platform.read(f"orders/{destination['id']}/results/news.pdf.{job['id']}.json"))
    assert (result["status"], result["error"]) == ("failed", job["error"])


def test_a_file_for_an_unknown_destination_causes_an_error_file(platform: Platform) -> None:
    for name in ("no-uuid", "0192f0c1-5b7e-7c3a-9d4e-2f6a8b1c3d5e"):
        platform.s3.put_object(Bucket=platform.drops, Key=f"orders/{name}/incoming/x.csv", Body=b"a")
        key = f"orders/{name}/results/x.csv.refused.json"
        platform.eventually(partial(platform.exists, key))
        assert json.loads(platform.read(key))["error_code"] == "no_such_destination"


def test_each_line_of_a_json_shipment_states_its_number_of_pieces(
    platform: Platform, shop: Tenant, mug: Json, bag: Json, destination: Json
) -> None:
    order = platform.order(shop, (mug, 5), (bag, 5))
    parcel = {"order_number": order["order_number"], "status": "shipped", "tracking_number": "A1"}
    parcel |= {"lines": [{"line": 1, "quantity": 1}, {"line": 2, "quantity": 2}]}
    assert counts(platform.drop_news(destination, json.dumps(parcel), "news.json"))["updated"] == 2
    assert parcels(platform, shop, order) == [("A1", "shipped", ((1, 1), (2, 2)))]


def test_a_shipment_is_rejected_if_only_some_of_its_rows_name_an_order_line(
    platform: Platform, shop: Tenant, mug: Json, bag: Json, destination: Json
) -> None:
    order = platform.order(shop, (mug, 3), (bag, 1))
    number = order["order_number"]
    content = f"{HEADER}\n{number},shipped,MUG,1,A1,,\n{number},shipped,,,A1,,\n"
    job = platform.drop_news(destination, content)
    assert counts(job) == {"read": 2, "updated": 0, "unchanged": 0, "rejected": 2}
    assert {row["wecelebrate_code"] for row in error_rows(platform, job)} == {"bad_line"}
    assert state(platform, shop, order) == ("pending", "none")


@pytest.mark.slow
def test_the_error_file_contains_every_refused_row_of_a_large_file(
    platform: Platform, shop: Tenant, mug: Json, destination: Json
) -> None:
    order = platform.order(shop, (mug, 1))
    rows = 1_005
    lines = [f"{order['order_number']},S{number},9" for number in range(rows)]
    content = "\n".join(["order_number,shipment,line", *lines, ""])
    job = platform.drop_news(destination, content, within=300)
    assert counts(job) == {"read": rows, "updated": 0, "unchanged": 0, "rejected": rows}
    rejected = error_rows(platform, job)
    assert [row["shipment"] for row in rejected] == [f"S{number}" for number in range(rows)]
    assert {row["wecelebrate_code"] for row in rejected} == {"unknown_line"}
    refusals = platform.database.execute(
        "select count(*) as rows from order_news_refusals where job_id = %s", [job["id"]]
    )
    assert refusals.fetchone() == {"rows": 0}


def test_a_row_that_postgresql_cannot_store_does_not_affect_other_rows(
    platform: Platform, shop: Tenant, mug: Json, destination: Json
) -> None:
    order = platform.order(shop, (mug, 1))
    bad = [
        {"order_number": "A\0B", "status": "shipped"},
        {"order_number": order["order_number"], "status": "\0\ud800"},
        {"order_number": order["order_number"], "status": "shipped", "carrier": "\x1b[31mDHL"},
        {"order_number": order["order_number"], "status": "shipped", "sku": "S" * 10_000},
    ]
    content = json.dumps([*bad, {"order_number": order["order_number"], "status": "acknowledged"}])
    job = platform.drop_news(destination, content, "news.json")
    assert counts(job) == {"read": 5, "updated": 1, "unchanged": 0, "rejected": 4}
    assert [row["wecelebrate_code"] for row in error_rows(platform, job)] == [
        "bad_text", "unknown_status", "bad_text", "unknown_line"
    ]  # fmt: skip
