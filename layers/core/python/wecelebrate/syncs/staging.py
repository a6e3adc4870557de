"""Staging: rows of a file on their way into a catalog, sent by COPY."""

from collections.abc import Sequence
from typing import Any

import orjson

from wecelebrate.database import Caller, copy_rows, writing
from wecelebrate.feeds import Item, Product, Rejected
from wecelebrate.syncs.intake import sql
from wecelebrate.syncs.work import Work

STAGING = Caller(subject="service:staging")

_PRODUCTS = """
copy app.staged_products (job_id, fence, line, rows, sku, name, description, category, brand, price, currency, images,
  attributes, inventory_count, is_active, source_data) from stdin
"""
_REJECTIONS = "copy app.staged_rejections (job_id, fence, line, n, sku, code, reason, raw) from stdin"


def add(work: Work, items: Sequence[Item]) -> None:
    """Stage one chunk, in one transaction."""
    products = [_product(work, item) for item in items if isinstance(item, Product)]
    rejected = [_rejection(work, n, item) for n, item in enumerate(items) if isinstance(item, Rejected)]
    with writing(STAGING) as tx:
        if products:
            copy_rows(tx, _PRODUCTS, products)
        if rejected:
            copy_rows(tx, _REJECTIONS, rejected)


def finish() -> None:
    """All rows are staged: make them known to the planner."""
    with writing(STAGING) as tx:
        sql.analyze_staged(tx)


def clear(work: Work) -> None:
    """Remove what is staged for the job."""
    with writing(STAGING) as tx:
        sql.unstage_products(tx, job_id=work.job_id)
        sql.unstage_rejections(tx, job_id=work.job_id)


def _product(work: Work, product: Product) -> tuple[Any, ...]:
    """A row of app.staged_products: NULL is what the file does not speak of, '' what it clears."""
    given = product.given
    return (
        work.job_id,
        work.fence,
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


def _rejection(work: Work, n: int, item: Rejected) -> tuple[Any, ...]:
    return (work.job_id, work.fence, item.line, n, item.sku, item.code, item.reason, _json(item.raw))


def _json(value: Any) -> str:
    """JSON text. There are three a row, so the standard library's pace would be felt."""
    return orjson.dumps(value).decode()
