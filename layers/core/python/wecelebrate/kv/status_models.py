"""The model of the API for how far the documents of the store have moved."""

from pydantic import BaseModel

from wecelebrate.kv.models import Comparison, EntityCounts, Mirror, NoteCount, QuarantineReason, Run, SettingsLeft
from wecelebrate.kv.retirement_models import Retirement, Traffic


class MoveStatus(BaseModel):
    """How far the documents of the store have moved."""

    comparisons: list[Comparison]
    """The last comparison of each entity."""
    mirror: Mirror
    """Whether writes are mirrored, and what the mirror could not keep."""

    run: Run | None
    """The last run of the backfill. Null if there was none."""
    entities: list[EntityCounts]
    """The documents by entity."""
    quarantine: list[QuarantineReason]
    """The documents that could not be mapped, by reason."""
    notes: list[NoteCount]
    """What was mended."""
    settings: list[SettingsLeft]
    """What the settings of sites contain that is not copied, by reason."""
    retirements: list[Retirement]
    """The retirements of documents that are not undone."""
    traffic: list[Traffic]
    """The requests of the old applications in the last 30 days, the latest first for each entity and kind."""
