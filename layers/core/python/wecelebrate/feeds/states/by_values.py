"""Finds the column of the state by its values, if its name is not known: `अवस्था`, `Trạng thái bán`, `Info`.

All values of the column are words for states, such as `active` and `discontinued`, and both active and inactive states
occur. Yes, no, single letters and words about the stock are not words for states.
"""

from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import field_candidates
from wecelebrate.feeds.columns.visibility import is_property, private_part
from wecelebrate.feeds.notation.convert import NO, NO_ANSWERS, YES, YES_ANSWERS
from wecelebrate.feeds.states.ended import says_ended
from wecelebrate.feeds.states.words import date_of, state_of
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.folding import squeezed

MIN_ROWS = 3
MIN_FILLED = 0.8
MAX_WORDS = 5
MAX_LENGTH = 30
_STOCKS = ("values.in_stock", "values.out_of_stock", "values.yes", "values.no", "values.few", "values.to_order")


def state_by_values(columns: Columns, used: set[int]) -> list[int]:
    """Return the only column with such values, or an empty list if the file has no such column or several."""
    states = [
        number for number, name in enumerate(columns.header)
        if number not in used and not field_candidates(name) and not is_property(name) and private_part(name) is None
        and columns[number].rows >= MIN_ROWS and columns[number].filled >= MIN_FILLED
        and _are_states(columns[number].cells)
    ]  # fmt: skip
    return states if len(states) == 1 else []


def _are_states(cells: Sequence[str]) -> bool:
    texts = {cell.strip() for cell in set(cells)}
    if any(len(text) > MAX_LENGTH for text in texts):  # folding a text of 32,000 characters would take long
        return False
    values = {text.casefold() for text in texts}
    if not 1 < len(values) <= MAX_WORDS or any(map(_is_other, values)):
        return False
    states = {value: state_of(value) for value in values}
    ended = [value for value, state in states.items() if state == "inactive"]
    return set(states.values()) == {"active", "inactive"} and all(map(says_ended, ended))


def _is_other(value: str) -> bool:
    is_word = len(value) > (2 if value.isascii() else 1) and len(value) <= MAX_LENGTH and not value[:1].isdigit()
    is_stock = squeezed(value) in vocabulary().words(*_STOCKS)
    return not is_word or is_stock or value in _SHORT_WORDS or date_of(value) is not None


_SHORT_WORDS = frozenset(value for value in (*YES, *NO) if len(value) <= len("true")) | YES_ANSWERS | NO_ANSWERS
"""The short words for yes and no. Longer words in the same lists, such as `discontinued`, are words for states."""
