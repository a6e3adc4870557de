"""Tests that a public file of invoices is imported correctly, and that the reports equal the results of DuckDB.

The file is encoded in Latin-1. It contains credits, invoices without a customer, and stock adjustments
(`tests/data/orders/README.md`).
"""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.imports.order_importing import error_file, imported, orders_of, rejections_of
from tests.platform import Json, Platform, Tenant, ok
from tests.reports.orders import sorted_rows

FILE = Path("tests/data/orders/online-retail.csv")
ZONE = "Pacific/Auckland"
"""The time zone of the client. In Auckland, an afternoon in London is already the next day."""
PERIODS = [
    (date(2010, 12, 1), date(2010, 12, 31)), (date(2010, 12, 2), date(2010, 12, 2)),
    (date(2010, 12, 3), date(2010, 12, 31)), (date(2011, 6, 1), date(2011, 6, 30)),
]  # fmt: skip
"""The periods of the reports: two months, a day, and a range of days."""
SETTINGS: dict[str, Any] = {
    "source": "mail order", "currency": "GBP", "status": "delivered", "timezone": "Europe/London",
    "date_format": "%m/%d/%Y %H:%M",
}  # fmt: skip
TABLES = """
create sequence numbers start 2;
create table rows as select nextval('numbers') as row, InvoiceNo as number, StockCode as sku, trim(Description) as name,
  CustomerID as customer, cast(Quantity as integer) as quantity, cast(UnitPrice as decimal(18, 2)) as price,
  strptime(InvoiceDate, '%m/%d/%Y %H:%M') at time zone 'Europe/London' as placed_at
from read_csv(?, header = true, all_varchar = true, encoding = 'latin-1');
create table kept as select * from rows where number not like 'C%' and (customer is not null or price > 0);
create table orders as select number, min(placed_at) at time zone 'Pacific/Auckland' as local_time,
  any_value(customer) as customer, sum(quantity * price) as amount from kept group by number;
create macro money(value) as cast(value::decimal(18, 2) as varchar);
create macro placed(first, last) as table select * from orders where local_time::date between first and last
"""
QUERIES = {
    "totals": "select 'GBP' as currency, count(*) as orders, money(sum(amount)) as revenue from placed($1, $2)",
    "by_day": """select cast(local_time::date as varchar) as day, 'GBP' as currency, count(*) as orders,
        money(sum(amount)) as revenue from placed($1, $2) group by 1""",
    "by_hour": """select hour(local_time) as hour, 'GBP' as currency, count(*) as orders, money(sum(amount)) as revenue
        from placed($1, $2) group by 1""",
    "top_products": """select sku, first(name order by local_time desc, row) as name, count(distinct number) as orders,
          sum(quantity)::integer as quantity, money(sum(quantity * price)) as revenue
        from kept join placed($1, $2) using (number) group by sku order by quantity desc, sku limit 20""",
    "customers": """select count(*) as customers, count(*) filter (orders > 1 or first_ever < first_at) as returning
        from (select customer, count(*) as orders, min(local_time) as first_at from placed($1, $2) group by 1)
        join (select customer, min(local_time) as first_ever from orders group by 1) using (customer)""",
}


@pytest.fixture(scope="module")
def figures() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection with the tables of the file."""
    with duckdb.connect(config={"autoinstall_known_extensions": False, "TimeZone": "UTC"}) as connection:
        for statement in TABLES.split(";\n"):
            connection.execute(statement, [str(FILE)] if "?" in statement else [])
        yield connection


@pytest.fixture
def shop(platform: Platform) -> Tenant:
    tenant = platform.tenant()
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"timezone": ZONE}, headers={"if-match": "*"}))
    return tenant


@pytest.fixture
def job(shop: Tenant) -> Json:
    return imported(shop, FILE.read_bytes(), FILE.name, **SETTINGS)


def rows_of(figures: duckdb.DuckDBPyConnection, query: str, *parameters: Any) -> list[Json]:
    result = figures.execute(query, list(parameters))
    return [dict(zip([c[0] for c in result.description], row, strict=True)) for row in result.fetchall()]


def test_credits_and_adjustments_are_rejected_and_all_other_rows_become_orders(
    shop: Tenant, job: Json, figures: duckdb.DuckDBPyConnection
) -> None:
    [expected] = rows_of(figures, "select count(*) as lines, count(distinct number) as orders from kept")
    assert (job["counts"]["created"], job["result"]["orders"]["created"]) == (expected["lines"], expected["orders"])
    with FILE.open(encoding="latin-1", newline="") as file:
        lines = list(csv.DictReader(file))
    assert job["counts"]["read"] == len(lines) == 1126
    codes = {
        number: "credit" if line["InvoiceNo"].startswith("C") else "adjustment"
        for number, line in enumerate(lines, start=2)
        if line["InvoiceNo"].startswith("C") or (not line["CustomerID"] and line["UnitPrice"] == "0")
    }
    assert dict(rejections_of(shop, job)) == codes
    assert (len(codes), len(set(codes.values()))) == (33, 2)
    rejected = error_file(shop, job)
    assert "C536391" in rejected and "536414,22139,,56,12/1/2010 11:52,0,,United Kingdom" in rejected
    orders = orders_of(shop)
    assert {"536544", "536555", "537220"} <= orders.keys()
    assert not {"C536391", "536391", "536414"} & orders.keys()


def test_importing_the_same_file_again_changes_nothing(shop: Tenant, job: Json) -> None:
    before = orders_of(shop)
    again = imported(shop, FILE.read_bytes(), FILE.name, **SETTINGS)
    assert again["counts"]["created"] == 0
    assert again["counts"]["unchanged"] == job["counts"]["created"]
    assert again["result"]["orders"]["unchanged"] == job["result"]["orders"]["created"]
    assert again["counts"]["rejected"] == job["counts"]["rejected"]
    assert orders_of(shop) == before


@pytest.mark.usefixtures("job")
def test_the_reports_equal_the_results_of_duckdb(shop: Tenant, figures: duckdb.DuckDBPyConnection) -> None:
    path = f"/v1/reports/clients/{shop.client_id}"
    for first, last in PERIODS:
        expected = {name: rows_of(figures, query, first, last) for name, query in QUERIES.items()}
        assert expected["totals"][0]["orders"] > 0
        report = ok(shop.owner.get(path, params={"first_day": str(first), "last_day": str(last)}))
        for name, rows in expected.items():
            actual = [report[name]] if name == "customers" else report[name]
            figures_of_rows = [{column: row[column] for column in rows[0]} for row in actual]
            if name == "top_products":
                assert figures_of_rows == rows
            else:
                assert sorted_rows(figures_of_rows) == sorted_rows(rows), name
        if first.day == 1 and last.day > 29:
            month = ok(shop.owner.get(path, params={"month": f"{first:%Y-%m}"}))
            assert [month[name] for name in expected] == [report[name] for name in expected]
    june = ok(shop.owner.get(path, params={"month": "2011-06"}))
    assert [product["name"] for product in june["top_products"]] == ["Dotcomgiftshop Gift Voucher £50.00"]
