"""Tests that no statement of a function pins a session of RDS Proxy. A pinned session reserves a database
connection."""

import re

import psycopg
import pytest

from tests.platform import Platform, ok

CSV = b"sku,name,price\npinned-1,One,1.00\npinned-2,Two,2.00\n"


@pytest.fixture
def busy_platform(platform: Platform) -> Platform:
    """Return a platform whose functions have just executed reads, writes, a search, a storefront request and a sync."""
    tenant = platform.tenant()
    product = platform.product(tenant)
    ok(tenant.owner.patch(f"/v1/products/{product['id']}", json={"price": "2.00"}))
    ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products", params={"q": "pro", "sort": "-price"}))
    ok(platform.api().get(f"/v1/storefront/{tenant.domain}/products"))
    assert platform.sync(tenant.catalog_id, "pinning.csv", CSV)["status"] == "completed"
    return platform


def test_functions_send_no_statement_that_pins_a_session_of_rds_proxy(busy_platform: Platform) -> None:
    """SET, PREPARE, DECLARE, LISTEN, LOCK and temporary tables pin a session. A call to `set_config` or `nextval`
    in the text of a statement also pins the session. See
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy-pinning.html."""
    query = """
        select distinct s.query from pg_stat_statements s join pg_roles r on r.oid = s.userid
        where s.toplevel and s.dbid = (select oid from pg_database where datname = current_database())
          and r.rolname ~ '^(wc_(public|api|worker)|app_(admin|client|customer|anon|system))$'
          and (s.query ~* '^\\s*(set|reset|discard|prepare|deallocate|declare|listen|unlisten|lock|load)\\M'
            or s.query ~* '\\m(set_config|nextval|currval|setval|lastval|pg_advisory_lock|into temp|create temp)\\M'
            or s.query ~* 'create (temp|temporary) '
            or length(s.query) > 16384)"""
    count = "select count(*) from pg_stat_statements s join pg_roles r on r.oid = s.userid where r.rolname ~ '^wc_'"
    for url in (busy_platform.endpoints.database, busy_platform.endpoints.replica):
        with psycopg.connect(url) as connection:
            row = connection.execute(count).fetchone()
            assert row is not None
            assert row[0] > 0
            # Ignore two statements that functions do not send. pgbouncer sets `application_name` when a connection
            # changes to another login. Only a superuser, i.e. another test, can set the session authorization.
            others = re.compile("application_name|session authorization")
            pinning = {text for (text,) in connection.execute(query) if not others.search(text)}
            assert pinning == set()
