"""Historical orders are imported once, with their numbers and times. An import affects only the figures of reports.

The report test generates a file in the format of "Online Retail" (Chen, 2015, UCI Machine Learning Repository, CC BY
4.0). The file is encoded in cp1252 and has US times. It contains cancelled invoices (a number with C, negative
quantities), adjustments without a customer, articles without a description, and duplicate lines. The lines of one
invoice can differ in the minute.
"""

import csv
import io
import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg
import pytest

from tests.exports.exporting import exported
from tests.imports.importing import wait_for_job
from tests.imports.order_importing import (
    HEADER,
    ROWS,
    error_file,
    imported,
    orders_of,
    rejections_of,
    start,
    table,
    upload,
)  # fmt: skip
from tests.platform import Json, Platform, Tenant, created, ok, problem
from tests.reports.orders import sorted_rows


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def test_an_import_creates_orders_in_their_final_state_without_side_effects(platform: Platform, tenant: Tenant) -> None:
    mug = platform.product(tenant, sku="MUG", inventory_count=5)
    job = imported(tenant, table(ROWS))
    assert job["result"]["orders"] == {"read": 4, "created": 3, "unchanged": 0, "rejected": 1, "with_other_total": 0}
    assert rejections_of(tenant, job) == [(6, "credit")]
    orders = orders_of(tenant)
    first = orders["A-1"]
    assert (first["status"], first["fulfilment"], first["total_amount"]) == ("delivered", "full", "8.00")
    assert first["created_at"] == "2024-03-01T10:00:00+00:00"
    assert [(item["sku"], item["product_id"], item["quantity"]) for item in first["items"]] == [
        ("MUG", mug["id"], 2), ("CUP", None, 1),
    ]  # fmt: skip
    assert (orders["A-2"]["customer_email"], orders["A-3"]["status"]) == ("", "cancelled")
    assert ok(tenant.owner.get(f"/v1/products/{mug['id']}"))["inventory_count"] == 5
    ids = [order["id"] for order in orders.values()]
    for effect in ("mails", "stock_holds"):
        row = platform.database.execute(f"select count(*) from {effect} where order_id = any (%s)", [ids]).fetchone()
        assert row is not None and row["count"] == 0, effect
    events = ok(tenant.owner.get(f"/v1/orders/{first['id']}/events"))["data"]
    assert sorted(event["type"] for event in events) == ["imported", "placed"]
    destination = platform.destination(tenant, "csv", orders_from="2020-01-01T00:00:00Z")
    platform.export(tenant, destination)
    assert platform.exported_files(destination) == {}


def test_delivering_an_imported_order_without_a_customer_sends_no_mail(platform: Platform, tenant: Tenant) -> None:
    imported(tenant, table(ROWS))
    order = orders_of(tenant)["A-2"]
    delivered = ok(tenant.owner.post(f"/v1/orders/{order['id']}/deliver", json={}, headers={"if-match": "*"}))
    assert delivered["status"] == "delivered"
    assert platform.database.execute("select from mails where order_id = %s", [order["id"]]).fetchall() == []


def test_a_second_import_of_the_same_order_file_changes_nothing(platform: Platform, tenant: Tenant) -> None:
    imported(tenant, table(ROWS))
    before = orders_of(tenant)
    ok(tenant.owner.post(f"/v1/orders/{before['A-2']['id']}/deliver", json={}, headers={"if-match": "*"}))
    before = orders_of(tenant)
    job = imported(tenant, table(ROWS))
    assert job["counts"] == job["counts"] | {"read": 5, "created": 0, "unchanged": 4, "rejected": 1}
    assert orders_of(tenant) == before


def test_a_second_attempt_counts_the_orders_of_the_first_attempt_as_created(platform: Platform, tenant: Tenant) -> None:
    job = imported(tenant, table(ROWS[:1]))
    order = orders_of(tenant)["A-1"]
    again = order | {"lines": [{"line": 1, "sku": "MUG", "quantity": 2, "unit_price": "3.5"}]}
    statement = "select outcome from app.import_orders(%s, %s, false)"
    with platform.database.transaction(force_rollback=True):
        # A killed worker leaves the job in this state after the commit of a chunk.
        platform.database.execute("update jobs set status = 'processing' where id = %s", [job["id"]])
        rows = platform.database.execute(statement, [job["id"], json.dumps([again])]).fetchall()
        assert [row["outcome"] for row in rows] == ["created"]
        lines = platform.database.execute("select from order_lines where order_id = %s", [order["id"]]).fetchall()
        assert len(lines) == 1
    with pytest.raises(psycopg.errors.InsufficientPrivilege):  # a job that is not `processing` cannot import orders
        platform.database.execute(statement, [job["id"], json.dumps([again])])


def test_an_order_with_a_used_number_or_different_content_is_rejected(platform: Platform, tenant: Tenant) -> None:
    imported(tenant, table(ROWS[:1]))
    changed = imported(tenant, table([(*ROWS[0][:8], "3.51")]))
    assert rejections_of(tenant, changed) == [(2, "differs")]
    other = imported(tenant, table(ROWS[:1]), source="another shop")
    assert rejections_of(tenant, other) == [(2, "number_in_use")]
    prefixed = imported(tenant, table(ROWS[:1]), source="another shop", number_prefix="B-")
    assert prefixed["counts"]["created"] == 1
    order = orders_of(tenant)["B-A-1"]
    assert order["external_number"] == "A-1"


def test_a_dry_run_of_an_order_import_writes_no_orders_and_keeps_the_file(tenant: Tenant) -> None:
    body = {"upload_id": upload(tenant.owner, table(ROWS)), "source": "old shop"}
    path = f"/v1/sites/{tenant.site_id}/orders/import"
    for fields, orders in (({"dry_run": True}, 0), ({"dry_run": False}, 3)):
        job = wait_for_job(tenant.owner, ok(tenant.owner.post(path, json=body | fields))["id"])
        assert (job["status"], job["counts"]["created"]) == ("completed", 4)
        assert len(orders_of(tenant)) == orders
    response = tenant.owner.post(path, json=body)
    assert response.json()["errors"][0]["pointer"] == "/upload_id"  # the imported file was deleted


def test_only_owners_and_editors_of_the_client_of_a_site_can_import_orders(platform: Platform, tenant: Tenant) -> None:
    stranger = platform.tenant()
    body = {"upload_id": upload(stranger.owner, table(ROWS)), "source": "old shop"}
    problem(stranger.owner.post(f"/v1/sites/{tenant.site_id}/orders/import", json=body), 404, "not_found")
    editor = platform.api(platform.member(tenant.client_id, "editor"))
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    own = {"upload_id": upload(editor, table(ROWS), client_id=tenant.client_id), "source": "old shop"}
    path = f"/v1/sites/{tenant.site_id}/orders/import"
    problem(viewer.post(path, json=own), 403, "forbidden")
    problem(tenant.owner.post(path, json=body), 422, "invalid")  # the upload belongs to another client
    job = wait_for_job(editor, ok(editor.post(path, json=own))["id"])
    assert job["counts"]["created"] == 4


@pytest.mark.parametrize(
    ("content", "fields", "code"),
    [
        (b"a,b\n1,2\n", {}, "no_order_number"),
        (b"order id,order no,sku,quantity\n1,2,s,1\n", {}, "ambiguous_columns"),
        (table(ROWS), {"columns": {"sku": "article"}}, "unknown_column"),
        (b"[{]", {}, "unreadable_file"),
    ],
)
def test_the_job_of_an_ambiguous_or_unreadable_order_file_fails_with_the_reason(
    tenant: Tenant, content: bytes, fields: Json, code: str
) -> None:
    job = wait_for_job(tenant.owner, start(tenant, content, **fields))
    assert (job["status"], job["error_code"]) == ("failed", code)
    assert orders_of(tenant) == {}


COMPARED = (
    "order_number", "status", "total_amount", "currency", "customer_subject", "customer_name", "customer_email",
    "shipping_address", "metadata", "created_at", "shipped_at", "delivered_at", "kind", "fulfilment",
    "external_number", "processed_at", "cancelled_at", "cancel_reason",
)  # fmt: skip


def lines_of(tenant: Tenant, order: Json) -> list[Json]:
    lines = ok(tenant.owner.get(f"/v1/orders/{order['id']}/lines"))["data"]
    return [
        {name: line[name] for name in line if name not in ("order_id", "client_id", "product_id")} for line in lines
    ]


def live(platform: Platform, tenant: Tenant) -> None:
    """Place orders, and then process, ship, deliver, return and cancel some of them."""
    product, other = (platform.product(tenant, name=name, inventory_count=90) for name in ("=Mug", "Größe, L"))
    headers = {"if-match": "*"}
    for number in range(6):
        customer = {"customer_name": f"'=Ann {number}", "customer_email": f"ann{number}@example.test"}
        order = platform.order(tenant, (product, 3), (other, 2), **customer, metadata={"n": number, "rate": 0.5})
        path = f"/v1/orders/{order['id']}"
        if number == 1:
            ok(tenant.owner.post(f"{path}/process", json={"external_number": "0012345678901234567"}, headers=headers))
        if number in (2, 3):
            lines = [{"line": 1, "quantity": 2}] if number == 2 else None
            ok(tenant.owner.post(f"{path}/ship", json={"number": "P1", "lines": lines}, headers=headers))
        if number == 2:
            ok(tenant.owner.post(f"{path}/lines/cancel", json={"lines": [{"line": 2, "quantity": 1}]}, headers=headers))
        if number == 3:
            ok(tenant.owner.post(f"{path}/deliver", json={}, headers=headers))
            created(tenant.owner.post(f"{path}/returns", json={"lines": [{"line": 1, "quantity": 1}]}, headers=headers))
        if number == 4:
            ok(tenant.owner.post(f"{path}/cancel", json={"reason": "=cmd|' /C calc'!A0"}, headers=headers))


@pytest.mark.parametrize("file_format", ["csv", "ndjson", "xlsx"])
def test_importing_exported_orders_into_another_client_creates_identical_orders(
    platform: Platform, file_format: str
) -> None:
    tenant, copy = platform.tenant(), platform.tenant()
    live(platform, tenant)
    orders = exported(tenant.owner, "orders", file_format)
    lines = exported(tenant.owner, "order_lines", file_format)
    names = {"name": f"orders.{file_format}", "lines_upload_id": upload(copy.owner, lines, f"lines.{file_format}")}
    job = imported(copy, orders, **names)
    assert job["counts"]["rejected"] == 0, job["first_errors"]
    expected, actual = orders_of(tenant), orders_of(copy)
    assert actual.keys() == expected.keys()
    for number, order in expected.items():
        assert compared(actual[number], file_format) == compared(order, file_format)
        times = [datetime.fromisoformat(each["created_at"]) for each in (order, actual[number])]
        assert abs(times[0] - times[1]) <= timedelta(seconds=1)
        assert lines_of(copy, actual[number]) == lines_of(tenant, order)


def compared(order: Json, file_format: str) -> Json:
    """Return the fields that must be equal in an order and its copy. For a workbook, times are only compared with
    None."""
    fields = {name: order[name] for name in COMPARED}
    for name in COMPARED:
        if file_format == "xlsx" and name.endswith("_at"):
            fields[name] = order[name] is not None
    return fields


def online_retail(dice: random.Random, count: int) -> list[list[str]]:
    """Return rows in the format of Online Retail."""
    articles = [(f"{85000 + n}{dice.choice(['', 'A', 'b'])}", f"CAFÉ MUG {n}", Decimal(dice.randint(1, 2000)) / 100)
                for n in range(40)]  # fmt: skip
    rows = []
    for number in range(536365, 536365 + count):
        placed_at = datetime(2010, 10, 28, tzinfo=UTC) + timedelta(minutes=dice.randint(0, 60 * 24 * 60))
        customer, country = dice.choice(["", "17850", "13047", "12583"]), dice.choice(["United Kingdom", "EIRE"])
        dirt = dice.random()
        for sku, name, price in dice.sample(articles, dice.randint(1, 6)):
            minute = placed_at + timedelta(minutes=dirt > 0.95 and dice.randint(0, 1))
            time = f"{minute.month}/{minute.day}/{minute.year} {minute.hour}:{minute:%M}"
            quantity = dice.randint(1, 24)
            row = [str(number), sku, name, str(quantity), time, str(price), customer, country]
            if dirt < 0.08:
                row = [f"C{number}", *row[1:3], str(-quantity), *row[4:]]
            elif dirt < 0.12:
                row = [str(number), sku, "", str(-quantity), time, "0.0", "", country]
            elif dirt < 0.14:
                row[5] = "0.001"
            rows += [row] * (2 if dice.random() < 0.03 else 1)
    return rows


EXPECTED = """
create table rows as
select InvoiceNo as invoice, StockCode as sku, cast(Quantity as integer) as quantity, cast(UnitPrice as decimal(18, 3))
  as price, CustomerID as customer, strptime(InvoiceDate, '%-m/%-d/%Y %-H:%M') at time zone 'Europe/London' as placed_at
from read_csv(?, header = true, all_varchar = true, encoding = 'latin-1');
create table kept as select * from rows where invoice in (
  select invoice from rows group by invoice
  having min(quantity) > 0 and bool_and(price = round(price, 2)));
create table invoices as select invoice, min(placed_at) at time zone 'Asia/Kolkata' as local_time,
  any_value(customer) as customer, sum(quantity * price) as amount from kept group by invoice
"""
MONTHS = """
select strftime(local_time, '%Y-%m') as month, count(*) as orders,
  cast(sum(amount)::decimal(18, 2) as varchar) as revenue, count(distinct customer) as customers
from invoices group by 1 order by 1"""
DAYS = """select cast(local_time::date as varchar) as day, 'GBP' as currency, count(*) as orders,
  cast(sum(amount)::decimal(18, 2) as varchar) as revenue from invoices where strftime(local_time, '%Y-%m') = '2010-11'
  group by 1"""
PRODUCTS = """select sku, count(distinct invoice) as orders, sum(quantity)::integer as quantity from kept
  join invoices using (invoice) where strftime(local_time, '%Y-%m') = '2010-11' group by sku
  order by quantity desc, sku limit 20"""


def test_the_report_of_an_order_file_equals_the_result_of_duckdb(
    platform: Platform, tenant: Tenant, tmp_path: Path
) -> None:
    rows = online_retail(random.Random(11), 900)
    path = tmp_path / "online-retail.csv"
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
        )
        writer.writerows(rows)
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"timezone": "Asia/Kolkata"},
                            headers={"if-match": "*"}))  # fmt: skip

    def report(month: str) -> Json:
        return ok(tenant.owner.get(f"/v1/reports/clients/{tenant.client_id}", params={"month": month}))

    months = ("2010-10", "2010-11", "2010-12")
    assert [report(month)["totals"] for month in months] == [
        [],
        [],
        [],
    ]  # from now on, the cache contains the reports of the closed months
    job = imported(
        tenant, path.read_bytes(), "online-retail.csv", currency="GBP", status="delivered",
        date_format="%m/%d/%Y %H:%M", timezone="Europe/London",
    )  # fmt: skip
    with duckdb.connect(config={"autoinstall_known_extensions": False, "TimeZone": "UTC"}) as connection:
        for statement in EXPECTED.split(";\n"):
            connection.execute(statement, [str(path)] if "?" in statement else [])

        def computed(query: str) -> list[Json]:
            result = connection.execute(query)
            return [dict(zip([c[0] for c in result.description], row, strict=True)) for row in result.fetchall()]

        kept = connection.execute("select count(*), count(distinct invoice) from kept").fetchone()
        expected = {"months": computed(MONTHS), "days": computed(DAYS), "products": computed(PRODUCTS)}
    assert kept == (job["counts"]["created"], job["result"]["orders"]["created"])
    assert job["counts"]["read"] == len(rows) and job["counts"]["rejected"] == len(rows) - kept[0] > 100
    for _ in range(2):  # compare the reports first with deltas, and then after the rollup
        reports = {month: report(month) for month in months}
        actual = [
            {"month": month, "orders": total["orders"], "revenue": total["revenue"],
             "customers": result["customers"]["customers"]}
            for month, result in reports.items() for total in result["totals"]
        ]  # fmt: skip
        assert actual == expected["months"]
        assert sorted_rows(reports["2010-11"]["by_day"]) == sorted_rows(expected["days"])
        products = reports["2010-11"]["top_products"]
        assert [{name: row[name] for name in ("sku", "orders", "quantity")} for row in products] == expected["products"]
        platform.database.execute("select app.rollup_order_deltas()")
    codes = {row["wecelebrate_code"] for row in csv.DictReader(io.StringIO(error_file(tenant, job)))}
    assert codes == {"adjustment", "credit", "amount_too_fine", "order_incomplete"}


def test_the_corrected_error_file_of_an_order_import_can_be_imported(tenant: Tenant) -> None:
    job = imported(tenant, table([(*ROWS[0][:8], "3,50"), ROWS[2], (*ROWS[1][:5], "", "", "1", "1.00")]))
    assert rejections_of(tenant, job) == [(2, "bad_amount"), (3, "order_incomplete"), (4, "no_product")]
    text = error_file(tenant, job).replace('"3,50"', "3.50")
    again = imported(tenant, text.encode(), "errors.csv")
    assert (again["counts"]["created"], again["counts"]["rejected"]) == (2, 1)
    assert orders_of(tenant)["A-1"]["total_amount"] == "8.00"


def test_a_request_can_map_the_fields_of_orders_in_ndjson(tenant: Tenant) -> None:
    order = {"id": "#1001", "created": "2024-05-01 10:00", "state": "Completed", "lines": [
        {"sku": "X", "name": "X", "quantity": 1, "unit_price": 10.1}]}  # fmt: skip
    job = imported(
        tenant, json.dumps(order).encode(), "orders.ndjson", currency="CHF", timezone="Europe/Zurich",
        columns={"order_number": "id", "created_at": "created", "status": "state"}, statuses={"completed": "delivered"},
    )  # fmt: skip
    assert job["counts"]["created"] == 1, job
    stored = orders_of(tenant)["1001"]
    assert (stored["external_number"], stored["created_at"]) == ("#1001", "2024-05-01T08:00:00+00:00")


def test_an_imported_order_never_changes_the_stock_of_another_client(platform: Platform, tenant: Tenant) -> None:
    owner = platform.tenant()
    product = platform.product(owner, inventory_count=60)
    with platform.changes():
        platform.database.execute(
            "insert into catalog_grants (catalog_id, client_id) values (%s, %s)", [owner.catalog_id, tenant.client_id]
        )
        platform.database.execute("update sites set catalog_id = %s where id = %s", [owner.catalog_id, tenant.site_id])
    row = ("R-1", "2024-03-01T10:00:00Z", "delivered", "EUR", "ann@example.test", product["sku"], "Mug", "5000", "1.00")
    imported(tenant, table([row]))
    order = f"/v1/orders/{orders_of(tenant)['R-1']['id']}"
    match = {"If-Match": "*"}
    lines = [{"line": 1, "quantity": 60}]
    refused = problem(
        tenant.owner.post(f"{order}/replacements", json={"lines": lines}, headers=match), 409, "pieces_not_left"
    )
    assert refused["errors"] == [{"pointer": "/lines/0/quantity", "detail": "exceeds the 0 pieces left"}]
    opened = created(tenant.owner.post(f"{order}/returns", json={}, headers=match))
    receive = f"/v1/returns/{opened['id']}/receive"
    lines = [{"line": 1, "quantity": 5000, "restock": 5000}]
    problem(tenant.owner.post(receive, json={"lines": lines}, headers=match), 409, "pieces_not_left")
    ok(tenant.owner.post(receive, json={"restock": True}, headers=match))
    assert ok(owner.owner.get(f"/v1/products/{product['id']}"))["inventory_count"] == 60


MISREAD = (*HEADER[:4], "E-Mail of buyer", *HEADER[5:])


def test_the_result_of_an_order_import_names_the_unread_columns(tenant: Tenant) -> None:
    job = imported(tenant, table(ROWS[:1], MISREAD), dry_run=True)
    assert job["result"]["unread_columns"] == [["E-Mail of buyer"]]
    assert job["result"]["columns"][0]["order_number"] == "order_number"
    assert job["result"]["missing_fields"] == []
    order = {"order_number": "J-1", "items": [{"sku": "MUG", "quantity": 1, "unit_price": 1, "title": "Mug"}], "x": 1}
    job = imported(tenant, json.dumps([order]).encode(), "orders.json", dry_run=True)
    assert job["result"]["unread_columns"] == [["x", "lines.title"]]


def test_the_result_also_names_the_unread_columns_of_a_second_file(tenant: Tenant) -> None:
    lines = upload(tenant.owner, table([("A-1", "MUG", "1", "2", "x@example.test")], ("order_number", "sku",
        "quantity", "unit_price", "customer_email")))  # fmt: skip
    orders = table([(*ROWS[0][:4], "7")], (*HEADER[:4], "quantity"))
    job = imported(tenant, orders, lines_upload_id=lines, dry_run=True)
    assert job["result"]["unread_columns"] == [["quantity"], ["customer_email"]]


def test_the_result_names_all_order_fields_without_a_column(tenant: Tenant) -> None:
    job = imported(tenant, table([("A-1", "2024-03-01", "2")], ("order_number", "Date", "Zahl")))
    assert job["counts"]["rejected"] == 1
    assert job["result"]["missing_fields"] == [
        ["created_at"], ["status"], ["currency"], ["sku", "name"], ["quantity"], ["unit_price", "amount"],
    ]  # fmt: skip
    assert job["result"]["unread_columns"] == [["Date", "Zahl"]]


def test_an_unknown_field_in_the_column_mapping_causes_one_error(tenant: Tenant) -> None:
    body = {"upload_id": upload(tenant.owner, table(ROWS)), "source": "x", "columns": {"nofield": "Date"}}
    refused = tenant.owner.post(f"/v1/sites/{tenant.site_id}/orders/import", json=body)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/columns/nofield"]


@pytest.mark.parametrize("is_rehearsal", [True, False])
def test_a_row_with_different_details_than_the_imported_order_is_rejected(tenant: Tenant, is_rehearsal: bool) -> None:
    imported(tenant, table(ROWS[:2], MISREAD))
    order = orders_of(tenant)["A-2"]
    ok(tenant.owner.post(f"/v1/orders/{order['id']}/deliver", json={}, headers={"if-match": "*"}))
    again = imported(tenant, table(ROWS[:2]), dry_run=is_rehearsal)
    assert rejections_of(tenant, again) == [(2, "details_differ")]  # A-2 has no address in the file
    assert "`customer_email`" in again["first_errors"][0]["reason"]
    other_texts = table([(*ROWS[1][:4], "eve@example.test", "PEN", "Pencil", *ROWS[1][7:])])
    job = imported(tenant, other_texts, dry_run=is_rehearsal)
    assert "`customer_email`, `name`" in job["first_errors"][0]["reason"]
    metadata = imported(tenant, table([(*ROWS[0], '{"a": 1}')], (*MISREAD, "metadata")), dry_run=is_rehearsal)
    assert "`metadata`" in metadata["first_errors"][0]["reason"]


def test_details_that_changed_after_the_import_are_not_differences(platform: Platform, tenant: Tenant) -> None:
    header = (*HEADER, "customer_name", "shipped_at")
    rows = [(*row, "Ann", "2024-04-01T00:00:00Z") for row in ROWS[:2]]
    imported(tenant, table(rows, header))
    order = orders_of(tenant)["A-1"]
    headers = {"if-match": "*"}
    with platform.database.transaction():
        platform.database.execute(
            "update orders set customer_name = 'Ann Lee', shipped_at = '2024-05-01', erased_at = now()"
            " where id = %s", [order["id"]],
        )  # fmt: skip
    shipped = orders_of(tenant)["A-2"]
    ok(tenant.owner.post(f"/v1/orders/{shipped['id']}/deliver", json={}, headers=headers))
    again = imported(tenant, table(rows, header))
    assert (again["counts"]["unchanged"], again["counts"]["rejected"]) == (2, 0)


def test_a_corrected_customer_of_an_imported_order_is_not_a_difference(tenant: Tenant) -> None:
    row = (*ROWS[0][:2], "pending", *ROWS[0][3:], "Ann", "12 Main Street")
    content = table([row], (*HEADER, "customer_name", "shipping_line1"))
    imported(tenant, content)
    path = f"/v1/orders/{orders_of(tenant)['A-1']['id']}"
    ok(tenant.owner.patch(path, json={"customer_name": "Ann Lee"}, headers={"if-match": "*"}))
    assert imported(tenant, content)["counts"]["unchanged"] == 1
    other = table([(*row[:9], "Ann", "13 Main Street")], (*HEADER, "customer_name", "shipping_line1"))
    assert "`shipping_address`" in imported(tenant, other)["first_errors"][0]["reason"]


def test_the_previous_overload_of_the_import_function_does_not_return_the_new_outcome(
    platform: Platform, tenant: Tenant
) -> None:
    job = imported(tenant, table(ROWS[:1]))
    order = orders_of(tenant)["A-1"] | {"customer_email": "eve@example.test"}
    order["lines"] = [{"line": 1, "sku": "MUG", "name": "Mug", "quantity": 2, "unit_price": "3.5"}]
    second = imported(tenant, table(ROWS[:1]))
    with platform.database.transaction(force_rollback=True):
        platform.database.execute("update jobs set status = 'processing' where id = %s", [second["id"]])
        old = platform.database.execute(
            "select outcome from app.import_orders(%s, %s, true)", [second["id"], json.dumps([order])]
        ).fetchall()
        new = platform.database.execute(
            "select outcome, differing from app.import_historical_orders(%s, %s, true)",
            [second["id"], json.dumps([order])],
        ).fetchall()
    assert [row["outcome"] for row in old] == ["unchanged"] and job["id"] != second["id"]
    assert [(row["outcome"], row["differing"]) for row in new] == [("details_differ", ["customer_email"])]
