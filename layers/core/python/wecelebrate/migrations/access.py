"""Who may do what to which rows: `access.toml`, and whether a database keeps to it."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

FILE = "access.toml"
VERBS = ("select", "insert", "update", "delete")
OWNER = "app_owner"

Cell = tuple[str, str]
"""A role and a verb."""


@dataclass(frozen=True)
class Table:
    """One table of the matrix."""

    owner: str
    cells: Mapping[Cell, tuple[str, ...]]
    """The words for the rows of each role and verb: a row has to satisfy all of them."""

    def rows(self, role: str, verb: str) -> tuple[str, ...]:
        """The words for a role and a verb; none when it is refused."""
        return self.cells.get((role, verb), ())


def matrix(folder: Path = Path(__file__).parent) -> dict[str, Table]:
    """Every table of the schema, by its name as PostgreSQL prints it when `public` is searched."""
    declared = tomllib.loads((folder / FILE).read_text("utf-8"))
    return {name: _table(dict(roles)) for name, roles in declared.items()}


def _table(roles: dict[str, str | dict[str, str]]) -> Table:
    owner = str(roles.pop("owner", OWNER))
    cells: dict[Cell, tuple[str, ...]] = {}
    for role, given in roles.items():
        verbs = dict.fromkeys(VERBS, given) if isinstance(given, str) else given
        for verb, words in verbs.items():
            if verb not in VERBS:
                raise ValueError(f"{role} has {verb}, which is none of {', '.join(VERBS)}")
            cells[role, verb] = tuple(words.split(" and "))
    return Table(owner, cells)


def drift(connection: psycopg.Connection, tables: Mapping[str, Table]) -> list[str]:
    """Where the database is not what the matrix says: one line each, naming table, role and verb."""
    return sorted([*_tables(connection, tables), *_grants(connection, tables), *_policies(connection, tables)])


_RELATIONS = sql.SQL("""
  select c.oid, c.relkind, c.relowner, c.relacl, c.relispartition, c.relrowsecurity, c.relforcerowsecurity,
    case n.nspname when 'public' then c.relname else n.nspname || '.' || c.relname end as name
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')
""")


def _tables(connection: psycopg.Connection, tables: Mapping[str, Table]) -> Iterator[str]:
    found = connection.execute(
        sql.SQL("""
        select name, relowner::regrole::text, relispartition, relrowsecurity, relforcerowsecurity from ({}) r
        """).format(_RELATIONS)
    ).fetchall()
    for name in tables.keys() - {name for name, *_ in found}:
        yield f"{name}: there is no such table"
    for name, owner, is_partition, secured, forced in found:
        table = Table(OWNER, {}) if is_partition else tables.get(name)
        if table is None:
            yield f"{name}: the matrix does not know it"
            continue
        if owner != table.owner:
            yield f"{name}: {owner} owns it, not {table.owner}"
        if not secured:
            yield f"{name}: row-level security is off"
        # An owner for whom rows are not its own to see is forced; app_worker's COPY needs not to be.
        if not forced and (table.owner, "insert") not in table.cells:
            yield f"{name}: row-level security is not forced upon its owner"


def _grants(connection: psycopg.Connection, tables: Mapping[str, Table]) -> Iterator[str]:
    found = connection.execute(
        sql.SQL("""
        with relations as ({}), lists as (
          select oid, relowner, name, relacl from relations
          union all
          select r.oid, r.relowner, r.name || '.' || a.attname, a.attacl
          from relations r join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attacl is not null
        )
        select name, case grantee when 0 then 'public' else grantee::regrole::text end, lower(privilege_type)
        from lists cross join aclexplode(relacl) where grantee <> relowner
        """).format(_RELATIONS)
    ).fetchall()
    granted = {(name, (role, verb)) for name, role, verb in found}
    said = {(name, cell) for name, table in tables.items() for cell in table.cells if cell[0] != table.owner}
    for name, (role, verb) in said - granted:
        yield f"{name}: {role} may not {verb}, as it should"
    for name, (role, verb) in granted - said:
        yield f"{name}: {role} may {verb}, as it should not"


def _policies(connection: psycopg.Connection, tables: Mapping[str, Table]) -> Iterator[str]:
    found = connection.execute(
        sql.SQL("""
        select r.name, p.polname, case role when 0 then 'public' else role::regrole::text end, p.polcmd, p.polpermissive
        from ({}) r join pg_catalog.pg_policy p on p.polrelid = r.oid
        cross join unnest(p.polroles) role
        """).format(_RELATIONS)
    ).fetchall()
    commands = {"r": "select", "a": "insert", "w": "update", "d": "delete"}
    covered: Counter[tuple[str, Cell]] = Counter()
    for name, policy, role, command, permissive in found:
        verbs = VERBS if command == "*" else (commands[command],)
        cells = tables[name].cells if name in tables else {}
        if not permissive or not any((role, verb) in cells for verb in verbs):
            yield f"{name}: nothing asks for the policy {policy} of {role} for {' and '.join(verbs)}"
        covered.update((name, (role, verb)) for verb in verbs)
    for name, table in tables.items():
        for role, verb in table.cells:
            count = covered[name, (role, verb)]
            if role != table.owner and count != 1:
                yield f"{name}: {count} policies let {role} {verb}; it takes one"
