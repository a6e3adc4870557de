"""The models of the API for the key-value store."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Input
from wecelebrate.core.types import Count, CurrencyCode, Flag, Id, Label, Moment

Meaning = Literal[
    "client", "site", "catalog", "product", "order", "setting", "list", "derived", "log", "later", "secret", "unknown"
]
Entity = Literal["client", "catalog", "site", "product", "order"]


class KeyFamily(BaseModel):
    """The documents whose keys have the same form."""

    family: str = Field(
        description="The form of the keys, e.g. `gift:<id>`. `other` is the family of all unknown keys."
    )
    meaning: Meaning = Field(
        description=(
            "What the documents are: an entity of the platform, a `setting` of a site, a `list` or a `derived` "
            "copy of other documents, a `log`, an object that a `later` version of the platform will use, a "
            "`secret`, which the platform never shows or copies, or `unknown`."
        )
    )
    documents: int = Field(description="The number of documents.")
    bytes: int = Field(description="The stored size of the values, in bytes.")


class KeyFamilies(BaseModel):
    """The families of all documents in the store."""

    data: list[KeyFamily]
    """The families, sorted by name."""


class InspectedDocument(BaseModel):
    """Facts about a document, without its value. A token is a short hash: equal texts have equal tokens."""

    key: str
    """The key of the document."""
    family: str
    """The family of the document: the form of its key."""
    entity: Literal["client", "site", "catalog", "product", "order", "list"]
    """The entity to which the document is mapped, or `list` if the document is a list."""
    id: str = Field(description="The token of the id that the old applications use.")
    form: int = Field(
        description=(
            "The rank of the key's form. If an entity has several keys, the document of the key with the lowest "
            "rank becomes the row."
        )
    )
    content: str = Field(description="The token of the value.")
    damage: list[str] = Field(
        default=[], description="The kinds of damage that can be found without reading other documents."
    )
    references: dict[str, str] = Field(
        default={}, description="Tokens of references and of values that must be unique, e.g. `site` or `sku`."
    )
    in_list: bool = Field(
        default=False,
        description="Whether the document is inside a list. Its key is computed from the key of the list and its id.",
    )
    lists: Entity | None = Field(default=None, description="For a list: the entity of its entries.")
    entries: list[str] = Field(default=[], description="For a list: the tokens of the ids.")
    first_entry: int = Field(
        default=0,
        description="For a list: the position of the first entry on this page. A long list continues on the next page.",
    )


class NewRun(Input):
    """A new run of the backfill."""

    environments: list[Label] = Field(
        default=["production"],
        min_length=1,
        max_length=20,
        description="The environments of the predecessor whose documents become rows. If the key of a document "
        "contains no environment, the document belongs to `production`.",
    )
    currency: CurrencyCode | None = Field(
        default=None,
        description="The currency of a price if the document and its catalog state no currency. If it is null, such "
        "documents are put into quarantine, because the platform never guesses a currency.",
    )


class RunCounts(BaseModel):
    """The outcomes of the documents of the store. Each document is counted exactly once."""

    documents: int = Field(default=0, description="The number of documents in the store, including documents in lists.")
    rows: int = Field(default=0, description="Documents that decide the values of a row.")
    aliases: int = Field(default=0, description="Other documents of the same rows.")
    quarantined: int = Field(default=0, description="Documents that could not be mapped.")
    unaccounted: int = Field(default=0, description="Documents that were written since the run began.")
    left_over: dict[str, int] = Field(
        default_factory=dict,
        description=(
            "Documents that were not mapped, by the meaning of their family. `other_environment`: documents of "
            "environments that the run did not include. `row_deleted`: documents whose rows the platform has "
            "deleted."
        ),
    )
    dangling: int = Field(default=0, description="Ids in lists that have no document.")
    repeated: int = Field(default=0, description="Ids that a list contains more than once.")


class Run(BaseModel):
    """A run of the backfill."""

    id: UUID
    """The id of the run."""
    status: Literal["running", "complete", "incomplete"] = Field(
        description="`incomplete`: the run has ended, but documents were written since it began. Start another run."
    )
    environments: list[str]
    """The environments whose documents are mapped to rows."""
    currency: str | None
    """The currency of a price if the document and its catalog state no currency."""
    phase: Literal["index", "lists", "client", "catalog", "site", "product", "setting", "order", "end"]
    """The next step of the run."""
    done: int
    """The number of documents that were mapped."""
    total: int
    """The number of documents to map. In the phase `index`, it is the number of all documents."""
    counts: RunCounts
    """The outcomes of the documents. All numbers are 0 until the run has ended."""
    started_at: Moment
    """When the run started."""
    ended_at: Moment | None
    """When the run ended. Null while the run is running."""


class EntityCounts(BaseModel):
    """The documents of an entity."""

    entity: Entity
    """The entity to which the documents are mapped."""
    rows: int
    """The number of documents from which a row gets its values."""
    aliases: int
    """The number of documents that belong to a row, but from which the row does not get its values."""
    quarantined: int
    """The number of documents that could not be mapped."""
    pending: int
    """The number of documents that no run has mapped yet."""
    unlisted: int
    """The number of documents whose id is in no list of the store."""


class QuarantineReason(BaseModel):
    """The documents of an entity that could not be mapped for the same reason."""

    entity: Entity
    """The entity to which the documents are mapped."""
    reason: str
    """The code of the reason."""
    advice: str
    """What to do. The next run maps the documents again."""
    documents: int
    """The number of documents."""
    keys: list[str]
    """The first five keys."""


class NoteCount(BaseModel):
    """The documents of an entity that were corrected in the same way."""

    entity: Entity
    """The entity to which the documents are mapped."""
    note: str
    """The code of the note."""
    documents: int
    """The number of documents."""


class SettingsLeft(BaseModel):
    """Settings of sites that are not copied for the same reason."""

    reason: str
    """The code of the reason."""
    advice: str
    """What to do."""
    documents: int
    """The number of documents with such settings. All other settings of these documents are copied."""
    keys: list[str]
    """The first five keys."""


class NewMirror(Input):
    """The settings of the mirror, and whether it is on."""

    enabled: Flag = Field(
        description="Whether each write of a document changes its row, and each write of a row changes its document."
    )
    environments: list[Label] = Field(
        default=["production"],
        min_length=1,
        max_length=20,
        description="The environments of the predecessor whose documents become rows.",
    )
    currency: CurrencyCode | None = Field(
        default=None,
        description="The currency of a price if the document and its catalog state no currency. If it is null, such "
        "documents are put into quarantine.",
    )


class ConflictCount(BaseModel):
    """The conflicts that the mirror could not resolve, by kind."""

    kind: Literal[
        "both_changed",
        "base_unknown",
        "below_zero",
        "sale_in_doubt",
        "row_not_mirrored",
        "document_not_mirrored",
        "row_deleted",
    ] = Field(
        description=(
            "`both_changed`: two writers changed a field, and the value of the last writer is stored. "
            "`base_unknown`: it is unknown which version of the document the writer had read, so the new document "
            "replaced all fields except the stock. `below_zero`: two applications together sold more pieces than "
            "the stock. `sale_in_doubt`: the same write without `updatedAt` arrived twice and was counted once, "
            "but it can be two sales. `row_not_mirrored`, `document_not_mirrored`: a change did not reach the "
            "other side. `row_deleted`: an application wrote a document whose row was deleted."
        )
    )
    advice: str
    """What to do."""
    conflicts: int
    """The number of conflicts in the last 30 days."""
    last_at: Moment
    """The time of the last conflict."""
    keys: list[str]
    """The first five keys."""


class Mirror(BaseModel):
    """The mirror between the documents of the store and the rows of the platform."""

    enabled: bool
    """Whether the mirror is on."""
    environments: list[str]
    """The environments whose documents are mapped to rows."""
    currency: str | None
    """The currency of a price if the document and its catalog state no currency."""
    changed_at: Moment | None
    """When the mirror was switched. Null if it was never on."""
    earlier_values: int
    """The number of previous values of documents that are stored. Each previous value is stored for 10 minutes."""
    unwritten: int
    """The number of rows that a bulk write has changed and whose documents are not updated yet."""
    conflicts: list[ConflictCount]
    """The conflicts that the mirror could not resolve, by kind."""


class RevisionsCheckpoint(BaseModel):
    """The progress of giving revisions to documents."""

    after: str | None = Field(
        default=None, description="The key to send as `after` in the next request. Null: all documents have a revision."
    )


class NewRevisions(Input):
    """A request that gives revisions to further documents."""

    after: str = Field(default="", max_length=1024, description="The key of the last document that has a revision.")


DifferenceKind = Literal["row_missing", "document_missing", "field"]


class NewComparison(Input):
    """A new comparison of documents with rows."""

    entity: Entity
    """The entity whose documents and rows are compared."""
    client_id: Id | None = Field(default=None, description="The client whose records are compared. Null: all clients.")
    sample: Annotated[Count, Field(ge=1)] | None = Field(
        default=None,
        description=(
            "The approximate number of documents to compare. The documents are chosen at random. Null: all documents."
        ),
    )


class DifferenceCount(BaseModel):
    """The open differences of a comparison that have the same kind and the same field."""

    kind: DifferenceKind = Field(
        description=(
            "`row_missing`: a document has no row. `document_missing`: a row has no document. `field`: a column "
            "of the row differs from the document."
        )
    )
    field: str | None = Field(
        description="The column of the row. `id`: the document belongs to another record. `document`: the document has "
        "no fields."
    )
    differences: int
    """The number of differences."""
    keys: list[str]
    """The first five keys. If the key is unknown, the list contains the id of the row."""


class Comparison(BaseModel):
    """A comparison of the documents of an entity with the rows of the platform."""

    id: UUID
    """The id of the comparison."""
    entity: Entity
    """The entity whose documents and rows are compared."""
    client_id: UUID | None
    """The client whose records are compared. Null means all clients."""
    scope: Literal["full", "sample"]
    """Whether all documents are compared, or only a sample."""
    sample: int | None
    """The approximate number of documents that are compared. Null means all documents."""
    status: Literal["running", "complete", "failed"] = Field(
        description="`failed`: a comparison with another scope was started before this one ended."
    )
    compared: int
    """The number of documents and rows that were compared."""
    differences: int
    """The number of differences that were found, including the differences that are already repaired."""
    counts: dict[str, int] = Field(
        description="The number of documents by outcome: `equal`, `different`, `aliases` (another document decides the "
        "row), `quarantined`, `kept` (only the platform decides the values that differ), `other_environment`, "
        "`erased` (the person of the order is erased), `changing` (an application writes it continuously). Also "
        "`keys` (all keys of the entity), `rows`, and `gone` (rows whose documents an application has deleted)."
    )
    found: list[DifferenceCount]
    """The differences that are not repaired yet."""
    started_at: Moment
    """When the comparison started."""
    ended_at: Moment | None
    """When the comparison ended. Null while it is running."""


class NewRepair(Input):
    """A request to repair the differences of a comparison."""

    source: Literal["kv", "tables"] = Field(
        description="`kv`: documents are mapped again. `tables`: documents are written from their rows."
    )
    after: Id | None = Field(
        default=None, description="The field `after` of the last response. Null: repair the first record."
    )


class Repair(BaseModel):
    """The result of the repair of one record."""

    after: UUID | None
    """The value of `after` for the next request. Null if no further record has a difference."""
    outcome: Literal["repaired", "unchanged", "quarantined", "newer"] | None = Field(
        description="`unchanged`: this side cannot repair the record. `quarantined`: the document cannot become a row. "
        "`newer`: an application has written the document since it was last mapped, so the document stays. "
        "Null: no further record has a difference."
    )
    key: str | None
    """The key of the record's document. Null if the record has no document."""
