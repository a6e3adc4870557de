"""Named queries in `.sql` files, and helpers for their parameters."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import aiosql
from psycopg.types.json import Jsonb

from wecelebrate.core.database.transaction import Transaction


class Queries:
    """The named queries of one file.

    The file is parsed once per process, when its first query is used: a request uses few of the files that its
    function imports.
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
    """Load `queries.sql` from the folder of a module: `sql = queries(__file__)`. Each query is a function that takes a
    transaction."""
    return Queries(Path(module_file).with_name("queries.sql"))


def as_json(values: Mapping[str, Any], *columns: str) -> dict[str, Any]:
    """Wrap the parameters of the jsonb `columns` for psycopg. Other parameters stay as they are."""
    return {name: Jsonb(value) if name in columns else value for name, value in values.items()}


def copy_rows(tx: Transaction, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Send rows with a COPY statement, such as `copy t (a, b) from stdin`."""
    with tx.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for row in rows:
            copy.write_row(row)
