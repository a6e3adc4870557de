"""Asks whether products are sold at the offer prices of a file, if the file does not say when its offers are valid.

Some senders maintain their lists by hand, and customers pay each lower price in the list. Other files are dumps of
systems that keep the prices of old offers. The values do not show the difference, and a wrong answer costs money.
"""

from collections.abc import Mapping, Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.compared import is_below
from wecelebrate.feeds.prices.days_by_values import day_beside
from wecelebrate.feeds.questions import Choice, Question


def are_valid_without_days(plan: Plan) -> bool:
    """Return whether the vendor's documentation says that an offer without days is valid now."""
    return plan.standing_offers or (plan.profile is not None and plan.profile.offers_without_days == "valid")


def undated_question(
    plan: Plan, columns: Columns, mapping: Mapping[str, str | None], offers: Sequence[int]
) -> list[Question]:
    """Return the question about the first column of offers, if it has prices below the regular prices.

    `offers` are the columns with the prices of offers.
    """
    if plan.computed is not None or "offers" in mapping or "price" in mapping:
        return []
    if plan.offers is not None or not plan.prices or any(question.subject == "money" for question in plan.questions):
        return []
    regular = plan.prices[0].column
    offer = next((number for number in offers if is_below(columns, regular, number)), None)
    if offer is None:
        return []
    name, price = plan.header[offer], plan.column_name(regular)
    facts = columns[offer]
    text = (
        f"The column {quoted(name, 40)} has prices below {quoted(price, 40)}, but the file does not say for certain "
        "on which days they are valid. Are products sold at them?"
    )
    day = day_beside(columns, offer)
    until = "a later file ends the offer" if day is None else f"the day in {quoted(plan.header[day], 40)}, its last day"
    choices = (
        Choice("", f"No. Products are sold at {quoted(price, 40)}.", columns[regular].examples),
        Choice(name, f"Yes, where {quoted(name, 40)} is not blank, until {until}.", facts.examples),
    )
    return [Question("offers", "money", text, choices, facts.examples)]
