"""Staging: writes the rows of a file to the staging tables with COPY, before they are merged into the catalog."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import orjson

from wecelebrate.core.database import Caller, as_json, copy_rows, queries, writing
from wecelebrate.core.shortening import shortened_text
from wecelebrate.feeds import Item, Product, Rejected
from wecelebrate.ingestion.merge.bounds import MAX_REASON_LENGTH, cut_off, oversized, stored_cells
from wecelebrate.ingestion.merge.load import Load
from wecelebrate.ingestion.merge.offers import stored_offers
from wecelebrate.jobs import LeaseLost

sql = queries(__file__)

SERVICE = Caller(subject="service:staging")
"""The caller that stages rows. It can access only the staged rows of the job in its `job_id`."""

_PRODUCT_COLUMNS = (
    "job_id", "fence", "line", "rows", "sku", "name", "description", "category", "brand", "price", "currency", "images",
    "attributes", "inventory_count", "inventory_policy", "is_active", "source_data", "ordinal", "blank_attributes",
    "new_is_active", "stock_by_place", "stock_as_of", "offers",
)  # fmt: skip
_REJECTION_COLUMNS = ("job_id", "fence", "line", "n", "sku", "code", "reason", "raw")
_JSON_COLUMNS = tuple(_PRODUCT_COLUMNS.index(name) for name in ("images", "attributes", "source_data"))
_COPY_PRODUCTS = f"copy app.staged_products_intake ({', '.join(_PRODUCT_COLUMNS)}) from stdin"
_COPY_REJECTIONS = f"copy app.staged_rejections_intake ({', '.join(_REJECTION_COLUMNS)}) from stdin"


class CountMismatch(Exception):
    """The number of staged or merged rows differs from the number of rows that were read."""


@dataclass
class Chunk:
    """The rows of one chunk. Each tuple has the values of a row of a staging table."""

    products: list[tuple[Any, ...]] = field(default_factory=list)
    rejections: list[tuple[Any, ...]] = field(default_factory=list)
    rejected_rows: int = 0
    """The number of source rows that are rejected."""


def prepare(load: Load, items: Sequence[Item]) -> Chunk:
    """Convert items to rows of the staging tables. If a value of a product is too large, the item becomes a rejection.

    The ordinal of an item is its position in the file, counted from 1. It identifies the item, because several items
    can be on one line. If the file is read again after an interruption, each item gets the same ordinal.
    """
    chunk = Chunk()
    for ordinal, item in enumerate(items, load.job.checkpoint["items"] + 1):
        if isinstance(item, Rejected):
            row = _rejection_row(load, ordinal, item, code=item.code, reason=item.reason, raw=stored_cells(item.raw))
        else:
            row = _product_row(load, ordinal, item)
            reason = oversized(item, *(row[column] for column in _JSON_COLUMNS))
            if reason is None:
                chunk.products.append(row)
                continue
            row = _rejection_row(load, ordinal, item, code="too_long", reason=reason, raw=cut_off(item.source))
        chunk.rejected_rows += item.rows
        chunk.rejections.append(row)
    return chunk


def add_chunk(load: Load, chunk: Chunk) -> None:
    """Stage one chunk and save the progress of the job, in one transaction. Raises LeaseLost."""
    job = load.job
    if load.inline:
        with writing(job.caller) as tx:
            sql.stage_products(tx, [dict(zip(_PRODUCT_COLUMNS, row, strict=True)) for row in chunk.products])
            sql.stage_rejections(tx, [dict(zip(_REJECTION_COLUMNS, row, strict=True)) for row in chunk.rejections])
            job.save(tx)
        return
    with writing(replace(SERVICE, job_id=job.id)) as tx:
        if chunk.products:
            copy_rows(tx, _COPY_PRODUCTS, chunk.products)
        if chunk.rejections:
            copy_rows(tx, _COPY_REJECTIONS, chunk.rejections)
        values = as_json({"counts": job.counts, "checkpoint": job.checkpoint}, "counts", "checkpoint")
        if not sql.save_staging(tx, job_id=job.id, fence=job.fence, done=job.done, seconds=job.lease_seconds, **values):
            raise LeaseLost
    job.progress_saved(failures=0)


def finish(load: Load) -> None:
    """Check that every row is staged, and update the query planner's statistics about the staged rows.

    Raises CountMismatch.
    """
    job = load.job
    with writing(job.caller if load.inline else replace(SERVICE, job_id=job.id)) as tx:
        if not load.inline:
            sql.analyze_staged(tx)
        staged_rows = sql.count_staged(tx, **load.staging_key)
    if staged_rows + job.counts["rejected"] != job.counts["read"]:
        raise CountMismatch(f"{staged_rows} rows are staged, but the counts of the job are {job.counts}")


def discard(load: Load) -> None:
    """Delete the staged rows of a load that has ended. The rows of an inline load stay, and the sweeper deletes them
    later.
    """
    if not load.inline:
        delete([load.job.id])


def delete(job_ids: Sequence[UUID]) -> None:
    """Delete the staged rows of the given jobs."""
    for job_id in job_ids:
        with writing(replace(SERVICE, job_id=job_id)) as tx:
            sql.delete_staged_products(tx)
            sql.delete_staged_rejections(tx)


def job_ids() -> list[UUID]:
    """Return the ids of the jobs that have staged rows."""
    with writing(SERVICE) as tx:
        return [row["job_id"] for row in sql.list_staged_jobs(tx)]


def _product_row(load: Load, ordinal: int, product: Product) -> tuple[Any, ...]:
    """Return a row of `app.staged_products`.

    If a value of the row is NULL, the value of the product does not change. An empty text clears the value.
    """
    fields = product.fields_set
    return (
        load.job.id,
        load.job.checkpoint["fence"],
        product.line,
        product.rows,
        product.sku,
        product.name,
        (product.description or "") if "description" in fields else None,
        (product.category or "") if "category" in fields else None,
        (product.brand or "") if "brand" in fields else None,
        product.price,
        product.currency if "currency" in fields else None,
        _json(product.images) if "images" in fields else None,
        _json(product.attributes) if "attributes" in fields else None,
        (product.inventory_count or 0) if "inventory_count" in fields else None,
        product.inventory_policy or ("tracked" if "inventory_count" in fields else None),
        product.is_active if "is_active" in fields else None,
        _json(product.source),
        ordinal,
        list(product.blank_attributes) or None,
        product.is_active,
        None if product.stock_by_place is None else _json(product.stock_by_place),
        product.stock_as_of,
        _offers(load, product),
    )


def _offers(load: Load, product: Product) -> str | None:
    """Return the offers of a row. Return None if the stored offers must not change.

    If a row of a delta has no offers, the stored offers stay. In a full file, they are removed.
    """
    if "offers" not in product.fields_set or (product.offers is None and not load.replaces):
        return None
    return _json(stored_offers(product.offers or (), load.rules.timezone))


def _rejection_row(load: Load, ordinal: int, item: Item, *, code: str, reason: str, raw: Any) -> tuple[Any, ...]:
    """Return a row of `app.staged_rejections`.

    `n` is the ordinal of the item. The rejections of one line are sorted by this number.
    """
    short_reason = shortened_text(reason, MAX_REASON_LENGTH)
    return (load.job.id, load.job.checkpoint["fence"], item.line, ordinal, item.sku, code, short_reason, _json(raw))


def _json(value: Any) -> str:
    """Return the value as JSON.

    The encoder of the standard library would be too slow, because each row has three JSON values.
    """
    return orjson.dumps(value).decode()
