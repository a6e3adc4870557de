"""The request of an import of historical orders."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from wecelebrate.core.models import Input
from wecelebrate.core.types import CurrencyCode, Flag, Id, Line, Timezone
from wecelebrate.core.types.schema import Documented
from wecelebrate.orders.models import OrderStatus

HeadField = Literal[
    "order_number", "external_number", "status", "kind", "fulfilment", "problem", "created_at", "currency",
    "total_amount", "customer_name", "customer_email", "customer_subject", "customer_id", "metadata", "processed_at",
    "shipped_at", "delivered_at", "cancelled_at", "cancel_reason", "shipping_name", "shipping_company",
    "shipping_line1", "shipping_line2", "shipping_city", "shipping_region", "shipping_postal_code", "shipping_country",
    "shipping_phone",
]  # fmt: skip
LineField = Literal[
    "line", "sku", "name", "quantity", "unit_price", "amount", "image", "shipped_quantity", "cancelled_quantity",
    "returned_quantity",
]  # fmt: skip
AnyField = Literal[HeadField, LineField]
"""The name of a field. It is one type and not a union of two types, so that an unknown name causes only one error."""
MAX_STATUSES = 100


def _check_date_format(value: str) -> str:
    """Raise ValueError if the directives of `strptime` in the format do not form a complete date."""
    directives = re.findall(r"%(.)", value)
    if not set(directives) <= set("dmYyHIMSpfzjbB"):
        raise ValueError("must use only %d, %m, %Y, %y, %b, %B, %j, %H, %I, %p, %M, %S, %f and %z")
    if len(set(directives)) < len(directives) or not {"Y", "y"} & set(directives):
        raise ValueError("must name a year, and each part of a time once")
    if not ("j" in directives or ({"m", "b", "B"} & set(directives) and "d" in directives)):
        raise ValueError("must name the day and the month")
    return value


class OrderImport(Input):
    """An import of historical orders from an uploaded file."""

    upload_id: Id = Field(
        description=(
            "The upload of the file. The file has one row for each line of an order, or is our export of `orders`."
        )
    )
    lines_upload_id: Id | None = Field(
        default=None,
        description=(
            "The upload of a second file with the lines of the orders, which is our export of `order_lines`. "
            "Needed if the first file has one row for each order."
        ),
    )
    source: Annotated[str, Line(50)] = Field(
        description=(
            "The name of the system from which the orders come. From each source, an order is imported only once."
        )
    )
    currency: CurrencyCode | None = Field(
        default=None, description="The currency of rows without a currency. If it is null, such rows are rejected."
    )
    status: OrderStatus | None = Field(
        default=None, description="The status of orders without a status. If it is null, such orders are rejected."
    )
    statuses: dict[Annotated[str, Line(100)], OrderStatus] = Field(
        default_factory=dict,
        max_length=MAX_STATUSES,
        description='Maps statuses in the file to our statuses, e.g. `{"completed": "delivered"}`. Case is ignored.',
    )
    columns: dict[AnyField, Annotated[str, Line(200)]] = Field(
        default_factory=dict, description="Maps fields to their columns. A column with a known name needs no entry."
    )
    timezone: Timezone | None = Field(
        default=None,
        description="The time zone of times without an offset. The default is the time zone of the client.",
    )
    date_format: (
        Annotated[
            str,
            StringConstraints(max_length=50),
            AfterValidator(_check_date_format),
            Documented({"examples": ["%d.%m.%Y %H:%M"]}),
        ]
        | None
    ) = Field(
        default=None,
        description="The format of times in the file, in directives of `strptime`. Null: times must be in ISO 8601.",
    )
    decimal_mark: Literal[",", "."] | None = Field(
        default=None,
        description="The decimal separator of amounts. Null: the separator is a point, and a comma is not accepted.",
    )
    number_prefix: Annotated[str, Line(20)] | None = Field(
        default=None,
        description="A text that is added before each order number, e.g. because two shops use the same numbers.",
    )
    dry_run: Flag = Field(default=False, description="Whether the file is only checked, and nothing is imported.")
    notify: Flag = Field(default=False, description="Whether the requester gets a mail when the job has ended.")
