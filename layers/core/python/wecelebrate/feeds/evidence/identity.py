"""Chooses the column of the SKU by the names and the values of the candidates.

The names have ranks: a SKU; the article's own number; an order number, part number or reference; a GTIN; the number of
a supplier or manufacturer; the key of a database. A name such as `Material` or `Article` is an own number if its values
look like identifiers (SAP), and no candidate if its values are words.
"""

from dataclasses import dataclass

from wecelebrate.feeds.evidence.facts import Columns, Facts
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.vocabulary import vocabulary

_SKU = frozenset((
    "sku", "variantsku", "productsku", "itemsku", "skucode", "skuid", "stockkeepingunit", "skunumber", "skuno",
    "sellersku",
))  # fmt: skip
_GTIN = frozenset((
    "gtin", "ean", "ean13", "eancode", "upc", "barcode", "gtin13", "gtin14", "ean8", "isbn", "eannummer",
    "strichcode", "codebarre",
))  # fmt: skip
_FOREIGN = frozenset((
    "mpn", "manufacturerpartnumber", "manufacturerpartno", "manufacturersku", "supplierreference",
    "supplierpartnumber", "suppliersku", "supplierarticlenumber", "supplieritemnumber", "supplierno",
    "artikelnummerleverancier", "artikelnrleverancier", "lieferantenartikelnummer", "lieferantenartikelnr",
    "herstellernummer", "herstellerartikelnummer", "refournisseur", "referencefournisseur", "referenciaproveedor",
    "codicefornitore", "vendorpartnumber", "vendorsku",
))  # fmt: skip
_KEYS = frozenset((
    "id", "productid", "itemid", "externalid", "handle", "articleid", "artikelid", "variantid", "uuid",
))  # fmt: skip
_NOUNS = frozenset((
    "material", "item", "article", "artikel", "articulo", "artigo", "articolo", "code", "ref", "symbol", "indeks",
    "group",
))  # fmt: skip
_SECOND = frozenset((
    "partnumber", "partno", "partcode", "ordernumber", "orderno", "ordercode", "modelnumber", "modelno",
    "supplieraid", "supplierpid", "supplierpartid", "referencecode", "referencenumber", "productreference",
    "reference", "referencia", "codigo", "codice", "riferimento", "ref", "code", "symbol", "bestellnummer",
    "bestellnr", "bestelnummer", "bestelcode", "teilenummer", "teilenr", "modellnummer", "sachnummer", "warennummer",
    "internalreference", "defaultcode", "indeks", "bismt",
))  # fmt: skip

RANK_TEXTS = (
    "a SKU", "the number of an article", "an order number or a reference", "a GTIN", "the number of a supplier",
    "the key of a database",
)  # fmt: skip
WEAK_NAMES = "columns.weak.sku"
"""The table of names such as `Nr`, which can also number the rows."""
WORDS_ONLY = 0.3
"""A column in which a smaller share of the values look like identifiers contains words."""
REPEATED = 0.5
"""A column in which a smaller share of the values are different does not identify products."""
MIN_VALUES = 3
"""With fewer values, nothing is concluded from repeated values."""


@dataclass(frozen=True, slots=True)
class SkuCandidate:
    column: int
    order: tuple[int, ...]
    """The best candidate has the smallest value."""
    rank: int
    score: float
    reasons: tuple[str, ...]
    is_refused: bool
    """Whether the values contradict the name so much that the column is not used even if it is the only candidate."""


def name_rank(folded: str) -> int:
    """Return the rank of a column name, which is an index of RANK_TEXTS."""
    for rank, names in ((0, _SKU), (3, _GTIN), (4, _FOREIGN), (5, _KEYS), (2, _SECOND)):
        if folded in names:
            return rank
    words = vocabulary().words
    tables = ((1, "columns.sku"), (3, "columns.gtin"), (4, "columns.foreign"), (5, "columns.key"), (2, WEAK_NAMES))
    return next((rank for rank, table in tables if folded in words(table)), 1)


def sku_candidate(columns: Columns, column: int, folded: str, position: int) -> SkuCandidate:
    """Rate a candidate. `folded` is the form of its name that matched, and `position` is its rank among all names."""
    facts, rank = columns[column], name_rank(folded)
    is_noun = folded in _NOUNS or (rank == 2 and folded in vocabulary().words(WEAK_NAMES))
    if is_noun and facts.cells and _is_counter(facts.cells):
        rank = 5  # a number of the row, which is another one in the next file
    reasons = [f"{quoted(columns.header[column], 40)} is a usual name for {RANK_TEXTS[rank]}"]
    contradicts = _contradiction(facts, rank, is_noun)
    if contradicts:
        reasons.append(contradicts)
    elif facts.cells:
        reasons.append(f"{len(set(facts.cells))} of {len(facts.cells)} values are different")
    incomplete = rank >= 2 and facts.filled < 0.9
    if facts.cells and facts.filled < 1:
        reasons.append(f"{round(facts.filled * 100)} % of the rows have a value")
    is_empty = facts.is_empty and facts.rows > 0
    score = max(0.05, 0.95 - 0.07 * rank - 0.6 * bool(contradicts) - 0.5 * is_empty - 0.2 * incomplete)
    order = (bool(contradicts), is_empty, incomplete, rank, position, column)
    return SkuCandidate(column, order, rank, round(score, 2), tuple(reasons), bool(contradicts) and is_noun)


def _is_counter(cells: list[str]) -> bool:
    """Return whether the values are 1, 2, 3 and so on."""
    return len(cells) >= MIN_VALUES and all(cell == str(number) for number, cell in enumerate(cells, 1))


def _contradiction(facts: Facts, rank: int, is_noun: bool) -> str:
    if facts.is_empty:
        return ""
    shown = " and ".join(quoted(example, 20) for example in facts.examples[:2])
    if is_noun and facts.share("is_identifier") < WORDS_ONLY:
        return f"values like {shown} are words"
    if len(facts.cells) >= MIN_VALUES and facts.distinct < REPEATED:
        return f"values like {shown} are repeated"
    if rank and facts.share("is_text") > 0.8 and facts.share("is_identifier") < WORDS_ONLY:
        return f"values like {shown} are words"
    return ""


def sku_question(columns: Columns, candidates: list[SkuCandidate]) -> Question | None:
    """Return a question if the two best candidates are equally good, and their values differ."""
    if len(candidates) < 2:
        return None
    best = candidates[0]
    equal = [
        candidate
        for candidate in candidates[1:]
        if candidate.order[:4] == best.order[:4] and columns.differ(best.column, candidate.column)
    ]
    if not equal or best.rank not in (1, 2) or best.order[0] or best.order[1]:
        return None
    offered = [best, *equal][:5]
    names = [columns.header[candidate.column] for candidate in offered]
    choices = tuple(
        Choice(name, f"The SKU is in the column {quoted(name, 40)}.", columns[candidate.column].examples)
        for name, candidate in zip(names, offered, strict=True)
    )
    shown = " and ".join(quoted(name, 40) for name in names)
    text = f"The columns {shown} can identify the products. Which one is the SKU?"
    return Question("sku", "identity", text, choices, columns[best.column].examples)
