"""Reads stocks below 0, such as -3 pieces in a row with the state `in stock` or `backorder`.

A number below 0 is not a number of pieces. It shows that the sender sells more than it has. The state in the row then
shows whether the product can be ordered.
"""

import contextlib
from collections.abc import Collection, Sequence
from functools import lru_cache

from wecelebrate.feeds.columns.names import field_candidates
from wecelebrate.feeds.columns.visibility import internal_part, is_property
from wecelebrate.feeds.columns.visibility import words as words_of
from wecelebrate.feeds.items import BadCell, Cells, quoted
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.notation.convert import NO_ANSWERS
from wecelebrate.feeds.prices.names import price_name
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.stock.cells import MIN_STATE_LENGTH, State, number_in, read, state_in_words
from wecelebrate.feeds.stock.places import is_place
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.words import words


def columns_with_stock_words(sample: Sequence[Cells], active: Sequence[int]) -> list[int]:
    """Return the columns of the product's state that contain a word for a stock, such as `backorder`."""
    return [number for number in active if any(map(state_in_words, _cells(sample, number)))]


def columns_of_stock_words(header: Sequence[str], sample: Sequence[Cells], used: Collection[int]) -> list[int]:
    """Return columns such as `Stock message`, which contain only words for a stock, and have no name of another stock.

    Some of the words must mean that a product can be ordered. Other words must have another meaning.
    """
    return [
        number
        for number, name in enumerate(header)
        if number not in used and not speaks_of_others(name) and _are_stock_words(sample, number)
    ]


_OTHER_PLACES = words(
    "outlet outlets shop shops webshop eshop onlineshop online web internet pos channel channels kanal kanale canal "
    "canales canali canais kanaal kanalen kanali kanaly marketplace marketplaces marktplatz marktplatze marche mercado "
    "mercato marknadsplats amazon ebay otto kaufland zalando allegro bol cdiscount etsy rakuten shopify mirakl temu "
    "showroom boutique boutiques shopware woocommerce partner partners partenaire socio parceiro zulieferer "
    "wholesaler wholesale manufacturer hersteller fabricant fabricante produttore produsent fabrikant producent tukku "
    "tukkuri dropshipper dropshipping konsignation consignment external extern externe externo esterno externi "
    "grosshandler grosshaendler grossist grossiste grossista mayorista atacadista groothandel velkoobchod "
    "канал маркетплейс партнер производитель чужой поставщика チャネル モール 取引先 "
    "メーカー 渠道 平台 厂家 채널 제조사 거래처"
)
"""Words for channels of sale, and for other parties with stocks. The module `places` has the words for places."""
_FIELDS = frozenset(("sku", "name", "brand", "category", "price", "currency", "images"))


@lru_cache(maxsize=4096)
def speaks_of_others(column: str) -> bool:
    """Return whether a name means another field, or the stock of another party, place or channel.

    Words for a stock in columns such as `Supplier`, `Outlet Graz` and `eBay` are not about the sender's own stock.
    """
    if internal_part(column) is not None or is_property(column) or price_name(column):
        return True
    if any(name in _FIELDS for name, _, _ in field_candidates(column)):
        return True
    parts = {*words_of(column), *words_of(column.casefold())}  # `eBay` can be two words or one
    return any(part in _OTHER_PLACES or is_place(part) for part in parts)


def below_zero_question(
    header: Sequence[str], sample: Sequence[Cells], count: Sequence[int], below_zero: Sequence[int]
) -> list[Question]:
    """Return the question whether words in another column explain numbers below 0, if the sample has such numbers."""
    numbers_below = [
        cell for row in sample for at in count if at < len(row) and (cell := row[at]) and is_below_zero(cell, None)
    ]
    if not below_zero or not numbers_below:
        return []
    stock, beside = (quoted(header[number], 40) for number in (count[0], below_zero[0]))
    text = (
        f"The stock {stock} has numbers below 0. Do the words of the column {beside} say whether these products can be "
        "ordered?"
    )
    choices = (
        Choice("words", f"Beside words such as `in stock` in {beside}, these products are sold without a stock."),
        Choice(header[count[0]], "A number below 0 is 0 pieces."),
    )
    return [Question("inventory_count", "other", text, choices, tuple(dict.fromkeys(numbers_below))[:MAX_SEEN])]


MAX_SEEN = 3


def _are_stock_words(sample: Sequence[Cells], number: int) -> bool:
    meanings: set[object] = set()
    for row in sample:
        cell = (row[number] or "").strip() if number < len(row) else ""
        if not cell:
            continue
        if len(cell) > MAX_WORDS or (meaning := _meaning_of_words(cell)) is None:
            return False
        meanings.add(meaning)
    return len(meanings) > 1 and not meanings.isdisjoint((State.IN_STOCK, State.TO_ORDER))


@lru_cache(maxsize=4096)
def _meaning_of_words(cell: str) -> State | None:
    if (meaning := state_in_words(cell)) is not None:
        return meaning
    word = cell.casefold()
    if len(word) < MIN_STATE_LENGTH or word in NO_ANSWERS or word in vocabulary().words("values.no"):
        return None
    with contextlib.suppress(BadCell):
        return State.OUT_OF_STOCK if read(cell, None) is State.OUT_OF_STOCK else None
    return None


MAX_WORDS = 60
"""The maximum length of words for a stock. Longer texts, such as descriptions, have other meanings."""


def calls_empty_in_stock(sample: Sequence[Cells], count: Sequence[int], states: Sequence[int]) -> bool:
    """Return whether a row has 0 pieces, and a state that says that the product is in stock.

    Such states do not depend on the pieces. `states` are the columns of states, and `count` the columns of pieces.
    """
    return any(
        any(says_in_stock(row[number]) for number in states if number < len(row))
        and all(_is_zero(row[number]) for number in count if number < len(row))
        for row in sample
        if count
    )


def says_in_stock(cell: str | None) -> bool:
    return cell is not None and state_in_words(cell) is State.IN_STOCK


def is_below_zero(cell: str | None, mark: numbers.DecimalMark | None) -> bool:
    """Return whether a cell is a number of pieces below 0."""
    return cell is not None and (number := number_in(cell, mark)) is not None and number < 0


def _is_zero(cell: str | None) -> bool:
    return cell is not None and number_in(cell, None) == 0


def _cells(sample: Sequence[Cells], number: int) -> set[str]:
    return {cell for row in sample if number < len(row) and (cell := row[number])}
