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
    'סה"כ|合計|小計|総計|合计|总计|小计|합계|총계|소계|'
    "group total|report total|gesamtwert|gruppensumme|summe warengruppe|gesamtergebnis|zwischentotal|"
    "total famille|s/total|totaal generaal|totaal groep|totalen|algemeen totaal|total familia|gran total|"
    "totales|total geral|totais|total do grupo|total família|somma|totali|totale gruppo|totale categoria|"
    "totale complessivo|total xeral|guztira|denera|batura|azpitotala|totala|groottotaal|zomm|it-total|iomlán|"
    "fo-iomlán|móriomlán|cyfanswm|is-gyfanswm|cyfanswm terfynol|الإجمالي الكلي|المجموع الكلي|المجموع الفرعي|"
    "إجمالي|مجموع|إجمالي المجموعة|جمع کل|جمع گروه|کل میزان|میزان|مجموعہ|סך הכל|סך הכול|סיכום|סיכום ביניים|कुल|"
    "कुल योग|योग|उप योग|মোট|সর্বমোট|উপমোট|மொத்தம்|கூட்டுத்தொகை|ยอดรวม|รวมทั้งหมด|รวมทั้งสิ้น|รวมเป็นเงิน|รวมย่อย|รวมกลุ่ม|"
    "cộng|tổng số|cộng nhóm|tổng tiền|jumlah total|total kelompok|total keseluruhan|jumlah besar|"
    "jumlah keseluruhan|subjumlah|kabuuan|总合计|累计|本页合计|总数|總計|總額|總數|計|総合計|合計金額|"
    "カテゴリ計|部門計|총합계|계|누계|총합|분류소계|jumla|jumla kuu|ድምር|ጠቅላላ|ጠቅላላ ድምር"
)
_FOLDED_TOTALS = frozenset(map(squeezed, _TOTALS))
TOTAL_SPELLINGS = frozenset(
    spelling + end
    for word in _TOTALS
    for spelling in (word, word.capitalize(), word.title(), word.upper())
    for end in ("", ":")
)
MAX_TOTAL = 30
MAX_TOTAL_OF_GROUP = 60


def is_total(cell: str) -> bool:
    """Return whether the cell is a word for a total."""
    return len(cell) < MAX_TOTAL and squeezed(cell) in _FOLDED_TOTALS and bool(cell)


def is_total_of_group(text: str) -> bool:
    """Return whether a text is a word for a total and the name of a group, as in `Total tools` and `Tools total`."""
    first, _, rest = text.partition(" ")
    last = text.rpartition(" ")[2]
    return len(text) <= MAX_TOTAL_OF_GROUP and bool(rest) and (is_total(first) or is_total(last))


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
