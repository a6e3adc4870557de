"""Tests `wecelebrate revocations` with two databases: the database before a restore, and the restored database."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner

from infra.aws.data import NAME
from infra.command import app
from infra.deploy import account as accounts
from infra.deploy import data_api, revocations
from infra.local.postgres import Postgres
from tests.infra.aws.test_bootstrap import PASSWORD, cluster
from tests.infra.deploy.test_first_admin import migrated

__all__ = ["cluster", "migrated"]

BEFORE, LIVE = "wecelebrate-dev-database", "wecelebrate-dev-restored"
DATABASES = {BEFORE: NAME, LIVE: "restored"}
CLIENT, OTHER = "c1000000-0000-7000-8000-000000000001", "c2000000-0000-7000-8000-000000000002"
WEBHOOK, INVITATION = "b1000000-0000-7000-8000-000000000001", "a1000000-0000-7000-8000-000000000001"


@dataclass
class TwoClusters:
    """Simulates the Data API of RDS with two clusters. Each cluster is a database of one PostgreSQL server."""

    servers: Postgres
    since: str

    def __post_init__(self) -> None:
        self.open: dict[str, psycopg.Connection] = {}

    def begin_transaction(self, resourceArn: str, **_: str) -> dict[str, str]:  # noqa: N803 - of AWS
        parts = urlsplit(self.servers.primary_url)
        netloc = f"master:{PASSWORD}@{parts.hostname}:{parts.port}"
        identifier = uuid4().hex
        self.open[identifier] = psycopg.connect(
            urlunsplit(parts._replace(netloc=netloc, path=f"/{DATABASES[resourceArn]}"))
        )
        return {"transactionId": identifier}

    def execute_statement(self, sql: str, transactionId: str, **_: str) -> dict[str, Any]:  # noqa: N803
        cursor = self.open[transactionId].execute(sql.encode())
        if cursor.description is None:
            return {}
        return {"records": [[{"stringValue": value} for value in row] for row in cursor.fetchall()]}

    def rollback_transaction(self, transactionId: str, **_: str) -> None:  # noqa: N803
        self.open.pop(transactionId).close()

    def run(self, cluster: str, *statements: str) -> None:
        """Execute statements in a database as an operator does."""
        parts = urlsplit(self.servers.primary_url)
        with psycopg.connect(urlunsplit(parts._replace(path=f"/{DATABASES[cluster]}"))) as superuser:
            for statement in statements:
                superuser.execute(statement.encode())

    def entries(self) -> list[tuple[str, str | None, str | None]]:
        """Return the action, the client and the name of each entry that the command lists."""
        result = CliRunner().invoke(app, self.arguments("--json"))
        assert result.exit_code == 0, result.output
        return [(row["action"], row["client"], row["name"]) for row in json.loads(result.stdout)["data"]]

    def arguments(self, *more: str, cluster: str = BEFORE) -> list[str]:
        return ["--env", "dev", "revocations", "--since", self.since, "--cluster", cluster, *more]


@pytest.fixture
def clusters(migrated: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwoClusters]:
    """Two clusters with the same rows. The second cluster simulates a restore to the time `since`."""
    with psycopg.connect(migrated.primary_url, autocommit=True) as superuser:
        for statement in (
            "delete from admin_users",
            "delete from clients where slug in ('acme', 'other')",
            f"insert into clients (id, name, slug) values ('{CLIENT}', 'Acme', 'acme'), ('{OTHER}', 'Other', 'other')",
            "insert into admin_users (user_id, email, role) values ('sue', 'sue@example.com', 'support')",
            f"""insert into client_users (client_id, user_id, email, role, kind, name) values
            ('{CLIENT}', 'ann', 'ann@example.com', 'owner', 'person', null),
            ('{CLIENT}', 'bob', 'bob@example.com', 'editor', 'person', null),
            ('{CLIENT}', 'machine:o''hara', null, 'editor', 'machine', 'ERP')""",
            f"""insert into invitations (id, client_id, email, role, invited_by)
            values ('{INVITATION}', '{CLIENT}', 'guest@example.com', 'viewer', 'ann')""",
            f"""insert into webhooks (id, client_id, url, events)
            values ('{WEBHOOK}', '{CLIENT}', 'https://example.com/hook', '{{order.created}}')""",
            f"insert into webhook_secrets (webhook_id, client_id, secret) values ('{WEBHOOK}', '{CLIENT}', 'one')",
            "drop database if exists restored",
        ):
            superuser.execute(statement.encode())
        row = superuser.execute("select to_char(clock_timestamp(), 'YYYY-MM-DD\"T\"HH24:MI:SS.USOF')").fetchone()
    assert row is not None
    with psycopg.connect(migrated.primary_url.replace(f"/{NAME}", "/postgres"), autocommit=True) as superuser:
        superuser.execute(f"create database restored template {NAME} owner master")
    api = TwoClusters(migrated, row[0])
    target = {"secretArn": "secret", "database": NAME}
    monkeypatch.setattr(data_api, "_target", lambda _, cluster: {**target, "resourceArn": cluster})
    monkeypatch.setattr(revocations, "live_cluster", lambda _: LIVE)
    monkeypatch.setattr(accounts.Account, "client", lambda *_: api)
    yield api
    assert not api.open


def test_removed_access_is_listed_until_its_removal_is_repeated(
    clusters: TwoClusters,
) -> None:
    assert clusters.entries() == []
    removals = (
        "delete from client_users where user_id like 'machine:%'",
        "update client_users set role = 'viewer' where user_id = 'bob'",
        "update admin_users set is_active = false where user_id = 'sue'",
        f"update invitations set revoked_at = now() where id = '{INVITATION}'",
        f"update webhook_secrets set expires_at = now() where webhook_id = '{WEBHOOK}'",
        f"insert into webhook_secrets (webhook_id, client_id, secret) values ('{WEBHOOK}', '{CLIENT}', 'two')",
        "insert into revoked_sessions (subject, not_before, revoked_by) values ('bob', now(), 'sue')",
        f"update clients set is_active = false where id = '{OTHER}'",
    )
    clusters.run(BEFORE, *removals)
    assert clusters.entries() == [
        ("member.delete", "acme", "ERP"),
        ("member.change", "acme", "bob@example.com"),
        ("admin_user.change", None, "sue@example.com"),
        ("invitation.revoke", "acme", "guest@example.com"),
        ("webhook.rotate", "acme", "https://example.com/hook"),
        ("session.revoke", None, "bob@example.com"),
        ("client.change", "other", "Other"),
    ]
    clusters.run(LIVE, *removals[:4])
    assert [action for action, *_ in clusters.entries()] == ["webhook.rotate", "session.revoke", "client.change"]
    clusters.run(LIVE, *removals[4:])
    assert clusters.entries() == []
    assert "no access that was removed later" in CliRunner().invoke(app, clusters.arguments()).output


def test_changes_that_do_not_restore_access_are_not_listed(clusters: TwoClusters) -> None:
    clusters.run(
        BEFORE,
        "update clients set name = 'Renamed' where slug = 'acme'",
        "update client_users set name = 'Ann' where user_id = 'ann'",
        # This member was added after the restore time, so the restored database does not contain the member.
        f"""insert into client_users (client_id, user_id, email, role)
        values ('{CLIENT}', 'eve', 'eve@example.com', 'editor')""",
        "delete from client_users where user_id = 'eve'",
    )
    assert clusters.entries() == []


def test_the_invitation_of_a_person_who_was_removed_later_is_listed(clusters: TwoClusters) -> None:
    accept = f"update invitations set accepted_at = now(), accepted_by = 'guest' where id = '{INVITATION}'"
    member = f"""insert into client_users (client_id, user_id, email, role)
        values ('{CLIENT}', 'guest', 'guest@example.com', 'viewer')"""
    clusters.run(BEFORE, accept)
    clusters.run(BEFORE, member)
    assert clusters.entries() == []
    clusters.run(BEFORE, "delete from client_users where user_id = 'guest'")
    assert clusters.entries() == [("invitation.accept", "acme", "guest@example.com")]
    clusters.run(LIVE, f"update invitations set revoked_at = now() where id = '{INVITATION}'")
    assert clusters.entries() == []


def test_a_change_of_access_is_not_listed_after_the_object_is_deleted(clusters: TwoClusters) -> None:
    clusters.run(
        BEFORE,
        f"""update webhooks set status = 'disabled', disabled_reason = 'by_hand', disabled_at = now()
        where id = '{WEBHOOK}'""",
    )
    assert [action for action, *_ in clusters.entries()] == ["webhook.change"]
    clusters.run(LIVE, f"delete from webhooks where id = '{WEBHOOK}'")
    assert clusters.entries() == []


def test_entries_beyond_the_limit_of_one_statement_are_listed(
    clusters: TwoClusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "_PER_STATEMENT", 2)
    clusters.run(BEFORE, "delete from client_users", "delete from admin_users")
    assert sorted(name or "" for _, _, name in clusters.entries()) == [
        "ERP", "ann@example.com", "bob@example.com", "sue@example.com",
    ]  # fmt: skip


def test_the_live_cluster_is_refused_as_the_cluster_before_the_restore(clusters: TwoClusters) -> None:
    result = CliRunner().invoke(app, clusters.arguments(cluster=LIVE))
    assert result.exit_code == 1
    assert "name the cluster that the platform used before the restore" in result.output


@pytest.mark.parametrize("action", revocations.ACTIONS)
def test_each_listed_action_exists_in_the_audit_log(clusters: TwoClusters, action: str) -> None:
    """An action without an audited table would never be listed."""
    nouns = {
        "member": "client_users",
        "grant": "catalog_grants",
        "session": "revoked_sessions",
        "flag": "kill_switches",
    }
    noun = action.partition(".")[0]
    with psycopg.connect(clusters.servers.primary_url) as superuser:
        audited = superuser.execute(
            "select tgrelid::regclass::text from pg_trigger where tgfoid in ('app.audit_row'::regproc)"
        ).fetchall()
        columns = superuser.execute(
            "select attname from pg_attribute where attrelid = to_regclass(%s) and attname = any(%s)",
            (nouns.get(noun, f"{noun}s"), sorted(revocations.ACTIONS[action])),
        ).fetchall()
    assert (nouns.get(noun, f"{noun}s"),) in audited
    assert {name for (name,) in columns} == revocations.ACTIONS[action]
