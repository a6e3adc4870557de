"""Recognises columns with the date from which a product is no longer sold: `Utgått dato`, `Auslaufdatum`.

A date in the past means inactive. A date in the future and a blank cell mean active.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from wecelebrate.feeds.columns.facts import Facts
from wecelebrate.feeds.columns.names import fold, inactive_names, name_forms
from wecelebrate.feeds.states.words import date_of
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.words import words

MOST = 0.9
"""The minimum share of the values that are dates."""
_DATE = (
    "(?:date|dt|dato|datum|dat|fecha|data|kuupaev|pvm|paivamaara|datums|tarihi|tarih|дата|ημερομηνια|日付|日時|日|日期|"
    "时间|날짜|일자|일|تاريخ|תאריך|วนท|ngay|tanggal)"
)
_LINK = "(?:of|del|de|di|do|da|des|d|since|seit|am|on|at|from|until|od|の)"
_NAMES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_DATE}(.+)", rf"{_DATE}{_LINK}(.+)", rf"(.+?)s?{_DATE}", rf"(.+?){_LINK}{_DATE}",
        "(.+?)(?:at|on|since|seit|am|ab)",
    )
)  # fmt: skip
_POSSIBLE_NAMES = words("enddate datedefin datefin fechafin fechadefin fechafinal datafine datafim einddatum slutdato "
                        "slutdatum validto validuntil gultigbis")  # fmt: skip
"""Names that can also mean the end of an offer. They are used only if the file has no column with a start date."""
_START = re.compile(r"start|begin|debut|inicio|inizio|from$|ab$|von$|fra$|launch|anfang|alku")


def is_end_date(header: Sequence[str], number: int, facts: Facts) -> bool:
    """Return whether a column has the name of an end date, and its values are dates or blank."""
    if not is_end_name(header[number]):
        is_possible = not _POSSIBLE_NAMES.isdisjoint(name_forms(header[number])) and not facts.is_empty
        if not is_possible or any(_START.search(fold(name)) for name in header):
            return False
    return facts.is_empty or are_dates(facts)


def are_dates(facts: Facts) -> bool:
    """Return whether nearly all values are dates."""
    return bool(facts.cells) and sum(date_of(cell) is not None for cell in facts.cells) >= MOST * len(facts.cells)


@lru_cache(maxsize=4096)
def is_end_name(column: str) -> bool:
    """Return whether the name of a column means an end date.

    The name is a usual name of an end date, or consists of a word for "inactive" and a word for "date".
    """
    ends, inactive = vocabulary().words("columns.end_date"), inactive_names()
    for form in name_forms(column[:100]):
        matches = (pattern.fullmatch(form) for pattern in _NAMES)
        if form in ends or any(match and match[1].removeprefix("is") in inactive for match in matches):
            return True
    return False
