"""Asks whether prices include tax if a form offers both choices, or if a note is only about some prices."""

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.candidates import name_of_price
from wecelebrate.feeds.questions import Choice, Question


def tax_question(plan: Plan, columns: Columns, note: str) -> list[Question]:
    """Return a question if the name of the only price column does not say whether it includes the tax."""
    if not note or len(plan.prices) != 1 or any(question.key == "price" for question in plan.questions):
        return []
    number = plan.prices[0].column
    name = plan.column_name(number)
    named = name_of_price(name)
    if named is not None and (named.tax or named.kind != "plain"):
        return []
    text = (
        f"The file says {quoted(note, 80)}. Do all prices in {quoted(name, 40)} include the "
        "tax? Otherwise the step `multiply` of the catalog's mapping can add it."
    )
    choices = (
        Choice("", "The prices of products are not changed."),
        Choice(name, f"Products are sold at {quoted(name, 40)}, without any change.", columns[number].examples),
    )
    return [Question("price", "money", text, choices, columns[number].examples)]
