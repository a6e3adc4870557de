"""Completes a plan from the values: minor units, marks that mean yes, lists in a cell, and SKUs that end with `.0`."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from wecelebrate.feeds.columns.facts import Columns, Facts
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.synonyms import SYNONYMS
from wecelebrate.feeds.columns.visibility import Disclosure
from wecelebrate.feeds.identity.codes import is_rounded
from wecelebrate.feeds.items import Rejected, Row, quoted
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.notation.convert import plain_text
from wecelebrate.feeds.plan.attributes import with_former_label
from wecelebrate.feeds.plan.model import ActiveColumn
from wecelebrate.feeds.plan.plan import Plan, PriceColumn, make_plan
from wecelebrate.feeds.prices.blank import blank_prices_question
from wecelebrate.feeds.prices.candidates import currency_in_name
from wecelebrate.feeds.prices.doubts import price_doubts, repeated_prices
from wecelebrate.feeds.prices.former import find_former_price
from wecelebrate.feeds.prices.lists import prices_by_rows, prices_of_list, several_prices
from wecelebrate.feeds.prices.minor_units import CODES, sibling, with_scale
from wecelebrate.feeds.prices.notes import NO_NOTES, Notes, shown
from wecelebrate.feeds.prices.offers import columns_of_named_offers, find_offers
from wecelebrate.feeds.prices.plausible_currency import currency_doubt
from wecelebrate.feeds.prices.shared_currencies import shared_currency_question, usual_currency
from wecelebrate.feeds.prices.shared_signs import notes_and_currency, sign_question
from wecelebrate.feeds.prices.tax_choice import tax_question
from wecelebrate.feeds.prices.trade import trade_question
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.rows.group_names import column_of_groups
from wecelebrate.feeds.rows.validity import find_validity
from wecelebrate.feeds.states.end_dates import are_dates, is_end_name
from wecelebrate.feeds.states.names import asks_yes_or_no
from wecelebrate.feeds.states.words import (
    StateWords,
    are_clearly_yes_and_no,
    are_letters,
    are_numbered_codes,
    are_of_access,
    are_yes_and_no,
    is_mark_column,
    letters_of_yes_and_no,
    only_unknown_word,
)
from wecelebrate.feeds.stock.place_columns import are_of_one_group
from wecelebrate.feeds.tables.codes import translations
from wecelebrate.feeds.tables.other_lists import (
    refuse_lines_of_documents,
    refuse_list_of_addresses,
    refuse_list_of_documents,
    refuse_movements,
)
from wecelebrate.feeds.tables.other_records import (
    refuse_answer,
    refuse_appointments,
    refuse_ledger,
    refuse_orders,
    refuse_people,
)
from wecelebrate.feeds.tables.persons import names_article, refuse_persons
from wecelebrate.feeds.tables.rosters import refuse_roster
from wecelebrate.feeds.tables.table import Table
from wecelebrate.feeds.tables.transposed import refuse_attribute_rows, refuse_members, refuse_transposed
from wecelebrate.feeds.transformations.columns import add_transformations
from wecelebrate.feeds.transformations.settings import FileSettings
from wecelebrate.feeds.vendors.woocommerce import has_types

_PUBLISHED_AT = re.compile(r"published(?:at|on|since|date)$")
"""The name of the column with the date of publication, such as `published_at` of Shopify. A product without this date
is not published."""
_FLOAT = re.compile(r"\d{1,15}\.0{1,2}", re.ASCII)
_MINIMUM = re.compile(
    r"(?:min|minimum|minimal|from|break|tier|scale|start)(?:qty|quantity|menge|aantal|antal)|"
    r"(?:qty|quantity|menge)(?:from|min|minimum|break|ab)|pricebreak|ab(?:menge|stuck|stk|anzahl)|staffel(?:menge|ab)|"
    r"mindestmenge|(?:quantite|cantidad|quantita|quantidade)(?:min|minimale|minimum|minima|apartirde)|apartirde|"
    r"(?:vanaf|minimum)aantal|iloscmin|minilosc|iloscod|minmnozstvi|mnozstviod|минколичество|количествоот"
)
_DIVISOR = re.compile(r"\.divisor$", re.IGNORECASE)
MAX_ZERO = 0.35
"""If the share of prices of 0 is larger than this, products can be free of charge."""
_MAXIMUM = re.compile(r"max|reorder|melde|mindestbestand|minstock")
_ABOVE_ONE = re.compile(r"(?:[2-9]|[1-9]\d{1,5})(?:[.,]0{1,3})?", re.ASCII)


def plan_table(
    table: Table,
    settings: FileSettings,
    currency: str,
    earlier: Mapping[str, Sequence[str]],
    on_problem: Callable[[str], None],
    *,
    disclosure: Disclosure | None,
    earlier_order: bool | None = None,
) -> tuple[Plan, Table]:
    """Return the plan for a table, and the table with the computed columns. For the arguments, see `make_plan`.

    `earlier_order` says whether the month was before the day in dates of earlier files.
    """
    if table.profile is None:
        refuse_transposed(table.header, table.sample, settings.plain)
    notes, local = notes_and_currency(Columns(table.header, table.sample), table.notes, currency)
    plan = make_plan(
        list(table.header), settings.plain, local, table.profile, on_problem, table.sample, earlier,
        disclosure=disclosure, computes_sku="sku" in settings.transformations,
    )  # fmt: skip
    if table.has_groups and are_of_one_group(plan.header, plan.inventory):
        plan.questions = [question for question in plan.questions if question.key != "inventory_count"]
    add_transformations(plan, settings, on_problem)
    _refuse_other_lists(table, settings, plan)
    evidence = evidence_table(table, plan)
    columns = Columns(plan.header, evidence.sample)
    complete_plan(
        plan, columns, settings.plain, notes, local,
        earlier_offers=earlier.get("offers", ()), earlier_order=earlier_order,
    )  # fmt: skip
    if table.every_row is not None:
        plan.group_column = column_of_groups(plan, table.every_row, settings.plain)
    is_asked = any(question.key == "price" for question in plan.questions)
    if plan.profile is None and not is_asked and not settings.plain.keys() & {"price"} and "price" not in earlier:
        plan.questions += blank_prices_question(plan, columns)
    plan.legend = translations(plan, columns, table.legend)
    for at, active in enumerate(plan.active):  # the legend explains the codes in words
        if active.column in plan.legend and _has_numbered_codes(plan, active, columns[active.column]):
            plan.active[at] = replace(active, words="words")
    has_unknown_code = bool(table.notes.currency) and not numbers.currency_code(table.notes.currency or "", currency)
    needs_code = any(not price.currency and price.currency_column is None for price in plan.prices)
    if has_unknown_code and needs_code and plan.currency is None:
        on_problem(f"the file says {shown(table.notes)}, but this is not an ISO 4217 currency code, e.g. EUR")
    return plan, evidence


def _refuse_other_lists(table: Table, settings: FileSettings, plan: Plan) -> None:
    """Raise UnreadableFeed for lists of other things than products, such as orders, stock movements or persons."""
    if "sku" not in settings.plain and not settings.transformations:
        refuse_lines_of_documents(table.header, plan.sku)
        refuse_movements(table.header, plan.sku)
        read = Columns(table.header, table.sample)
        refuse_orders(read, plan.sku)
        refuse_appointments(read, plan.sku)
        if plan.profile is None:
            refuse_ledger(read, plan.sku)
            if not plan.prices and not plan.inventory:
                refuse_answer(read, plan.sku, has_name=bool(plan.name))
    if plan.profile is None and "sku" not in settings.plain and not settings.transformations:
        refuse_roster(table.header, has_price=bool(plan.prices))
        refuse_list_of_documents(table.header, plan.sku, has_name=bool(plan.name))
    if table.profile is None and any(question.subject == "identity" for question in plan.questions):
        refuse_members(table.header, table.sample)
    if plan.profile is None and not settings.plain.get("price"):
        refuse_attribute_rows(table.header, table.sample, plan.sku)
    has_product = plan.prices or plan.inventory or plan.profile or settings.plain.get("sku")
    if not has_product and not settings.transformations:
        refuse_list_of_addresses(table.header, plan.sku, has_name=bool(plan.name))
        if not names_article(Columns(table.header, table.sample), plan):
            refuse_people(Columns(table.header, table.sample))
    if plan.profile is None and "sku" not in settings.plain and not settings.transformations:
        refuse_persons(Columns(table.header, table.sample), plan)


def evidence_table(table: Table, plan: Plan) -> Table:
    """Return a table whose header and sample also have the computed columns. Its `rows` are the rows of the file."""
    computed = plan.computed
    if computed is None:
        return table
    again = table.read_again

    def read_again() -> Iterator[Row | Rejected]:
        for row in again() if again else ():
            yield row if isinstance(row, Rejected) else (row[0], computed.sample_cells(row[1]))

    return replace(
        table,
        header=plan.header,
        sample=[computed.sample_cells(row) for row in table.sample],
        read_again=read_again if again else None,
    )


def complete_plan(
    plan: Plan,
    columns: Columns,
    mapping: Mapping[str, str | None],
    notes: Notes = NO_NOTES,
    currency: str = "EUR",
    *,
    earlier_offers: Sequence[str] = (),
    earlier_order: bool | None = None,
) -> None:
    """Complete the plan from the values of the sample and the notes outside of the rows.

    `earlier_offers` are the columns of offers of the catalog's previous file. `earlier_order` says whether the month
    was before the day in dates of earlier files.
    """
    folded = [fold(plan.column_name(number)) for number in range(len(plan.header))]
    plan.prices = prices_of_list(plan, mapping, columns)
    if plan.currency is None:
        plan.prices = [_with_currency(plan, price) for price in plan.prices]
    plan.prices = [_with_notes(plan, price, notes, currency) for price in plan.prices]
    setting = mapping.get("minor_units")
    if plan.price_unit is not None and _DIVISOR.search(plan.column_name(plan.price_unit)):
        setting = setting or "no"  # Etsy has a divisor: `{"amount": 990, "divisor": 100}` is 9.90
    scaled = [with_scale(plan, columns, price, setting, notes, currency=currency) for price in plan.prices]
    plan.prices = [price for price, _ in scaled]
    plan.questions += [question for _, question in scaled if question][:1]
    _choose_words_of_states(plan, columns, folded)
    plan.rounded_columns = frozenset(
        column for column, _ in plan.attributes if any(map(is_rounded, columns[column].cells))
    )
    cells = [cell for column in plan.sku[:1] for cell in columns[column].cells]
    plan.float_skus = bool(cells) and all(_FLOAT.fullmatch(cell) for cell in cells)
    plan.validity, period_question = find_validity(plan, columns, mapping, currency, earlier_order)
    if period_question and not (period_question.key == "price" and "price" in mapping):
        plan.questions.append(period_question)
        plan.prices = [] if period_question.key == "price" else plan.prices  # the first choice
        plan.sheet = period_question.choices[0].value if period_question.key == "sheet" else None
    plan.zero_is_no_price = _are_above_zero(plan, columns)
    if plan.profile is None and "price" not in mapping:
        plan.questions += several_prices(plan, columns)
        trade = trade_question(plan, columns, notes.trade) or tax_question(plan, columns, notes.tax_choice)
        trade = trade or currency_doubt(plan, columns, currency)
        trade = trade or sign_question(plan, columns, currency)
        trade = trade or shared_currency_question(plan, columns, notes, currency)
        plan.prices = [] if trade else plan.prices  # the first choice
        plan.questions += trade
        price_questions = prices_by_rows(plan, columns) or _price_of_quantity(plan, columns)
        plan.prices = [] if price_questions else plan.prices  # the first choice
        plan.questions += price_questions
        doubts = price_doubts(plan, columns, mapping, currency)
        plan.prices = [] if any(question.key == "price" for question in doubts) else plan.prices  # the first choice
        plan.questions += doubts or repeated_prices(plan, columns)
    if plan.profile and plan.profile.name == "bmecat" and "price" not in mapping:
        plan.questions += _unknown_price_types(plan, columns)
    plan.standing_offers = plan.profile is None and has_types(columns)
    plan.offers = find_offers(plan, columns, mapping, currency, earlier_offers, earlier_order=earlier_order)
    plan.former_price = find_former_price(plan, columns)
    plan.attributes = with_former_label(plan, plan.attributes)
    _hide_offers(plan, columns)
    if not (plan.profile and "category" in plan.profile.cell_readers) and not plan.keeps_categories:
        plan.list_separators = _list_separators([cell for column in plan.category for cell in columns[column].cells])


def _choose_words_of_states(plan: Plan, columns: Columns, folded: list[str]) -> None:
    """Choose how the values of the state columns are read, for example as letters. `folded` has all column names."""
    has_magento_codes = "attributesetid" in folded or (
        "typeid" in folded and any(name in ("visibility", "extensionattributesstockitemqty") for name in folded)
    )
    for at, active in enumerate(plan.active):
        facts = columns[active.column]
        is_end = active.inverse and (is_end_name(plan.column_name(active.column)) or are_dates(facts))
        is_date = _PUBLISHED_AT.search(folded[active.column]) and not active.inverse and are_dates(facts)
        if active.words == "words" and (is_mark_column(facts.cells, facts.rows) or is_end or is_date):
            plan.active[at] = replace(active, blank_is_no=True)
        elif has_magento_codes and facts.cells and set(facts.cells) <= {"1", "2"}:
            plan.active[at] = replace(active, words="magento codes")
        elif plan.profile is None and active.words == "words" and are_yes_and_no(facts.cells):
            plan.active[at] = replace(active, words=_words_of_letters(plan, active, facts))
        elif plan.profile is None and active.words == "words" and _has_numbered_codes(plan, active, facts):
            plan.active[at] = replace(active, words="codes")
        elif (letters := _yes_and_no(plan, active, facts)) is not None:
            plan.active[at] = replace(active, letters=letters)
        elif active.words == "words" and not active.inverse and are_letters(facts.cells):
            plan.active[at] = replace(active, words="letters")
        elif plan.profile is None and active.words == "words" and are_of_access(facts.cells):
            plan.active[at] = replace(active, words="access")
        elif plan.profile is None and active.words == "words" and not active.inverse:
            plan.active[at] = replace(active, active_word=only_unknown_word(facts.cells, facts.rows))


def _has_numbered_codes(plan: Plan, active: ActiveColumn, facts: Facts) -> bool:
    is_question = active.inverse or asks_yes_or_no(plan.column_name(active.column))
    return not is_question and are_numbered_codes(facts.cells)


def _words_of_letters(plan: Plan, active: ActiveColumn, facts: Facts) -> StateWords:
    """Return how letters such as N are read: as "no" and "yes", or as other words in a column such as `Status`."""
    if not active.inverse and are_letters(facts.cells):
        return "letters"
    is_question = active.inverse or asks_yes_or_no(plan.column_name(active.column))
    return "yes or no" if is_question or are_clearly_yes_and_no(facts.cells) else "codes"


def _yes_and_no(plan: Plan, active: ActiveColumn, facts: Facts) -> tuple[str, str] | None:
    """Return the letters for yes and no of a column whose name asks a question, such as whether a product is shown."""
    if plan.profile is not None or active.words != "words":
        return None
    is_question = active.inverse or asks_yes_or_no(plan.column_name(active.column))
    return letters_of_yes_and_no(facts.cells) if is_question else None


def _hide_offers(plan: Plan, columns: Columns) -> None:
    """Remove the columns of offers from the attributes, so that an offer is not public before its first day.

    The columns are also removed if the sample contains no offers, because later rows can contain offers.
    """
    hidden = {*plan.field_columns["offers"]} if plan.offers else columns_of_named_offers(plan, columns)
    if hidden:
        plan.attributes = [
            each for each in plan.attributes
            if each[0] not in hidden or plan.disclosure.is_chosen(plan.column_name(each[0]))
        ]  # fmt: skip


def _are_above_zero(plan: Plan, columns: Columns) -> bool:
    """Return whether most prices are above 0.

    If most prices are above 0, a price of 0 means that the system has no price. A transformation of the price in the
    settings overrides this rule.
    """
    if plan.computed is not None and any(plan.computed.get(price.column) for price in plan.prices):
        return False
    shares = [columns[price.column].share("is_zero") for price in plan.prices[:1] if not columns[price.column].is_empty]
    return bool(shares) and shares[0] <= MAX_ZERO


def _price_of_quantity(plan: Plan, columns: Columns) -> list[Question]:
    """Return a question if a column such as `Min Qty` suggests that the only price is valid only for several pieces.

    If the file also has a column with a maximum, the minimum is a minimum stock, and no question is asked. A minimum
    order (`MOQ`) does not change a price.
    """
    folded = [fold(name) for name in plan.header]
    if len(plan.prices) != 1 or plan.prices[0].quantity_column is not None or any(map(_MAXIMUM.match, folded)):
        return []
    if any(question.key in ("price", "sku") for question in plan.questions):
        return []
    used = {number for numbers in plan.field_columns.values() for number in numbers}
    for number, name in enumerate(folded):
        cells = columns[number].cells if number not in used and _MINIMUM.fullmatch(name) else ()
        if any(_ABOVE_ONE.fullmatch(cell) for cell in cells):
            price, least = plan.column_name(plan.prices[0].column), plan.header[number]
            text = (
                f"The column {quoted(least, 40)} has values above 1. Is the price also the price of one piece, or only "
                "of this quantity?"
            )
            examples = columns[plan.prices[0].column].examples
            choices = (
                Choice("", "The file has no price of one piece. The prices of products are not changed."),
                Choice(price, f"Products are sold one by one at {quoted(price, 40)}.", examples),
            )
            return [Question("price", "money", text, choices, columns[number].examples)]
    return []


def _unknown_price_types(plan: Plan, columns: Columns) -> list[Question]:
    """Return a question if a BMEcat file has only prices of types that are not standard types."""
    names = [name for name in plan.header if name.startswith("PRICE_AMOUNT.")]
    if not names or not plan.prices or not columns[plan.prices[0].column].is_empty:
        return []
    choices = [Choice("", "The file has no selling price. The prices of products are not changed.")]
    for name in names[:5]:
        examples = columns[plan.header.index(name)].examples
        choices.append(Choice(name, f"Products are sold at {quoted(name, 40)}.", examples))
    shown = " and ".join(quoted(name.removeprefix("PRICE_AMOUNT."), 40) for name in names[:5])
    text = f"The prices have only types that the standard does not define: {shown}. Are products sold at one of them?"
    return [Question("price", "money", text, tuple(choices), columns[plan.header.index(names[0])].examples)]


def _with_notes(plan: Plan, price: PriceColumn, notes: Notes, currency: str) -> PriceColumn:
    """Complete the price from the notes about all prices. Information in the column of the price has priority."""
    if plan.profile is None:
        price = replace(price, currency=currency_in_name(plan.header[price.column], price.currency, currency))
    noted = notes.currency or usual_currency(notes, currency)
    if noted and not price.currency and price.currency_column is None and plan.currency is None:
        code = numbers.currency_code(noted, currency)
        price = replace(price, currency=code)
        plan.currency_note = shown(notes)
    if notes.kind and price.kind == "plain":
        price = replace(price, kind=notes.kind)
    if notes.units > 1 and price.units == 1 and plan.price_unit is None:
        price = replace(price, units=notes.units)
    return price


def _list_separators(cells: Sequence[str]) -> str:
    """Return the characters that separate categories. A comma is not a separator in `Cups, mugs & more`."""
    cells = [plain_text(cell) for cell in cells]
    separators = "".join(char for char in "|;" if any(char in cell for cell in cells))
    with_comma = [cell.replace("\\,", "") for cell in cells if "," in cell]
    if with_comma and not any(", " in cell for cell in with_comma):
        separators += ","
    return separators


def _with_currency(plan: Plan, price: PriceColumn) -> PriceColumn:
    """Return the price with the column of its currency: in the same JSON object, or an attribute of the XML element."""
    if price.currency or price.currency_column is not None:
        return price
    name = plan.column_name(price.column)
    code = sibling(plan.header, name, CODES)
    for number, column in enumerate(plan.header):
        if code is None and column.startswith(f"{name}@") and fold(column[len(name) :]) in SYNONYMS["currency"]:
            code = number
    return price if code is None else replace(price, currency_column=code)
