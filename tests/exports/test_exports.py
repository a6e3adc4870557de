"""An export writes all rows that its requester can see to one file."""

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from arro3.io import read_parquet
from python_calamine import CalamineWorkbook

from tests.exports.exporting import content, csv_rows, exported, finished, insert_order, insert_products, start
from tests.platform import TLS, Json, Platform, Tenant, created, ok, pointers, problem

FORMULA = "=cmd|' /C calc'!A0"
LONG_ID = "12345678901234567"


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def hostile_products(platform: Platform, tenant: Tenant) -> list[Json]:
    """Create products whose texts look like formulas, and return them in the order of their SKUs."""
    fields: list[dict[str, Any]] = [
        {"sku": LONG_ID, "name": "-0.02", "description": "+49 151 2345", "price": "0.02"},
        {"sku": FORMULA, "name": "@SUM(1)", "brand": "'=x", "category": "\uff1d1",
         "attributes": {"a": "=1", "n": None}},
        {"sku": "'00123", "name": '="Mug"', "description": "NULL", "category": "Home | Kitchen, Bath"},
        {"sku": "m&amp;m", "name": "Caf&eacute; 'x'", "description": "two\nlines, and \"quotes\"", "brand": "''y"},
        {"sku": "z", "name": "Zoo", "images": ["https://a.test/1.png", "https://a.test/2.png"], "is_active": False,
         "attributes": {"size": ["S", "M"], "deep": {"k": [1, 2.5, True]}, "id": 12345678901234567}},
        {"sku": "zz", "name": "Untracked", "inventory_policy": "untracked", "inventory_count": 0,
         "brand": "A;=1+1;;'-2", "description": "a\n\uff1d2 ; b"},
    ]  # fmt: skip
    for row in fields:
        platform.product(tenant, **row)
    return products_of(tenant)


def products_of(tenant: Tenant) -> list[Json]:
    data: list[Json] = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products?limit=1000"))["data"]
    return sorted(data, key=lambda product: str(product["sku"]).encode())


def without(product: Json, *names: str) -> Json:
    return {name: value for name, value in product.items() if name not in names}


def test_an_ndjson_export_contains_each_product_as_the_api_shows_it(platform: Platform, tenant: Tenant) -> None:
    products = hostile_products(platform, tenant)
    rows = [json.loads(line) for line in exported(tenant.owner, "products", "ndjson").splitlines()]
    assert rows == [without(product, "media") for product in products]


def test_a_csv_export_quotes_only_texts_that_look_like_formulas(platform: Platform, tenant: Tenant) -> None:
    hostile_products(platform, tenant)
    rows = {row["sku"]: row for row in csv_rows(exported(tenant.owner, "products", "csv"))}
    assert set(rows) == {LONG_ID, "'" + FORMULA, "'00123", "m&amp;m", "z", "zz"}
    assert (rows[LONG_ID]["name"], rows[LONG_ID]["description"]) == ("'-0.02", "'+49 151 2345")
    assert rows[LONG_ID]["price"] == "0.02"
    formula = rows["'" + FORMULA]
    assert (formula["name"], formula["brand"], formula["category"]) == ("'@SUM(1)", "''=x", "'\uff1d1")
    assert json.loads(formula["attributes"]) == {"a": "=1", "n": None}
    assert rows["z"]["images"] == "https://a.test/1.png\nhttps://a.test/2.png"
    assert (rows["z"]["is_active"], rows["zz"]["inventory_policy"]) == ("false", "untracked")
    assert (rows["zz"]["brand"], rows["zz"]["description"]) == ("A;'=1+1;;''-2", "a\n'\uff1d2 ; b")


@pytest.mark.parametrize("file_format", ["csv", "ndjson", "xlsx"])
def test_importing_an_export_file_changes_no_product(platform: Platform, tenant: Tenant, file_format: str) -> None:
    products = hostile_products(platform, tenant)
    file = exported(tenant.owner, "products", file_format, bom=file_format == "csv")
    job = imported(tenant, tenant.catalog_id, f"products.{file_format}", file)
    assert nonzero(job) == {"read": len(products), "unchanged": len(products)}
    assert products_of(tenant) == products


@pytest.mark.parametrize("file_format", ["csv", "ndjson", "xlsx"])
def test_importing_an_export_file_into_an_empty_catalog_creates_identical_products(
    platform: Platform, tenant: Tenant, file_format: str
) -> None:
    products = hostile_products(platform, tenant)
    file = exported(tenant.owner, "products", file_format)
    copy = platform.catalog(owner=tenant.client_id)
    job = imported(tenant, copy["id"], f"products.{file_format}", file)
    assert nonzero(job) == {"read": len(products), "created": len(products)}
    data = ok(tenant.owner.get(f"/v1/catalogs/{copy['id']}/products?limit=1000"))["data"]
    new = ("id", "catalog_id", "created_at", "updated_at", "media")
    key = lambda product: str(product["sku"]).encode()  # noqa: E731
    assert [without(product, *new) for product in sorted(data, key=key)] == [
        without(product, *new) for product in products
    ]


def test_a_full_sync_of_an_edited_export_file_reports_the_invalid_rows(platform: Platform, tenant: Tenant) -> None:
    products = hostile_products(platform, tenant)
    text = exported(tenant.owner, "products", "csv").decode()
    changed = text.replace(",0.02,", ",1.5,", 1).replace(",untracked,true", ",sometimes,TRUE", 1)
    job = platform.sync(tenant.catalog_id, "products.csv", changed.encode())
    assert nonzero(job) == {"read": len(products), "updated": 1, "rejected": 1, "unchanged": len(products) - 2}
    (error,) = job["first_errors"]
    assert (error["sku"], error["code"]) == ("zz", "invalid")
    assert "/inventory_policy" in error["reason"]
    # A user can correct the error file, and then load the file again.
    errors = platform.read(job["result"]["error_file"]).decode()
    job = platform.sync(tenant.catalog_id, "errors.csv", errors.replace("sometimes", "untracked").encode())
    assert nonzero(job) == {"read": 1, "unchanged": 1}


def test_the_error_file_quotes_texts_that_look_like_formulas(platform: Platform, tenant: Tenant) -> None:
    file = f'sku,name,price,stock\n"{FORMULA}",-x,much,-5\n'
    job = platform.sync(tenant.catalog_id, "products.csv", file.encode())
    (row,) = csv_rows(platform.read(job["result"]["error_file"]))
    assert (row["sku"], row["name"], row["stock"], row["wecelebrate_sku"]) == (
        "'" + FORMULA, "'-x", "-5", "'" + FORMULA,
    )  # fmt: skip
    (rejected,) = ok(tenant.owner.get(f"/v1/jobs/{job['id']}/rejected-rows"))["data"]
    assert (rejected["sku"], rejected["raw"]["name"], rejected["raw"]["stock"]) == (FORMULA, "-x", "-5")


def test_an_xlsx_export_stores_long_numbers_as_texts_and_states_the_time_zone(
    platform: Platform, tenant: Tenant
) -> None:
    insert_order(platform, tenant, "N-1", total="9999999999.99", created_at="2026-03-29T00:59:59Z")
    file = exported(tenant.owner, "order_lines", "xlsx", timezone="Europe/Berlin")
    (header, row) = CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(0).to_python()
    line = dict(zip(header, row, strict=True))
    assert (line["sku"], line["name"], line["quantity"], line["unit_price"]) == (LONG_ID, "-0.02", 2.0, 6.25)
    assert str(line["created_at (Europe/Berlin)"]) == "2026-03-29 01:59:59"


def test_the_columns_of_a_parquet_export_have_the_types_of_their_values(
    platform: Platform, tenant: Tenant, tmp_path: Path
) -> None:
    products = hostile_products(platform, tenant)
    (tmp_path / "products.parquet").write_bytes(exported(tenant.owner, "products", "parquet"))
    table = read_parquet(tmp_path / "products.parquet").read_all()
    columns = {name: [table.column(name)[row].as_py() for row in range(table.num_rows)] for name in table.column_names}
    assert columns["sku"] == [product["sku"] for product in products]
    assert str(columns["price"][columns["sku"].index(LONG_ID)]) == "0.0200"
    assert columns["images"] == [product["images"] for product in products]
    assert columns["inventory_count"] == [product["inventory_count"] for product in products]
    assert columns["is_active"] == [product["is_active"] for product in products]
    assert [at.isoformat() for at in columns["created_at"]] == [
        f"{product['created_at'].removesuffix('+00:00'):0<26}+00:00" for product in products
    ]
    assert [json.loads(value) for value in columns["attributes"]] == [product["attributes"] for product in products]


def test_exports_of_orders_and_order_lines_and_customers_apply_their_filters(
    platform: Platform, tenant: Tenant
) -> None:
    first = insert_order(platform, tenant, "N-1", email="Ann@test.org", name="Ann", total="10.00")
    insert_order(
        platform, tenant, "N-2", email="ann@test.org", name="=Ann", total="2.50", created_at="2026-04-01T00:00:00Z"
    )
    insert_order(platform, tenant, "N-3", email="bob@test.org", status="cancelled", created_at="2026-05-01T00:00:00Z")
    orders = csv_rows(exported(tenant.owner, "orders", "csv"))
    assert [order["order_number"] for order in orders] == ["N-1", "N-2", "N-3"]
    assert (orders[0]["shipping_name"], orders[0]["shipping_city"], orders[1]["customer_name"]) == (
        "'=A", "Berlin", "'=Ann",
    )  # fmt: skip
    (order,) = [
        json.loads(line)
        for line in exported(
            tenant.owner, "orders", "ndjson", filters={"created_to": "2026-03-02T00:00:00Z", "site_id": tenant.site_id}
        ).splitlines()
    ]
    assert order == ok(tenant.owner.get(f"/v1/orders/{first}"))
    lines = csv_rows(exported(tenant.owner, "order_lines", "csv", filters={"status": "cancelled"}))
    assert [(line["order_number"], line["sku"], line["name"], line["amount"]) for line in lines] == [
        ("N-3", LONG_ID, "'-0.02", "12.50")
    ]
    customers = csv_rows(exported(tenant.owner, "customers", "csv"))
    assert [
        (row["customer_email"], row["customer_name"], row["orders"], row["cancelled_orders"], json.loads(row["totals"]))
        for row in customers
    ] == [("ann@test.org", "'=Ann", "2", "0", {"EUR": "12.50"}), ("bob@test.org", "C", "1", "1", {})]


def test_an_export_of_events_starts_with_the_oldest_event(platform: Platform, tenant: Tenant) -> None:
    for data, at in (('{"q": "=1"}', "2026-11-27T10:00:00Z"), ('{"q": "=2"}', "2026-11-26T10:00:00Z")):
        platform.database.execute(
            "insert into analytics_events (client_id, site_id, event_type, session_id, event_data, created_at)"
            " values (%s, %s, 'search', '=s', %s, %s)",
            [tenant.client_id, tenant.site_id, data, at],
        )
    rows = csv_rows(exported(tenant.owner, "events", "csv", filters={"event_type": "search"}))
    assert [(row["session_id"], json.loads(row["event_data"])) for row in rows] == [
        ("'=s", {"q": "=2"}),
        ("'=s", {"q": "=1"}),
    ]


def test_an_export_without_rows_has_a_header(tenant: Tenant) -> None:
    header = next(csv.reader(io.StringIO(exported(tenant.owner, "orders", "csv").decode())))
    assert header[:3] == ["id", "order_number", "client_id"]
    assert exported(tenant.owner, "orders", "ndjson") == b""
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(exported(tenant.owner, "orders", "xlsx"))).get_sheet_by_index(0)
    assert sheet.to_python()[0][:3] == header[:3]


def test_an_export_states_the_size_and_the_rows_and_the_digest_of_its_file(platform: Platform, tenant: Tenant) -> None:
    insert_products(platform, tenant.catalog_id, 45_000, description="x" * 400)
    export = finished(tenant.owner, start(tenant.owner, "products", "csv", bom=True))
    file = content(export)
    assert file.startswith(b"\xef\xbb\xbfid,catalog_id,sku")
    described = export["file"]
    assert (described["size"], described["rows"], described["cut_cells"]) == (len(file), 45_000, 0)
    assert described["size"] > 2 * 8 * 1024 * 1024  # the file was uploaded to S3 in several parts
    assert described["sha256"] == hashlib.sha256(file).hexdigest()
    assert export["progress"]["done"] == export["progress"]["total"] == 45_000
    skus = [row["sku"] for row in csv_rows(file.removeprefix(b"\xef\xbb\xbf"))]
    assert skus == [f"P-{n:06d}" for n in range(1, 45_001)]


def test_a_text_that_is_too_long_for_a_spreadsheet_is_truncated_and_counted(platform: Platform, tenant: Tenant) -> None:
    platform.product(tenant, sku="long", description="\U0001f600" * 20_000)
    export = finished(tenant.owner, start(tenant.owner, "products", "xlsx"))
    assert export["file"]["cut_cells"] == 1
    header, row = CalamineWorkbook.from_filelike(io.BytesIO(content(export))).get_sheet_by_index(0).to_python()
    assert row[header.index("description")] == "\U0001f600" * 16_383 + "…"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "orders", "format": "csv", "filters": {"brand": "x"}}, "/filters/brand"),
        ({"kind": "products", "format": "csv", "filters": {"catalog_id": "01a20512-5e16-7075-8b8c-1b6a3ce1d0a5"}},
         "/filters/catalog_id"),
        ({"kind": "orders", "format": "csv", "filters": {"site_id": "01a20512-5e16-7075-8b8c-1b6a3ce1d0a5"}},
         "/filters/site_id"),
        ({"kind": "products", "format": "xlsx", "bom": True}, "/bom"),
        ({"kind": "products", "format": "csv", "timezone": "Europe/Berlin"}, "/timezone"),
        ({"kind": "products", "format": "xlsx", "timezone": "Mars"}, "/timezone"),
        ({"kind": "orders", "format": "csv", "include": ["source_data"]}, "/include"),
        ({"kind": "orders", "format": "csv", "filters": {"created_from": "2026-02-01T00:00:00Z",
          "created_to": "2026-02-01T00:00:00Z"}}, "/filters/created_to"),
    ],
)  # fmt: skip
def test_an_export_option_that_does_not_apply_to_the_format_is_refused(
    tenant: Tenant, body: Json, pointer: str
) -> None:
    assert pointers(problem(tenant.owner.post("/v1/exports", json=body), 422, "invalid")) == [pointer]


def imported(tenant: Tenant, catalog_id: str, name: str, file: bytes) -> Json:
    """Import a file into a catalog. Wait until the job has ended, and return the job."""
    upload = created(tenant.owner.post("/v1/uploads", json={"name": name, "size": len(file)}))
    sent = httpx.put(
        upload["url"], content=file, headers={"Content-Type": upload["headers"]["Content-Type"]}, verify=TLS
    )
    assert sent.status_code == 200, sent.text
    body = {"catalog_id": catalog_id, "upload_id": upload["id"]}
    response = tenant.owner.post("/v1/products/bulk-import", json=body)
    assert response.status_code == 202, response.text
    from tests.imports.importing import wait_for_job

    return wait_for_job(tenant.owner, response.json()["id"])


def nonzero(job: Json) -> Json:
    """Return the counts of a job except the counts that are zero."""
    return {name: count for name, count in job["counts"].items() if count}
