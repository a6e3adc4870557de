"""One job in the hands of one worker."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from wecelebrate import jobs
from wecelebrate.database import Caller, Transaction, as_json
from wecelebrate.syncs.intake import SERVICE, sql

ROW_COUNTS = ("read", "created", "updated", "unchanged", "rejected")


class Fenced(Exception):
    """The job was cancelled, or another worker took it over: this one may write no more."""


@dataclass
class Work:
    """A sync: what it is about, how far it is, and what lets this worker go on with it."""

    job_id: UUID
    client_id: UUID | None
    catalog_id: UUID
    key: str
    version_id: str
    fence: int
    last_attempt: bool
    alive: Callable[[], None]
    """Tells the queue that the work goes on."""
    currency: str = "USD"
    done: int = 0
    """Source rows whose fate is settled."""
    total: int | None = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ROW_COUNTS, 0))
    checkpoint: dict[str, Any] = field(default_factory=dict)
    last_xid: str | None = None
    """The last transaction that this worker changed products in."""

    @classmethod
    def of(cls, job: dict[str, Any], fence: int, alive: Callable[[], None]) -> "Work":
        """The work that a row of `jobs` asks for, under a fence that was just taken."""
        return cls(
            job_id=job["id"],
            client_id=job["client_id"],
            catalog_id=job["catalog_id"],
            key=job["payload"]["key"],
            version_id=job["payload"]["version_id"],
            fence=fence,
            last_attempt=job["attempts"] + 1 >= job["max_attempts"],
            alive=alive,
        )

    @property
    def caller(self) -> Caller:
        """A service principal of the catalog's owner, which sees the staged rows of this job alone."""
        return Caller(subject=SERVICE, client_id=self.client_id, job_id=self.job_id)

    @property
    def phase(self) -> Literal["stage", "merge"]:
        """What comes next."""
        return "merge" if self.checkpoint.get("phase") == "merge" else "stage"

    @property
    def staged_fence(self) -> int:
        """Fence of the worker that staged the rows to merge: this one, or one before it."""
        return int(self.checkpoint["fence"])

    def resume(self, saved: dict[str, Any]) -> None:
        """Go on where the worker before stopped: amid the merge, or from the first row of the file."""
        if saved["checkpoint"].get("phase") == "merge":
            self.checkpoint = saved["checkpoint"]
            self.counts |= saved["counts"]
            self.done, self.total = saved["done"], saved["total"]

    def count(self, merged: dict[str, Any]) -> None:
        """Add what a merged chunk came to."""
        for name in ("created", "updated", "rejected"):
            self.counts[name] += int(merged[name])
        self.counts["unchanged"] += int(merged["rows"] - merged["created"] - merged["updated"] - merged["rejected"])
        self.done += int(merged["rows"])
        self.checkpoint["after"] = merged["upto"]

    def save(self, tx: Transaction) -> None:
        """Progress into the job, in the transaction of what was done. Raises Fenced."""
        values = {"counts": self.counts, "checkpoint": self.checkpoint}
        saved = sql.checkpoint(
            tx,
            job_id=self.job_id,
            fence=self.fence,
            done=self.done,
            total=self.total,
            seconds=jobs.LEASE_SECONDS,
            **as_json(values, *values),
        )
        if saved == 0:
            raise Fenced
        self.alive()
