"""Every policy is needed, all of it: without it, or with it opened, some cell of the matrix is no longer true."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from tests.database.conftest import Database
from tests.database.probe import entered, promised, reached
from tests.database.world import CALLERS


@dataclass(frozen=True)
class Policy:
    """One row of pg_policies."""

    table: str
    name: str
    role: str
    using: str | None
    check: str | None

    def __str__(self) -> str:
        return f"{self.name} on {self.table}"

    def statement(self, text: str) -> sql.Composed:
        """`{}` of `text` is the policy and its table."""
        place = sql.SQL("{} on {}").format(sql.Identifier(self.name), sql.Identifier(*self.table.split(".")))
        return sql.SQL(text).format(place)


_POLICIES = """
select case schemaname when 'public' then tablename else schemaname || '.' || tablename end, policyname, roles[1], qual,
  with_check
from pg_policies order by 1, 2
"""
# These ask who calls, of the old row as of the new, and are not about inserts: who is refused the one never gets to
# the other.
_SAME_QUESTION = {
    "admin_update on tiers",
    "admin_update on admin_users",
    "support on orders",
    "admin on dead_letters",
    "system on schedules",
    "system_update on webhooks",
    "system_update on webhook_deliveries",
    "system_update on jobs",
    "admin on mails",
    "system on mails",
}


@pytest.fixture(scope="module")
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect(autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def policies(superuser: psycopg.Connection) -> list[Policy]:
    found = [Policy(*row) for row in superuser.execute(_POLICIES)]
    assert len(found) > 70
    return found


def noticed(superuser: psycopg.Connection, policy: Policy, mutation: str) -> bool:
    """Whether some caller of the policy's role then reaches anything else than the matrix says."""
    with superuser.transaction(force_rollback=True):
        superuser.execute(policy.statement(mutation))
        for caller in CALLERS:
            if caller.role != policy.role:
                continue
            with superuser.transaction(force_rollback=True):
                superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
                with entered(superuser, caller):
                    if reached(superuser, policy.table) != promised(caller, policy.table):
                        return True
    return False


def test_without_any_one_policy_the_matrix_is_not_true(superuser: psycopg.Connection, policies: list[Policy]) -> None:
    assert [str(policy) for policy in policies if not noticed(superuser, policy, "drop policy {}")] == []


def test_a_policy_that_is_opened_to_every_row_is_noticed(superuser: psycopg.Connection, policies: list[Policy]) -> None:
    narrow = [policy for policy in policies if policy.using not in (None, "true")]
    assert [str(policy) for policy in narrow if not noticed(superuser, policy, "alter policy {} using (true)")] == []


def test_a_policy_that_lets_any_row_be_written_is_noticed(
    superuser: psycopg.Connection, policies: list[Policy]
) -> None:
    checking = [policy for policy in policies if policy.check not in (None, "true")]
    unnoticed = {
        str(policy) for policy in checking if not noticed(superuser, policy, "alter policy {} with check (true)")
    }
    assert unnoticed == _SAME_QUESTION


def test_every_policy_that_writes_checks_the_new_row(superuser: psycopg.Connection) -> None:
    unchecked = superuser.execute(
        "select policyname from pg_policies where cmd in ('ALL', 'INSERT', 'UPDATE') and with_check is null"
    )
    assert unchecked.fetchall() == []


def test_what_is_left_as_it_is_is_noticed_by_nothing(superuser: psycopg.Connection, policies: list[Policy]) -> None:
    changed = [policy for policy in policies if noticed(superuser, policy, "comment on policy {} is 'as it was'")]
    assert changed == []
