"""Tests offers of products: editors write offers with the API, visitors see the offer prices, and orders use these
prices."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.exports.exporting import csv_rows, exported
from tests.functions.test_orders import order_body, orders_path
from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem
from tests.platform.functions import output_of

LATER = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)
SOON = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def offer(price: str, starts_at: datetime | None = None, ends_at: datetime | None = None) -> Json:
    return {
        "price": price,
        "starts_at": starts_at and starts_at.isoformat(),
        "ends_at": ends_at and ends_at.isoformat(),
    }


def change(tenant: Tenant, product: Json, **fields: Any) -> Json:
    return ok(tenant.owner.patch(f"/v1/products/{product['id']}", json=fields))


def shown(platform: Platform, tenant: Tenant, **query: Any) -> list[tuple[str, str | None, str | None]]:
    products = platform.storefront_products(tenant.domain, sort="price", **query)
    return [(each["price"], each["regular_price"], each["offer_ends_at"]) for each in products]


def apply(platform: Platform, at: datetime) -> None:
    """Start and end all offers that are due at the time `at`, as the sweeper does."""
    program = (
        "from datetime import datetime\nfrom wecelebrate import products\n"
        f"products.apply_due_offers(datetime.fromisoformat('{at.isoformat()}'))"
    )
    output_of(platform.run_as("schedules-sweeper", program))
    platform.wait_for_replica()


def test_an_editor_can_write_an_offer_and_read_the_usual_price(platform: Platform, tenant: Tenant) -> None:
    product = platform.product(tenant, price="20.00", offers=[offer("15", None, LATER)])
    stated = [{"price": "15.00", "starts_at": None, "ends_at": LATER.isoformat()}]
    assert (product["price"], product["offer_price"], product["offers"]) == ("20.00", "15.00", stated)
    path = f"/v1/products/{product['id']}"
    assert ok(tenant.owner.get(path)) == product
    [listed] = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    assert listed == product
    # A price that an editor writes is the usual price, even if it equals the price of the offer.
    assert change(tenant, product, price="18.00")["price"] == "18.00"
    assert change(tenant, product, name="Lamp")["offers"] == stated
    changed = change(tenant, product, price="15.00")
    assert (changed["price"], changed["offer_price"]) == ("15.00", None)
    changed = change(tenant, product, price="20.00")
    assert (changed["price"], changed["offer_price"]) == ("20.00", "15.00")
    explained = ok(tenant.owner.get(f"{path}/price"))
    assert (explained["base_price"], explained["regular_price"], explained["price"]) == ("15.00", "20.00", "15.00")
    # A PUT with the response of a GET changes nothing.
    body = {name: changed[name] for name in ("sku", "name", "price", "offers", "currency", "inventory_count")}
    replaced = ok(tenant.owner.put(path, json=body))
    assert replaced["updated_at"] == changed["updated_at"] and replaced["offers"] == stated
    assert change(tenant, product, offers=[])["offer_price"] is None


def test_visitors_see_and_pay_the_offer_price(platform: Platform, tenant: Tenant) -> None:
    cheap, dear = platform.product(tenant, price="20.00"), platform.product(tenant, price="17.00")
    assert shown(platform, tenant) == [("17.00", None, None), ("20.00", None, None)]
    change(tenant, cheap, offers=[offer("15", None, LATER)])
    # The pages with the earlier price are in the cache.
    assert shown(platform, tenant) == [("15.00", "20.00", LATER.isoformat()), ("17.00", None, None)]
    assert shown(platform, tenant, price_max="16") == [("15.00", "20.00", LATER.isoformat())]
    assert shown(platform, tenant, price_min="16") == [("17.00", None, None)]
    page = ok(platform.api().get(f"/v1/storefront/{tenant.domain}/products"))
    assert page["facets"]["price"] == {"min": "15.00", "max": "17.00", "currency": "USD"}
    product = ok(platform.api().get(f"/v1/storefront/{tenant.domain}/products/{cheap['id']}"))
    assert (product["price"], product["regular_price"]) == ("15.00", "20.00")
    assert product["offer_ends_at"] == LATER.isoformat() and "offers" not in product
    order = created(platform.api().post(orders_path(tenant), json=order_body((product, 2), (dear, 1))))
    assert order["total_amount"] == "47.00"
    apply(platform, LATER)
    refused = platform.api().post(orders_path(tenant), json=order_body((product, 2)) | {"total_amount": "30.00"})
    problem(refused, 409, "total_changed")
    assert created(platform.api().post(orders_path(tenant), json=order_body((product, 2))))["total_amount"] == "40.00"


def test_the_start_and_the_end_of_an_offer_change_the_update_time(platform: Platform, tenant: Tenant) -> None:
    product = platform.product(tenant, price="20.00", offers=[offer("15", SOON, LATER)])
    path = f"/v1/products/{product['id']}"
    etag = tenant.owner.get(path).headers["etag"]
    for at, price in ((SOON, "15.00"), (LATER, None)):
        since = datetime.now(UTC).isoformat()
        apply(platform, at)
        assert ok(tenant.owner.get(path))["offer_price"] == price
        products = tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products", params={"updated_since": since})
        assert [each["id"] for each in ok(products)["data"]] == [product["id"]]
    stale = tenant.owner.patch(path, json={"name": "Lamp"}, headers={"if-match": etag})
    problem(stale, 412, "precondition_failed")


def test_the_sweeper_starts_an_offer(platform: Platform, tenant: Tenant) -> None:
    start = datetime.now(UTC) + timedelta(seconds=1)
    product = platform.product(tenant, price="20.00", offers=[offer("15", start)])
    assert shown(platform, tenant) == [("20.00", None, None)]
    # The sweeper of the local cloud starts a minute after the cloud.
    platform.eventually(lambda: shown(platform, tenant) == [("15.00", "20.00", None)], within=100, every=1)
    assert ok(tenant.owner.get(f"/v1/products/{product['id']}"))["offer_price"] == "15.00"


def test_price_rules_apply_to_the_offer_price_and_to_the_regular_price(platform: Platform, tenant: Tenant) -> None:
    platform.product(tenant, price="20.00", offers=[offer("15", None, LATER)])
    rules = {"markup_percent": "20", "rounding": {"step": "1", "ending": "0.99", "direction": "up"}}
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"pricing_rules": rules}))
    assert shown(platform, tenant) == [("18.99", "24.99", LATER.isoformat())]
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"pricing_rules": {"rounding": {"step": "50"}}}))
    assert shown(platform, tenant) == [("50.99", None, LATER.isoformat())]


def test_the_error_for_a_wrong_offer_points_to_the_wrong_value(platform: Platform, tenant: Tenant) -> None:
    product = platform.product(tenant, price="20.00")
    path = f"/v1/products/{product['id']}"
    for offers, pointer in (
        ([offer("15.001")], "/offers/0/price"),
        ([offer("15"), offer("-1")], "/offers/1/price"),
        ([offer("15", LATER, SOON)], "/offers/0"),
        ([offer("15")] * 11, "/offers"),
        ([{"price": "1", "starts_at": "tomorrow"}], "/offers/0/starts_at"),
    ):
        assert pointers(problem(tenant.owner.patch(path, json={"offers": offers}), 422, "invalid")) == [pointer]


def test_importing_an_export_file_changes_no_offer(platform: Platform, tenant: Tenant) -> None:
    running = platform.product(tenant, price="20.00", offers=[offer("15", None, LATER), offer("12", LATER)])
    platform.product(tenant, price="9.00")
    catalog = {"catalog_id": tenant.catalog_id}
    for file_format in ("csv", "ndjson"):
        content = exported(tenant.owner, "products", file_format, filters=catalog)
        counts = platform.sync(tenant.catalog_id, f"export.{file_format}", content)["counts"]
        assert (counts["read"], counts["unchanged"]) == (2, 2)
    rows = csv_rows(exported(tenant.owner, "products", "csv", filters=catalog))
    row = next(each for each in rows if each["sku"] == running["sku"])
    assert row["price"] == "20.00" and json.loads(row["offers"]) == running["offers"]
