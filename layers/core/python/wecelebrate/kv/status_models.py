"""The API model of the progress of the migration."""

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
    """The last run of the backfill. Null means that the backfill has never run."""
    entities: list[EntityCounts]
    """The numbers of documents for each entity."""
    quarantine: list[QuarantineReason]
    """The numbers of documents that could not be mapped, by reason."""
    notes: list[NoteCount]
    """The corrections that the mapping made."""
    settings: list[SettingsLeft]
    """The settings of sites that are not copied, by reason."""
    retirements: list[Retirement]
    """The retirements that were not undone."""
    traffic: list[Traffic]
    """The requests of the old applications in the last 30 days. For each entity and kind, the latest request comes
    first."""
