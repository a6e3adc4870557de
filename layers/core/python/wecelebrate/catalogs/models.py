"""A catalog: products from one source, read by the clients that own it or were granted it."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from wecelebrate.core.models import ABSENT, Count, Currency, Flag, GivenObject, Input, Moment, Name, Object, Patch
from wecelebrate.core.pages import ListParameters

CatalogType = Literal["erp", "manual", "vendor", "dropship"]
Status = Literal["draft", "active", "inactive"]
SyncMode = Literal["delta", "full"]
Percent = Annotated[float, Field(ge=0, le=100)]
Column = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Delimiter = Annotated[str, StringConstraints(pattern=r'^[^"\r\n]$')]
ProductField = Literal[
    "sku",
    "name",
    "description",
    "category",
    "brand",
    "price",
    "currency",
    "images",
    "inventory_count",
    "is_active",
]


class FileOptions(TypedDict, total=False):
    """How files are read where detection gets it wrong; null is detected."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    delimiter: Annotated[Delimiter | None, Field(description="Between the cells of CSV files.")]
    encoding: Annotated[Word | None, Field(description="Of text: `utf-8`, `cp1252`, …")]
    decimal: Annotated[Literal[",", "."] | None, Field(description="The mark in prices and quantities.")]
    sheet: Annotated[Word | None, Field(description="The name of a workbook's sheet, or its number, from 1.")]
    record: Annotated[Column | None, Field(description="The element of XML that is a product, or a path of elements.")]
    language: Annotated[Word | None, Field(description="Of texts that come in several, in XML.")]


class SyncSettings(Input):
    """How files become products of this catalog."""

    options: FileOptions = Field(default_factory=FileOptions, description="What detection need not find out.")
    mapping: dict[ProductField, Column] = Field(
        default_factory=dict, description="Field → the file's column; what is not mapped is recognised."
    )
    currency: Currency = Field(default="USD", description="Currency of prices that name none.")
    fetch_images: Flag = Field(
        default=False, description="Fetch the images that products name by address, and show renditions of them."
    )
    mode: SyncMode = Field(
        default="delta", description="What a file is: changes alone, or all there is, so that what it lacks goes."
    )
    most_deactivated_percent: Percent = Field(
        default=20.0,
        description="Of the active products: a full file that lacks more than that waits for somebody to approve.",
    )


class CatalogContent(Input):
    """What a catalog is, but for its owner."""

    name: Name
    type: CatalogType
    source: Name | None = Field(default=None, description="sap, oracle, manual, …")
    status: Status = "draft"
    source_config: GivenObject = Field(default_factory=dict)
    sync_settings: SyncSettings = Field(default_factory=SyncSettings)
    pricing_rules: GivenObject = Field(default_factory=dict)
    low_inventory: Count = Field(default=5, description="What a product's inventory falls to for `inventory.low`.")


class NewCatalog(CatalogContent):
    """What makes a catalog."""

    owner_client_id: UUID | None = Field(default=None, description="Null: the platform's, for admins to make.")


class SyncSettingsPatch(Patch):
    """A change of how files become products."""

    options: FileOptions | None = None
    mapping: dict[ProductField, Column | None] | None = None
    currency: Currency | None = None
    fetch_images: Flag | None = None
    mode: SyncMode | None = None
    most_deactivated_percent: Percent | None = None


class CatalogPatch(Patch):
    """A change of a catalog."""

    name: Name = ABSENT
    type: CatalogType = ABSENT
    source: Name | None = None
    status: Status = ABSENT
    source_config: GivenObject = ABSENT
    sync_settings: SyncSettingsPatch = ABSENT
    pricing_rules: GivenObject = ABSENT
    low_inventory: Count = ABSENT


class Catalog(BaseModel):
    """A catalog as it is read."""

    id: UUID
    owner_client_id: UUID | None
    name: str
    type: CatalogType
    source: str | None
    status: Status
    source_config: Object
    sync_settings: dict[str, JsonValue]
    pricing_rules: Object
    low_inventory: int
    created_at: Moment
    updated_at: Moment
    last_sync_at: Moment | None


class CatalogFilters(ListParameters):
    """What a list of catalogs may be asked."""

    type: CatalogType | None = None
    status: Status | None = None


class Grant(BaseModel):
    """A client that may read a catalog it does not own."""

    catalog_id: UUID
    client_id: UUID
    created_at: Moment
