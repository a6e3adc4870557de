"""Tells flags such as `PrixTTC` with 0 and 1, which say whether prices include the tax, from prices of 1.00."""

from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.prices.candidates import PriceCandidate, is_tax_flag
from wecelebrate.feeds.prices.names import TIERS
from wecelebrate.feeds.prices.taxes import have_usual_rates


def without_tax_flags(
    columns: Columns, rated: Sequence[PriceCandidate], earlier: Sequence[str]
) -> tuple[list[PriceCandidate], list[PriceCandidate]]:
    """Return the candidates that are no flags, and those that are flags or prices.

    A column with 0 and 1 is a flag if the file has another selling price, unless its values are those prices plus the
    tax. Without another price, each product can cost 1.00. The column is then the price if it was the price of the
    catalog's `earlier` file.
    """
    flags = {one.column for one in rated if is_tax_flag(columns, one.column)}
    others = [one for one in rated if one.column not in flags]
    sold = [one.column for one in others if one.kind in TIERS and not (one.is_bad or one.is_doubtful)]
    if not flags or sold:
        taxed = {number for number in flags if any(have_usual_rates(columns, one, number, 1) for one in sold)}
        return [one for one in rated if one.column not in flags - taxed], []
    possible = {
        one.column for one in rated
        if one.column in flags and one.kind in TIERS and "-1" not in columns[one.column].cells
    }  # fmt: skip
    remembered = {number for number in possible if columns.header[number] in earlier[:1]}
    prices = [one for one in rated if one.column not in flags or one.column in remembered]
    return prices, [one for one in rated if one.column in possible - remembered]
