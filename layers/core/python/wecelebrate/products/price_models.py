"""The models of the computation of a selling price."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.types import Amount


class PriceStep(BaseModel):
    """One step of the computation of a price."""

    rule: Literal["conversion", "markup_percent", "fixed_amount", "rounding", "minimum"]
    """The rule of the catalog that this step applies."""
    price: str = Field(description="The exact price after this step, which can have more decimals than its currency.")
    explanation: str
    """What the rule does, as a text for users."""


class ProductPrice(BaseModel):
    """The computation of the selling price of a product from the price of the product."""

    product_id: UUID
    catalog_id: UUID
    sku: str
    """The SKU of the product."""
    base_price: Amount = Field(
        description="The `price` of the product, which callers and files write, or the price of the offer that is valid"
        " now."
    )
    regular_price: Amount | None = Field(
        description="The `price` of the product without the offer, if an offer is valid. Null: no offer is valid."
    )
    base_currency: str
    """The currency of `base_price`."""
    price: Amount = Field(description="The price at which storefronts and clients with a grant sell the product.")
    currency: str
    """The currency of `price`: the currency of the catalog."""
    pricing_status: Literal["none", "applied", "unread"] = Field(
        description=(
            "`applied`: the rules of the catalog compute the price. `unread`: the catalog has notes that an earlier"
            " release stored, and no price is computed from them."
        )
    )
    steps: list[PriceStep]
    """The steps, in the order in which they are applied. Empty if no rule applies."""
