"""Finds the price by the amounts of other columns, if its name is not understood.

| known                  | unknown                                         | the unknown column is |
|------------------------|-------------------------------------------------|-----------------------|
| a price without tax    | its amounts plus one usual tax rate in all rows | the price with tax    |
| an offer with its days | the only other amounts, never below the offers  | the regular price     |
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.prices.candidates import PriceCandidate
from wecelebrate.feeds.prices.compared import is_below
from wecelebrate.feeds.prices.days_by_values import days_by_values
from wecelebrate.feeds.prices.names import PriceName, price_name
from wecelebrate.feeds.prices.ordinary_names import is_last
from wecelebrate.feeds.prices.plain_names import plain_name
from wecelebrate.feeds.prices.possible import unnamed_prices
from wecelebrate.feeds.prices.tax_names import includes_tax
from wecelebrate.feeds.prices.taxes import have_usual_rates

MAX_NAME = 60


def with_unnamed_tax(
    columns: Columns, sold: list[PriceCandidate], possible: Sequence[PriceCandidate], used: Collection[int]
) -> list[PriceCandidate]:
    """Add the price with tax, if the only selling prices are prices without tax.

    `used` are columns that do not contain prices of one piece.
    """
    nets = [one for one in sold if one.kind == "net" and not one.is_bad]
    named = {one.column for one in sold} | set(used)
    if any(one.kind in ("gross", "plain") and not one.is_bad for one in sold):
        return _with_named_tax(columns, sold, named)
    if not nets:
        return sold
    unknown = [one.column for one in (*possible, *unnamed_prices(columns, list(named)))]
    for number in dict.fromkeys(unknown):
        if number in named or internal_part(columns.header[number]):
            continue
        for net in nets:
            if have_usual_rates(columns, net.column, number):
                shown = quoted(columns.header[number], 40), quoted(columns.header[net.column], 40)
                reasons = (f"{shown[0]} is {shown[1]} with the tax in all rows",)
                name = PriceName("gross", tax="gross")
                return [*sold, PriceCandidate(number, name, "gross", net.currency, reasons=reasons)]
    return sold


def _with_named_tax(columns: Columns, sold: list[PriceCandidate], named: Collection[int]) -> list[PriceCandidate]:
    """Add the price whose name means "with tax", if its amounts are the amounts of another price plus the tax.

    The other words of the name are not understood. For example, `Pret_v_cu_TVA` is `Pret_vanzare` plus the tax.
    """
    bases = [one for one in sold if one.kind in ("plain", "net") and not one.is_bad]
    if any(one.kind == "gross" and not one.is_bad for one in sold):
        return sold
    for number, column in enumerate(columns.header):
        if number in named or not includes_tax(column) or internal_part(column):
            continue
        for base in bases:
            if have_usual_rates(columns, base.column, number):
                shown = quoted(column, 40), quoted(columns.header[base.column], 40)
                reasons = (f"{shown[0]} is {shown[1]} with the tax in all rows",)
                gross = PriceCandidate(number, PriceName("gross", tax="gross"), "gross", base.currency, reasons=reasons)
                return [*sold, gross]
    return sold


def above_offers(columns: Columns, rated: Sequence[PriceCandidate]) -> list[PriceCandidate]:
    """Return the only column of amounts, such as `Liste`, in a file with offers such as `Aktion;von;bis`."""
    if any(one.kind in ("gross", "plain", "net", "list") and not one.is_bad for one in rated):
        return []
    used = {one.column for one in rated}
    offers = {number for number in range(len(columns.header)) if _is_offer_with_days(columns, number)}
    amounts = [one.column for one in unnamed_prices(columns, [*used, *offers])]
    if len(amounts) != 1 or len(offers) != 1 or not is_below(columns, amounts[0], *offers):
        return []
    shown = quoted(columns.header[amounts[0]], 40)
    reasons = (f"{shown} is the only column of amounts above the offers",)
    return [PriceCandidate(amounts[0], PriceName("plain"), "plain", None, reasons=reasons)]


def _is_offer_with_days(columns: Columns, number: int) -> bool:
    name = columns.header[number]
    price = price_name(fold(plain_name(f"price {name}"))) if len(name) <= MAX_NAME else None
    return price is not None and price.kind == "offer" and days_by_values(columns, number) is not None


def without_offers(
    columns: Columns, rated: Sequence[PriceCandidate], sold: Sequence[PriceCandidate]
) -> list[PriceCandidate]:
    """Return the only price before a reduction, if the columns of offers are blank: no product is then reduced."""
    if not sold or not all(one.is_bad and (one.kind == "offer" or one.name.is_offer_or_selling) for one in sold):
        return []
    former = [
        one for one in rated if one.kind == "compare" and not one.is_bad and not is_last(columns.header[one.column])
    ]
    reason = "no row has a lower price"
    return [replace(one, kind="plain", reasons=(*one.reasons, reason)) for one in former] if len(former) == 1 else []
