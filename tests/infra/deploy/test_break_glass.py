"""Tests how a kill switch is changed without the API: the master user of a migrated PostgreSQL executes the
statement."""

from pathlib import Path

import psycopg
import pytest

from infra.deploy.break_glass import statement
from infra.functions import ROOT
from infra.local.postgres import Postgres
from tests.command import CommandHere
from tests.infra.aws.test_bootstrap import cluster, connect
from tests.infra.deploy.test_first_admin import migrated
from wecelebrate.core.kill_switches.admin import DEFAULTS

__all__ = ["cluster", "migrated"]


def switches(cluster: Postgres) -> list[tuple[str, str, str]]:
    with psycopg.connect(cluster.primary_url) as superuser:
        return superuser.execute("select name, value, updated_by from kill_switches order by 1").fetchall()


def test_the_master_user_can_set_and_reset_every_kill_switch(migrated: Postgres) -> None:
    with connect(migrated, "master") as master:
        for name, (default, other, _) in DEFAULTS.items():
            for _ in range(2):
                master.execute(statement(f"{name}={other}").encode())
                assert switches(migrated) == [(name, other, "break-glass")]
            master.execute(statement(f"{name}={default}").encode())
            assert switches(migrated) == []
    with psycopg.connect(migrated.primary_url) as superuser:
        query = "select count(*) from audit_log where action like 'flag.%%'"
        assert superuser.execute(query).fetchone() == (4 * len(DEFAULTS),)  # each switch is set and reset twice


def test_the_statement_in_the_runbook_equals_the_statement_of_the_command() -> None:
    assert f"\n{statement('cache=off')}\n" in (ROOT / "docs" / "runbook.md").read_text("utf-8")


@pytest.mark.parametrize(
    "setting", ["cache", "cache=", "cache=maybe", "caches=off", "cache=off'; drop table orders; --"]
)
def test_no_sql_statement_is_built_for_an_invalid_switch_or_value(setting: str) -> None:
    with pytest.raises(ValueError, match="use one of reads=replica"):
        statement(setting)


@pytest.mark.parametrize("arguments", [("cache=off",), ()])
def test_the_switch_command_requires_an_environment_and_a_switch(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = CommandHere(tmp_path, {"WECELEBRATE_HOME": str(tmp_path)})("switch", *arguments, "--break-glass")
    assert (result.returncode, result.stdout) == (2, "")
    assert "needs a switch and an environment" in result.stderr
