"""Recognises the names of columns with pieces that are reserved: sold or promised, and not sent yet.

| name                                   | why                                                                |
|----------------------------------------|--------------------------------------------------------------------|
| `Reserviert`, `Broneeritud`, `محجوز`   | a word for "reserved"                                              |
| `Qtd. reservada`, `Quantité réservée`  | such a word, and words for a quantity or a stock                   |
| `Rez.`, `Impegn.`                      | an abbreviation of such a word                                     |
"""

import re
from functools import lru_cache

from wecelebrate.feeds.columns.names import fold, name_forms
from wecelebrate.feeds.columns.visibility import words as words_of
from wecelebrate.feeds.vocabulary.words import words

MAX_NAME = 40
MIN_LETTERS = 3
_RESERVED = re.compile(
    r"(?:qty|quantity|menge|bestand|stock|anzahl)?"
    r"(?:reserviert|reserved|allocated|committed|impegnat[ao]|riservat[ao]|reservad[ao]s?|reservees?|reserve|gereserveerd|reserverade?t?|reservert|reserveret|zarezerwowan[aey]?|rezerwacj[aei]|rezervovan[oae]|(?:rez|res)erv(?:at[aei]?|ate|acj[aei]|acij[aei]|acije|irano|irani|aci[oó]n|uota|eta|[ae]?ts|e|es)|"
    r"comprometid[oa]s?|alloc|alloe|zugeteilt|toegewezen|apartad[oa]s?|vorgemerkt|foglalt|varattu|rezerve|резерв|зарезервировано|引当|已预留|예약)(?:qty|quantity|menge|bestand|stock)?|"
    r"(?:in)?auftragen|inauftrag|qtaimpegnata|onorders"
)
_STEMS = tuple(map(fold, (
    "reserviert", "reserved", "allocated", "committed", "impegnat", "riservat", "prenotat", "reservad", "reservat",
    "commited", "réservé", "gereserveerd", "reserver", "zarezerwowan", "rezerwac", "rezervovan", "rezervac", "rezervat",
    "rezervirano", "rezervisan", "rezervuot", "rezervēt", "comprometid", "apartad", "zugeteilt", "toegewezen",
    "vorgemerkt", "foglalt", "varattu", "varatut", "rezerve", "rezervuar", "broneeritud", "reserveeritud", "frátekið",
    "резерв", "зарезерв", "запазен", "δεσμευ", "κρατημέν", "محجوز", "مخصص", "رزرو", "שמור", "משוריין", "आरक्षित",
    "সংরক্ষিত", "จอง", "giữ chỗ", "giữ hàng", "direservasi", "terpesan", "დაჯავშნ", "დარეზერვ", "ამრագրված", "引当",
    "取置", "取り置き", "已预留", "预留", "预占", "锁定", "占用", "預留", "鎖定", "保留", "예약",
)))  # fmt: skip
"""The beginnings of words for "reserved"."""
_BESIDE = words(
    "qty quantity menge bestand stock anzahl qtd qtde qta qte cant cantidad quantite quantita quantidade aantal antal "
    "antall ilosc mnozstvi kolicina kogus kiekis daudzums mennyiseg adet miktar pcs pc stk st ks szt kpl tk vnt gab db "
    "uds unidades unites pezzi pz stuck stuks in im en na on v w u is items units pieces for lager stan zaliha "
    "zaloga likutis atlikums laoseis keszlet stoc estoque existencias giacenza voorraad beholdning saldo varasto "
    "mnozstvo cantitate sasia magn количина количества кількість колькасць в у на "  # noqa: RUF001
    "количество остаток кол во шт к сть τεμ ποσοτητα كميه الكميه 库存 數量 数量 庫存 재고 수량"
)
"""Words beside a word for "reserved" that do not change the meaning."""


@lru_cache(maxsize=4096)
def is_reserved(column: str) -> bool:
    """Return whether the name of a column means reserved pieces."""
    if any(map(_RESERVED.fullmatch, name_forms(column))):
        return True
    if len(column) > MAX_NAME:
        return False
    parts = words_of(column)
    named = [part for part in parts if any(part.startswith(stem) for stem in _STEMS)]
    named = named or [part for part in parts if not part.isascii() and any(stem in part for stem in _STEMS)]
    if not named and len(parts) == 1 and column.rstrip().endswith(".") and len(parts[0]) >= MIN_LETTERS:
        return any(stem.startswith(parts[0]) for stem in _STEMS)
    return bool(named) and all(part in named or part in _BESIDE for part in parts)
