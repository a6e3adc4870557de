"""Reads lists of prices in JSON and XML: prices in several currencies, of several quantities, or of unknown meaning.

    {"prices": [{"currency": "EUR", "amount": 9}, {"currency": "USD", "amount": 10}]}
    <price qty="100">7.00</price><price qty="1">9.00</price>

Each type of price has its own column (see `types`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from wecelebrate.feeds.columns.facts import MAX_ROWS, Columns
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.synonyms import SYNONYMS
from wecelebrate.feeds.items import Cells, quoted
from wecelebrate.feeds.notation.convert import NO, YES
from wecelebrate.feeds.plan.plan import Plan, PriceColumn
from wecelebrate.feeds.prices.breaks import quantities_by_values
from wecelebrate.feeds.prices.minor_units import CODES, sibling
from wecelebrate.feeds.prices.types import is_type_column, kind_of_type
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.states.names import is_state_name
from wecelebrate.feeds.vocabulary.words import words

QUANTITIES = words(
    "minquantity minqty minimumquantity minimumqty quantityfrom qtyfrom fromquantity fromqty quantity qty from start "
    "minimum min moq scale scalequantity breakqty breakquantity lowerbound minorderquantity menge abmenge ab "
    "staffelmenge mengeab quantite quantitemin cantidad cantidadminima quantita quantitaminima aantal antal iloscod"
)
"""JSON keys and XML attributes that contain the quantity from which a price is valid."""
_LISTED = re.compile(r"(.{0,200}\.)(\d{1,2})(\..{1,100})", re.DOTALL)
MAX_PRICES = 20
MAX_TYPES = 20
"""A column with more different values than this does not contain types of prices."""
MIN_PRODUCTS = 2
MIN_SHARE = 0.3
"""The minimum share of products with rows in several currencies, in a file with a price for each currency."""


def prices_of_list(plan: Plan, mapping: Mapping[str, str | None], columns: Columns) -> list[PriceColumn]:
    """Return all prices of the list that contains the price, each with the columns of its currency and its quantity.

    For each product, the price of one piece in the catalog's currency is used. If the list has no currencies and no
    quantities, only the plan's price is returned.
    """
    if len(plan.prices) != 1 or "price" in mapping:
        return plan.prices
    prices = []
    listed = _list_of(plan, plan.prices[0].column)
    plan.breaks = quantities_by_values(plan, columns, listed) if len(listed) > 1 and plan.profile is None else {}
    for column in listed:
        code, least = _code_of(plan, column), _quantity_of(plan, column)
        if code is not None or least is not None:
            prices.append(replace(plan.prices[0], column=column, currency_column=code, quantity_column=least))
    if len(prices) < 2:
        return plan.prices
    plan.currency = None
    if plan.price_unit in [price.quantity_column for price in prices]:
        plan.price_unit = None  # with `<price qty="1">`, `<price qty="100">` is valid from 100 pieces
    return prices


def prices_by_rows(plan: Plan, columns: Columns) -> list[Question]:
    """Return a question if each row states the type or the currency of its price, as in `SKU;Price type;Price`.

    The prices are not used until the question is answered, because the last price of a product can be a purchase price.
    """
    if not plan.prices or any(question.key == "price" for question in plan.questions):
        return []
    used = {number for numbers in plan.field_columns.values() for number in numbers}
    if plan.currency is not None and not plan.places and _have_several_currencies(plan, columns, plan.currency):
        return [_question_of_rows(plan, columns, plan.currency, sorted(set(columns[plan.currency].cells)))]
    for number, name in enumerate(plan.header):
        if not _can_have_types(columns, number):
            continue
        types = {cell for cell in columns[number].cells if number not in used and "." not in name}
        kinds = {kind_of_type(cell) for cell in types} if 0 < len(types) <= MAX_TYPES else {None}
        is_known = None not in kinds and "purchase" in kinds
        if is_known or (is_type_column(name) and _differs_in_products(plan, columns, number)):
            return [_question_of_rows(plan, columns, number, sorted(types))]
    return []


def _can_have_types(columns: Columns, number: int) -> bool:
    """Return whether a column can contain the types of the prices in the rows.

    A state such as `État (achat)` is not a type: it says whether the sender still buys the product. Answers such as
    yes, and notes in a few rows, are not types either.
    """
    name, cells = columns.header[number], {cell.casefold() for cell in columns[number].cells}
    if is_state_name(name) or cells <= _ANSWERS:
        return False
    is_code = len(cells) == 1 and max(map(len, cells)) <= MAX_CODE  # `PA` is also a type of product
    return is_type_column(name) or (columns[number].filled >= MIN_FILLED and not is_code)


_ANSWERS = frozenset((*YES, *NO))
MIN_FILLED = 0.8
MAX_CODE = 3


def _question_of_rows(plan: Plan, columns: Columns, number: int, types: Sequence[str]) -> Question:
    name, price = plan.header[number], plan.column_name(plan.prices[0].column)
    shown = " and ".join(quoted(cell, 20) for cell in types[:3])
    text = (
        f"The prices have different types in the column {quoted(name, 40)}, such as {shown}. Are products sold "
        "at the price of their last row? To use only one type, export only its rows."
    )
    choices = (
        Choice("", "The prices of products are not changed."),
        Choice(price, f"Products are sold at {quoted(price, 40)}.", columns[plan.prices[0].column].examples),
    )
    return Question("price", "money", text, choices, columns[number].examples)


def _differs_in_products(plan: Plan, columns: Columns, number: int) -> bool:
    """Return whether rows with the same SKU have different values in a column."""
    return any(len(values) > 1 for values in _values_of_products(plan, columns, number).values())


def _have_several_currencies(plan: Plan, columns: Columns, number: int) -> bool:
    """Return whether several products have rows in several currencies.

    If only one product has rows in several currencies, the last row can be a correction.
    """
    products = _values_of_products(plan, columns, number)
    several = sum(len(values) > 1 for values in products.values())
    return several >= MIN_PRODUCTS and several >= MIN_SHARE * len(products)


def _values_of_products(plan: Plan, columns: Columns, number: int) -> dict[str, set[str]]:
    """Return the different values of a column for each SKU."""
    values: dict[str, set[str]] = {}
    for row in _rows(columns):
        if plan.sku and (sku := _cell(row, plan.sku[0])):
            values.setdefault(sku, set()).add(_cell(row, number))
    return values


def several_prices(plan: Plan, columns: Columns) -> list[Question]:
    """Return a question if a product has several different prices, and the file does not say how they differ."""
    if plan.profile is not None or not plan.prices or any(question.key == "price" for question in plan.questions):
        return []
    listed = _list_of(plan, plan.prices[0].column)
    rivals = [
        number for number in listed[1:] if any(_are_rivals(plan, row, listed[0], number) for row in _rows(columns))
    ]
    if not rivals:
        return []
    names = [plan.column_name(number) for number in (listed[0], *rivals)][:5]
    choices = tuple(
        Choice(name, f"Products are sold at {quoted(name, 40)}.", columns[number].examples)
        for name, number in zip(names, (listed[0], *rivals), strict=False)
    )
    shown = " and ".join(quoted(name, 40) for name in names)
    text = f"Products have several prices: {shown}. At which one are they sold?"
    return [Question("price", "money", text, choices, columns[listed[0]].examples)]


def _rows(columns: Columns) -> list[Cells]:
    return list(columns.sample)[:MAX_ROWS]


def _list_of(plan: Plan, price: int) -> list[int]:
    """Return the columns of all prices in the list of `price`, or only its column if the price is not in a list."""
    name = plan.column_name(price)
    numbered = {column: number for number, column in enumerate(plan.header)}
    if match := _LISTED.fullmatch(name):
        names = [f"{match[1]}{position}{match[3]}" for position in range(MAX_PRICES)]
    else:
        element, at, attribute = name.partition("@")
        names = [name, *(f"{element}.{position}{at}{attribute}" for position in range(2, MAX_PRICES))]
    listed = [numbered[one] for one in names if one in numbered]
    return listed if price in listed else [price]


def _code_of(plan: Plan, price: int) -> int | None:
    name = plan.column_name(price)
    code = sibling(plan.header, name, CODES)
    return code if code is not None else _attribute(plan, name, frozenset(SYNONYMS["currency"]))


def _quantity_of(plan: Plan, price: int) -> int | None:
    if price in plan.breaks:
        return plan.breaks[price]
    name = plan.column_name(price)
    path = name.rpartition(".")[0]
    for number, column in enumerate(plan.header):
        is_beside = path and number != price and _LISTED.fullmatch(name) and column.rpartition(".")[0] == path
        if is_beside and fold(column.rpartition(".")[2]) in QUANTITIES:
            return number
    return _attribute(plan, name, QUANTITIES)


def _attribute(plan: Plan, name: str, names: frozenset[str]) -> int | None:
    """Return the column of an attribute of an XML element, such as `price@currency`.

    `name` is the element, or the attribute with its amount, such as `price@value`.
    """
    element = name.partition("@")[0]
    for number, column in enumerate(plan.header):
        if column.startswith(f"{element}@") and column != name and fold(column[len(element) + 1 :]) in names:
            return number
    return None


def _are_rivals(plan: Plan, row: Cells, first: int, second: int) -> bool:
    """Return whether a product has two different prices of one piece in the same currency."""
    cells = _cell(row, first), _cell(row, second)
    if not all(cells) or cells[0] == cells[1] or not any(map(str.isdigit, cells[1])):
        return False
    codes = {_cell(row, _code_of(plan, number)).casefold() for number in (first, second)}
    quantities = [_cell(row, _quantity_of(plan, number)) or "1" for number in (first, second)]
    return len(codes) == 1 and all(quantity in ("0", "1") for quantity in quantities)


def _cell(row: Cells, number: int | None) -> str:
    return (row[number] or "").strip() if number is not None and number < len(row) else ""
