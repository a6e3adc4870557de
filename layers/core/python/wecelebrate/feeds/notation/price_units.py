"""Divides a price by the number of units that it is for, as in `Preiseinheit 100`, `KPEIN 1000` or `per 100 pcs`."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache, lru_cache
from typing import Literal

from wecelebrate.core.types import currencies, finer_problem, rounded
from wecelebrate.feeds.items import BadCell, quoted
from wecelebrate.feeds.notation.shapes import OTHER, Separator, shape_of
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.words import any_of, phrases, words

MAX_LENGTH = 60
MAX_UNITS = 20
"""If a column has more different values than this, its values are not units."""
_SIGNS = frozenset("€$£¥₹₽₺₩₴₫₪₱฿")
_NUMBER = re.compile(r"([\d.,\s]*\d)?\s*([^\d,]*)", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]")
_MAX_UNITS = 40
"""The maximum length of a cell that can be a number of pieces with its unit."""
_WORDS = 12
"""The maximum length of the word for a unit, such as `pieces`."""
_HUNDRED, _THOUSAND, _DOZEN = Decimal(100), Decimal(1000), Decimal(12)
_USUAL_COUNTS = frozenset(map(Decimal, (10, 12, 50, 100, 144, 500, 1_000, 10_000)))
CODES = {
    "C": _HUNDRED, "CEN": _HUNDRED, "CPC": _HUNDRED, "HU": _HUNDRED, "HN": _HUNDRED, "%": _HUNDRED,
    "M": _THOUSAND, "MIL": _THOUSAND, "MPC": _THOUSAND, "TH": _THOUSAND, "T3": _THOUSAND, "\u2030": _THOUSAND,
    "DZ": _DOZEN, "DZN": _DOZEN,
}  # fmt: skip
"""Codes of price units, from UN/ECE Recommendation 20 (CEN, MIL, T3, DZN) and from trade (C, M, % and ‰).

Only codes in upper case are read as price units, because `m` is a metre.
"""
_NAMES = {
    **dict.fromkeys(phrases(
        "hundred|hundreds|hundert|centaine|cento|centinaio|cien|ciento|centenar|cem|centena|honderd|hundra|"
        "hundrede|hundre|sto|sta|setka|száz|sata|yüz|сто|сотня|сотню|сотни|c|hun"
    ), _HUNDRED),
    **dict.fromkeys(phrases(
        "thousand|thousands|tausend|mille|mil|millar|milheiro|milhar|migliaio|millier|tsd|duizend|tusen|tusind|tysiąc|"
        "tys|tisíc|tis|ezer|tuhat|bin|тысяча|тысячу|тыс|тис|mile|o mie|mie"
    ), _THOUSAND),
    **dict.fromkeys(phrases(
        "dozen|doz|dz|dutzend|dtzd|douzaine|docena|dozzina|dozijn|dúzia|duzia|dussin|dusin|tuzin|tucet|tucat|tusina|"
        "düzine|дюжина|дюжину"
    ), _DOZEN),
    "gross": Decimal(144), "gros": Decimal(144), "gr\u00f3s": Decimal(144),
}  # fmt: skip
_PIECES_END = re.compile(
    r"(?:\s+(?:de|di|of|stück|stueck|stk|st|pieces?|pièces?|pcs|pc|pezzi|pz|piezas?|unidades|uds?|peças|stuks|szt|ks|"
    r"styck|stykk|шт|штук)\.?){1,2}$"
)
PIECES = words(
    "ea each pc pcs pce piece pieces unit units item items pr pair pairs set sets box bx boxes pack packs pk pkt "
    "packet bag bottle can case cs roll rl carton ctn ct tin jar tube sheet sh bundle kit e st stk stck stück "
    "stueck stücke stuck paar packung pkg karton kiste flasche fl dose rolle beutel tüte sack eimer einheit satz "
    "platte bogen bund gebinde palette paket kt krt pièce pièces unité unités unite u sac sachet boîte boite "
    "bouteille paire lot paquet rouleau seau pot bidon l'unité ud uds und unidad unidades pieza piezas pza pzas "
    "caja bolsa botella par paquete rollo pz pezzo pezzi cad cadauno scatola confezione bottiglia unità paio conf "
    "un unidade peça peca pç caixa cx saco frasco rolo stuks stuk doos fles zak rol szt sztuka ks kus kusy db darab "
    "kpl kappale styck stykk styk pari adet buc bucata kom kos tk gab vnt шт штука уп упак пара компл 個 本 枚 台 件 "
    "個入 uno una one eins ein eine un une um uma 개 ชิ้น cái h87 c62 nar nmb nr no"
)
"""Words for one product or one package. If a product is sold by the package, its price is the price of the package."""
MEASURES = words(
    "g gr gramm gram grams kg kilo kilos kilogramm mg t to tonne tonnes lb lbs oz ml cl dl l lt ltr liter litre liters "
    "litres mm cm dm m mtr meter metre meters metres lfm lfdm ml rm ft feet yd yard yards in inch m2 m\u00b2 qm sqm "
    "sqft m3 m\u00b3 cbm h hr hrs hour hours std stunde stunden day days tag tage month monat jahr year kwh "
    "kilogram kilograms kilogramo kilogramme kilogrammes gramo gramos gramme grammes grammi kilogrammo chilo litro "
    "litros litri metro metros metri metre hora horas ora ore heure heures kilogramu gramów litr metr meter uur timer "
    "tunti kilogramy litra кг гр г л мл м см метр литр час кило كجم كغ كيلو غرام جم متر لتر "  # noqa: RUF001
    "ק\u05d2 גרם ליטר מטר 公斤 千克 克 斤 升 米 กก กรัม ลิตร เมตร"
)
"""Units that are not pieces. A price for 100 g says nothing about the price of a product."""
_EACH = frozenset(("E", "EA", "EACH", "PC", "PCS", "PCE"))


_ARTICLES = words(
    "a la le los las el il lo i gli de der die das den het een ein eine einem einer un une una uno um uma jeden"
)
MAX_ARTICLES = 3


def per_words() -> str:
    """Return a regular expression of the words between a price and its unit, such as `per` and `für`."""
    return any_of(vocabulary().per)


@cache
def _articles() -> re.Pattern[str]:
    """Return the expression for words before a unit: `le 100`, `la pièce`, `cada mil`, `per 100`."""
    before = any_of(vocabulary().per | _ARTICLES)
    return re.compile(rf"(?:(?:{before}|/)(?=[\s\d/.])|[ld][\u2019'](?=\w)|/)[\s.]*", re.IGNORECASE)


def bare_unit(cell: str) -> str:
    """Return a unit without the words before it: `100` for `le 100` and `per 100`."""
    text = _without_currency(cell.strip()).rstrip(".").strip("()[] ")
    for _ in range(MAX_ARTICLES):
        match = _articles().match(text)
        if match is None or match.end() == len(text):
            break
        text = text[match.end() :]
    return text


def _without_currency(text: str) -> str:
    """Return a unit without the currency before it: `/100` for `€/100`."""
    before, slash, after = text.partition("/")
    return f"/{after}" if slash and after and is_currency(before) else text


def is_currency(text: str) -> bool:
    """Return whether a text is the sign or the code of a currency."""
    stated = text.strip()
    return stated in _SIGNS or stated.upper() in currencies()


def are_amounts_for(cells: Sequence[str]) -> bool:
    """Return whether all values are a currency and a unit, and some units are numbers: `€/100`, `€/Stk`."""
    if not cells or "/" not in cells[0][:MAX_LENGTH]:
        return False
    values = {cell.strip() for cell in cells}
    if len(values) > MAX_UNITS or not all(is_currency(value.partition("/")[0]) for value in values):
        return False
    try:
        return any(units_of(value, None) > 1 for value in values)
    except BadCell:
        return False


@lru_cache(maxsize=1024)
def units_of(cell: str, mark: Separator | None) -> Decimal:
    """Return the number of units that a price is for. A blank cell, `each`, `pc` and `kg` mean one unit.

    Raises BadCell with the code `bad_price_unit`. An unknown word is an error too, because it can mean a hundred.
    """
    text = bare_unit(cell) if len(cell) <= MAX_LENGTH else cell
    match = _NUMBER.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None or (match[1] is not None and len(match[2]) > _WORDS):
        raise BadCell("bad_price_unit", f"{quoted(cell)} is not a number of units, e.g. 100")
    word = match[2].strip(" .")
    if match[1] is None:
        return _units_of_word(cell, text.strip("."))
    digits = "".join(match[1].split())
    shape = shape_of(digits)
    decimal = shape and (shape.decimal or (mark if shape.unclear and mark else None))
    if shape is None:
        raise BadCell("bad_price_unit", f"{quoted(cell)} is not a number of units, e.g. 100")
    if shape.unclear and mark is None:  # `1.000` units are a thousand
        decimal = OTHER[shape.unclear]
    plain = digits.replace(OTHER[decimal], "").replace(decimal, ".") if decimal else digits
    units = Decimal(plain)
    if units <= 0:
        raise BadCell("bad_price_unit", f"{quoted(cell)} is not a number of units; it must be above 0")
    if units != 1 and word.casefold() in MEASURES:
        raise BadCell("bad_price_unit", f"{quoted(cell)} is no number of pieces")
    # `1 M` can be a metre, and `100 %` is a share.
    return units * (1 if word in ("M", "%", "\u2030") else CODES.get(word) or _NAMES.get(word.casefold()) or 1)


def _units_of_word(cell: str, text: str) -> Decimal:
    folded = " ".join(text.casefold().replace(".", " ").split())
    units = CODES.get(text) or _NAMES.get(folded) or _NAMES.get(_PIECES_END.sub("", folded))
    if folded == "cent" and bare_unit(cell) != cell.strip():  # without `le`, the word can mean a euro cent
        return _HUNDRED
    if units:
        return units
    words = folded.split(" ")
    if not folded or folded in PIECES or words[0] in PIECES or folded in MEASURES or words[-1] in PIECES:
        return Decimal(1)
    raise BadCell(
        "bad_price_unit",
        f"{quoted(cell)} is no known unit of a price; write the number of pieces that the price is for, e.g. 100",
    )


UnitColumn = Literal["units", "open", "none"]


def kind_of_units(cells: Sequence[str], is_price_unit: bool) -> UnitColumn:
    """Return whether the values of a column are numbers of units that a price is for.

    `is_price_unit` says that the name of the column means the unit of a price, such as `Price per` and `PEINH`. A
    column such as `UOM` contains price units only if its values are the trade codes `E`, `C` and `M`. In this case, the
    result is not certain: `M` alone can be a metre, and `C` can also be the sales unit.
    """
    values = {cell.strip() for cell in cells}
    codes = {value for value in values if value in CODES}
    has_metric = any(value.casefold().strip(".") in MEASURES for value in values - {"M"})
    if is_price_unit and any(any(char.isdigit() for char in value) for value in values):
        return "units"
    if is_price_unit and any(_is_known_number(value) for value in values):
        return "units"
    if not codes or (codes == {"M"} and has_metric):
        return "none"
    if is_price_unit:
        return "units" if codes != {"M"} or values & _EACH else "open"
    is_trade = codes & {"C", "CEN", "CPC", "MPC", "MIL"} or ("M" in codes and values & _EACH and not has_metric)
    return "open" if is_trade else "none"


def _is_known_number(cell: str) -> bool:
    """Return whether a unit such as `le mille` is a number of pieces above 1. Ambiguous codes are excluded."""
    if cell in CODES:
        return False
    try:
        return units_of(cell, None) > 1
    except BadCell:
        return False


def say_what_a_price_is_for(cells: Sequence[str], *, is_unit: bool = False) -> bool:
    """Return whether all values are units, and some of them are numbers of units that a price is for.

    `le 100`, `cada mil` and `per C` are numbers of units for any name of the column. If the name of the column means a
    unit (`is_unit`), `%` and codes such as `HN` are numbers of units too.

    `100 Stk` is a number of units if another value is `Stk`. If another value is `12 Stk`, both values can be the
    contents of a package, and are not numbers of units.
    """
    values = {cell.strip() for cell in cells}
    if not values or len(values) > MAX_UNITS or any(len(value) > MAX_LENGTH for value in values):
        return False
    try:
        units = {value: units_of(value, None) for value in values}
    except BadCell:
        return False
    large = [value for value, count in units.items() if count > 1]
    has_each = any(count == 1 and not any(map(str.isdigit, value)) for value, count in units.items())
    if not all(units[value] in _USUAL_COUNTS for value in large):
        return False
    if any(_articles().match(value) and value not in CODES for value in large):
        return True
    codes = [value for value in large if value in CODES and value not in ("C", "M", "DZ", "DZN")]
    if codes and (is_unit or has_each):
        return True
    counted = [value for value in large if any(map(str.isdigit, value)) and _WORD.search(value)]
    return bool(counted) and has_each and all(units[value] in (_HUNDRED, _THOUSAND) for value in large)


def is_power_of_ten(cells: Sequence[str]) -> bool:
    """Return whether all values are 1, 10, 100, 1,000 or 10,000, and not all are 1."""
    values = {cell.strip().replace(".", "").replace(",", "") for cell in set(cells)}
    if any(len(value) > _MAX_UNITS for value in values):  # the pattern below takes quadratic time
        return False
    values = {re.sub(r"\D+$", "", value) for value in values}
    return bool(values - {"1"}) and values <= {"1", "10", "100", "1000", "10000"}


def price_of_one(price: Decimal, units: Decimal, currency: str) -> Decimal:
    """Return the price of one unit. It is never rounded.

    Raises BadCell with the code `too_precise` if this price has more decimals than its currency.
    """
    one = price / units
    exact = rounded(one, currency) if one * units == price else None
    if exact is None:
        shown = f"{one:f}"[:12]
        raise BadCell(
            "too_precise",
            f"{price:f} for {units:f} units is {shown} for one unit, and a price {finer_problem(currency)}; "
            "sell a package, or round the price with the step `round` in the catalog's mapping",
        )
    return exact
