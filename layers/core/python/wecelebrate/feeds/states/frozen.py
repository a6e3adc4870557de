"""Distinguishes the mark `Frozen` of SAP Business One, which ends the sale, from frozen food."""

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold

MAX_NAME = 20
_NAMES = frozenset(("frozen", "isfrozen"))
_BESIDE = frozenset(("itemcode", "itemname", "validfor", "frozenfor", "frozenfrom", "frozento"))
"""Names of SAP Business One."""
_ANSWERS = frozenset(("tyes", "tno"))
"""Values of SAP Business One."""


def is_frozen_food(columns: Columns, number: int) -> bool:
    """Return whether a column `Frozen` can mean frozen food, because it is not the mark of SAP Business One."""
    name = columns.header[number]
    if len(name) > MAX_NAME or fold(name) not in _NAMES:
        return False
    values = {cell.strip().casefold() for cell in columns[number].cells}
    return values.isdisjoint(_ANSWERS) and _BESIDE.isdisjoint(map(fold, columns.header))
