"""Asks which of several columns has the selling price, and describes the kind of price in each column."""

from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.prices.candidates import PriceCandidate, name_of_price
from wecelebrate.feeds.prices.compared import is_always_above
from wecelebrate.feeds.prices.names import KIND_TEXTS, TIERS
from wecelebrate.feeds.prices.names_with_values import listed_price
from wecelebrate.feeds.prices.pairs import can_be_a_selling_price
from wecelebrate.feeds.prices.tiers import is_for_a_measure, names_a_package
from wecelebrate.feeds.questions import Choice, Question

LEFT_OUT = ""
"""The answer that no column is the price. In the catalog's mapping, this answer is null."""


def price_question(columns: Columns, offered: Sequence[PriceCandidate]) -> Question:
    names = [columns.header[one.column] for one in offered[:5]]
    choices = tuple(
        Choice(
            name,
            f"Products are sold at {quoted(name, 40)} ({_text_of_kind(columns, one, offered)}).",
            columns[one.column].examples,
        )
        for name, one in zip(names, offered[:5], strict=True)
    )
    shown = " and ".join(quoted(name, 40) for name in names)
    text = f"The columns {shown} have different prices. At which one are products sold?"
    return Question("price", "money", text, choices, columns[offered[0].column].examples)


def _text_of_kind(columns: Columns, one: PriceCandidate, offered: Sequence[PriceCandidate]) -> str:
    """Describe a choice. An unknown price that is always lower than another price can be a purchase price."""
    column = columns.header[one.column]
    is_short = one.kind == "purchase" and can_be_a_selling_price(column)
    if one.name.kind in TIERS and one.kind in TIERS and (name_of_price(column) or listed_price(column)):
        return KIND_TEXTS[one.kind]
    if one.kind not in TIERS and not is_short:
        return KIND_TEXTS[one.kind]
    text = "a price of an unknown kind"
    if any(is_always_above(columns, other.column, one.column) for other in offered if other.kind != "list"):
        return f"{text} that is always lower, so it can be a purchase price"
    return text


def currency_question(columns: Columns, best: PriceCandidate, other: PriceCandidate) -> Question:
    """Ask which currency is used. Prices are never converted: a row without a price in this currency is rejected."""
    first, second = columns.header[best.column], columns.header[other.column]
    text = (
        f"Some rows have no amount in the column {quoted(first, 40)}, but an amount in {other.currency} in the column "
        f"{quoted(second, 40)}. At which one are products sold?"
    )
    choices = (
        Choice(first, f"Products are sold at {quoted(first, 40)}. Rows without it are rejected.",
               columns[best.column].examples),
        Choice(second, f"Products are sold at {quoted(second, 40)}, in {other.currency}.",
               columns[other.column].examples),
    )  # fmt: skip
    return Question("price", "money", text, choices, columns[other.column].examples)


def open_questions(columns: Columns, possible: Sequence[PriceCandidate]) -> list[Question]:
    """Ask whether one of the columns is the price, if no column is a known selling price."""
    if not possible:
        return []
    names = [columns.header[one.column] for one in possible[:5]]
    shown = " and ".join(quoted(name, 40) for name in names)
    choices = [Choice(LEFT_OUT, "The file has no selling price. The prices of products are not changed.")]
    choices += [
        Choice(name, f"Products are sold at {quoted(name, 40)}.", columns[one.column].examples)
        for name, one in zip(names, possible[:5], strict=True)
    ]
    kinds = {one.kind for one in possible}
    kind = "purchase prices" if kinds == {"purchase"} else "prices of an unknown kind"
    kind = "former prices" if kinds == {"compare"} else kind
    if all(is_for_a_measure(name) for name in names):
        kind = "prices for a measure, and not for one product"
    elif all(names_a_package(name) for name in names):
        kind = "prices for a package, which can have several products"
    text = f"The file has no selling price, only {kind}: {shown}. Are products sold at one of them?"
    return [Question("price", "money", text, tuple(choices), columns[possible[0].column].examples)]
