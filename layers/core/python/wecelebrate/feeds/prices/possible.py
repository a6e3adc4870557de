"""Finds the columns that can contain the price although their names are not understood, and chooses one of them."""

from collections.abc import Collection, Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import field_candidates, fold
from wecelebrate.feeds.columns.unit_names import units_in_name
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.identity.names import sku_name
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.prices.candidates import MAX_NAME, PriceCandidate, are_flags, name_of_price
from wecelebrate.feeds.prices.compared import are_up_to, is_always_above, is_multiple, is_usual_markup
from wecelebrate.feeds.prices.names import NAMED_CURRENCIES, TIERS, PriceName, price_name
from wecelebrate.feeds.prices.plain_names import plain_name
from wecelebrate.feeds.prices.possible_names import RETAIL, may_be_price
from wecelebrate.feeds.prices.tax_kinds import tax_words
from wecelebrate.feeds.prices.tax_names import possible_by_tax
from wecelebrate.feeds.prices.tiers import (
    QuantityPrice,
    is_amount_for_a_measure,
    is_comparison,
    is_for_a_measure,
    is_for_a_package,
    names_a_package,
    quantity_in_name,
)
from wecelebrate.feeds.prices.types import has_unknown_type
from wecelebrate.feeds.prices.unnamed import says_nothing, unnamed_amounts
from wecelebrate.feeds.tables.other_lists import names_total
from wecelebrate.feeds.vocabulary.folding import split_words
from wecelebrate.feeds.vocabulary.words import words


def single_price(
    columns: Columns, possible: Sequence[PriceCandidate], currency: str, quantities: Collection[int]
) -> list[PriceCandidate]:
    """Return the only possible price in the catalog's currency, or the only price that is not for a measure.

    The currency is used only if all possible prices name their currency, as in `Export price USD` and `Local price
    ZAR`. A price such as `Pris pr. kg` is for a measure, and `Pris pr. nøgle` is not.

    If the file has only one price, this price is not returned. The price of a quantity or of a package is never
    returned. `quantities` are the columns with the prices of quantities.
    """
    named = {one.column: _codes(columns.header[one.column]) for one in possible}
    own = [one for one in possible if currency in named[one.column] and _is_for_one_piece(columns, one)]
    own = [one for one in own if one.column not in quantities]
    if len(own) == 1 and len(possible) > 1 and all(named.values()):
        return own
    pieces = [one for one in possible if not is_for_a_measure(columns.header[one.column])]
    measured = [name for name in columns.header if is_for_a_measure(name) and name_of_price(name)]
    is_for_several = any(one.column in quantities or names_a_package(columns.header[one.column]) for one in pieces)
    return pieces if len(pieces) == 1 and measured and not is_for_several else []


def _is_for_one_piece(columns: Columns, one: PriceCandidate) -> bool:
    """Return whether the kind of a price is certain, and its name does not mean several pieces."""
    name = columns.header[one.column]
    is_for_several = names_a_package(name) or is_for_a_package(name) or quantity_in_name(name) is not None
    return not one.is_doubtful and not is_for_several


def _codes(column: str) -> set[str]:
    return {word.upper() for word in split_words(column[:MAX_NAME]) if word in NAMED_CURRENCIES}


def for_one_unit(columns: Columns, sold: list[PriceCandidate]) -> list[PriceCandidate]:
    """Leave out prices for 100 or 1000 pieces, such as `Price/C`, if the file has a price of one piece."""
    single = [one for one in sold if units_in_name(columns.header[one.column]) == 1]
    return single if any(not one.is_bad for one in single) else sold


def above_purchase(
    columns: Columns, rated: Sequence[PriceCandidate], tiers: Sequence[QuantityPrice]
) -> list[PriceCandidate]:
    """Return the only column of amounts with an unknown name, if a purchase price is lower in all rows.

    If the file has two such columns or no purchase price, the result is empty: the column can be the purchase price.
    """
    if tiers or any(one.is_doubtful or (one.kind in TIERS and not one.is_bad) for one in rated):
        return []
    purchase = purchase_columns(columns, rated)
    if words_only := with_words_for_prices(columns, purchase):
        return words_only
    used = {*purchase, *(one.column for one in rated)}
    amounts = {one.column for one in (*possible_prices(columns), *unnamed_prices(columns, list(used)))} - used
    if len(amounts) != 1:
        return []
    number = amounts.pop()
    if _is_total(columns, number, purchase) or not any(is_always_above(columns, number, low) for low in purchase):
        return []
    if not any(is_usual_markup(columns, number, low) for low in purchase):
        return []
    name = PriceName("plain")
    reason = f"{quoted(columns.header[number], 40)} is the only column of amounts above the purchase prices"
    return [PriceCandidate(number, name, "plain", None, reasons=(reason,))]


def purchase_columns(columns: Columns, rated: Sequence[PriceCandidate]) -> list[int]:
    """Return the columns of purchase prices, and columns of numbers whose name has a private word, such as `Inköp`."""
    purchase = [one.column for one in rated if one.kind == "purchase" and not one.is_bad]
    return purchase + [
        number for number, name in enumerate(columns.header)
        if number not in purchase and internal_part(name) and columns[number].cells
        and columns[number].share("is_number") == 1
    ]  # fmt: skip


def _is_total(columns: Columns, number: int, purchase: Sequence[int]) -> bool:
    """Return whether a column contains totals: by its name, or because it is a purchase price times a quantity."""
    name = columns.header[number]
    is_named = names_total(name) or not _TOTALS.isdisjoint(split_words(name)) or fold(name).endswith(_TOTAL_ENDS)
    return is_named or any(is_multiple(columns, number, low) for low in purchase)


_TOTALS = words(
    "total totals totale totaal totalt sum sums summe summa suma subtotal gesamt value values wert werte valeur valor "
    "valore waarde varde vaerdi verdi wartosc hodnota ertek valoare extended"
)
_TOTAL_ENDS = ("wert", "summe", "total")


def with_words_for_prices(columns: Columns, purchase: Sequence[int]) -> list[PriceCandidate]:
    """Return the columns whose names would mean a price if a word for "price" were added, such as `Kisker bruttó`.

    The file must have a lower purchase price in all rows, because names such as `Detail` can have another meaning.
    """
    candidates = []
    for number, column in enumerate(columns.header):
        is_free = number not in purchase and len(column) <= MAX_NAME and internal_part(column) is None
        name = price_name(fold(plain_name(f"price {column}"))) if is_free and not field_candidates(column) else None
        if name is None or name.kind not in ("plain", "gross", "net") or columns[number].share("is_number") < 1:
            continue
        if _is_total(columns, number, purchase) or is_tax_only(column) or sku_name(column) is not None:
            continue
        below = [low for low in purchase if is_always_above(columns, number, low)]
        if any(is_usual_markup(columns, number, low) for low in below):
            reason = f"{quoted(column, 40)} has words for prices, and amounts above the purchase prices"
            candidates.append(PriceCandidate(number, name, name.kind, name.currency, reasons=(reason,)))
    return candidates


def is_tax_only(column: str) -> bool:
    """Return whether a name such as `Stawka VAT` has a word for a tax, but no word for "with" or "without"."""
    parts, (taxes, included, excluded) = set(split_words(column)), tax_words()
    return not parts.isdisjoint(taxes) and parts.isdisjoint(included | excluded)


def unnamed_prices(columns: Columns, used: Sequence[int]) -> list[PriceCandidate]:
    return [PriceCandidate(number, PriceName("plain"), "plain", None) for number in unnamed_amounts(columns, set(used))]


def prices_up_to(columns: Columns, listed: int, used: Sequence[int]) -> list[PriceCandidate]:
    """Return columns with unknown names whose amounts are not above the recommended price, and not far below it."""
    return [
        PriceCandidate(number, PriceName("plain"), "plain", None)
        for number, name in enumerate(columns.header)
        if number not in used and number != listed and says_nothing(name) and are_up_to(columns, number, listed)
    ]


def possible_prices(columns: Columns) -> list[PriceCandidate]:
    """Return the columns whose names contain a word for a price, but are not understood."""
    candidates = []
    for number, name in enumerate(columns.header):
        is_possible = may_be_price(fold(name)) or has_unknown_type(name) or is_for_a_package(name)
        is_possible = is_possible or is_retail(columns, number)
        is_possible = is_possible and name_of_price(name) is None
        is_possible = is_possible and not (is_for_a_measure(name) and is_comparison(name))
        facts = columns[number] if is_possible else None
        if facts is not None and facts.cells and facts.share("is_number") > 0.9 and facts.share("is_zero") < 1:
            candidates.append(PriceCandidate(number, PriceName("plain"), "plain", None))
    return candidates


def is_retail(columns: Columns, number: int) -> bool:
    """Return whether the name of a column of numbers is a word for the retail trade, such as `Розничная`."""
    name = columns.header[number]
    is_free = len(name) <= MAX_NAME and RETAIL.search(name) is not None and not field_candidates(name)
    return is_free and internal_part(name) is None and not are_flags(columns[number])


def prices_for_measures(columns: Columns, rated: set[int]) -> list[PriceCandidate]:
    """Return prices for a measure, such as `Preis/kg`, if their names do not mean prices for comparison."""
    candidates = []
    for number, column in enumerate(columns.header):
        name = name_of_price(column) if number not in rated and is_for_a_measure(column) else None
        name = PriceName("plain") if is_amount_for_a_measure(column) else name
        facts = columns[number]
        if name and name.kind in TIERS and not is_comparison(column) and facts.share("is_number") > 0.5 and facts.cells:
            candidates.append(PriceCandidate(number, name, name.kind, name.currency))
    return candidates


def without_selling_price(
    columns: Columns, rated: Sequence[PriceCandidate], possible: Sequence[PriceCandidate]
) -> list[PriceCandidate]:
    """Return the prices of other kinds that can be selling prices, if the file has no known selling price."""
    kinds = {kind: [one for one in rated if one.kind == kind and not one.is_bad] for kind in ("purchase", "compare")}
    possible = possible or possible_by_tax(columns) or prices_for_measures(columns, {one.column for one in rated})
    return [*possible, *kinds["purchase"]] or kinds["compare"]
