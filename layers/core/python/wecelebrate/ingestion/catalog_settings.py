"""Reads a catalog, and its settings for reading files."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate.core.database import Transaction, queries

sql = queries(__file__)

DEFAULT_CURRENCY = "USD"


def find_catalog(tx: Transaction, catalog_id: UUID) -> dict[str, Any] | None:
    """Return a catalog, or None if the caller cannot see it.

    The keys are `id`, `owner_client_id`, `currency`, `sync_settings`, `reading` (how the last file was read that was
    merged, or None) and `accepted` (the changes to this reading that a user has accepted).
    """
    row = sql.get_catalog(tx, catalog_id=catalog_id)
    return dict(row) if row else None


def default_currency(catalog: Mapping[str, Any]) -> str:
    """Return the currency of the prices for which a file names no currency."""
    return str(catalog["currency"] or catalog["sync_settings"].get("currency", DEFAULT_CURRENCY))


def reading_options(settings: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the options for `feeds.open_feed`: options of the file format, and the mapping of fields to columns.

    `settings` are the `sync_settings` of the catalog.
    """
    return {**(settings.get("options") or {}), **(settings.get("mapping") or {})}


def settings_key(catalog: Mapping[str, Any]) -> str:
    """Return a key that changes if the files of a catalog are read differently."""
    read_with = [reading_options(catalog["sync_settings"]), default_currency(catalog), catalog["reading"]]
    return hashlib.sha256(json.dumps(read_with, sort_keys=True).encode()).hexdigest()


def decided(settings: Mapping[str, Any]) -> set[str]:
    """Return the fields and options for which the `sync_settings` of a catalog say how they are read."""
    return {key for key, value in reading_options(settings).items() if value is not None}


def rules_of_files(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of `merge.Rules` that the `sync_settings` of a catalog set for every file."""
    return {"on_doubt": settings.get("on_doubt") or "ask", "plausibility": settings.get("plausibility") or {}}
