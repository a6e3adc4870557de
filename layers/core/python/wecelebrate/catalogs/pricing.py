"""The price rules of a catalog. They compute the selling price of a product from the product's price.

The database computes the prices (`schema/functions/pricing.sql`). This module checks whether rules are valid.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from wecelebrate.core.errors import Invalid
from wecelebrate.core.models import Input, Object, Patch, pointer
from wecelebrate.core.problem_document import MAX_ERRORS, FieldError
from wecelebrate.core.types import Adjustment, CurrencyCode, Day, ExchangeRate, Markup, Money, finer_problem, rounded
from wecelebrate.core.validation_messages import message_for

Direction = Literal["nearest", "up", "down"]


def _not_in_future(value: date) -> date:
    # The easternmost time zone is 14 hours ahead of UTC.
    if value > (datetime.now(UTC) + timedelta(hours=14)).date():
        raise ValueError("must not be in the future")
    return value


class CurrencyConversion(Input):
    """A conversion of prices into another currency, at a rate that the caller states."""

    model_config = ConfigDict(serialize_by_alias=True)

    from_: CurrencyCode = Field(alias="from", description="The currency of the catalog, in which products are priced.")
    to: CurrencyCode
    """The currency in which products are sold."""
    rate: ExchangeRate = Field(description="The price of one unit of `from` in the currency `to`, e.g. `0.9217`.")
    date: Annotated[Day, AfterValidator(_not_in_future)]
    """The day of the rate. The platform stores it with the rate, and never changes a rate."""


class PriceRounding(Input):
    """The rounding of prices. A rounded price is a multiple of `step` plus `ending`. For example, 19.99 is such a price
    if `step` is 1 and `ending` is 0.99.
    """

    step: Money = Field(gt=0, description="The distance between two prices, e.g. `1` for prices that end with .99.")
    ending: Money = Field(
        default=Decimal(0), description="The end of each price, e.g. `0.99`. It must be below `step`."
    )
    direction: Direction = Field(
        default="nearest",
        description="`nearest` rounds to the nearest price, and rounds up if two prices are equally near.",
    )


class PricingRules(Input):
    """The rules that compute selling prices.

    The rules are applied in the order of the fields. Without rules, the selling price is the product's price.
    """

    conversion: CurrencyConversion | None = Field(
        default=None, description="Null: products are sold in the currency of the catalog."
    )
    markup_percent: Markup | None = Field(
        default=None, description="Prices are raised by this percentage, or lowered if it is below 0."
    )
    fixed_amount: Adjustment | None = Field(
        default=None, description="This amount is added to prices. If the amount is below 0, a `minimum` is required."
    )
    rounding: PriceRounding | None = Field(
        default=None, description="Null: prices are rounded to the decimals of the currency, and a half is rounded up."
    )
    minimum: Money | None = Field(
        default=None,
        description=(
            "The lowest selling price. It applies last, so it is not rounded. A product that costs 0 stays free. Every "
            "other price is at least the lowest price above 0 to which `rounding` can round."
        ),
    )


class PricingRulesPatch(Patch):
    """A change of price rules. If the stored rules are `unread`, the change replaces them."""

    conversion: CurrencyConversion | None = None
    markup_percent: Markup | None = None
    fixed_amount: Adjustment | None = None
    rounding: PriceRounding | None = None
    minimum: Money | None = None


def merged(stored: Object, status: str | None, changes: dict[str, Any] | None) -> Object:
    """Return the rules after a merge patch (RFC 7396). If the stored rules have the status `unread`, `changes` replaces
    them.
    """
    if changes is None:
        return {}
    rules: Object = dict(stored) if status == "applied" else {}
    for name, value in changes.items():
        if value is None:
            rules.pop(name, None)
        elif isinstance(value, dict) and isinstance(before := rules.get(name), dict):
            rules[name] = before | value
        else:
            rules[name] = value
    return rules


def checked(rules: Object, currency: str | None) -> Object:
    """Check rules for a catalog with the given currency. Return the rules in their stored form.

    Raises Invalid if the rules do not have the documented form, or are not valid for the currency.
    """
    try:
        model = PricingRules.model_validate(rules)
    except ValidationError as error:
        errors = [
            FieldError(pointer=pointer(("pricing_rules", *detail["loc"])), detail=message_for(detail))
            for detail in error.errors()[:MAX_ERRORS]
        ]
        raise Invalid(errors=errors) from None
    content: Object = model.model_dump(mode="json", exclude_none=True)
    if content and currency is None:
        detail = "must be set, because the price rules need the currency of the prices"
        raise Invalid(errors=[FieldError(pointer="/currency", detail=detail)])
    if currency is not None and (problems := list(_problems(model, currency))):
        raise Invalid(errors=problems)
    return content


def _problems(rules: PricingRules, currency: str) -> Iterator[FieldError]:
    """Yield the contradictions between rules, or between a rule and the currency.

    The caller must have checked the form of each rule.
    """
    conversion, rounding = rules.conversion, rules.rounding
    if conversion and conversion.from_ != currency:
        yield _error("conversion/from", f"must be {currency}, the currency of the catalog")
    if conversion and conversion.to == currency:
        yield _error("conversion/to", f"must differ from {currency}, the currency of the catalog")
    target = conversion.to if conversion else currency
    amounts = {"fixed_amount": rules.fixed_amount, "minimum": rules.minimum}
    if rounding:
        amounts |= {"rounding/step": rounding.step, "rounding/ending": rounding.ending}
        if rounding.ending >= rounding.step:
            yield _error("rounding/ending", "must be below `step`")
    for name, amount in amounts.items():
        if amount is not None and rounded(amount, target) is None:
            yield _error(name, finer_problem(target))
    if rules.fixed_amount is not None and rules.fixed_amount < 0 and not rules.minimum:
        yield _error("minimum", "must be above 0, because `fixed_amount` is below 0")


def _error(name: str, detail: str) -> FieldError:
    return FieldError(pointer=f"/pricing_rules/{name}", detail=detail)
