"""Decides the currency if a note such as `Prices in pesos`, or the notes of several groups, name several currencies.

If the catalog's currency is one of the currencies of a word such as `pesos`, the word means the catalog's currency.
Otherwise, a question is asked.
"""

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.candidates import is_bare_sign
from wecelebrate.feeds.prices.notes import Notes
from wecelebrate.feeds.questions import Choice, Question

_USUAL: dict[tuple[str, ...], str] = {("RUB", "BYN"): "RUB", ("RON", "MDL"): "RON"}
"""The currency that a shared word means if the word cannot mean the catalog's currency."""


def usual_currency(notes: Notes, currency: str) -> str | None:
    """Return the currency that a shared word means in a catalog with this currency, or None if this is uncertain."""
    shared = notes.shared_currencies
    return None if notes.is_mixed else currency if currency in shared else _USUAL.get(shared)


def shared_currency_question(plan: Plan, columns: Columns, notes: Notes, currency: str) -> list[Question]:
    """Return a question if a title has a word such as `pesos` that cannot mean the catalog's currency.

    A question is also returned if the groups of products have different currencies.
    """
    if not notes.shared_currencies or usual_currency(notes, currency) == currency or len(plan.prices) != 1:
        return []
    price = plan.prices[0]
    name = plan.column_name(price.column)
    is_stated = (
        (price.currency and not is_bare_sign(name)) or price.currency_column is not None or plan.currency is not None
    )
    if is_stated or plan.computed or any(question.subject == "money" for question in plan.questions):
        return []
    examples = columns[price.column].examples
    question_text = (
        f"The file says {quoted(notes.text, 80)}, and the catalog's currency is {currency}. Are the prices in "
        f"{currency}? Otherwise, add a constant `currency` to the mapping."
    )
    choices = (
        Choice("", "The prices of products are not changed."),
        Choice(name, f"The prices are in {currency}.", examples),
    )
    return [Question("price", "money", question_text, choices, examples)]
