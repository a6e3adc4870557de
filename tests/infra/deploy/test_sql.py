"""Tests `wecelebrate sql` and the SQL statements of the documents. A local PostgreSQL server replaces the Aurora
cluster. Its master user is not a superuser, as in RDS. The master user executes all statements."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner

from infra.command import app
from infra.deploy import account as accounts
from infra.deploy import data_api
from infra.functions import ROOT
from infra.local.postgres import Postgres
from tests.infra.aws.test_bootstrap import cluster, connect
from tests.infra.deploy.test_first_admin import migrated

__all__ = ["cluster", "migrated"]

TARGET = {"resourceArn": "cluster", "secretArn": "secret", "database": "wecelebrate"}
PAGES = ("deploy", "persons", "runbook", "upgrade")
STATEMENTS = [
    (page, match[2], match[1] or "")
    for page in PAGES
    for match in re.finditer(
        r'wecelebrate (?:--env \w+ )?sql (--master |--write )?"([^"]+)"',
        (ROOT / "docs" / f"{page}.md").read_text("utf-8"),
    )
]


@dataclass
class DataApi:
    """The Data API of RDS, which runs each statement as the master user."""

    cluster: Postgres
    open: dict[str, psycopg.Connection] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def begin_transaction(self, **target: str) -> dict[str, str]:
        assert target == TARGET
        identifier = uuid4().hex
        self.open[identifier] = connection = connect(self.cluster, "master")
        connection.autocommit = False
        return {"transactionId": identifier}

    def execute_statement(self, sql: str, transactionId: str, **target: str) -> dict[str, Any]:  # noqa: N803 - of AWS
        assert target == TARGET
        cursor = self.open[transactionId].execute(sql.encode())
        if cursor.description is None:
            return {"numberOfRecordsUpdated": max(cursor.rowcount, 0)}
        return {"records": [[{"stringValue": value} for value in row] for row in cursor.fetchall()]}

    def _end(self, transaction: str, action: str) -> None:
        connection = self.open.pop(transaction)
        getattr(connection, action)()
        connection.close()
        self.log.append(action)

    def commit_transaction(self, transactionId: str, **_: str) -> None:  # noqa: N803
        self._end(transactionId, "commit")

    def rollback_transaction(self, transactionId: str, **_: str) -> None:  # noqa: N803
        self._end(transactionId, "rollback")


@pytest.fixture
def api(migrated: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataApi]:
    api = DataApi(migrated)
    monkeypatch.setattr(data_api, "_target", lambda *_: TARGET)
    monkeypatch.setattr(accounts.Account, "client", lambda *_: api)
    with psycopg.connect(migrated.primary_url) as superuser:
        superuser.execute("insert into clients (name, slug) values ('Acme', 'acme') on conflict do nothing")
    yield api
    assert not api.open


def sql(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["--env", "dev", "sql", *arguments])


def test_a_query_reads_the_rows_of_all_clients(api: DataApi) -> None:
    result = sql("select slug, is_active, null::int as nothing from clients where slug = 'acme';")
    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.stdout.splitlines()] == [["slug", "is_active", "nothing"], ["acme", "true"]]
    assert sql("select 1 as one", "--json").stdout == '{"data": [{"one": 1}], "has_more": false}\n'
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        raise sql("--master", "select slug from clients").exception
    sessions = sql("--master", "select pid, usename, state from pg_stat_activity where usename = 'master'")
    assert "master" in sessions.stdout


def test_only_a_statement_with_the_option_write_can_change_rows(api: DataApi) -> None:
    change = "update clients set name = 'renamed' where slug = 'acme'"
    for refused in (change, f"with c as ({change} returning id) select id from c"):
        assert isinstance(sql(refused).exception, psycopg.Error)
    # The command cannot ask for a confirmation, because there is no terminal.
    assert sql("--write", change).exit_code == 2
    assert set(api.log) == {"rollback"}
    written = sql("--write", "--yes", change)
    assert (written.exit_code, api.log[-1]) == (0, "commit")
    assert "1 rows of dev were changed" in written.stdout
    assert "renamed" in sql("select name from clients where slug = 'acme'").stdout


def test_the_command_requires_the_name_of_an_environment() -> None:
    result = CliRunner().invoke(app, ["sql", "select 1"])
    assert (result.exit_code, "--env is required" in result.output) == (2, True)


@pytest.mark.parametrize(("page", "statement", "option"), STATEMENTS)
def test_each_statement_of_the_documents_works_with_its_documented_role(
    api: DataApi, page: str, statement: str, option: str
) -> None:
    result = sql(*([option.strip()] if option else []), "--yes", " ".join(statement.split()))
    assert result.exception is None, f"{page}: {result.exception}"
    assert result.exit_code == 0, result.output


def test_the_documents_contain_statements_for_the_command() -> None:
    assert len(STATEMENTS) >= 6
