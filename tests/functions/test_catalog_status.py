"""A storefront shows and sells products only while their catalog is active. A change of the status takes effect at
once."""

import httpx
import pytest

from infra.openapi import document
from tests.functions.operations import request_body
from tests.functions.resources import create_resources
from tests.platform import Json, Platform, Tenant, created, ok, problem

HIDDEN = ("draft", "inactive")
each_hidden_status = pytest.mark.parametrize("status", HIDDEN)


@pytest.fixture
def shop(platform: Platform) -> Tenant:
    return platform.tenant()


def set_status(shop: Tenant, status: str) -> None:
    ok(shop.owner.patch(f"/v1/catalogs/{shop.catalog_id}", json={"status": status}))


def order(platform: Platform, shop: Tenant, product: Json) -> httpx.Response:
    body = request_body("create_order", create_resources(platform, shop) | {"product_id": product["id"]})
    return platform.api().post(f"/v1/storefront/{shop.domain}/orders", json=body)


@each_hidden_status
def test_a_storefront_hides_the_products_of_a_catalog_that_is_not_active(
    platform: Platform, shop: Tenant, status: str
) -> None:
    product, path = platform.product(shop), f"/v1/storefront/{shop.domain}/products"
    guest = platform.api()
    for _ in range(2):  # The second response comes from the cache.
        assert len(ok(guest.get(path))["data"]) == 1
        ok(guest.get(f"{path}/{product['id']}"))
    set_status(shop, status)
    for _ in range(2):
        page = ok(guest.get(path))
        assert (page["data"], page["facets"]["category"], page["facets"]["price"]["min"]) == ([], [], None)
        assert ok(guest.get(path, params={"q": product["name"]}))["data"] == []
        problem(guest.get(f"{path}/{product['id']}"), 404, "not_found")
    ok(guest.get(f"/v1/storefront/{shop.domain}"))
    set_status(shop, "active")
    assert len(ok(guest.get(path))["data"]) == 1
    ok(guest.get(f"{path}/{product['id']}"))


@each_hidden_status
def test_products_of_a_catalog_that_is_not_active_cannot_be_ordered(
    platform: Platform, shop: Tenant, status: str
) -> None:
    product = platform.product(shop)
    set_status(shop, status)
    problem(order(platform, shop, product), 409, "catalog_not_active")
    assert ok(shop.owner.get(f"/v1/products/{product['id']}"))["inventory_count"] == product["inventory_count"]
    set_status(shop, "active")
    created(order(platform, shop, product))


@each_hidden_status
def test_the_owner_can_edit_and_import_products_of_a_catalog_that_is_not_active(
    platform: Platform, shop: Tenant, status: str
) -> None:
    set_status(shop, status)
    product = platform.product(shop)
    assert ok(shop.owner.patch(f"/v1/products/{product['id']}", json={"name": "New"}))["name"] == "New"
    rows = {"catalog_id": shop.catalog_id, "rows": [{"sku": product["sku"], "price": "9.00"}]}
    job = ok(shop.owner.post("/v1/products/bulk-import", json=rows))
    platform.eventually(lambda: ok(shop.owner.get(f"/v1/jobs/{job['id']}"))["status"] == "completed")
    assert len(ok(shop.owner.get(f"/v1/catalogs/{shop.catalog_id}/products"))["data"]) == 1


def test_the_status_of_a_shared_catalog_applies_to_the_sites_of_every_client(platform: Platform, shop: Tenant) -> None:
    other = platform.tenant()
    platform.product(shop)
    ok(platform.admin.put(f"/v1/catalogs/{shop.catalog_id}/grants/{other.client_id}"))
    site = platform.site(other.client_id, shop.catalog_id)
    assert len(platform.storefront_products(site["domain"])) == 1
    set_status(shop, "inactive")
    assert platform.storefront_products(site["domain"]) == []


def test_the_schedules_of_an_inactive_client_do_not_run(platform: Platform) -> None:
    tenant = platform.tenant()
    schedule = create_resources(platform, tenant)["schedule_id"]
    platform.arrange("update clients set is_active = false where id = %s", [tenant.client_id])
    due = platform.database.execute(
        "select app.is_active_client(client_id) as active from schedules where id = %s", [schedule]
    ).fetchone()
    assert due == {"active": False}
    platform.arrange("update schedules set next_at = now() - interval '1 minute' where id = %s", [schedule])
    control = platform.tenant()
    running = create_resources(platform, control)["schedule_id"]
    platform.arrange("update schedules set next_at = now() - interval '1 minute' where id = %s", [running])

    def last_at(schedule_id: str) -> object:
        row = platform.database.execute("select last_at from schedules where id = %s", [schedule_id]).fetchone()
        assert row is not None
        return row["last_at"]

    platform.eventually(lambda: last_at(running) is not None, within=60)
    assert last_at(schedule) is None


OBEYED = {
    "ClientPatch": {
        "slug": "unique; names the client in the CLI",
        "name": "shown; in mails",
        "logo_url": "in mails",
        "tier": "limits",
        "is_active": "members, storefronts, schedules",
        "timezone": "days of reports",
        "event_retention_months": "events",
        "order_retention_days": "persons in orders",
    },
    "SitePatch": {
        "name": "in mails and on the storefront",
        "domain": "the address of the storefront",
        "status": "only an active site is reachable",
        "branding": "in mails and on the storefront",
        "settings": "`public` is on the storefront",
        "catalog_id": "the products of the storefront",
        "guest_orders": "orders",
        "max_line_quantity": "orders",
        "max_daily_quantity": "orders",
        "max_daily_quantity_per_address": "orders",
        "max_order_amount": "orders",
        "max_recipient_mails": "mails about orders",
        "cancel_window_minutes": "buyers cancel orders",
        "confirm_guest_orders": "guests confirm orders",
        "confirm_within_hours": "when an unconfirmed order is cancelled",
        "order_page_url": "the links of mails to guests",
        "ship_to_countries": "orders",
        "ship_to_po_boxes": "orders",
        "event_storage": "events",
    },
    "MemberPatch": {
        "role": "what the member may do",
        "personal_data": "whether the member sees persons",
        "name": "shown to the people who manage the members",
    },
    "StaffPatch": {"role": "what the person may do", "name": "shown to the people who manage the staff"},
    "OrderPatch": {
        "customer_name": "shown; in order files",
        "shipping_address": "shown; in order files",
        "external_number": "filter of lists",
        "problem": "an order with a problem is not processed",
        "metadata": "your own data",
        "note": "in the history of the order",
    },
    "CatalogPatch": {
        "status": "storefronts and orders",
        "currency": "prices of products",
        "sync_settings": "syncs and imports",
        "low_inventory": "the event inventory.low",
        "pricing_rules": "selling prices",
    },
    "PricingRulesPatch": {
        "conversion": "selling prices",
        "markup_percent": "selling prices",
        "fixed_amount": "selling prices",
        "rounding": "selling prices",
        "minimum": "selling prices",
    },
    "ProductPatch": {
        "sku": "imports",
        "name": "sorted and searched",
        "description": "shown to customers",
        "category": "filter and facet",
        "brand": "filter and facet",
        "price": "orders",
        "currency": "orders",
        "offers": "orders",
        "images": "shown to customers, fetched",
        "attributes": "shown to customers",
        "inventory_count": "orders",
        "inventory_policy": "orders",
        "inventory_delta": "orders",
        "is_active": "storefronts and orders",
    },
    "OrderDestinationPatch": {
        "name": "unique",
        "format": "the files",
        "columns": "the files",
        "prefix": "the names of the files",
        "max_line_length": "the lines of addresses",
        "formula_safe": "the cells",
        "sender": "the files",
        "receiver": "the files",
        "cron": "due times",
        "timezone": "due times",
        "is_active": "due times",
    },
    "SchedulePatch": {
        "name": "unique",
        "cron": "due times",
        "timezone": "due times",
        "settings": "syncs",
        "is_active": "due times",
    },
    "ReportSubscriptionPatch": {
        "name": "shown in the mails",
        "cadence": "due times",
        "period": "the days of the report",
        "timezone": "due times and days",
        "language": "the language of the mails",
        "send_hour": "due times",
        "attach_workbook": "the files of the mails",
        "is_active": "due times",
        "recipients": "who gets the mails",
    },
    "WebhookPatch": {
        "url": "deliveries",
        "events": "deliveries",
        "status": "deliveries",
    },
}
"""Maps each field that changes the behaviour of the platform to its effect."""
NOTES = {
    "ClientPatch": {"description", "contact_email", "contact_phone", "address", "settings"},
    "CatalogPatch": {"name", "type", "source", "source_config"},
    "WebhookPatch": {"description"},
}
"""The fields that the platform only stores and returns. This is clear from the name or the description of each
field."""


def test_every_writable_field_is_declared_as_effective_or_as_only_stored() -> None:
    schemas = document()["components"]["schemas"]
    patches = {name for name in schemas if name.endswith("Patch") and not name.endswith("SettingsPatch")}
    assert patches == OBEYED.keys()
    for name in patches:
        assert schemas[name]["properties"].keys() == OBEYED[name].keys() | NOTES.get(name, set()), name


@pytest.mark.parametrize("field", ["source_config"])
def test_the_description_of_a_field_without_effect_states_that_it_is_only_stored(field: str) -> None:
    assert (
        "The platform stores these notes"
        in document()["components"]["schemas"]["NewCatalog"]["properties"][field]["description"]
    )
