"""Merging: staged rows into the catalog, and what a full load leaves out of it. As whoever the job runs for."""

from typing import Any

from wecelebrate.database import Transaction, as_json, queries, writing
from wecelebrate.loads import report, staging
from wecelebrate.loads.load import SAMPLES, Load
from wecelebrate.products import inventory

sql = queries(__file__)

RACES = 5
"""Tries of a chunk into which somebody else adds the same products."""
_COMPARED = 500
"""Rows of a chunk that a dry run looks for differences in."""


class Raced(Exception):
    """Somebody else keeps adding the products that this chunk is about to add."""


def too_many_missing(load: Load) -> bool:
    """Stop before the first change when more would be deactivated than the rules allow; whether it stopped."""
    job = load.job
    with writing(job.caller) as tx:
        missing = sql.count_missing(tx, catalog_id=load.catalog_id, **load.staged)
        share = 100 * missing["missing"] / missing["active"] if missing["active"] else 0.0
        if share <= load.rules.most_deactivated or load.rules.dry_run:
            return False
        samples = [
            dict(row) for row in sql.sample_missing(tx, catalog_id=load.catalog_id, max_rows=SAMPLES, **load.staged)
        ]
        found = {
            "would_deactivate": missing["missing"],
            "of_active": missing["active"],
            "percent": round(share, 1),
            "most_percent": load.rules.most_deactivated,
            "samples": samples,
        }
        report.stop(load, tx, found)
    return True


def merge_next(load: Load, chunk: int) -> None:
    """The next chunk of SKUs into the catalog; after the last, the next phase. Raises Miscounted, before a full load
    would deactivate what it did not find."""
    for _ in range(RACES):
        merged = _merge(load, chunk)
        if merged is None:
            if load.job.done != load.job.total:
                raise staging.Miscounted(f"{load.job.done} rows are merged of {load.job.total}")
            load.go_to("deactivate" if load.full else "report")
            return
        if not merged["conflicts"]:
            return
    raise Raced(f"{merged['conflicts']} products were added by somebody else, again and again")  # type: ignore[index]


def _merge(load: Load, chunk: int) -> dict[str, Any] | None:
    """One try of a chunk: what it came to; None when no row was left."""
    job, rules = load.job, load.rules
    with writing(job.caller) as tx:
        if rules.dry_run and load.sampled < SAMPLES:
            _sample(load, tx)
        with tx.savepoint() as undo:
            merged: dict[str, Any] = dict(
                sql.merge_chunk(
                    tx,
                    catalog_id=load.catalog_id,
                    currency=rules.currency,
                    mode=rules.mode,
                    dry_run=rules.dry_run,
                    after=job.checkpoint["after"],
                    chunk=chunk,
                    max_low_stock=inventory.TOLD,
                    **load.staged,
                )
            )
            if merged["last_sku"] is None:
                return None
            if merged["conflicts"] or rules.dry_run:
                undo()
        if not merged["conflicts"]:
            if merged["rejections"]:
                sql.record_rejections(tx, **as_json({"rejections": merged["rejections"]}, "rejections"), **load.staged)
            load.count(merged)
            if merged["low_stock_count"] and not rules.dry_run:
                inventory.tell_low(tx, load.catalog_id, merged["low_stock_count"], merged["low_stock"])
            job.save(tx)
    if not rules.dry_run and not merged["conflicts"]:
        load.last_xid = tx.left.xid
    return merged


def _sample(load: Load, tx: Transaction) -> None:
    """What a dry run would change, of the first rows of the next chunk."""
    found = sql.compare_staged_products(
        tx, catalog_id=load.catalog_id, after=load.job.checkpoint["after"], max_rows=_COMPARED, **load.staged
    )
    samples: list[dict[str, Any]] = []
    for row in found:
        told, stored = row["staged"], row["stored"]
        if stored is None:
            if load.rules.mode != "update" and told.get("name") is not None and told.get("price") is not None:
                samples.append(
                    {"sku": row["sku"], "line": row["line"], "does": "create", "changes": _changes(told, {})}
                )
        elif load.rules.mode != "create" and (changes := _changes(told, stored)):
            samples.append({"sku": row["sku"], "line": row["line"], "does": "update", "changes": changes})
    load.sample(samples)


def _changes(told: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """Field → from and to, of what a row tells and is stored otherwise. '' clears a text."""
    return {
        name: {"from": stored.get(name), "to": value or None if isinstance(value, str) else value}
        for name, value in told.items()
        if value is not None and (value or None if isinstance(value, str) else value) != stored.get(name)
    }


def deactivate_next(load: Load, chunk: int) -> None:
    """The next chunk of products that no row names off the storefronts; after the last, the report.

    A row that was refused counts as present when its SKU could be read: the file knows the product.
    """
    job = load.job
    with writing(job.caller) as tx:
        gone: dict[str, Any] = dict(
            sql.deactivate_chunk(
                tx,
                catalog_id=load.catalog_id,
                after=job.checkpoint["after"],
                chunk=chunk,
                dry_run=load.rules.dry_run,
                **load.staged,
            )
        )
        if gone["last_sku"] is None:
            load.go_to("report")
        else:
            job.counts["deactivated"] += gone["deactivated"]
            job.checkpoint["after"] = gone["last_sku"]
            if load.rules.dry_run and gone["skus"]:
                load.sample([{"sku": sku, "does": "deactivate"} for sku in gone["skus"]])
        job.save(tx)
    if not load.rules.dry_run and gone["deactivated"]:
        load.last_xid = tx.left.xid
