"""Finds SKUs that a program has damaged or joined, and asks a question about them, even if the column name means a SKU.

| value                    | what has happened                                                    |
|--------------------------|----------------------------------------------------------------------|
| `02. Mrz`, `Dez 16`      | Excel has read the numbers `2-3` and `12-16` as dates                |
| `2026-03-02`             | the same in a workbook: the cell has a date format                   |
| `RING-52,RING-54`        | a marketplace has joined the SKUs of the variations of one listing   |
"""

import re
from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.identity.questions import sku_choices
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.questions import Question
from wecelebrate.feeds.vocabulary.words import phrases

_MONTHS = phrases(
    "jan|feb|mar|mrz|mär|apr|may|mai|jun|jul|aug|sep|sept|oct|okt|nov|dec|dez|janv|févr|mars|avr|juin|juil|août|déc|"
    "ene|abr|ago|dic|gen|mag|giu|lug|ott|mrt|mei|maj|fev|out|sty|lut|kwi|cze|lip|sie|wrz|paź|lis|gru"
)
_DAY = re.compile(r"\d{1,2}(?:\.\s?|-|\s)(?P<month>[^\W\d_]{3,4})\.?")
_DATE = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])", re.ASCII)
"""The date in a cell of a workbook. If all values of a column are dates, they are not damaged SKUs."""
_YEAR = re.compile(r"(?P<month>[^\W\d_]{3,4})\.?[ -]\d\d")
MAX_DATE = 10
MIN_PREFIX = 2
"""The SKUs of one listing begin with at least this many equal characters. `M8,5x20` is not a list of SKUs."""
MAX_VALUES = 1_000
"""The maximum length of a cell with the values of variations."""
_JOINED = re.compile(r"[^\s,;|]{2,60}(?:[,;|]\s?[^\s,;|]{2,60}){1,50}")
_SEPARATOR = re.compile(r"[,;|]")


def damage_question(columns: Columns, sku: int) -> Question | None:
    """Return a question if values in the SKU column are not the SKUs that the sender has assigned."""
    name, cells = quoted(columns.header[sku], 40), columns[sku].cells
    days = [cell for cell in cells if _DATE.fullmatch(cell)]
    if dates := [cell for cell in cells if is_date_of_excel(cell)] or (days if len(days) < len(cells) else []):
        text = (
            f"Values such as {quoted(dates[0], 20)} in the column {name} look like dates that Excel has made of "
            "numbers such as 2-3. Are they the SKUs? Otherwise format the column as text, and export the file again."
        )
        return Question("sku", "identity", text, sku_choices(columns, [sku]), tuple(dates[:3]))
    joined = _joined_with_values(columns, sku)
    if joined:
        text = (
            f"Values such as {quoted(joined[0], 40)} in the column {name} contain several SKUs, and another column has "
            "as many values. Are they the SKUs of single products? Otherwise send one row for each SKU."
        )
        return Question("sku", "identity", text, sku_choices(columns, [sku]), tuple(cell[:40] for cell in joined[:3]))
    return None


def is_date_of_excel(cell: str) -> bool:
    """Return whether a value is a day and a month, or a month and a year, as Excel writes them.

    Excel writes no month in capital letters, so `MAR-22` is a code.
    """
    match = (_DAY.fullmatch(cell) or _YEAR.fullmatch(cell)) if len(cell) <= MAX_DATE else None
    return match is not None and not match["month"].isupper() and match["month"].casefold() in _MONTHS


def _joined_with_values(columns: Columns, sku: int) -> list[str]:
    """Return the cells with several SKUs, if each of these rows has as many variations as SKUs."""
    joined: list[str] = []
    for row in columns.sample:
        cell = (row[sku] or "").strip() if sku < len(row) else ""
        if not _JOINED.fullmatch(cell):
            continue
        parts = [part.strip() for part in _SEPARATOR.split(cell)]
        if len({part[:MIN_PREFIX] for part in parts}) == 1 and _has_as_many(row, sku, len(parts)):
            joined.append(cell)
    return joined


def _has_as_many(row: Sequence[str | None], sku: int, count: int) -> bool:
    return any(
        cell and number != sku and len(cell) < MAX_VALUES and len(_SEPARATOR.findall(cell)) == count - 1
        for number, cell in enumerate(row)
    )
