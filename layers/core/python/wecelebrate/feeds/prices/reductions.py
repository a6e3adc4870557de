"""Decides whether the percentages of a file reduce its prices, e.g. `Discount` with `15%` and `Discount until`.

| file                                                              | products are sold at               |
|-------------------------------------------------------------------|------------------------------------|
| `Знижка` with `15%`, and the day until which it is valid          | the price minus 15 %, until then   |
| `Old price` 20.00, `Discount` 15%, `Price` 17.00                  | the price, which is already reduced|
| `Price` 20.00, `Discount` 15%, `To pay` 17.00                     | the price minus 15 %, until the day|
| `UVP` 22.00, `Rabatt` 15%, `VK` 20.00: nothing shows what is reduced | a question                      |
| `Discount code SUMMER`, `Final price`, or a row without its day   | a question                         |
| `Staff discount`, `Discount from 10 pcs`                          | the price                          |
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal

from wecelebrate.feeds.columns.facts import Columns, Facts
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.notation.moments import is_blank
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.candidates import name_of_price, share_of_amounts
from wecelebrate.feeds.prices.compared import NOW, amount_of
from wecelebrate.feeds.prices.conditional import is_for_members, is_limit
from wecelebrate.feeds.prices.former import find_former_price
from wecelebrate.feeds.prices.offer_names import (
    CONDITION,
    is_another_amount,
    is_bare_reduction,
    names_offer,
    words_of_name,
)
from wecelebrate.feeds.prices.possible_names import may_be_price
from wecelebrate.feeds.prices.taxes import have_usual_rates
from wecelebrate.feeds.prices.tiers import quantity_in_name
from wecelebrate.feeds.prices.unnamed import unnamed_amounts
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.vocabulary.words import words

PERCENTAGE = re.compile(r"(\d{1,2}(?:[.,]\d{1,2})?)\s?%", re.ASCII)
MIN_ROWS = 2
"""The least number of rows whose amounts show that the prices are not reduced yet. A lower price follows from this."""
_CENT, _UNIT = 0.011, 0.51
"""By how much reduced amounts can differ because of rounding: to cents, and to whole units."""
_FOR_SOME = words(
    "staff employee employees personnel personal mitarbeiter mitarbeiterrabatt empleado empleados dipendenti "
    "medewerker medewerkers personeel ansatte anstallda henkilosto pracownik pracowniczy zamestnanec zamestnanci "
    "munkatars angajati сотрудник сотрудникам працівникам "
    "pro b2b trade dealer dealers reseller resellers wholesale partner partners handler haendler wiederverkaufer "
    "revendeur revendeurs mayorista grossista revendedor hurt hurtowy оптовый опт "
    "cash skonto prepayment contado comptant contant contanti kontant pronto barzahlung prompt payment"
)
"""Words for a reduction that only some buyers get, or only for one way to pay."""
_FINAL = words(
    "final finale finaler finales end endpreis endbetrag slutpris loppuhinta eindprijs koncowa konecna vegleges "
    "итого итоговая финальная итогова фінальна after nach apres dopo despues depois po na efter jalkeen net neto netto"
)
"""Words in the name of a price from which a reduction can already be deducted: `Final price`, `Preis nach Rabatt`."""


def are_percentages(facts: Facts) -> bool:
    """Return whether all values are percentages such as `15%`. It is also true if all values are blank."""
    return all(PERCENTAGE.fullmatch(cell) for cell in facts.cells)


def is_percentage(name: str, facts: Facts) -> bool:
    """Return whether a column has percentages by which prices are reduced: `Discount` with `15%`."""
    reduces = names_offer(name) and is_another_amount(name) and not CONDITION.search(name) and not is_limit(name)
    return reduces and not internal_part(name) and not _is_for_some(name) and are_percentages(facts)


def are_reductions(name: str, facts: Facts) -> bool:
    """Return whether a column of offers has percentages, and not prices. If it is blank, its name decides."""
    is_named = names_offer(name) and is_another_amount(name)
    return are_percentages(facts) and (is_named or not facts.is_empty)


def _is_for_some(name: str) -> bool:
    """Return whether a name says that only some buyers get a reduction: staff, dealers, or buyers of several pieces."""
    quantity = quantity_in_name(name)
    is_for_many = quantity is not None and quantity[0] != 1
    return is_for_many or is_for_members(name) or not _FOR_SOME.isdisjoint(words_of_name(name))


def is_reduced(plan: Plan, columns: Columns, number: int) -> bool:
    """Return whether the prices are already reduced by the percentages: they are those of another column minus them.

    If the name of the other column means no price, several rows must show it.
    """
    price, named = plan.prices[0].column, _other_prices(plan, columns, number)
    return any(
        _are_reduced(columns, other, number, price, least=1 if other in named else MIN_ROWS)
        for other in range(len(plan.header))
        if other in named or (other not in (price, number) and columns[other].share("is_number") > 0.5)
    )


def doubt_of_reduction(plan: Plan, columns: Columns, number: int, ends: Collection[int], currency: str) -> str | None:
    """Return why it is uncertain whether products are sold at the prices minus the percentages, or None.

    `ends` are the columns of the last days. The prices must not be known as already reduced (`is_reduced`).
    """
    price = plan.prices[0].column
    shown = quoted(plan.column_name(price), 40)
    others = [other for other in _other_prices(plan, columns, number) if _differ(columns, price, other, number)]
    is_proven = any(_are_reduced(columns, price, number, other, least=MIN_ROWS) for other in others)
    if others and not is_proven:
        return f"the file does not show whether the prices in {shown} are already reduced"
    if not is_bare_reduction(plan.header[number], plan.prices[0].currency or currency):
        return "its name does not say for certain that all customers get them"
    if not is_proven and _is_final(plan.column_name(price)):
        return f"the prices in {shown} can already be reduced"
    if any(all(is_blank(row[end]) for end in ends if end < len(row)) for row, _ in _reduced_rows(columns, number)):
        return "a row does not say until when its percentage is valid"
    return None


def reduction_question(
    plan: Plan, columns: Columns, mapping: Mapping[str, str | None], number: int, reason: str
) -> list[Question]:
    """Return the question whether the prices are reduced by the percentages of a column. `reason` is the doubt."""
    is_asked = any(question.subject == "money" for question in plan.questions)
    if plan.computed is not None or "offers" in mapping or "price" in mapping or is_asked:
        return []
    name, price = plan.header[number], plan.column_name(plan.prices[0].column)
    facts = columns[number]
    text = (
        f"The column {quoted(name, 40)} has percentages such as {quoted(facts.examples[0], 20)}, and {reason}. Are "
        f"products sold at the prices in {quoted(price, 40)} minus these percentages?"
    )
    choices = (
        Choice("", f"No. Products are sold at {quoted(price, 40)}.", columns[plan.prices[0].column].examples),
        Choice(name, "Yes, on the days that the file names. Without a day, until a later file ends the offer."),
    )
    return [Question("offers", "money", text, choices, facts.examples)]


def has_other_prices(plan: Plan, columns: Columns, number: int) -> bool:
    """Return whether the file has other prices that customers can see, so that the price can already be reduced."""
    return bool(_other_prices(plan, columns, number))


def _is_final(name: str) -> bool:
    """Return whether a name says that a price is already reduced: `Sale price`, `Now`, `Final price`."""
    price = name_of_price(name)
    tokens = {*words_of_name(name)}
    is_offer = names_offer(name) or (price is not None and price.kind == "offer")
    is_net = price is not None and price.kind == "net"  # the net price is the one without tax
    return is_offer or not NOW.isdisjoint(tokens) or (not is_net and not _FINAL.isdisjoint(tokens))


def _other_prices(plan: Plan, columns: Columns, number: int) -> list[int]:
    """Return the other columns of amounts that customers can see: former, recommended and unknown prices, and offers.

    Purchase prices, prices of measures and of packages, and the same price with or without tax are left out.
    """
    price = plan.prices[0].column
    sold = name_of_price(plan.header[price])
    unnamed = {*unnamed_amounts(columns, {price, number}), find_former_price(plan, columns)}
    used = {at for name, numbers in plan.field_columns.items() if name != "price" for at in numbers}
    others = []
    for other, name in enumerate(plan.header):
        if other in (price, number) or other in used or internal_part(name) or is_another_amount(name):
            continue
        facts, named = columns[other], name_of_price(name)
        is_price = named is not None or may_be_price(fold(name)) or other in unnamed
        if not is_price or facts.is_empty or share_of_amounts(facts) < 0.5 or (named and named.kind == "purchase"):
            continue
        kinds = {named.kind if named else "plain", sold.kind if sold else "plain"}
        is_of_taxes = len(kinds) > 1 and kinds <= {"plain", "gross", "net"}
        if is_of_taxes and (have_usual_rates(columns, price, other) or have_usual_rates(columns, other, price)):
            continue
        others.append(other)
    return others


def _reduced_rows(columns: Columns, number: int) -> Iterator[tuple[Sequence[str | None], float]]:
    """Yield the rows that have a percentage, and this percentage."""
    for row in columns.sample:
        match = PERCENTAGE.fullmatch((row[number] or "").strip()) if number < len(row) else None
        if match and (percentage := float(Decimal(match[1].replace(",", ".")))):
            yield row, percentage


def _pairs(columns: Columns, first: int, number: int, second: int) -> Iterator[tuple[float, float, float]]:
    for row, percentage in _reduced_rows(columns, number):
        if max(first, second) < len(row):
            amounts = amount_of(row[first] or ""), amount_of(row[second] or "")
            if all(amounts):
                yield amounts[0], percentage, amounts[1]


def _are_reduced(columns: Columns, full: int, number: int, reduced: int, least: int = 1) -> bool:
    """Return whether a column has the amounts of another column minus the percentages, in all rows with both."""
    rows = list(_pairs(columns, full, number, reduced))
    are_whole = all(amount == int(amount) for row in rows for amount in (row[0], row[2]))
    difference = _UNIT if are_whole else _CENT
    return len(rows) >= least and all(
        abs(amount * (1 - percentage / 100) - lower) <= difference for amount, percentage, lower in rows
    )


def _differ(columns: Columns, first: int, second: int, number: int) -> bool:
    """Return whether two columns have different amounts in a row with a percentage."""
    return any(amount != other for amount, _, other in _pairs(columns, first, number, second))
