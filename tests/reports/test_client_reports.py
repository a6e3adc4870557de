"""Tests that the report of a client equals a computation from the orders of the client, in every time zone.

The report is also exact during concurrent changes.
"""

import csv
import io
import json
import random
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from python_calamine import CalamineWorkbook

from tests.events.sending import accepted, event, post, set_storage, stored
from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem
from tests.reports.orders import Expected, day, insert, random_order, sorted_rows
from wecelebrate.core.cache import keys
from wecelebrate.core.cache.shapes import SHAPES
from wecelebrate.reports.workbook import MEDIA_TYPE

FIRST, LAST = day("2026-03-25"), day("2026-04-03")
NEXT_STATUSES = {
    "pending": ("processing", "shipped", "cancelled"),
    "processing": ("shipped", "cancelled"),
    "shipped": ("delivered",),
}
"""Maps each order status to the possible next statuses. The database refuses every other change of the status."""


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def path_of(tenant: Tenant) -> str:
    return f"/v1/reports/clients/{tenant.client_id}"


def report(tenant: Tenant, api: httpx.Client | None = None, **parameters: object) -> Json:
    """Read a report of the days around the start of daylight saving time in Europe."""
    query = {"first_day": "2026-03-28", "last_day": "2026-03-30"} | parameters
    return ok((api or tenant.owner).get(path_of(tenant), params={name: str(value) for name, value in query.items()}))


def assert_equal(actual: Json, expected: Expected) -> None:
    for name, rows in expected.sections().items():
        assert sorted_rows(actual[name]) == sorted_rows(rows), name
    assert actual["customers"] == expected.customers()
    pieces = {(row["sku"], row["currency"]): row["quantity"] for row in actual["top_products"]}
    assert pieces == expected.pieces()


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"])
def test_a_report_equals_a_computation_from_the_orders(platform: Platform, tenant: Tenant, zone: str) -> None:
    dice = random.Random(zone)
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"timezone": zone}))
    orders = [random_order(dice, tenant.site_id, FIRST, LAST) for _ in range(150)]
    insert(platform, tenant, *orders)
    expected = Expected(orders, zone, date(2026, 3, 28), date(2026, 3, 30))
    actual = report(tenant)
    assert actual["timezone"] == zone
    assert_equal(actual, expected)
    platform.database.execute("select app.rollup_order_deltas()")
    assert_equal(report(tenant, platform.admin), expected)


def test_a_report_is_exact_after_random_changes_and_during_rollups(platform: Platform, tenant: Tenant) -> None:
    dice = random.Random(5)
    orders = [random_order(dice, tenant.site_id, FIRST, LAST) for _ in range(60)]
    insert(platform, tenant, *orders)
    expected = Expected(orders, "UTC", date(2026, 3, 28), date(2026, 3, 30))
    for _ in range(6):
        for order in dice.sample([order for order in orders if order.status in NEXT_STATUSES], 6):
            order.status = dice.choice(NEXT_STATUSES[order.status])
            platform.arrange("update orders set status = %s where id = %s", [order.status, order.id])
        with ThreadPoolExecutor(2) as threads:
            rollup = threads.submit(platform.invoke, "schedules-rollups")
            assert_equal(report(tenant), expected)
            rollup.result()
        assert_equal(report(tenant), expected)


def test_a_report_counts_returned_pieces_but_not_cancelled_pieces(platform: Platform, tenant: Tenant) -> None:
    mug = platform.product(tenant, sku="MUG", price="2.50", inventory_count=20)
    pen = platform.product(tenant, sku="PEN", price="1.00", inventory_count=20)
    order = platform.order(tenant, (mug, 5), (pen, 2))
    other = platform.order(tenant, (pen, 4))
    path, matched = f"/v1/orders/{order['id']}", {"if-match": "*"}
    lines = [{"line": 1, "quantity": 1}, {"line": 2}]
    ok(tenant.owner.post(f"{path}/lines/cancel", json={"lines": lines}, headers=matched))
    for each in (order, other):
        ok(tenant.owner.post(f"/v1/orders/{each['id']}/ship", json={}, headers=matched))
    created(tenant.owner.post(f"{path}/returns", json={"lines": [{"line": 1, "quantity": 3}]}, headers=matched))
    refused = created(tenant.owner.post(f"/v1/orders/{other['id']}/returns", json={}, headers=matched))
    ok(tenant.owner.post(f"/v1/returns/{refused['id']}/refuse", json={}, headers=matched))
    actual = ok(tenant.owner.get(path_of(tenant)))
    sold = [(row["sku"], row["orders"], row["quantity"], row["revenue"]) for row in actual["top_products"]]
    assert sold == [("MUG", 1, 4, "10.00"), ("PEN", 1, 4, "4.00")]
    assert actual["returned"] == [{"currency": "USD", "orders": 1, "quantity": 3, "amount": "7.50"}]
    assert [total["revenue"] for total in actual["totals"]] == ["14.00"]
    csv_file = tenant.owner.get(path_of(tenant), params={"format": "csv", "table": "returned"}).text
    assert csv_file.splitlines() == ["currency,orders,quantity,amount", "USD,1,3,7.50"]


def test_a_report_for_one_site_counts_only_the_orders_of_this_site(platform: Platform, tenant: Tenant) -> None:
    dice = random.Random(6)
    second = platform.site(tenant.client_id, tenant.catalog_id)
    here = [random_order(dice, tenant.site_id, FIRST, LAST) for _ in range(30)]
    there = [random_order(dice, second["id"], FIRST, LAST) for _ in range(30)]
    insert(platform, tenant, *here, *there)
    expected = Expected(here, "UTC", date(2026, 3, 28), date(2026, 3, 30))
    assert_equal(report(tenant, site_id=tenant.site_id), expected)
    names = {row["name"] for row in report(tenant)["by_site"]}
    assert second["name"] in names and len(names) == 2


def test_a_new_order_invalidates_the_cached_report(platform: Platform, tenant: Tenant) -> None:
    statuses = [
        tenant.owner.get(path_of(tenant), params={"month": "2026-03"}).headers["cache-status"] for _ in range(2)
    ]
    assert ["hit" in status for status in statuses] == [False, True]
    platform.arrange(
        "insert into orders (client_id, site_id, customer_name, customer_email, total_amount, created_at,"
        " shipping_address, items) values (%s, %s, 'C', 'c@example.test', 7, '2026-03-31 23:59Z', '{}', '[]')",
        [tenant.client_id, tenant.site_id],
    )
    actual = ok(tenant.owner.get(path_of(tenant), params={"month": "2026-03"}))
    assert actual["totals"][0]["revenue"] == "7.00"
    assert (actual["first_day"], actual["last_day"], actual["is_closed"]) == ("2026-03-01", "2026-03-31", True)


def test_a_cached_report_of_the_previous_release_is_ignored(platform: Platform, tenant: Tenant) -> None:
    """The previous release stored reports without returned pieces, under a different fingerprint of the model."""
    query = {"month": "2026-03"}
    ok(tenant.owner.get(path_of(tenant), params=query))
    (name,) = [
        key
        for key in platform.redis.scan_iter(f"v1:local:{tenant.client_id}:*", count=1000)
        if f":client:{tenant.client_id}:" in key and ":lock:" not in key
    ]
    head, _, body = platform.redis.get(name).partition("\n\n")
    shape = SHAPES[keys.CLOSED_REPORT.name]
    assert f":{keys.CLOSED_REPORT.name}.{shape}:" in name
    earlier = {member: value for member, value in json.loads(body).items() if member != "returned"}
    platform.redis.delete(name)
    platform.redis.set(name.replace(shape, "5c043b70"), f"{head}\n\n{json.dumps(earlier)}", px=600_000)
    for file_format in ("csv", "xlsx"):
        assert tenant.owner.get(path_of(tenant), params=query | {"format": file_format}).status_code == 200
    assert ok(tenant.owner.get(path_of(tenant), params=query))["returned"] == []


def test_the_default_period_of_a_report_is_the_current_month_until_today(tenant: Tenant) -> None:
    actual = ok(tenant.owner.get(path_of(tenant)))
    today = datetime.now(UTC).date()
    assert actual["first_day"] == str(today.replace(day=1))
    assert actual["last_day"] in (str(today), str(today + timedelta(days=1)))
    assert not actual["is_closed"]
    assert actual["totals"] == []


def test_the_conversion_rate_uses_the_number_of_sessions_with_events(platform: Platform, tenant: Tenant) -> None:
    set_storage(platform, tenant, "all")
    visitor = platform.api()
    accepted(
        post(
            visitor,
            tenant,
            event(session_id="a", type="page_view"),
            event(session_id="a", type="product_view"),
            event(session_id="b", type="product_view"),
            event(session_id="b", type="add_to_cart"),
            event(session_id="c", type="checkout"),
            event(session_id=None, type="product_view"),
        )
    )
    stored(platform, tenant, 6)
    dice, now = random.Random(1), datetime.now(UTC)
    orders = [random_order(dice, tenant.site_id, now - timedelta(seconds=9), now) for _ in range(5)]
    for order in orders:
        order.status = "pending"
    insert(platform, tenant, *orders)
    yesterday = (now - timedelta(days=1)).date()
    actual = report(tenant, first_day=yesterday, last_day=now.date())
    assert actual["conversion"] == {
        "visits": 3,
        "with_product_view": 2,
        "with_cart": 1,
        "with_checkout": 1,
        "orders": 5,
        "rate": 1.6667,
    }


def test_the_csv_file_of_a_report_contains_one_table_without_formulas(platform: Platform, tenant: Tenant) -> None:
    dice = random.Random(2)
    ok(tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"name": "=cmd|' /C calc'!A0"}))
    insert(platform, tenant, *(random_order(dice, tenant.site_id, FIRST, LAST) for _ in range(40)))
    query = {"first_day": "2026-03-28", "last_day": "2026-03-30", "format": "csv"}
    response = tenant.owner.get(path_of(tenant), params=query)
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert rows == [{name: str(value) for name, value in row.items()} for row in report(tenant)["by_day"]]
    sites = list(csv.DictReader(io.StringIO(tenant.owner.get(path_of(tenant), params=query | {"table": "sites"}).text)))
    assert {row["name"] for row in sites} == {"'=cmd|' /C calc'!A0"}
    for table in ("totals", "statuses", "hours", "products"):
        text = tenant.owner.get(path_of(tenant), params=query | {"table": table}).text
        assert len(text.splitlines()) > 1, table


def test_the_workbook_of_a_report_contains_all_tables_and_two_charts(platform: Platform, tenant: Tenant) -> None:
    dice = random.Random(2)
    ok(tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"name": "=1+1"}))
    insert(platform, tenant, *(random_order(dice, tenant.site_id, FIRST, LAST) for _ in range(40)))
    query = {"first_day": "2026-03-28", "last_day": "2026-03-30", "format": "xlsx"}
    response = tenant.owner.get(path_of(tenant), params=query)
    assert response.headers["content-type"] == MEDIA_TYPE
    book = CalamineWorkbook.from_filelike(io.BytesIO(response.content))
    assert book.sheet_names == ["Report", "Totals", "Days", "Hours", "Statuses", "Sites", "Products", "Returned"]
    expected = report(tenant)
    header, *rows = book.get_sheet_by_name("Days").to_python()
    actual = [dict(zip(header, row, strict=True)) for row in rows]
    assert sorted((str(row["day"]), row["currency"], f"{row['revenue']:.2f}") for row in actual) == sorted(
        (row["day"], row["currency"], row["revenue"]) for row in expected["by_day"]
    )
    assert book.get_sheet_by_name("Sites").to_python()[1][1] == "=1+1"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        charts = [name for name in archive.namelist() if name.startswith("xl/charts/chart")]
        sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(charts) == 2
    assert not any(b"<f>" in sheet for sheet in sheets)


def test_a_caller_gets_404_for_the_report_of_another_client(platform: Platform, tenant: Tenant) -> None:
    other = platform.tenant()
    problem(tenant.owner.get(path_of(other)), 404, "not_found")
    problem(platform.api(f"stranger-{other.slug}").get(path_of(tenant)), 403, "no_membership")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"month": "2026-13"}, "month"),
        ({"month": "2026-03", "first_day": "2026-03-01"}, "month"),
        ({"first_day": "2026-03-02", "last_day": "2026-03-01"}, "last_day"),
        ({"first_day": "2001-01-01", "last_day": "2026-03-01"}, "last_day"),
        ({"first_day": "2026-02-29"}, "first_day"),
        ({"first_day": "1773480413"}, "first_day"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"format": "pdf"}, "format"),
    ],
)
def test_a_report_request_with_an_invalid_parameter_is_refused(
    tenant: Tenant, query: dict[str, str], pointer: str
) -> None:
    assert pointers(problem(tenant.owner.get(path_of(tenant), params=query), 422, "invalid")) == [pointer]
