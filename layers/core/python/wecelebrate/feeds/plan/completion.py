"""Completes the plan of a known export with columns outside its profile, and checks whether the plan is doubtful."""

from collections.abc import Sequence

from wecelebrate.core.types import currencies
from wecelebrate.feeds.columns.composed import composed_fields
from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import field_candidates, fold
from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.identity.questions import sku_choices
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.plan.profiles import has_column, has_own_names
from wecelebrate.feeds.prices.types import has_unknown_type
from wecelebrate.feeds.questions import Question

_INTERNAL = frozenset(("id", "uuid", "guid", "productid", "itemid", "internalid", "externalid", "handle"))
"""Names of columns with internal numbers."""


def is_sku_doubtful(plan: Plan, names: list[str], profile: Profile) -> bool:
    """Return whether the SKU of a profile can be wrong because the file is the export of another system.

    The SKU is doubtful if two conditions are true. All columns by which the export was recognised have usual names, and
    the column with the SKU of this export does not exist. The profile then uses an internal number, such as `id`.
    """
    if not plan.sku:
        return True
    is_usual_sku = has_column([names[plan.sku[0]]], profile.fields["sku"][0])
    return not is_usual_sku and not has_own_names(names, profile)


def two_codes_question(columns: Columns, plan: Plan, by_name: Plan, earlier: Sequence[str]) -> list[Question]:
    """Return the question whether the SKU is the code that the profile reads, or the one that its name suggests.

    `earlier` are the columns of the SKU of the catalog's earlier file. An internal number, such as `id`, is no code.
    """
    if not plan.sku or not by_name.sku or plan.sku[0] == by_name.sku[0] or plan.profile is None:
        return []
    numbers = [plan.sku[0], by_name.sku[0]]
    names = [columns.header[number] for number in numbers]
    if names[1] in earlier or fold(names[0]) in _INTERNAL or not columns.differ(*numbers):
        return []
    text = (
        f"The file looks like an export of {plan.profile.name}, in which {quoted(names[0], 40)} identifies the "
        f"products. It also has the codes {quoted(names[1], 40)}. Which column is the SKU?"
    )
    return [Question("sku", "identity", text, sku_choices(columns, numbers), columns[numbers[1]].examples)]


def is_incomplete(plan: Plan, profile: Profile) -> bool:
    """Return whether the profile finds no price, no stock or no currency."""
    has_stock = bool(plan.inventory) or not profile.fields.get("inventory_count")
    names_currency = any(name == "currency" for column in plan.header for name, _, _ in field_candidates(column))
    return _lacks_price(plan, profile) or not has_stock or (names_currency and not _has_currency(plan, profile))


def _lacks_price(plan: Plan, profile: Profile) -> bool:
    return not plan.prices and bool(profile.fields.get("price")) and not profile.separate_prices


def _has_currency(plan: Plan, profile: Profile) -> bool:
    stated = plan.currency is not None or any(price.currency or price.currency_column for price in plan.prices)
    return stated or profile.separate_prices or not plan.prices


def complete(plan: Plan, columns: Columns, by_name: Plan) -> None:
    """Find the price, the stock and the currency by their names and values, if the profile does not find them.

    Another version of the export can have other names for these columns.
    """
    profile = plan.profile
    if profile is None:
        return
    lacks_price = _lacks_price(plan, profile)
    typed = any(map(has_unknown_type, columns.header))
    questions = [question for question in by_name.questions if question.key == "price"]
    if lacks_price and (typed or (by_name.prices and not questions)):
        plan.prices, plan.reasons["price"] = by_name.prices, by_name.reasons.get("price", [])
        plan.questions += questions
    taken = {number for numbers in plan.field_columns.values() for number in numbers}
    is_clear = not any(composed_fields(columns.header[number]) for number in by_name.inventory)
    has_stock = bool(plan.inventory) or not (lacks_price or profile.fields.get("inventory_count"))
    if not has_stock and is_clear and not by_name.sums_stock and taken.isdisjoint(by_name.inventory):
        plan.inventory = by_name.inventory
    if not _has_currency(plan, profile) and by_name.currency is not None:
        cells = columns[by_name.currency].cells
        if cells and all(cell.strip().upper() in currencies() for cell in cells):
            plan.currency = by_name.currency
