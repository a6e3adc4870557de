"""Tests that rows of files in the drops bucket become products of a catalog and appear on the catalog's storefronts."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.imports.importing import import_rows, product_row
from tests.platform import Json, Platform, Tenant, ok

FEEDS = Path(__file__).parent.parent / "data" / "feeds"
HEADER = "sku,name,price,stock,image\n"
EXPORTED = (
    b"id,catalog_id,sku,name,price,currency,attributes,inventory_policy,is_active\n"
    b"1,2,A-1,Mug,1.00,USD,{},tracked,true\n"
)


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def _counts(job: Json) -> tuple[int, int, int, int, int]:
    """Return the numbers of read, created, updated, unchanged and rejected rows of a job."""
    counts = job["counts"]
    return counts["read"], counts["created"], counts["updated"], counts["unchanged"], counts["rejected"]


def test_a_shopify_export_appears_on_the_storefront_with_prices_and_images(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "products.csv", (FEEDS / "shopify-products.csv").read_bytes())
    assert job["status"] == "completed"
    assert _counts(job) == (21, 21, 0, 0, 0)
    shown = {product["sku"]: product for product in platform.storefront_products(tenant.domain)}
    assert len(shown) == 21
    lamp = shown["floor-lamp"]
    assert (lamp["name"], lamp["price"], lamp["brand"]) == ("Floor Lamp", "69.99", "Company 123")
    assert lamp["in_stock"]
    assert lamp["images"][0].startswith("https://cdn.shopify.com/")
    assert shown["gardening-gloves-yellow"]["price"] == "15.99"


def test_a_medusa_export_with_semicolons_appears_on_the_storefront(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "export.csv", (FEEDS / "medusa-products-semicolon.csv").read_bytes())
    assert _counts(job) == (3, 3, 0, 0, 0)
    shown = {product["sku"]: product for product in platform.storefront_products(tenant.domain)}
    assert shown["base-product-large-green"]["price"] == "100.00"
    assert shown["base-product-small-green"]["images"] == ["test-image.png", "test-image-2.png"]


def test_a_second_sync_of_the_same_file_changes_nothing(platform: Platform, tenant: Tenant) -> None:
    body = (FEEDS / "shopify-products.csv").read_bytes()
    platform.sync(tenant.catalog_id, "products.csv", body)
    before = platform.database.execute(
        "select id, xmin from products where catalog_id = %s order by id", [tenant.catalog_id]
    ).fetchall()
    assert _counts(platform.sync(tenant.catalog_id, "products.csv", body)) == (21, 0, 0, 21, 0)
    after = platform.database.execute(
        "select id, xmin from products where catalog_id = %s order by id", [tenant.catalog_id]
    ).fetchall()
    assert before == after


def test_invalid_rows_are_reported_and_all_other_rows_are_loaded(platform: Platform, tenant: Tenant) -> None:
    rows = "A-1,Mug,12.50,5,\nA-2,Lamp,twelve,5,\n,Nameless,1.00,1,\nA-4,Desk,99.00,1,\n"
    job = platform.sync(tenant.catalog_id, "mixed.csv", (HEADER + rows).encode())
    assert job["status"] == "completed"
    assert _counts(job) == (4, 2, 0, 0, 2)
    assert [(error["line"], error["sku"]) for error in job["first_errors"]] == [(3, "A-2"), (4, None)]
    assert "twelve" in job["first_errors"][0]["reason"]
    assert {product["sku"] for product in platform.storefront_products(tenant.domain)} == {"A-1", "A-4"}


def test_a_corrected_error_file_can_be_uploaded(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "bad.csv", (HEADER + "A-1,Mug,twelve,5,\nA-2,Lamp,3.00,1,\n").encode())
    errors = platform.read(job["result"]["error_file"])
    rows = list(csv.DictReader(io.StringIO(errors.decode())))
    assert [(row["sku"], row["wecelebrate_line"]) for row in rows] == [("A-1", "2")]
    second_job = platform.sync(tenant.catalog_id, "bad.csv", errors.replace(b"twelve", b"12.00", 1))
    assert _counts(second_job) == (1, 1, 0, 0, 0)
    mug = next(product for product in platform.storefront_products(tenant.domain) if product["sku"] == "A-1")
    assert (mug["price"], mug["attributes"]) == ("12.00", {})


def test_a_corrected_error_file_does_not_load_superseded_rows(platform: Platform, tenant: Tenant) -> None:
    rows = "A-1,Old mug,1.00,5,\nA-1,New mug,2.00,5,\nA-2,Lamp,x,1,\n"
    job = platform.sync(tenant.catalog_id, "twice.csv", (HEADER + rows).encode())
    errors = platform.read(job["result"]["error_file"])
    second_job = platform.sync(tenant.catalog_id, "twice.csv", errors.replace(b",x,", b",3.00,", 1))
    assert _counts(second_job) == (2, 1, 0, 0, 1)
    assert [(error["sku"], error["code"]) for error in second_job["first_errors"]] == [("A-1", "superseded")]
    products = {product["sku"]: product for product in platform.storefront_products(tenant.domain)}
    assert (products["A-1"]["name"], products["A-2"]["price"]) == ("New mug", "3.00")


def test_the_result_file_is_in_the_results_folder_of_the_catalog(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "products.csv", (HEADER + "A-1,Mug,12.50,5,\n").encode())
    assert job["result"]["result_file"] == f"{tenant.catalog_id}/results/products.csv.{job['id']}.json"
    result = json.loads(platform.read(job["result"]["result_file"]))
    assert (result["status"], result["counts"]) == ("completed", job["counts"])
    assert result["read_as"]["delimiter"] == ","


def test_the_job_of_an_unreadable_file_fails_with_the_reason(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "products.csv", b"%PDF-1.7 not a table at all")
    assert (job["status"], job["error_code"]) == ("failed", "unreadable_file")
    assert "PDF" in job["error"]
    assert json.loads(platform.read(job["result"]["result_file"]))["error"] == job["error"]


@pytest.mark.parametrize(
    "settings",
    [
        '{"options": {"tax": "net"}}',
        '{"mapping": {"price": {"columns": ["price"], "round_to": "5"}}}',
        '{"mapping": [], "options": []}',
        '{"stock_delay_minutes": "half an hour", "mapping": {}, "options": {}}',
    ],
)
def test_a_setting_of_a_later_release_stops_the_syncs_of_the_catalog(
    platform: Platform, tenant: Tenant, settings: str
) -> None:
    platform.database.execute("update catalogs set sync_settings = %s where id = %s", [settings, tenant.catalog_id])
    job = platform.sync(tenant.catalog_id, "products.csv", (HEADER + "A-1,Mug,12.50,5,\n").encode())
    assert (job["status"], job["error_code"]) == ("failed", "unreadable_file")
    assert "this release does not know the setting" in job["error"]
    assert json.loads(platform.read(job["result"]["result_file"]))["error"] == job["error"]
    exported = platform.sync(tenant.catalog_id, "export.csv", EXPORTED)
    assert (exported["status"], exported["error_code"]) == ("failed", "unreadable_file")
    response = import_rows(tenant, [product_row(1)])
    assert (response["status"], response["error_code"]) == ("failed", "unreadable_file")
    assert ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"] == []
    cleared = {"sync_settings": {"options": None, "mapping": None, "stock_delay_minutes": None}}
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=cleared))
    assert (
        platform.sync(tenant.catalog_id, "again.csv", (HEADER + "A-1,Mug,12.50,5,\n").encode())["status"] == "completed"
    )


def test_a_delta_file_changes_only_the_fields_and_products_that_it_contains(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "full.csv", (HEADER + "A-1,Mug,12.50,5,/mug.jpg\nA-2,Lamp,3.00,1,\n").encode())
    assert _counts(platform.sync(tenant.catalog_id, "stock.csv", b"sku,stock\nA-1,0\n")) == (1, 0, 1, 0, 0)
    shown = {product["sku"]: product for product in platform.storefront_products(tenant.domain)}
    mug = shown["A-1"]
    assert (mug["name"], mug["price"], mug["images"], mug["in_stock"]) == ("Mug", "12.50", ["/mug.jpg"], False)
    assert "A-2" in shown


def test_a_row_with_a_new_sku_but_no_name_or_price_is_rejected(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "stock.csv", b"sku,stock\nNEW-1,7\n")
    assert _counts(job) == (1, 0, 0, 0, 1)
    assert job["first_errors"][0]["code"] == "incomplete"


def test_only_the_final_row_is_loaded_if_several_rows_have_the_same_sku(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "twice.csv", (HEADER + "A-1,Old,1.00,1,\nA-1,New,2.00,1,\n").encode())
    assert _counts(job) == (2, 1, 0, 0, 1)
    assert (job["first_errors"][0]["line"], job["first_errors"][0]["code"]) == (2, "superseded")
    assert [product["name"] for product in platform.storefront_products(tenant.domain)] == ["New"]


def test_files_of_a_catalog_are_loaded_in_the_order_of_their_upload(platform: Platform, tenant: Tenant) -> None:
    versions = [
        platform.drop(tenant.catalog_id, "price.csv", (HEADER + f"A-1,Mug,{price}.00,1,\n").encode())
        for price in range(1, 13)
    ]
    jobs = [platform.finished_job(tenant.catalog_id, version) for version in versions]
    # A version of a file is superseded if a newer version was loaded before its notification arrives.
    assert all(job["status"] == "completed" or job["error_code"] == "superseded" for job in jobs)
    assert jobs[-1]["status"] == "completed"
    assert [product["price"] for product in platform.storefront_products(tenant.domain)] == ["12.00"]


def test_file_names_can_contain_spaces_and_special_characters(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "preise März+1 (neu)%.csv", (HEADER + "A-1,Mug,1.00,1,\n").encode())
    assert job["source"]["key"] == f"{tenant.catalog_id}/incoming/preise März+1 (neu)%.csv"
    assert json.loads(platform.read(job["result"]["result_file"]))["status"] == "completed"


def test_a_file_for_an_unknown_catalog_causes_an_error_in_the_results_folder(platform: Platform) -> None:
    catalog = "ca999999-0000-7000-8000-000000000009"
    platform.drop(catalog, "lost.csv", b"sku,name,price\nA-1,Mug,1.00\n")
    key = f"{catalog}/results/lost.csv.refused.json"
    platform.eventually(lambda: platform.exists(key))
    assert json.loads(platform.read(key))["error_code"] == "no_such_catalog"


def test_a_duplicate_notification_creates_no_second_job(platform: Platform, tenant: Tenant) -> None:
    version = platform.drop(tenant.catalog_id, "a.csv", (HEADER + "A-1,Mug,1.00,1,\n").encode())
    platform.finished_job(tenant.catalog_id, version)
    platform.notify(f"{tenant.catalog_id}/incoming/a.csv", version)
    platform.sync(tenant.catalog_id, "b.csv", (HEADER + "A-1,Mug,2.00,1,\n").encode())
    jobs = ok(tenant.owner.get("/v1/jobs"))["data"]
    assert len(jobs) == 2


def test_a_sync_does_not_change_other_catalogs(platform: Platform, tenant: Tenant) -> None:
    other = platform.tenant()
    platform.sync(other.catalog_id, "a.csv", (HEADER + "A-1,Theirs,1.00,1,\n").encode())
    platform.sync(tenant.catalog_id, "a.csv", (HEADER + "A-1,Ours,2.00,1,\n").encode())
    assert [product["name"] for product in platform.storefront_products(other.domain)] == ["Theirs"]
    assert ok(other.owner.get("/v1/jobs"))["data"][0]["client_id"] == other.client_id
    assert tenant.owner.get(f"/v1/jobs/{ok(other.owner.get('/v1/jobs'))['data'][0]['id']}").status_code == 404


def test_a_sync_uses_the_column_mapping_of_the_catalog(platform: Platform, tenant: Tenant) -> None:
    mapping = {"sku": "Nr", "name": "Was", "price": "Wieviel"}
    settings = {"sync_settings": {"mapping": mapping, "currency": "EUR"}}
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=settings))
    job = platform.sync(tenant.catalog_id, "a.csv", "Nr;Was;Wieviel\n7;Tasse;1.234,50\n".encode("utf-16"))
    assert _counts(job) == (1, 1, 0, 0, 0)
    product = platform.storefront_products(tenant.domain)[0]
    assert (product["sku"], product["name"], product["price"], product["currency"]) == ("7", "Tasse", "1234.50", "EUR")


def test_products_of_a_platform_catalog_appear_on_the_sites_of_grantees(platform: Platform, tenant: Tenant) -> None:
    catalog = platform.catalog()
    ok(platform.admin.put(f"/v1/catalogs/{catalog['id']}/grants/{tenant.client_id}"))
    site = platform.site(tenant.client_id, catalog["id"])
    job = platform.sync(catalog["id"], "a.json", json.dumps([{"sku": "P-1", "name": "Award", "price": 79}]).encode())
    assert _counts(job) == (1, 1, 0, 0, 0)
    assert [product["price"] for product in platform.storefront_products(site["domain"])] == ["79.00"]
