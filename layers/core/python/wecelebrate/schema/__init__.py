"""The database schema: tables, functions, and the access that roles have to them.

The files `tables/NNNN_name.sql` are migrations. Each migration is applied once, in order, and is never undone. The
previous release must also run on the new schema. Therefore a migration only expands the schema, and a migration of a
later release contracts it.

A migration runs in one transaction under a lock, so two concurrent deploys apply it only once. A file whose first line
is `-- no-transaction` runs statement by statement under a lease instead. This is necessary for `create index
concurrently`. Each statement of such a file must be repeatable, so that a run can resume after an interruption. (An
interrupted `create index concurrently` leaves an invalid index. Therefore the file must first drop any index of that
name.)

Each file `functions/<domain>.sql` defines the objects of a domain that `create or replace` can replace: functions,
views, and triggers that call these functions. A function file is applied again whenever its checksum changes. All
changed files are applied in one transaction under the same lock. If the database has migrations of a later release, no
function file is applied, because the later release has its own functions.

- A function with a changed signature is a new overload; the old overload stays. The next release removes the old
  overload from the file, and drops the old overload with a migration. The migration contains `drop function if exists`,
  because a new database never had the old overload.
- The folder `tables/` defines each function that is used by a policy, a default, a check, a generated column or an
  index. If such a function were replaced, stored values would not be recomputed.

`access.toml` declares which roles may access which rows and call which functions. If the database differs from
`access.toml`, `migrate` fails. `schema.sql` shows the complete schema; `wecelebrate schema` generates this file.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from wecelebrate.schema import access

FOLDER = Path(__file__).parent
NO_TRANSACTION = "-- no-transaction"
LEASE_SECONDS = 900
"""How many seconds a run can work on a no-transaction migration. After that, another run can resume the migration."""

_CONNECT_PAUSE_SECONDS = 2.0
_LOCK = 7_243_219_080
_STORE_FILES = "functions/kv"
"""The name of each file with functions of the key-value store begins with this text."""
_BOOKKEEPING = {
    "schema_migrations": """
set local role pg_database_owner;
create table public.schema_migrations (
  name text primary key,
  checksum text not null,
  leased_until timestamptz,
  applied_at timestamptz
);
""",
    "schema_functions": """
set local role pg_database_owner;
create table public.schema_functions (
  name text primary key,
  checksum text not null,
  applied_at timestamptz not null
);
""",
}
"""The SQL that creates the tables of applied migrations and function files, by table name.
"""
_BOOKKEEPING_ACCESS = """
alter table public.{table} enable row level security;
alter table public.{table} force row level security;
create policy migrate on public.{table} to session_user using (true) with check (true);
grant select, insert, update, delete on public.{table} to session_user
"""


class MigrationError(Exception):
    """The schema of the database cannot be updated to this release."""


@dataclass(frozen=True)
class SchemaFile:
    """One SQL file of the schema."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """The SHA-256 hash of the file."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def is_transactional(self) -> bool:
        """Whether the file runs in one transaction."""
        return not self.sql.startswith(NO_TRANSACTION)


def migrations(folder: Path = FOLDER) -> list[SchemaFile]:
    """Return the migrations of this release, in order."""
    files = sorted((folder / "tables").glob("[0-9]*.sql"))
    return [SchemaFile(file.stem, file.read_text("utf-8")) for file in files]


def function_files(folder: Path = FOLDER) -> list[SchemaFile]:
    """Return the function files of this release, in order. Their names start with `functions/`."""
    files = sorted((folder / "functions").glob("*.sql"))
    return [SchemaFile(f"functions/{file.stem}", file.read_text("utf-8")) for file in files]


def migrate(
    url: str,
    folder: Path = FOLDER,
    report: Callable[[str], object] = lambda _: None,
    connect_seconds: float = 0,
) -> list[str]:
    """Update the database to this release.

    `url` must connect directly to the writer, with the login `wc_migrate`. `report` is called with the name of each
    file before the file is applied. If a connection fails, new attempts are made for `connect_seconds`. Returns the
    names of the applied files.

    Raises MigrationError when an applied migration was edited, when a function file fails, or when the updated database
    differs from `access.toml`. Raises the error of PostgreSQL when a migration fails. A failed migration changes
    nothing if it runs in a transaction.
    """
    applied = []
    with _connect(url, connect_seconds) as connection:
        _create_bookkeeping(connection)
        for migration in migrations(folder):
            apply = _apply if migration.is_transactional else _resume
            if apply(connection, migration, report):
                applied.append(migration.name)
        if not _is_older_release(connection, folder):
            applied += _replace_functions(connection, folder, report)
            _verify_access(connection, folder)
    return applied


def _connect(url: str, seconds: float) -> psycopg.Connection:
    """Connect to the database. During the first deploy, a new database refuses connections for some time."""
    give_up_at = time.monotonic() + seconds
    while True:
        try:
            return psycopg.connect(url, autocommit=True, prepare_threshold=None)
        except psycopg.OperationalError:
            if time.monotonic() + _CONNECT_PAUSE_SECONDS > give_up_at:
                raise
            time.sleep(_CONNECT_PAUSE_SECONDS)


def _create_bookkeeping(connection: psycopg.Connection) -> None:
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        _end_suspensions(connection)
        for table, definition in _BOOKKEEPING.items():
            if connection.execute("select to_regclass(%s)", [f"public.{table}"]).fetchone() == (None,):
                connection.execute((definition + _BOOKKEEPING_ACCESS.format(table=table)).encode())
                connection.execute("reset role")


def _end_suspensions(connection: psycopg.Connection) -> None:
    """End all suspensions of row-level security, because a migration could grant privileges on a suspended table.

    The caller's transaction must hold the lock `_LOCK`. No suspension can begin while a transaction holds the lock.
    """
    exists = connection.execute("select to_regprocedure('app.restore_row_security(text)') is not null").fetchone()
    if exists == (True,):
        connection.execute("set local role app_owner")
        connection.execute("select app.restore_row_security(name) from app.current_suspensions(false) name")
        connection.execute("reset role")


def _is_older_release(connection: psycopg.Connection, folder: Path) -> bool:
    """Return whether the database has migrations that this release does not contain."""
    names = [migration.name for migration in migrations(folder)]
    unknown = connection.execute("select from public.schema_migrations where name <> all (%s)", [names])
    return unknown.fetchone() is not None


def _replace_functions(connection: psycopg.Connection, folder: Path, report: Callable[[str], object]) -> list[str]:
    """Apply all function files whose checksum has changed. If one file fails, no file is applied."""
    applied: list[str] = []
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        if _is_older_release(connection, folder):
            return []  # a later release has migrated while this run waited for the lock
        _end_suspensions(connection)
        rows = connection.execute("select name, checksum from public.schema_functions").fetchall()
        checksums: dict[str, str] = dict(rows)
        is_replaced = _has_replaced_functions(connection)
        for file in function_files(folder):
            if checksums.get(file.name) == file.checksum and not (is_replaced and file.name.startswith(_STORE_FILES)):
                continue
            report(file.name)
            try:
                connection.execute(file.sql.encode())
            except psycopg.Error as error:
                raise MigrationError(f"{file.name}.sql failed, and no function was changed: {error}") from error
            connection.execute("reset role")
            connection.execute(
                "insert into public.schema_functions (name, checksum, applied_at) values (%s, %s, now())"
                " on conflict (name) do update set checksum = excluded.checksum, applied_at = excluded.applied_at",
                [file.name, file.checksum],
            )
            applied.append(file.name)
        if applied:
            _record_functions(connection)
    return applied


def _has_replaced_functions(connection: psycopg.Connection) -> bool:
    """Return whether a function of the key-value store was replaced after the last run.

    The cutover of the store depends on these functions. If somebody has replaced a function by hand, the caller applies
    all function files of the store again. After an upgrade to a new major version of PostgreSQL, the result can also be
    true.
    """
    row = None
    if _is_store_hashed(connection):
        row = connection.execute(
            "select kv.hash_of_functions() is distinct from obj_description('kv'::regnamespace, 'pg_namespace')"
        ).fetchone()
    connection.execute("reset role")
    return row == (True,)


def _record_functions(connection: psycopg.Connection) -> None:
    """Record a hash of the functions of the key-value store as the comment of their schema."""
    if _is_store_hashed(connection):
        connection.execute(b"do $$ begin execute format('comment on schema kv is %L', kv.hash_of_functions()); end $$")
    connection.execute("reset role")


def _is_store_hashed(connection: psycopg.Connection) -> bool:
    """Return whether the function `kv.hash_of_functions` exists.

    If the schema `kv` exists, this function also switches the role of the transaction to `app_owner`.
    """
    if connection.execute("select to_regnamespace('kv') is not null").fetchone() != (True,):
        return False
    connection.execute("set local role app_owner")
    return connection.execute("select to_regprocedure('kv.hash_of_functions()') is not null").fetchone() == (True,)


def _verify_access(connection: psycopg.Connection, folder: Path) -> None:
    """Compare grants, policies and functions with `access.toml`. Raises MigrationError if they differ."""
    if (folder / access.FILE).exists():
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
            _end_suspensions(connection)
            differences = access.drift(connection, access.declared(folder))
        if differences:
            heading = "the database differs from access.toml; correct the migration or access.toml:"
            raise MigrationError("\n".join([heading, *differences]))


def _apply(connection: psycopg.Connection, migration: SchemaFile, report: Callable[[str], object]) -> bool:
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        if _is_applied(connection, migration):
            return False
        _end_suspensions(connection)
        report(migration.name)
        connection.execute(migration.sql.encode())
        connection.execute("reset role")
        connection.execute(
            "insert into public.schema_migrations (name, checksum, applied_at) values (%s, %s, now())",
            [migration.name, migration.checksum],
        )
    return True


def _resume(connection: psycopg.Connection, migration: SchemaFile, report: Callable[[str], object]) -> bool:
    while not _lease(connection, migration):
        if _is_applied(connection, migration):
            return False
        # Another run has the lease of this migration. If that run does not finish, its lease ends after LEASE_SECONDS.
        time.sleep(1)
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        _end_suspensions(connection)
    report(migration.name)
    try:
        for statement in _statements(migration.sql):
            connection.execute(statement.encode())
    except psycopg.Error:
        # End the lease, so that the next run can start immediately. If the connection is lost, the next run waits until
        # the lease ends.
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


def _lease(connection: psycopg.Connection, migration: SchemaFile) -> bool:
    claimed = connection.execute(
        "insert into public.schema_migrations as leased (name, checksum, leased_until)"
        " values (%s, %s, now() + make_interval(secs => %s))"
        " on conflict (name) do update set leased_until = excluded.leased_until, checksum = excluded.checksum"
        " where leased.applied_at is null and leased.leased_until < now()",
        [migration.name, migration.checksum, LEASE_SECONDS],
    )
    return claimed.rowcount == 1


def _is_applied(connection: psycopg.Connection, migration: SchemaFile) -> bool:
    row = connection.execute(
        "select checksum from public.schema_migrations where name = %s and applied_at is not null", [migration.name]
    ).fetchone()
    if row and row[0] != migration.checksum:
        raise MigrationError(
            f"{migration.name} was edited after it was applied. Restore its text and write a new migration instead."
        )
    return row is not None


def _statements(sql: str) -> Iterator[str]:
    """Yield the statements of a no-transaction file. Each statement ends with `;` at the end of a line."""
    statement: list[str] = []
    for line in sql.splitlines():
        if line.startswith("--"):
            continue
        statement.append(line)
        if line.rstrip().endswith(";"):
            yield "\n".join(statement)
            statement = []
    if any(line.strip() for line in statement):
        raise MigrationError("the last statement of a no-transaction file must end with ;")
