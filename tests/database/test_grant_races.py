"""Tests that a site does not get a catalog if the grant of the catalog is revoked during the assignment."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from tests.database.callers import CALLERS
from tests.database.conftest import Database
from tests.database.world import A_SITE, LENT, A
from wecelebrate.core.database import ENTER

BY_NAME = {caller.name: caller for caller in CALLERS}
ASSIGN = "update app.site_view set catalog_id = %s where id = %s"
REVOKE = "delete from catalog_grants where catalog_id = %s and client_id = %s"
COUNT = "select count(*) from sites where client_id = %s and catalog_id = %s"


@pytest.fixture
def callers(own_database: Database) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    """Connections of an admin, who revokes a grant, and of an owner of A, who assigns the catalog to a site."""
    admin, owner = BY_NAME["admin"], BY_NAME["A's owner"]
    with own_database.connect() as connection:
        connection.execute("update sites set catalog_id = null where client_id = %s", [A])
        connection.execute("insert into catalog_grants values (%s, %s) on conflict do nothing", [LENT, A])
    with own_database.connect(admin.login) as revoking, own_database.connect(owner.login) as assigning:
        revoking.execute(ENTER, admin.parameters)
        assigning.execute(ENTER, owner.parameters)
        yield revoking, assigning


def in_background(
    connection: psycopg.Connection, statement: str, *values: object
) -> tuple[threading.Thread, list[str]]:
    """Run a statement that waits for another transaction. Append the name of its error, or `done`, to the list."""
    outcome: list[str] = []

    def run() -> None:
        try:
            connection.execute(statement.encode(), values)
            outcome.append("done")
        except (errors.InsufficientPrivilege, errors.ForeignKeyViolation) as error:
            outcome.append(type(error).__name__)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(0.5)
    assert thread.is_alive(), f"{statement} does not wait for the other transaction"
    return thread, outcome


def test_an_assignment_waits_for_a_revocation_and_is_refused(
    callers: tuple[psycopg.Connection, psycopg.Connection], own_database: Database
) -> None:
    revoking, assigning = callers
    assert revoking.execute(REVOKE, [LENT, A]).rowcount == 1
    thread, outcome = in_background(assigning, ASSIGN, LENT, A_SITE)
    assert revoking.execute(COUNT, [A, LENT]).fetchone() == (0,)
    revoking.commit()
    thread.join(10)
    assert outcome == ["InsufficientPrivilege"]
    assigning.rollback()
    with own_database.connect() as connection:
        assert connection.execute(COUNT, [A, LENT]).fetchone() == (0,)


def test_a_revocation_waits_for_an_assignment_and_sees_the_site(
    callers: tuple[psycopg.Connection, psycopg.Connection],
) -> None:
    revoking, assigning = callers
    assert assigning.execute(ASSIGN, [LENT, A_SITE]).rowcount == 1
    thread, outcome = in_background(revoking, REVOKE, LENT, A)
    assigning.commit()
    thread.join(10)
    assert outcome == ["done"]
    assert revoking.execute(COUNT, [A, LENT]).fetchone() == (1,), "the caller counts the sites, and refuses"
    revoking.rollback()


def test_assignments_of_the_same_catalog_do_not_wait_for_each_other(
    callers: tuple[psycopg.Connection, psycopg.Connection],
) -> None:
    admin, owner = callers
    assert owner.execute(ASSIGN, [LENT, A_SITE]).rowcount == 1
    admin.execute("set local lock_timeout = '2s'")
    new = "insert into app.site_view (client_id, name, catalog_id) values (%s, 'x', %s)"
    assert admin.execute(new, [A, LENT]).rowcount == 1
    admin.rollback()
    owner.rollback()


@pytest.mark.parametrize(("role", "expected"), [("app_mirror", "done"), ("app_migrate", "ForeignKeyViolation")])
def test_the_mirror_and_a_restore_wait_for_a_revocation(
    callers: tuple[psycopg.Connection, psycopg.Connection], own_database: Database, role: str, expected: str
) -> None:
    revoking, _ = callers
    with own_database.connect() as writing:
        writing.execute(f"set local role {role}".encode())
        assert revoking.execute(REVOKE, [LENT, A]).rowcount == 1
        thread, outcome = in_background(writing, "update sites set catalog_id = %s where id = %s", LENT, A_SITE)
        assert revoking.execute(COUNT, [A, LENT]).fetchone() == (0,)
        revoking.commit()
        thread.join(10)
        assert outcome == [expected]
        if expected == "done":
            assert writing.execute("select catalog_id from sites where id = %s", [A_SITE]).fetchone() == (None,)
        writing.rollback()


@pytest.mark.parametrize("role", ["app_mirror", "app_migrate"])
def test_a_revocation_waits_for_the_mirror_and_for_a_restore(
    callers: tuple[psycopg.Connection, psycopg.Connection], own_database: Database, role: str
) -> None:
    revoking, _ = callers
    with own_database.connect() as writing:
        writing.execute(f"set local role {role}".encode())
        assert writing.execute("update sites set catalog_id = %s where id = %s", [LENT, A_SITE]).rowcount == 1
        thread, outcome = in_background(revoking, REVOKE, LENT, A)
        writing.commit()
        thread.join(10)
        assert outcome == ["done"]
        assert revoking.execute(COUNT, [A, LENT]).fetchone() == (1,), "the caller counts the sites, and refuses"
        revoking.rollback()
