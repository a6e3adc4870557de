"""A bulk import as it is asked for."""

from typing import Self
from uuid import UUID

from pydantic import Field, JsonValue, model_validator

from wecelebrate.core.models import Flag, Input
from wecelebrate.ingestion.merge.load import Mode
from wecelebrate.products.models import ProductPatch, Sku

MOST_ROWS = 50_000

Given = dict[str, JsonValue]


class BulkImport(Input):
    """Rows, or an upload, to be imported into a catalog."""

    catalog_id: UUID
    mode: Mode = Field(
        default="upsert", description="`create` refuses products that are there, `update` those that are not."
    )
    dry_run: Flag = Field(default=False, description="Tell what would change, with examples, and change nothing.")
    notify: Flag = Field(default=False, description="Send the caller an e-mail when it is done.")
    rows: list[Given] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_ROWS,
        description="Products, each with its `sku`: fields as of a product, of which those that are there are written.",
    )
    upload_id: UUID | None = Field(
        default=None, description="A file that was sent to `POST /v1/uploads`, of any format."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.rows is None) == (self.upload_id is None):
            raise ValueError("give either rows or upload_id")
        return self


class ImportRow(ProductPatch):
    """One row: what it names is written, what it does not name stays."""

    sku: Sku
