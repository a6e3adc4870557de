"""Tests that a row is identified by its ordinal number in the file, and not by its line number.

Also tests that a delta file merges attributes, and that a full file replaces attributes.
"""

import json

import pytest

from tests.imports.importing import import_rows
from tests.platform import Json, Platform, Tenant, ok


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def counts(job: Json) -> tuple[int, ...]:
    """Return the numbers of read, created, updated, unchanged and rejected rows."""
    return tuple(job["counts"][name] for name in ("read", "created", "updated", "unchanged", "rejected"))


def product(tenant: Tenant, sku: str) -> Json:
    (found,) = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products", params={"sku": sku}))["data"]
    return dict(found)


def source(tenant: Tenant, sku: str) -> Json:
    return dict(ok(tenant.owner.get(f"/v1/products/{product(tenant, sku)['id']}/source"))["source_data"])


ITEM = "<product><sku>{}</sku><name>Mug {}</name><price>{}</price></product>"
VARIANTS = [
    {"sku": "A", "price": 1, "option1": "red"}, {"sku": "A", "price": 2, "option1": "blue"},
    {"sku": "B", "price": 3, "option1": "green"},
]  # fmt: skip
FILES = {
    "minified.xml": "<products>"
    + ITEM.format("A", 1, 1)
    + ITEM.format("B", 2, 3)
    + ITEM.format("A", 3, 2)
    + "</products>",
    "one-line.json": json.dumps(
        [{"sku": s, "name": n, "price": p} for s, n, p in (("A", "x", 1), ("A", "y", 2), ("B", "z", 3))]
    ),
    "variants.json": json.dumps([{"id": 1, "title": "Mug", "options": [{"name": "Colour"}], "variants": VARIANTS}]),
}


@pytest.mark.parametrize("name", FILES)
def test_the_later_of_two_records_of_an_sku_on_one_line_is_loaded(
    platform: Platform, tenant: Tenant, name: str
) -> None:
    job = platform.sync(tenant.catalog_id, name, FILES[name].encode())
    assert (job["status"], counts(job)) == ("completed", (3, 2, 0, 0, 1))
    assert product(tenant, "A")["price"] == "2.00"
    (error,) = job["first_errors"]
    assert (error["sku"], error["code"]) == ("A", "superseded")
    assert counts(platform.sync(tenant.catalog_id, name, FILES[name].encode())) == (3, 0, 0, 2, 1)


def test_a_superseded_record_is_reported_with_the_number_of_the_later_record(
    platform: Platform, tenant: Tenant
) -> None:
    job = platform.sync(tenant.catalog_id, "minified.xml", FILES["minified.xml"].encode())
    reason = "record 3 on the same line has the same SKU, and its values are used instead"
    assert job["first_errors"] == [{"line": 1, "sku": "A", "code": "superseded", "reason": reason}]


def test_many_rejected_and_superseded_records_of_one_line_are_all_reported(platform: Platform, tenant: Tenant) -> None:
    """The number of records is so large that both staging and merging need several chunks."""
    items = [ITEM.format(f"S{n % 6_000:04}", n, "x" if n % 100 == 0 else "1.00") for n in range(12_000)]
    body = ("<products>" + "".join(items) + "</products>").encode()
    job = platform.sync(tenant.catalog_id, "long-line.xml", body)
    read, created, _, _, rejected = counts(job)
    assert (job["status"], read, created + rejected) == ("completed", 12_000, 12_000)
    errors = platform.read(job["result"]["error_file"]).decode().splitlines()
    assert len(errors) == 1 + rejected


BASE = b"SKU,Name,Price,Colour,Size,Cost\nA,Mug,5.00,blue,M,3.10\nB,Cup,6.00,red,S,3.20\n"


def test_a_delta_merges_attributes_and_source_data_key_by_key(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "base.csv", BASE)
    delta = b"SKU,Stock,Material,Warehouse\nA,4,clay,North\n"
    assert counts(platform.sync(tenant.catalog_id, "delta.csv", delta)) == (1, 0, 1, 0, 0)
    assert product(tenant, "A")["attributes"] == {"Colour": "blue", "Size": "M", "Material": "clay"}
    assert {"Cost": "3.10", "Warehouse": "North", "Stock": "4"}.items() <= source(tenant, "A").items()
    before = product(tenant, "A")
    assert counts(platform.sync(tenant.catalog_id, "delta.csv", delta)) == (1, 0, 0, 1, 0)
    assert product(tenant, "A") == before


def test_a_blank_attribute_cell_in_a_delta_removes_the_attribute(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "base.csv", BASE)
    for updated in (1, 0):
        job = platform.sync(tenant.catalog_id, "delta.csv", b"SKU,Colour,Size\nA,,L\n")
        assert counts(job) == (1, 0, updated, 1 - updated, 0)
    assert product(tenant, "A")["attributes"] == {"Size": "L"}


def test_a_full_file_replaces_attributes_and_source_data(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "base.csv", BASE)
    full = b"SKU,Name,Price,Size\nA,Mug,5.00,XL\nB,Cup,6.00,S\n"
    for updated in (2, 0):
        job = platform.sync(tenant.catalog_id, "full/all.csv", full)
        assert counts(job) == (2, 0, updated, 2 - updated, 0)
    assert (product(tenant, "A")["attributes"], product(tenant, "B")["attributes"]) == ({"Size": "XL"}, {"Size": "S"})
    assert source(tenant, "A") == {"SKU": "A", "Name": "Mug", "Price": "5.00", "Size": "XL"}


def test_a_change_of_a_private_column_updates_only_the_source_data(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "base.csv", BASE)
    before = product(tenant, "A")
    assert counts(platform.sync(tenant.catalog_id, "cost.csv", b"SKU,Cost\nA,2.90\n")) == (1, 0, 1, 0, 0)
    assert product(tenant, "A") == before
    assert source(tenant, "A")["Cost"] == "2.90"


def test_a_dry_run_of_a_delta_shows_the_merged_attributes(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "base.csv", BASE)
    job = platform.sync(tenant.catalog_id, "dry-run/delta.csv", b"SKU,Colour,Size\nA,green,\n")
    (sample,) = job["result"]["samples"]
    changes = {"attributes": {"from": {"Colour": "blue", "Size": "M"}, "to": {"Colour": "green"}}}
    assert (sample["sku"], sample["changes"]) == ("A", changes)


def test_a_bulk_import_merges_attributes_and_a_null_value_removes_an_attribute(
    platform: Platform, tenant: Tenant
) -> None:
    platform.product(tenant, sku="A", attributes={"Colour": "blue", "Size": "M", "Cost": "1"})
    rows = [{"sku": "A", "attributes": {"Size": None, "Serie": "Nord"}}]
    for updated in (1, 0):
        assert counts(import_rows(tenant, rows)) == (1, 0, updated, 1 - updated, 0)
    assert product(tenant, "A")["attributes"] == {"Colour": "blue", "Cost": "1", "Serie": "Nord"}


def test_only_a_row_whose_merged_attributes_are_too_large_is_rejected(platform: Platform, tenant: Tenant) -> None:
    platform.product(tenant, sku="A", attributes={"text": "ä" * 260_000})
    body = "SKU,Name,Price,Colour,Size\nA,Mug,5.00," + "ö" * 4_000 + ",M\nB,Cup,6.00,red,S\n"
    job = platform.sync(tenant.catalog_id, "delta.csv", body.encode())
    assert counts(job) == (2, 1, 0, 0, 1)
    assert (job["first_errors"][0]["sku"], job["first_errors"][0]["code"]) == ("A", "too_long")
