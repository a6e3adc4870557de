"""Recognises the prices of larger quantities: `Price 1+` and `Price 10+`, `Preis ab 100`, `10-49`.

Products are sold one by one, so only the price of the smallest quantity can be the price of a product.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold, name_forms
from wecelebrate.feeds.columns.unit_names import units_in_name
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.notation.price_units import MEASURES, PIECES, per_words
from wecelebrate.feeds.prices.names import MONEY, NAMED_CURRENCIES, TIERS, PriceName, price_name
from wecelebrate.feeds.vocabulary.words import words

MAX_NAME = 60
_FROM = (
    "ab|from|from qty|qty|quantity|menge|>=|≥|@|at|bei|dès|à partir de|a partir de|desde|vanaf|fra|från|od|da|break|moq"
)
_UNITS = (
    r"(?:st|stk|stck|stück|stueck|pcs?|pces?|pieces?|pièces?|units?|unités?|ea|u|uds?|unid(?:ades?)?|pzs?|pzas?|piezas?|"
    r"pezzi|pezzo|peças?|pç|szt|sztuk[ai]?|ks|kpl|db|buc|kom|tk|gab|vnt|шт|adet)"
)
_START = re.compile(
    rf"(?:^|(?<=[\s(_/]))(?:{_FROM})[\s_]*(\d{{1,6}})(?![\d.,/-]*\d)[\s_]*{_UNITS}?\.?\)?\s*$", re.IGNORECASE
)
_RANGE = re.compile(
    r"(?<!\d)(\d{1,6})\s*(?:\+|[-–]\s*\d{1,6}|or more|and (?:up|more)|und mehr|et plus|y más|o más|e più|en meer)"
    rf"\s*{_UNITS}?\.?\)?\s*$",
    re.IGNORECASE,
)
_MEASURE = re.compile(
    r"(?:/|\b(?:per|pro|je|par|por|al|au|a|à)\b)\s*(?:1[.,]?000|\d{1,3})?\s*([^\W\d_]{1,11}[²³23]?)\W*$", re.IGNORECASE
)
_WHOLE = re.compile(r"(\d{1,6})(?:[.,]0{1,4})?", re.ASCII)
_REMARK = re.compile(r"[(\[]\s*(\d{1,6})\s*[)\]]$")
"""Matches `Price (100)`: the price of one piece if a customer buys 100 pieces, or the price of 100 pieces."""
_QUANTITY_WORDS = (
    "(?:menge|qty|quantity|quantite|qte|anzahl|aantal|antal|antall|ilosc|mnozstvi|cantidad|cant|quantita|qta|quantidade|qtd|"
    "mennyiseg|maara|stuckzahl|количество|数量|수량)"
)
_NUMBERED_QUANTITY = re.compile(rf"(?P<stem>[^\W\d_]{{2,40}})(?P<number>\d{{1,2}})(?:ab|from|min)?{_QUANTITY_WORDS}")
"""Matches names such as `verkaufspreis1menge`: the minimum quantity for the price `verkaufspreis1`."""
_BARE_QUANTITY = re.compile(rf"(?:ab|from|min)?{_QUANTITY_WORDS}(?P<number>\d{{1,2}})")
"""Matches names such as `qte1`: the minimum quantity for the price with the same number, such as `pv1`."""
_NUMBERED_PRICE = re.compile(r"(?P<stem>[^\W\d_]{2,40}?)(?P<number>\d{1,2})[^\W\d_]{0,20}")
_YEARS = range(1990, 2101)
_FILLERS = words("staffel staffelpreis pricebreak break breaks tier quantitybreak qty quantity menge vk")


@dataclass(frozen=True, slots=True)
class QuantityPrice:
    """A column with the price of one unit if a customer buys at least `quantity` units."""

    column: int
    quantity: int
    name: PriceName


def quantity_in_name(column: str) -> tuple[int, str] | None:
    """Return the quantity from which a price is valid, and the rest of the column's name.

    The result is None if the name has no quantity.
    """
    text = column.strip()
    if len(text) > MAX_NAME:
        return None
    match = _START.search(text) or _RANGE.search(text) or _REMARK.search(text)
    if not match or int(match[1]) in _YEARS:
        return None
    return int(match[1]), text[: match.start()].strip(" _-/([:")


def is_for_a_measure(column: str) -> bool:
    """Return whether a price is for a measure, such as `Preis/kg`. Shops show such prices for comparison."""
    match = _MEASURE.search(column[:MAX_NAME])
    # `Price/M` is for a thousand.
    return bool(match and match[1].casefold() in MEASURES and not (match[1] == "M" and units_in_name(column) > 1))


PACKAGES = words(
    "karton kartons kiste kisten kasten gebinde palette umkarton tray display kolli krt kt ctn carton cartons case "
    "cases crate pallet masterpack colis caisse cartons palette caja cajas cartón palé cartone cartoni cassa scatola "
    "bancale caixa caixas palete doos krat pallet kartong kolli kasse låda pall karton kartony paleta skrzynka "
    "krabice karton paleta doboz raklap laatikko koli thùng ящик коробка паллета ケース 箱 박스 箱子 kutu kasa"
)
"""Packages of several products. In contrast, a bottle or a bag is one product."""


@lru_cache(maxsize=4096)
def names_a_package(column: str) -> bool:
    """Return whether the price of a column is for a package: `Preis/Karton netto`, `Price per case`."""
    if len(column) > MAX_NAME:
        return False
    match = _per_unit().search(column)
    return match is not None and match[1].casefold() in PACKAGES


@cache
def _per_unit() -> re.Pattern[str]:
    return re.compile(rf"(?:/|\b(?:{per_words()})\s)\s*([^\W\d_]{{1,20}})", re.IGNORECASE)


def numbered_quantities(header: Sequence[str]) -> dict[int, tuple[str, str]]:
    """Map each column with the quantities of a numbered price to the name and the number of the price.

    The name is "" if only the number is repeated in the name of the quantities, as in `pv1;qte1;pv2;qte2`.
    """
    # The quantities of a list in JSON or XML, such as `prices.0.quantity`, are read in the module `lists`.
    names = {
        number: fold(name) for number, name in enumerate(header)
        if len(name) <= MAX_NAME and "." not in name and "@" not in name and any(map(str.isdigit, name))
    }  # fmt: skip
    quantities = {
        number: (match["stem"], match["number"])
        for number, name in names.items()
        if (match := _NUMBERED_QUANTITY.fullmatch(name)) and price_name(match["stem"])
    }
    bare = {number: match["number"] for number, name in names.items() if (match := _BARE_QUANTITY.fullmatch(name))}
    if len(bare) > 1:
        prices = [match for name in names.values() if (match := _NUMBERED_PRICE.fullmatch(name))]
        priced = {match["number"] for match in prices if price_name(match["stem"])}
        quantities |= {number: ("", index) for number, index in bare.items() if index in priced}
    return quantities


def _quantities_of_prices(columns: Columns) -> dict[tuple[str, str], int]:
    """Return the smallest quantity of each numbered price that has a column of quantities."""
    least: dict[tuple[str, str], int] = {}
    for number, key in numbered_quantities(columns.header).items():
        cells = columns[number].cells
        counts = [int(match[1]) for cell in cells if (match := _WHOLE.fullmatch(cell))]
        if counts and len(counts) == len(cells):
            least[key] = min(counts)
    return least


_COMPARISON = re.compile(
    r"grund|basis|vergleich|compar|base|unit price|referen|jämför|jamfor|jmf|vertail|kilo|littern|litern|porovn|"
    r"jednot|egység|egyseg|confronto|au\s+(?:kilo|litre)|сравн|за единиц",
    re.IGNORECASE,
)


def is_comparison(column: str) -> bool:
    """Return whether the name of a price for a measure means a price for comparison, such as `Grundpreis/kg`."""
    return _COMPARISON.search(column[:MAX_NAME]) is not None


@cache
def _per_package() -> re.Pattern[str]:
    codes = "|".join(NAMED_CURRENCIES)
    return re.compile(rf"(?:{codes}|[€$£¥₹₽₺₩₴₫₪₱฿])\s*(?:/|(?:{per_words()})\s)\s*([^\W\d_]{{1,20}})", re.IGNORECASE)


def is_for_a_package(column: str) -> bool:
    """Return whether a name consists of a currency and a package: `GEL per bottle`, `EUR/Karton`."""
    match = _per_package().fullmatch(column.strip()) if len(column) <= MAX_NAME else None
    return match is not None and match[1].casefold() in PIECES


_ONE_PIECE = words(
    "pc pce piece each ea unit item stk stck stück stueck st pièce piece unité unite ud und unidad pieza pza pz pezzo "
    "unità un unidade peça peca stuk szt sztuka ks kus db darab kpl styck stykk adet buc bucata kom kos tk gab vnt "
    "шт штука 個 件 개"
)


def is_for_one_piece(column: str) -> bool:
    """Return whether a name is a currency and one piece, such as `CHF/Stück`. Such a column can only be a price."""
    match = _per_package().fullmatch(column.strip()) if len(column) <= MAX_NAME else None
    return match is not None and match[1].casefold() in _ONE_PIECE


def currency_before(column: str) -> str | None:
    """Return the code of a currency at the start of a name such as `CHF/Stück`."""
    code = column.strip()[:3].casefold()
    return code.upper() if code in NAMED_CURRENCIES and is_for_one_piece(column) else None


_CONDITION = re.compile(
    r"\s(?:bei|ab|from|for|at|if|dès|à partir|par|desde|da|per|vanaf|fra|från|od)\s.*", re.IGNORECASE
)
"""The end of a name that contains a condition, such as ` bei Abnahme ab Stück` in `Preis bei Abnahme ab Stück`."""


def _price_of_quantity(rest: str) -> PriceName | None:
    """Return the meaning of the name of a price whose quantity was removed, such as `Preis bei Abnahme ab Stück`."""
    texts = (rest, _CONDITION.sub("", rest))
    return next((name for text in texts for form in name_forms(text) if (name := price_name(form))), None)


def _price_lists(columns: Columns) -> set[str]:
    """Return the names of price lists with the numbers 1, 2 and so on in brackets.

    These numbers are not quantities. The reader also adds such numbers to repeated names: `Price` and `Price (2)`.
    """
    numbered = {name: int(match[1]) for name in columns.header if (match := _REMARK.search(name[:MAX_NAME].strip()))}
    repeated = {
        name for name, number in numbered.items() if number == 2 and name.removesuffix(" (2)") in columns.header
    }
    is_list = sorted(set(numbered.values())) == list(range(1, len(numbered) + 1))
    return set(numbered) if is_list else repeated


def _without_number(column: str) -> str:
    return re.sub(r"\d{1,2}", " ", column, count=1)


def is_amount_for_a_measure(column: str) -> bool:
    """Return whether a name is only a currency and a measure: `€/kg`, `EUR per litre`."""
    match = _per_package().fullmatch(column.strip()) if len(column) <= MAX_NAME else None
    return match is not None and match[1].casefold() in MEASURES


def quantity_prices(columns: Columns) -> list[QuantityPrice]:
    """Return the columns with prices of quantities, the smallest quantity first.

    A name without a word for a price, such as `10+`, is used only if several columns have such a name.
    """
    found, bare = [], []
    listed, lists = _quantities_of_prices(columns), _price_lists(columns)
    for number, column in enumerate(columns.header):
        tier = quantity_in_name(column) if any(char.isdigit() for char in column) and column not in lists else None
        if listed and (match := _NUMBERED_PRICE.fullmatch(fold(column))):
            quantity = listed.get((match["stem"], match["number"]), listed.get(("", match["number"])))
            tier = (quantity, _without_number(column)) if quantity is not None else tier
        if tier is None or internal_part(column) or columns[number].share("is_number") <= 0.5:
            continue
        quantity, rest = tier
        if not rest or fold(rest) in _FILLERS:
            # Without a word for a price, a column such as `Qty 10` has prices only if its values are amounts of money.
            if any(MONEY.search(cell) for cell in columns[number].cells):
                bare.append(QuantityPrice(number, quantity, PriceName("plain")))
            continue
        name = _price_of_quantity(rest)
        if name and name.kind in TIERS:
            found.append(QuantityPrice(number, quantity, name))
    return sorted(found + (bare if len(bare) > 1 else []), key=lambda price: (price.quantity, price.column))
