"""The API model for the progress of the migration."""

from pydantic import BaseModel

from wecelebrate.kv.models import Comparison, EntityCounts, Mirror, NoteCount, QuarantineReason, Run, SettingsLeft
from wecelebrate.kv.retirement_models import Retirement, Traffic


class MoveStatus(BaseModel):
    """The progress of the migration from the documents of the store to the tables."""

    comparisons: list[Comparison]
    """The last comparison of each entity."""
    mirror: Mirror
    """The state of the mirror, and the conflicts that it could not resolve."""

    run: Run | None
    """The last run of the backfill. Null if the backfill has never run."""
    entities: list[EntityCounts]
    """The number of documents for each entity, by outcome."""
    quarantine: list[QuarantineReason]
    """The number of documents that could not be mapped, by reason."""
    notes: list[NoteCount]
    """The corrections that the mapping made."""
    settings: list[SettingsLeft]
    """The settings of sites that are not copied, by reason."""
    retirements: list[Retirement]
    """The retirements that were not undone."""
    traffic: list[Traffic]
    """The requests of the old applications in the last 30 days. For each entity and kind, the latest request is
    first."""
