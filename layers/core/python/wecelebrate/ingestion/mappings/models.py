"""The models of a proposal that says how to read a file."""

from typing import Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from wecelebrate.core.models import Input, Object
from wecelebrate.core.types import Id, Label
from wecelebrate.core.types.transformations import CheckedAttributes, CheckedMapping

ColumnName = Label


class MappingRequest(Input):
    """The file, and optionally the mapping that is used to read the file."""

    upload_id: Id | None = Field(default=None, description="A file that was uploaded with `POST /v1/uploads`.")
    job_id: Id | None = Field(default=None, description="A sync or an import whose file is used for the proposal.")
    mapping: CheckedMapping | None = Field(
        default=None,
        description=(
            "Maps fields to columns, or to transformations of columns. This mapping replaces the catalog's "
            "mapping. A field with null is not read from the file."
        ),
    )
    attributes: CheckedAttributes | None = Field(
        default=None,
        max_length=100,
        description=(
            "Maps attributes to columns, or to transformations. This mapping replaces the public attributes of "
            "the catalog."
        ),
    )
    private_columns: list[ColumnName] | None = Field(
        default=None,
        max_length=100,
        description="The private columns. This list replaces the private columns of the catalog.",
    )

    @model_validator(mode="after")
    def _has_one_file(self) -> Self:
        if (self.upload_id is None) == (self.job_id is None):
            raise ValueError("must have either upload_id or job_id")
        return self


class MappingColumn(BaseModel):
    """A column of the file."""

    name: str
    """The name of the column in the file."""
    samples: list[str] = Field(description="The first values that are not blank.")
    use: Literal["field", "attribute", "private"] = Field(
        description=(
            "Where the values of the column are stored. Fields and attributes are public. The values of a private "
            "column are only in the source data."
        )
    )
    target: str | None = Field(
        description=(
            "The field or the attribute. Null: the column is private, or each line of a cell is a separate attribute."
        )
    )
    reason: str
    """Why the column is used in this way, as a text for users."""


class ProposedField(BaseModel):
    """The columns that are read into a field."""

    field: str
    """The field of a product."""
    columns: list[str]
    """The columns from which the field is read. Empty if the field is not read from the file."""
    by: Literal["mapping", "profile", "name", "none"] = Field(
        description="The reason for the columns: the mapping, a known export profile, or the names of the columns."
    )
    confidence: float = Field(description="0 to 1.")
    reason: str
    """Why these columns are proposed, as a text for users."""
    reasons: list[str] = Field(description="The evidence from the name and the values of the first column.")


class ReadingChoice(BaseModel):
    """One possible answer to a question about a file."""

    value: str = Field(
        description="The value that the answer sets in the mapping or the options. Empty if no column is read."
        " `stop` is no setting: this file is wrong, and must not be read."
    )
    label: str
    """A sentence that explains the choice."""
    examples: list[str] = Field(description="How values of the file are read with this choice.")


class ReadingQuestion(BaseModel):
    """A doubt about how to read a file. If the question is not answered, the first choice is used."""

    key: str = Field(description="The field of the mapping, or the option, that the answer sets, e.g. `decimal`.")
    subject: Literal["money", "identity", "visibility", "other"] = Field(
        description="What a wrong answer would damage: prices, SKUs, what customers can see, or other values."
    )
    text: str
    """A sentence that describes the doubt and asks the question."""
    choices: list[ReadingChoice] = Field(description="The most probable choice comes first.")
    seen: list[str] = Field(description="Values in the file that cause the question.")


class ReadingChange(BaseModel):
    """A difference between the reading of this file and the reading of an earlier file of the catalog."""

    key: str
    """The field or the option that is read differently, e.g. `price` or `decimal`."""
    subject: Literal["money", "identity", "visibility", "other"]
    before: Any = Field(description="How the earlier file was read.")
    now: Any = Field(description="How this file is read.")
    text: str
    """A sentence that describes the change."""


class MappingProposal(BaseModel):
    """How the file would be read. Nothing is written."""

    format: str
    """The format of the file, e.g. `csv`."""
    packed: list[str] = Field(description="The compression layers, the outermost first: gzip, zip.")
    encoding: str | None
    """The character encoding of the file. Null for a format without an encoding, e.g. XLSX."""
    delimiter: str | None
    """The character between two columns. Null if the format has no delimiter."""
    decimal: str | None
    """The decimal separator of the numbers. Null if it is not known."""
    sheet: str | None
    """The sheet that is read. Null if the file has no sheets."""
    sheets: list[Object]
    """The sheets of the file."""
    profile: str = Field(description="The export profile that was recognized, otherwise `plain`.")
    columns: list[MappingColumn]
    """The columns of the file."""
    fields: list[ProposedField]
    """The fields of a product, each with the columns from which it is read."""
    missing: list[str] = Field(description="Required fields of a new product that have no column.")
    rows: list[Object] = Field(
        description="The first 20 rows, as products or with their errors. If fields are computed, `transformed` has "
        "the cells from which they are computed."
    )
    warnings: list[str]
    """What the user must check in the proposal, as texts for users."""
    reading: Object = Field(
        description="How the file is read: the columns of each field with scores and reasons, the decimal separator, "
        "the currency, and the kind of the price."
    )
    questions: list[ReadingQuestion] = Field(description="Questions for which the file has several possible answers.")
    changes: list[ReadingChange] = Field(description="Differences from the way in which an earlier file was read.")
