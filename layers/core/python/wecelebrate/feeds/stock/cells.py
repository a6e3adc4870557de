"""Parses cells that state a stock: a number of pieces, or words such as "in stock" in many languages.

| cell                                 | meaning        | reason                                                       |
|--------------------------------------|----------------|--------------------------------------------------------------|
| `12` `12 pcs` `12 in stock` `only 3` | these pieces   | fractions of a piece are dropped                             |
| `-5` `5-`                            | 0 pieces       | ERP systems subtract pieces that are sold before they arrive |
| `>100` `100+` `min. 100` `100-200`   | 100 pieces     | the smallest stock that the cell allows is certain           |
| `<5` `less than 5` `up to 5`         | 0 pieces       | the smallest stock that the cell allows is 0                 |
| `few left` `low stock` `limited`     | 1 piece        | the smallest stock that the cell allows is certain           |
| `in stock` `available` `auf Lager`   | IN_STOCK       | the sender does not say how many pieces there are            |
| `unlimited` `∞` `unbegrenzt`         | UNLIMITED      | the stock does not limit orders                              |
| `backorder` `preorder` `to order`    | TO_ORDER       | the sender accepts orders without a stock                    |
| `0 (5 on order)` `due 15/12/2026`    | 0 pieces       | expected pieces have not arrived yet                         |
| `on request` `auf Anfrage`           | 0 pieces       | customers must ask the sender before they order              |
| `50 (8 reserved)` `50, davon 8 res.` | 42 pieces      | reserved pieces cannot be sold                               |
| `50 (42 free)`                       | 42 pieces      | reserved pieces cannot be sold                               |
| `out of stock` `sold out` `-`        | OUT_OF_STOCK   |                                                              |
| `n/a` `unknown` `coming soon`        | UNKNOWN        | the cell has the same meaning as a blank cell                |

`columns` combines the cells of a row. Further words of many languages are in `vocabulary`.
"""

import re
from decimal import Decimal
from enum import Enum, auto
from functools import cache
from typing import Literal

from wecelebrate.core import entities
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.items import BadCell, quoted
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.notation.convert import YES_ANSWERS
from wecelebrate.feeds.states.words import state_of
from wecelebrate.feeds.stock.expected import (
    is_duration,
    is_expected,
    is_time,
    is_unknown,
    without_expected,
    without_reserved,
)
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.folding import western


class State(Enum):
    """A stock that a cell states without a number."""

    IN_STOCK = auto()
    UNLIMITED = auto()
    TO_ORDER = auto()
    OUT_OF_STOCK = auto()
    UNKNOWN = auto()


def read(cell: str, mark: numbers.DecimalMark | None) -> int | State:
    """Parse a cell. Returns a number of pieces, or a state. `mark` is the decimal separator of the file.

    Raises BadCell with the code `not_a_number` or `too_large`.
    """
    if cell.isascii() and cell.isdigit() and len(cell) < 10:
        return int(cell)
    if len(cell) > numbers.MAX_NUMBER_LENGTH:
        raise _not_a_number(cell)
    text = western(entities.decoded(cell)).strip().removeprefix("'").casefold()
    stated = _SIGNS.get(text)
    if stated is None:
        stated = _words().get(fold(text.removeprefix("http://schema.org/").removeprefix("https://schema.org/")))
    if stated is None:
        stated = _state_in_languages(text)
    return _count(text, mark, cell) if stated is None else stated


_LANGUAGES = re.compile(r"\s*[/|]\s*")


def _state_in_languages(text: str) -> int | State | None:
    """Return the state if all parts of a text mean the same state, as in `op aanvraag / sur demande`, or else None."""
    parts = _LANGUAGES.split(text, MAX_PARTS)
    meanings = {_words().get(fold(part)) for part in parts} if len(parts) > 1 else set()
    return meanings.pop() if len(meanings) == 1 else None


_PIECES = re.compile(r"([-\u2212]?\d[\d.,' ]*-?)\s*(?:[^\W\d_]{1,8}\.?)?")


_NEGATIVE = re.compile(r"^(?:\(-\)|[-\u2212])\s*(?=\d)")


def _with_sign(text: str) -> str:
    """Move the sign of a number to the front. For example, Tally writes numbers below 0 as `(-)4 Nos`."""
    return _NEGATIVE.sub("-", text)


def number_in(cell: str, mark: numbers.DecimalMark | None) -> Decimal | None:
    """Return the number of pieces in a cell with at most one unit, or None. The number can be negative."""
    match = _PIECES.fullmatch(_with_sign(cell.strip()))
    if match is None:
        return None
    try:
        return numbers.signed_number(match[1].strip(), mark, cell)
    except BadCell:
        return None


def state_in_words(cell: str) -> State | None:
    """Return the state of words that say that a product can be ordered, now or without a stock. Otherwise, return None.

    `yes`, `x` and `true` are ignored, because they can also answer other questions.
    """
    word = fold(western(entities.decoded(cell)).strip().casefold())
    if len(word) < MIN_STATE_LENGTH or word in YES_ANSWERS or word in vocabulary().words("values.yes"):
        return None
    stated = _words().get(word) or _state_of_parts(cell.casefold())
    return stated if stated in (State.IN_STOCK, State.UNLIMITED, State.TO_ORDER) else None


MIN_STATE_LENGTH = 3


def _count(text: str, mark: numbers.DecimalMark | None, cell: str) -> int | State:
    """Parse a number of pieces with its unit, a bound, a range, or words around a number."""
    if _UPPER_BOUND.fullmatch(text) or is_expected(text):
        return 0
    if is_unknown(text):
        return State.UNKNOWN
    if _is_order_with_time(text):
        return State.TO_ORDER
    text = _with_sign(text.lstrip("~\u2248\u223c "))
    text, reserved = without_reserved(without_expected(text))
    if reserved:
        return _limited(max(int(numbers.signed_number(text, mark, cell)) - reserved, 0), cell)
    if bounds := _RANGE.fullmatch(text):
        low, high = int(bounds[1]), int(bounds[2])
        if low >= high:
            raise _not_a_number(cell)
        return _limited(low, cell)
    if bound := _LOWER_BOUND.fullmatch(text):
        text = bound[1] or bound[2]
    text = _UNIT.sub("", text)
    try:
        number = numbers.signed_number(text, mark, cell)
    except BadCell:
        return _count_beside_words(text, mark, cell)
    return _limited(max(int(number), 0), cell)


_WORDS_BEFORE_TIME = re.compile(r"([^\d(,;:]{2,30}?)[\s:,-]{1,3}((?:ca\.? ?)?\d.{0,30})")
_ORDER_WORDS = frozenset(map(fold, (
    "order", "bestellung", "bestellen", "commande", "pedido", "ordine", "bestelling", "bestilling", "encomenda",
    "beställning", "tilaus", "zamówienie", "objednávka", "rendelés", "comandă", "sipariş", "заказ", "замовлення",
    "поръчка", "παραγγελία", "お取り寄せ", "订货", "주문",
)))  # fmt: skip
"""Words that mean "to order" if a time follows, as in `ORDER 2 weeks`."""


def _is_order_with_time(text: str) -> bool:
    match = _WORDS_BEFORE_TIME.fullmatch(text)
    if match is None or not is_duration(match[2]):
        return False
    return fold(match[1]) in _ORDER_WORDS or _words().get(fold(match[1])) is State.TO_ORDER


def _count_beside_words(text: str, mark: numbers.DecimalMark | None, cell: str) -> int | State:
    """Parse a number of pieces with words around it, or a text that means "sold out" or "to order"."""
    parts = _AROUND.fullmatch(text)
    if parts is None:
        if (state := _state_of_parts(text)) is not None:
            return state
        raise _not_a_number(cell)
    before, after = fold(parts["before"]), fold(parts["after"])
    limit = _bound(before, after)
    if limit == "under":
        return 0
    if limit == "over":
        return _limited(max(int(numbers.signed_number(parts["number"], mark, cell)), 0), cell)
    is_unit = after in vocabulary().words("values.units")
    words, beside = before + ("" if is_unit else after), _beside_a_number()
    if _words().get(words) is State.OUT_OF_STOCK:
        return State.OUT_OF_STOCK
    is_beside = _words().get(words) is State.IN_STOCK or words in beside
    is_beside = is_beside or (before in beside and (is_unit or after in beside))
    if not is_beside and not (is_unit and not words):
        raise _not_a_number(cell)
    return _limited(max(int(numbers.signed_number(parts["number"], mark, cell)), 0), cell)


_PARTS = re.compile(r"\s*[,;:(\u2013\u2014]\s*|\s+-\s+|\.\s+")
MAX_PARTS = 6


def _state_of_parts(text: str) -> State | None:
    """Return the state that a part of a text means, as in `vergriffen, keine Neuauflage`.

    The date in `on back order - due 14/12` says when the pieces arrive. Customers can order them now. A text with an
    unknown part, such as `backorder (ended)`, has no state, because the part can restrict the state.
    """
    parts = [part for part in _PARTS.split(text.strip(" .()"), MAX_PARTS) if fold(part)]
    meanings = [_words().get(fold(part)) for part in parts]
    if State.OUT_OF_STOCK in meanings:
        return State.OUT_OF_STOCK
    is_order = meanings[:1] == [State.TO_ORDER] and all(map(_is_neutral, parts[1:], meanings[1:]))
    return State.TO_ORDER if is_order else None


def _is_neutral(part: str, meaning: int | State | None) -> bool:
    """Return whether a part of a text does not change the words before it: a day, a time of delivery, or `in stock`.

    `coming soon` changes them. It does not describe the stock, but it means that the product is not sold.
    """
    if state_of(part) == "inactive":
        return False
    return meaning in (State.IN_STOCK, State.TO_ORDER, State.UNKNOWN) or is_time(part)


def _bound(before: str, after: str) -> Literal["over", "under"] | None:
    """Return the bound that the words around a number mean, in any language, as in `более 10` and `10개 이상`."""
    if not before and not after:
        return None
    known, units = vocabulary().words, vocabulary().words("values.units")
    kind: Literal["over", "under"]
    for kind in ("over", "under"):
        words = known(f"values.{kind}")
        if before in words and (not after or after in units):
            return kind
        is_after = after in words or any(after.startswith(unit) and after[len(unit) :] in words for unit in units)
        if is_after and not before:
            return kind
    return None


def _limited(count: int, cell: str) -> int:
    if count > numbers.MAX_COUNT:
        raise BadCell("too_large", f"{quoted(cell)} is more than {numbers.MAX_COUNT:,}")
    return count


def _not_a_number(cell: str) -> BadCell:
    return BadCell("not_a_number", f"{quoted(cell)} is not a number")


_UNIT = re.compile(
    r"\s*(?<![^\W\d_])(pcs|pc|st|stk|stck|stuck|stück|szt|ks|ea|each|units?|pieces?|pièces?|uds?|pz)\.?$"
)
_RANGE = re.compile(r"(\d{1,9})\s*(?:-|\u2013|\u2014|to|bis|à)\s*(\d{1,9})", re.ASCII)
_UPPER_BOUND = re.compile(
    r"(?:<=?|≤|less than|fewer than|under|below|up to|at most|max\.?|weniger als|unter|bis zu|bis|höchstens|moins de"
    r"|jusqu'à|menos de|hasta|meno di|fino a|até|minder dan|tot)\s*\d[\d.,' ]*(?:\s*\w{1,8}\.?)?"
)
_LOWER_BOUND = re.compile(
    r"(?:>=?|≥|more than|over|above|at least|from|min\.?|mehr als|über|ab|mindestens|plus de|au moins|más de|al menos"
    r"|più di|oltre|almeno|mais de|meer dan|minstens)\s*(\d.*)"
    r"|(\d.*?)\s*(?:\+|or more|and more|oder mehr|und mehr|et plus|ou plus|o más|y más|o più|ou mais|of meer)"
)
_AROUND = re.compile(r"(?P<before>[^\d(]*?)\(?\s*(?P<number>-?\d[\d.,' ]*)(?P<after>[^\d]*)")

# Words before or after a number that do not change its meaning.
_BESIDE_A_NUMBER_TEXT = (
    "left|only|only left|remaining|remain|stock|in store|on hand|qty|quantity|pieces left|items left|pcs left|"
    "units left|items|item|noch|nur noch|noch verfügbar|bestand|übrig|restant|restants|reste|quedan|quedan solo|"
    "disponibles|disponibili|disponíveis|nog|rimasti|pieces|units in stock|pcs in stock|pieces in stock|"
    "items in stock|last|letzte|die letzten|les derniers|derniers|dernières|ultimi|ultime|últimas|últimos|laatste|"
    "left in stock|left on stock|left in store|in stock only|sista|siste|sidste|ostatnie|poslední|posledné|utolsó|"
    "viimeiset|son|последние|останні|nur|seulement|alleen|bare|"
    "stück auf lager|stk auf lager|unités en stock|unidades en stock|unidades|pièces|pezzi"
)


@cache
def _beside_a_number() -> frozenset[str]:
    return frozenset(fold(words) for words in _BESIDE_A_NUMBER_TEXT.split("|")).union(
        vocabulary().words("values.beside")
    )


# Texts without letters and digits.
_SIGNS: dict[str, int | State] = {
    "∞": State.UNLIMITED,
    "✓": State.IN_STOCK,
    "✔": State.IN_STOCK,
    "+": State.IN_STOCK,
    "○": State.IN_STOCK,
    "◯": State.IN_STOCK,
    "◎": State.IN_STOCK,
    "△": 1,
    "×": State.OUT_OF_STOCK,
    "✗": State.OUT_OF_STOCK,
    "✘": State.OUT_OF_STOCK,
    "-": State.OUT_OF_STOCK,
    "--": State.OUT_OF_STOCK,
    "\N{EN DASH}": State.OUT_OF_STOCK,
    "\N{EM DASH}": State.OUT_OF_STOCK,
    "?": State.UNKNOWN,
}

_IN_STOCK_TEXT = (
    "in stock|on stock|instock|available|available now|immediately available|available immediately|in store|on hand|"
    "stocked|ready to ship|in store only|instoreonly|online only|yes|y|true|on|ok|x|plenty|high|many|"
    "ja|j|wahr|auf lager|am lager|ab lager|an lager|lagernd|lieferbar|sofort lieferbar|verfügbar|sofort verfügbar|"
    "vorrätig|viele|oui|vrai|en stock|disponible|dispo|disponible immédiatement|sí|si|verdadero|en existencia|"
    "hay existencias|vero|disponibile|disponibilità immediata|in magazzino|sim|verdadeiro|em estoque|em stock|"
    "disponível|op voorraad|voorradig|leverbaar|beschikbaar|på lager|i lager|finns i lager|varastossa|saatavilla|"
    "kyllä|tak|w magazynie|na stanie|dostępny|dostępna|dostępne|ano|skladem|na skladě|na sklade|dostupné|igen|"
    "készleten|raktáron|în stoc|pe stoc|disponibil|da|есть|есть в наличии|в наличии|stokta|stokta var|var|mevcut|"
    "在庫あり|有货|有貨|재고 있음"
)
_UNLIMITED_TEXT = (
    "not limited|without limit|nicht begrenzt|nicht limitiert|ohne begrenzung|ohne limit|non limité|"
    "sans limite|"
    "no limitado|sin limite|non limitato|senza limiti|senza limite|não limitado|niet beperkt|ikke begrænset|"
    "ikke begrenset|"
    "ej begränsad|ei rajoitettu|nielimitowany|bez limitów|neomezený|не ограничено|"
    "unlimited|infinite|infinity|endless|no limit|not tracked|untracked|not managed|always|always available|"
    "unbegrenzt|unbeschränkt|unlimitiert|unendlich|immer verfügbar|nicht verfolgt|illimité|illimitée|illimités|"
    "non suivi|ilimitado|ilimitada|ilimitados|sin límite|illimitato|illimitata|sem limite|onbeperkt|ubegrænset|"
    "ubegrenset|obegränsat|obegränsad|rajaton|rajoittamaton|nieograniczony|nieograniczona|bez limitu|bez ograniczeń|"
    "neomezeně|neomezeno|neomezené|neobmedzene|korlátlan|"
    "nelimitat|неограниченно|без ограничений|s\u0131n\u0131rs\u0131z|無制限|"
    "无限|무제한"
)
_TO_ORDER_TEXT = (
    "backorder|back order|on backorder|to order|backordered|back ordered|available on backorder|available for order|"
    "available to order|orderable|preorder|pre order|presale|pre sale|made to order|built to order|build to order|"
    "print on demand|on demand|special order|dropship|drop ship|bestellbar|auf bestellung|vorbestellbar|"
    "vorbestellung|wird bestellt|sur commande|précommande|en précommande|bajo pedido|por encargo|preventa|"
    "su ordinazione|preordine|sob encomenda|pré venda|op bestelling|nabestelling|bestillingsvare|beställningsvara|"
    "na zamówienie|przedsprzedaż|na objednávku|předobjednávka|rendelhető|la comandă|под заказ|предзаказ"
)
_ON_REQUEST_TEXT = (
    "on request|upon request|by request|request|ask|ask us|call|call us|contact us|call for availability|auf anfrage|"
    "anfrage|anfragen|sur demande|nous consulter|bajo consulta|consultar|su richiesta|a richiesta|sob consulta|"
    "op aanvraag|på forespørgsel|på forespørsel|på förfrågan|na zapytanie|na dotaz|по запросу"
)
_FEW_TEXT = (
    "few|a few|few left|only few left|only a few left|low|low stock|limited|limited stock|limited availability|"
    "last pieces|last items|last one|almost sold out|nearly sold out|running low|wenige|nur noch wenige|"
    "nur noch wenige verfügbar|geringer bestand|niedriger bestand|begrenzt verfügbar|begrenzt|fast ausverkauft|"
    "restposten|stock faible|stock limité|quantité limitée|derniers articles|dernières pièces|pocas unidades|"
    "últimas unidades|pochi pezzi|ultimi pezzi|poucas unidades|beperkt|beperkte voorraad|beperkt leverbaar|"
    "bijna uitverkocht|få på lager|få i lager|mało|ostatnie sztuki|poslední kusy|мало"
)
_OUT_OF_STOCK_TEXT = (
    "out of stock|oos|sold out|sold|unavailable|not available|not in stock|no stock|no|n|false|none|nil|zero|empty|"
    "temporarily out of stock|temporarily unavailable|currently unavailable|currently out of stock|discontinued|"
    "no longer available|end of life|eol|nein|falsch|nicht lieferbar|nicht verfügbar|nicht auf lager|nicht lagernd|"
    "nicht vorrätig|nicht mehr lieferbar|nicht mehr verfügbar|derzeit nicht lieferbar|derzeit nicht verfügbar|"
    "momentan nicht lieferbar|momentan nicht verfügbar|zur zeit nicht lieferbar|kein bestand|keine|leer|vergriffen|"
    "ausverkauft|ausgelaufen|non|faux|rupture|rupture de stock|en rupture|en rupture de stock|épuisé|épuisée|"
    "indisponible|non disponible|pas en stock|pas disponible|falso|agotado|agotada|sin stock|sin existencias|"
    "no disponible|fuera de stock|esaurito|esaurita|non disponibile|non disponibili|terminato|não|esgotado|esgotada|"
    "sem estoque|sem stock|fora de estoque|indisponível|não disponível|nee|uitverkocht|niet op voorraad|"
    "niet leverbaar|niet beschikbaar|nej|nei|ikke på lager|udsolgt|utsolgt|ej i lager|inte i lager|slut|slutsåld|"
    "slut i lager|ei|ei varastossa|loppu|loppunut|ei saatavilla|nie|brak|brak w magazynie|niedostępny|niedostępna|"
    "niedostępne|wyprzedane|ne|vyprodáno|není skladem|nedostupné|vypredané|nem|elfogyott|nincs készleten|nu|"
    "stoc epuizat|indisponibil|нет|нет в наличии|распродано|yok|stokta yok|tükendi|在庫なし|在庫切れ|品切れ|売り切れ|"
    "无货|缺货|售罄|無貨|품절"
)
_UNKNOWN_TEXT = (
    "n/a|#n/a|na|nan|null|nd|n.d.|unknown|undefined|tbd|tba|coming soon|available soon|k.a.|keine angabe|unbekannt|"
    "demnächst|demnächst verfügbar|bald verfügbar|in kürze|inconnu|bientôt disponible|próximamente|desconocido|"
    "prossimamente|em breve|onbekend|binnenkort|parent|inherit"
)


def phrases_of_stock() -> list[str]:
    """Return the texts that mean "in stock", as they are written."""
    return _IN_STOCK_TEXT.split("|")


@cache
def _words() -> dict[str, int | State]:
    """Map the folded words of this module and of the vocabulary to their meanings."""
    words: dict[str, int | State] = {}
    for table, meaning in (
        ("yes", State.IN_STOCK), ("in_stock", State.IN_STOCK), ("no", State.OUT_OF_STOCK), ("to_order", State.TO_ORDER),
        ("on_request", 0), ("few", 1), ("unlimited", State.UNLIMITED), ("out_of_stock", State.OUT_OF_STOCK),
        ("unknown", State.UNKNOWN),
    ):  # fmt: skip
        words |= dict.fromkeys(vocabulary().words(f"values.{table}"), meaning)
    for text, meaning in (
        (_IN_STOCK_TEXT, State.IN_STOCK),
        (_UNLIMITED_TEXT, State.UNLIMITED),
        (_TO_ORDER_TEXT, State.TO_ORDER),
        (_ON_REQUEST_TEXT, 0),
        (_FEW_TEXT, 1),
        (_OUT_OF_STOCK_TEXT, State.OUT_OF_STOCK),
        (_UNKNOWN_TEXT, State.UNKNOWN),
    ):
        words |= {fold(word): meaning for word in text.split("|")}
    return words
