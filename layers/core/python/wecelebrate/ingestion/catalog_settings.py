"""Reads a catalog, and its settings for reading files."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.types import InventoryPolicy

if TYPE_CHECKING:
    from wecelebrate.feeds import Disclosure

sql = queries(__file__)

DEFAULT_CURRENCY = "USD"
DEFAULT_INVENTORY_POLICY: InventoryPolicy = "untracked"
"""The policy of new products from a file without a stock. A file without a stock does not limit the orders."""
MAX_SHOWN = 200
_LENGTHS = frozenset(("string_too_long", "string_too_short", "too_long", "too_short"))
"""The types of pydantic's errors about the lengths of texts and lists."""
DEFAULT_STOCK_DELAY_MINUTES = 15
"""How old the stock of a file usually is when the file arrives, in minutes."""


def find_catalog(tx: Transaction, catalog_id: UUID) -> dict[str, Any] | None:
    """Return a catalog, or None if the caller cannot see it.

    The keys are `id`, `owner_client_id`, `currency`, `timezone`, `sync_settings`, `reading` and `accepted`. `reading`
    is how the last merged file was read, or None. `accepted` contains the changes of the reading that a user has
    accepted.
    """
    row = sql.get_catalog(tx, catalog_id=catalog_id)
    return dict(row) if row else None


def default_currency(catalog: Mapping[str, Any]) -> str:
    """Return the currency of prices that have no currency in the file."""
    return str(catalog["currency"] or catalog["sync_settings"].get("currency", DEFAULT_CURRENCY))


def default_inventory_policy(settings: Mapping[str, Any]) -> InventoryPolicy:
    """Return the policy of new products from a file without a stock. `settings` are the `sync_settings`."""
    policy: InventoryPolicy = settings.get("default_inventory_policy", DEFAULT_INVENTORY_POLICY)
    return policy


def stock_time(settings: Mapping[str, Any], arrived_at: datetime) -> datetime:
    """Return when the stock of a file was probably counted. It is used for files that do not state this time.

    `settings` are the `sync_settings`.
    """
    minutes = settings.get("stock_delay_minutes")
    # If the value has another type, this function must not fail, because the file must get a job. The job then fails in
    # `check_settings`.
    delay = minutes if isinstance(minutes, int) else DEFAULT_STOCK_DELAY_MINUTES
    return arrived_at - timedelta(minutes=delay)


def stock_as_of(payload: Mapping[str, Any], job_id: UUID, settings: Mapping[str, Any]) -> datetime:
    """Return when the stock in the file of a job was counted. For jobs of the previous release, compute the time."""
    if payload.get("stock_as_of"):
        return datetime.fromisoformat(payload["stock_as_of"])
    return stock_time(settings, datetime.fromtimestamp((job_id.int >> 80) / 1000, UTC))


def reading_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options for `feeds.open_feed`: options of the file format, and the mapping of fields to columns.

    An entry of the mapping is a column, None, or a transformation (`core.types.transformations`).

    `settings` are the `sync_settings` of the catalog.
    """
    return {**(settings.get("options") or {}), **(settings.get("mapping") or {})}


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise UnreadableFeed if this release does not know a setting, or the value of a setting.

    A later release can write settings that this release does not know after a rollback. If the file were read without
    these settings, the prices, the SKUs or the public columns could be different.

    A text that is longer than the API accepts is no error, because earlier releases stored long names of columns as the
    answers to questions.
    """
    # The imports are in the function, because most users of this module do not need these modules.
    from pydantic import ValidationError

    from wecelebrate.catalogs.models import SyncSettings
    from wecelebrate.feeds import UnreadableFeed

    try:
        SyncSettings.model_validate({key: value for key, value in settings.items() if value is not None})
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)
        first = next((error for error in errors if error["type"] not in _LENGTHS), None)
        if first is None:
            return
        place = ".".join(str(part) for part in first["loc"] if not str(part).startswith("["))
        raise UnreadableFeed(
            f"this release does not know the setting `{place[:MAX_SHOWN]}` of the catalog's `sync_settings`, or its "
            f"value ({first['msg']}). Files and rows are not read without it. Change the setting, or deploy the "
            "release that knows it"
        ) from error


def accepts(setting: str, key: str, value: str | None) -> bool:
    """Return whether the API accepts a value of an option or of a field. `setting` is `options` or `mapping`."""
    # The imports are in the function, because most users of this module do not need these modules.
    from pydantic import ValidationError

    from wecelebrate.catalogs.models import SyncSettings

    try:
        SyncSettings.model_validate({setting: {key: value}})
    except ValidationError:
        return False
    return True


def disclosure(settings: Mapping[str, Any]) -> "Disclosure":
    """Return the rules that decide which attributes are public, for `feeds.open_feed`."""
    # The import is in the function, because it also loads the file parsers. Most users of this module do not need them.
    from wecelebrate.feeds import Disclosure

    return Disclosure(settings.get("attributes"), settings.get("private_columns") or ())


def settings_key(catalog: Mapping[str, Any]) -> str:
    """Return a key of all settings that affect how files are read. If such a setting changes, the key changes."""
    settings = catalog["sync_settings"]
    visibility = settings.get("attributes"), settings.get("private_columns")
    read_with = [reading_options(settings), default_currency(catalog), catalog["reading"], visibility]
    return hashlib.sha256(json.dumps(read_with, sort_keys=True).encode()).hexdigest()


def decided(settings: Mapping[str, Any]) -> set[str]:
    """Return the fields and options that are configured in the `sync_settings` of a catalog."""
    options = {key for key, value in (settings.get("options") or {}).items() if value is not None}
    return options | (settings.get("mapping") or {}).keys()  # A field that is mapped to null is not read.


def rules_of_files(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of `merge.Rules` that are set in the `sync_settings` of a catalog. They apply to all of its
    files.
    """
    return {"on_doubt": settings.get("on_doubt") or "ask", "plausibility": settings.get("plausibility") or {}}
