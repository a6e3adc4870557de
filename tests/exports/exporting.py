"""Helper functions for tests of exports."""

import csv
import io
from typing import Any, LiteralString

import httpx
import psycopg
from psycopg.types.json import Jsonb

from tests.platform import TLS, Json, Platform, Tenant, eventually, ok

ADDRESS = {"name": "=A", "line1": "1 Main St", "city": "Berlin", "postal_code": "10115", "country": "DE"}


def start(api: httpx.Client, kind: str, file_format: str, **fields: Any) -> str:
    """Create an export. Return the id of the export."""
    response = api.post("/v1/exports", json={"kind": kind, "format": file_format, **fields})
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def finished(api: httpx.Client, export_id: str, within: float = 60) -> Json:
    """Wait until an export has ended. Return the export."""
    exports: list[Json] = []

    def is_ended() -> bool:
        exports[:] = [ok(api.get(f"/v1/exports/{export_id}"))]
        return exports[0]["status"] not in ("pending", "processing")

    eventually(is_ended, within)
    return exports[0]


def content(export: Json) -> bytes:
    """Download the file of a completed export, and return its bytes."""
    assert export["status"] == "completed", export
    response = httpx.get(export["url"], verify=TLS)
    assert response.status_code == 200, response.text
    return response.content


def exported(api: httpx.Client, kind: str, file_format: str, **fields: Any) -> bytes:
    """Create an export, wait until it is complete, and return its file."""
    return content(finished(api, start(api, kind, file_format, **fields)))


def csv_rows(file: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV file. Do not convert the texts of the cells."""
    return list(csv.DictReader(io.StringIO(file.decode(), newline="")))


def insert_products(platform: Platform, catalog_id: str, count: int, **columns: Any) -> None:
    """Insert products with the SKUs P-000001, P-000002, …. `columns` contains the values of further columns."""
    names = psycopg.sql.SQL("".join(f", {name}" for name in columns))
    values = psycopg.sql.SQL("").join(psycopg.sql.SQL(", {}").format(value) for value in columns.values())
    statement = psycopg.sql.SQL(
        "insert into products (catalog_id, sku, name, price, currency{names}) select {catalog}, "
        "'P-' || lpad(n::text, 6, '0'), 'Product ' || n, 1, 'USD'{values} from generate_series(1, {count}) n"
    ).format(names=names, values=values, catalog=catalog_id, count=count)
    with platform.database.transaction():
        platform.database.execute("set local session_replication_role = replica")
        platform.database.execute(statement)


ORDER: LiteralString = """
insert into orders (client_id, site_id, order_number, customer_name, customer_email, status, total_amount, currency,
  shipping_address, items, metadata, created_at)
values (%(client_id)s, %(site_id)s, %(number)s, %(name)s, %(email)s, %(status)s, %(total)s, %(currency)s, %(address)s,
  '[]', '{"note": "=1"}', %(created_at)s)
returning id"""


def insert_order(platform: Platform, tenant: Tenant, number: str, **values: Any) -> str:
    """Insert an order with one line. Return its id."""
    row = {
        "client_id": tenant.client_id, "site_id": tenant.site_id, "number": number, "name": "C", "email": "c@test.org",
        "status": "pending", "total": "12.50", "currency": "EUR", "address": Jsonb(ADDRESS),
        "created_at": "2026-03-01T12:00:00Z",
    } | values  # fmt: skip
    order_id = platform.database.execute(ORDER, row).fetchone()
    assert order_id is not None
    platform.database.execute(
        "insert into order_lines (client_id, order_id, line, sku, name, quantity, unit_price)"
        " values (%s, %s, 1, '12345678901234567', '-0.02', 2, 6.25)",
        [tenant.client_id, order_id["id"]],
    )
    return str(order_id["id"])
