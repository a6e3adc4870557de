"""Rates the columns that can be prices by their names and their values, and finds their currencies."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wecelebrate.feeds.columns.facts import Columns, Facts, value_of
from wecelebrate.feeds.columns.names import fold, name_forms
from wecelebrate.feeds.columns.unit_names import without_preposition
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.notation.numbers import is_with_colon
from wecelebrate.feeds.prices.names import (
    EACH,
    KIND_TEXTS,
    MONEY,
    NAMED_CURRENCIES,
    TIERS,
    Kind,
    PriceName,
)
from wecelebrate.feeds.prices.names_with_values import (
    currency_of_cells,
    is_total,
    is_with_tax,
    listed_columns,
    listed_price,
    sign_in_name,
)
from wecelebrate.feeds.prices.plain_names import plain_name
from wecelebrate.feeds.prices.short_names import price_of_name, without_rate
from wecelebrate.feeds.prices.tiers import (
    QuantityPrice,
    currency_before,
    is_for_a_measure,
    is_for_a_package,
    is_for_one_piece,
    names_a_package,
)
from wecelebrate.feeds.vocabulary.words import words

LISTED_RANK = 5_500
"""The rank of a price whose name is known only without the country or the price list that it contains."""
UNIT_RANK = 6_000
"""The rank of a column for the price of one unit, such as `1+`, whose name is not a usual name of a price."""
MAX_NAME = 60
MIN_BARCODES = 3
MIN_DIGITS = 12
_UNCLEAR_UNIT = re.compile(r"[%‰]|/\s*cent\b", re.IGNORECASE)
"""`Preis %` and `Prix/cent` can be prices for 100 pieces. But `%` can also mean a percentage, and `cent` cents."""
_LABELLED = re.compile(r"([^\W\d_]{1,20}):\d{1,3}")
"""Matches the value of an option with its position, such as `S:0` in exports of PrestaShop."""
_CURRENCY_WORD = re.compile(r"[(\[]\s*([^\W\d_]{2,5}\.?)\s*[)\]]$|(?<=\s)([^\W\d_]{2,5}\.?)$")
_KRONA = re.compile(r"(?<![^\W\d_])(kr\b\.?)()(?![^\W\d_])", re.IGNORECASE)
"""The sign of the krone inside a name: `Pris kr inkl. mva`."""
_SOLES = re.compile(r"(?<!\w)S/\.?\s*(?:\)|$)")
"""The sign of the sol at the end of a name. In `Precio S/IVA`, these letters mean "without"."""
_CURRENCY_WORDS = words("FR SFR KR RS RP RM TL KC KČ ZL ZŁ LEI DT DH EURO EUROS ГРН РУБ")

_STATED = re.compile(
    rf"(?:[,(\[:/]\s*|\s)({'|'.join(code.upper() for code in NAMED_CURRENCIES)})(?=\s*[)\]]|[,;]?\s*$|\s(?=.*[)\]]))"
)
_CODES = re.compile(rf"(?<![^\W_\d])({'|'.join(code.upper() for code in NAMED_CURRENCIES)})(?![^\W_\d])")
_WORD_CODES = frozenset(("CAD", "COP", "MAD", "PEN", "PHP", "TRY", "RON"))
"""Currency codes that are also ordinary words."""
_CLEAR_WORDS = words("RMB NTD EURO EUROS SOLES KSH USH TSH")


@dataclass(frozen=True, slots=True)
class PriceCandidate:
    column: int
    name: PriceName
    kind: Kind
    currency: str | None
    is_bad: bool = False
    """Whether the values cannot be prices, or are all blank or zero."""
    rank: int = 0
    reasons: tuple[str, ...] = ()
    is_doubtful: bool = False
    """Whether a name such as `Sell` or `Retail` has values that can be quantities."""


def share_of_amounts(facts: Facts) -> float:
    """Return the share of the values that are numbers. A dash means "no price", and is ignored.

    In a column of prices, `39:50` is a number: 39 kronor and 50 öre.
    """
    facts = facts.without_dashes
    if not any(":" in cell for cell in facts.cells):
        return facts.share("is_number")
    amounts = sum(value_of(cell).is_number or is_with_colon(cell) for cell in facts.cells)
    return amounts / len(facts.cells)


def name_of_price(column: str) -> PriceName | None:
    """Return the meaning of a column name for a price, or None if the name does not mean a price."""
    named_price = price_of_name(name_forms(column), column)
    name = named_price[1] if named_price else None
    if name and not name.currency and "$" not in column:
        name = replace(name, currency=currency_in_name(column, None, ""))
    if name and name.kind in TIERS and internal_part(column):
        return replace(name, kind="purchase")  # `Preis (intern)` is not a price for customers
    return name


def is_price_for(column: str) -> bool:
    """Return whether a name means a price and ends with a preposition, as `Preis pro` and `P.V.P. por` do."""
    name = without_preposition(column)
    return name is not None and name_of_price(name) is not None


def price_candidates(
    columns: Columns,
    candidates: Sequence[tuple[int, int, str | None]],
    currency: str,
    tiers: Sequence[QuantityPrice],
) -> list[PriceCandidate]:
    """Rate the candidates. Prices for more than one unit are left out."""
    quantities = {price.column: price.quantity for price in tiers}
    named = [
        one for one in candidates
        if quantities.get(one[1], 1) == 1 and not is_for_a_measure(columns.header[one[1]])
        and not _are_labelled(columns[one[1]]) and not _are_barcodes(columns[one[1]])
        and not _is_tax_flag(columns, one[1])
    ]  # fmt: skip
    named_columns = {column for _, column, _ in named}
    free = [number for number in range(len(columns.header)) if number not in named_columns and number not in quantities]
    named += [(LISTED_RANK, number, None) for number in listed_columns(columns.header, free)]
    named += [
        (UNIT_RANK, price.column, None) for price in tiers if price.quantity == 1 and price.column not in named_columns
    ]
    named += [(UNIT_RANK, number, None) for number in free if _is_each(columns, number)]
    packages = [number for number in free if is_for_a_package(columns.header[number])]
    is_only_price = not any(name_of_price(columns.header[number]) for _, number, _ in named)
    if len(packages) == 1 and is_only_price and is_for_one_piece(columns.header[packages[0]]):
        named.append((UNIT_RANK, packages[0], None))
    names = {price.column: price.name for price in tiers}
    return [_rated(columns, one, currency, names.get(one[1])) for one in named]


def _are_labelled(facts: Facts) -> bool:
    """Return whether the values have different labels. One label can be a currency: `Rs: 500`."""
    labels = [match[1] for cell in facts.cells if (match := _LABELLED.fullmatch(cell))]
    return len(labels) == len(facts.cells) and len(set(labels)) > 1


def _is_tax_flag(columns: Columns, number: int) -> bool:
    """Return whether a column such as `PrixTTC` contains 0 and 1, and says whether prices include tax.

    A column with the name `Price` is not such a flag, because a price can be 1."""
    name = name_of_price(columns.header[number])
    return name is not None and name.tax is not None and are_flags(columns[number])


def are_flags(facts: Facts) -> bool:
    """Return whether the values are 0 and 1, or only 1. For example, `PrixTTC` can say whether a price includes tax."""
    return len(facts.cells) > 1 and set(facts.cells) in _FLAGS


_FLAGS = ({"1"}, {"0", "1"}, {"-1", "0"})


def _are_barcodes(facts: Facts) -> bool:
    """Return whether the values are GTINs, and not prices."""
    is_certain = len(facts.cells) >= MIN_BARCODES or all(len(cell) >= MIN_DIGITS for cell in facts.cells)
    return bool(facts.cells) and is_certain and facts.share("is_gtin") == 1


def _is_each(columns: Columns, number: int) -> bool:
    """Return whether a column such as `Each` contains amounts of money. It is then the price of one piece."""
    facts = columns[number]
    is_money = facts.cells and all(MONEY.search(cell) for cell in facts.cells)
    return bool(is_money) and fold(columns.header[number]) in EACH and share_of_amounts(facts) == 1


def currency_in_name(column: str, code: str | None, currency: str) -> str | None:
    """Return the currency in the name of a price column: `Price (Kč)`, `Preis Fr.`, `Price ($)`.

    `code` is the code that the folded name contains. A dollar sign means the catalog's currency if it is a dollar.
    """
    if _SOLES.search(column[:MAX_NAME]):
        return "PEN"
    if dollar := numbers.dollar_in(column[:MAX_NAME]):
        return dollar
    if "$" in column and "usd" not in column.casefold():
        sign = column[max(0, column.index("$") - 2) : column.index("$") + 1].strip("([{ ").upper()
        return numbers.currency_code(sign if sign in numbers.SIGNS else "$", currency)
    if code == "RUB" and currency == "BYN" and "руб" in column.casefold():  # noqa: RUF001
        return currency
    if code == "JOD" and numbers.DIRHAM.search(column[:MAX_NAME]):
        return "AED"
    if code and code.casefold() not in column.casefold():  # `Rs.` is the rupee of several countries
        shared = next((codes for codes in numbers.SHARED_SIGNS.values() if code == codes[0] and currency in codes), ())
        return currency if shared or numbers.shared_word(fold(column), currency) else code
    if code or len(column) > MAX_NAME:
        return code
    match = _KRONA.search(column) or _CURRENCY_WORD.search(column.strip())
    word = (match[1] or match[2]).upper() if match else ""
    if word == "FR":  # `FR` without a point means France
        return None
    return numbers.currency_code(word, currency) if word.rstrip(".") in _CURRENCY_WORDS else None


def stated_currency(column: str) -> str | None:
    """Return the currency in the name of a price column, by its code, its sign or its word.

    Examples are `Mazumcena, EUR`, `Preus (€)`, `HKD 港幣`, `EUR brutto` and `Kč`. The rest of the name can be unknown.
    """
    if "¥" not in column and (sign := sign_in_name(column, "")):
        return sign
    if len(column) > MAX_NAME:
        return None
    codes = {match[1] for match in _STATED.finditer(column)}
    codes = codes or {code for code in _CODES.findall(column) if code not in _WORD_CODES or code == column.strip()}
    if codes:
        return codes.pop() if len(codes) == 1 else None
    words = [column.strip(), *re.split(r"[\s()\[\]/,:]+", column)]
    codes = {code for word in words if (code := _currency_of_word(word))}
    return codes.pop() if len(codes) == 1 else currency_before(column)


def is_bare_sign(name: str) -> bool:
    """Return whether the only currency in a name is a dollar sign, which several currencies share."""
    return (
        "$" in name and numbers.dollar_in(name[:MAX_NAME]) is None and stated_currency(name.replace("$", " ")) is None
    )


def _currency_of_word(word: str) -> str | None:
    """Return the currency that a word names. Ambiguous abbreviations, such as `FR` and `KM`, are ignored."""
    upper = word.upper()
    is_clear = not word.isascii() or upper in _CLEAR_WORDS
    code = numbers.currency_code(word, "") if is_clear and upper not in numbers.SHARED_SIGNS else None
    return code if len(word) > 1 else None


def _rated(
    columns: Columns, candidate: tuple[int, int, str | None], currency: str, known: PriceName | None
) -> PriceCandidate:
    rank, column, code = candidate
    header = columns.header[column]
    name = known or name_of_price(header) or listed_price(header) or PriceName("plain", currency_before(header))
    facts = columns[column]
    shown = " and ".join(quoted(example, 20) for example in facts.examples[:2])
    reasons = [f"the name {quoted(columns.header[column], 40)} means {KIND_TEXTS[name.kind]}"]
    is_bad = False
    if facts.rows and facts.is_empty:
        is_bad = True
        reasons.append("all its values are blank")
    elif facts.cells and share_of_amounts(facts) < 0.5 and len(facts.cells) > 1:
        is_bad = True
        reasons.append(f"values like {shown} are no prices")
    elif facts.cells and facts.share("is_zero") == 1:
        is_bad = True
        reasons.append("all its values are 0")
    elif facts.cells and all(cell.rstrip().endswith("%") for cell in facts.cells):
        is_bad = True
        reasons.append(f"values like {shown} are percentages")
    elif facts.cells:
        count = sum(value.is_number for value in facts.values)
        reasons.append(f"{count} of {len(facts.values)} values are numbers like {shown}")
    code = currency_in_name(header, code or name.currency, currency) or sign_in_name(header, currency)
    is_doubtful = name.is_solo and facts.rows > 0 and not any(MONEY.search(cell) for cell in facts.cells)
    is_doubtful = is_doubtful or _UNCLEAR_UNIT.search(_without_rate(header, name)) is not None
    is_doubtful = is_doubtful or (name.kind in TIERS and names_a_package(header))
    is_internal = name.kind in TIERS and internal_part(columns.header[column]) is not None
    kind: Kind = "purchase" if is_internal else name.kind  # `Customer price` is the price of one customer
    return PriceCandidate(column, name, kind, code, is_bad, rank, tuple(reasons), is_doubtful)


def _without_rate(column: str, name: PriceName) -> str:
    plain = plain_name(column)
    return without_rate(plain) if name.tax or name.names_tax else plain


def with_currencies(columns: Columns, sold: list[PriceCandidate], currency: str) -> list[PriceCandidate]:
    """Return the candidates with the currencies of their amounts, if several columns have different currency signs."""
    if len(sold) < 2:
        return sold
    codes = [one.currency or currency_of_cells(columns, one.column, currency) for one in sold]
    if len({code for code in codes if code}) < 2:
        return sold
    return [replace(one, currency=code) for one, code in zip(sold, codes, strict=True)]


def with_totals(columns: Columns, sold: list[PriceCandidate]) -> list[PriceCandidate]:
    """Add the columns of totals to the candidates.

    For example, `Precio total` is the price with tax if it is a little higher than `Precio base`.
    """
    sold_columns = {one.column for one in sold}
    totals = []
    for number, name in enumerate(columns.header):
        if number not in sold_columns and is_total(name) and not internal_part(name):
            bases = [one for one in sold if not one.is_bad and one.kind in ("plain", "net", "list")]
            if any(is_with_tax(columns, one.column, number) for one in bases):
                reasons = (f"{quoted(name, 40)} is the price with tax, because its values are a little higher",)
                totals.append(PriceCandidate(number, PriceName("gross"), "gross", None, reasons=reasons))
    return [*sold, *totals]


def with_named_tax(columns: Columns, sold: list[PriceCandidate]) -> list[PriceCandidate]:
    """Return the candidates. A price with tax is recognised by its values.

    For example, `PRICE_VAT` is a price with tax if it is a little higher than `PRICE`.
    """
    bases = [one for one in sold if not one.is_bad and not one.name.names_tax and one.kind in ("plain", "net")]
    return [
        replace(one, kind="gross")
        if one.kind == "plain" and one.name.names_tax and any(is_with_tax(columns, b.column, one.column) for b in bases)
        else one
        for one in sold
    ]
