"""Assigns columns to fields by the names and the values of the columns, and says why."""

import re
from collections.abc import Mapping, Sequence

from wecelebrate.feeds.columns.composed import is_composed
from wecelebrate.feeds.columns.facts import Columns, Facts
from wecelebrate.feeds.columns.names import (
    field_candidates,
    fold,
    is_weak,
    name_forms,
)
from wecelebrate.feeds.columns.unit_names import (
    POSSIBLE_PRICE_UNITS,
    is_loose_price_unit,
    price_unit_names,
)
from wecelebrate.feeds.columns.visibility import internal_part, is_property
from wecelebrate.feeds.identity.choice import choose_sku
from wecelebrate.feeds.identity.variants import column_of_variants
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.notation.price_units import (
    UnitColumn,
    are_amounts_for,
    is_power_of_ten,
    kind_of_units,
    say_what_a_price_is_for,
)
from wecelebrate.feeds.plan.by_values import name_by_values, stock_by_values
from wecelebrate.feeds.plan.chosen import Candidate, Chosen, Reason
from wecelebrate.feeds.plan.kinds_of_items import KINDS_OF_ITEMS
from wecelebrate.feeds.plan.states import choose_states
from wecelebrate.feeds.plan.stocks import ask_for_stock, choose_stock
from wecelebrate.feeds.prices.blank import names_price
from wecelebrate.feeds.prices.candidates import is_price_for
from wecelebrate.feeds.prices.currency_titles import WORD_CODES
from wecelebrate.feeds.prices.names import NAMED_CURRENCIES
from wecelebrate.feeds.prices.selling import choose_price
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.stock.names import (
    can_be_stocks,
    is_free_stock,
    is_listed_stock,
)
from wecelebrate.feeds.stock.periods import has_counts, is_earlier
from wecelebrate.feeds.stock.places import named_places, places_of
from wecelebrate.feeds.stock.reserved import (
    column_of_reserved,
    reserved_question,
)

_SIGNS = frozenset((*numbers.SHARED_SIGNS, "FR.", "SFR", "SFR.", "EURO", "US$"))
_USUAL_CODES = frozenset(code.upper() for code in NAMED_CURRENCIES)

KINDS = "are kinds of items"
REPEATED = 0.5
MAX_NAME_LENGTH = 120
MAX_NAMES = 20
"""The maximum number of values of a column that are searched for words."""
_LONG_WORD = re.compile(r"[^\W\d_]{5}")
"""A word that is too long to be a unit, a currency or a word such as `ab`."""


def choose(
    columns: Columns,
    candidates: Mapping[str, list[Candidate]],
    currency: str,
    earlier: Mapping[str, Sequence[str]],
) -> Chosen:
    """Choose the columns of all fields. `earlier` maps fields to the columns of the catalog's previous file."""
    chosen, used = Chosen(), set[int]()

    def take(name: str, is_text: bool = True) -> list[int]:
        best = _best(columns, name, candidates[name], used, earlier.get(name, ()))
        if name == "images":
            taken = [candidate.column for candidate in best]
        else:
            taken = [candidate.column for candidate in best[:1]]
            if taken and is_text:
                taken += _fallbacks(columns, [candidate.column for candidate in best])
        chosen.reasons[name] = [candidate for candidate in best if candidate.column in taken]
        used.update(taken)
        return taken

    _choose_sku(chosen, columns, candidates["sku"], earlier.get("sku", ()))
    used.update(chosen.columns["sku"])
    _choose_price_unit(chosen, columns, used)
    used.update(() if chosen.price_unit is None else (chosen.price_unit,))
    chosen.columns["name"] = take("name")
    prices = [(rank, number, code) for rank, number, code in candidates["price"] if number not in used]
    chosen.price = choose_price(columns, prices, currency, earlier.get("price", ()))
    used.update(price.column for price in chosen.price.columns)
    chosen.reasons["price"] = [Reason(price.column, price.score, price.reasons) for price in chosen.price.columns]
    chosen.questions += chosen.price.questions
    chosen.columns["description"] = take("description")
    if not chosen.columns["name"] and _are_long_texts(columns, chosen.columns["description"]):
        chosen.columns["name"] = [each for each in (name_by_values(columns, used),) if each is not None]
        used.update(chosen.columns["name"])
    if not chosen.columns["name"] and chosen.columns["description"] and _has_prices(chosen, columns):
        # Many ERP exports have no name column. They write the name into the description column.
        chosen.columns["name"], chosen.reasons["name"] = chosen.columns["description"], chosen.reasons["description"]
        chosen.columns["description"] = take("description")
    for name in ("category", "brand", "currency", "images"):
        chosen.columns[name] = take(name, is_text=False)
    if not chosen.columns["currency"]:
        _choose_currency(chosen, columns, used)
    choose_stock(chosen, columns, candidates["inventory_count"], used, earlier.get("inventory_count", ()), take)
    choose_states(chosen, columns, candidates["is_active"], used)
    _choose_by_values(chosen, columns, used)
    ask_for_stock(chosen, columns, used)
    return chosen


def _has_prices(chosen: Chosen, columns: Columns) -> bool:
    """Return whether the file is a list of products with prices, even if no price column is chosen yet.

    A file with a SKU and a description, but without prices, can be a list of longer texts for known products.
    """
    if chosen.price.columns:
        return True
    cells = [cell for number in chosen.columns["description"][:1] for cell in columns[number].cells]
    is_short = bool(cells) and max(map(len, cells)) <= MAX_NAME_LENGTH
    return is_short and (bool(chosen.price.questions) or any(map(names_price, columns.header)))


def _are_long_texts(columns: Columns, description: Sequence[int]) -> bool:
    """Return whether the descriptions cannot be names, because some descriptions are blank or contain HTML."""
    cells = [cell for number in description[:1] for cell in columns[number].cells]
    return bool(cells) and (columns[description[0]].filled < 1 or any("</" in cell for cell in cells))


def _choose_by_values(chosen: Chosen, columns: Columns, used: set[int]) -> None:
    """Choose the columns of the name and of the stock by their values, if their names are not known."""
    states = {*chosen.columns["is_active"], *chosen.inverse, *chosen.commands}
    if not chosen.columns["sku"]:
        return
    of_places = {*chosen.places}
    if not chosen.columns["name"] and (name := name_by_values(columns, used | states | of_places)) is not None:
        chosen.columns["name"] = [name]
        chosen.reasons["name"] = [Reason(name, 0.5, ("no other column has a different text in each row",))]
    if not chosen.columns["inventory_count"] and (number := stock_by_values(columns, used | states)) is not None:
        chosen.columns["inventory_count"] = [number]
        chosen.places = [place for place in chosen.places if place != number]  # `Raktár` is a place or a stock
        chosen.reasons["inventory_count"] = [Reason(number, 0.5, ("no other column can have numbers of pieces",))]
        chosen.reserved = column_of_reserved(columns, [number])
        chosen.questions += reserved_question(columns, [number], is_less=chosen.reserved is not None)


def _choose_currency(chosen: Chosen, columns: Columns, used: set[int]) -> None:
    """Choose the column whose values are all currency codes. The name of the column does not matter."""
    for number, column in enumerate(columns.header):
        cells = columns[number].cells if number not in used and internal_part(column) is None else ()
        if cells and all(_is_currency(cell) for cell in cells) and (len(cells) > 1 or cells[0] not in WORD_CODES):
            chosen.columns["currency"] = [number]
            chosen.reasons["currency"] = [Reason(number, 0.8, ("all its values are codes of currencies",))]
            used.add(number)
            return


def _is_currency(cell: str) -> bool:
    """Return whether a value is a usual currency code or an unambiguous currency sign: `EUR`, `€`, `Fr.`, `zł`."""
    text = cell.strip().upper()
    return text in _USUAL_CODES or (text in numbers.SIGNS and not text.isascii()) or text in _SIGNS


def _choose_sku(chosen: Chosen, columns: Columns, candidates: Sequence[Candidate], earlier: Sequence[str]) -> None:
    named = []
    for rank, number, _ in candidates:
        forms = name_forms(columns.header[number])
        form = next((form for form in forms if field_candidates_of(form, "sku")), forms[0] if forms else "")
        named.append((rank, number, form))
    choice = choose_sku(columns, named, earlier)
    best = choice.columns[0].column if choice.columns else None
    if best is not None and (variants := column_of_variants(columns, best)) is not None:
        chosen.columns["sku"] = [variants]
        reason = f"its codes are those of the variants of {quoted(columns.header[best], 40)}"
        chosen.reasons["sku"] = [Reason(variants, 0.8, (reason,))]
        return
    chosen.questions += choice.questions
    chosen.columns["sku"] = [one.column for one in choice.columns]
    chosen.reasons["sku"] = [Reason(one.column, one.score, one.reasons) for one in choice.columns]
    repeated = places_of(columns, choice.repeats) if choice.repeats is not None else []
    # In a file that is sorted by places, all rows of the sample can belong to one place.
    chosen.places = repeated or named_places(columns.header)


def field_candidates_of(form: str, name: str) -> bool:
    return any(found == name for found, _, _ in field_candidates(form))


def _best(
    columns: Columns, name: str, candidates: Sequence[Candidate], used: set[int], earlier: Sequence[str]
) -> list[Reason]:
    """Return the candidates. The best candidate comes first.

    A candidate gets a lower score if its values contradict the field or are all blank.
    """
    has_later_stock = name == "inventory_count" and any(
        number not in used and not is_earlier(columns.header[number]) and has_counts(columns[number])
        for _, number, _ in candidates
    )
    rated: list[tuple[tuple[bool, bool, bool, bool, bool, int, int], Reason]] = []
    for rank, number, _ in candidates:
        if number in used:
            continue
        facts = columns[number]
        contradiction = _contradiction(columns, name, number, rank)
        is_empty = facts.is_empty and facts.rows > 0
        is_kind = name == "category" and contradiction.endswith(KINDS)
        if is_kind or ((is_weak(rank) or is_composed(rank)) and (contradiction or (facts.is_empty and facts.rows))):
            continue
        reasons = [f"{quoted(columns.header[number], 40)} is a usual name for this field"]
        reasons += [contradiction] if contradiction else []
        reasons += ["all its values are blank"] if is_empty else []
        score = (
            (0.5 if is_weak(rank) else max(0.6, 0.9 - rank / 10 * 0.005)) - 0.3 * bool(contradiction) - 0.3 * is_empty
        )
        is_new = bool(earlier) and columns.header[number] not in earlier
        is_clear = not is_weak(rank) or is_listed_stock(columns.header[number])
        is_free = name == "inventory_count" and is_clear and is_free_stock(columns.header[number], facts)
        reasons += ["it contains the pieces that can be sold"] if is_free else []
        is_past = has_later_stock and is_earlier(columns.header[number])
        order = (bool(contradiction), is_empty, is_new, not is_free, is_past, rank, number)
        rated.append((order, Reason(number, round(max(score, 0.05), 2), tuple(reasons))))
    return [reason for _, reason in sorted(rated, key=lambda item: item[0])]


def _contradiction(columns: Columns, name: str, number: int, rank: int) -> str:
    """Return how the values contradict the field, or "" if the values fit."""
    facts = columns[number]
    if facts.is_empty:
        return ""
    shown = " and ".join(quoted(example, 20) for example in facts.examples[:2])
    if name in ("name", "description", "category", "brand"):
        if name == "name" and is_weak(rank) and facts.share("is_identifier") > 0.9 and facts.share("has_digit") > 0.9:
            return f"values like {shown} are no names"
        if name != "description" and _are_numbers(facts):
            return f"values like {shown} are numbers"
        if facts.share("is_address") > 0.9:
            return f"values like {shown} are addresses"
        if name == "category" and all(fold(cell) in KINDS_OF_ITEMS for cell in facts.cells):
            return f"values like {shown} {KINDS}"
        if name == "name" and is_composed(rank) and len(facts.cells) > 2 and facts.distinct < REPEATED:
            return f"values like {shown} are repeated"
    elif name == "inventory_count" and (
        _are_single_letters(facts) or not can_be_stocks(facts, is_weak_name=is_weak(rank) or is_composed(rank))
    ):
        return f"values like {shown} are no quantities"
    elif name in ("images", "currency") and facts.share("is_number") > 0.9:
        return f"values like {shown} are numbers"
    return ""


def _are_single_letters(facts: Facts) -> bool:
    """Return whether all values are one letter, such as the kinds of items in `Inventory` of MYOB."""
    return all(len(cell) == 1 and cell.isascii() and cell.isalpha() for cell in facts.cells)


def _are_numbers(facts: Facts) -> bool:
    """Return whether nearly all values are numbers. `Hammer 300 g` is a name with a number."""
    return facts.share("is_number") > 0.9 and not any(_LONG_WORD.search(cell) for cell in facts.cells[:MAX_NAMES])


def _fallbacks(columns: Columns, candidates: Sequence[int]) -> list[int]:
    """Return the next candidate if it has a value in a row in which the first candidate is blank."""
    return [number for number in candidates[1:] if columns.fills(candidates[0], number)][:1]


def _choose_price_unit(chosen: Chosen, columns: Columns, used: set[int]) -> None:
    """Choose the column with the number of units that a price is for, such as SAP's `KPEIN`, or ask for this column."""
    kind: UnitColumn
    for number, column in enumerate(columns.header):
        if number in used:
            continue
        forms, facts = name_forms(column), columns[number]
        counts = [cell for cell in facts.cells if cell[:1].isdigit() and cell != "1"]
        if are_amounts_for(facts.cells):
            _take_price_unit(chosen, columns, number, "units")
        elif not price_unit_names().isdisjoint(forms):
            kind = "units" if facts.is_empty else kind_of_units(facts.cells, True)
            _take_price_unit(chosen, columns, number, kind)
        elif "pe" in forms:  # `PE` can be a Preiseinheit, or a number of pieces in a package
            kind = "units" if is_power_of_ten(counts) else "open" if counts else "none"
            _take_price_unit(chosen, columns, number, kind, is_probable=False)
        elif is_power_of_ten(facts.cells) and is_price_for(column):
            _take_price_unit(chosen, columns, number, "units")
        elif any(map(is_loose_price_unit, forms)):
            kind = "none" if not is_power_of_ten(counts) else "open" if fold(column).endswith("tor") else "units"
            kind = "units" if say_what_a_price_is_for(facts.cells) else kind
            _take_price_unit(chosen, columns, number, kind)
        elif not POSSIBLE_PRICE_UNITS.isdisjoint(forms):
            kind = "open" if is_power_of_ten(counts) else kind_of_units(facts.cells, False)
            is_probable = say_what_a_price_is_for(facts.cells, is_unit=True)
            kind = "open" if is_probable else kind
            _take_price_unit(chosen, columns, number, kind, is_probable=is_probable or not counts)
        elif _can_be_price_unit(column) and say_what_a_price_is_for(facts.cells):
            _take_price_unit(chosen, columns, number, "open")
        if chosen.price_unit is not None:
            return


def _can_be_price_unit(column: str) -> bool:
    """Return whether a column can contain the unit of the prices, because its name has no other meaning."""
    return {name for name, _, _ in field_candidates(column)} <= {"price"} and not is_property(column)


def _take_price_unit(chosen: Chosen, columns: Columns, number: int, kind: UnitColumn, is_probable: bool = True) -> None:
    """Use a column as the unit of the prices.

    If this use is not certain, ask a question, and use the column only if the use is probable.
    """
    if kind == "units" or (kind == "open" and is_probable):
        chosen.price_unit = number
    if kind == "open":
        name, examples = columns.header[number], columns[number].examples
        shown = " and ".join(quoted(example, 20) for example in examples[:2])
        text = f"The column {quoted(name, 40)} has values like {shown}. Are the prices for so many pieces?"
        yes = Choice(name, "A price is for this number of pieces, and is divided by it.", examples)
        no = Choice("", "A price is for one product. The column is the unit in which the product is sold.")
        choices = (yes, no) if is_probable else (no, yes)
        chosen.questions.append(Question("price_unit", "money", text, choices, examples))
