"""Tests that every list can be read if its rows contain the largest possible values.

Some tests write the largest possible values with a request, a file or a job. Other tests read all lists while the
largest rows exist.
"""

import json
from typing import Any

import httpx
import pytest

from infra.openapi import document
from tests.functions.operations import Operation, all_operations, operation_id
from tests.functions.resources import create_resources
from tests.imports.importing import import_rows, nonzero_counts
from tests.platform import Json, Platform, Tenant, ok, pointers, problem
from wecelebrate.core.cache import MAX_VALUE_LENGTH
from wecelebrate.core.models import MAX_OBJECT_BYTES, MAX_OBJECT_KEYS
from wecelebrate.core.pages import ASCII_RESPONSES, MAX_RESPONSE_BYTES

LISTS = [operation for operation in all_operations() if operation.is_list]
LARGE_TEXT = "\U0001f381" * 100_000
"""A text of 100,000 characters. Each character needs the maximum number of bytes in a response."""


def largest_object(bytes_left: int = 0, letter: str = '"') -> Json:
    """Return an object whose JSON is `bytes_left` bytes shorter than MAX_OBJECT_BYTES."""
    width = len(json.dumps(letter, ensure_ascii=False).encode()) - 2
    return {"k": letter * ((MAX_OBJECT_BYTES - bytes_left - 9) // width)}


@pytest.fixture(scope="module")
def largest_rows(platform: Platform) -> tuple[Tenant, dict[str, str]]:
    """Return a tenant with the largest rows that the API accepts, and the ids of its resources."""
    tenant = platform.tenant()
    for letter in ('"', "x", "\N{WRAPPED PRESENT}"):
        value = largest_object(letter=letter)
        products = [
            platform.product(
                tenant,
                name=f"{number} " + "\U0001f381" * 490,
                description=LARGE_TEXT,
                attributes=value,
                images=[f"{number} " + letter * 2_040 for number in range(50)],
            )
            for number in range(2)
        ]
        exclusion = f"/v1/sites/{tenant.site_id}/exclusions/{products[0]['id']}"
        ok(tenant.owner.put(exclusion, json={"reason": LARGE_TEXT}))
    ids = create_resources(platform, tenant)
    line = {"product_id": products[1]["id"], "quantity": 1}
    order = {
        "lines": [line],
        "customer_name": "\U0001f381" * 200,
        "customer_email": "customer@example.test",
        "shipping_address": {
            "line1": "\U0001f381" * 200,
            "city": "\U0001f381" * 200,
            "postal_code": "10115",
            "country": "DE",
        },
        "metadata": {"k": "x" * 8_000},
    }
    ok(platform.api().post(f"/v1/storefront/{tenant.domain}/orders", json=order))
    ok(tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"settings": value, "branding": value}))
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"source_config": value}))
    rules = (
        "update catalogs set pricing_rules = %s where id = %s"  # an earlier release accepted any object in this field
    )
    platform.arrange(rules, [json.dumps(value), tenant.catalog_id])
    client = {"settings": value, "description": LARGE_TEXT, "address": LARGE_TEXT}
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json=client))
    return tenant, ids


@pytest.mark.parametrize("operation", LISTS, ids=operation_id)
def test_every_list_can_be_read_if_its_rows_have_the_largest_values(
    platform: Platform, largest_rows: tuple[Tenant, dict[str, str]], operation: Operation
) -> None:
    tenant, ids = largest_rows
    path = operation.path.format(**{**ids, "domain": tenant.domain})
    if operation.is_customer_only:
        callers = [platform.api("a customer")]
    elif operation.is_public:
        callers = [platform.api()]
    else:
        callers = [tenant.owner, platform.admin]
    for api in callers:
        response = api.get(path, params={"limit": 1000})
        assert response.status_code in (200, 403), response.text[:500]
        assert len(json.dumps(response.text, ensure_ascii=ASCII_RESPONSES).encode()) < MAX_RESPONSE_BYTES


def test_the_pages_of_a_storefront_contain_all_products(
    platform: Platform, largest_rows: tuple[Tenant, dict[str, str]]
) -> None:
    shown = platform.storefront_products(largest_rows[0].domain)
    assert len(shown) == 4  # the fixture creates three products, and `create_resources` creates one
    assert ok(platform.api().get(f"/v1/storefront/{largest_rows[0].domain}"))


def test_patches_cannot_make_a_stored_object_larger_than_its_limit(platform: Platform, tenant: Tenant) -> None:
    paths = {
        f"/v1/sites/{tenant.site_id}": ("settings", "branding"),
        f"/v1/catalogs/{tenant.catalog_id}": ("source_config",),
        f"/v1/products/{platform.product(tenant)['id']}": ("attributes",),
    }
    for path, names in paths.items():
        for name in names:
            refused = 0
            for number in range(6):
                patch = {name: {"public": {f"part {number}": "x" * 200_000}}}
                response = tenant.owner.patch(path, json=patch)
                if response.status_code != 200:
                    refused += 1
                    body = problem(response, 422, "invalid")
                    assert pointers(body) == [f"/{name}"]
                    assert f"{MAX_OBJECT_BYTES:,} bytes" in body["errors"][0]["detail"]
                    assert "null" in body["errors"][0]["detail"]
            assert refused == 4
            # Follow the advice in the error response: remove a key by setting it to null.
            ok(tenant.owner.patch(path, json={name: {"public": {"part 0": None}}}))
            ok(tenant.owner.patch(path, json={name: {"public": {"part 9": "x" * 200_000}}}))
    admin_path = f"/v1/clients/{tenant.client_id}"
    for number in range(3):
        response = platform.admin.patch(admin_path, json={"settings": {f"part {number}": "x" * 250_000}})
    assert pointers(problem(response, 422, "invalid")) == ["/settings"]
    assert ok(platform.api().get(f"/v1/storefront/{tenant.domain}"))


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (largest_object(-20), "bytes as JSON"),
        ({"k": [1e308] * 5_000}, "bytes as JSON"),
        ({str(number): 1 for number in range(MAX_OBJECT_KEYS + 1)}, "keys"),
        ({"k": [{str(number): {"n": 1}} for number in range(MAX_OBJECT_KEYS // 2)]}, "keys"),
    ],
    ids=["large", "numbers with many digits", "many keys", "many nested keys"],
)
def test_the_error_for_an_object_that_is_too_large_states_the_limit(tenant: Tenant, value: Json, detail: str) -> None:
    response = tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"settings": value})
    body = problem(response, 422, "invalid")
    assert pointers(body) == ["/settings"]
    assert detail in body["errors"][0]["detail"]


def test_a_body_with_too_many_keys_gets_one_error_for_the_whole_object(tenant: Tenant) -> None:
    path = f"/v1/catalogs/{tenant.catalog_id}"
    many = {f"{number:06}": 1 for number in range(150_000)}
    for settings, place in (
        ({"options": many}, "/sync_settings/options"),
        ({"mapping": many}, "/sync_settings/mapping"),
    ):
        body = problem(tenant.owner.patch(path, json={"sync_settings": settings}), 422, "invalid")
        assert body["errors"] == [{"pointer": place, "detail": "must have at most 10,000 keys"}]
    few = {f"{number:06}": 1 for number in range(8_000)}
    steps = [{"split": few} for _ in range(7)]
    mapping = {"name": {"columns": ["a"], "transform": steps}}
    body = problem(tenant.owner.patch(path, json={"sync_settings": {"mapping": mapping}}), 422, "invalid")
    detail = "must have at most 50,000 keys, including the keys of nested objects"
    assert body["errors"] == [{"pointer": "", "detail": detail}]


def test_the_openapi_document_states_the_limits_of_each_body() -> None:
    paths = document()["paths"]
    texts = {
        path: paths[path]["post"]["requestBody"]["description"]
        for path in ("/v1/sites", "/v1/products/bulk-import", "/v1/storefront/{domain}/events")
    }
    keys = "An object has at most 10,000 keys, and all objects together have at most"
    assert texts == {
        "/v1/sites": f"At most 2,097,152 bytes. {keys} 50,000 keys.",
        "/v1/products/bulk-import": f"At most 6,291,456 bytes. {keys} 600,000 keys.",
        "/v1/storefront/{domain}/events": f"At most 262,144 bytes. {keys} 50,000 keys.",
    }


def test_an_object_within_the_limits_can_be_stored_and_sent_again(tenant: Tenant) -> None:
    path = f"/v1/sites/{tenant.site_id}"
    for value in (largest_object(), {str(number): 1 for number in range(MAX_OBJECT_KEYS)}, {"k": [1e20, -1e-7, 0.5]}):
        empty = dict.fromkeys(ok(tenant.owner.get(path))["branding"])
        ok(tenant.owner.patch(path, json={"branding": empty}))
        site = ok(tenant.owner.patch(path, json={"branding": value}))
        assert site["branding"].items() >= value.items()
        content = {name: site[name] for name in ("name", "domain", "status", "catalog_id", "settings")}
        assert ok(tenant.owner.put(path, json={**content, "branding": value}))["branding"] == value


def test_an_import_row_with_a_value_that_is_too_large_is_rejected(platform: Platform, tenant: Tenant) -> None:
    rows: list[dict[str, Any]] = [
        {"sku": "A", "name": "A", "price": "1.00", "attributes": largest_object(-100)},
        {"sku": "B", "name": "B", "price": "1.00", "attributes": largest_object()},
        {"sku": "C", "name": "C", "price": "1.00", "x" * 700_000: 1},
        {"sku": "D", "name": "D", "price": "1.00"},
    ]
    job = import_rows(tenant, rows)
    assert (job["status"], nonzero_counts(job)) == ("completed", {"read": 4, "created": 2, "rejected": 2})
    first, second = job["first_errors"]
    assert (first["line"], first["sku"], second["line"], second["sku"]) == (1, "A", 3, "C")
    assert first["reason"].startswith("/attributes: must have at most")
    assert len(second["reason"]) <= 2_000


def test_a_file_row_with_a_value_that_is_too_large_is_rejected(platform: Platform, tenant: Tenant) -> None:
    columns = 200
    header = ";".join(["sku", "name", "price", *(f"Material {number}" for number in range(columns))])
    small = ";".join(["S", "Small", "1.00", *["x"] * columns])
    large = ";".join(["L", "Large", "1.00", *["ä" * 4_900] * columns])
    huge = ";".join(["H", "Huge", "1.00", *["x" * 20_000] * columns])
    job = platform.sync(tenant.catalog_id, "large.csv", "\n".join([header, large, small, huge, ""]).encode())
    assert (job["status"], nonzero_counts(job)) == ("completed", {"read": 3, "created": 1, "rejected": 2}), job
    errors = {error["sku"]: error for error in job["first_errors"]}
    assert errors["L"]["line"] == 2
    assert errors["L"]["code"] == "too_long"
    assert errors["L"]["reason"].startswith("attributes: ")
    assert errors["H"]["reason"].startswith("the whole row: ")


def test_a_dry_run_of_large_rows_completes_and_returns_shortened_samples(platform: Platform, tenant: Tenant) -> None:
    rows: list[dict[str, Any]] = [
        {
            "sku": f"S{number:02}",
            "name": "\U0001f381" * 500,
            "price": "1.00",
            "description": LARGE_TEXT,
            "attributes": {"k": "x" * 40_000},
            "images": ["\U0001f381" * 2_000] * 20,
        }
        for number in range(3)
    ]
    changed = [{**row, "description": "\U0001f382" * 100_000, "attributes": {"k": "y" * 40_000}} for row in rows]
    assert import_rows(tenant, rows)["status"] == "completed"
    job = import_rows(tenant, changed, dry_run=True)
    assert job["status"] == "completed", job
    samples = job["result"]["samples"]
    assert [(sample["sku"], sample["does"]) for sample in samples] == [
        (f"S{number:02}", "update") for number in range(3)
    ]
    assert samples[0]["changes"]["description"]["to"].endswith("…")
    assert len(json.dumps(job["result"])) < 100_000


def test_a_page_that_is_too_large_for_the_cache_is_returned(platform: Platform, tenant: Tenant) -> None:
    for _ in range(4):
        platform.product(tenant, attributes=largest_object())
    visitor = platform.api()

    def read() -> httpx.Response:
        return visitor.get(f"/v1/storefront/{tenant.domain}/products")

    first, second = read(), read()
    assert ok(first) == ok(second)
    assert len(first.text) > MAX_VALUE_LENGTH
    assert "hit" not in second.headers["cache-status"]
