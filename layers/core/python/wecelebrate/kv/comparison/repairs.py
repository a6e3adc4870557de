"""Repairs the differences that a comparison has found. Each transaction repairs one record."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import NotFound
from wecelebrate.kv import retirement
from wecelebrate.kv.comparison import records, runs
from wecelebrate.kv.models import NewRepair, Repair

sql = queries(__file__)

_NO_ROW = str(UUID(int=0))


def repair(tx: Transaction, comparison_id: UUID, new: NewRepair) -> Repair:
    """Repair the next record with a difference, and compare it again. A document that is newer than its row does not
    change.

    If a document is older than its row because of a bulk write, the document does not change the row. The database
    checks this again after it has locked the row.

    Raises NotFound. Raises Conflict if the documents are retired. Raises Forbidden unless the caller is a super admin.
    """
    if new.source == "kv":
        runs.wait_for_bulk_writes(tx)
    comparison = sql.lock_comparison(tx, comparison_id=comparison_id)
    if comparison is None:
        raise NotFound
    retirement.require_none(tx, comparison["entity"], "there is nothing to repair")
    if new.after is None:
        sql.start_repair(tx, comparison_id=comparison_id, source=new.source)
    record = sql.next_open_record(tx, comparison_id=comparison_id, after=new.after)
    if record is None:
        return Repair(after=None, outcome=None, key=None)
    if new.source == "tables" and sql.get_newer_document(tx, **_names(record), fields=record["fields"]):
        return _repaired(record, "newer")
    with tx.savepoint() as roll_back:
        is_repaired, is_quarantined = _repair(tx, runs.scope_of(comparison), new.source, record)
        if not is_repaired and not is_quarantined:
            roll_back()
    if is_repaired:
        sql.record_repair(tx, ids=record["ids"])
    outcome = "repaired" if is_repaired else "quarantined" if is_quarantined else "unchanged"
    return _repaired(record, outcome)


def _repaired(record: Mapping[str, Any], outcome: str) -> Repair:
    return Repair.model_validate({"after": record["first_id"], "outcome": outcome, "key": record["key"]})


def _names(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in ("entity", "key", "row_id")}


def _repair(tx: Transaction, scope: records.Scope, source: str, record: dict[str, Any]) -> tuple[bool, bool]:
    """Repair a record. Returns whether all differences are repaired, and whether the document is in quarantine.

    One field can determine several columns. For example, if a customer has no name, the e-mail address becomes the
    name. Therefore columns that still differ after a repair are repaired too.
    """
    fields: set[str] = set(record["fields"])
    while True:
        sql.repair_record(tx, source=source, **_names(record), fields=sorted(fields))
        result = records.recompare(tx, scope, record["key"]) if record["key"] is not None else records.Result()
        others = {difference.field for difference in result.differences if difference.field} - fields
        if not others:
            break
        fields |= others
    is_missing = False
    if record["row_id"] is not None and record["kind"] != "row_missing":
        page = runs.rows_without_documents(tx, scope, _NO_ROW, [record["row_id"]])
        is_missing = bool(page["missing"]) or page["last"] is None
    is_quarantined = result.counts["quarantined"] > 0
    return not (result.differences or is_missing or is_quarantined), is_quarantined
