"""Tests the addresses of orders: the address rules of each country, and the countries to which a site ships."""

from typing import Any

import httpx
import pytest

from tests.functions.test_orders import order_body, orders_path, stock_of
from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem

BERLIN = {"line1": "Lindenstraße 12", "city": "Berlin", "postal_code": "10969", "country": "DE"}


@pytest.fixture(scope="module")
def shop(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture(scope="module")
def mug(platform: Platform, shop: Tenant) -> Json:
    return platform.product(shop, inventory_count=1000)


def order(platform: Platform, shop: Tenant, mug: Json, address: Json) -> httpx.Response:
    body = order_body((mug, 1), shipping_address=address, customer_email="ann@example.test")
    return platform.api().post(orders_path(shop), json=body)


def change_site(shop: Tenant, **changes: Any) -> None:
    ok(shop.owner.patch(f"/v1/sites/{shop.site_id}", json=changes))


@pytest.fixture(autouse=True)
def no_daily_limit(shop: Tenant) -> None:
    change_site(shop, max_daily_quantity=None, max_daily_quantity_per_address=None)


@pytest.mark.parametrize(
    "address",
    [
        {"line1": "1 Queen's Road Central", "city": "Hong Kong", "country": "HK"},
        {"line1": "1 Main Street", "city": "Dublin 2", "country": "IE"},
        {"line1": "1 Orchard Road", "postal_code": "238801", "country": "SG"},
        {"line1": "شارع الشيخ زايد ١٢", "city": "دبي", "country": "AE", "phone": "+971 4 1234567"},
        {"line1": "1 Jaffa Street", "city": "Jerusalem", "country": "IL"},
        {"line1": "1 Lambton Quay", "city": "Wellington", "postal_code": "6011", "country": "NZ"},
        {"line1": "Packstation 145", "line2": "12345678", "city": "Bonn", "postal_code": "53113", "country": "DE"},
        {"line1": "丸の内一丁目1番1号", "region": "東京都", "postal_code": "100-0001", "country": "JP"},
        {"line1": "x" * 70, "city": "y" * 70, "postal_code": "10115", "country": "DE", "name": "z" * 70},
    ],
)
def test_an_order_accepts_an_address_in_the_format_of_its_country(
    platform: Platform, shop: Tenant, mug: Json, address: Json
) -> None:
    assert created(order(platform, shop, mug, address))["shipping_address"] == address


def test_an_order_without_a_required_address_field_is_refused(platform: Platform, shop: Tenant, mug: Json) -> None:
    before = stock_of(platform, mug)
    american = {"line1": "12 Main Street", "city": "Springfield", "country": "US"}
    response = order(platform, shop, mug, american)
    assert pointers(problem(response, 422, "invalid")) == ["/shipping_address/region", "/shipping_address/postal_code"]
    assert stock_of(platform, mug) == before


def test_an_order_to_an_unsupported_country_of_the_site_is_refused(platform: Platform, shop: Tenant, mug: Json) -> None:
    change_site(shop, ship_to_countries=["DE", "AT", "DE"])
    before = stock_of(platform, mug)
    refused = problem(order(platform, shop, mug, {**BERLIN, "country": "FR"}), 422, "country_not_shipped")
    assert refused["errors"] == [
        {"pointer": "/shipping_address/country", "detail": "must be a country to which the site ships: AT, DE"}
    ]
    assert stock_of(platform, mug) == before
    created(order(platform, shop, mug, BERLIN))
    change_site(shop, ship_to_countries=None)
    created(order(platform, shop, mug, {**BERLIN, "country": "FR"}))


def test_a_site_that_refuses_post_office_boxes_accepts_parcel_lockers(
    platform: Platform, shop: Tenant, mug: Json
) -> None:
    box = {**BERLIN, "line1": "Postfach 12 34"}
    created(order(platform, shop, mug, box))
    change_site(shop, ship_to_po_boxes=False)
    refused = problem(order(platform, shop, mug, box), 422, "po_box_not_shipped")
    assert pointers(refused) == ["/shipping_address/line1"]
    second_line = problem(order(platform, shop, mug, {**BERLIN, "line2": "P.O. Box 7"}), 422, "po_box_not_shipped")
    assert pointers(second_line) == ["/shipping_address/line2"]
    created(order(platform, shop, mug, {**BERLIN, "line1": "Packstation 145"}))
    change_site(shop, ship_to_po_boxes=True)


def test_a_storefront_shows_its_countries_and_the_address_format_of_each_country(
    platform: Platform, shop: Tenant
) -> None:
    guest, path = platform.api(), f"/v1/storefront/{shop.domain}"
    assert ok(guest.get(path))["ship_to_countries"] is None
    irish = ok(guest.get(f"{path}/address-format", params={"country": "IE"}))
    assert (irish["required"], irish["labels"]["region"]) == (["line1", "city"], "county")
    assert (irish["region_must_be_listed"], irish["postal_code_examples"]) == (False, ["A65 F4E2"])
    japanese = ok(guest.get(f"{path}/address-format", params={"country": "JP"}))
    assert japanese["lines"][:2] == [["postal_code"], ["region"]]
    tokyo = {"code": "東京都", "name": "東京都", "latin_name": "Tokyo", "iso_code": "JP-13"}
    assert tokyo in japanese["regions"]
    change_site(shop, ship_to_countries=["IE"])
    assert ok(guest.get(path))["ship_to_countries"] == ["IE"]
    refused = problem(guest.get(f"{path}/address-format", params={"country": "JP"}), 422, "country_not_shipped")
    assert pointers(refused) == ["country"]
    ok(guest.get(f"{path}/address-format", params={"country": "IE"}))
    change_site(shop, ship_to_countries=None)


def test_a_request_for_the_address_format_of_an_unassigned_country_code_is_refused(
    platform: Platform, shop: Tenant
) -> None:
    for country in ("ZZ", "de", "EU", ""):
        response = platform.api().get(f"/v1/storefront/{shop.domain}/address-format", params={"country": country})
        assert pointers(problem(response, 422, "invalid")) == ["country"]


@pytest.mark.parametrize("countries", [[], ["ZZ"], ["de"], [None], "DE"])
def test_a_site_cannot_ship_to_an_unassigned_country_code(shop: Tenant, countries: Any) -> None:
    response = shop.owner.patch(f"/v1/sites/{shop.site_id}", json={"ship_to_countries": countries})
    assert pointers(problem(response, 422, "invalid"))[0].startswith("/ship_to_countries")
