"""Tests that a tenant cannot reference rows of other tenants, and cannot move rows to other tenants."""

from uuid import UUID

import pytest
from psycopg import errors, sql

from tests.database.callers import CALLERS
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import (
    A_CATALOG,
    A_JOB,
    A_OTHER_SITE,
    A_PRODUCT,
    A_SITE,
    B_CATALOG,
    B_PRODUCT,
    B_SITE,
    HIDDEN,
    HIDDEN_PRODUCT,
    A,
    B,
    ident,
)

BY_NAME = {caller.name: caller for caller in CALLERS}
EDITORS = ("A's owner", "A's editor", "owner of A and viewer of B", "service for A")
ADMINS = ("super admin", "admin")
POLICY = errors.InsufficientPrivilege
KEY = errors.ForeignKeyViolation

NEW_SITE = "insert into sites (client_id, name, catalog_id) values (%s, 'new', %s)"
OLD_SITE = "update sites set catalog_id = %s where id = %s"
EXCLUSION = "insert into site_product_exclusions (client_id, site_id, product_id) values (%s, %s, %s)"
JOB = (
    "insert into jobs (client_id, catalog_id, type, requested_by, payload) values (%s, %s, 'catalog_sync', 'me', '{}')"
)
ORDER = """
insert into orders (client_id, site_id, order_number, customer_name, customer_email, total_amount,
  shipping_address, items)
values (%s, %s, 'new', 'C', 'c@test', 1, '{}', '[]')
"""
LINE = """
insert into order_lines (client_id, order_id, line, sku, name, quantity, unit_price) values (%s, %s, 2, 's', 'n', 1, 1)
"""
CATALOG = "insert into catalogs (owner_client_id, name, type) values (%s, 'n', 'erp')"
CATALOG_OWNER = "update catalogs set owner_client_id = %s where id = %s"
PRODUCT = "insert into products (catalog_id, sku, name, price) values (%s, 's', 'n', 1)"
EVENT = "insert into analytics_events (client_id, site_id, event_type, event_data) values (%s, %s, 'view', '{}')"
DROP = """
insert into drops (client_id, catalog_id, key, version_id, sequencer, size, etag, dropped_at, job_id)
values (%s, %s, 'k', 'v', '1', 1, 'e', now(), %s)
"""
DELTA = """
insert into order_deltas (client_id, day, currency, status, orders, amount)
values (%s, current_date, 'USD', 'pending', 1, 1)
"""

Attack = tuple[tuple[str, ...], str, tuple[UUID | None, ...], type[Exception]]

ATTACKS: dict[str, Attack] = {
    "a new site on a foreign catalog": (EDITORS, NEW_SITE, (A, B_CATALOG), POLICY),
    "a new site on a catalog without grants": (EDITORS, NEW_SITE, (A, HIDDEN), POLICY),
    "a new site of another client": (EDITORS, NEW_SITE, (B, B_CATALOG), POLICY),
    "a site moved onto a foreign catalog": (EDITORS, OLD_SITE, (B_CATALOG, A_SITE), POLICY),
    "a site moved onto a catalog without grants": (EDITORS, OLD_SITE, (HIDDEN, A_OTHER_SITE), POLICY),
    "a site that an admin moves onto a foreign catalog": (ADMINS, OLD_SITE, (B_CATALOG, A_SITE), POLICY),
    "a site that an admin creates on a foreign catalog": (ADMINS, NEW_SITE, (B, A_CATALOG), POLICY),
    "a site given to another client": (EDITORS, "update sites set client_id = %s where id = %s", (B, A_SITE), POLICY),
    "an order at a foreign site": (("A's owner", "admin"), "update orders set site_id = %s where id = %s",
                                   (B_SITE, ident("A's order")), POLICY),
    "an order that an admin places at a foreign site": (ADMINS, ORDER, (A, B_SITE), KEY),
    "a line of a foreign order": (ADMINS, LINE, (A, ident("B's order")), KEY),
    "an order given to another client": (EDITORS, "update orders set client_id = %s where id = %s",
                                         (B, ident("A's order")), POLICY),
    "a forged delta": (EDITORS + ADMINS, DELTA, (A,), POLICY),
    "an exclusion at a foreign site": (EDITORS, EXCLUSION, (A, B_SITE, A_PRODUCT), KEY),
    "an exclusion at a foreign site, for the foreign client": (EDITORS, EXCLUSION, (B, B_SITE, B_PRODUCT), POLICY),
    "an exclusion of a foreign product": (EDITORS, EXCLUSION, (A, A_SITE, B_PRODUCT), POLICY),
    "an exclusion of a product that no client may read": (EDITORS + ADMINS, EXCLUSION, (A, A_SITE, HIDDEN_PRODUCT),
                                                       POLICY),
    "a grant of a foreign catalog": (EDITORS, "insert into catalog_grants (catalog_id, client_id) values (%s, %s)",
                                     (B_CATALOG, A), POLICY),
    "a catalog given to another client": (EDITORS, CATALOG_OWNER, (B, A_CATALOG), POLICY),
    "a catalog given to the platform": (EDITORS, CATALOG_OWNER,
                                      (None, A_CATALOG), POLICY),
    "a catalog of another client": (EDITORS, CATALOG,
                                    (B,), POLICY),
    "a product moved into a foreign catalog": (EDITORS, "update products set catalog_id = %s where id = %s",
                                               (B_CATALOG, A_PRODUCT), POLICY),
    "a product in a foreign catalog": (EDITORS, PRODUCT,
                                       (B_CATALOG,), POLICY),
    "a job on a foreign catalog": (EDITORS, JOB, (A, B_CATALOG), POLICY),
    "a job on a catalog that the client may not write": (EDITORS, JOB, (A, HIDDEN), POLICY),
    "a job of another client": (EDITORS, JOB, (B, None), POLICY),
    "a job of the platform": (EDITORS, JOB, (None, None), POLICY),
    "a drop": (EDITORS, DROP, (A, B_CATALOG, A_JOB), POLICY),
    "an event at a foreign site": (("system",), EVENT, (A, B_SITE), KEY),
    "a member of another client": (
        ("A's owner", "owner of A and viewer of B"),
        "insert into client_users (client_id, user_id, email) values (%s, 'new', 'new@test')", (B,), POLICY),
    "a member moved to another client": (
        ("A's owner", "owner of A and viewer of B"),
        "update client_users set client_id = %s where client_id = %s", (B, A), POLICY),
}  # fmt: skip


@pytest.mark.parametrize(
    ("caller", "attack"), [(caller, name) for name, (callers, *_) in ATTACKS.items() for caller in callers]
)
def test_a_reference_to_another_tenant_is_refused(database: Database, caller: str, attack: str) -> None:
    _, statement, values, error = ATTACKS[attack]
    attacker = BY_NAME[caller]
    with (
        database.connect(attacker.login, autocommit=True) as connection,
        entered(connection, attacker),
        pytest.raises(error),
    ):
        connection.execute(sql.SQL(statement), values)


def test_a_site_can_show_a_catalog_that_is_granted_to_its_client(database: Database) -> None:
    editor = BY_NAME["A's editor"]
    with database.connect("wc_api", autocommit=True) as connection, entered(connection, editor):
        assert connection.execute(OLD_SITE, (ident("B's lent catalog"), A_SITE)).rowcount == 1
