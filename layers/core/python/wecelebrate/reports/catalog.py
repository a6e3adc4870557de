"""The report of a catalog: its products, its stock, and how its files were read."""

import json
from datetime import UTC, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Transaction
from wecelebrate.core.errors import NotFound
from wecelebrate.core.types import Amount, Moment
from wecelebrate.reports.client import sql


class StockValue(BaseModel):
    """The tracked stock of active products with prices in one currency."""

    currency: str
    """An ISO 4217 code."""
    pieces: int
    """The number of pieces."""
    value: Amount
    """The sum of the prices of all pieces."""


class SyncFigures(BaseModel):
    """The imports and syncs of the last 30 days."""

    completed: int
    """The number of completed jobs."""
    failed: int
    """The number of failed jobs."""
    read: int
    """The number of rows that were read."""
    rejected: int
    """The number of rows that were rejected."""


class RejectionFigures(BaseModel):
    """Rejected rows with the same reason. Only the first errors of each job are included."""

    code: str
    """The stable identifier of the error."""
    rows: int
    """The number of rows among the first errors of the jobs."""
    example: str
    """One of the error messages."""


class CatalogReport(BaseModel):
    """The report of a catalog."""

    catalog_id: UUID
    name: str
    """The name of the catalog."""
    generated_at: Moment
    """When the figures were read."""
    last_sync_at: Moment | None
    """When a file was last loaded. Null if no file was loaded."""
    hours_since_sync: float | None
    """The number of hours since a file was last loaded. Null if no file was loaded."""
    products: int
    """The number of all products."""
    active: int
    """The number of active products."""
    untracked: int
    """The number of active products whose stock is not tracked."""
    in_stock: int
    """The number of active products that are in stock."""
    low_stock: int = Field(
        description="The number of active, tracked products whose stock is at most `low_inventory` of the catalog."
    )
    without_image: int
    """The number of active products without an image."""
    pieces: int
    """The number of pieces in the tracked stock of all active products."""
    stock_value: list[StockValue]
    """The tracked stock by currency."""
    syncs: SyncFigures
    """The imports and syncs of the last 30 days."""
    rejections: list[RejectionFigures]
    """The reasons for which rows were rejected in the last 30 days."""


def entry(catalog_id: UUID) -> Entry:
    """Return the cache entry of a catalog's report.

    The report is cached for only a minute, because jobs do not invalidate it.
    """
    tags = [f"products:{catalog_id}", f"catalog:{catalog_id}"]
    return keys.entry(keys.OPEN_REPORT, "catalog", catalog_id, tags=tags)


def get(tx: Transaction, catalog_id: UUID) -> CatalogReport:
    """Return the report of a catalog. Raises NotFound for a catalog whose products the caller may not list."""
    row = sql.catalog_figures(tx, catalog_id=catalog_id)
    if row is None:
        raise NotFound
    return CatalogReport(**json.loads(row), generated_at=datetime.now(UTC))
