"""The models of a load: its rows, its catalog, its rules and its progress."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import UUID

from wecelebrate.core.types import InventoryPolicy

if TYPE_CHECKING:
    from wecelebrate.catalogs.models import OnDoubt
    from wecelebrate.feeds import Change, Item, Question
    from wecelebrate.jobs import LeasedJob

MAX_SAMPLES = 20
"""The maximum number of changes that a dry run shows as examples."""
MAX_SHORT_PRODUCTS = 10
"""The maximum number of products with too little stock that the result of a load names. A product has too little stock
if customers have ordered more pieces than the file states."""

ImportMode = Literal["upsert", "update", "create"]
Phase = Literal["stage", "review", "merge", "deactivate", "report"]


class Rows(Protocol):
    """The rows of a feed or of a request. They can be read only once."""

    @property
    def rows_read(self) -> int: ...
    @property
    def header(self) -> list[str]: ...
    @property
    def details(self) -> dict[str, Any]: ...
    @property
    def ended_cleanly(self) -> bool: ...
    @property
    def states_stock(self) -> bool:
        """Whether the file has a field for the stock, for example a column. The field can be blank in some rows."""

    @property
    def has_places(self) -> bool:
        """Whether a SKU can have several rows, because each place where the product is stored has its own row."""

    @property
    def keeps_places(self) -> bool:
        """Whether the catalog stores the stock of each place. A delta then changes only the places that it names."""

    @property
    def declared_mode(self) -> Literal["full", "delta"] | None:
        """The mode that the file declares, or None if the file declares no mode."""

    @property
    def other_identifier(self) -> str | None:
        """The column of another identifier than the SKU. A row can name its product by this identifier."""

    @property
    def reading(self) -> dict[str, Any] | None:
        """How the file is read, as JSON. It is None if the rows do not come from a file."""

    @property
    def questions(self) -> "tuple[Question, ...]":
        """The questions about the file, each with its possible answers."""

    @property
    def changes(self) -> "tuple[Change, ...]":
        """The differences between the reading of this file and the reading of the previous file of the catalog."""

    def __iter__(self) -> "Iterator[Item]": ...


@dataclass(frozen=True)
class Rules:
    """The rules for converting rows to products."""

    currency: str
    """The default currency of new products."""
    catalog_currency: str | None = None
    """The currency of all prices of the catalog, or None if it has no currency yet."""
    mode: ImportMode = "upsert"
    full: bool = False
    """Whether the load deactivates products that the file does not contain."""
    max_deactivated_percent: float = 100.0
    """The maximum percentage of the active products that a full load can deactivate without an approval."""
    dry_run: bool = False
    default_inventory_policy: InventoryPolicy = "untracked"
    """The policy of new products if the file does not contain the stock."""
    on_doubt: "OnDoubt" = "guess"
    """What to do if the file can be read in several ways."""
    plausibility: Mapping[str, Any] | None = None
    """The limits for the phase `review`. If they are None, the phase does not compare the changes with the catalog."""
    timezone: str = "UTC"
    """The IANA time zone for the days and local times in the file."""


@dataclass
class Load:
    """A load. It merges the rows of one file into a catalog."""

    job: "LeasedJob"
    catalog_id: UUID
    rules: Rules
    open_rows: Callable[[], AbstractContextManager[Rows]]
    """A function that opens the rows, beginning with the first row. It can raise `feeds.UnreadableFeed`."""
    bucket: str
    """The bucket of the result file and the error file."""
    result_prefix: str
    """The prefix of the keys of the result file and the error file."""
    source: Mapping[str, Any] = field(default_factory=dict)
    """The fields of the result file that describe where the rows come from."""
    inline: bool = False
    """Whether the load runs within a request. The database login of a request has no permission to COPY rows into the
    staging tables or to delete staged rows. The sweeper deletes the staged rows later."""
    accepted: Sequence[Mapping[str, Any]] = ()
    """The accepted differences. A user has accepted that the file is read differently from the previous file."""
    decided: Collection[str] = ()
    """The fields and options that are configured in the settings of the catalog."""
    settings_key: str = ""
    """Identifies the settings with which the rows are read. If these settings change, all rows are staged again,
    because all rows must be read in the same way."""
    stock_as_of: datetime | None = None
    """When the stock of the file was counted. None means that the file states the stock that is free to sell now."""
    last_xid: str | None = None
    """The id of the last transaction in which this worker changed products."""

    @property
    def phase(self) -> Phase:
        """The next phase to run."""
        phase: Phase = self.job.checkpoint.get("phase", "stage")
        return phase

    @property
    def staging_key(self) -> dict[str, Any]:
        """The key of the staged rows.

        The key consists of the id of the job and of the fence of the worker that began to stage the rows.
        """
        return {"job_id": self.job.id, "fence": int(self.job.checkpoint["fence"])}

    @property
    def deactivates_missing(self) -> bool:
        """Whether the load deactivates products that the file does not contain.

        It is False if the file declares that it is a delta, or if the file could not be read to its end.
        """
        return self.replaces and bool(self.job.checkpoint["ended_cleanly"])

    @property
    def replaces(self) -> bool:
        """Whether a row replaces all attributes and the source data of its product.

        The rows of a delta change only the attributes and columns that they contain.
        """
        return self.rules.full and self.job.checkpoint["declared_mode"] != "delta"

    @property
    def default_inventory_policy(self) -> InventoryPolicy:
        """The policy of a new product whose row states no stock.

        If the file has a field for the stock, a blank cell means that no pieces are in stock. The product is then
        tracked, with the count 0. The checkpoint of the previous release does not say whether the file has this field.
        """
        return "tracked" if self.job.checkpoint.get("states_stock", True) else self.rules.default_inventory_policy

    @property
    def stores_source(self) -> bool:
        """Whether the rows are stored as source data.

        The rows of an export are not stored as source data, because the platform itself wrote them.
        """
        return bool(self.job.checkpoint.get("details", {}).get("format") != "export")

    @property
    def accepts_unpriced(self) -> bool:
        """Whether the prices of the products are in other files. A new product without a price is then inactive."""
        return bool(self.job.checkpoint.get("details", {}).get("separate_prices"))

    def resume(self) -> None:
        """Continue after the last committed chunk. A new load starts at the first row.

        A load that had already ended starts again at the first row, because its staged rows were deleted. Rows that
        were already merged are then counted as unchanged. If the settings change while a load stages rows, the load
        starts again too.
        """
        checkpoint = self.job.checkpoint
        staged_differently = self.phase == "stage" and checkpoint.get("settings_key") != self.settings_key
        if not checkpoint or checkpoint.get("ended") or staged_differently:
            self.restart()

    def restart(self) -> None:
        """Start at the first row. The staged rows get a new `staging_key`, with the fence of this worker."""
        self.job.checkpoint = {
            "phase": "stage",
            "fence": self.job.fence,
            "items": 0,
            "settings_key": self.settings_key,
        }
        self.job.counts = {"read": 0, "created": 0, "updated": 0, "unchanged": 0, "rejected": 0, "deactivated": 0}
        self.job.done, self.job.total = 0, None

    def enter_phase(self, phase: Phase) -> None:
        """Move to the start of a phase."""
        self.job.checkpoint |= {"phase": phase, "after": ""}

    def add_counts(self, merged: Mapping[str, Any]) -> None:
        """Add the counts of a merged chunk to the job.

        The last SKU of the chunk becomes the new position of the load.
        """
        counts = self.job.counts
        counts["created"] += int(merged["created"])
        counts["updated"] += int(merged["updated"])
        counts["rejected"] += int(merged["rejected"])
        counts["unchanged"] += int(merged["rows"] - merged["created"] - merged["updated"] - merged["rejected"])
        self.job.done += int(merged["rows"])
        self.job.checkpoint["after"] = merged["last_sku"]
        if merged["short_count"]:
            short = self.job.checkpoint.setdefault("short", {"count": 0, "products": []})
            short["count"] += int(merged["short_count"])
            short["products"] += merged["short"][: MAX_SHORT_PRODUCTS - len(short["products"])]
        if merged["running_offers"] or merged["waiting_offers"]:
            offers = self.job.checkpoint.setdefault("offers", {"running": 0, "waiting": 0})
            offers["running"] += int(merged["running_offers"])
            offers["waiting"] += int(merged["waiting_offers"])
        if merged["unpriced"]:
            self.job.checkpoint["unpriced"] = self.job.checkpoint.get("unpriced", 0) + int(merged["unpriced"])

    def add_samples(self, samples: list[dict[str, Any]]) -> None:
        """Add the changes that a dry run has found, up to MAX_SAMPLES changes in total."""
        kept = self.job.checkpoint.setdefault("samples", [])
        kept += samples[: MAX_SAMPLES - len(kept)]

    @property
    def sample_count(self) -> int:
        """The number of changes that the dry run has found, up to MAX_SAMPLES."""
        return len(self.job.checkpoint.get("samples", ()))
