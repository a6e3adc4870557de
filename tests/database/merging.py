"""Stages rows, and merges the staged rows into the catalog of client A, as a worker does."""

from datetime import datetime
from pathlib import Path
from typing import Any

import aiosql
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tests.database.callers import CALLERS
from tests.database.world import A_CATALOG, A_JOB
from wecelebrate.core.database import ENTER
from wecelebrate.ingestion import merge as merge_package

SERVICE = next(caller for caller in CALLERS if caller.name == "service for A")
_QUERIES: Any = aiosql.from_path(
    Path(str(merge_package.__file__)).parent / "queries.sql", "psycopg", mandatory_parameters=False
)
MERGE: str = _QUERIES.merge_chunk.sql
COMPARE: str = _QUERIES.compare_staged_products.sql
IMPLAUSIBLE: str = _QUERIES.count_implausible_changes.sql
PARAMETERS: dict[str, Any] = {
    "job_id": A_JOB, "fence": 2, "after": "", "chunk": 5000, "catalog_id": A_CATALOG, "currency": "USD",
    "mode": "upsert", "replaces": False, "dry_run": False, "max_low_stock": 10, "keeps_places": False,
    "default_inventory_policy": "untracked", "accepts_unpriced": False, "sums_places": False, "as_of": None,
    "stores_source": True,
}  # fmt: skip


def stage(superuser: psycopg.Connection, rows: list[dict[str, Any]]) -> None:
    """Replace the staged rows of the job of A. Each row in `rows` has an SKU and some other columns."""
    with superuser.transaction():
        superuser.execute("set local session_replication_role = replica")  # the trigger refuses rows of other jobs
        superuser.execute("delete from app.staged_products where job_id = %s and fence = 2", [A_JOB])
        for line, row in enumerate(rows, 1):
            values = {"job_id": A_JOB, "fence": 2, "line": line, "ordinal": line, "rows": 1, "source_data": "{}", **row}
            statement = sql.SQL("insert into app.staged_products ({}) values ({})").format(
                sql.SQL(", ").join(map(sql.Identifier, values)), sql.SQL(", ").join([sql.Placeholder()] * len(values))
            )
            superuser.execute(statement, list(values.values()))
        superuser.execute("set local session_replication_role = origin")


def compare(superuser: psycopg.Connection, as_of: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the first staged product as a dry run shows it, and the stored product."""
    row = _run(superuser, COMPARE, PARAMETERS | {"as_of": as_of, "max_rows": 500})
    return row["staged"], row["stored"]


def implausible(superuser: psycopg.Connection) -> dict[str, Any]:
    """Count the changes in the staged products that are possibly mistakes."""
    return _run(superuser, IMPLAUSIBLE, PARAMETERS | {"step": 1, "large_change": "0.5", "min_products": 1})


def merge(superuser: psycopg.Connection, as_of: datetime | None = None, **parameters: Any) -> dict[str, Any]:
    """Merge the staged rows as the service of client A, and return the counts of the chunk."""
    return _run(superuser, MERGE, PARAMETERS | {"as_of": as_of} | parameters)


def _run(superuser: psycopg.Connection, query: str, parameters: dict[str, Any]) -> dict[str, Any]:
    with superuser.transaction():
        superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(SERVICE.login)))
        superuser.execute(ENTER, SERVICE.parameters)
        cursor = superuser.cursor(row_factory=dict_row)
        row = cursor.execute(query.encode(), parameters).fetchone()
        superuser.execute("reset role")
        superuser.execute("reset session authorization")
    assert row is not None
    return row
