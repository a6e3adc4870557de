"""Chooses the selling price of products from all price columns of a file.

The first kind of price that the file has is used, in the order of `prices.names.TIERS`: gross price, plain selling
price, net price, offer, recommended price. A purchase price is never used. A question is asked if the file has only
purchase prices, or if two equally good columns have different values.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.prices.candidates import (
    MAX_NAME,
    PriceCandidate,
    name_of_price,
    price_candidates,
    stated_currency,
    with_currencies,
    with_named_tax,
    with_totals,
)
from wecelebrate.feeds.prices.compared import (
    amount_of,
    are_up_to,
    has_one_ratio,
    is_always_above,
    is_before_discount,
    now_of_pair,
    without_former,
)
from wecelebrate.feeds.prices.conditional import for_all, is_for_members
from wecelebrate.feeds.prices.names import (
    KIND_TEXTS,
    TIERS,
    Kind,
    PriceName,
)
from wecelebrate.feeds.prices.names_with_values import bare_tax_prices, currency_of_cells, is_with_tax
from wecelebrate.feeds.prices.ordinary import without_ordinary_prices
from wecelebrate.feeds.prices.pairs import can_be_a_selling_price, packs_beside_measures, sold_of_pair, unclear_pair
from wecelebrate.feeds.prices.possible import (
    above_purchase,
    for_one_unit,
    possible_prices,
    prices_up_to,
    purchase_columns,
    single_price,
    unnamed_prices,
    with_words_for_prices,
    without_selling_price,
)
from wecelebrate.feeds.prices.price_questions import currency_question, open_questions, price_question
from wecelebrate.feeds.prices.rivals import above_offers, with_unnamed_tax, without_offers
from wecelebrate.feeds.prices.tax_names import excludes_tax, named_by_tax
from wecelebrate.feeds.prices.taxes import with_related_tax
from wecelebrate.feeds.prices.tiers import (
    quantity_prices,
)
from wecelebrate.feeds.questions import Question

_TAXES = ("gross", None, "net")
"""The order of prices of the same kind: first prices with tax (`P.V.P. IVA incl.`), then prices whose name does not
mention the tax (`P.V.P.`), then prices without tax.
"""
_SOLD = ("gross", "plain", "net")
TAX_PAIR = 2
NO_VALUE_ADDED_TAX = frozenset(("USD", "HKD", "KWD", "QAR"))
"""Currencies of countries without a value-added tax. In these countries, a net price is the price after a discount."""
_COUNTRY = re.compile(
    r"(.{1,50}?)[\s_(-]+(?:AT|AU|BE|CA|CH|CZ|DE|DK|ES|EU|FI|FR|GB|HU|IE|IT|LU|NL|NO|PL|PT|SE|UK|US)\)?"
)
_NUMBERED = re.compile(r"(.{1,50}?)(\d{1,2})")
_LETTERED = re.compile(r"([^\W\d_].{1,50}?)[\s_-]+[A-Z]")
"""The name of a price list with a letter, such as `Tarif A` and `Tarif B`."""
_NUMBERED_QUANTITY = re.compile(
    r"(?:price|preis)?(?:break|min|ab|from|staffel)?(?:qty|quantity|menge|staffel|break)\d{1,2}"
)
_OFFER_DATES = re.compile(
    r"(?:sale|special|promo|offer|discount|aktion|angebot|sonder|oferta|soldes).{0,20}"
    r"(?:from|to$|todate|start|end|until|date|von$|bis$|gultig|valid|effective|desde|hasta|debut|fin$)"
)


@dataclass(frozen=True, slots=True)
class PricePick:
    column: int
    currency: str | None
    """The currency that the column's name contains."""
    kind: Kind
    score: float
    reasons: tuple[str, ...]


@dataclass(slots=True)
class PriceChoice:
    columns: list[PricePick] = field(default_factory=list)
    """The columns of the price. In each row, the first column that is not blank is used."""
    questions: list[Question] = field(default_factory=list)


def choose_price(
    columns: Columns, candidates: Sequence[tuple[int, int, str | None]], currency: str, earlier: Sequence[str]
) -> PriceChoice:
    """Choose the price column. Each candidate has the rank of its name, its column, and the currency in its name.

    `earlier` are the price columns of the catalog's previous file. Such a column is used again if it is a candidate.
    """
    tiers = quantity_prices(columns)
    rated = for_all(columns, price_candidates(columns, candidates, currency, tiers))
    rated += _named_by_tax(columns, rated, currency)
    sold = [one for one in _as_selling(rated) if one.kind in TIERS and not one.is_doubtful]
    sold = with_named_tax(columns, with_totals(columns, with_currencies(columns, sold, currency)))
    sold = with_related_tax(columns, sold)
    sold = without_ordinary_prices(
        columns, without_former(columns, for_one_unit(columns, _without_weak(columns, sold)))
    )
    remembered = [one for one in sold if columns.header[one.column] in earlier[:1] and not one.is_bad]
    if remembered:
        return PriceChoice([_pick(columns, remembered[0]), *_blank_offer(columns, remembered[0], sold)])
    sold = [*without_offers(columns, rated, sold), *_beside_recommended(columns, rated, sold), *sold]
    sold = sold or above_purchase(columns, rated, tiers) or above_offers(columns, rated)
    possible = [PriceCandidate(price.column, price.name, price.name.kind, price.name.currency) for price in tiers[:1]]
    possible += [one for one in rated if one.is_doubtful and not one.is_bad]
    quantities = {price.column for price in tiers}
    possible += [
        one for one in possible_prices(columns)
        if one.column not in quantities and not (sold and is_for_members(columns.header[one.column]))
    ]  # fmt: skip
    sold = sold or _of_one_country(columns, rated, currency)
    sold = sold or packs_beside_measures(columns) or sold_of_pair(columns, [*possible, *rated])
    sold = sold or now_of_pair(columns, [*possible, *(one for one in rated if one.kind == "compare")])
    sold = sold or single_price(columns, possible, currency, quantities) or _pair_of_taxes(columns, possible)
    sold = with_unnamed_tax(columns, sold, possible, {*quantities, *(one.column for one in rated)})
    if not sold:
        possible = possible or unclear_pair(columns)
        possible = possible or unnamed_prices(columns, [*quantities, *(one.column for one in rated)])
        return PriceChoice([], open_questions(columns, without_selling_price(columns, rated, possible)))
    sold.sort(key=lambda one: (one.is_bad, TIERS.index(one.kind), _TAXES.index(one.name.tax), one.rank, one.column))
    everywhere, sold = sold, _in_one_currency(sold, currency)
    best = sold[0]
    foreign = [one for one in everywhere if one not in sold and _completes(columns, best, one)]
    others = [
        one for one in sold[1:]
        if (one.is_bad, one.kind) == (False, best.kind) and columns.differ(best.column, one.column)
        and not (best.name.tax == "gross" and one.name.tax == "net")
        and not (best.name.tax == "gross" and one.name.tax is None and is_with_tax(columns, one.column, best.column))
    ]  # fmt: skip
    if best.kind in ("plain", "gross") and not _has_offer_dates(columns.header):
        others += [
            one for one in sold
            if one.kind == "offer" and one.name.is_offer_or_selling and not one.is_bad
            and columns.differ(best.column, one.column)
        ]  # fmt: skip
    considered = {one.column for one in others}
    listed = numbered_lists(columns, best) if best.column not in quantities else []
    considered |= {one.column for one in sold if (best.kind, one.kind) == ("gross", "net")}
    others += [one for one in listed if one.column not in considered]
    if best.kind == "plain":  # `Preço no cartão` and `Preço à vista` differ by the way of payment
        others += [
            one for one in possible
            if not one.is_doubtful and one.column not in considered | {best.column}
            and not excludes_tax(columns.header[one.column])
            and not _repeats(columns.header, best.column, one.column)
            and has_one_ratio(columns, best.column, one.column)
        ]  # fmt: skip
    if best.kind in ("list", "offer") or best.is_bad:
        others += _other_prices(columns, best, rated, possible, quantities)
    others += [
        one for one in sold if one.kind == "list" and one not in others and is_before_discount(columns, best, one)
    ]
    if best.kind == "net" and (rival := _list_beside_net(columns, best, sold)):
        others.append(rival)
        if currency in NO_VALUE_ADDED_TAX:
            best, others = rival, [best, *others[:-1]]
    questions = [price_question(columns, [best, *others])] if others else []
    if foreign and not questions:
        questions = [currency_question(columns, best, foreign[0])]
    return PriceChoice([_pick(columns, best), *([] if questions else _blank_offer(columns, best, sold))], questions)


def _without_weak(columns: Columns, sold: list[PriceCandidate]) -> list[PriceCandidate]:
    """If other prices exist, leave out names such as `PV` and `Value`, which can mean something other than a price.

    If the other prices are only recommended prices, the column stays if its amounts are plausible selling prices.
    """
    certain = [one for one in sold if not one.name.is_weak or one.name.is_solo]
    if not certain or any(one.kind not in ("list", "offer") for one in certain):
        return certain or sold
    listed = [one.column for one in certain if one.kind == "list" and not one.is_bad]
    weak = [one for one in sold if one not in certain and any(are_up_to(columns, one.column, at) for at in listed)]
    return [*certain, *weak]


def _beside_recommended(
    columns: Columns, rated: Sequence[PriceCandidate], sold: Sequence[PriceCandidate]
) -> list[PriceCandidate]:
    """Return the selling price of columns such as `EP;UVP;VP`, by its abbreviation or by a lower purchase price.

    `sold` must contain only recommended prices and offers.
    """
    if not sold or not all(one.kind in ("list", "offer") or one.is_bad for one in sold):
        return []
    taken = [one for one in rated if one.kind not in ("list", "offer", "compare")]
    return sold_of_pair(columns, taken, is_recommended=True) or with_words_for_prices(
        columns, purchase_columns(columns, rated)
    )


def _other_prices(
    columns: Columns,
    best: PriceCandidate,
    rated: Sequence[PriceCandidate],
    possible: Sequence[PriceCandidate],
    quantities: Collection[int],
) -> list[PriceCandidate]:
    """Return the other choices for the question whether products are sold at a recommended price or an offer."""
    used = [*quantities, *(one.column for one in (*rated, *possible))]
    short = [
        one for one in rated
        if one.kind == "purchase" and can_be_a_selling_price(columns.header[one.column]) and not one.is_bad
    ]  # fmt: skip
    unnamed = [*unnamed_prices(columns, used), *prices_up_to(columns, best.column, used)]
    others = {one.column: one for one in (*short, *possible, *unnamed) if one.column != best.column}
    lower = [one for one in others.values() if any(is_always_above(columns, at, one.column) for at in others)]
    return [*(one for one in others.values() if one not in lower), *lower]


def _named_by_tax(columns: Columns, rated: Sequence[PriceCandidate], currency: str) -> list[PriceCandidate]:
    """Return prices whose names only say whether tax is included, if the file has no other selling price."""
    if any(one.kind in TIERS and not one.is_bad for one in rated):
        return []
    return named_by_tax(columns) or [
        PriceCandidate(number, name, name.kind, None, reasons=(f"the values are prices: {KIND_TEXTS[name.kind]}",))
        for number, name in bare_tax_prices(columns, currency)
    ]


def _repeats(header: Sequence[str], column: int, other: int) -> bool:
    """Return whether two columns are elements with the same name, such as `price` and `price.2`.

    Such elements are a list of prices (`prices.lists`).
    """
    return header[other].rpartition(".")[0] == header[column] and header[other].rpartition(".")[2].isdecimal()


def _pair_of_taxes(columns: Columns, possible: list[PriceCandidate]) -> list[PriceCandidate]:
    """Return the only two possible prices if one price is the other price plus tax."""
    related = with_related_tax(columns, possible) if len(possible) == TAX_PAIR else []
    return related if {one.kind for one in related} == {"gross", "net"} else []


def _of_one_country(columns: Columns, rated: Sequence[PriceCandidate], currency: str) -> list[PriceCandidate]:
    """Return the only price whose name has a country, such as `Cena PL`.

    The price of one country is doubtful, unless its amounts have the sign of the catalog's currency.
    """
    price_columns = {candidate.column for candidate in rated}
    named = [
        (number, name)
        for number, column in enumerate(columns.header)
        if number not in price_columns and (match := _COUNTRY.fullmatch(column.strip()[:MAX_NAME]))
        and (name := name_of_price(match[1])) and not internal_part(column)
    ]  # fmt: skip
    if len(named) != 1:
        return []
    number, name = named[0]
    if name.kind not in TIERS or currency_of_cells(columns, number, currency) != currency:
        return []
    reason = f"the name {quoted(columns.header[number], 40)} means {KIND_TEXTS[name.kind]} in one country"
    return [PriceCandidate(number, name, name.kind, name.currency, reasons=(reason,))]


def numbered_lists(columns: Columns, best: PriceCandidate) -> list[PriceCandidate]:
    """Return the columns of further price lists, such as `VK2` for `VK1`, or `Price AT` for `Price DE`.

    Columns with the same values are left out. If the file has columns of quantities, as in `Qty 1;Price 1;Qty 2;Price
    2`, the first price is the price of one unit.
    """
    own = _list_in_name(columns.header[best.column])
    if (
        not own
        or own[1] not in ("1", "country", "letter")
        or any(map(_NUMBERED_QUANTITY.fullmatch, map(fold, columns.header)))
    ):
        return []
    priced = []
    for number, name in enumerate(columns.header):
        other = _list_in_name(name)
        if other and number != best.column and other[0] == own[0] and not internal_part(name):
            facts = columns[number]
            is_price = facts.cells and facts.share("is_number") > 0.5 and facts.share("is_zero") < 1
            if is_price and columns.differ(best.column, number):
                priced.append(PriceCandidate(number, best.name, best.kind, best.currency))
    return priced


def lists_question(columns: Columns, price: int) -> list[Question]:
    """Return a question if a column is one of several numbered price lists with different prices."""
    column = columns.header[price]
    name = name_of_price(column) or PriceName("plain")
    best = PriceCandidate(price, name, name.kind, name.currency)
    others = numbered_lists(columns, best) if _NUMBERED.fullmatch(fold(column)) else []
    return [price_question(columns, [best, *others])] if others else []


def _list_in_name(column: str) -> tuple[str, str] | None:
    """Return the name of a price column without the number or country of its list, and the number or `country`."""
    if match := _COUNTRY.fullmatch(column.strip()[:MAX_NAME]):
        return fold(match[1]), "country"
    if match := _LETTERED.fullmatch(column.strip()[:MAX_NAME]):
        return fold(match[1]), "letter"
    numbered = _NUMBERED.fullmatch(fold(column))
    return (numbered[1], numbered[2]) if numbered else None


def _has_offer_dates(header: Sequence[str]) -> bool:
    """Return whether the file says when its offers are valid. In such a file, `sale price` is an offer."""
    return any(_OFFER_DATES.search(fold(name)) for name in header)


def _list_beside_net(columns: Columns, net: PriceCandidate, sold: Sequence[PriceCandidate]) -> PriceCandidate | None:
    """Return the list price if "net" can mean "after a supplier's discount" instead of "without tax".

    If "net" means "without tax", all net prices are lower by the same rate of 3 to 28 %. In a country without a
    value-added tax, "net" means "after a discount".
    """
    lists = [one for one in sold if one.kind == "list" and not one.is_bad]
    if not lists or not net.name.is_bare_net or net.is_bad:
        return None
    pairs = [
        (amounts[0] / amounts[1])
        for row in columns.sample
        if max(net.column, lists[0].column) < len(row)
        and all(amounts := [amount_of(row[net.column] or ""), amount_of(row[lists[0].column] or "")])
    ]
    if not pairs or sorted(pairs)[len(pairs) // 2] >= 1:
        return None
    is_one_rate = max(pairs) - min(pairs) < 0.01 and 1.03 <= 1 / max(pairs) <= 1.28
    return None if is_one_rate and net.currency not in NO_VALUE_ADDED_TAX else lists[0]


def _as_selling(rated: list[PriceCandidate]) -> list[PriceCandidate]:
    """Read `sale price` as a plain selling price if the file has no other selling price.

    If the file has a regular price or a crossed-out price, `sale price` is an offer.
    """
    has_regular = any(one.kind in ("plain", "gross", "net") and not one.is_bad for one in rated)
    if has_regular:
        return rated
    return [
        replace(one, kind="plain") if one.name.is_offer_or_selling else one
        for one in rated
    ]  # fmt: skip


def _in_one_currency(sold: list[PriceCandidate], currency: str) -> list[PriceCandidate]:
    """If the columns have different currencies, prefer the catalog's currency, then columns without a currency.

    The preferred columns must have a kind of price that is at least as good. Otherwise, because of the catalog's
    currency, `UVP` would be chosen instead of `VK brutto (EUR)`.
    """
    good = [one for one in sold if not one.is_bad]
    kinds = {one.kind for one in good}
    best = next((kind for kind in TIERS if kind in kinds), "list")
    for wanted, decisive in ((currency, _SOLD if best in _SOLD else TIERS), (None, (best,))):
        if any(one.currency == wanted and one.kind in decisive for one in good):
            return [one for one in sold if one.currency in (wanted, None)]
    return sold


def _blank_offer(columns: Columns, best: PriceCandidate, sold: Sequence[PriceCandidate]) -> list[PricePick]:
    """Return the regular price, which is used in rows whose offer is blank."""
    if not best.name.is_offer_or_selling and best.kind != "offer":
        return []
    regular = [one for one in sold if one.column != best.column and one.kind in ("gross", "plain", "net", "list")]
    return [_pick(columns, one) for one in regular if not one.is_bad and columns.fills(best.column, one.column)][:1]


def _pick(columns: Columns, one: PriceCandidate) -> PricePick:
    score = round(max(0.05, 0.95 - 0.05 * TIERS.index(one.kind) - 0.5 * one.is_bad - 0.2 * one.name.is_weak), 2)
    currency = one.currency or stated_currency(columns.header[one.column])
    return PricePick(one.column, currency, one.kind, score, one.reasons)


def _completes(columns: Columns, best: PriceCandidate, other: PriceCandidate) -> bool:
    """Return whether a column in another currency has amounts in rows whose price is blank."""
    is_price = other.kind == best.kind and not other.is_bad and bool(other.currency)
    return is_price and not best.is_bad and columns.fills(best.column, other.column)
