"""Recognises rows with totals, such as `Summe` and `合計`, and rows of dashes. These rows are not products."""

import re
from collections.abc import Sequence

from wecelebrate.feeds.items import Cells
from wecelebrate.feeds.vocabulary.folding import squeezed
from wecelebrate.feeds.vocabulary.words import phrases

_TOTALS = phrases(
    "total|totals|subtotal|sub-total|grand total|sum|sum total|summe|summen|gesamt|gesamtsumme|gesamtbetrag|insgesamt|"
    "zwischensumme|endsumme|somme|total général|sous-total|totaux|totale|totale generale|subtotale|suma|suma total|"
    "razem|ogółem|łącznie|totaal|subtotaal|eindtotaal|celkem|spolu|součet|összesen|mindösszesen|yhteensä|summa|totalt|"
    "i alt|ialt|kopā|kokku|iš viso|viso|ukupno|skupaj|gjithsej|samtals|вкупно|укупно|всичко|"
    "toplam|genel toplam|итого|всего|разом|всього|общо|σύνολο|tổng|tổng cộng|รวม|jumlah|المجموع|الإجمالي|"
    'סה"כ|合計|小計|総計|合计|总计|小计|합계|총계|소계'
)
_FOLDED_TOTALS = frozenset(map(squeezed, _TOTALS))
TOTAL_SPELLINGS = frozenset(
    spelling + end
    for word in _TOTALS
    for spelling in (word, word.capitalize(), word.title(), word.upper())
    for end in ("", ":")
)
MAX_TOTAL = 30


def is_total(cell: str) -> bool:
    """Return whether the cell is a word for a total."""
    return len(cell) < MAX_TOTAL and squeezed(cell) in _FOLDED_TOTALS and bool(cell)


def is_total_row(cells: Cells) -> bool:
    """Return whether the first value of a row is a word for a total, and other cells are blank."""
    filled = [cell for cell in cells if cell and not cell.isspace()]
    return 0 < len(filled) < len(cells) and is_total(filled[0].strip())


_RULE = re.compile(r"[-=_+|*~\s\u2013\u2014\u2500-\u257f:]*")
MIN_RULE = 4


def is_rule(cells: Sequence[str | None]) -> bool:
    """Return whether a row only separates other rows, such as a line of dashes in a printed list or in Markdown."""
    text = "".join(filter(None, cells)).strip()
    return (
        len(text) >= MIN_RULE
        and _RULE.fullmatch(text) is not None
        and max(map(text.count, "-=_\u2500\u2014")) >= MIN_RULE - 1
    )
