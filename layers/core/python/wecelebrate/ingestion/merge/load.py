"""The models of a load: its source, its target, its rules, and its position."""

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
"""The maximum number of differences that a dry run shows."""
MAX_SHORT_PRODUCTS = 10
"""The maximum number of short products that the result of a load names. A product is short if customers have ordered
more pieces than the file states."""

ImportMode = Literal["upsert", "update", "create"]
Phase = Literal["stage", "review", "merge", "deactivate", "report"]


class Rows(Protocol):
    """Rows that can be read only once: a feed, or the rows of a request."""

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
        """Whether the rows have a field for the stock, such as a column, even if this field is blank in some rows."""

    @property
    def has_places(self) -> bool:
        """Whether a SKU can have several rows: one row for each place where the product is stored."""

    @property
    def keeps_places(self) -> bool:
        """Whether the catalog stores the stock of each place, so that a delta changes only the places that the delta
        names.
        """

    @property
    def declared_mode(self) -> Literal["full", "delta"] | None:
        """The mode that the file declares, or None if the file declares no mode."""

    @property
    def other_identifier(self) -> str | None:
        """The column of an identifier other than the SKU, by which a row can name its product."""

    @property
    def reading(self) -> dict[str, Any] | None:
        """How the file is read, as JSON. It is None if the rows do not come from a file."""

    @property
    def questions(self) -> "tuple[Question, ...]":
        """The questions for which the file has several possible answers."""

    @property
    def changes(self) -> "tuple[Change, ...]":
        """The differences to how the previous file of the catalog was read."""

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
    """Whether products that the file does not contain are deactivated."""
    max_deactivated_percent: float = 100.0
    """The percentage of the active products that a full load is allowed to deactivate without an approval."""
    dry_run: bool = False
    default_inventory_policy: InventoryPolicy = "untracked"
    """The policy of new products if the file says nothing about the stock."""
    on_doubt: "OnDoubt" = "guess"
    """What to do if the content of the file does not make clear how to read it."""
    plausibility: Mapping[str, Any] | None = None
    """The limits of `review`, or None if the changes are not compared with the catalog."""
    timezone: str = "UTC"
    """The IANA time zone of the days and local times in the file."""


@dataclass
class Load:
    """A load, which merges the rows of one file into a catalog."""

    job: "LeasedJob"
    catalog_id: UUID
    rules: Rules
    open_rows: Callable[[], AbstractContextManager[Rows]]
    """A function that opens the rows at the first row. It can raise `feeds.UnreadableFeed`."""
    bucket: str
    """The bucket of the result file and the error file."""
    result_prefix: str
    """The common prefix of two keys: the key of the result file and the key of the error file."""
    source: Mapping[str, Any] = field(default_factory=dict)
    """The fields of the result file that describe the source."""
    inline: bool = False
    """Whether the load runs within a request. The database login of a request is not allowed to COPY rows into the
    staging tables or to delete staged rows. The sweeper deletes the staged rows later."""
    accepted: Sequence[Mapping[str, Any]] = ()
    """The differences that a user has accepted, compared with the reading of the previous file."""
    decided: Collection[str] = ()
    """The fields and the options that the settings of the catalog determine."""
    settings_key: str = ""
    """Identifies the settings with which the rows are read. If they change, the rows are staged again from the first
    row, because the first rows must not be read differently than the last rows."""
    stock_as_of: datetime | None = None
    """When the stock of the file was counted. None means that the stock is the stock that is free now, after all
    orders.
    """
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

        This key consists of the id of the job, and the fence of the worker that started to stage these rows.
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

        If the file has a field for the stock, its sender counts the stock, and a blank cell means no pieces. Then the
        product is tracked, and its count is 0. The checkpoint of the previous release does not say whether the file has
        this field.
        """
        return "tracked" if self.job.checkpoint.get("states_stock", True) else self.rules.default_inventory_policy

    @property
    def stores_source(self) -> bool:
        """Whether the rows are stored as source data.

        The rows of an export are not, because the platform itself wrote them.
        """
        return bool(self.job.checkpoint.get("details", {}).get("format") != "export")

    @property
    def accepts_unpriced(self) -> bool:
        """Whether other files contain the prices of the products. If so, a new product without a price is inactive."""
        return bool(self.job.checkpoint.get("details", {}).get("separate_prices"))

    def resume(self) -> None:
        """Continue after the last committed chunk. A new load starts at the first row.

        A load that had already ended starts again at the first row, because its staged rows are deleted. Rows that were
        already merged then count as unchanged. A load whose settings changed while it staged rows starts again, too.
        """
        checkpoint = self.job.checkpoint
        staged_differently = self.phase == "stage" and checkpoint.get("settings_key") != self.settings_key
        if not checkpoint or checkpoint.get("ended") or staged_differently:
            self.restart()

    def restart(self) -> None:
        """Start at the first row. The key of the staged rows gets the fence of this worker."""
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
        """Add the counts of a merged chunk to the job, and record the chunk's last SKU as the new position."""
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
        """Add differences that a dry run has found. At most MAX_SAMPLES differences are kept."""
        kept = self.job.checkpoint.setdefault("samples", [])
        kept += samples[: MAX_SAMPLES - len(kept)]

    @property
    def sample_count(self) -> int:
        """The number of differences that have been kept so far."""
        return len(self.job.checkpoint.get("samples", ()))
