"""One load: what goes where by which rules, and how far it is."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from wecelebrate.feeds import Item
    from wecelebrate.jobs import Held

ROW_COUNTS = ("read", "created", "updated", "unchanged", "rejected", "deactivated")
SAMPLES = 20
"""Differences that a dry run shows."""

Mode = Literal["upsert", "update", "create"]
Phase = Literal["stage", "review", "merge", "deactivate", "report"]


class Rows(Protocol):
    """Rows that are read once: a feed, or the rows of a request."""

    @property
    def rows_read(self) -> int: ...
    @property
    def header(self) -> list[str]: ...
    @property
    def details(self) -> dict[str, Any]: ...
    @property
    def ended_cleanly(self) -> bool: ...
    @property
    def nature(self) -> Literal["full", "delta"] | None: ...
    def __iter__(self) -> "Iterator[Item]": ...


@dataclass(frozen=True)
class Rules:
    """How rows become products."""

    currency: str
    mode: Mode = "upsert"
    full: bool = False
    """Whether products that no row names are deactivated."""
    most_deactivated: float = 100.0
    """Percent of the active products that a full load deactivates without asking."""
    dry_run: bool = False


@dataclass
class Load:
    """Rows of one file on their way into a catalog."""

    job: "Held"
    catalog_id: UUID
    rules: Rules
    open: Callable[[], AbstractContextManager[Rows]]
    """Opens the rows, from the first. Raises feeds.UnreadableFeed."""
    bucket: str
    results: str
    """Bucket, and beginning of the keys, of the result and the error file."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the result says of the source."""
    here: bool = False
    """Whether it is done in a request, whose login enters no staging: what is staged, the sweeper removes."""
    last_xid: str | None = None
    """The last transaction that this worker changed products in."""

    @property
    def phase(self) -> Phase:
        """What comes next."""
        phase: Phase = self.job.checkpoint.get("phase", "stage")
        return phase

    @property
    def staged(self) -> dict[str, Any]:
        """What its staged rows are found by: the fence is that of the worker that staged the first of them."""
        return {"job_id": self.job.id, "fence": int(self.job.checkpoint["fence"])}

    @property
    def full(self) -> bool:
        """Whether what is missing is deactivated: never by a file that says itself that it is a part, or broke off."""
        said = self.job.checkpoint
        return self.rules.full and said["nature"] != "delta" and bool(said["ended_cleanly"])

    def resume(self) -> None:
        """Go on where the worker before stopped, behind its last chunk; or begin.

        One that had ended begins anew, for what is staged for an ended job is removed: what it merged is found
        unchanged.
        """
        if not self.job.checkpoint or self.job.checkpoint.get("ended"):
            self.begin()

    def begin(self) -> None:
        """From the first row, staged by this worker."""
        self.job.checkpoint = {"phase": "stage", "fence": self.job.fence, "items": 0}
        self.job.counts = dict.fromkeys(ROW_COUNTS, 0)
        self.job.done, self.job.total = 0, None

    def go_to(self, phase: Phase) -> None:
        """The next phase, from its beginning."""
        self.job.checkpoint |= {"phase": phase, "after": ""}

    def count(self, merged: Mapping[str, Any]) -> None:
        """Add what a merged chunk came to."""
        counts = self.job.counts
        for name in ("created", "updated", "rejected"):
            counts[name] += int(merged[name])
        counts["unchanged"] += int(merged["rows"] - merged["created"] - merged["updated"] - merged["rejected"])
        self.job.done += int(merged["rows"])
        self.job.checkpoint["after"] = merged["last_sku"]

    def sample(self, samples: list[dict[str, Any]]) -> None:
        """Keep the first differences that a dry run finds."""
        kept = self.job.checkpoint.setdefault("samples", [])
        kept += samples[: SAMPLES - len(kept)]

    @property
    def sampled(self) -> int:
        """How many differences are kept."""
        return len(self.job.checkpoint.get("samples", ()))


def told(settings: Mapping[str, Any]) -> dict[str, str | None]:
    """What a catalog's settings tell of its files: options of the file, and field to column."""
    return {**(settings.get("options") or {}), **(settings.get("mapping") or {})}
