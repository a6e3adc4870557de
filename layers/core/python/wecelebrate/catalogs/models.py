"""Catalogs, their sync settings and their grants."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints
from typing_extensions import TypedDict  # Before Python 3.12, pydantic does not accept typing.TypedDict.

from wecelebrate.catalogs.pricing import PricingRules, PricingRulesPatch
from wecelebrate.core.models import ABSENT, GivenObject, Input, Object, Patch, at_most
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import Count, CurrencyCode, Flag, Id, InventoryPolicy, Label, Line, Moment, Name, Percent
from wecelebrate.core.types.transformations import CHECKED_ATTRIBUTES, CHECKED_MAPPING, MappingEntry, replacing

CatalogType = Literal["erp", "manual", "vendor", "dropship"]
CatalogStatus = Literal["draft", "active", "inactive"]
SyncMode = Literal["delta", "full"]
OnDoubt = Literal["ask", "guess", "refuse"]
StockMeans = Literal["free", "physical"]
StockDelay = Annotated[Count, Field(le=1440)]
HoldHours = Annotated[Count, Field(le=8760)]
ColumnName = Label
AttributeName = Annotated[str, Line(100)]
OptionText = Annotated[str, Line(100)]
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
    "price_unit",
    "stock_as_of",
    "offers",
    "command",
    "parent",
]


class FileOptions(TypedDict, total=False):
    """The options for reading files. If an option is null or missing, its value is detected from the file."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    delimiter: Annotated[Delimiter | None, Field(description="The delimiter of CSV files.")]
    encoding: Annotated[OptionText | None, Field(description="The character encoding, e.g. `utf-8` or `cp1252`.")]
    decimal: Annotated[Literal[",", "."] | None, Field(description="The decimal separator of prices and quantities.")]
    day_order: Annotated[
        Literal["day", "month"] | None,
        Field(
            description=(
                "Whether the day or the month comes first in the dates of offers and of price periods, e.g. in "
                "03/04/2026."
            )
        ),
    ]
    minor_units: Annotated[
        Literal["yes", "no"] | None,
        Field(
            description="Whether prices are whole numbers of the smallest unit of the currency, e.g. 1950 for 19.50."
        ),
    ]
    sheet: Annotated[
        OptionText | None, Field(description="The sheet of a workbook: its name, or its number, counted from 1.")
    ]
    record: Annotated[
        ColumnName | None, Field(description="The XML element that contains one product: its name, or its path.")
    ]
    language: Annotated[
        OptionText | None, Field(description="The language to use if an XML file has texts in several languages.")
    ]


MAX_TRANSFORMATION_BYTES = 256 * 1024
"""The maximum size, in bytes, of the JSON of a mapping or of the public attributes."""
FieldMapping = Annotated[dict[ProductField, MappingEntry | None], CHECKED_MAPPING, at_most(MAX_TRANSFORMATION_BYTES)]
PublicAttributes = Annotated[
    dict[AttributeName, MappingEntry],
    CHECKED_ATTRIBUTES,
    at_most(MAX_TRANSFORMATION_BYTES),
    Field(
        max_length=100,
        description=(
            "The public attributes of products. Maps the name of an attribute to its column, to the name of a "
            "feature in a file with features, or to a transformation of columns. Known properties, e.g. colour "
            "and material, are public by default. All other columns are private: only owners and editors of the "
            "catalog can read them, at `GET /v1/products/{product_id}/source`."
        ),
    ),
]
PrivateColumns = Annotated[
    list[ColumnName],
    Field(max_length=100, description="Columns and features that are private, even if they are known properties."),
]


class Plausibility(TypedDict, total=False):
    """Limits for the changes that a file makes. A file that exceeds a limit needs an approval.

    Large changes can be a mistake. If a limit is null, its default applies.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    enabled: Annotated[Flag | None, Field(description="Whether files are compared with the products. Default: true.")]
    min_products: Annotated[
        Count | None,
        Field(
            description=(
                "If fewer products than this number change, no approval is needed. For prices that change by a factor "
                "near 10, 100 or 1,000, the number is at most 3. Default: 10."
            )
        ),
    ]
    large_price_change_percent: Annotated[
        Percent | None,
        Field(description="A change of a price by more than this percentage is a large change. Default: 50."),
    ]
    most_large_price_changes_percent: Annotated[
        Percent | None,
        Field(description="The percentage of the active products whose prices may have a large change. Default: 20."),
    ]
    most_price_factors_percent: Annotated[
        Percent | None,
        Field(
            description=(
                "The percentage of the prices in the file that may increase or decrease by a factor near 10, 100 or "
                "1,000. Default: 5."
            )
        ),
    ]
    most_stock_lost_percent: Annotated[
        Percent | None, Field(description="The percentage of the products whose stock may fall to 0. Default: 95.")
    ]
    most_categories_lost_percent: Annotated[
        Percent | None, Field(description="The percentage of the products that may lose their category. Default: 95.")
    ]
    most_inactivated_percent: Annotated[
        Percent | None,
        Field(description="The percentage of the active products that rows in the file may deactivate. Default: 20."),
    ]


class SyncSettings(Input):
    """The settings for converting the rows of files to products of a catalog."""

    options: FileOptions = Field(
        default_factory=FileOptions,
        description="How files are read. Set an option only if its automatic detection is wrong.",
    )
    mapping: FieldMapping = Field(
        default_factory=dict,
        description=(
            "Maps each product field to its column, or to a transformation of columns. A field with null is not "
            "read. Fields without a mapping are matched by column name. `parent` is the column in which a variant "
            "has the SKU of its product. If a field of the variant is blank, it gets the value of this product."
        ),
    )
    attributes: PublicAttributes = Field(default_factory=dict)
    private_columns: PrivateColumns = Field(default_factory=list)
    currency: CurrencyCode = Field(
        default="USD",
        description="The currency of prices if neither the file nor the catalog has a currency.",
    )
    fetch_images: Flag = Field(
        default=False,
        description="Whether the images of products are fetched from their URLs and shown in several sizes.",
    )
    mode: SyncMode = Field(
        default="delta",
        description=(
            "`delta`: a file contains only changes. "
            "`full`: a file contains all products. A product that is missing from the file is deactivated."
        ),
    )
    most_deactivated_percent: Percent = Field(
        default=20.0,
        description="A full file that deactivates more than this percentage of the active products needs approval.",
    )
    default_inventory_policy: InventoryPolicy = Field(
        default="untracked",
        description=(
            "The `inventory_policy` of new products if the file says nothing about the stock. "
            "`tracked`: they cannot be ordered before a stock is set."
        ),
    )
    stock_means: StockMeans = Field(
        default="free",
        description=(
            "The meaning of the stock in files. `free`: the ERP system has subtracted the orders that it knows. "
            "It knows an order when the order is `processing`. `physical`: all pieces in the warehouse, including "
            "the pieces of orders that are not shipped."
        ),
    )
    stock_delay_minutes: StockDelay = Field(
        default=15,
        description=(
            "The usual age of the stock in a file when the file arrives. It applies if neither a column nor "
            "`stock_as_of` contains the time at which the stock was counted."
        ),
    )
    hold_hours: HoldHours | None = Field(
        default=None,
        description=(
            "The time after which the pieces of an order no longer count as part of the stock in files, even if "
            "the order was not acknowledged and not shipped. Null: 72, or 720 if the stock is `physical`."
        ),
    )
    on_doubt: OnDoubt = Field(
        default="ask",
        description=(
            "What happens if it is unclear how prices or SKUs in a file must be read. `ask`: the job asks "
            "questions, and waits for the answers. `guess`: the most probable answer is used and reported. "
            "`refuse`: the job fails."
        ),
    )
    plausibility: Plausibility = Field(
        default_factory=Plausibility,
        description=(
            "The limits for large changes, which can be mistakes. A file that exceeds a limit needs an approval."
        ),
    )


class CatalogContent(Input):
    """All fields of a catalog except its owner."""

    name: Name
    """The name of the catalog, for the people who manage it."""
    type: CatalogType
    """Where the products come from: an ERP system, people (`manual`), a vendor or a dropshipper."""
    source: Name | None = Field(
        default=None, description="The system that the products come from, e.g. `sap`, `oracle` or `manual`."
    )
    status: CatalogStatus = Field(
        default="draft",
        description="Storefronts show and sell only the products of an `active` catalog. Syncs ignore the status.",
    )
    currency: CurrencyCode | None = Field(
        default=None,
        description=(
            "The currency of all prices. Without it, the first product sets the currency. If a change sets it to null, "
            "products can have prices in several currencies, and lists cannot be filtered or sorted by price."
        ),
    )
    source_config: GivenObject = Field(
        default_factory=dict,
        description=(
            "The owner's notes about the source system. The platform stores these notes, but does not use them."
        ),
    )
    sync_settings: SyncSettings = Field(default_factory=SyncSettings)
    """How the files of ERP systems are read and synced."""
    pricing_rules: PricingRules = Field(default_factory=PricingRules)
    """The rules that compute the selling prices from the prices of the products."""
    low_inventory: Count = Field(
        default=5, description="When the stock of a product falls to this number, `inventory.low` is published."
    )


class NewCatalog(CatalogContent):
    """A new catalog."""

    owner_client_id: Id | None = Field(
        default=None,
        description=(
            "The owner. The default is your only client, or the platform for staff. Null: the platform owns the "
            "catalog. Only admins can create such a catalog."
        ),
    )


class SyncSettingsPatch(Patch):
    """A change of sync settings."""

    options: FileOptions | None = None
    mapping: FieldMapping | None = Field(
        default=None, description="A transformation replaces the whole stored entry of its field."
    )
    attributes: (
        Annotated[dict[AttributeName, MappingEntry | None], CHECKED_ATTRIBUTES, at_most(MAX_TRANSFORMATION_BYTES)]
        | None
    ) = Field(default=None, max_length=100)
    private_columns: PrivateColumns | None = None
    currency: CurrencyCode | None = None
    fetch_images: Flag | None = None
    mode: SyncMode | None = None
    most_deactivated_percent: Percent | None = None
    default_inventory_policy: InventoryPolicy | None = None
    stock_means: StockMeans | None = None
    stock_delay_minutes: StockDelay | None = None
    hold_hours: HoldHours | None = None
    on_doubt: OnDoubt | None = None
    plausibility: Plausibility | None = None


class CatalogPatch(Patch):
    """A change of a catalog."""

    name: Name = ABSENT
    type: CatalogType = ABSENT
    source: Name | None = None
    status: CatalogStatus = ABSENT
    currency: CurrencyCode | None = None
    source_config: GivenObject = ABSENT
    sync_settings: SyncSettingsPatch = ABSENT
    pricing_rules: PricingRulesPatch | None = Field(default=None, description="Null: no rules.")
    low_inventory: Count = ABSENT

    def changes(self) -> dict[str, Any]:
        """Return the fields that the caller sent. A transformation replaces the stored transformation as a whole."""
        changes = super().changes()
        for name in ("mapping", "attributes"):
            entries = changes.get("sync_settings", {}).get(name)
            for key, entry in (entries or {}).items():
                entries[key] = replacing(entry)
        return changes


class Catalog(BaseModel):
    """A catalog. A client that only has a grant does not see the settings, the price rules and the source."""

    id: UUID
    owner_client_id: UUID | None
    name: str
    type: CatalogType
    source: str | None
    status: CatalogStatus
    currency: str | None = Field(
        description=(
            "The currency of all prices. Null: there are no products yet, or prices in several currencies. For a "
            "client that only has a grant, the currency in which the products are sold."
        )
    )
    source_config: Object
    sync_settings: dict[str, JsonValue]
    pricing_rules: Object
    low_inventory: int | None = Field(description="Null for a client that only has a grant.")
    created_at: Moment
    updated_at: Moment
    last_sync_at: Moment | None
    """When the last sync of the catalog was completed. Null if no sync has been completed."""
    pricing_status: Literal["none", "applied", "unread"] | None = Field(
        description=(
            "`applied`: products are sold at the prices that `pricing_rules` compute. `unread`: `pricing_rules` are "
            "notes that an earlier release stored, and no price is computed from them. Null for a client that only "
            "has a grant."
        )
    )


class CatalogReading(BaseModel):
    """The reading of a catalog. It describes how the platform read the last merged file."""

    catalog_id: UUID
    job_id: UUID | None = Field(description="The job that merged the file. Null: no file is remembered.")
    file: str | None = Field(description="The key of the file.")
    reading: Object | None = Field(description="The columns of the fields, the decimal separator, and more.")
    read_at: Moment | None
    """When the file was merged."""


class CatalogFilters(ListParameters):
    """The filters of a list of catalogs."""

    type: CatalogType | None = None
    status: CatalogStatus | None = None


class Grant(BaseModel):
    """A grant. It allows a client to read a catalog that the client does not own."""

    catalog_id: UUID
    client_id: UUID
    created_at: Moment
