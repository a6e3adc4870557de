"""Tests that every policy is necessary. If a policy is dropped or allows all rows, the access of a caller differs from
the matrix.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from tests.database.callers import CALLERS
from tests.database.conftest import Database
from tests.database.probe import entered, promised, reached
from tests.faults.environment import FULL


@dataclass(frozen=True)
class Policy:
    """One row of the view pg_policies."""

    table: str
    name: str
    role: str
    using: str | None
    check: str | None

    def __str__(self) -> str:
        return f"{self.name} on {self.table}"

    def statement(self, text: str) -> sql.Composed:
        """Return `text` as a statement. Its placeholder `{}` is replaced by the policy and its table."""
        target = sql.SQL("{} on {}").format(sql.Identifier(self.name), sql.Identifier(*self.table.split(".")))
        return sql.SQL(text).format(target)


_POLICIES = """
select case schemaname when 'public' then tablename else schemaname || '.' || tablename end, policyname, roles[1], qual,
  with_check
from pg_policies order by 1, 2
"""
# For these policies, the tests cannot detect a missing check of the new row. The condition of these policies depends
# only on the caller. Its result is therefore equal for the old row and the new row. If the condition refuses the old
# row, PostgreSQL does not check the new row.
_CALLER_ONLY = {
    "admin_update on tiers",
    "admin_update on admin_users",
    "admin_update on invitations",
    "support on orders",
    "client_update on orders",  # a trigger prevents a move of an order to another client
    "client_update on sites",  # a trigger refuses a catalog that the client cannot read
    "admin on dead_letters",
    "system on schedules",
    "system_update on order_destinations",
    "system_update on report_subscriptions",
    "system_update on order_export_runs",
    "system_update on order_exports",
    "system_update on exports",
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
    rows = [Policy(*row) for row in superuser.execute(_POLICIES)]
    assert len(rows) > 70
    return rows


def changes_access(superuser: psycopg.Connection, policy: Policy, mutation: str) -> bool:
    """Return whether the mutation changes the access of any caller that has the role of the policy."""
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


def test_dropping_any_policy_changes_the_access_of_a_caller(
    superuser: psycopg.Connection, policies: list[Policy]
) -> None:
    assert [str(policy) for policy in policies if not changes_access(superuser, policy, "drop policy {}")] == []


def test_a_policy_that_allows_all_rows_gives_a_caller_more_access(
    superuser: psycopg.Connection, policies: list[Policy]
) -> None:
    narrow = [policy for policy in policies if policy.using not in (None, "true")]
    assert [
        str(policy) for policy in narrow if not changes_access(superuser, policy, "alter policy {} using (true)")
    ] == []


def test_removing_a_policy_check_changes_the_access_except_for_listed_policies(
    superuser: psycopg.Connection, policies: list[Policy]
) -> None:
    checking = [policy for policy in policies if policy.check not in (None, "true")]
    without_effect = {
        str(policy) for policy in checking if not changes_access(superuser, policy, "alter policy {} with check (true)")
    }
    assert without_effect == _CALLER_ONLY


def test_every_insert_or_update_policy_checks_the_new_row(superuser: psycopg.Connection) -> None:
    unchecked = superuser.execute(
        "select policyname from pg_policies where cmd in ('ALL', 'INSERT', 'UPDATE') and with_check is null"
    )
    assert unchecked.fetchall() == []


@pytest.mark.timeout(400)
def test_a_comment_on_a_policy_does_not_change_access(superuser: psycopg.Connection, policies: list[Policy]) -> None:
    """Try one policy of each role, or all policies in `make faults`. `test_access.py` tries every caller and table."""
    tried = policies if FULL else list({policy.role: policy for policy in policies}.values())
    changed = [policy for policy in tried if changes_access(superuser, policy, "comment on policy {} is 'unchanged'")]
    assert changed == []
