"""Staging: rows of a file on their way into a catalog, sent by COPY."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from wecelebrate.database import Caller, as_json, copy_rows, queries, writing
from wecelebrate.feeds import Item, Product, Rejected
from wecelebrate.jobs import Fenced
from wecelebrate.jobs.held import LEASE_SECONDS
from wecelebrate.loads.load import Load

sql = queries(__file__)

STAGING = Caller(subject="service:staging")

_PRODUCT = (
    "job_id", "fence", "line", "rows", "sku", "name", "description", "category", "brand", "price", "currency", "images",
    "attributes", "inventory_count", "is_active", "source_data",
)  # fmt: skip
_REJECTION = ("job_id", "fence", "line", "n", "sku", "code", "reason", "raw")
_PRODUCTS = f"copy app.staged_products ({', '.join(_PRODUCT)}) from stdin"
_REJECTIONS = f"copy app.staged_rejections ({', '.join(_REJECTION)}) from stdin"


class Miscounted(Exception):
    """What is staged is not what was read."""


def add(load: Load, items: Sequence[Item]) -> None:
    """Stage one chunk, and the job's progress with it. Raises Fenced."""
    job = load.job
    products = [_product(load, item) for item in items if isinstance(item, Product)]
    rejected = [_rejection(load, n, item) for n, item in enumerate(items) if isinstance(item, Rejected)]
    if load.here:
        with writing(job.caller) as tx:
            sql.stage_products(tx, [dict(zip(_PRODUCT, row, strict=True)) for row in products])
            sql.stage_rejections(tx, [dict(zip(_REJECTION, row, strict=True)) for row in rejected])
            job.save(tx)
        return
    with writing(STAGING) as tx:
        if products:
            copy_rows(tx, _PRODUCTS, products)
        if rejected:
            copy_rows(tx, _REJECTIONS, rejected)
        values = as_json({"counts": job.counts, "checkpoint": job.checkpoint}, "counts", "checkpoint")
        if not sql.save_staging(tx, job_id=job.id, fence=job.fence, done=job.done, seconds=LEASE_SECONDS, **values):
            raise Fenced
    job.saved(failures=0)


def finish(load: Load) -> None:
    """All rows are staged: count them, and make them known to the planner. Raises Miscounted."""
    job = load.job
    with writing(job.caller if load.here else STAGING) as tx:
        if not load.here:
            sql.analyze_staged(tx)
        staged = sql.count_staged(tx, **load.staged)
    if staged + job.counts["rejected"] != job.counts["read"]:
        raise Miscounted(f"{staged} rows are staged of {job.counts}")


def done(load: Load) -> None:
    """Nothing of it is needed any more."""
    if not load.here:
        clear([load.job.id])


def clear(job_ids: Sequence[UUID]) -> None:
    """Remove what is staged for some jobs."""
    with writing(STAGING) as tx:
        sql.delete_staged_products(tx, job_ids=list(job_ids))
        sql.delete_staged_rejections(tx, job_ids=list(job_ids))


def jobs() -> list[UUID]:
    """The jobs that rows are staged for."""
    with writing(STAGING) as tx:
        return [row["job_id"] for row in sql.list_staged_jobs(tx)]


def _product(load: Load, product: Product) -> tuple[Any, ...]:
    """A row of app.staged_products: NULL is what the file does not speak of, '' what it clears."""
    given = product.given
    return (
        load.job.id,
        load.job.checkpoint["fence"],
        product.line,
        product.rows,
        product.sku,
        product.name,
        (product.description or "") if "description" in given else None,
        (product.category or "") if "category" in given else None,
        (product.brand or "") if "brand" in given else None,
        product.price,
        product.currency if "currency" in given or "price" in given else None,
        _json(product.images) if "images" in given else None,
        _json(product.attributes) if "attributes" in given else None,
        (product.inventory_count or 0) if "inventory_count" in given else None,
        product.is_active if "is_active" in given else None,
        _json(product.source),
    )


def _rejection(load: Load, n: int, item: Rejected) -> tuple[Any, ...]:
    return (load.job.id, load.job.checkpoint["fence"], item.line, n, item.sku, item.code, item.reason, _json(item.raw))


def _json(value: Any) -> str:
    """JSON text. There are three a row, so the standard library's pace would be felt."""
    return orjson.dumps(value).decode()
