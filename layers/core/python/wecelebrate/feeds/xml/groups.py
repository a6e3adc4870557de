"""The groups of a BMEcat, and which articles they hold.

A catalog of a million articles has as many lines that put them into groups, and those come last. They wait in a
database of SQLite's that it keeps in a temporary file of its own, with 2 MB in memory; it goes with the connection.
"""

import sqlite3
from functools import lru_cache

from wecelebrate.feeds.convert import LONGEST

CATALOG = ""
"""The system of groups that is the catalog's own."""
DEEPEST = 20
AT_ONCE = 5_000


class Groups:
    def __init__(self) -> None:
        self._database: sqlite3.Connection | None = None
        self._held: list[tuple[str, str]] = []
        self._any_held = self._any_groups = False
        self.path = lru_cache(maxsize=4096)(self._path)

    def add(self, system: str, key: str, name: str, parent: str) -> None:
        if key and name:
            self._open().execute("insert or ignore into groups values (?, ?, ?, ?)", (system, key, name, parent))
            self._any_groups = True

    def hold(self, article: str, key: str) -> None:
        """The article is in the group; the first of several counts."""
        if article and key:
            self._held.append((article, key))
            self._any_held = True
            if len(self._held) >= AT_ONCE:
                self._write()

    def complete(self) -> None:
        """Everything was told: make it quick to find. An index made at the end is sorted once."""
        self._write()
        if self._any_held:
            self._open().execute("create index held_by_article on held (article)")

    def _write(self) -> None:
        self._open().executemany("insert into held values (?, ?)", self._held)
        self._held.clear()

    def of(self, article: str) -> str:
        """The group that holds the article, with those above it; "" when none does."""
        if not self._any_held or self._database is None:
            return ""
        query = "select key from held where article = ? order by rowid limit 1"
        found = self._database.execute(query, (article,)).fetchone()
        return self.path(CATALOG, found[0]) if found else ""

    def _path(self, system: str, key: str) -> str:
        """`Hardware > Notebooks`, or the last name alone where the whole is longer than a category may be."""
        names: list[str] = []
        while self._any_groups and self._database is not None and key and len(names) < DEEPEST:
            query = "select name, parent from groups where system = ? and key = ?"
            found = self._database.execute(query, (system, key)).fetchone()
            if found is None:
                break
            names.append(" ".join(found[0].split()))
            key = found[1]
        whole = " > ".join(reversed(names))
        return whole if len(whole) <= LONGEST["category"] else names[0][: LONGEST["category"]]

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._database.executescript(
                "pragma journal_mode = off; pragma synchronous = off; begin;"
                "create table groups (system text, key text, name text, parent text, primary key (system, key))"
                " without rowid;"
                "create table held (article text, key text);"
            )
        return self._database

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
