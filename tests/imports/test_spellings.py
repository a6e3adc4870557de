"""Imports validate the rows of requests and of files with the same types as the API."""

import httpx
import pytest

from tests.imports.importing import import_rows, nonzero_counts, wait_for_job
from tests.platform import TLS, Json, Platform, Tenant, ok

NFD, NFC = "Cafe\u0301", "Caf\u00e9"
HOSTILE: list[tuple[str, Json]] = [
    ("a price with underscores", {"price": "1__0"}),
    ("a price in digits of two scripts", {"price": "\u06631.\u0665"}),
    ("a price in JPY with decimals", {"price": "100.50", "currency": "JPY"}),
    ("a price in CLP with decimals", {"price": "0.50", "currency": "CLP"}),
    ("a price in EUR with three decimals", {"price": "12.3456", "currency": "EUR"}),
    ("a price of a million million", {"price": "1000000000000"}),
    ("an unknown currency", {"currency": "ABC"}),
    ("a currency for tests", {"currency": "XXX"}),
    ("a withdrawn currency", {"currency": "DEM"}),
    ("a currency of four decimals", {"currency": "CLF"}),
    ("an invisible name", {"name": "\u200b"}),
    ("a blank Hangul name", {"name": "\u3164"}),
    ("a control character in the name", {"name": "a\x07b"}),
    ("a control character in the description", {"description": "a\x08b"}),
    ("an invisible category", {"category": "\u2060"}),
    ("an image without a host", {"images": "https://"}),
    ("an image with a password", {"images": "https://u:p@x.test/a.jpg"}),
    ("an image at a reserved port", {"images": "https://x.test:22/a.jpg"}),
]
FIELDS = ("sku", "name", "price", "currency", "category", "description", "images")


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def hostile_rows(tenant: Tenant) -> list[Json]:
    """Return one row for each hostile spelling. The last row is valid and in NFD."""
    new = {
        "name": "Mug",
        "price": "1",
        "currency": "EUR",
        "category": "Mugs",
        "description": "A mug",
        "images": "a.jpg",
    }
    rows = [{"sku": f"H-{number}", **new, **change} for number, (_, change) in enumerate(HOSTILE)]
    return [*rows, {**new, "sku": f"{NFD}-1", "name": NFD, "category": NFD}]


def import_file(tenant: Tenant, rows: list[Json]) -> Json:
    """Upload the rows as a CSV file, and import the file. Wait until the job has ended, and return the job."""
    quoted = [",".join('"' + str(row[field]).replace('"', '""') + '"' for field in FIELDS) for row in rows]
    content = "\n".join([",".join(FIELDS), *quoted, ""]).encode()
    new = {"name": "rows.csv", "size": len(content), "content_type": "text/csv", "client_id": tenant.client_id}
    upload = ok(tenant.owner.post("/v1/uploads", json=new))
    sent = httpx.request(upload["method"], upload["url"], headers=upload["headers"], content=content, verify=TLS)
    assert sent.is_success, sent.text
    body = {"catalog_id": tenant.catalog_id, "upload_id": upload["id"]}
    response = tenant.owner.post("/v1/products/bulk-import", json=body)
    assert response.status_code == 202, response.text
    return wait_for_job(tenant.owner, response.json()["id"])


@pytest.mark.parametrize("door", ["rows", "file"])
def test_rows_with_hostile_spellings_are_rejected_in_requests_and_files(tenant: Tenant, door: str) -> None:
    rows = hostile_rows(tenant)
    if door == "rows":
        job = import_rows(tenant, [{**row, "images": [row["images"]]} for row in rows])
    else:
        job = import_file(tenant, rows)
    rejected = {error["sku"] for error in job["first_errors"]}
    accepted = [name for number, (name, _) in enumerate(HOSTILE) if f"H-{number}" not in rejected]
    assert accepted == []
    assert job["counts"]["rejected"] == len(HOSTILE)
    (product,) = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products", params={"category": NFD}))["data"]
    assert (product["sku"], product["name"], product["price"]) == (f"{NFC}-1", NFC, "1.00")


def test_a_change_of_only_the_currency_is_rejected_if_the_price_does_not_fit(
    platform: Platform, tenant: Tenant
) -> None:
    platform.allow_several_currencies(tenant)
    for sku, price in (("exact", "12.00"), ("fine", "12.50")):
        platform.product(tenant, sku=sku, price=price, currency="EUR")
    job = import_rows(tenant, [{"sku": "exact", "currency": "JPY"}, {"sku": "fine", "currency": "JPY"}])
    assert nonzero_counts(job) == {"read": 2, "updated": 1, "rejected": 1}
    assert [(error["sku"], error["code"]) for error in job["first_errors"]] == [("fine", "too_precise")]
    page = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products", params={"limit": 1000}))
    prices = {row["sku"]: (row["price"], row["currency"]) for row in page["data"] if row["sku"] in ("exact", "fine")}
    assert prices == {"exact": ("12", "JPY"), "fine": ("12.50", "EUR")}


@pytest.mark.parametrize("door", ["rows", "file"])
def test_rows_in_a_different_currency_than_the_catalog_are_rejected(
    platform: Platform, tenant: Tenant, door: str
) -> None:
    platform.product(tenant, sku="old", price="1.00", currency="EUR")
    fields = {"name": "Mug", "category": "", "description": "", "images": ""}
    rows = [
        {"sku": sku, "price": "2", "currency": currency, **fields}
        for sku, currency in (("new", "EUR"), ("other", "USD"), ("old", "JPY"))
    ]
    if door == "rows":
        job = import_rows(tenant, [{name: row[name] for name in ("sku", "name", "price", "currency")} for row in rows])
    else:
        job = import_file(tenant, rows)
    assert nonzero_counts(job) == {"read": 3, "created": 1, "rejected": 2}
    reason = "the price is in {}, and the catalog has prices in EUR"
    assert [(error["sku"], error["code"], error["reason"]) for error in job["first_errors"]] == [
        ("other", "other_currency", reason.format("USD")),
        ("old", "other_currency", reason.format("JPY")),
    ]


def test_the_first_row_of_an_import_sets_the_currency_of_an_empty_catalog(tenant: Tenant) -> None:
    rows = [
        {"sku": "incomplete", "name": "No price", "currency": "CHF"},
        {"sku": "z", "name": "First", "price": "1200", "currency": "JPY"},
        {"sku": "a", "name": "Second", "price": "1", "currency": "EUR"},
        {"sku": "b", "name": "Third", "price": "1300", "currency": "JPY"},
    ]
    job = import_rows(tenant, rows)
    assert nonzero_counts(job) == {"read": 4, "created": 2, "rejected": 2}
    assert {(error["sku"], error["code"]) for error in job["first_errors"]} == {
        ("incomplete", "incomplete"),
        ("a", "other_currency"),
    }
    assert ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}"))["currency"] == "JPY"


def test_rows_without_a_currency_get_the_currency_of_the_catalog(tenant: Tenant) -> None:
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"currency": "KWD"}))
    job = import_rows(tenant, [{"sku": "a", "name": "A", "price": "1.255"}])
    assert nonzero_counts(job) == {"read": 1, "created": 1}
    (product,) = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    assert (product["price"], product["currency"]) == ("1.255", "KWD")


def test_a_dry_run_shows_no_change_for_a_row_in_a_wrong_currency(platform: Platform, tenant: Tenant) -> None:
    platform.product(tenant, sku="old", price="1.00", currency="EUR")
    rows = [{"sku": sku, "name": "N", "price": "2", "currency": "USD"} for sku in ("old", "new")]
    job = import_rows(tenant, [*rows, {"sku": "fine", "name": "N", "price": "2"}], dry_run=True)
    assert nonzero_counts(job) == {"read": 3, "created": 1, "rejected": 2}
    assert [sample["sku"] for sample in job["result"]["samples"]] == ["fine"]
