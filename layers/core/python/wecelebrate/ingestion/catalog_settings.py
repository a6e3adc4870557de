"""The catalog that a file is loaded into, and its settings for reading files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from wecelebrate.core.database import Queries, Transaction

sql = Queries(Path(__file__).parent / "bulk_import" / "queries.sql")

DEFAULT_CURRENCY = "USD"


def find_catalog(tx: Transaction, catalog_id: UUID) -> dict[str, Any] | None:
    """The catalog's `id`, `owner_client_id` and `sync_settings`, or None if the caller cannot see it."""
    row = sql.get_catalog(tx, catalog_id=catalog_id)
    return dict(row) if row else None


def currency(settings: Mapping[str, Any]) -> str:
    """The default currency of a catalog's prices. `settings` are its `sync_settings`."""
    return str(settings.get("currency", DEFAULT_CURRENCY))


def reading_options(settings: Mapping[str, Any]) -> dict[str, str | None]:
    """The options for `feeds.open_feed`: options of the file format, and the mapping of fields to columns.

    `settings` are the catalog's `sync_settings`.
    """
    return {**(settings.get("options") or {}), **(settings.get("mapping") or {})}
