"""Reads legends that explain the codes of a table: `A = on sale, E = sold out`, above or below the rows.

A meaning is used only in columns of states and stocks, and only if it is a word for a state or a stock.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.items import BadCell, Cells
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.states.words import are_numbered_codes, state_of
from wecelebrate.feeds.stock import cells as stock
from wecelebrate.feeds.stock.columns import own_columns
from wecelebrate.feeds.vocabulary.words import words

MAX_TEXT = 300
MAX_ROWS = 20
"""The maximum number of searched rows above the table, and below the table."""
MAX_CODES = 30
MIN_CODES = 2
MAX_WORDS = 4
"""The maximum number of words in a term for a state, such as `no longer available`."""
_CODE = r"[^\W_]{1,4}|[○◎●△▲×✓✔✗✘□■☆★+*]{1,2}"
_SIGN = r"=|:|\uff1a|\u2192|->|\u2013"
_ENTRY = re.compile(
    rf"(?<![^\W_])(?P<code>{_CODE})\s*(?:{_SIGN})\s*"
    rf"(?P<meaning>[^\W\d_][^=;|\n\uff1a\u3000]{{1,60}}?)\s*(?=$|[;,/|\n\u3000.]|\s(?:{_CODE})\s*(?:{_SIGN}))"
)
_WORD = re.compile(r"[^\W\d_]+")
_CODE_CELL = re.compile(rf"(?P<code>{_CODE})\s*(?:{_SIGN})?")
_NEGATIONS = words(
    "not no nicht kein keine nie non pas plus ne ni sin sem senza niet geen ikke inte ej ei nem nu не нет без không"
)

Legend = Mapping[str, str]
"""Maps folded codes to their meanings."""


def legend_of(rows: Iterable[Sequence[str | None]]) -> dict[str, str]:
    """Return the codes that the rows above or below a table explain. A row of products has more than two values."""
    legend: dict[str, str] = {}
    for row in rows:
        filled = [text for cell in row if cell and (text := " ".join(cell.split()))]
        if len(filled) == 2 and (code := _CODE_CELL.fullmatch(filled[0])):
            legend.setdefault(code["code"].casefold(), filled[1].lstrip("=:-–→ \uff1a")[:MAX_TEXT])
            continue
        if len(filled) > MAX_CODES:
            continue
        for text in filled:
            for entry in _ENTRY.finditer(text[:MAX_TEXT]):
                legend.setdefault(entry["code"].casefold(), entry["meaning"])
    return legend if MIN_CODES <= len(legend) <= MAX_CODES else {}


def translations(plan: Plan, columns: Columns, legend: Legend) -> dict[int, dict[str, str]]:
    """Return the meanings of the codes in each column of states or stocks, as words for states.

    A column is translated if the legend explains most of its values. Numbers are translated only if the legend explains
    all of them. Otherwise, the numbers are pieces.
    """
    if not legend:
        return {}
    names = [plan.column_name(number) for number in range(len(plan.header))]
    states = {
        active.column for active in plan.active
        if active.words in ("words", "letters") or are_numbered_codes(columns[active.column].cells)
    }  # fmt: skip
    translated = {}
    for number in sorted({*states, *plan.inventory, *own_columns(names)}):
        values = {cell.strip().casefold() for cell in columns[number].cells}
        is_state = number in states
        meanings = {code: word for code in legend if (word := word_of(legend[code], is_state=is_state))}
        others = values - meanings.keys()
        if len(others) < len(values) / 2 and not any(map(_is_number, others - legend.keys())):
            translated[number] = meanings
    return translated


def _is_number(text: str) -> bool:
    return text[:1].isdigit()


@lru_cache(maxsize=256)
def word_of(meaning: str, *, is_state: bool) -> str:
    """Return the longest phrase of a meaning that names a state or a stock, or "" if it has no such phrase.

    In a column of states, a word for "out of stock" becomes `sold out`.
    """
    parts = _WORD.findall(meaning.casefold())
    for length in range(min(MAX_WORDS, len(parts)), 0, -1):
        for start in range(len(parts) - length + 1):
            phrase = " ".join(parts[start : start + length])
            if len(phrase) > 1 and phrase not in _NEGATIONS and (word := _known(phrase, is_state=is_state)):
                return "" if _NEGATIONS.intersection(parts[max(0, start - 2) : start]) else word
    return ""


def _known(phrase: str, *, is_state: bool) -> str:
    if is_state and state_of(phrase) in ("active", "inactive"):
        return phrase
    try:
        value = stock.read(phrase, None)
    except BadCell:
        return ""
    if is_state:
        return "sold out" if value is stock.State.OUT_OF_STOCK else ""
    return "" if value is stock.State.UNKNOWN else phrase


def translated_cells(cells: Cells, meanings: Mapping[int, Mapping[str, str]]) -> Cells:
    """Return the cells of a row. Codes are replaced by their meanings."""
    changed = list(cells)
    for number, words_by_code in meanings.items():
        if cell := changed[number]:
            changed[number] = words_by_code.get(cell.strip().casefold(), cell)
    return changed
