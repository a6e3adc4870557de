"""The models of exports: files with the rows of a client."""

from datetime import timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from wecelebrate.core.errors import Invalid
from wecelebrate.core.models import Input, Object, Secret
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.problem_document import FieldError
from wecelebrate.core.types import Flag, Id, Label, Moment, ShortLine, Timestamp, Timezone
from wecelebrate.jobs.models import Progress
from wecelebrate.jobs.types import JobStatus
from wecelebrate.orders.models import OrderStatus

ExportKind = Literal["products", "orders", "order_lines", "events", "customers"]
ExportFormat = Literal["csv", "ndjson", "xlsx", "parquet"]
ExportColumn = Literal["source_data"]
URL_LIFETIME = timedelta(minutes=15)
"""How long the presigned URL of a file is valid."""

_PERIOD = frozenset({"site_id", "created_from", "created_to"})
FILTERS: dict[ExportKind, frozenset[str]] = {
    "products": frozenset({"catalog_id", "category", "brand", "is_active", "updated_since"}),
    "orders": _PERIOD | {"status"},
    "order_lines": _PERIOD | {"status"},
    "events": _PERIOD | {"event_type"},
    "customers": _PERIOD,
}
"""The filters that each kind of export has."""


class NewExportFilters(Input):
    """The rows of an export. A filter that is null or omitted matches all rows."""

    catalog_id: Id | None = Field(default=None, description="For `products`: only this catalog.")
    category: Label | None = Field(default=None, description="For `products`.")
    brand: Label | None = Field(default=None, description="For `products`.")
    is_active: Flag | None = Field(default=None, description="For `products`.")
    updated_since: Timestamp | None = Field(
        default=None, description="For `products`: only products that have changed at this time or later."
    )
    site_id: Id | None = Field(default=None, description="For all kinds except `products`: only this site.")
    status: OrderStatus | None = Field(default=None, description="For `orders` and `order_lines`.")
    event_type: ShortLine | None = Field(default=None, description="For `events`.")
    created_from: Timestamp | None = Field(
        default=None, description="For all kinds except `products`: only orders or events of this time or later."
    )
    created_to: Timestamp | None = Field(
        default=None, description="For all kinds except `products`: only orders or events before this time."
    )


class NewExport(Input):
    """A new export. Its file contains the rows that the caller can see."""

    kind: ExportKind
    """What the rows of the file are. `customers` has one row for each e-mail address in the orders."""
    format: ExportFormat
    """The format of the file."""
    client_id: Id | None = Field(
        default=None,
        description="Required if the caller belongs to several clients. Null for an admin who exports all clients.",
    )
    filters: NewExportFilters = Field(
        default_factory=NewExportFilters, description="The rows of the file. Without filters, all rows of the kind."
    )
    bom: Flag = Field(
        default=False, description="Begin a CSV file with a byte order mark, so that Excel reads it as UTF-8."
    )
    timezone: Timezone = Field(
        default="UTC",
        description=(
            "The IANA time zone of the times in an XLSX file. The header contains this time zone, because cells "
            "of XLSX have no time zone. In other formats, all times are in UTC."
        ),
    )
    include: list[ExportColumn] = Field(
        default_factory=list,
        max_length=1,
        description=(
            "Additional columns. The column `source_data` contains the data of a product in the files of an ERP "
            "system. The column is empty if the caller may not read this data."
        ),
    )
    notify: Flag = Field(default=False, description="Send the caller an e-mail when the export has finished.")

    @model_validator(mode="after")
    def _options_apply(self) -> Self:
        errors = [
            FieldError(pointer=f"/filters/{name}", detail=f"is not a filter of {self.kind}; remove it")
            for name, value in self.filters
            if value is not None and name not in FILTERS[self.kind]
        ]
        if self.bom and self.format != "csv":
            errors.append(FieldError(pointer="/bom", detail="must be false, because only a CSV file can have it"))
        if self.timezone != "UTC" and self.format != "xlsx":
            errors.append(FieldError(pointer="/timezone", detail="must be UTC, unless the format is xlsx"))
        if self.include and self.kind != "products":
            errors.append(FieldError(pointer="/include", detail="must be empty, unless the kind is products"))
        start, end = self.filters.created_from, self.filters.created_to
        if start and end and start >= end:
            errors.append(FieldError(pointer="/filters/created_to", detail="must be after `created_from`"))
        if errors:
            raise Invalid(errors=errors)
        return self


class ExportFile(BaseModel):
    """The file of a completed export."""

    name: str
    """The name of the file."""
    size: int = Field(description="The size in bytes.")
    sha256: str
    """The SHA-256 of the file, in hexadecimal."""
    rows: int
    """The number of rows, without headers."""
    cut_cells: int = Field(
        description="The number of texts that are cut off, because a cell of XLSX has at most 32,767 characters."
    )
    snapshot_at: Moment
    """The time of the snapshot. The file contains all rows as they were at this time."""


class Export(BaseModel):
    """An export."""

    id: UUID
    client_id: UUID | None
    job_id: UUID
    """The job that writes the file."""
    requested_by: str
    """The subject of the user who requested the export. The file contains the rows that this user can see."""
    kind: ExportKind
    format: ExportFormat
    filters: Object = Field(description="The filters of the request that are not null.")
    bom: bool
    timezone: str
    include: list[ExportColumn]
    status: JobStatus
    progress: Progress = Field(description="The number of rows that are written.")
    error_code: str | None
    """The stable identifier of the error with which the export failed. Null if it did not fail."""
    error: str | None = Field(description="The reason why the export failed, and what to do.")
    file: ExportFile | None
    """The file. Null until the export is complete."""
    url: Annotated[str | None, Secret] = Field(
        description="A presigned URL of the file. Whoever knows it can read the file with `GET`, without an access"
        " token. Null in lists, and until the export is complete."
    )
    url_expires_at: Moment | None = Field(description="The time after which the URL no longer returns the file.")
    created_at: Moment
    completed_at: Moment | None
    """When the export completed or failed. Null before this time."""
    expires_at: Moment = Field(description="The time after which the export and its file are deleted.")


class ExportListFilters(ListParameters):
    """The filters of a list of exports."""

    client_id: Id | None = None
    kind: ExportKind | None = None
    status: JobStatus | None = None
