"""Tests that the database protects the slugs of sites and the verifications of domains, even if callers can execute
SQL.
"""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from tests.database.callers import CALLERS
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.schema_folders import value, write_tables
from tests.database.world import A_OTHER_SITE, A_SITE, B_SITE, A, B
from wecelebrate import schema
from wecelebrate.core.database import ENTER

BY_NAME = {caller.name: caller for caller in CALLERS}
OWNER, AT_A_WORKER = BY_NAME["A's owner"], BY_NAME["A's owner at a worker"]


@pytest.mark.parametrize("caller", ["A's owner", "admin", "super admin", "service for A"])
@pytest.mark.parametrize(
    "change",
    [
        "domain = 'stolen.test', domain_verified_at = now()",
        "domain_verified_at = null",
        "domain_verified_at = 'infinity'",
        "slug = 'www'",
        "slug = 'another'",
        "domain_token = 'known'",
    ],
)
def test_callers_cannot_write_the_protected_columns(
    connections: dict[str, psycopg.Connection], caller: str, change: str
) -> None:
    who = BY_NAME[caller]
    with entered(connections[who.login], who) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(f"update sites set {change}".encode())


def test_a_site_that_a_caller_creates_has_a_generated_slug_and_is_not_verified(
    connections: dict[str, psycopg.Connection],
) -> None:
    with entered(connections["wc_api"], OWNER) as connection:
        row = connection.execute(
            "insert into sites (client_id, name, domain, slug, domain_token, domain_verified_at)"
            " values (%s, 'My Shop', 'b.test', 'chosen', 'known', now())"
            " returning slug ~ '^my-shop-[0-9a-f]{10}$', domain_token <> 'known', domain_verified_at",
            [A],
        ).fetchone()
        assert row == (True, True, None)


def test_only_a_worker_of_a_site_editor_can_verify_a_domain(
    connections: dict[str, psycopg.Connection],
) -> None:
    verify = "select app.verify_site_domain(%s, %s)"
    with entered(connections["wc_api"], OWNER) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(verify, [A_SITE, "a.test"])
    with entered(connections["wc_worker"], AT_A_WORKER) as connection:
        answers = [(A_SITE, "a.test", True), (A_SITE, "b.test", False), (B_SITE, "b.test", False)]
        for site, domain, verified in answers:
            assert connection.execute(verify, [site, domain]).fetchone() == (verified,)


def test_a_domain_moves_to_the_site_that_verifies_it_last(database: Database) -> None:
    with database.connect() as superuser, superuser.transaction(force_rollback=True):
        superuser.execute("update sites set domain = 'b.test' where id = %s", [A_OTHER_SITE])
        superuser.execute("set local session authorization wc_worker")
        superuser.execute(ENTER, AT_A_WORKER.parameters)
        assert superuser.execute("select app.verify_site_domain(%s, 'b.test')", [A_OTHER_SITE]).fetchone() == (True,)
        superuser.execute("set local session authorization default")
        rows = superuser.execute(
            "select id, domain_verified_at is not null from sites where domain = 'b.test' order by 2"
        ).fetchall()
        assert rows == [(B_SITE, False), (A_OTHER_SITE, True)]


@pytest.mark.parametrize(
    "domain", ["localhost", "single", "a.localhost", "10.0.0.1", "a..test", "-a.test", "a.-test", "a.1", "a_b.test"]
)
def test_a_non_public_domain_cannot_be_verified(database: Database, domain: str) -> None:
    with (
        database.connect() as superuser,
        superuser.transaction(force_rollback=True),
        pytest.raises(errors.CheckViolation),
    ):
        superuser.execute("update sites set domain = %s, domain_verified_at = now() where id = %s", [domain, A_SITE])


@pytest.mark.parametrize(
    "slug", ["www", "api", "admin", "console", "mail", "A", "a.b", "-a", "a-", "xn--a", "", "a" * 64]
)
def test_a_reserved_or_invalid_slug_is_refused(database: Database, slug: str) -> None:
    with (
        database.connect() as superuser,
        superuser.transaction(force_rollback=True),
        pytest.raises(errors.CheckViolation),
    ):
        superuser.execute("update sites set slug = %s where id = %s", [slug, A_SITE])


def test_a_domain_of_two_sites_is_verified_for_only_one_site(database: Database) -> None:
    with database.connect() as superuser, superuser.transaction(force_rollback=True):
        superuser.execute("update sites set domain = 'a.test' where id = %s", [B_SITE])
        with pytest.raises(errors.UniqueViolation), superuser.transaction():
            superuser.execute("update sites set domain_verified_at = now() where id = %s", [B_SITE])


@pytest.mark.parametrize("site_domain", ["b.test", "@b-test", "B.TEST", "@B-test"])
def test_a_visitor_enters_a_site_by_its_verified_domain_or_its_slug(database: Database, site_domain: str) -> None:
    with database.connect("wc_public") as connection:
        row = connection.execute(ENTER, [None, None, site_domain, None, [], None, None, None, None]).fetchone()
        assert row is not None
        assert row[5:7] == (B_SITE, B)


@pytest.mark.parametrize("site_domain", ["claimed.test", "b-test", "@", "@b.test", "@@b-test", "", "%", "@%"])
def test_a_visitor_cannot_enter_a_site_by_an_unverified_domain_or_an_invalid_text(
    database: Database, site_domain: str
) -> None:
    with database.connect() as superuser, superuser.transaction(force_rollback=True):
        superuser.execute("update sites set domain = 'claimed.test' where id = %s", [B_SITE])
        superuser.execute("set local session authorization wc_public")
        with pytest.raises(psycopg.Error) as error, superuser.transaction():
            superuser.execute(ENTER, [None, None, site_domain, None, [], None, None, None, None])
        assert error.value.sqlstate == "WC404"


def test_the_migration_verifies_only_public_domains_of_active_sites(
    fresh: Callable[[], Database], database: Database, tmp_path: Path
) -> None:
    files = {f"m{file.name}": file.sql for file in schema.migrations() if file.name <= "0018_domains"}
    last = files.pop("m0018_domains")
    new = fresh()
    schema.migrate(new.url("wc_migrate"), write_tables(tmp_path, **files))
    with new.connect() as superuser:
        superuser.execute(
            "with client as (insert into clients (name, slug) values ('Client', 'client') returning id)"
            " insert into sites (client_id, name, domain, status) select id, domain, domain, status from client,"
            " (values ('open.test', 'active'), ('draft.test', 'draft'), ('localhost', 'active'),"
            " ('10.0.0.1', 'active')) as site (domain, status)"
        )
    schema.migrate(new.url("wc_migrate"), write_tables(tmp_path, m0018_domains=last))
    assert value(new, "select array_agg(domain) from sites where domain_verified_at is not null") == ["open.test"]
    assert value(new, "select count(distinct slug) from sites where slug ~ '^shop-[0-9a-f]{10}$'") == 4
    # The previous release inserts sites without a slug.
    with new.connect() as superuser:
        superuser.execute("insert into sites (client_id, name, domain) select id, 'New', 'open.test' from clients")
