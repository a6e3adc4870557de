"""The models of a proposal that says how to read a file."""

from typing import Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from wecelebrate.core.models import Input, Object
from wecelebrate.core.types import Id, Label

ColumnName = Label


class MappingRequest(Input):
    """The file, and optionally the mapping to read it with."""

    upload_id: Id | None = Field(default=None, description="A file that was uploaded with `POST /v1/uploads`.")
    job_id: Id | None = Field(default=None, description="A sync or an import whose file is used for the proposal.")
    mapping: dict[ColumnName, ColumnName | None] | None = Field(
        default=None,
        description="Field → column. It replaces the catalog's mapping. A field with null is not read from the file.",
    )
    attributes: dict[ColumnName, ColumnName] | None = Field(
        default=None,
        max_length=100,
        description="Attribute → column. It replaces the public attributes of the catalog.",
    )
    private_columns: list[ColumnName] | None = Field(
        default=None, max_length=100, description="It replaces the private columns of the catalog."
    )

    @model_validator(mode="after")
    def _has_one_file(self) -> Self:
        if (self.upload_id is None) == (self.job_id is None):
            raise ValueError("must have either upload_id or job_id")
        return self


class MappingColumn(BaseModel):
    """A column of the file."""

    name: str
    samples: list[str] = Field(description="The first values that are not blank.")
    use: Literal["field", "attribute", "private"] = Field(
        description="Fields and attributes are public. The values of a private column are only in the source data."
    )
    target: str | None = Field(
        description="The field or the attribute. Null: the column is private, or each of its lines is an attribute."
    )
    reason: str


class ProposedField(BaseModel):
    """The columns that are read into a field."""

    field: str
    columns: list[str]
    by: Literal["mapping", "profile", "name", "none"] = Field(
        description="The reason for the columns: the mapping, a known export profile, or the names of the columns."
    )
    confidence: float = Field(description="0 to 1.")
    reason: str
    reasons: list[str] = Field(description="What the name and the values of the first column show.")


class ReadingChoice(BaseModel):
    """One possible answer to a question about a file."""

    value: str = Field(
        description="The value that the answer sets in the mapping or the options. Empty if no column is read."
    )
    label: str
    examples: list[str] = Field(description="How values of the file are read with this choice.")


class ReadingQuestion(BaseModel):
    """A doubt about how to read a file. Without an answer, the first choice is used."""

    key: str = Field(description="The field of the mapping, or the option, that the answer sets, e.g. `decimal`.")
    subject: Literal["money", "identity", "visibility", "other"] = Field(
        description="What a wrong answer would damage: prices, SKUs, what customers can see, or other values."
    )
    text: str
    choices: list[ReadingChoice] = Field(description="The most probable choice comes first.")
    seen: list[str] = Field(description="Values of the file that cause the doubt.")


class ReadingChange(BaseModel):
    """A difference between how this file and an earlier file of the catalog are read."""

    key: str
    subject: Literal["money", "identity", "visibility", "other"]
    before: Any
    now: Any
    text: str


class MappingProposal(BaseModel):
    """How the file would be read. Nothing is written."""

    format: str
    packed: list[str] = Field(description="The compression layers, the outermost first: gzip, zip.")
    encoding: str | None
    delimiter: str | None
    decimal: str | None
    sheet: str | None
    sheets: list[Object]
    profile: str = Field(description="The export profile that was recognized, otherwise `plain`.")
    columns: list[MappingColumn]
    fields: list[ProposedField]
    missing: list[str] = Field(description="Fields that a new product requires, but that have no column.")
    rows: list[Object] = Field(description="The first 20 rows, as products or with their errors.")
    warnings: list[str]
    reading: Object = Field(
        description="How the file is read: the columns of each field with scores and reasons, the decimal separator, "
        "the currency, and the kind of the price."
    )
    questions: list[ReadingQuestion] = Field(description="What the evidence in the file does not decide.")
    changes: list[ReadingChange] = Field(description="Differences to the way in which an earlier file was read.")
