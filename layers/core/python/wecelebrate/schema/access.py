"""Parses the access matrix `access.toml`, and compares a database with this matrix."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

FILE = "access.toml"
VERBS = ("select", "insert", "update", "delete")
OWNER = "app_owner"

Cell = tuple[str, str]
"""The role and the verb of one cell of the matrix."""


@dataclass(frozen=True)
class Table:
    """One table of the matrix."""

    owner: str
    cells: Mapping[Cell, tuple[str, ...]]
    """The row conditions of each cell. A row must satisfy all conditions of the cell."""
    is_secured: bool = True
    """Whether row-level security must be enabled and must also apply to the owner of the table (FORCE)."""

    def rows(self, role: str, verb: str) -> tuple[str, ...]:
        """Return the row conditions for a role and a verb. The tuple is empty when the role may not use the verb."""
        return self.cells.get((role, verb), ())


@dataclass(frozen=True)
class Function:
    """One function of the matrix."""

    owner: str
    security: str
    """`definer` if the function runs with the rights of its owner, or `invoker` if it runs with the rights of its
    caller.
    """
    settings: tuple[str, ...]
    """The settings that apply while the function runs, in the format of the column `pg_proc.proconfig`."""
    roles: frozenset[str]
    """The roles that may execute the function. Its owner is not listed. The name `public` stands for every role."""


@dataclass(frozen=True)
class Declared:
    """The content of `access.toml`."""

    tables: Mapping[str, Table]
    """Maps names to tables. The name of a table in the schema `public` has no prefix."""
    views: Mapping[str, frozenset[Cell]]
    """Maps the qualified name of each view to the privileges on it. A view runs with the rights of its caller."""
    functions: Mapping[str, Function]
    """Maps qualified names to functions. The name of an overloaded function contains its argument types."""


def declared(folder: Path = Path(__file__).parent) -> Declared:
    """Return the content of `access.toml`."""
    tables = tomllib.loads((folder / FILE).read_text("utf-8"))
    groups = tables.pop("functions", {})
    functions = {name: function for group in groups.values() for name, function in _functions(group)}
    views = {
        name: frozenset(
            (role, verb) for verbs, roles in view.items() for verb in verbs.split() for role in roles.split()
        )
        for name, view in tables.pop("views", {}).items()
    }
    return Declared({name: _table(dict(roles)) for name, roles in tables.items()}, views, functions)


def matrix(folder: Path = Path(__file__).parent) -> Mapping[str, Table]:
    """Return the tables of `access.toml`."""
    return declared(folder).tables


def _table(roles: dict[str, str | dict[str, str]]) -> Table:
    owner = str(roles.pop("owner", OWNER))
    is_secured = roles.pop("unsecured", None) is None
    cells: dict[Cell, tuple[str, ...]] = {}
    for role, access in roles.items():
        verbs = dict.fromkeys(VERBS, access) if isinstance(access, str) else access
        for verb, conditions in verbs.items():
            if verb not in VERBS:
                raise ValueError(f"{role}: `{verb}` must be one of {', '.join(VERBS)}")
            cells[role, verb] = tuple(conditions.split(" and "))
    return Table(owner, cells, is_secured)


def _functions(group: dict[str, Any]) -> Iterator[tuple[str, Function]]:
    owner, security = group.pop("owner", OWNER), group.pop("security", "invoker")
    settings = tuple(group.pop("settings", ()))
    for name, roles in group.items():
        yield name, Function(owner, security, settings, frozenset(roles.split()))


def drift(connection: psycopg.Connection, access: Declared) -> list[str]:
    """Return the differences between the database and the matrix, as sorted lines.

    Each line names a table or a function. If a difference concerns only one role and one verb, the line also names the
    role and the verb. Undeclared functions are not reported, because a later release may have created them before it
    was rolled back. `undeclared_functions` returns the undeclared functions.
    """
    return sorted(
        [
            *_tables(connection, access.tables),
            *_views(connection, access.views),
            *_grants(connection, access),
            *_policies(connection, access.tables),
            *_function_drift(connection, access.functions),
        ]
    )


_RELATIONS = sql.SQL("""
  select c.oid, c.relkind, c.relowner, c.relacl, c.reloptions, c.relispartition, c.relrowsecurity,
    c.relforcerowsecurity,
    case n.nspname when 'public' then c.relname else n.nspname || '.' || c.relname end as name
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')
""")


def _tables(connection: psycopg.Connection, tables: Mapping[str, Table]) -> Iterator[str]:
    relations = connection.execute(
        sql.SQL("""
        select name, relowner::regrole::text, relispartition, relrowsecurity, relforcerowsecurity from ({}) r
        where relkind <> 'v'
        """).format(_RELATIONS)
    ).fetchall()
    for name in tables.keys() - {name for name, *_ in relations}:
        yield f"{name}: the table does not exist"
    for name, owner, is_partition, is_secured, is_forced in relations:
        table = tables.get(name, Table(OWNER, {}) if is_partition else None)
        if table is None:
            yield f"{name}: the matrix does not declare this table"
            continue
        if owner != table.owner:
            yield f"{name}: the owner is {owner}, but must be {table.owner}"
        if is_secured != table.is_secured:
            yield f"{name}: row-level security is {'on' if is_secured else 'off'}"
        if not is_forced and table.is_secured:
            yield f"{name}: row-level security is not forced on the owner"


def _views(connection: psycopg.Connection, views: Mapping[str, frozenset[Cell]]) -> Iterator[str]:
    relations = connection.execute(
        sql.SQL("select name, relowner::regrole::text, reloptions from ({}) r where relkind = 'v'").format(_RELATIONS)
    ).fetchall()
    for name in views.keys() - {name for name, *_ in relations}:
        yield f"{name}: the view does not exist"
    for name, owner, options in relations:
        if name not in views:
            yield f"{name}: the matrix does not declare this view"
        if owner != OWNER:
            yield f"{name}: the owner is {owner}, but must be {OWNER}"
        if "security_invoker=true" not in (options or ()):
            yield f"{name}: the view must have the option security_invoker"


def _grants(connection: psycopg.Connection, access: Declared) -> Iterator[str]:
    privileges = connection.execute(
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
    granted = {(name, (role, verb)) for name, role, verb in privileges}
    expected = {(name, cell) for name, table in access.tables.items() for cell in table.cells if cell[0] != table.owner}
    expected |= {(name, cell) for name, cells in access.views.items() for cell in cells}
    for name, (role, verb) in expected - granted:
        yield f"{name}: {role} must have the privilege {verb}"
    for name, (role, verb) in granted - expected:
        yield f"{name}: {role} must not have the privilege {verb}"


def _policies(connection: psycopg.Connection, tables: Mapping[str, Table]) -> Iterator[str]:
    policies = connection.execute(
        sql.SQL("""
        select r.name, p.polname, case role when 0 then 'public' else role::regrole::text end, p.polcmd, p.polpermissive
        from ({}) r join pg_catalog.pg_policy p on p.polrelid = r.oid
        cross join unnest(p.polroles) role
        """).format(_RELATIONS)
    ).fetchall()
    commands = {"r": "select", "a": "insert", "w": "update", "d": "delete"}
    covered: Counter[tuple[str, Cell]] = Counter()
    for name, policy, role, command, is_permissive in policies:
        verbs = VERBS if command == "*" else (commands[command],)
        cells = tables[name].cells if name in tables else {}
        if not is_permissive or not any((role, verb) in cells for verb in verbs):
            yield f"{name}: the matrix does not require policy {policy} of {role} for {' and '.join(verbs)}"
        covered.update((name, (role, verb)) for verb in verbs)
    for name, table in tables.items():
        for role, verb in table.cells:
            count = covered[name, (role, verb)]
            if role != table.owner and table.is_secured and count != 1:
                yield f"{name}: {count} policies let {role} {verb}; there must be exactly one"


def _function_drift(connection: psycopg.Connection, functions: Mapping[str, Function]) -> Iterator[str]:
    existing = _existing_functions(connection)
    for name, expected in functions.items():
        actual = existing.get(name)
        if actual is None:
            yield f"{name}: the function does not exist"
            continue
        for label in ("owner", "security", "settings"):
            if getattr(actual, label) != getattr(expected, label):
                yield f"{name}: {label} is {getattr(actual, label)}, but must be {getattr(expected, label)}"
        for role in expected.roles - actual.roles:
            yield f"{name}: {role} must have the privilege execute"
        for role in actual.roles - expected.roles:
            yield f"{name}: {role} must not have the privilege execute"


def undeclared_functions(connection: psycopg.Connection, access: Declared) -> list[str]:
    """Return the functions of the database that the matrix does not declare."""
    return sorted(_existing_functions(connection).keys() - access.functions.keys())


def _existing_functions(connection: psycopg.Connection) -> dict[str, Function]:
    rows = connection.execute("""
        select n.nspname || '.' || p.proname || case when count(*) over (partition by n.nspname, p.proname) > 1
            then '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')' else '' end,
          p.proowner::regrole::text, case when p.prosecdef then 'definer' else 'invoker' end, p.proconfig,
          array(
            select case grantee when 0 then 'public' else grantee::regrole::text end
            from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) where grantee <> p.proowner)
        from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
          and not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e')
    """).fetchall()
    return {
        name: Function(owner, security, tuple(settings or ()), frozenset(roles))
        for name, owner, security, settings, roles in rows
    }
