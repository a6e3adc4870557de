"""The models of a proposal that says how to read a file."""

from typing import Literal, Self

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


class ProposedField(BaseModel):
    """The columns that are read into a field."""

    field: str
    """The field of a product."""
    columns: list[str]
    """The columns from which the field is read. Empty if it is not read from the file."""
    by: Literal["mapping", "profile", "name", "none"] = Field(
        description="The reason for the columns: the mapping, a known export profile, or the names of the columns."
    )
    confidence: float = Field(description="0 to 1.")
    reason: str
    """Why these columns are proposed, as text for people."""


class MappingProposal(BaseModel):
    """How the file would be read. Nothing is written."""

    format: str
    """The format of the file, e.g. `csv`."""
    packed: list[str] = Field(description="The compression layers, the outermost first: gzip, zip.")
    encoding: str | None
    """The character encoding of the file. Null for a format without one, e.g. XLSX."""
    delimiter: str | None
    """The character between two columns. Null for a format without one."""
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
    missing: list[str] = Field(description="Fields that a new product requires, but that have no column.")
    rows: list[Object] = Field(description="The first 20 rows, as products or with their errors.")
    warnings: list[str]
    """What a reader of the proposal has to check, as text for people."""
