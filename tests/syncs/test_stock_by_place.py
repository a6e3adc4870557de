"""Tests files with one row for each SKU and place. The stock of a product is the sum of its rows."""

import random

import pytest

from tests.platform import Json, Platform, Tenant, ok

HEADER = "sku,product,warehouse,qty,price\n"


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def counts(job: Json) -> tuple[int, ...]:
    """Return the numbers of read, created, updated, unchanged and rejected rows."""
    return tuple(job["counts"][name] for name in ("read", "created", "updated", "unchanged", "rejected"))


def stocks(tenant: Tenant) -> dict[str, tuple[str, int]]:
    """Return the inventory policy and the stock of each product of the catalog."""
    products = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products", params={"limit": 100}))["data"]
    return {product["sku"]: (product["inventory_policy"], product["inventory_count"]) for product in products}


@pytest.mark.parametrize("folder", ["", "full/"])
def test_the_stock_of_a_product_is_the_sum_of_its_places_in_any_row_order(
    platform: Platform, tenant: Tenant, folder: str
) -> None:
    rows = [f"RUG-{n},Rug {n},{place},{n + stock},189.00\n" for n in range(8) for place, stock in PLACES.items()]
    for order in ("by product", "by place", "mixed"):
        if order == "by place":
            rows.sort(key=lambda row: row.split(",")[2])
        elif order == "mixed":
            random.Random(7).shuffle(rows)
        job = platform.sync(tenant.catalog_id, f"{folder}stock.csv", (HEADER + "".join(rows)).encode())
        changed = (24, 0, 0) if order == "by product" else (0, 0, 24)
        assert (job["status"], counts(job)) == ("completed", (24, *changed, 0)), order
        assert stocks(tenant) == {f"RUG-{n}": ("tracked", 3 * n + 12) for n in range(8)}


PLACES = {"Berlin": 3, "Lyon": 4, "Turin": 5}


def test_the_stocks_of_rows_with_different_prices_are_not_added_up(platform: Platform, tenant: Tenant) -> None:
    body = HEADER + "A,Mug,Berlin,3,5.00\nB,Cup,Berlin,1,6.00\nA,Mug,Lyon,4,5.50\nB,Cup,Lyon,2,6.00\n"
    job = platform.sync(tenant.catalog_id, "stock.csv", body.encode())
    assert counts(job) == (4, 3, 0, 0, 1)
    assert stocks(tenant) == {"A": ("tracked", 4), "B": ("tracked", 3)}
    assert [(error["sku"], error["code"]) for error in job["first_errors"]] == [("A", "superseded")]


def test_the_later_of_two_rows_with_the_same_sku_and_place_determines_the_stock(
    platform: Platform, tenant: Tenant
) -> None:
    body = HEADER + "A,Mug,Berlin,3,5.00\nB,Cup,Berlin,1,6.00\nA,Mug,Lyon,4,5.00\nA,Mug,Berlin,9,5.00\n"
    job = platform.sync(tenant.catalog_id, "stock.csv", body.encode())
    assert counts(job) == (4, 3, 0, 0, 1)
    assert stocks(tenant) == {"A": ("tracked", 13), "B": ("tracked", 1)}
    assert [(error["line"], error["code"]) for error in job["first_errors"]] == [(2, "superseded")]


def test_a_product_is_untracked_if_the_stock_of_a_place_is_not_a_number(platform: Platform, tenant: Tenant) -> None:
    body = HEADER + "A,Mug,Berlin,3,5.00\nB,Cup,Berlin,1,6.00\nA,Mug,Lyon,in stock,5.00\nB,Cup,Lyon,sold out,6.00\n"
    assert counts(platform.sync(tenant.catalog_id, "stock.csv", body.encode())) == (4, 4, 0, 0, 0)
    assert stocks(tenant) == {"A": ("untracked", 0), "B": ("tracked", 1)}


def test_the_stock_of_a_large_file_that_is_sorted_by_places_is_correct(platform: Platform, tenant: Tenant) -> None:
    """The SKUs need several transactions, and the sample at the beginning of the file contains only one place."""
    rows = [f"S-{n:05},Rug {n},{place},{stock},1.00\n" for place, stock in PLACES.items() for n in range(6_000)]
    job = platform.sync(tenant.catalog_id, "stock.csv", (HEADER + "".join(rows)).encode())
    assert (job["status"], counts(job)) == ("completed", (18_000, 18_000, 0, 0, 0))
    assert set(stocks(tenant).values()) == {("tracked", 12)}


def test_a_delta_with_one_place_changes_only_the_stock_of_this_place(platform: Platform, tenant: Tenant) -> None:
    body = HEADER + "A,Mug,Berlin,3,5.00\nA,Mug,Lyon,4,5.00\nB,Cup,Berlin,1,6.00\n"
    platform.sync(tenant.catalog_id, "all.csv", body.encode())
    delta = b"sku,warehouse,qty\nA,Berlin,9\nB,Lyon,2\n"
    for updated in (2, 0):
        job = platform.sync(tenant.catalog_id, "delta.csv", delta)
        assert counts(job) == (2, 0, updated, 2 - updated, 0)
        assert stocks(tenant) == {"A": ("tracked", 13), "B": ("tracked", 3)}
    platform.sync(tenant.catalog_id, "delta.csv", b"sku,warehouse,qty\nA,Lyon,in stock\nB,Berlin,0\n")
    assert stocks(tenant) == {"A": ("untracked", 0), "B": ("tracked", 2)}


def test_a_full_file_replaces_the_stock_of_all_places(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "all.csv", (HEADER + "A,Mug,Berlin,3,5.00\nA,Mug,Lyon,4,5.00\n").encode())
    platform.sync(tenant.catalog_id, "full/all.csv", (HEADER + "A,Mug,Turin,2,5.00\n").encode())
    assert stocks(tenant) == {"A": ("tracked", 2)}
    platform.sync(tenant.catalog_id, "delta.csv", b"sku,warehouse,qty\nA,Berlin,1\n")
    assert stocks(tenant) == {"A": ("tracked", 3)}


def test_a_total_stock_replaces_the_stocks_of_all_places(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "all.csv", (HEADER + "A,Mug,Berlin,3,5.00\nA,Mug,Lyon,4,5.00\n").encode())
    platform.sync(tenant.catalog_id, "prices.csv", b"sku,price\nA,6.00\n")
    platform.sync(tenant.catalog_id, "delta.csv", b"sku,warehouse,qty\nA,Berlin,1\n")
    assert stocks(tenant) == {"A": ("tracked", 5)}
    platform.sync(tenant.catalog_id, "total.csv", b"sku,qty\nA,20\n")
    platform.sync(tenant.catalog_id, "delta.csv", b"sku,warehouse,qty\nA,Berlin,1\n")
    assert stocks(tenant) == {"A": ("tracked", 1)}


def test_a_new_place_replaces_the_previous_place_if_all_products_have_one_place(
    platform: Platform, tenant: Tenant
) -> None:
    platform.sync(tenant.catalog_id, "all.csv", (HEADER + "A,Mug,Berlin,3,5.00\nB,Cup,Berlin,1,6.00\n").encode())
    platform.sync(tenant.catalog_id, "moved.csv", b"sku,warehouse,qty\nA,Lyon,4\n")
    assert stocks(tenant) == {"A": ("tracked", 4), "B": ("tracked", 1)}


def test_a_delta_replaces_the_stocks_of_all_lots_of_a_product(platform: Platform, tenant: Tenant) -> None:
    body = "sku,name,lot,qty,price\nA,Mug,L-1,3,5.00\nB,Cup,L-7,1,6.00\nA,Mug,L-2,4,5.00\nB,Cup,L-8,1,6.00\n"
    assert counts(platform.sync(tenant.catalog_id, "lots.csv", body.encode())) == (4, 4, 0, 0, 0)
    assert stocks(tenant) == {"A": ("tracked", 7), "B": ("tracked", 2)}
    delta = b"sku,lot,qty\nA,L-2,1\nB,L-8,1\nA,L-3,5\nB,L-9,1\n"
    platform.sync(tenant.catalog_id, "lots.csv", delta)
    assert stocks(tenant) == {"A": ("tracked", 6), "B": ("tracked", 2)}


def test_a_dry_run_shows_the_sum_of_the_stocks(platform: Platform, tenant: Tenant) -> None:
    body = HEADER + "A,Mug,Berlin,3,5.00\nB,Cup,Berlin,1,6.00\nA,Mug,Lyon,4,5.00\n"
    job = platform.sync(tenant.catalog_id, "dry-run/all.csv", body.encode())
    assert counts(job) == (3, 3, 0, 0, 0)
    samples = {sample["sku"]: sample["changes"]["inventory_count"]["to"] for sample in job["result"]["samples"]}
    assert samples == {"A": 7, "B": 1}
