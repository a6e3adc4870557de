"""Asks about prices if the column is certain, but the amounts can have several meanings.

| column                 | values                   | question                                  |
|------------------------|--------------------------|-------------------------------------------|
| `Price`                | `14.90 / 12.20`          | which of the two amounts is the price     |
| `Price`, a `Pack size` | 14.40 and 6, 9.60 and 12 | whether the price is that of the pack     |
| `Price`                | `kr 249,00`, EUR         | which krone it is                         |
| `Price`, `Price 2`     | 78.23 and 40.00          | which of the two currencies is meant      |
"""

import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.items import Cells, quoted
from wecelebrate.feeds.notation.numbers import SHARED_SIGNS
from wecelebrate.feeds.notation.price_units import is_currency
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.fixed_rates import fixed_rate_question
from wecelebrate.feeds.questions import STOP, Choice, Question
from wecelebrate.feeds.vocabulary.words import words

MOST = 0.8
"""The minimum share of the cells that have two amounts."""
MAX_CELL = 60
MAX_ROWS = 200
MIN_PACKS = 3
CHANCE = Fraction(1, 50)
"""By chance, all prices can be divisible by the size of the pack. The question is asked only if the probability of such
a chance is at most this value.
"""
_AMOUNT = r"(?:[^\W\d]{0,3}|[€$£¥])\s?\d[\d.,' ]{0,14}\s?(?:[^\W\d]{0,3}|[€$£¥])"
_TWO = re.compile(rf"\s*{_AMOUNT}\s?(?:[/|]|\s[-\u2013]\s)\s?{_AMOUNT}\s*")
_LETTERS = re.compile(r"[^\W\d_]+")
_CENTS = re.compile(r"\d+(?:[.,]\d{1,2})?", re.ASCII)
_COUNT = re.compile(r"([1-9]\d{0,3})(?:[.,]0{1,3})?", re.ASCII)
_PACK_NAMES = words(
    "cond condit conditionnement colisage pcb spcb uvc uc qtecolis qtecond uniteparcolis unitesparcolis pieceparcolis "
    "vpe verpackungseinheit verpeinheit stuckprokarton stuckvpe stkkarton stkprokarton inhaltkarton gebindegrosse "
    "pack packsize packqty packquantity packof casesize caseqty casepack unitspercase unitsperpack pcspercarton "
    "innerpack cartonqty cartonsize pcscarton pcsctn qtypercarton "
    "pezziperconfezione pzconf pzperconf pezziconf confezione imballo collo "
    "udscaja udsporcaja unidadesporcaja unidadescaja udspaquete embalaje undcaja unidcaixa unidadesporcaixa embalagem "
    "verpakkingseenheid stuksperdoos aantalperdoos verpakking kolli antalperkolli antalkolli stkkolli forpackning "
    "forpackningsstorlek pakning pakkestorrelse pakkauskoko sztwopak iloscwopakowaniu opakowanie baleni ksvbaleni "
    "kusuvbaleni csomagolas dbcsomag"
)
"""Columns with the number of pieces in a package."""
_KRONA = re.compile(r"(?<![^\W\d_])kr(\.?)(?![^\W\d_])", re.IGNORECASE)
_KRONER = frozenset(SHARED_SIGNS["KR"])
_SWEDISH, _DANISH, _NORWEGIAN = re.compile("[äöÄÖ]"), re.compile("[æøÆØ]"), re.compile(r"\bmva\b", re.IGNORECASE)
_ICELANDIC = re.compile(r"[ðþÐÞ]|\bvsk\b", re.IGNORECASE)
"""Only Icelandic has these letters and this word. It also has the letters `ö` and `æ`."""
_DANISH_TAX = re.compile(r"\bmoms\b", re.IGNORECASE)


def price_doubts(plan: Plan, columns: Columns, mapping: Mapping[str, str | None], currency: str) -> list[Question]:
    """Return a question about the amounts of the only price column, or an empty list if their meaning is clear."""
    if len(plan.prices) != 1 or any(question.subject == "money" for question in plan.questions):
        return []
    number = plan.prices[0].column
    name, cells = plan.column_name(number), columns[number].cells[:MAX_ROWS]
    if "price" in mapping or not cells:
        return []
    if question := _two_amounts(name, cells):
        return [question]
    is_stated = plan.currency is not None or plan.prices[0].currency_column is not None
    if not is_stated and (question := _unknown_krone(plan, columns, cells, name, currency)):
        return [question]
    if questions := fixed_rate_question(plan, columns, currency):
        return questions
    if plan.price_unit is None and plan.prices[0].units == 1 and "price_unit" not in mapping:
        return _pack_prices(plan, columns, number)
    return []


def repeated_prices(plan: Plan, columns: Columns) -> list[Question]:
    """Return a question if two rows have the same SKU and the same name, but different prices without a reason.

    Without the question, the price of the last row would be used, although it can be the wrong price. No question is
    asked if the rows also differ in another column, such as a place, a date or a quantity, which explains the two
    prices. The stock does not explain them.
    """
    is_plain = plan.profile is None and len(plan.prices) == 1 and plan.name and plan.validity is None
    if (
        not is_plain
        or plan.places
        or plan.parent
        or len(plan.sku) != 1
        or any(q.key == "price" for q in plan.questions)
    ):
        return []
    price, free = plan.prices[0].column, {plan.prices[0].column, *plan.inventory}
    first: dict[str, Cells] = {}
    for row in columns.sample[:MAX_ROWS]:
        sku = (row[plan.sku[0]] or "").strip() if plan.sku[0] < len(row) else ""
        other = first.setdefault(sku, row) if sku else row
        if other is row or len(other) != len(row) or price >= len(row):
            continue
        if other[price] == row[price] or not (other[price] and row[price]):
            continue
        if all(other[at] == row[at] for at in range(len(row)) if at not in free):
            name = plan.column_name(price)
            amounts = (str(other[price]), str(row[price]))
            text = (
                f"Two rows with the SKU {quoted(sku, 40)} and the same name have different prices: {amounts[0]} and "
                f"{amounts[1]}. Does the last row hold?"
            )
            choices = (
                Choice(name, "Of rows with the same SKU, the last one is used.", amounts),
                Choice(STOP, "No. The file is not read, until it is corrected.", refuses_file=True),
            )
            return [Question("price", "money", text, choices, amounts)]
    return []


def _two_amounts(name: str, cells: Sequence[str]) -> Question | None:
    """Return a question if most cells have two amounts, and the file does not say what the second amount is."""
    double = [
        cell for cell in cells
        if len(cell) <= MAX_CELL and _TWO.fullmatch(cell) and all(map(is_currency, _LETTERS.findall(cell)))
    ]  # fmt: skip
    if len(double) < MOST * len(cells):
        return None
    text = (
        f"The column {quoted(name, 40)} has two amounts in a cell, such as {quoted(double[0], 40)}. Which of them is "
        "the price? The step `split` of the catalog's mapping can read one of them."
    )
    choices = (
        Choice("", "The prices of products are not changed."),
        Choice(name, "The column is read. Its cells with two amounts are rejected, until the mapping divides them."),
    )
    return Question("price", "money", text, choices, tuple(double[:3]))


def _unknown_krone(plan: Plan, columns: Columns, cells: Sequence[str], name: str, currency: str) -> Question | None:
    """Return a question if `kr` can be the krone of several countries, and the file's texts do not show which.

    The sign `kr` is in the name of the column, or beside the amounts.
    """
    if currency in _KRONER:
        return None
    named = _KRONA.search(name[:MAX_CELL])
    if plan.prices[0].currency and (named is None or plan.prices[0].currency in name.upper()):
        return None
    signs = [match[1] for cell in cells if (match := _KRONA.search(cell[:MAX_CELL]))]
    if 2 * len(signs) <= len(cells):
        if named is None:
            return None
        signs, cells = [named[1]], (name, *cells)
    texts = " ".join([*plan.header, *(cell for column in plan.name[:1] for cell in columns[column].cells[:MAX_ROWS])])
    is_swedish, is_danish = bool(_SWEDISH.search(texts)), bool(_DANISH.search(texts) or _DANISH_TAX.search(texts))
    if _ICELANDIC.search(texts):
        is_swedish = is_danish = False
    if not any(signs) and is_swedish and not _DANISH.search(texts):
        return None  # `kr` is read as SEK
    if all(signs) and is_danish and not is_swedish and not _NORWEGIAN.search(texts):
        return None  # `kr` is read as DKK
    example = next(text for text in cells if _KRONA.search(text[:MAX_CELL]))
    read_as = SHARED_SIGNS["KR." if signs[0] else "KR"][0]
    text = (
        f"The prices are in `kr`, such as {quoted(example, 40)}, which can be {', '.join(sorted(_KRONER))}. Nothing in "
        f"the file says which of them. Are they in {read_as}? Otherwise add a constant `currency` to the mapping."
    )
    choices = (
        Choice("", "The prices of products are not changed."),
        Choice(name, f"The prices are in {read_as}.", tuple(cells[:3])),
    )
    return Question("price", "money", text, choices, tuple(cells[:3]))


def _pack_prices(plan: Plan, columns: Columns, price: int) -> list[Question]:
    """Return a question if all prices can be prices of a pack.

    A price can be the price of a pack if its cents are divisible by the size of the pack. By chance, the price of a
    single piece can also be divisible. For example, every third price such as 12.90 is divisible by 6.
    """
    used = {number for numbers in plan.field_columns.values() for number in numbers}
    for number, name in enumerate(plan.header):
        if number in used or fold(name) not in _PACK_NAMES:
            continue
        pairs = [
            (_cents(row[price] or ""), int(match[1]))
            for row in columns.sample[:MAX_ROWS]
            if max(price, number) < len(row) and (match := _COUNT.fullmatch((row[number] or "").strip()))
        ]
        packs = [(cents, size) for cents, size in pairs if size > 1]
        if len(packs) < MIN_PACKS or not all(cents and cents % size == 0 for cents, size in packs):
            continue
        step = next(step for step in (100, 50, 10, 5, 1) if all((cents or 0) % step == 0 for cents, _ in pairs))
        if math.prod(Fraction(math.gcd(step, size), size) for _, size in packs) > CHANCE:
            continue
        cents, size = packs[0]
        text = (
            f"The column {quoted(name, 40)} has the number of pieces in a pack, and all prices can be divided by it. "
            f"Are the prices for a pack? Then {(cents or 0) / 100:.2f} for {size} is {(cents or 0) / size / 100:.2f} "
            "for one."
        )
        choices = (
            Choice("", "A price is for one piece."),
            Choice(name, "A price is for this number of pieces, and is divided by it.", columns[number].examples),
        )
        return [Question("price_unit", "money", text, choices, columns[number].examples)]
    return []


def _cents(cell: str) -> int | None:
    """Return a price in hundredths, or None if the cell contains more than an amount."""
    text = cell.strip(" €$£")
    if not _CENTS.fullmatch(text):
        return None
    whole, _, fraction = text.replace(",", ".").partition(".")
    return int(whole[:9]) * 100 + int(fraction.ljust(2, "0") or 0)
