"""Chooses the columns that say whether a product is sold, and the columns with commands."""

from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import WEAK_RANK, fold, is_inverse, is_weak
from wecelebrate.feeds.columns.synonyms import COMMANDS
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.plan.chosen import Candidate, Chosen, Reason
from wecelebrate.feeds.states.by_values import state_by_values
from wecelebrate.feeds.states.end_dates import is_end_date
from wecelebrate.feeds.states.ended import ended_column
from wecelebrate.feeds.states.frozen import is_frozen_food
from wecelebrate.feeds.states.marks import letters_by_values
from wecelebrate.feeds.states.names import asks_yes_or_no, hides, state_columns
from wecelebrate.feeds.states.pairs import of_the_other_kind
from wecelebrate.feeds.states.sellable import sellable_columns
from wecelebrate.feeds.states.words import (
    are_letters_of_states,
    are_numbered_codes,
    are_yes_and_no,
    letters_of_yes_and_no,
    state_of,
    state_of_command,
)
from wecelebrate.feeds.stock.places import is_place

MIN_PIECES = 3


def choose_states(chosen: Chosen, columns: Columns, candidates: Sequence[Candidate], used: set[int]) -> None:
    frozen = [number for number in range(len(columns.header)) if is_frozen_food(columns, number)]
    free = [
        number
        for rank, number, _ in sorted(candidates, key=_rank_and_position)
        if number not in used
        and not (is_weak(rank) and not _are_states(columns, number))
        and number not in frozen
        and not _are_pieces(columns[number].cells)
    ]
    inverse = [number for number in free if is_inverse(columns.header[number]) or hides(columns.header[number])]
    states = [number for number in free if number not in inverse]
    understood = [number for number in states if _known_states(columns, number) > 0.5]
    filled = [number for number in states if not columns[number].is_empty]
    chosen.columns["is_active"] = (understood or filled or states)[:1]
    chosen.columns["is_active"] += of_the_other_kind(columns, chosen.columns["is_active"], understood)
    chosen.inverse = inverse
    chosen.inverse += [
        number
        for number in range(len(columns.header))
        if number not in used and number not in chosen.inverse and is_end_date(columns.header, number, columns[number])
    ]
    chosen.columns["is_active"] = [number for number in chosen.columns["is_active"] if number not in chosen.inverse]
    shown, hidden = state_columns(columns, {*used, *free, *frozen, *chosen.inverse})
    if not chosen.columns["is_active"]:
        chosen.columns["is_active"] = [*shown[:1], *of_the_other_kind(columns, shown[:1], shown)]
    elif len(chosen.columns["is_active"]) == 1:
        chosen.columns["is_active"] += of_the_other_kind(columns, chosen.columns["is_active"], shown)
    chosen.inverse += hidden
    if not chosen.columns["is_active"] and not chosen.inverse:
        chosen.columns["is_active"] = (
            sellable_columns(columns, chosen.columns["inventory_count"], used)
            or state_by_values(columns, used)
            or letters_by_values(columns, used)
            or ended_column(columns, used)
        )
    chosen.commands = [
        number
        for number, column in enumerate(columns.header)
        if number not in used and fold(column) in COMMANDS and _are_commands(columns[number].cells)
    ]
    chosen.reasons["is_active"] = [
        Reason(number, 0.8, (f"{quoted(columns.header[number], 40)} is a usual name for a state",))
        for number in (*chosen.columns["is_active"], *chosen.inverse, *chosen.commands)
    ]


def _rank_and_position(candidate: Candidate) -> tuple[int, int]:
    """Return the sort key of a state column. If several columns have weak names, the first column is used."""
    return min(candidate[0], WEAK_RANK), candidate[1]


def _known_states(columns: Columns, number: int) -> float:
    cells = columns[number].cells
    if are_numbered_codes(cells) and not asks_yes_or_no(columns.header[number]):
        return 0.0
    return sum(state_of(cell.casefold()) != "unknown" for cell in cells) / len(cells) if cells else 0.0


def _are_pieces(cells: Sequence[str]) -> bool:
    """Return whether the values are pieces, and not codes of states. `Stav` can be a state or a stock.

    Pieces are whole numbers. Some values must be 0, and some must have several digits.
    """
    counts = {cell for cell in cells if cell.isdecimal()}
    is_stock = "0" in counts and any(len(cell) > 1 for cell in counts)
    return is_stock and len(counts) >= MIN_PIECES and all(map(str.isdecimal, cells))


def _are_states(columns: Columns, number: int) -> bool:
    """Return whether the values of a column with a weak name are states. The numbers of locations are not states."""
    cells = set(columns[number].cells)
    if cells and all(cell.isdecimal() for cell in cells):
        return cells <= {"0", "1"} and (len(cells) > 1 or not is_place(columns.header[number]))
    cells_of_column = columns[number].cells
    is_letter = are_letters_of_states(cells_of_column) or are_yes_and_no(cells_of_column)
    is_letter = is_letter or letters_of_yes_and_no(cells_of_column) is not None
    return _known_states(columns, number) > 0.5 or is_letter


def _are_commands(cells: Sequence[str]) -> bool:
    return bool(cells) and all(state_of_command(cell.casefold()) != "unknown" for cell in cells)
