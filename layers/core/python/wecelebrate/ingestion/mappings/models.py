"""How a file would be read."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, model_validator

from wecelebrate.core.models import Input, Object

Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class Asked(Input):
    """The file, and the mapping to read it by."""

    upload_id: UUID | None = Field(default=None, description="A file that was sent to `POST /v1/uploads`.")
    job_id: UUID | None = Field(default=None, description="A sync or an import: the file that it read.")
    mapping: dict[Name, Name | None] | None = Field(
        default=None, description="In place of the catalog's own: field → column, null to leave a field out."
    )

    @model_validator(mode="after")
    def _one_file(self) -> Self:
        if (self.upload_id is None) == (self.job_id is None):
            raise ValueError("give either upload_id or job_id")
        return self


class Column(BaseModel):
    """A column of the file."""

    name: str
    samples: list[str] = Field(description="Its first values that are not blank.")


class ProposedField(BaseModel):
    """What feeds a field."""

    field: str
    columns: list[str]
    by: Literal["mapping", "profile", "name", "none"] = Field(description="Why: the mapping, a known export, a name.")
    confidence: float = Field(description="0 to 1.")
    reason: str


class Proposal(BaseModel):
    """How the file would be read. Nothing of it was written."""

    format: str
    packed: list[str] = Field(description="What it is packed in, from the outside: gzip, zip.")
    encoding: str | None
    delimiter: str | None
    decimal: str | None
    sheet: str | None
    sheets: list[Object]
    profile: str = Field(description="The export that it is known as; plain for any other.")
    columns: list[Column]
    fields: list[ProposedField]
    missing: list[str] = Field(description="Fields that a new product needs and no column feeds.")
    rows: list[Object] = Field(description="The first 20 rows, as products or with what is wrong with them.")
    warnings: list[str]
