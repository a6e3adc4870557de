"""Runs a comparison, page by page: first the documents, and then the rows without documents.

Each page is recorded with its checkpoint. Therefore an interrupted comparison continues after the last recorded page. A
full comparison skips a range of documents if the range had no difference before and has not changed since then.
"""

import json
import time
from collections import Counter
from math import ceil
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import BaseModel

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import NotFound
from wecelebrate.kv import retirement
from wecelebrate.kv.comparison import records
from wecelebrate.kv.comparison.records import Difference, Scope
from wecelebrate.kv.inspection.lists import entity_of
from wecelebrate.kv.models import Comparison, NewComparison

sql = queries(__file__)

VERSION = 2
"""The version of the rules. Increase it with each change of a rule, so that all documents are compared again."""
PAGE_SIZE = 400
"""The number of documents that are compared together."""
ROWS = 2000
"""The number of rows in one search for rows without documents."""
SECONDS = 2.0
"""After this number of seconds, a request starts no new page."""
_WAIT_SECONDS = 0.2
"""The pause between two checks, in seconds. Each check asks whether the documents of all bulk writes are written."""
_NO_ROW = str(UUID(int=0))


class Checkpoint(BaseModel):
    """The position at which a comparison continues."""

    after_key: str | None = ""
    """The next documents come after this key. None means that all documents are compared. Rows without documents are
    next.
    """
    after_row: str = _NO_ROW
    """The next rows come after this row."""
    number: int = 0
    """For a list, the number of its documents that are already compared."""
    hash: str | None = None
    """For a list, the hash that the list had when its first document was compared."""
    is_equal: bool = True
    """For a list, whether no difference has been found so far."""
    counts: dict[str, int] = {}
    """For a list, the outcomes of its documents."""


def start(tx: Transaction, new: NewComparison) -> Comparison:
    """Start a comparison, or return the active comparison.

    Raises NotFound if the client does not exist. Raises Conflict if the documents are retired. Raises Forbidden unless
    the caller is a super admin.
    """
    retirement.require_none(tx, new.entity, "there is nothing to compare")
    row = sql.start_comparison(tx, entity=new.entity, client_id=new.client_id, sample=new.sample)
    if row is None:
        raise NotFound
    return get(tx, UUID(row["id"]))


def get(tx: Transaction, comparison_id: UUID) -> Comparison:
    """Return a comparison with its open differences. Raises NotFound."""
    for row in sql.get_comparisons(tx, comparison_id=comparison_id):
        return Comparison.model_validate(row)
    raise NotFound


def last(tx: Transaction) -> list[Comparison]:
    """Return the last comparison of each entity. Raises Forbidden unless the caller is a super admin."""
    return [Comparison.model_validate(row) for row in sql.get_comparisons(tx, comparison_id=None)]


def advance(tx: Transaction, comparison_id: UUID) -> Comparison:
    """Compare pages until SECONDS have passed.

    Raises NotFound. Raises Conflict if the documents are retired. Raises Forbidden unless the caller is a super admin.
    """
    give_up_at = time.monotonic() + SECONDS
    if not wait_for_bulk_writes(tx):
        return get(tx, comparison_id)
    row = sql.lock_comparison(tx, comparison_id=comparison_id)
    if row is None:
        raise NotFound
    if row["status"] == "running":
        retirement.require_none(tx, row["entity"], "there is nothing to compare")
    run = _Run(tx, row)
    while run.status == "running":
        run.next_page()
        if time.monotonic() > give_up_at:
            break
    return get(tx, comparison_id)


def wait_for_bulk_writes(tx: Transaction) -> bool:
    """Wait until the documents of all bulk writes are written, but not longer than about SECONDS. Return whether all of
    them are written.
    """
    give_up_at = time.monotonic() + SECONDS
    while sql.has_dirty(tx):
        if time.monotonic() > give_up_at:
            return False
        time.sleep(_WAIT_SECONDS)
    return True


def scope_of(row: dict[str, Any]) -> Scope:
    """Return the scope of a comparison."""
    return Scope(row["entity"], row["environments"], row["declared_environments"], row["client_id"])


class _Run:
    def __init__(self, tx: Transaction, row: dict[str, Any]) -> None:
        self.tx, self.row, self.scope = tx, row, scope_of(row)
        self.status: str = row["status"]
        self.compared: int = row["compared"]
        self.counts = Counter(row["counts"])
        self.checkpoint = Checkpoint.model_validate_json(row["checkpoint"] or "{}")

    def next_page(self) -> None:
        """Compare the next documents. After the last document, search the next rows for rows without documents."""
        if self.checkpoint.after_key is None:
            self._search_rows()
        elif self.checkpoint.hash is not None or self.checkpoint.number:
            self._compare_list(self._list_after(self.checkpoint.after_key))
        else:
            self._compare_documents(self.checkpoint.after_key)

    def _next_documents(self, after: str) -> dict[str, Any]:
        page: dict[str, Any] = sql.next_documents(
            self.tx, comparison_id=self.row["id"], after=after, size=PAGE_SIZE, version=VERSION
        )
        return page

    def _list_after(self, after: str) -> str | None:
        """Return the key of the list of which only a part is compared so far. If the list was deleted, return None."""
        keys = self._next_documents(after).get("keys") or [""]
        return keys[0] if entity_of(keys[0]) == self.scope.entity else None

    def _compare_documents(self, after: str) -> None:
        page = self._next_documents(after)
        if bucket := page.get("unchanged"):
            self.compared += sum(bucket["counts"].values())
            self.counts.update(bucket["counts"])
            self._record(Checkpoint(after_key=bucket["last_key"]))
        elif not page["keys"]:
            self._record(Checkpoint(after_key=None))
        elif entity_of(page["keys"][0]) == self.scope.entity:
            self.checkpoint.hash = page["hash"]
            self._compare_list(page["keys"][0])
        else:
            keys = page["keys"]
            result = records.compare(self.tx, self.scope, records.read(self.tx, self.scope.entity, keys))
            self._add(result)
            is_equal = not result.is_suspicious
            bucket = self._bucket((after, keys[-1]), len(keys), result.counts, hash=page["hash"], is_equal=is_equal)
            self._record(Checkpoint(after_key=keys[-1]), result.differences, bucket)

    def _compare_list(self, key: str | None) -> None:
        after, begun = self.checkpoint.after_key or "", self.checkpoint
        if key is None:
            self._record(Checkpoint(after_key=after))
            return
        documents = records.read(self.tx, self.scope.entity, [key])
        end = begun.number + PAGE_SIZE
        result = records.compare(self.tx, self.scope, documents[begun.number : end])
        missing = self._missing_in_list(key, [each.key for each in documents]) if begun.number == 0 else []
        self._add(result)
        counts = Counter(begun.counts) + result.counts
        is_equal = begun.is_equal and not result.is_suspicious and not missing
        if end < len(documents):
            checkpoint = Checkpoint(after_key=after, number=end, hash=begun.hash, is_equal=is_equal, counts=counts)
            self._record(checkpoint, [*result.differences, *missing])
        else:
            bucket = self._bucket((after, key), 1, counts, hash=begun.hash, is_equal=is_equal)
            self._record(Checkpoint(after_key=key), [*result.differences, *missing], bucket)

    def _missing_in_list(self, key: str, keys: list[str]) -> list[Difference]:
        """Return the differences of the documents that have disappeared from a list. A second read confirms each
        difference.
        """
        entity = self.scope.entity
        missing = sql.list_documents_missing_in_list(self.tx, entity=entity, list=key, keys=keys)
        if missing:
            keys = [each.key for each in records.read(self.tx, entity, [key])]
            missing = sql.list_documents_missing_in_list(self.tx, entity=entity, list=key, keys=keys)
        rows = _rows(self.tx, self.scope, [each["row_id"] for each in missing])
        return [
            Difference(each["key"], each["row_id"], "document_missing", None, rows[each["row_id"]])
            for each in missing
            if each["row_id"] in rows and self.scope.contains(rows[each["row_id"]])
        ]

    def _search_rows(self) -> None:
        """Search the next rows for rows without documents. Each row that was found is checked a second time."""
        sample, total = self.row["sample"], max(self.row["counts"].get("keys", 0), 1)
        share = 1_000_000 if sample is None else min(1_000_000, ceil(1_000_000 * sample / total))
        page = self._rows_without_documents(self.checkpoint.after_row, None, share)
        if page["last"] is None:
            self.status = "complete"
            self._record(self.checkpoint)
            return
        missing = page["missing"]
        if missing:
            ids = [each["row_id"] for each in missing]
            missing = self._rows_without_documents(_NO_ROW, ids, 1_000_000)["missing"]
        self.compared += page["rows"]
        self.counts.update(rows=page["rows"], gone=page["gone"])
        differences = [
            Difference(each["key"], each["row_id"], "document_missing", None, each["client_id"]) for each in missing
        ]
        self._record(Checkpoint(after_key=None, after_row=page["last"]), differences)

    def _rows_without_documents(self, after: str, ids: list[str] | None, share: int) -> dict[str, Any]:
        seed = UUID(self.row["id"]).int & (2**60 - 1)
        return rows_without_documents(self.tx, self.scope, after, ids, share=share, seed=seed)

    def _add(self, result: records.Result) -> None:
        self.compared += sum(result.counts.values())
        self.counts.update(result.counts)

    def _bucket(
        self, span: tuple[str, str], documents: int, counts: Counter[str], *, hash: str | None, is_equal: bool
    ) -> dict[str, Any] | None:
        """Return the data about a range of documents. The next comparison can skip the range if its hash is the same.

        If the range has a difference, the data contain no hash.
        """
        if self.row["client_id"] is not None or self.row["sample"] is not None:
            return None
        values = {"after_key": span[0], "last_key": span[1], "documents": documents, "counts": dict(counts)}
        return {**values, "hash": int(hash) if hash is not None and is_equal else None}

    def _record(self, checkpoint: Checkpoint, differences: list[Difference] | None = None, bucket: Any = None) -> None:
        self.checkpoint = checkpoint
        sql.record_page(
            self.tx,
            comparison_id=self.row["id"],
            status=self.status,
            checkpoint=json.dumps(checkpoint.model_dump(), ensure_ascii=False),
            compared=self.compared,
            counts=Jsonb(dict(self.counts)),
            differences=Jsonb([difference._asdict() for difference in differences or ()]),
            bucket=None if bucket is None else Jsonb(bucket),
        )


def rows_without_documents(
    tx: Transaction, scope: Scope, after: str, ids: list[str] | None, *, share: int = 1_000_000, seed: int = 0
) -> dict[str, Any]:
    """Return the rows without documents among the next rows or among the given rows."""
    page: dict[str, Any] = sql.list_rows_without_documents(
        tx, entity=scope.entity, client_id=scope.client_id, after=after, ids=ids, size=ROWS, share=share, seed=seed
    )
    return page


def _rows(tx: Transaction, scope: Scope, ids: list[str]) -> dict[str, str | None]:
    """Return the owners of the given rows that exist."""
    return records.owners(tx, scope, ids) if ids else {}
