"""Tests that the reports of a public order file equal the results of DuckDB for this file
(`tests/data/orders/README.md`)."""

import csv
from pathlib import Path

import duckdb

from tests.imports.order_importing import imported
from tests.platform import Json, Platform, ok
from tests.reports.orders import sorted_rows

FILE = Path("tests/data/orders/superstore-2017.csv")
ZONE = "America/Los_Angeles"
"""The time zone of the client. The file has dates in New York. In Los Angeles, each order is one day earlier."""
TABLES = """
create table rows as
select "Order ID" as number, "Product ID" as sku, "Customer ID" as customer, cast(Quantity as integer) as quantity,
  cast(Sales as decimal(18, 4)) as amount,
  strptime("Order Date", '%Y-%m-%d')::timestamp at time zone 'America/New_York' as placed_at
from read_csv(?, header = true, all_varchar = true);
create table kept as select * from rows where number in (
  select number from rows group by number
  having bool_and(round(amount / quantity, 2)::decimal(18, 2) * quantity = amount));
create table orders as select number, min(placed_at) at time zone 'America/Los_Angeles' as local_time,
  any_value(customer) as customer, sum(amount) as amount from kept group by number
"""
MONTHS = """
select strftime(local_time, '%Y-%m') as month, count(*) as orders,
  cast(sum(amount)::decimal(18, 2) as varchar) as revenue, count(distinct customer) as customers
from orders group by 1 order by 1"""
DAYS = """select cast(local_time::date as varchar) as day, 'USD' as currency, count(*) as orders,
  cast(sum(amount)::decimal(18, 2) as varchar) as revenue from orders where strftime(local_time, '%Y-%m') = '2017-11'
  group by 1"""
PRODUCTS = """select sku, count(distinct number) as orders, sum(quantity)::integer as quantity from kept
  join orders using (number) where strftime(local_time, '%Y-%m') = '2017-11' group by sku
  order by quantity desc, sku limit 20"""


def test_the_reports_of_a_public_order_file_equal_the_results_of_duckdb(platform: Platform) -> None:
    tenant = platform.tenant()
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"timezone": ZONE}, headers={"if-match": "*"}))
    job = imported(
        tenant, FILE.read_bytes(), FILE.name, source="superstore", currency="USD", status="delivered",
        timezone="America/New_York",
        columns={"sku": "Product ID", "amount": "Sales", "shipped_at": "Ship Date"},
    )  # fmt: skip
    with duckdb.connect(config={"autoinstall_known_extensions": False, "TimeZone": "UTC"}) as connection:
        for statement in TABLES.split(";\n"):
            connection.execute(statement, [str(FILE)] if "?" in statement else [])

        def computed(query: str) -> list[Json]:
            result = connection.execute(query)
            return [dict(zip([c[0] for c in result.description], row, strict=True)) for row in result.fetchall()]

        counts = connection.execute("select count(*), count(distinct number) from kept").fetchone()
        expected = {"months": computed(MONTHS), "days": computed(DAYS), "products": computed(PRODUCTS)}
    with FILE.open(newline="") as file:
        assert job["counts"]["read"] == sum(1 for _ in csv.DictReader(file)) > 800
    assert counts == (job["counts"]["created"], job["result"]["orders"]["created"])
    assert counts is not None and counts[1] > 150
    assert {error["code"] for error in job["first_errors"]} == {"amount_too_fine", "order_incomplete"}
    reports = {
        each["month"]: ok(tenant.owner.get(f"/v1/reports/clients/{tenant.client_id}", params={"month": each["month"]}))
        for each in expected["months"]
    }
    assert [
        {"month": month, "orders": total["orders"], "revenue": total["revenue"],
         "customers": report["customers"]["customers"]}
        for month, report in reports.items() for total in report["totals"]
    ] == expected["months"]  # fmt: skip
    november = reports["2017-11"]
    assert sorted_rows(november["by_day"]) == sorted_rows(expected["days"])
    assert [{name: row[name] for name in ("sku", "orders", "quantity")} for row in november["top_products"]] == (
        expected["products"]
    )
