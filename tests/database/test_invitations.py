"""Tests the definer functions of invitations and sessions. Each function checks its caller, because it must not rely on
the API.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import A, B, ident
from wecelebrate.core.database import ENTER

ENTERED = [caller for caller in CALLERS if caller.entered]
INVITATIONS = {"A": A, "B": B, "the platform": None}
SECRET = "x" * 43


def token_of(name: str) -> str:
    return ident(f"{name} invitation").hex + SECRET


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that can act as any caller, in a transaction that is rolled back. Each invitation has a token."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        for name in INVITATIONS:
            digest = sha256(token_of(name).encode()).digest()
            connection.execute(
                "update invitations set token_hashes = array[%s::bytea] where id = %s",
                [digest, ident(f"{name} invitation")],
            )
        yield connection


def act(superuser: psycopg.Connection, caller: Caller, statement: str, *values: Any) -> list[tuple[Any, ...]] | None:
    """Run a statement as the caller. Return the rows, or None if the statement is not allowed."""
    with superuser.transaction(force_rollback=True):
        superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
        with entered(superuser, caller):
            try:
                return superuser.execute(statement.encode(), values).fetchall()
            except errors.InsufficientPrivilege:
                return None


def accept(superuser: psycopg.Connection, token: str, email: str | None, subject: str | None = "new") -> str | None:
    """Accept an invitation as an account without a role. Return the refusal."""
    with superuser.transaction(force_rollback=True):
        superuser.execute("set local session authorization wc_public")
        superuser.execute(ENTER, [subject, email, None, None, [], None, None, None, None])
        row = superuser.execute("select refusal from app.accept_invitation(%s)", [token]).fetchone()
        assert row is not None
        refusal: str | None = row[0]
        return refusal


@pytest.mark.parametrize("caller", ENTERED, ids=lambda caller: caller.name)
def test_only_callers_who_may_manage_members_can_queue_invitation_mails(
    superuser: psycopg.Connection, caller: Caller
) -> None:
    queue = "select job_id from app.queue_invitation_mail(%s)"
    queued = {name for name in INVITATIONS if act(superuser, caller, queue, ident(f"{name} invitation"))}
    is_admin = caller.role == "app_admin"
    assert queued == {
        name
        for name, client in INVITATIONS.items()
        if caller.admin_role == "super_admin" or (client is not None and (is_admin or client in caller.owns))
    }


@pytest.mark.parametrize("caller", ENTERED, ids=lambda caller: caller.name)
def test_only_platform_workers_can_create_invitation_tokens(superuser: psycopg.Connection, caller: Caller) -> None:
    create = "select app.create_invitation_token(%s)"
    created = set()
    for name in INVITATIONS:
        rows = act(superuser, caller, create, ident(f"{name} invitation"))
        if rows and rows[0][0] is not None:
            created.add(name)
    is_worker = caller.login == "wc_worker" and (caller.subject or "").startswith("service:")
    assert created == {
        name
        for name, client in INVITATIONS.items()
        if is_worker and (caller.role == "app_admin" or client in caller.edits)
    }


@pytest.mark.parametrize("caller", ENTERED, ids=lambda caller: caller.name)
def test_a_caller_with_a_different_email_address_cannot_accept_an_invitation(
    superuser: psycopg.Connection, caller: Caller
) -> None:
    rows = act(superuser, caller, "select refusal from app.accept_invitation(%s)", token_of("A"))
    assert rows is None if caller.role != "app_customer" else rows == [("address",)]


def test_accepting_an_invitation_requires_the_token_and_the_verified_address(
    superuser: psycopg.Connection,
) -> None:
    for name in INVITATIONS:
        token = token_of(name)
        assert accept(superuser, token, "NEW@TEST") is None
        assert accept(superuser, token, None) == "address"
        assert accept(superuser, token, "other@test") == "address"
        assert accept(superuser, token[:-1] + "y", "new@test") == "unknown"
        with pytest.raises(errors.InsufficientPrivilege):
            accept(superuser, token, "new@test", None)
        for text in ("", "x", token.upper(), f"{token}\n", token[32:], "' or true --", "\\x00"):
            assert accept(superuser, text, "new@test") == "unknown"


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ("accepted_at = now()", "accepted"),
        ("revoked_at = now()", "revoked"),
        ("expires_at = now()", "expired"),
    ],
)
def test_other_accounts_cannot_see_why_an_invitation_has_ended(
    superuser: psycopg.Connection, change: str, refusal: str
) -> None:
    superuser.execute(f"update invitations set {change} where id = %s".encode(), [ident("A invitation")])
    assert accept(superuser, token_of("A"), "new@test") == refusal
    assert accept(superuser, token_of("A"), "other@test") == "address"
    assert accept(superuser, token_of("A"), "new@test", "a-owner") == refusal


def test_a_member_is_not_changed_by_an_invitation(superuser: psycopg.Connection) -> None:
    assert accept(superuser, token_of("A"), "new@test", "a-owner") == "member"
    superuser.execute("update client_users set is_active = false where user_id = 'a-owner'")
    assert accept(superuser, token_of("A"), "new@test", "a-owner") is None


def test_the_logins_of_functions_cannot_invite_the_first_admin(superuser: psycopg.Connection) -> None:
    for caller in ENTERED:
        assert act(superuser, caller, "select app.invite_first_admin('x@test')") is None


def test_the_first_admin_can_be_invited_only_if_no_super_admin_exists(superuser: psycopg.Connection) -> None:
    def invite() -> str | None:
        with superuser.transaction():
            superuser.execute("set local session authorization wc_migrate")
            superuser.execute("set local role app_migrate")
            row = superuser.execute("select app.invite_first_admin('first@test')").fetchone()
            superuser.execute("reset role")
            superuser.execute("reset session authorization")
        assert row is not None
        token: str | None = row[0]
        return token

    assert invite() is None
    superuser.execute("update admin_users set is_active = false where role = 'super_admin'")
    first, second = invite(), invite()
    assert first is not None and second is not None
    assert accept(superuser, first, "first@test") == "revoked"
    assert accept(superuser, second, "first@test") is None


@pytest.mark.parametrize("caller", ENTERED, ids=lambda caller: caller.name)
def test_only_a_super_admin_can_end_the_sessions_of_other_users(superuser: psycopg.Connection, caller: Caller) -> None:
    superuser.execute("update client_users set id = %s where user_id = 'b-owner'", [ident("b-owner")])
    rows = act(superuser, caller, "select app.revoke_member_sessions(%s)", ident("b-owner"))
    assert (rows == [(True,)]) == (caller.admin_role == "super_admin")
