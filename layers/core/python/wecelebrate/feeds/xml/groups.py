"""Stores the groups of a BMEcat catalog, and the articles in each group.

A catalog of a million articles has a million elements that assign articles to groups. These elements are at the end of
the file. Therefore the assignments are stored in an SQLite database in a temporary file, which needs only 2 MB of
memory. SQLite deletes the file when the connection is closed.
"""

import sqlite3
from functools import lru_cache

from wecelebrate.feeds.notation.convert import MAX_LENGTH

CATALOG = ""
"""The name of the classification system that contains the catalog's own groups."""
MAX_DEPTH = 20
BATCH_SIZE = 5_000


class CatalogGroups:
    def __init__(self) -> None:
        self._database: sqlite3.Connection | None = None
        self._batch: list[tuple[str, str]] = []
        self._has_articles = self._has_groups = False
        self.path = lru_cache(maxsize=4096)(self._path)

    def add_group(self, system: str, key: str, name: str, parent: str) -> None:
        if key and name:
            self._open().execute("insert or ignore into groups values (?, ?, ?, ?)", (system, key, name, parent))
            self._has_groups = True

    def add_article(self, article: str, key: str) -> None:
        """Assign the article to a group. If an article has several groups, the first group is used."""
        if article and key:
            self._batch.append((article, key))
            self._has_articles = True
            if len(self._batch) >= BATCH_SIZE:
                self._write()

    def complete(self) -> None:
        """Write the remaining rows, and then create the index. With the index, insertions would be slower."""
        self._write()
        if self._has_articles:
            self._open().execute("create index members_by_article on members (article)")

    def _write(self) -> None:
        self._open().executemany("insert into members values (?, ?)", self._batch)
        self._batch.clear()

    def path_of(self, article: str) -> str:
        """Return the path of the article's group, or "" if the article has no group."""
        if not self._has_articles or self._database is None:
            return ""
        query = "select key from members where article = ? order by rowid limit 1"
        row = self._database.execute(query, (article,)).fetchone()
        return self.path(CATALOG, row[0]) if row else ""

    def _path(self, system: str, key: str) -> str:
        """Return a path such as `Hardware > Notebooks`, or only `Notebooks` if the path is too long for a category."""
        names: list[str] = []
        while self._has_groups and self._database is not None and key and len(names) < MAX_DEPTH:
            query = "select name, parent from groups where system = ? and key = ?"
            row = self._database.execute(query, (system, key)).fetchone()
            if row is None:
                break
            names.append(" ".join(row[0].split()))
            key = row[1]
        path = " > ".join(reversed(names))
        return path if len(path) <= MAX_LENGTH["category"] else names[0][: MAX_LENGTH["category"]]

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._database.executescript(
                "pragma journal_mode = off; pragma synchronous = off; begin;"
                "create table groups (system text, key text, name text, parent text, primary key (system, key))"
                " without rowid;"
                "create table members (article text, key text);"
            )
        return self._database

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
