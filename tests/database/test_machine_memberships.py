"""Tests that the database itself gives a machine only the membership that the machine has accepted."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg import sql

from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import A
from wecelebrate import schema

OWNER = next(caller for caller in CALLERS if caller.name == "A's owner")
ADMIN = next(caller for caller in CALLERS if caller.name == "admin")
ADD = """
insert into client_users (client_id, user_id, kind, role, is_active) values (%s, %s, 'machine', 'editor', true)
returning is_active
"""
ACTIVATE = "update client_users set is_active = true, role = 'viewer' where user_id = %s returning is_active, role"
RENAME = "update client_users set user_id = 'machine:renamed' where user_id = %s returning is_active"
SITES = """
with client as (insert into clients (name, slug) values ('Client', 'client') returning id)
insert into sites (client_id, name, max_recipient_mails) select id, quota::text, quota from client, unnest(%s) quota
"""


@pytest.mark.parametrize(("caller", "is_active"), [(OWNER, False), (ADMIN, True)], ids=["owner", "admin"])
def test_sql_of_an_owner_cannot_give_a_machine_access(database: Database, caller: Caller, is_active: bool) -> None:
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
        with entered(connection, caller):
            assert connection.execute(ADD, [A, "machine:m"]).fetchall() == [(is_active,)]
            assert connection.execute(ACTIVATE, ["machine:m"]).fetchall() == [(is_active, "viewer")]


def test_an_owner_cannot_use_the_access_of_a_machine_for_another_machine(database: Database) -> None:
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute(ADD, [A, "machine:m"])
        connection.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(OWNER.login)))
        with entered(connection, OWNER):
            assert connection.execute(ACTIVATE, ["machine:m"]).fetchall() == [(True, "viewer")]
            assert connection.execute(RENAME, ["machine:m"]).fetchall() == [(False,)]


def test_a_site_of_an_earlier_release_keeps_at_most_ten_confirmations(
    fresh: Callable[[], Database], tmp_path: Path
) -> None:
    new, earlier = fresh(), tmp_path / "earlier"
    later = ("0073_*", "functions", "access.toml", "*.py", "__pycache__")
    shutil.copytree(schema.FOLDER, earlier, ignore=shutil.ignore_patterns(*later))
    schema.migrate(new.url("wc_migrate"), earlier)
    with new.connect() as connection:
        connection.execute(SITES, [[0, 5, 10, 11, 100]])
    shutil.copy(schema.FOLDER / "tables" / "0073_machine_memberships.sql", earlier / "tables")
    schema.migrate(new.url("wc_migrate"), earlier)
    with new.connect() as connection:
        kept = connection.execute("select name, max_recipient_mails from sites order by 2, name").fetchall()
    assert sorted(kept) == [("0", 0), ("10", 10), ("100", 10), ("11", 10), ("5", 5)]
