"""Tests that the report of a client equals the report that DuckDB computes from the original order file.

The test inserts the orders of the file directly. Triggers of the tables record these orders in the same way as orders
of the API. An import would refuse the file, because its orders have several currencies but no currency column.
`tests/imports` compares the reports of imported files with DuckDB.

The test generates the file with the irregularities of "Online Retail" (UCI). The file has Latin-1, decimal commas,
cancelled invoices (a number with C, negative quantities), blank customers, customers in different case, free articles,
and duplicate lines.
"""

import csv
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tests.platform import Json, Platform, Tenant, ok
from tests.reports.orders import PlacedOrder, insert, sorted_rows

ZONE = "America/New_York"
FIRST, LAST = date(2025, 10, 20), date(2025, 11, 12)
"""The days of the report. The clocks in New York are set back on 2 November 2025."""
HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
CURRENCIES = {"Germany": "EUR", "France": "EUR", "United Kingdom": "GBP", "Japan": "JPY"}
ARTICLES = [
    (f"{85000 + number}{letter}", f"{name} {number}", Decimal(price))
    for number, (letter, name, price) in enumerate(
        [
            ("A", "CAFÉ TASSE GRÖSSE", "2.55"), ("", "WHITE METAL LANTERN", "3.39"), ("", "POSTAGE", "18.00"),
            ("b", "£5 GIFT; CARD", "5.00"), ("", "FREE SAMPLE", "0.00"), ("", 'SET OF 3 "DELUXE" TINS', "1250.95"),
        ]
        * 3
    )
]  # fmt: skip

INVOICES = """
create macro number(text) as cast(replace(replace(text, '.', ''), ',', '.') as decimal(18, 2));
create macro money(value, currency) as case currency when 'JPY' then cast(value::decimal(18, 0) as varchar)
  else cast(value::decimal(18, 2) as varchar) end;
create table lines as
select InvoiceNo as invoice, StockCode as sku, Description as name, cast(Quantity as integer) as quantity,
  strptime(InvoiceDate, '%d.%m.%Y %H:%M') at time zone 'UTC' as placed_at, number(UnitPrice) as price,
  lower(nullif(trim(CustomerID), '')) as customer,
  case Country when 'United Kingdom' then 'GBP' when 'Japan' then 'JPY' else 'EUR' end as currency
from read_csv(?, delim = ';', header = true, all_varchar = true, encoding = 'latin-1');
create table invoices as
select invoice, currency, any_value(placed_at) as placed_at, any_value(placed_at) at time zone '{zone}' as local_time,
  coalesce(any_value(customer), 'guest of ' || invoice) as buyer, sum(quantity * price) as amount,
  exists (select 1 from lines c where c.invoice = 'C' || l.invoice) as is_cancelled
from lines l where invoice not like 'C%' group by invoice, currency;
create view placed as select * from invoices where local_time::date between date '{first}' and date '{last}';
create view kept as select * from placed where not is_cancelled
"""
QUERIES = {
    "totals": """
        select currency, count(*) filter (not is_cancelled) as orders,
          money(coalesce(sum(amount) filter (not is_cancelled), 0), currency) as revenue,
          count(*) filter (is_cancelled) as cancelled_orders,
          money(coalesce(sum(amount) filter (is_cancelled), 0), currency) as cancelled_amount
        from placed group by currency""",
    "by_day": """
        select cast(local_time::date as varchar) as day, currency, count(*) filter (not is_cancelled) as orders,
          money(coalesce(sum(amount) filter (not is_cancelled), 0), currency) as revenue
        from placed group by 1, currency""",
    "by_hour": """
        select hour(local_time) as hour, currency, count(*) as orders, money(sum(amount), currency) as revenue
        from kept group by 1, currency""",
    "top_products": """
        select sku, currency, count(distinct invoice) as orders, sum(quantity)::integer as quantity
        from lines join kept using (invoice, currency) group by sku, currency
        order by quantity desc, sku, currency limit 20""",
    "customers": """
        select count(*) as customers, count(*) filter (orders > 1 or first_ever < first_at) as returning
        from (select buyer, count(*) as orders, min(placed_at) as first_at from kept group by buyer)
        join (select buyer, min(placed_at) as first_ever from invoices where not is_cancelled group by buyer)
          using (buyer)""",
}


def _number(value: Decimal) -> str:
    """Return a number with a decimal comma and dots between thousands."""
    return f"{value:,.2f}".replace(",", "x").replace(".", ",").replace("x", ".")


def _invoices(dice: random.Random, count: int) -> Iterator[list[str]]:
    """Yield the lines of invoices, in the order in which an ERP system writes them."""
    start = datetime(2025, 10, 10, tzinfo=ZoneInfo("UTC"))
    for number in range(count):
        placed_at = start + timedelta(minutes=dice.randint(0, 60 * 24 * 40))
        customer = dice.choice(["", "", f"Ann-{dice.randint(1, 40)}", f"ANN-{dice.randint(1, 40)}"])
        country = dice.choice(list(CURRENCIES))
        lines = [
            [f"{536365 + number}", sku, name, str(dice.randint(1, 12)), f"{placed_at:%d.%m.%Y %H:%M}", _number(price),
             customer, country]
            for sku, name, price in dice.choices(ARTICLES, k=dice.randint(1, 5))
            if country != "Japan" or price == int(price)
        ]  # fmt: skip
        if lines and dice.random() < 0.2:
            lines.append(list(lines[0]))
        yield from lines
        if lines and dice.random() < 0.15:
            yield from ([f"C{line[0]}", *line[1:3], f"-{line[3]}", *line[4:]] for line in lines)


@pytest.fixture(scope="module")
def invoices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("orders") / "online-retail.csv"
    with path.open("w", encoding="latin-1", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerows([HEADER, *_invoices(random.Random(7), 700)])
    return path


def orders_of(path: Path, site_id: str) -> list[PlacedOrder]:
    """Read the orders of a file. An invoice with a credit note is a cancelled order."""
    with path.open(encoding="latin-1", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    cancelled = {row["InvoiceNo"][1:] for row in rows if row["InvoiceNo"].startswith("C")}
    orders: dict[str, PlacedOrder] = {}
    for row in rows:
        number = row["InvoiceNo"]
        if number.startswith("C"):
            continue
        order = orders.setdefault(
            number,
            PlacedOrder(
                site_id=site_id,
                created_at=datetime.strptime(row["InvoiceDate"] + "+0000", "%d.%m.%Y %H:%M%z"),
                buyer=f"{row['CustomerID'] or 'guest-of-' + number}@example.test",
                status="cancelled" if number in cancelled else "delivered",
                currency=CURRENCIES[row["Country"]],
                lines=[],
            ),
        )
        price = Decimal(row["UnitPrice"].replace(".", "").replace(",", "."))
        order.lines.append((row["StockCode"], int(row["Quantity"]), price))
    return list(orders.values())


def computed(path: Path) -> dict[str, list[Json]]:
    """Compute the report with DuckDB, from the bytes of the file."""
    with duckdb.connect(config={"autoinstall_known_extensions": False, "TimeZone": "UTC"}) as connection:
        for statement in INVOICES.format(zone=ZONE, first=FIRST, last=LAST).split(";\n"):
            connection.execute(statement, [str(path)] if "?" in statement else [])
        tables = {}
        for name, query in QUERIES.items():
            result = connection.execute(query)
            columns = [column[0] for column in result.description]
            tables[name] = [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
        return tables


def test_a_report_equals_the_result_of_duckdb_for_the_order_file(platform: Platform, invoices: Path) -> None:
    tenant: Tenant = platform.tenant()
    orders = orders_of(invoices, tenant.site_id)
    insert(platform, tenant, *orders)
    expected = computed(invoices)
    report = ok(
        tenant.owner.get(
            f"/v1/reports/clients/{tenant.client_id}",
            params={"first_day": str(FIRST), "last_day": str(LAST), "timezone": ZONE},
        )
    )
    assert sum(total["cancelled_orders"] for total in report["totals"]) > 30
    assert len(expected["by_day"]) > 40 and len(expected["top_products"]) == 20
    for name in ("totals", "by_day", "by_hour"):
        columns = expected[name][0].keys()
        actual = [{column: row[column] for column in columns} for row in report[name]]
        assert sorted_rows(actual) == sorted_rows(expected[name]), name
    assert [report["customers"]] == expected["customers"]
    products = [(row["sku"], row["currency"], row["orders"], row["quantity"]) for row in report["top_products"]]
    assert products == [(r["sku"], r["currency"], r["orders"], r["quantity"]) for r in expected["top_products"]]
