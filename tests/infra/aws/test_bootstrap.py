"""Tests that `bootstrap.sql` and the migrations need no superuser.

The tests use a local PostgreSQL server instead of a new Aurora cluster.

The master user of RDS has CREATEROLE and CREATEDB, owns the database, and is allowed to grant `rds_iam`. This user has
no other privileges of a superuser.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from infra.aws.data import LOGINS, NAME, bootstrap_sql
from infra.local.postgres import Postgres
from infra.local.processes import free_port
from wecelebrate.schema import function_files, migrate, migrations

PASSWORD = "as-good-as-an-iam-token"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server in the state of a new RDS cluster."""
    servers = Postgres(tmp_path_factory.mktemp("rds"), free_port(), free_port())
    with servers:
        with psycopg.connect(servers.primary_url, autocommit=True) as superuser:
            superuser.execute("create role rds_iam nologin")
            superuser.execute(f"create role master login createrole createdb password '{PASSWORD}'")
            superuser.execute("grant rds_iam to master with admin option")
            superuser.execute(f"alter database {NAME} owner to master")
        yield servers
    servers.erase()


def connect(cluster: Postgres, login: str) -> psycopg.Connection:
    return psycopg.connect(url(cluster, login), autocommit=True)


def url(cluster: Postgres, login: str) -> str:
    parts = urlsplit(cluster.primary_url)
    return urlunsplit(parts._replace(netloc=f"{login}:{PASSWORD}@{parts.hostname}:{parts.port}", path=f"/{NAME}"))


def test_the_master_user_can_run_the_bootstrap_twice(cluster: Postgres) -> None:
    for _ in range(2):
        with connect(cluster, "master") as master:
            master.execute(bootstrap_sql().encode())
    with psycopg.connect(cluster.primary_url) as superuser:
        roles = superuser.execute(
            "select rolname, rolcanlogin, rolinherit, rolsuper or rolbypassrls, pg_has_role(oid, 'rds_iam', 'member')"
            " from pg_roles where rolname like 'wc\\_%'"
        ).fetchall()
    assert sorted(roles) == [(login, True, False, False, True) for login in sorted(LOGINS)]


def test_migrations_need_no_superuser(cluster: Postgres) -> None:
    with connect(cluster, "master") as master:
        master.execute(bootstrap_sql().encode())
    with psycopg.connect(cluster.primary_url, autocommit=True) as superuser:
        superuser.execute(f"alter role wc_migrate password '{PASSWORD}'")
    assert migrate(url(cluster, "wc_migrate")) == [file.name for file in (*migrations(), *function_files())]
    with connect(cluster, "master") as master:
        master.execute(bootstrap_sql().encode())
    assert migrate(url(cluster, "wc_migrate")) == []


def test_the_bootstrap_script_is_a_single_statement() -> None:
    sql = bootstrap_sql()
    assert "{" not in sql
    # The Data API parses quotes and `:name` before PostgreSQL parses the statement. Therefore an unpaired apostrophe in
    # a comment would be an error.
    assert "--" not in sql
    assert sql.count("'") % 2 == 0
    assert not re.search(r"(?<!:):[a-z]", sql)
    assert sql.count("$bootstrap$") == 2
    assert sql.rstrip().endswith("$bootstrap$")


def test_the_master_user_of_rds_creates_the_extension_pg_stat_statements(cluster: Postgres) -> None:
    """On RDS, the master user is allowed to create the extension because it is a member of rds_superuser. In this local
    PostgreSQL server, only a superuser is allowed to create the extension."""
    count = "select count(*) from pg_extension where extname = 'pg_stat_statements'"
    with psycopg.connect(cluster.primary_url, autocommit=True) as superuser:
        superuser.execute("drop extension if exists pg_stat_statements")
        superuser.execute(bootstrap_sql().encode())
        assert superuser.execute(count).fetchone() == (0,)
        superuser.execute("create role rds_superuser nologin")
        superuser.execute(bootstrap_sql().encode())
        assert superuser.execute(count).fetchone() == (1,)
        superuser.execute("drop extension pg_stat_statements")
        superuser.execute("drop role rds_superuser")
