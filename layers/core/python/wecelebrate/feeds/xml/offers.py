"""Joins the products (`Каталог`) and the offers (`ПакетПредложений`) of a CommerceML file that has both.

The products contain the names and the numbers of the articles. The offers, which follow the products, contain the
prices and the stocks. Only `Ид` connects products and offers. Therefore a first pass stores the offers in an SQLite
database in a temporary file.
"""

import json
import sqlite3

from wecelebrate.feeds.items import Record


class Offers:
    """The offers of a file, by the `Ид` of their products."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript(
            "pragma journal_mode = off; pragma synchronous = off; begin;"
            "create table offers (product text, key text, suffix text, record text, is_joined integer);"
            "create index offers_by_product on offers (product);"
        )

    def add(self, key: str, suffix: str, record: Record) -> None:
        """Add an offer.

        `key` is the `Ид` of the offer. The `Ид` of a variant consists of the `Ид` of the product, a #, and another
        part. `suffix` is the end of the SKU of a variant.
        """
        row = (key.partition("#")[0], key, suffix, json.dumps(record))
        self._database.execute("insert into offers values (?, ?, ?, ?, 0)", row)

    def of_product(self, key: str) -> list[tuple[str, Record]]:
        """Return the offers of a product with their SKU suffixes, and mark these offers as joined."""
        query = "select suffix, record from offers where product = ? order by rowid"
        rows = self._database.execute(query, (key,)).fetchall() if key else []
        if rows:
            self._database.execute("update offers set is_joined = 1 where product = ?", (key,))
        return [(suffix, json.loads(record)) for suffix, record in rows]

    def is_joined(self, key: str) -> bool:
        query = "select 1 from offers where product = ? and key = ? and is_joined = 1 limit 1"
        return self._database.execute(query, (key.partition("#")[0], key)).fetchone() is not None

    def close(self) -> None:
        self._database.close()
