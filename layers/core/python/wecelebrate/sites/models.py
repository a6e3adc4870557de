"""Sites and exclusions. A site is a shop of a client. It shows the products of a catalog that the site does not
exclude.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from wecelebrate.core.models import ABSENT, GivenObject, Input, Object, Patch
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import CountryCode, DomainName, Flag, HttpUrl, Id, Moment, Money, Name, Text

SiteStatus = Literal["draft", "active", "inactive"]

MAX_DAILY_QUANTITY = 1_000_000


def _sorted_once(countries: list[str]) -> list[str]:
    return sorted(set(countries))


LineQuantity = Annotated[
    int,
    Field(strict=True, ge=1, le=10_000, description="The largest quantity of one product in one order."),
]
DailyLimit = Annotated[int, Field(strict=True, ge=1, le=MAX_DAILY_QUANTITY)]
DailyQuantity = Annotated[
    DailyLimit | None,
    Field(
        description=(
            "The maximum number of pieces that one customer may order in 24 hours. The same limit applies to all "
            "guests with the same e-mail address together. Null means that there is no limit."
        ),
    ),
]
DailyAddressQuantity = Annotated[
    DailyLimit | None,
    Field(
        description=(
            "The maximum number of pieces that may be ordered from one IP address in 24 hours. All people in an "
            "office can have the same IP address. Null means that there is no limit."
        ),
    ),
]
OrderAmount = Annotated[
    Annotated[Money, Field(gt=0)] | None,
    Field(
        description="The largest total of one order, in the currency of the order. Null means that there is no limit."
    ),
]
GuestOrders = Annotated[Flag, Field(description="Whether visitors without a token may place orders.")]
RecipientMails = Annotated[
    int,
    Field(
        strict=True,
        ge=0,
        le=10,
        description=(
            "The maximum number of confirmations that one e-mail address gets in 24 hours. Orders that the "
            "verified owner of the address places do not count."
        ),
    ),
]
CancelWindow = Annotated[
    int,
    Field(
        strict=True,
        ge=0,
        le=43_200,
        description=(
            "The number of minutes for which a buyer may cancel an order after placing it. 0: buyers cannot "
            "cancel orders. The client can always cancel an order."
        ),
    ),
]
ConfirmGuestOrders = Annotated[
    Flag,
    Field(
        description="Whether a guest must confirm an order with the link of a mail. Until then, the order holds its "
        "pieces, but is not processed."
    ),
]
ConfirmHours = Annotated[
    int,
    Field(
        strict=True,
        ge=1,
        le=168,
        description="The number of hours after which an order without confirmation is cancelled.",
    ),
]
OrderPage = Annotated[
    HttpUrl | None,
    Field(
        description=(
            "The page of the shop to which the links in mails to guests lead. The page gets the parameter "
            "`token`, and `action=confirm` if the guest must confirm an order. Null: `/orders/guest` on the host "
            "of the site."
        )
    ),
]
ShipToCountries = Annotated[
    Annotated[list[CountryCode], Field(min_length=1, max_length=249), AfterValidator(_sorted_once)] | None,
    Field(
        description="The countries to which the site ships, as ISO 3166-1 alpha-2 codes. An order to another country "
        "is refused. Null means that the site ships to all countries."
    ),
]
ShipToPoBoxes = Annotated[
    Flag,
    Field(
        description="Whether the site ships to post office boxes. Most carriers do not. A parcel locker, such as a "
        "Packstation, is not a post office box."
    ),
]
EventStorage = Literal["all", "anonymous", "none"]
SiteEventStorage = Annotated[
    EventStorage,
    Field(
        description=(
            "Which data of visitors' events is stored: `all`, `anonymous` (no user, and sessions that cannot be "
            "recognised on another day) or `none`. The consent of a visitor can only reduce this data."
        )
    ),
]


class SiteContent(Input):
    """All fields of a site except its client."""

    name: Name
    """The name of the shop."""
    domain: DomainName | None = None
    """The domain of the shop. After the domain is verified, visitors can reach the shop at this domain."""
    status: SiteStatus = "draft"
    """The state of the shop. Visitors can reach the shop only if the state is `active`."""
    branding: GivenObject = Field(default_factory=dict)
    """The look of the shop, e.g. its colours. The storefront returns it."""
    settings: GivenObject = Field(default_factory=dict)
    """Free-form settings of the shop. The storefront returns only the value of `public`."""
    catalog_id: Id | None = None
    guest_orders: GuestOrders = True
    max_line_quantity: LineQuantity = 10
    max_daily_quantity: DailyQuantity = 20
    max_daily_quantity_per_address: DailyAddressQuantity = 100
    max_order_amount: OrderAmount = None
    max_recipient_mails: RecipientMails = 5
    cancel_window_minutes: CancelWindow = 0
    confirm_guest_orders: ConfirmGuestOrders = False
    confirm_within_hours: ConfirmHours = 24
    order_page_url: OrderPage = None
    ship_to_countries: ShipToCountries = None
    ship_to_po_boxes: ShipToPoBoxes = True
    event_storage: SiteEventStorage = "anonymous"


class NewSite(SiteContent):
    """A new site."""

    client_id: Id


class SitePatch(Patch):
    """A change of a site."""

    name: Name = ABSENT
    domain: DomainName | None = None
    status: SiteStatus = ABSENT
    branding: GivenObject = ABSENT
    settings: GivenObject = ABSENT
    catalog_id: Id | None = None
    guest_orders: GuestOrders = ABSENT
    max_line_quantity: LineQuantity = ABSENT
    max_daily_quantity: DailyQuantity = None
    max_daily_quantity_per_address: DailyAddressQuantity = None
    max_order_amount: OrderAmount = None
    max_recipient_mails: RecipientMails = ABSENT
    cancel_window_minutes: CancelWindow = ABSENT
    confirm_guest_orders: ConfirmGuestOrders = ABSENT
    confirm_within_hours: ConfirmHours = ABSENT
    order_page_url: OrderPage = None
    ship_to_countries: ShipToCountries = None
    ship_to_po_boxes: ShipToPoBoxes = ABSENT
    event_storage: SiteEventStorage = ABSENT


class Site(BaseModel):
    """A site."""

    id: UUID
    client_id: UUID
    name: str
    domain: str | None
    status: SiteStatus
    branding: Object
    settings: Object
    catalog_id: UUID | None
    created_at: Moment
    updated_at: Moment
    slug: str = Field(description="The subdomain of the site under the domain of the platform. It never changes.")
    domain_verified_at: Moment | None = Field(
        description="When the domain was verified. Null: visitors cannot reach the site at its domain."
    )
    guest_orders: bool
    max_line_quantity: int
    max_daily_quantity: int | None
    max_daily_quantity_per_address: int | None
    max_order_amount: Money | None
    max_recipient_mails: int
    cancel_window_minutes: int
    confirm_guest_orders: bool
    confirm_within_hours: int
    order_page_url: str | None
    ship_to_countries: list[str] | None
    """The countries to which the site ships. Null means all countries."""
    ship_to_po_boxes: bool
    """Whether the site ships to post office boxes."""
    event_storage: SiteEventStorage


class DomainVerification(BaseModel):
    """The hosts at which visitors reach a site, and the DNS record that verifies the domain of the site."""

    host: str = Field(description="The host of the site under the domain of the platform. Visitors can always use it.")
    domain: str | None
    """The domain of the site. Null if the site has no domain of its own."""
    domain_verified_at: Moment | None
    """When the domain was verified. Null if it has not been verified."""
    record_type: Literal["TXT"] = "TXT"
    """The type of the DNS record."""
    record_name: str | None = Field(description="The name of the record. Null if the site has no domain.")
    record_value: str = Field(description="The text of the record.")


class SiteFilters(ListParameters):
    """The filters of a list of sites."""

    client_id: Id | None = None
    status: SiteStatus | None = None


class NewExclusion(Input):
    """The exclusion of a product from a site."""

    reason: Text | None = None
    """Why the site does not show the product. The people who manage the site see this text."""


class Exclusion(BaseModel):
    """A product that a site does not show."""

    site_id: UUID
    product_id: UUID
    reason: str | None
    created_at: Moment
