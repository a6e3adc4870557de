"""Chooses the columns of the stock."""

from collections.abc import Callable, Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.notation.convert import NO_ANSWERS, YES_ANSWERS
from wecelebrate.feeds.plan.chosen import Candidate, Chosen, Reason
from wecelebrate.feeds.stock.columns import doubtful_flag_question
from wecelebrate.feeds.stock.lists import columns_of_list
from wecelebrate.feeds.stock.place_columns import other_places, stock_columns_of_places, sum_question
from wecelebrate.feeds.stock.reserved import (
    column_of_reserved,
    reserved_question,
    without_expected,
    without_reserved,
    without_reserved_of_places,
)
from wecelebrate.feeds.stock.totals import total_of_places
from wecelebrate.feeds.stock.tracking_names import tracking_columns

_FLAGS = (YES_ANSWERS | NO_ANSWERS) - {"0", "1", "-1", "-"}


def choose_stock(  # noqa: PLR0917
    chosen: Chosen,
    columns: Columns,
    candidates: Sequence[Candidate],
    used: set[int],
    earlier: Sequence[str],
    take: Callable[[str, bool], list[int]],
) -> None:
    """Choose the columns of the stock by their names and values. `take` chooses the best column of a field.

    `earlier` are the columns of the stock of the catalog's earlier file.
    """
    flags = tracking_columns(columns, earlier) - used
    used.update(flags)
    places = stock_columns_of_places(columns, used)
    of_places, question = without_reserved_of_places(columns, places, earlier)
    of_list = {*places, *columns_of_list(columns.header, of_places)} - used
    flags |= _flags_beside_places(columns, candidates, of_places) - used
    used.update(of_list | flags)
    chosen.columns["inventory_count"] = take("inventory_count", False)
    chosen.columns["inventory_count"] = without_expected(columns, chosen.columns["inventory_count"], used)
    stated = chosen.columns["inventory_count"]
    chosen.columns["inventory_count"] = without_reserved(columns, stated, used)
    used.difference_update(of_list)
    used.update(chosen.columns["inventory_count"])
    if chosen.columns["inventory_count"] == stated:
        chosen.reserved = column_of_reserved(columns, stated)
        chosen.questions += reserved_question(columns, stated[:1], is_less=chosen.reserved is not None)
    chosen.columns["inventory_count"] = chosen.columns["inventory_count"] or total_of_places(columns, used)
    _choose_places(chosen, columns, of_places, used)
    if not any(each.key == "inventory_count" for each in chosen.questions):
        chosen.questions += question
    used.difference_update(flags)


def ask_for_stock(chosen: Chosen, columns: Columns, used: set[int]) -> None:
    """If no column of the stock is chosen, ask whether a column such as `Suivi stock` is the stock."""
    is_asked = any(question.key == "inventory_count" for question in chosen.questions)
    if not chosen.columns["inventory_count"] and not is_asked:
        chosen.questions += doubtful_flag_question(columns, used)


def _flags_beside_places(columns: Columns, candidates: Sequence[Candidate], places: Sequence[int]) -> set[int]:
    """Return the columns of yes and no beside the stocks of places. They say something about these stocks."""
    numbers = {number for _, number, _ in candidates if number not in places and not columns[number].is_empty}
    return {number for number in numbers if places and all(cell.casefold() in _FLAGS for cell in columns[number].cells)}


def _choose_places(chosen: Chosen, columns: Columns, of_places: list[int], used: set[int]) -> None:
    """Add up the stocks of places if no column has the total. Otherwise ask whether the stock is that of one place."""
    stock = chosen.columns["inventory_count"]
    if len(of_places) == 1 and not stock:
        chosen.columns["inventory_count"] = of_places
        reason = "it contains the stock without the reserved pieces"
        chosen.reasons["inventory_count"] = [Reason(of_places[0], 0.8, (reason,))]
        used.update(of_places)
    elif of_places and all(columns[number].is_empty for number in stock):
        _sum_places(chosen, columns, of_places)
        used.update(of_places)
    elif len(places := without_reserved_of_places(columns, other_places(columns, stock, used))[0]) > 1:
        chosen.questions.append(sum_question(columns, places, is_sum=False))


def _sum_places(chosen: Chosen, columns: Columns, numbers: list[int]) -> None:
    """Read the stock from the columns of several places, and ask a question about this."""
    chosen.columns["inventory_count"], chosen.sums_stock = numbers, True
    reason = "it contains the stock of one place, and no column has the total"
    chosen.reasons["inventory_count"] = [Reason(number, 0.6, (reason,)) for number in numbers]
    chosen.questions.append(sum_question(columns, numbers))
