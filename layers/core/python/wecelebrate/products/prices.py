"""Explains how the selling price of a product is computed from the price of the product."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from wecelebrate.core.types import minor_units
from wecelebrate.products.price_models import PriceStep


def steps(row: Mapping[str, Any]) -> Iterator[PriceStep]:
    """Yield the steps of the computation, in the order in which they are applied. `row` is a row of
    `app.product_price`.
    """
    rules, currency = row["rules"], row["currency"]
    if not rules:
        return
    if Decimal(row["base"]) == 0:
        yield PriceStep(rule="minimum", price=row["selling"], explanation="a free product stays free")
        return
    if conversion := rules.get("conversion"):
        text = f"1 {conversion['from']} costs {conversion['rate']} {currency} on {conversion['date']}"
        yield PriceStep(rule="conversion", price=row["converted"], explanation=text)
    if percent := rules.get("markup_percent"):
        text = f"minus {percent[1:]} %" if percent.startswith("-") else f"plus {percent} %"
        yield PriceStep(rule="markup_percent", price=row["marked_up"], explanation=text)
    if amount := rules.get("fixed_amount"):
        text = f"minus {amount[1:]} {currency}" if amount.startswith("-") else f"plus {amount} {currency}"
        yield PriceStep(rule="fixed_amount", price=row["increased"], explanation=text)
    yield PriceStep(rule="rounding", price=row["rounded"], explanation=_rounding(rules.get("rounding"), currency))
    if "minimum" in rules or row["rounded"] != row["selling"]:
        text = f"a product that is not free costs at least {row['lowest']} {currency}"
        yield PriceStep(rule="minimum", price=row["selling"], explanation=text)


def _rounding(rounding: Mapping[str, str] | None, currency: str) -> str:
    if rounding is None:
        return f"rounded to {minor_units(currency)} decimals, half up"
    text = f"rounded to a multiple of {rounding['step']}"
    if rounding.get("ending", "0") != "0":
        text += f" plus {rounding['ending']}"
    direction = {"nearest": "to the nearest, half up", "up": "upwards", "down": "downwards"}
    return f"{text}, {direction[rounding.get('direction', 'nearest')]}"
