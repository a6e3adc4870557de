"""Merges staged rows into the catalog, and deactivates the products that a full file does not contain.

All functions of this module use the permissions of the user who requested the job.
"""

from typing import Any

from wecelebrate.core.database import Transaction, as_json, queries, writing
from wecelebrate.ingestion.merge import staging
from wecelebrate.ingestion.merge.bounds import sample_value
from wecelebrate.ingestion.merge.load import MAX_SAMPLES, Load
from wecelebrate.products import low_stock

sql = queries(__file__)

MAX_ATTEMPTS = 5
"""The maximum number of attempts to merge a chunk. An attempt fails if another transaction adds the same products."""
_MAX_COMPARED_ROWS = 500
"""A dry run compares the first rows of each chunk with the catalog, up to this number of rows."""


class ChunkConflict(Exception):
    """In each attempt, another transaction has added products of this chunk."""


def merge_next_chunk(load: Load, chunk_size: int) -> None:
    """Merge the rows of the next SKUs into the catalog. If all rows are merged, enter the next phase.

    Raises ChunkConflict if other transactions add the same products in each attempt. After the last chunk, raises
    CountMismatch if rows were lost, because a full load must not deactivate the products of lost rows.
    """
    for _ in range(MAX_ATTEMPTS):
        merged = _merge_chunk(load, chunk_size)
        if merged is None:
            if load.job.done != load.job.total:
                raise staging.CountMismatch(f"only {load.job.done} of {load.job.total} rows are merged")
            load.enter_phase("deactivate" if load.deactivates_missing else "report")
            return
        conflicts = merged["conflicts"]
        if not conflicts:
            return
    raise ChunkConflict(f"{MAX_ATTEMPTS} attempts failed: other transactions added {conflicts} products of the chunk")


def _merge_chunk(load: Load, chunk_size: int) -> dict[str, Any] | None:
    """Try to merge the next chunk. It returns the counts of the chunk, or None if all rows are merged.

    If another transaction has just added some products of the chunk, nothing is changed, and the count `conflicts` is
    the number of these products.
    """
    job, rules = load.job, load.rules
    with writing(job.caller) as tx:
        if rules.dry_run and load.sample_count < MAX_SAMPLES:
            _sample_chunk(load, tx)
        with tx.savepoint() as roll_back:
            merged: dict[str, Any] = dict(
                sql.merge_chunk(
                    tx,
                    catalog_id=load.catalog_id,
                    currency=rules.currency,
                    mode=rules.mode,
                    replaces=load.replaces,
                    dry_run=rules.dry_run,
                    after=job.checkpoint["after"],
                    chunk=chunk_size,
                    max_low_stock=low_stock.MAX_PRODUCTS,
                    default_inventory_policy=load.default_inventory_policy,
                    keeps_places=bool(job.checkpoint.get("keeps_places")),
                    sums_places=bool((job.checkpoint.get("reading") or {}).get("by_place")),
                    accepts_unpriced=load.accepts_unpriced,
                    as_of=load.stock_as_of,
                    stores_source=load.stores_source,
                    **load.staging_key,
                )
            )
            if merged["last_sku"] is None:
                return None
            if merged["conflicts"] or rules.dry_run:
                roll_back()
        if not merged["conflicts"]:
            if merged["rejections"]:
                sql.record_rejections(
                    tx, **as_json({"rejections": merged["rejections"]}, "rejections"), **load.staging_key
                )
            load.add_counts(merged)
            if merged["low_stock_count"] and not rules.dry_run:
                low_stock.publish_low_stock(tx, load.catalog_id, merged["low_stock_count"], merged["low_stock"])
            if merged["short_count"] and not rules.dry_run:
                low_stock.publish_short_stock(tx, load.catalog_id, job.id, merged["short_count"], merged["short"])
            job.save(tx)
    if not rules.dry_run and not merged["conflicts"]:
        load.last_xid = tx.committed.xid
    return merged


def _sample_chunk(load: Load, tx: Transaction) -> None:
    """Compare the first rows of the next chunk with the catalog, and store examples of the changes that the load would
    make.
    """
    rows = sql.compare_staged_products(
        tx,
        catalog_id=load.catalog_id,
        after=load.job.checkpoint["after"],
        max_rows=_MAX_COMPARED_ROWS,
        replaces=load.replaces,
        currency=load.rules.currency,
        as_of=load.stock_as_of,
        **load.staging_key,
    )
    load.add_samples([sample for row in rows if (sample := _sample(load, row)) is not None])


def _sample(load: Load, row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the changes that a row would make to its product. Return None if the row changes nothing or would be
    rejected.
    """
    staged, stored = row["staged"], row["stored"]
    if load.rules.catalog_currency not in (None, staged["currency"] or load.rules.catalog_currency):
        return None
    if stored is None:
        is_complete = staged.get("name") is not None and (staged.get("price") is not None or load.accepts_unpriced)
        if load.rules.mode == "update" or not is_complete:
            return None
        return {"sku": row["sku"], "line": row["line"], "does": "create", "changes": _changes(staged, {})}
    changes = _changes(staged, stored)
    if load.rules.mode == "create" or not changes:
        return None
    return {"sku": row["sku"], "line": row["line"], "does": "update", "changes": changes}


def _changes(staged: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that would change, each with its stored value and its new value.

    If the staged value is None, the field stays unchanged. If the staged value is an empty text, the field is cleared.
    """
    new_values = {name: None if value == "" else value for name, value in staged.items() if value is not None}
    return {
        name: {"from": sample_value(stored.get(name)), "to": sample_value(value)}
        for name, value in new_values.items()
        if value != stored.get(name)
    }


def deactivate_next_chunk(load: Load, chunk_size: int) -> None:
    """Deactivate the next products that the file does not contain. After the last product, enter the phase `report`.

    If the row of a product was rejected, but the SKU of the row could be read, the product stays active.
    """
    job = load.job
    with writing(job.caller) as tx:
        chunk: dict[str, Any] = dict(
            sql.deactivate_chunk(
                tx,
                catalog_id=load.catalog_id,
                after=job.checkpoint["after"],
                chunk=chunk_size,
                dry_run=load.rules.dry_run,
                **load.staging_key,
            )
        )
        if chunk["last_sku"] is None:
            load.enter_phase("report")
        else:
            job.counts["deactivated"] += chunk["deactivated"]
            job.checkpoint["after"] = chunk["last_sku"]
            if load.rules.dry_run and chunk["skus"]:
                load.add_samples([{"sku": sku, "does": "deactivate"} for sku in chunk["skus"]])
        job.save(tx)
    if not load.rules.dry_run and chunk["deactivated"]:
        load.last_xid = tx.committed.xid
