"""Recognises the names of columns with pieces that are reserved: sold or promised, and not sent yet.

| name                                   | why                                                                |
|----------------------------------------|--------------------------------------------------------------------|
| `Reserviert`, `Broneeritud`, `محجوز`   | a word for "reserved"                                              |
| `Qtd. reservada`, `Quantité réservée`  | a word for "reserved", and words for a quantity or a stock         |
| `Rez.`, `Impegn.`                      | an abbreviation of a word for "reserved"                           |
"""

# ruff: noqa: RUF001

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from wecelebrate.feeds.columns.names import fold, name_forms
from wecelebrate.feeds.columns.visibility import words as words_of
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.words import words

MAX_NAME = 40
_PREPOSITIONS = frozenset(
    ("von", "for", "items", "units", "pieces", "i", "de", "di", "da", "bij", "til", "to", "of", "a")
)
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
    "vorgemerkt", "foglalt", "varattu", "varatut", "rezerve", "rezervuar", "broneeritud", "reserveeritud",
    "frátekið", "резерв", "зарезерв", "запазен", "δεσμευ", "κρατημέν", "محجوز", "مخصص", "رزرو", "שמור", "משוריין",
    "आरक्षित", "সংরক্ষিত", "จอง", "giữ chỗ", "giữ hàng", "direservasi", "terpesan", "დაჯავშნ", "დარეზერვ",
    "ამრագրված", "引当", "erreserba", "gereserveer", "reservéiert", "riżervat", "ஒதுக்கப்பட்ட", "रिज़र्व", "ریزرو",
    "rizab", "dirizab", "ditempah", "nakareserba", "imehifadhiwa", "zilizohifadhiwa", "compromès", "compromesa",
    "ayrılan", "ayrılmış",
    "verplant", "已预订", "已預訂", "佔用", "冻结库存", "할당", "출고대기", "출고예정", "受注残", "予約数", "取置",
    "取り置き", "已预留", "预留", "预占", "锁定", "占用", "預留", "鎖定", "保留", "예약",
)))  # fmt: skip
"""The beginnings of words for "reserved"."""
_WHOLE = frozenset(map(fold, (
    "reservierungen", "res. bestand", "on sales order", "on sales orders", "qty on sales order",
    "commandes clients", "commande client", "en commande client", "verkooporders", "klantorders",
    "pedidos de clientes", "pendiente de servir", "reservas", "empenhado", "encomendas de clientes",
    "impegnato clienti", "ordini clienti", "impegni", "curtha in áirithe", "stoc in áirithe", "wedi'i gadw",
    "stoc wedi'i gadw", "toegewys", "đang giữ", "hàng giữ", "khách đặt", "kh đặt", "stok dipesan", "reservasi",
    "booking", "qté réserv.", "AS_QteRes", "AS_QtePrepa", "QteRes", "订单占用", "待发货数量", "מוזמן ע\"י לקוחות",
)))  # fmt: skip
"""Complete names whose words can also have other meanings."""
_BESIDE = words(
    "qty quantity menge bestand stock anzahl qtd qtde qta qte cant cantidad quantite quantita quantidade aantal antal "
    "antall ilosc mnozstvi kolicina kogus kiekis daudzums mennyiseg adet miktar pcs pc stk st ks szt kpl tk vnt gab db "
    "uds unidades unites pezzi pz stuck stuks in im en na on v w u is items units pieces for lager stan zaliha "
    "zaloga likutis atlikums laoseis keszlet stoc estoque existencias giacenza voorraad beholdning saldo varasto "
    "mnozstvo cantitate sasia magn количина количества кількість колькасць в у на "
    "количество остаток кол во шт к сть τεμ ποσοτητα كميه الكميه 库存 數量 数量 庫存 재고 수량"
    " estoc quantitat cantidade stocka kwantita stok kuantiti شده"
)
"""Words that do not change the meaning of a word for "reserved"."""


_SOLD_NOT_SENT = re.compile("|".join((
    r"(?:sales?|customers?|clients?|so)orders?", r"sos?",
    r"(?:kunden|verkaufs|verkauf)?auftr(?:ag|age|aege|agen)", r"(?:klant|verkoop)(?:order|bestelling)s?en?",
    r"geplante?[rn]?(?:ab|abgang|ausgang)", r"planned(?:out|outgoing|issue)",
    r"geplande?(?:uit|uitgaand)",
    r"outgoing", r"(?:salgs|salg|kunde|kund|salj)ordr?ern?", r"commandes?(?:clients?|vente)",
    r"(?:pedidos?|ordenes?|orden)(?:de)?(?:clientes?|ventas?|venda)", r"ordini?(?:di)?(?:clienti|cliente|vendita)",
    r"(?:encomendas?|pedidos?)(?:de)?(?:clientes?|vendas?)", r"zamowien(?:ia|iach)(?:klientow|klienta|sprzedazy)",
    r"compromet|impegn|resv?|rsvd?|alloc|commit",
)))  # fmt: skip
"""Words for pieces that are sold and not sent yet. Beside a word for a quantity or a stock, they mean reserved pieces:
`Quantity On Sales Order`, `Menge in Auftrag`, `Voorraad: Gepland uit`."""
_SOLD_OR_OTHER = re.compile(r"compr?")
"""Abbreviations of words for reserved and for ordered pieces: `CANT_COMP` is "comprometida" in one program, and
"comprada" in another one."""


def can_be_reserved(column: str) -> bool:
    """Return whether the name of a column means reserved pieces, or can mean them, such as `CANT_COMP`."""
    is_short = len(column) <= MAX_NAME
    return is_reserved(column) or (is_short and _are_sold(words_of(column), _SOLD_OR_OTHER))


def _are_sold(parts: Sequence[str], sold: re.Pattern[str] = _SOLD_NOT_SENT) -> bool:
    """Return whether the parts of a name are a word for a quantity and words for pieces that are not sent yet."""
    rest = "".join(part for part in parts if part not in _BESIDE | _PREPOSITIONS)
    has_quantity = any(len(part) > 2 and part in _BESIDE and part not in _PREPOSITIONS for part in parts)
    return has_quantity and sold.fullmatch(rest) is not None


@lru_cache(maxsize=4096)
def is_reserved(column: str) -> bool:
    """Return whether the name of a column means reserved pieces."""
    if any(form in _WHOLE or _RESERVED.fullmatch(form) for form in name_forms(column)):
        return True
    if len(column) > MAX_NAME:
        return False
    parts = words_of(column)
    if _are_sold(parts):
        return True
    named = [part for part in parts if any(part.startswith(stem) for stem in _STEMS)]
    named = named or [part for part in parts if not part.isascii() and any(stem in part for stem in _STEMS)]
    if not named and len(parts) == 1 and column.rstrip().endswith(".") and len(parts[0]) >= MIN_LETTERS:
        return any(stem.startswith(parts[0]) for stem in _STEMS)
    return bool(named) and all(part in named or part in _BESIDE or part in _stocks() for part in parts)


@cache
def _stocks() -> frozenset[str]:
    """Return the words for a stock in scripts other than Latin."""
    names = vocabulary().words("columns.inventory_count")
    return frozenset(name for name in names if not name.isascii())
