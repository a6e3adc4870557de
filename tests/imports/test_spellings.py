"""The rows of requests and of files are read with the types of the API."""

import httpx
import pytest

from tests.imports.importing import import_rows, nonzero_counts, wait_for_job
from tests.platform import TLS, Json, Platform, Tenant, ok

NFD, NFC = "Cafe\u0301", "Caf\u00e9"
HOSTILE: list[tuple[str, Json]] = [
    ("a price with underscores", {"price": "1__0"}),
    ("a price in Arabic digits", {"price": "\u0663.\u0665"}),
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
    """Return a row for each hostile spelling, and a valid row in NFD at the end."""
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
    """Upload the rows as a CSV file and import the file. Return the ended job."""
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
def test_the_rows_of_requests_and_files_with_hostile_spellings_are_rejected(tenant: Tenant, door: str) -> None:
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


def test_a_row_that_only_changes_the_currency_converts_the_decimals_or_is_rejected(
    platform: Platform, tenant: Tenant
) -> None:
    for sku, price in (("exact", "12.00"), ("fine", "12.50")):
        platform.product(tenant, sku=sku, price=price, currency="EUR")
    job = import_rows(tenant, [{"sku": "exact", "currency": "JPY"}, {"sku": "fine", "currency": "JPY"}])
    assert nonzero_counts(job) == {"read": 2, "updated": 1, "rejected": 1}
    assert [(error["sku"], error["code"]) for error in job["first_errors"]] == [("fine", "too_precise")]
    page = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products", params={"limit": 1000}))
    prices = {row["sku"]: (row["price"], row["currency"]) for row in page["data"] if row["sku"] in ("exact", "fine")}
    assert prices == {"exact": ("12", "JPY"), "fine": ("12.50", "EUR")}
