"""Loads named queries from `.sql` files, and prepares the parameters of queries."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import aiosql
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from wecelebrate.core.database.transaction import Transaction


class Queries:
    """The named queries of one file.

    The file is parsed once per process, when its first query is used. Parsing all files on import would be slower,
    because most requests use only a few of these files.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        query = getattr(_parsed(self._file), name)
        setattr(self, name, query)
        return query


@cache
def _parsed(file: Path) -> Any:
    return aiosql.from_path(file, "psycopg", mandatory_parameters=False)


def queries(module_file: str) -> Queries:
    """Load the file `queries.sql` in the folder of a module, e.g. `sql = queries(__file__)`.

    Each query becomes a function. The first argument of the function is the transaction.
    """
    return Queries(Path(module_file).with_name("queries.sql"))


def rows_within(
    tx: Transaction, query: Any, keys: Mapping[str, str], max_bytes: int, parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Run the named query of a list until the returned items have more than `max_bytes` bytes.

    The query has the column `item` and the columns that are named in `keys`. `keys` maps the names of these columns to
    their types in PostgreSQL. If the rows exceed `max_bytes`, the item of the last returned row is None.
    """
    columns = sql.SQL(", ").join(sql.SQL(f"{name} {kind}") for name, kind in {"item": "text", **keys}.items())
    cursor = tx.cursor()
    # The database function executes the text of the query. Therefore the text must contain the parameters as quoted
    # literals.
    text = psycopg.ClientCursor(cursor.connection).mogrify(query.sql, parameters)
    statement = sql.SQL("select * from app.page_rows(%s, %s) as ({})").format(columns)
    return cursor.execute(statement, [text, max_bytes]).fetchall()


def as_json(values: Mapping[str, Any], *columns: str) -> dict[str, Any]:
    """Wrap the values of the given jsonb columns in `Jsonb`, as psycopg requires.

    It keeps all other values unchanged.
    """
    return {name: Jsonb(value) if name in columns else value for name, value in values.items()}


def copy_rows(tx: Transaction, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Send rows to the database with a COPY statement, e.g. `copy t (a, b) from stdin`."""
    with tx.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for row in rows:
            copy.write_row(row)
