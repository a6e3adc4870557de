"""The request of a bulk import."""

from typing import Annotated, Any, Self

from pydantic import Field, JsonValue, model_validator

from wecelebrate.core.models import Input, checked_fields
from wecelebrate.core.types import Flag, Id, Sku, Timestamp
from wecelebrate.core.types.normal_forms import nfc
from wecelebrate.core.types.schema import DocumentedAs
from wecelebrate.core.types.text import MAX_SKU_LENGTH, line_problem
from wecelebrate.ingestion.merge.load import ImportMode
from wecelebrate.products.models import ProductValues

MAX_ROWS = 50_000
"""The maximum number of rows in one request."""

RowFields = dict[str, JsonValue]
"""The fields of a row, unchanged from the request."""


class BulkImport(Input):
    """The rows, or the upload, to import into a catalog."""

    catalog_id: Id
    mode: ImportMode = Field(
        default="upsert",
        description="`create` rejects products that already exist. `update` rejects products that do not exist.",
    )
    dry_run: Flag = Field(default=False, description="Report what would change, with examples. Change nothing.")
    notify: Flag = Field(default=False, description="Send the caller an e-mail when the import has finished.")
    rows: list[Annotated[RowFields, DocumentedAs(lambda: ImportRow)]] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_ROWS,
        description="Products with the fields of a product. `sku` is required. Fields that a row omits stay unchanged."
        " A row that is not valid is rejected, and the others are imported.",
    )
    upload_id: Id | None = Field(
        default=None, description="A file that was uploaded with `POST /v1/uploads`, in any supported format."
    )

    stock_as_of: Timestamp | None = Field(
        default=None,
        description=(
            "When the stock was counted. Orders that the ERP system did not know at this time are subtracted. "
            "Null: the stock in `rows` is the stock that can be sold now, and the stock in a file was counted "
            "`sync_settings.stock_delay_minutes` before the request."
        ),
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.rows is None) == (self.upload_id is None):
            raise ValueError("must have either rows or upload_id")
        return self


class ImportRow(ProductValues):
    """One row of an import. Fields that the row omits stay unchanged."""

    sku: Sku
    """The SKU of the product. A row whose SKU does not exist in the catalog creates a product."""

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        """Refuse a row with too many unknown fields. The model of the request has already normalized all texts."""
        return checked_fields(cls, value)


def sku_of(row: RowFields) -> str | None:
    """Return the SKU of a row as it is stored, or None if the SKU is not valid."""
    sku = row.get("sku")
    if not isinstance(sku, str) or line_problem(sku.strip()) is not None:
        return None
    stripped = nfc(sku).strip()
    return stripped if len(stripped) <= MAX_SKU_LENGTH else None
