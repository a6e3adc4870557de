"""Finds the columns whose names match a field."""

import re

from wecelebrate.feeds.columns.composed import composed_fields
from wecelebrate.feeds.columns.localized import candidates_with_languages, without_language
from wecelebrate.feeds.columns.names import WEAK_RANK, abbreviated_fields, field_candidates, fold
from wecelebrate.feeds.columns.other_pieces import means_other_pieces
from wecelebrate.feeds.columns.synonyms import FIELDS
from wecelebrate.feeds.plan.chosen import Candidate
from wecelebrate.feeds.prices.tiers import names_a_package, numbered_quantities
from wecelebrate.feeds.stock.names import sold_quantities, stock_rank
from wecelebrate.feeds.stock.reserved_names import is_reserved
from wecelebrate.feeds.vocabulary import vocabulary


def candidates_of(header: list[str]) -> dict[str, list[Candidate]]:
    """Return, for each field, the columns whose names match the field."""
    candidates: dict[str, list[Candidate]] = {name: [] for name in FIELDS}
    for number, column in enumerate(header):
        matches = field_candidates(column)
        for name, rank, currency in matches:
            candidates[name].append((rank, number, currency))
        if not matches and (composed_rank := stock_rank(column)) is not None:
            candidates["inventory_count"].append((composed_rank, number, None))
        elif not matches and (fields := composed_fields(without_language(column) or column)):
            for name, rank in fields:
                candidates[name].append((rank, number, None))
        elif not matches and (abbreviated := abbreviated_fields(column)):
            for name in abbreviated:
                candidates[name].append((WEAK_RANK, number, None))
        elif not matches and re.search(r"\d$", column):
            # A numbered image column, such as `Bild 2` or `image_url_3`, contains a further image.
            unnumbered = field_candidates(_without_number(column))
            candidates["images"] += [(rank + 5, number, None) for name, rank, _ in unnumbered if name == "images"]
    of_prices = {*numbered_quantities(header), *sold_quantities(header)}
    stocks = [one for one in candidates["inventory_count"] if one[1] not in of_prices and _can_be_stock(header[one[1]])]
    names = [candidate for candidate in candidates["name"] if "%" not in header[candidate[1]]]  # `BEZ %` is a tax
    return candidates_with_languages(header, {**candidates, "inventory_count": stocks, "name": names})


def _can_be_stock(column: str) -> bool:
    """Return whether a name can mean the stock.

    A percentage is not a stock. A name for reserved, minimum, ordered or packed
    pieces is a stock only if the vocabulary lists the name as a stock.
    """
    is_other = means_other_pieces(column) or names_a_package(column) or is_reserved(column)
    if "%" in column:
        return False
    return not is_other or fold(column) in vocabulary().words("columns.inventory_count")


def _without_number(column: str) -> str:
    """Return a column name without the number at its end, and without the separators before the number."""
    end = len(column)
    while end and column[end - 1].isdecimal():
        end -= 1
    while end and (column[end - 1].isspace() or column[end - 1] in "_.-"):
        end -= 1
    return column[:end]
