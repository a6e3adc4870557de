"""Nothing that functions send to a database pins a session of RDS Proxy: many would need a connection each."""

import psycopg
import pytest

from tests.platform import Platform, ok

CSV = b"sku,name,price\npinned-1,One,1.00\npinned-2,Two,2.00\n"


@pytest.fixture
def used(platform: Platform) -> Platform:
    """A platform on which every kind of function has been at work: reads, writes, searches, visits, a sync."""
    tenant = platform.tenant()
    product = platform.product(tenant)
    ok(tenant.owner.patch(f"/v1/products/{product['id']}", json={"price": "2.00"}))
    ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products", params={"q": "pro", "sort": "-price"}))
    ok(platform.api().get(f"/v1/storefront/{tenant.domain}/products"))
    assert platform.sync(tenant.catalog_id, "pinning.csv", CSV)["status"] == "completed"
    return platform


def test_nothing_that_functions_sent_would_pin_a_session_of_rds_proxy(used: Platform) -> None:
    """SET, PREPARE, DECLARE, LISTEN, LOCK, temporary tables, a visible set_config or nextval, as AWS documents it:
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy-pinning.html."""
    query = """
        select distinct s.query from pg_stat_statements s join pg_roles r on r.oid = s.userid
        where s.toplevel and s.dbid = (select oid from pg_database where datname = current_database())
          and r.rolname ~ '^(wc_(public|api|worker)|app_(admin|client|customer|anon|system))$'
          and (s.query ~* '^\\s*(set|reset|discard|prepare|deallocate|declare|listen|unlisten|lock|load)\\M'
            or s.query ~* '\\m(set_config|nextval|currval|setval|lastval|pg_advisory_lock|into temp|create temp)\\M'
            or s.query ~* 'create (temp|temporary) '
            or length(s.query) > 16384)"""
    sent = "select count(*) from pg_stat_statements s join pg_roles r on r.oid = s.userid where r.rolname ~ '^wc_'"
    for url in (used.endpoints.database, used.endpoints.replica):
        with psycopg.connect(url) as connection:
            row = connection.execute(sent).fetchone()
            assert row is not None
            assert row[0] > 0
            # pgbouncer itself names its client to the server so, when another login's name was last.
            found = {text for (text,) in connection.execute(query) if "application_name" not in text}
            assert found == set()
