"""How many statements a list takes, as the replica counts them: a few, however many rows; none from the cache."""

import pytest

from tests.functions.calls import Call, calls, ids_of
from tests.platform import Platform, Tenant, ok

MOST = {
    "list_products": 5,
    "list_grants": 5,
    "list_exclusions": 5,
    "list_images": 5,
    "list_site_orders": 5,
    "list_shown_products": 6,
}
"""Statements of a list, with `begin`, `app.enter` and `commit`. These first look at what the list is of."""

NEVER_KEPT = {
    "list_images",
    "list_jobs",
    "list_audit",
    "list_dead_letters",
    "list_mails",
    "list_own_orders",
    "list_schedules",
    "list_suppressions",
    "list_webhooks",
    "list_webhook_deliveries",
}
"""They are shown as they are this moment."""

PRODUCTS = """
insert into products (catalog_id, sku, name, price, category, brand)
select %(catalog)s, n, 'Product ' || n, n, 'category ' || n %% 7, 'brand ' || n %% 5 from generate_series(1, 1000) n
"""
ORDERS = """
insert into orders (client_id, site_id, customer_name, customer_email, total_amount, shipping_address, items)
select %(client)s, %(site)s, 'A customer', 'customer@example.test', n, '{}', '[]' from generate_series(1, 1000) n
"""
IMAGES = """
insert into images (catalog_id, origin, source, status)
select %(catalog)s, 'fetched', 'https://example.com/' || n, 'failed' from generate_series(1, 1000) n
"""
JOBS = """
insert into jobs (client_id, catalog_id, type, status, requested_by, payload)
select %(client)s, %(catalog)s, 'product_import', 'completed', 'a test', '{}' from generate_series(1, 1000)
"""
SITES = "insert into sites (client_id, name) select %(client)s, 'site ' || n from generate_series(1, 1000) n"
WEBHOOKS = """
insert into webhooks (client_id, url, events)
select %(client)s, 'https://example.com/' || n, '{job.*}' from generate_series(1, 1000) n
"""
DELIVERIES = """
insert into webhook_deliveries (client_id, webhook_id, event, payload, status)
select client_id, id, 'job.failed', '{}', 'failed' from webhooks where client_id = %(client)s
"""
CATALOGS = """
insert into catalogs (owner_client_id, name, type) select %(client)s, 'c ' || n, 'erp' from generate_series(1, 1000) n
"""
SCHEDULES = """
insert into schedules (client_id, catalog_id, type, name, cron, timezone, settings)
select %(client)s, %(catalog)s, 'catalog_sync', 'schedule ' || n, '0 3 * * *', 'UTC', '{"prefix": "exports/"}'
from generate_series(1, 1000) n
"""
EXCLUSIONS = """
insert into site_product_exclusions (client_id, site_id, product_id)
select %(client)s, %(site)s, id from products where catalog_id = %(catalog)s and price > 500
"""


@pytest.fixture(scope="module")
def short(own_platform: Platform) -> Tenant:
    """A tenant with one of each. The cloud is the module's own: others' statements would be counted too."""
    return own_platform.tenant()


@pytest.fixture(scope="module")
def full(own_platform: Platform) -> Tenant:
    """A tenant with a thousand of everything that it may have."""
    platform, tenant = own_platform, own_platform.tenant()
    given = {"client": tenant.client_id, "catalog": tenant.catalog_id, "site": tenant.site_id}
    for statement in (PRODUCTS, ORDERS, IMAGES, JOBS, SITES, CATALOGS, SCHEDULES, EXCLUSIONS, WEBHOOKS, DELIVERIES):
        platform.arrange(statement, given)
    return tenant


def counted(platform: Platform) -> int:
    row = platform.replica.execute(
        "select coalesce(sum(calls), 0)::int as calls from pg_stat_statements"
        " where toplevel and userid in (select oid from pg_roles where rolname like 'wc\\_%' or rolname like 'app\\_%')"
    ).fetchone()
    assert row is not None
    return int(row["calls"])


def asked(platform: Platform, whose: Tenant, path: str, limit: int) -> int:
    """Statements that a page takes."""
    before = counted(platform)
    ok(whose.owner.get(path, params={"limit": limit}))
    return counted(platform) - before


LISTS = [call for call in calls() if call.lists and call.name != "list_dead_letters"]
"""Those that a client may ask for."""


@pytest.mark.parametrize("call", LISTS, ids=lambda call: call.name)
def test_a_list_takes_a_few_statements_however_long_it_is(
    own_platform: Platform, short: Tenant, full: Tenant, call: Call
) -> None:
    taken, again = [], []
    for whose in (short, full):
        path = call.path.format(**ids_of(own_platform, whose))
        ok(whose.owner.get(path, params={"limit": 999}))  # connects, and begins a session
        # Each of another length is another page. What the cloud does by itself, each minute, falls into one of them.
        taken.append(min(asked(own_platform, whose, path, limit) for limit in (1000, 998, 997)))
        # Redis may be late on a busy machine: an answer that does not come in time is loaded, which is no fault.
        again.append(min(asked(own_platform, whose, path, 1000) for _ in range(3)))
    assert 0 < taken[0] == taken[1] <= MOST.get(call.name, 4)
    assert again == (taken if call.name in NEVER_KEPT else [0, 0])


def test_a_thousand_products_are_one_page(full: Tenant) -> None:
    page = ok(full.owner.get(f"/v1/catalogs/{full.catalog_id}/products", params={"limit": 1000}))
    assert len(page["data"]) == 1000
