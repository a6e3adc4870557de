"""The stock of a product."""

from typing import Literal

InventoryPolicy = Literal["tracked", "untracked"]
"""`tracked`: the platform counts the pieces of a product. `untracked`: the product is always in stock."""
