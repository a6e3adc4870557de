"""The schema: every `NNNN_name.sql` of this folder, applied once, forward only.

A migration expands first and contracts in a later release: the release before must run on the new schema. It runs in
one transaction under a lock, so two deploys that migrate at once do every step once. A file whose first line is
`-- no-transaction` (`create index concurrently`) runs statement by statement under a lease instead; each of its
statements can be said again, so a run that broke off is resumed (what `create index concurrently` leaves behind is an
invalid index of that name: drop it first).

`access.toml` beside them says who may do what to which rows; a database that is not exactly that is an error.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from wecelebrate.migrations import access

FOLDER = Path(__file__).parent
NO_TRANSACTION = "-- no-transaction"
LEASE_SECONDS = 900
"""How long a run of a no-transaction migration keeps others out before it counts as dead."""

_LOCK = 7_243_219_080
_BOOTSTRAP = """
set local role pg_database_owner;
create table public.schema_migrations (
  name text primary key,
  checksum text not null,
  leased_until timestamptz,
  applied_at timestamptz
);
alter table public.schema_migrations enable row level security;
alter table public.schema_migrations force row level security;
create policy migrate on public.schema_migrations to session_user using (true) with check (true);
grant select, insert, update, delete on public.schema_migrations to session_user
"""


class MigrationError(Exception):
    """The schema cannot be brought to this release."""


@dataclass(frozen=True)
class Migration:
    """One file of the schema."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file: an applied migration never changes."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def transactional(self) -> bool:
        """Whether the file runs as a whole or not at all."""
        return not self.sql.startswith(NO_TRANSACTION)


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """Every migration of this release, in order."""
    return [Migration(file.stem, file.read_text("utf-8")) for file in sorted(folder.glob("[0-9]*.sql"))]


def migrate(url: str, folder: Path = FOLDER, report: Callable[[str], object] = lambda _: None) -> list[str]:
    """Bring the database at `url` (the writer itself, as `wc_migrate`) to this release.

    Returns the names that were applied; `report` hears each as it begins. Raises MigrationError when an applied file
    was edited since, or when grants and policies are not in the end what `access.toml` says; and whatever PostgreSQL
    raises, in which case the migration at fault changed nothing.
    """
    applied = []
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
            if connection.execute("select to_regclass('public.schema_migrations')").fetchone() == (None,):
                connection.execute(_BOOTSTRAP)
        for migration in migrations(folder):
            apply = _apply if migration.transactional else _resume
            if apply(connection, migration, report):
                applied.append(migration.name)
        _verify(connection, folder)
    return applied


def _verify(connection: psycopg.Connection, folder: Path) -> None:
    """Grants and policies against the matrix; not on a schema that a later release has migrated already."""
    ours = [migration.name for migration in migrations(folder)]
    ahead = connection.execute("select from public.schema_migrations where name <> all (%s)", [ours]).fetchone()
    if (folder / access.FILE).exists() and ahead is None:
        drift = access.drift(connection, access.matrix(folder))
        if drift:
            raise MigrationError("the database is not what access.toml says:\n" + "\n".join(drift))


def _apply(connection: psycopg.Connection, migration: Migration, report: Callable[[str], object]) -> bool:
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        if _done(connection, migration):
            return False
        report(migration.name)
        connection.execute(migration.sql.encode())
        connection.execute("reset role")
        connection.execute(
            "insert into public.schema_migrations (name, checksum, applied_at) values (%s, %s, now())",
            [migration.name, migration.checksum],
        )
    return True


def _resume(connection: psycopg.Connection, migration: Migration, report: Callable[[str], object]) -> bool:
    while not _lease(connection, migration):
        if _done(connection, migration):
            return False
        time.sleep(1)  # another run is at it; its lease bounds the wait
    report(migration.name)
    try:
        for statement in _statements(migration.sql):
            connection.execute(statement.encode())
    except psycopg.Error:
        # The next run need not wait for a lease that nobody holds; a connection that is lost lets it run out.
        if not connection.broken:
            connection.execute("reset role")
            connection.execute(
                "update public.schema_migrations set leased_until = now() where name = %s", [migration.name]
            )
        raise
    connection.execute("reset role")
    connection.execute(
        "update public.schema_migrations set applied_at = now(), leased_until = null where name = %s",
        [migration.name],
    )
    return True


def _lease(connection: psycopg.Connection, migration: Migration) -> bool:
    taken = connection.execute(
        "insert into public.schema_migrations as held (name, checksum, leased_until)"
        " values (%s, %s, now() + make_interval(secs => %s))"
        " on conflict (name) do update set leased_until = excluded.leased_until, checksum = excluded.checksum"
        " where held.applied_at is null and held.leased_until < now()",
        [migration.name, migration.checksum, LEASE_SECONDS],
    )
    return taken.rowcount == 1


def _done(connection: psycopg.Connection, migration: Migration) -> bool:
    row = connection.execute(
        "select checksum from public.schema_migrations where name = %s and applied_at is not null", [migration.name]
    ).fetchone()
    if row and row[0] != migration.checksum:
        raise MigrationError(
            f"{migration.name} was applied as another text than this release has: an applied migration never changes;"
            " write a new one"
        )
    return row is not None


def _statements(sql: str) -> Iterator[str]:
    """The statements of a no-transaction file: each ends with `;` at the end of a line."""
    statement: list[str] = []
    for line in sql.splitlines():
        if line.startswith("--"):
            continue
        statement.append(line)
        if line.rstrip().endswith(";"):
            yield "\n".join(statement)
            statement = []
    if any(line.strip() for line in statement):
        raise MigrationError("the last statement has no ; at its end")
