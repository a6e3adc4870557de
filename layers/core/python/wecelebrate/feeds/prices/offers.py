"""Finds the offers of a file: the column of the lower price, and the columns of its first day and its last day.

| column                                         | first day | last day | both |
|------------------------------------------------|-----------|----------|------|
| `Akční cena` with `Akce od` and `Akce do`      | yes       | yes      |      |
| `sale_price` with `sale_price_effective_date`  |           |          | yes  |
| `special_price` with `special_to_date`         |           | yes      |      |
| `Aktionspreis` directly before `von` and `bis` | yes       | yes      |      |
| `Знижка` with `15%`, and its `від` and `до`    | yes       | yes      |      |

A column of days is used only if its values are days. Without days, offers are not read, because their end is not known.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from wecelebrate.feeds.columns.facts import Columns, Facts
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.profile_columns import profile_names
from wecelebrate.feeds.columns.setting_names import is_named
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.notation.moments import is_blank, moment_of, period_of, stated_order
from wecelebrate.feeds.plan.model import OfferColumns, Plan, PriceColumn
from wecelebrate.feeds.plan.plan import find_columns
from wecelebrate.feeds.prices.candidates import name_of_price, share_of_amounts
from wecelebrate.feeds.prices.compared import is_below
from wecelebrate.feeds.prices.conditional import is_limit
from wecelebrate.feeds.prices.day_order import (
    OfferDays,
    cells_of,
    days_of_others,
    order_of_offer,
    order_of_offers,
    order_question,
    orders_of_columns,
)
from wecelebrate.feeds.prices.days_by_values import Role, day_beside, days_by_values, unnamed_days, with_unnamed_days
from wecelebrate.feeds.prices.offer_names import (
    CONDITION,
    OFFER,
    TIME_ZONES,
    is_another_amount,
    is_bare_offer,
    names_day_of_offer,
    names_offer,
    role_beside,
    role_of_name,
    words_of_name,
)
from wecelebrate.feeds.prices.undated import are_valid_without_days, undated_question

_MIN_DAYS = 0.8
"""The minimum share of days among the values of a column of days."""


def find_offers(
    plan: Plan,
    columns: Columns,
    mapping: Mapping[str, str | None],
    currency: str,
    earlier: Sequence[str] = (),
    *,
    earlier_order: bool | None = None,
) -> OfferColumns | None:
    """Return the columns of the offers, or None if the file has no offers or does not say when its offers are valid.

    `earlier` are the columns of offers of the catalog's previous file: the offer, and then its days. They are used
    again if they are blank in this file.

    `earlier_order` says whether the month was before the day in earlier files, for dates such as `03/04/2026`. If no
    earlier file has shown the order, `03/04/2026` is in March if the catalog's `currency` is USD.
    """
    is_left_out = "offers" in mapping and not mapping["offers"]
    if is_left_out or not plan.prices or any(question.key == "price" for question in plan.questions):
        return None
    if "price" not in mapping:
        plan.prices = _regular_prices(plan, columns)
    if plan.validity is not None or (plan.computed and any(plan.computed.get(each.column) for each in plan.prices)):
        return None
    prices = [number for number in _offer_prices(plan, columns, currency) if number not in _used(plan)]
    percentages = [] if prices or "offers" in mapping else dated_percentages(plan, columns)
    prices = prices or percentages
    if mapping.get("offers"):
        prices = [number for number, name in enumerate(plan.header) if is_named(name, mapping["offers"])][:1]
    offers = _offers_with_days(plan, columns, prices, is_chosen=bool(mapping.get("offers")))
    if offers is None:
        plan.questions += undated_question(plan, columns, mapping, prices)
        return None
    all_cells = cells_of(columns, offers)
    month_first = order_of_offers(columns, offers, mapping, currency, earlier_order)
    questions = order_question(columns, offers)
    for price, days in offers:
        cells = cells_of(columns, [(price, days)])
        order = order_of_offer(cells, mapping, month_first)
        if cells and order is not None:
            orders = orders_of_columns(columns, days, mapping, order)
            return OfferColumns(price, *days, orders, stated_order(all_cells), is_percentage=price in percentages)
        if mapping.get("offers") and not cells:
            return OfferColumns(price)  # a user has decided that the offers are valid now
        if questions and order_question(columns, [(price, days)]):
            break  # Until the question is answered, no other offer is used.
    plan.questions += questions
    if mapping.get("offers"):
        return None
    is_month_first = currency == "USD" if earlier_order is None else earlier_order
    earlier_offers = _earlier_offers(plan, columns, earlier, month_first=is_month_first)
    if earlier_offers is None and not all_cells:
        if are_valid_without_days(plan) and prices:
            return with_named_days(_standing(plan, prices[0], month_first=is_month_first), plan.header)
        plan.questions += undated_question(plan, columns, mapping, prices)
    return earlier_offers


def _standing(plan: Plan, price: int, *, month_first: bool = False) -> OfferColumns:
    """Return the offers of a known export. In this export, offers without days are valid now."""
    switches = plan.profile.offer_switch if plan.profile else ()
    columns = find_columns(profile_names(plan.header, plan.profile), switches)
    return OfferColumns(price, month_first=(month_first,) * 3, switch=next(iter(columns), None))


def with_named_days(offers: OfferColumns, header: Sequence[str]) -> OfferColumns:
    """Return the offers with their columns of days.

    The columns are found by their names, because the first rows of a file can have no days.
    """
    roles: dict[Role, int | None] = {"first": offers.first, "last": offers.last, "both": offers.both}
    for number, name in enumerate(header):
        role = role_of_name(name) if number != offers.price and names_day_of_offer(name) else None
        if role and roles[role] is None and TIME_ZONES.isdisjoint(words_of_name(name)) and name_of_price(name) is None:
            roles[role] = number
    return replace(offers, first=roles["first"], last=roles["last"], both=roles["both"])


def with_late_columns(plan: Plan, header: Sequence[str]) -> OfferColumns | None:
    """Return the offers with the columns that later records of a known export have added to the header."""
    if not are_valid_without_days(plan) or not plan.prices:
        return plan.offers
    late = (number for number in range(len(header)) if is_late_offer(header[number]) and number not in _used(plan))
    number = plan.offers.price if plan.offers else next(late, None)
    return None if number is None else with_named_days(plan.offers or _standing(plan, number), header)


def is_late_offer(name: str) -> bool:
    price = name_of_price(name)
    return price is not None and price.kind == "offer" and not internal_part(name) and not is_another_amount(name)


def _offers_with_days(
    plan: Plan, columns: Columns, prices: Sequence[int], *, is_chosen: bool
) -> list[OfferDays] | None:
    """Return the columns of the days of each offer, or None if the days of the first offer are not understood.

    The columns of an offer can be blank. If `is_chosen` is true, a person has confirmed that the column of days next to
    the offer contains its last day (`undated`).
    """
    offers: list[OfferDays] = []
    for price in prices:
        roles = _named_days(plan, columns, price, days_of_others(plan.header, price, prices, OFFER))
        if roles is None:
            return offers if cells_of(columns, offers) else None
        roles = roles or _days_beside(plan, columns, price)
        if not roles and is_chosen and (day := day_beside(columns, price)) is not None:
            roles = {"last": day}
        offers.append((price, (roles.get("first"), roles.get("last"), roles.get("both"))))
    return offers


def _earlier_offers(plan: Plan, columns: Columns, earlier: Sequence[str], *, month_first: bool) -> OfferColumns | None:
    """Return the offer columns of the previous file, if the first rows of this file have no offer or no day."""
    by_name = {fold(name): number for number, name in reversed(list(enumerate(plan.header)))}
    numbers_of_earlier = [by_name.get(fold(name)) for name in earlier]
    if len(numbers_of_earlier) < 2 or None in numbers_of_earlier:
        return None
    price, *days = [number for number in numbers_of_earlier if number is not None]
    is_blank_offer = columns[price].is_empty
    has_days = any(not is_blank(cell) for number in days for cell in columns[number].cells)
    if price in _used(plan) or has_days or not (is_blank_offer or share_of_amounts(columns[price]) >= 0.5):
        return None
    roles = _roles_of_names(plan, price, days)
    if len(roles) < len(days):
        return None
    return OfferColumns(
        price, roles.get("first"), roles.get("last"), roles.get("both"), (month_first,) * 3,
        is_percentage=is_percentage(plan.header[price], columns[price]),
    )  # fmt: skip


def _roles_of_names(plan: Plan, price: int, days: Sequence[int]) -> dict[Role, int]:
    """Return the columns with the first and the last day of an offer. Only the names of the columns are considered."""
    roles: dict[Role, int] = {}
    for number in days:
        name = plan.header[number]
        role = (
            role_of_name(name)
            if names_day_of_offer(name)
            else role_beside(name)
            if price < number < price + 3
            else None
        )
        roles.setdefault(role or "both", number)
    return roles


def columns_of_named_offers(plan: Plan, columns: Columns) -> set[int]:
    """Return the columns whose names mean an offer or its days. The result is empty if the offers have no days."""
    names = [(number, name) for number, name in enumerate(plan.header) if names_offer(name)]
    prices = {number for number, name in names if (price := name_of_price(name)) and price.kind == "offer"}
    days = {
        number for number, name in enumerate(plan.header) if names_day_of_offer(name) and role_of_name(name)
    } - prices
    beside = {number + step for number in prices for step in (1, 2) if number + step < len(plan.header)}
    days |= {number for number in beside - prices if role_beside(plan.header[number])}
    has_offers, has_days = (any(not columns[each].is_empty for each in group) for group in (prices, days))
    return prices | days if prices and days and (has_days or not has_offers) else set()


def _regular_prices(plan: Plan, columns: Columns) -> list[PriceColumn]:
    """Return the columns of the regular price.

    If the price is an offer with days, the regular price is the crossed-out or recommended price, such as the Czech
    `Běžná cena`. If the offer has no days, the crossed-out or recommended price is not used.
    """
    if not plan.prices or plan.prices[0].kind != "offer" or plan.profile is not None:
        return plan.prices
    days = _named_days(plan, columns, plan.prices[0].column) or _days_beside(plan, columns, plan.prices[0].column)
    has_days = any(columns[number].cells for number in days.values())
    for kind in ("compare", "list"):
        regular = [
            number for number, column in enumerate(plan.header)
            if (name := name_of_price(column)) and name.kind == kind and not internal_part(column)
            and share_of_amounts(columns[number]) > 0.5 and not columns[number].is_empty
        ]  # fmt: skip
        if regular and not has_days and not _is_partly_reduced(columns, plan.prices[0].column, regular[0]):
            return plan.prices
        if regular:
            return [PriceColumn(regular[0], plan.prices[0].currency)] if len(regular) == 1 else plan.prices
    return plan.prices


def _is_partly_reduced(columns: Columns, offer: int, regular: int) -> bool:
    """Return whether only some rows have an offer, and all other rows have the regular price."""
    return columns.fills(offer, regular) and not columns.fills(regular, offer) and is_below(columns, regular, offer)


def _used(plan: Plan) -> set[int]:
    """Return the columns of other fields, and the first column of the price. These columns cannot be offers.

    Further columns of the price are not returned, because the second price column of a known export can be an offer.
    """
    fields = {name: numbers for name, numbers in plan.field_columns.items() if name != "price"}
    return {plan.prices[0].column, *(number for numbers in fields.values() for number in numbers)}


def _offer_prices(plan: Plan, columns: Columns, currency: str) -> list[int]:
    """Return the columns with the prices of offers.

    Columns with the same tax as the file's price come first. A column such as `Akce` contains prices of offers if its
    values are amounts with decimals or currencies, and not percentages. Columns with the amount of a reduction, or with
    the price of a quantity, a measure or a package, are left out.
    """
    sold = name_of_price(plan.header[plan.prices[0].column])
    ranked: list[tuple[int, int]] = []
    for number, header in enumerate(plan.header):
        named = None if CONDITION.search(header) or is_limit(header) else name_of_price(header)
        is_offer = (names_offer(header) and not is_limit(header)) or (named is not None and named.kind == "offer")
        facts = columns[number] if is_offer and not internal_part(header) else None
        is_unknown = facts is None or (facts.is_empty and not are_valid_without_days(plan))
        if facts is None or is_unknown or share_of_amounts(facts) < 0.5 or is_another_amount(header):
            continue
        name = name_of_price(header)
        if name is None:
            is_amount = any("." in cell or "," in cell or not cell.isascii() for cell in facts.cells)
            is_amount = is_amount or is_below(columns, plan.prices[0].column, number)
            if (
                not is_amount
                or any("%" in cell for cell in facts.cells)
                or not is_bare_offer(header, plan.prices[0].currency or currency)
            ):
                continue
            ranked.append((2, number))
        elif name.kind == "offer" and name.tax in (None, sold.tax if sold else None) and name.currency in (
            None, plan.prices[0].currency or name.currency,
        ):  # fmt: skip
            ranked.append((0 if sold and name.tax == sold.tax else 1, number))
    return [number for _, number in sorted(ranked)]


_PERCENTAGE = re.compile(r"\d{1,2}(?:[.,]\d{1,2})?\s?%")


def is_percentage(name: str, facts: Facts) -> bool:
    """Return whether a column contains percentages of a reduction, such as `Discount` with `15%`."""
    reduces = names_offer(name) and is_another_amount(name) and not CONDITION.search(name) and not is_limit(name)
    return reduces and not internal_part(name) and all(map(_PERCENTAGE.fullmatch, facts.cells))


def dated_percentages(plan: Plan, columns: Columns) -> list[int]:
    """Return the column of reductions in percent, if the file says until when the reductions are valid.

    Without days, a percentage can be a discount for other customers, or the highest discount that a seller may give.
    """
    percentages = [
        number for number, name in enumerate(plan.header)
        if not columns[number].is_empty and number not in _used(plan) and is_percentage(name, columns[number])
    ]  # fmt: skip
    days = _named_days(plan, columns, percentages[0]) if len(percentages) == 1 else None
    has_end = days and any(columns[number].cells for role, number in days.items() if role != "first")
    return percentages if has_end and plan.profile is None else []


def _named_days(plan: Plan, columns: Columns, price: int, others_days: Collection[int] = ()) -> dict[Role, int] | None:
    """Return the columns of days whose names contain a word for an offer, except the columns of other offers.

    The result is None if the values of such a column are texts other than days. The column is not ignored, because an
    offer would then seem to be valid forever.
    """
    roles: dict[Role, int] = {}
    others: list[int] = []
    for number, name in enumerate(plan.header):
        is_other = number == price or number in others_days
        if is_other or not names_day_of_offer(name) or not TIME_ZONES.isdisjoint(words_of_name(name)):
            continue
        role = role_of_name(name)
        if role and role not in roles:
            if _has_days(columns, number, role):
                roles[role] = number
            elif role != "both" and columns[number].share("is_number") < 0.5:
                return None
        elif role is None and "both" not in roles and _has_days(columns, number, "both"):
            roles["both"] = number
        elif role is None and _has_days(columns, number, "last") and not columns[number].is_empty:
            others.append(number)
    if "both" in roles and len(roles) > 1:
        del roles["both"]
    others = others or unnamed_days(columns, price, roles)
    if others and "both" not in roles:
        return with_unnamed_days(columns, roles, others)
    return {} if all(columns[number].is_empty for number in roles.values()) else roles


def _days_beside(plan: Plan, columns: Columns, price: int) -> dict[Role, int]:
    """Return the columns of days directly after the offer, such as `von` and `bis`, `Valid from` and `Valid to`."""
    roles: dict[Role, int] = {}
    if days := days_by_values(columns, price):
        return {"first": days[0], "last": days[1]}
    for number in range(price + 1, min(price + 3, len(plan.header))):
        role = role_beside(plan.header[number])
        if role is None or role in roles or not _has_days(columns, number, role):
            break
        roles[role] = number
    return roles


def _has_days(columns: Columns, number: int, role: Role) -> bool:
    """Return whether the values of a column are days. A blank column is accepted if the other column has days."""
    cells: Sequence[str] = [cell for cell in columns[number].cells if not is_blank(cell)]
    read = period_of if role == "both" else moment_of
    if not cells:
        return role != "both"
    return sum(read(cell) is not None for cell in cells) >= _MIN_DAYS * len(cells)
