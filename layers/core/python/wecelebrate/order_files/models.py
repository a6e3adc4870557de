"""The models of order files: destinations, and the runs that write files for them."""

from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from wecelebrate.core.models import ABSENT, Input, Object, Patch
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import Flag, Id, Label, Line, Moment, Switch, Timestamp, Timezone
from wecelebrate.core.types.schema import Documented
from wecelebrate.schedules.models import Cron

OrderFileFormat = Literal["csv", "ndjson", "xlsx", "ubl", "idoc", "cxml"]
OrderField = Literal[
    "action",
    "order_number",
    "version",
    "order_id",
    "external_number",
    "kind",
    "status",
    "placed_at",
    "currency",
    "total_amount",
    "customer_name",
    "customer_email",
    "site",
    "cancel_reason",
    "ship_name",
    "ship_name2",
    "ship_company",
    "ship_company2",
    "ship_line1",
    "ship_line2",
    "ship_line3",
    "ship_line4",
    "ship_city",
    "ship_region",
    "ship_region_code",
    "ship_postal_code",
    "ship_country",
    "ship_phone",
    "line",
    "sku",
    "name",
    "quantity",
    "unit_price",
    "line_amount",
    "metadata",
]
ORDER_FIELDS: tuple[OrderField, ...] = get_args(OrderField)
PREFIX_PATTERN = r"^[A-Za-z0-9._-]{0,50}$"


class OrderColumn(Input):
    """A column of a CSV or XLSX file."""

    header: Label
    """The name of the column."""
    field: OrderField = Field(description="The field of the order or of its line that the column contains.")


def _distinct(columns: list[OrderColumn]) -> list[OrderColumn]:
    headers = [column.header for column in columns]
    if len(set(headers)) < len(headers):
        raise ValueError("must not have two columns with the same header")
    return columns


Columns = Annotated[
    Annotated[list[OrderColumn], Field(min_length=1, max_length=100), AfterValidator(_distinct)] | None,
    Field(description="The columns of CSV and XLSX files. Null: all fields, with the names of the fields as columns."),
]
FilePrefix = Annotated[
    str,
    Field(max_length=50, pattern=PREFIX_PATTERN, description="The beginning of the name of each file."),
    Documented({"pattern": PREFIX_PATTERN}),
]
MaxLineLength = Annotated[
    Annotated[int, Field(strict=True, ge=20, le=200)] | None,
    Field(
        description="The longest line of an address that the receiver accepts, in characters. Longer lines are broken "
        "at a space and continue in the next line. Null: no limit, and 35 for `idoc`."
    ),
]
FormulaSafe = Annotated[
    Flag,
    Field(
        description=(
            "Whether the file protects spreadsheet programs from texts that they would run as formulas. Such a "
            "text gets an apostrophe in CSV, and a style in XLSX. Numbers do not change."
        )
    ),
]
PartyId = Annotated[
    Annotated[str, Line(100)] | None,
    Field(description="The id of this party in IDoc, cXML and UBL files, e.g. a partner number or a GLN."),
]
ExportCron = Annotated[
    Cron | None,
    Field(
        description=(
            "The cron expression for exports: minute, hour, day of the month, month, day of the week. Null: "
            "orders are exported only on request."
        )
    ),
]


class NewOrderDestination(Input):
    """A new receiver of order files."""

    client_id: Id | None = Field(
        default=None, description="The client whose orders are exported. The default is the caller's only client."
    )
    site_id: Id | None = Field(default=None, description="Only the orders of this site. Null: the orders of all sites.")
    name: Label
    """The name that the people who manage the destination see."""
    format: OrderFileFormat
    """The format of the files."""
    columns: Columns = None
    prefix: FilePrefix = ""
    max_line_length: MaxLineLength = None
    formula_safe: FormulaSafe = True
    sender: PartyId = None
    receiver: PartyId = None
    cron: ExportCron = "*/15 * * * *"
    timezone: Timezone = Field(default="UTC", description="The IANA time zone in which `cron` is evaluated.")
    is_active: Flag = True
    """Whether orders are exported at the times of `cron`."""
    orders_from: Timestamp | None = Field(
        default=None, description="Export only orders that were placed at this time or later. The default is now."
    )


class OrderDestinationPatch(Patch):
    """A change of a destination. The client, the site and `orders_from` of a destination cannot change."""

    name: Label = ABSENT
    format: OrderFileFormat = ABSENT
    columns: Columns = None
    prefix: FilePrefix = ABSENT
    max_line_length: MaxLineLength = None
    formula_safe: FormulaSafe = ABSENT
    sender: PartyId = None
    receiver: PartyId = None
    cron: ExportCron = None
    timezone: Timezone = ABSENT
    is_active: Flag = ABSENT


class OrderDestination(BaseModel):
    """A receiver of order files, usually an ERP system."""

    id: UUID
    client_id: UUID
    site_id: UUID | None
    name: str
    format: OrderFileFormat
    columns: list[Object] | None
    prefix: str
    max_line_length: int | None
    formula_safe: bool
    sender: str | None
    receiver: str | None
    cron: str | None
    timezone: str
    is_active: bool
    orders_from: Moment
    """Only orders that were placed at this time or later are exported."""
    next_run_at: Moment | None = Field(
        description="When orders are exported next. Null if orders are exported only on request."
    )
    last_run_at: Moment | None = Field(description="When the last job of the destination ended.")
    last_job_id: UUID | None = Field(description="The last job that exported orders for the destination.")
    last_outcome: str | None = Field(description="The result of the last run, as text for people.")
    created_at: Moment
    updated_at: Moment


class RefusedOrder(BaseModel):
    """An order that could not be written to a file."""

    order_number: str
    """The number of the order."""
    reason: str
    """Why the order is not in the file, as a text for users."""


class OrderExportRun(BaseModel):
    """A file with orders."""

    id: UUID
    destination_id: UUID
    """The destination that gets the file."""
    seq: int
    """The number of the file. Each new file of a destination has a higher number."""
    job_id: UUID | None = Field(description="The job that writes the file. Null if this job was deleted.")
    orders: int
    """The number of orders that were selected for the file."""
    refused: list[RefusedOrder]
    """The orders that could not be written. When such an order changes, the next run tries to write it again."""
    key: str | None = Field(description="The key of the file in the drops bucket. Null until the file was written.")
    size: int | None
    """The size of the file in bytes."""
    sha256: str | None
    """The SHA-256 of the file, in hexadecimal."""
    created_at: Moment
    written_at: Moment | None = Field(description="When the file was complete. Null: the file is not complete yet.")


class OrderDestinationFilters(ListParameters):
    """The filters of a list of destinations."""

    client_id: Id | None = None
    is_active: Switch | None = None
