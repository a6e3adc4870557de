"""Compares the amounts of several price columns if their names alone do not show which column is the price."""

# ruff: noqa: RUF001

from collections.abc import Iterator, Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.notation.moments import is_blank
from wecelebrate.feeds.notation.shapes import OTHER, shape_of
from wecelebrate.feeds.prices.candidates import PriceCandidate
from wecelebrate.feeds.prices.ordinary_names import is_ordinary
from wecelebrate.feeds.vocabulary.folding import split_words, western
from wecelebrate.feeds.vocabulary.words import phrases, words

_NOW = phrases(
    "now|nu|nupris|jetzt|jetztpreis|aktuell|aktueller|nyt|teraz|nyní|nyni|teď|most|acum|сейчас|heute|today|aujourd'hui|oggi|hoy"
)
_FORMER_AND_NOW = tuple(
    (phrases(former), phrases(now))
    for former, now in (
        ("de", "por"), ("antes", "ahora|agora|despues|depois"), ("was", "now"), ("before", "after|now"),
        ("vorher|bisher|frueher|fruher", "jetzt|heute|nun"), ("avant", "apres|maintenant"),
        ("prima", "ora|adesso|dopo"), ("fore|forut|innan", "nu|na|idag"), ("for|forr", "nu|na"), ("eerst|was", "nu"),
        ("bylo|dawniej|przedtem", "teraz|jest"),
        ("drive|predtim|predtym|bylo", "nyni|ted|teraz"), ("regen|volt|elotte", "most"), ("inainte", "acum"),
        ("prije|pre", "sada"), ("prej", "zdaj|sedaj"), ("преди", "сега"), ("было|раньше", "стало|сейчас|теперь"),
        ("було|раніше", "стало|зараз|тепер"), ("once|onceki", "simdi"), ("ennen", "nyt"), ("enne", "nuud"),
    )
)  # fmt: skip
"""Pairs of words for a former price and the current price, as in `Preço De` and `Preço Por`."""


def _is_former_of(former: str, now: str) -> bool:
    first, second = split_words(former), split_words(now)
    only_first, only_second = set(first) - set(second), set(second) - set(first)
    return any(
        only_first == only_first & a != set() and only_second == only_second & b != set() for a, b in _FORMER_AND_NOW
    )


def without_former(columns: Columns, sold: list[PriceCandidate]) -> list[PriceCandidate]:
    """Leave out an ordinary price such as `Ord. pris` if the file has a lower current price such as `Pris nu`."""
    sold = [
        one for one in sold
        if not any(
            _is_former_of(columns.header[one.column], columns.header[now.column])
            and is_never_above(columns, now.column, one.column)
            for now in sold if now is not one and not now.is_bad
        )
    ]  # fmt: skip
    today = [one for one in sold if not _NOW.isdisjoint(split_words(columns.header[one.column])) and not one.is_bad]
    if len(today) != 1 or today[0].kind not in ("plain", "gross"):
        return sold
    return [
        one
        for one in sold
        if one is today[0]
        or not is_ordinary(columns.header[one.column])
        or not is_never_above(columns, today[0].column, one.column)
    ]


def now_of_pair(columns: Columns, possible: Sequence[PriceCandidate]) -> list[PriceCandidate]:
    """If exactly two prices are possible, and one is the former price, return the other price."""
    if len(possible) != len(("former", "now")):
        return []
    return [
        now for former, now in (possible, possible[::-1])
        if _is_former_of(columns.header[former.column], columns.header[now.column])
        and is_never_above(columns, now.column, former.column)
    ]  # fmt: skip


def is_never_above(columns: Columns, low: int, high: int) -> bool:
    pairs = list(_amounts(columns, low, high))
    return bool(pairs) and all(first <= second for first, second in pairs)


def is_always_above(columns: Columns, high: int, low: int) -> bool:
    """Return whether a column has higher amounts than another column in all rows. At least three rows are needed."""
    pairs = list(_amounts(columns, low, high))
    return len(pairs) >= MIN_COMPARED and all(first < second for first, second in pairs)


def are_up_to(columns: Columns, low: int, high: int) -> bool:
    """Return whether nearly all amounts of a column are at most as high as another column, and not far below it."""
    facts = columns[low]
    if facts.filled < MIN_FILLED or not facts.cells or facts.share("is_number") < 1:
        return False
    pairs = list(_amounts(columns, low, high))
    return len(pairs) >= MIN_COMPARED and all(MIN_OFFER * second < first <= second for first, second in pairs)


def is_usual_markup(columns: Columns, high: int, low: int) -> bool:
    """Return whether two columns can be selling prices and purchase prices, by the median of their ratios."""
    ratios = sorted(second / first for first, second in _amounts(columns, low, high))
    return bool(ratios) and ratios[len(ratios) // 2] <= MAX_MARKUP


def is_multiple(columns: Columns, product: int, factor: int) -> bool:
    """Return whether, in all rows, `product` is the column `factor` times a third column of whole numbers."""
    others = [at for at in range(len(columns.header)) if at not in (product, factor)][:MAX_COLUMNS]
    return any(_is_product(list(_amounts(columns, factor, at, product))) for at in others)


def _is_product(rows: Sequence[tuple[float, ...]]) -> bool:
    return (
        len(rows) > 1
        and any(quantity > 1 for _, quantity, _ in rows)
        and all(
            quantity.is_integer() and abs(amount * quantity - product) <= MAX_DIFFERENCE
            for amount, quantity, product in rows
        )
    )


def has_one_ratio(columns: Columns, first: int, second: int) -> bool:
    """Return whether the ratio of two columns is equal in all rows.

    One column must be higher in all rows. The ratio must be above 1.005 and below 1.3.
    """
    pairs = list(_amounts(columns, first, second))
    ratios = [max(pair) / min(pair) for pair in pairs]
    rises = {low < high for low, high in pairs}
    return (
        len(pairs) >= MIN_COMPARED
        and len(rises) == 1
        and MIN_RATIO < min(ratios) <= max(ratios) < min(MAX_RATIO, min(ratios) + MAX_DEVIATION)
    )


DISCOUNTS = words(
    "discount rabatt rabat remise dto descuento desconto sconto korting alennus sleva zlava kedvezmeny reducere "
    "discont iskonto popust afslag avslag afslattur скидка знижка отстъпка 割引率 折扣 할인율"
)
MAX_COLUMNS = 60
MIN_COMPARED = 3
MIN_FILLED = 0.8
MIN_RATIO, MAX_RATIO = 1.005, 1.3
MAX_DEVIATION = 0.01
MAX_MARKUP = 6
MIN_OFFER = 0.1
"""An offer below this share of the price is not an amount, but a percentage."""
MAX_DIFFERENCE = 0.011
"""The maximum difference between net prices and computed prices. Net prices are rounded to cents."""


def is_before_discount(columns: Columns, price: PriceCandidate, recommended: PriceCandidate) -> bool:
    """Return whether another column contains this price after a discount.

    If the file also has a recommended price, the price before the discount can be a supplier's price for the sender.
    """
    if price.kind not in ("plain", "net") or not columns.differ(price.column, recommended.column):
        return False
    discounts = [at for at, name in enumerate(columns.header) if not DISCOUNTS.isdisjoint(split_words(name))]
    others = [at for at in range(len(columns.header)) if at not in (price.column, recommended.column, *discounts)]
    others = others[:MAX_COLUMNS]
    return any(_is_discounted(columns, price.column, by, net) for by in discounts for net in others)


def _is_discounted(columns: Columns, price: int, discount: int, net: int) -> bool:
    rows = list(_amounts(columns, price, discount, net))
    return len(rows) > 1 and all(
        0 < percent < 100 and abs(amount * (1 - percent / 100) - less) <= MAX_DIFFERENCE
        for amount, percent, less in rows
    )


def _amounts(columns: Columns, *numbers: int) -> Iterator[tuple[float, ...]]:
    """Yield the amounts of each row that has an amount in each of the columns."""
    for row in columns.sample:
        if max(numbers) < len(row) and all(amounts := tuple(amount_of(row[number] or "") for number in numbers)):
            yield amounts


def is_below(columns: Columns, regular: int, offer: int) -> bool:
    """Return whether a column has lower prices than the regular prices, and no higher prices. A 0 is not a price."""
    pairs = [
        (amount_of(row[regular] or ""), amount_of(row[offer] or ""))
        for row in columns.sample
        if max(regular, offer) < len(row) and not is_blank(row[offer])
    ]
    priced = [(price, lower) for price, lower in pairs if price and lower]
    is_lower = any(lower < price for price, lower in priced)
    return is_lower and all(MIN_OFFER * price < lower <= price for price, lower in priced)


def amount_of(cell: str) -> float:
    """Return the approximate amount in a cell, or 0 if the cell has no number."""
    shape = shape_of(cell)
    text = cell if cell.isascii() else western(cell)
    digits = "".join(char for char in text if char.isascii() and (char.isdigit() or char in ",.")).strip(",.")
    if shape is None or not digits:
        return 0.0
    if shape.decimal:
        digits = digits.replace(OTHER[shape.decimal], "").replace(shape.decimal, ".")
    else:
        digits = digits.replace(",", "").replace(".", "")
    return float(digits.rstrip(".") or 0) if digits.count(".") < 2 else 0.0
