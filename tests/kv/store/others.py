"""Writes the lists of the old application, and documents that do not become rows, e.g. sessions and logs."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.kv.store.gifts import Gifts
from tests.kv.store.orders import Orders
from tests.kv.store.plan import Sizes, iso, letters, milliseconds, moment
from tests.kv.store.tenants import Tenants
from tests.kv.store.truth import SECRET, Entity, Record, Truth


def _leftover(key: str, family: str, value: Any) -> Record:
    return Record(key, value, Truth(key, family, "leftover"))


def _list(key: str, family: str, value: Any, of: Entity | None = None, dangling: tuple[str, ...] = ()) -> Record:
    return Record(key, value, Truth(key, family, "list", dangling=dangling, list_of=of))


def write_lists(sizes: Sizes, gifts: Gifts, orders: Orders) -> Iterator[Record]:
    """Write the lists. `clients:all`, `sites:all` and `orders:all` do not exist, because the old applications never
    wrote them."""
    entries = list(gifts.listed)
    gone = tuple(f"gift-gone-{number}" for number in range(_count(sizes, sizes.gifts)))
    for number, old_id in enumerate(gone):
        entries.insert(number * 3 % (len(entries) + 1), {"id": old_id} if sizes.whole_gifts else old_id)
    key, value, truth = _list("gifts:all", "clients:all", entries, "product", gone)
    yield Record(key, value, replace(truth, contained=tuple(gifts.contained)))
    for catalog, ids in gifts.by_catalog.items():
        yield _list(f"catalog_gifts:{catalog}", "catalog_gifts:<id>", ids, "product")
    gone = tuple(f"ORD-gone-{number}" for number in range(_count(sizes, sizes.orders)))
    users = sorted(orders.by_user)
    for number, user in enumerate(users):
        of_user = gone[number :: len(users)]
        yield _list(
            f"user_orders:{user}", "user_orders:<user>", [*of_user, *orders.by_user[user]], "order", tuple(of_user)
        )


def _count(sizes: Sizes, records: int) -> int:
    return max(1, round(sizes.damage * records)) if sizes.damage else 0


def write_leftovers(sizes: Sizes, tenants: Tenants) -> Iterator[Record]:
    """Write the documents that do not become rows, at least one for each key family."""
    rng = sizes.plan("client").rng
    now = iso(moment(0))
    for number in range(sizes.clients * 5):
        token = f"{SECRET}{letters(rng, 20)}"
        yield _leftover(f"session:{token}", "session:<token>", {"token": token, "userId": f"user-{number}"})
        yield _leftover(f"magic-link:{token}", "session:<token>", {"token": token, "email": "a@staff.example"})
    for head in ("password_reset", "invites"):
        token = f"{SECRET}{letters(rng, 20)}"
        yield _leftover(f"{head}:{token}", "session:<token>", {"token": token, "expiresAt": now})
    for number, client in enumerate(tenants.clients):
        secrets = {"apiKey": f"{SECRET}{letters(rng, 16)}", "password": f"{SECRET}{letters(rng, 16)}"}
        yield _leftover(f"hris_connection_{number}", "hris_connection_<id>", {"provider": "workday", **secrets})
        yield _leftover(f"sftp_config:{client}", "sftp_config:<client>", {"host": "sftp.example", **secrets})
        yield _leftover(f"erp_connection:{number}", "sftp_config:<client>", {"type": "sap", **secrets})
        yield _leftover(f"webhook:{number}", "webhook:<id>", {"url": "https://hook.example", **secrets})
        yield _leftover(f"hris_sync_{number}", "hris_sync_<id>", {"status": "completed", "at": now})
        audit = {"action": "update", "before": secrets, "after": secrets}
        key = f"audit:production:{milliseconds(moment(number))}:{letters(rng, 12)}"
        yield _leftover(key, "audit:<environment>:<time>:<id>", audit)
        yield _leftover(f"admin_users:{number}", "environments:<id>", {"email": "a@staff.example", **secrets})
    yield from _of_sites(tenants, now)
    for head in (
        "audit_logs", "sync_log", "erp_sync_log", "schedule_execution", "catalog_sync_logs", "import_jobs",
        "webhook-delivery",
    ):  # fmt: skip
        yield _leftover(f"{head}:1", "audit:<environment>:<time>:<id>", {"at": now, "request": f"{SECRET}{head}"})
    for head in (
        "environments", "role", "access_group", "brand", "email-template", "global-template", "site-template",
        "automation-rule",
    ):  # fmt: skip
        yield _leftover(f"{head}:1", "environments:<id>", {"id": "1", "key": f"{SECRET}{head}"})
    for head in ("celebrations", "mapping_rules"):
        yield _leftover(f"{head}:1", "celebrations:<id>", {"id": "1", "name": head})
    yield _leftover("order_counter", "order_counter", sizes.orders)
    yield _leftover("gift_of_nobody", "other", {"id": "x"})
    yield _leftover("giftx:1", "other", {"id": "1"})
    yield _leftover(f"test:{SECRET}", "other", SECRET)


def _of_sites(tenants: Tenants, now: str) -> Iterator[Record]:
    """Write further documents of catalogs and sites: settings, look-up keys, counts and employees."""
    yield _list("catalogs:all", "clients:all", tenants.catalogs)
    yield _list("catalog_index:by_type:manual", "catalog_gifts:<id>", tenants.catalogs[:1])
    yield _list("catalog_index:by_status:active", "catalog_gifts:<id>", tenants.catalogs)
    for catalog in tenants.catalogs:
        yield _leftover(f"catalog_stats:{catalog}", "catalog_stats:<id>", {"totalProducts": 1, "at": now})
    yield _leftover(f"gifts_index:by_catalog:{tenants.catalogs[0]}", "catalog_stats:<id>", [])
    yield _leftover("inventory_cache:SKU-000001", "catalog_stats:<id>", {"quantity": 3, "at": now})
    for number, (site, client) in enumerate(tenants.sites):
        config = {"siteId": site, "exclusions": {"excludedSkus": [], "excludedTags": []}, "overrides": {}}
        if number % 2 == 0:
            yield _leftover(f"sites:{site}:catalog_config", "sites:<id>:catalog_config", config)
        settings = {"assignmentStrategy": "all"}
        yield _leftover(f"site_configs:{site}", "site_configs:<id>", settings)
        yield _leftover(f"sites:slug:shop-{number}", "sites:slug:<slug>", site)
        yield _leftover(f"client:{client}:site:{site}", "client:<client>:site:<site>", {"siteId": site})
        employee = {"id": f"e-{number}", "email": f"e-{number}@staff.example", "siteId": site}
        yield _leftover(f"employees:production:e-{number}", "employees:<id>", employee)
        yield _leftover(f"employees:e-{number}", "employees:<id>", employee)
        yield _leftover(f"employee:{site}:e-{number}", "employees:<id>", employee)
    site = tenants.sites[0][0]
    yield _leftover(f"site_catalog_config:{site}", "sites:<id>:catalog_config", {"siteId": site})
    yield _leftover(f"site_gift_config:{site}", "site_configs:<id>", {"siteId": site, "gifts": []})
    yield _leftover(f"site-gift-assignment:{site}:gift-1", "site_configs:<id>", {"enabled": True})
