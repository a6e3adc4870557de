"""Chooses the selling price if only the comparison of two columns shows which column is the selling price.

| columns                        | the price      | because                                                   |
|--------------------------------|----------------|-----------------------------------------------------------|
| `EP`, `VP`                     | `VP`           | `EP` is the purchase price, because it is lower           |
| `EP (CHF)`, `UVP`, `VP (CHF)`  | `VP (CHF)`     | the same, and `UVP` is only recommended                   |
| `Price per kg`, `Pack price`   | `Pack price`   | packs are sold; the price per kg is only for comparison   |
"""

import re
from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold, name_forms
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.prices.candidates import MAX_NAME, PriceCandidate
from wecelebrate.feeds.prices.compared import amount_of
from wecelebrate.feeds.prices.names import (
    NAMED_CURRENCIES,
    TAX_WORDS,
    TIERS,
    WITH,
    WITHOUT,
    PriceName,
    price_in_forms,
    price_name,
)
from wecelebrate.feeds.prices.plain_names import plain_name
from wecelebrate.feeds.prices.tiers import is_for_a_measure
from wecelebrate.feeds.vocabulary.folding import split_words
from wecelebrate.feeds.vocabulary.words import words

_PAIRS = (
    ("ep", "vp"), ("lep", "lvp"), ("aep", "avp"), ("ip", "vp"), ("kp", "vp"), ("kp", "sp"),
    ("pa", "pv"), ("pda", "pdv"), ("pc", "pv"), ("cp", "sp"), ("bp", "sp"), ("cp", "rp"), ("tp", "rp"), ("wsp", "rsp"),
    ("cz", "cs"), ("nc", "pc"), ("af", "sf"),
)  # fmt: skip
"""Abbreviations of the purchase price and the selling price: Einkaufspreis, prix d'achat, precio de compra."""
_UNCLEAR = ("ep", "ap")
"""Abbreviations with two meanings. `AP` is the Abgabepreis, which customers pay, or the Arbeitspreis of a service. If
`AP` is below a recommended price, it is the Abgabepreis.
"""
MAX_COLUMNS = 20
"""The maximum number of compared columns with the same abbreviation. A file with more columns has price lists."""
_LOW, _HIGH = (frozenset(pair[side] for pair in (*_PAIRS, _UNCLEAR)) for side in (0, 1))
_BESIDE = frozenset(NAMED_CURRENCIES).union(
    TAX_WORDS, WITH, WITHOUT, words("in gross brutto ttc net netto ht eur euro fr sfr inkl exkl each unit st stk")
)
"""Words in a name with an abbreviation that do not show who pays the price: the currency, and the tax."""
_PACKS = words(
    "pack packs packet bag bottle jar tin tub pouch packung packungs beutel flasche flaschen glas dose sachet "
    "paquet bouteille pot bocal boite envase bolsa botella bote paquete confezione busta bottiglia barattolo "
    "pacote embalagem garrafa frasco pak zak fles pot pakke pose flaske pase flaska burk paczka opakowanie "
    "butelka sloik baleni balicek lahev csomag zacsko uveg pakkaus pussi pullo пачка упаковку упаковка бутылка"
)
_BETWEEN = words("per pro par por je a za je/ na of de da del du des la le")


def sold_of_pair(
    columns: Columns, taken: Sequence[PriceCandidate], *, is_recommended: bool = False
) -> list[PriceCandidate]:
    """Return the selling prices of the only pair of columns, such as `EP` and `VP`, or `EP (CHF)` and `VP inkl. MWST`.

    `taken` are the candidates that are not selling prices. `is_recommended` says whether the file also has a
    recommended price.

    The result is empty if the file has no pair or several pairs, or if `taken` contains a column outside of the pair.
    """
    short: dict[str, list[int]] = {}
    for number, column in enumerate(columns.header):
        if (name := short_price(column)) and len(short.setdefault(name, [])) < MAX_COLUMNS:
            short[name].append(number)
    all_pairs = (*_PAIRS, _UNCLEAR) if is_recommended else _PAIRS
    paired = {name for pair in all_pairs if pair[0] in short and pair[1] in short for name in pair}
    amounts = {number: _amounts(columns, number) for name in paired for number in short[name]}
    pairs = [
        (pair, low, high)
        for pair in all_pairs
        for low in short.get(pair[0], ()) for high in short.get(pair[1], ())
        if _is_always_below(amounts[low], amounts[high])
    ]  # fmt: skip
    in_pairs = {number for _, low, high in pairs for number in (low, high)}
    if len({pair for pair, _, _ in pairs}) != 1 or any(one.column not in in_pairs for one in taken):
        return []
    sold = {high: low for _, low, high in pairs}
    return [_of_pair(columns, high, low) for high, low in sold.items()]


def unclear_pair(columns: Columns) -> list[PriceCandidate]:
    """Return the columns of a pair such as `EP` and `AP` whose second column can be the selling price."""
    numbers = [
        number for wanted in reversed(_UNCLEAR) for number, name in enumerate(columns.header)
        if len(name) <= MAX_NAME and "".join(split_words(name)) == wanted and _has_amounts(columns, number)
    ]  # fmt: skip
    if len(numbers) != len(_UNCLEAR) or not _is_always_below(*(_amounts(columns, at) for at in reversed(numbers))):
        return []
    return [PriceCandidate(number, PriceName("plain"), "plain", None) for number in numbers]


def _of_pair(columns: Columns, high: int, low: int) -> PriceCandidate:
    """Return the higher price of a pair, with the currency and the tax in its name."""
    column = columns.header[high]
    rest = re.sub(r"[^\W\d_]\.?[^\W\d_]{1,2}\b", "price", column.strip(), count=1)
    name = price_name(fold(plain_name(rest))) or PriceName("plain")
    name = name if name.kind in TIERS else PriceName("plain")
    reason = f"the column {columns.header[low]!r} beside it is always lower, and has the purchase price"
    return PriceCandidate(high, name, name.kind, name.currency, reasons=(reason,))


def short_price(column: str) -> str:
    """Return the abbreviation in the name of a price, such as `ep` in `E.P. (CHF)`, or ""."""
    if len(column) > MAX_NAME:
        return ""
    parts = [part for part in split_words(column) if part not in _BESIDE]
    joined = "".join(parts) if all(len(part) == 1 for part in parts) else parts[0] if len(parts) == 1 else ""
    return joined if joined in _LOW | _HIGH else ""


def can_be_a_selling_price(column: str) -> bool:
    """Return whether an abbreviation such as `VP` is a selling price in one language, but not in another language."""
    return short_price(column) in _HIGH


def packs_beside_measures(columns: Columns) -> list[PriceCandidate]:
    """Return the prices of a pack if the file also has the price of a measure.

    The price with tax comes first. The price of a measure is required, because a pack can contain several products.
    """
    if not any(is_for_a_measure(name) and _has_amounts(columns, number) for number, name in enumerate(columns.header)):
        return []
    packs = []
    for number, column in enumerate(columns.header):
        name = _name_without_pack(column) if internal_part(column) is None else None
        if name is not None and name.kind in TIERS and _has_amounts(columns, number):
            reason = "it is the price of the pack that is sold, beside the price of a measure"
            packs.append(PriceCandidate(number, name, name.kind, name.currency, reasons=(reason,)))
    gross = [one for one in packs if one.name.tax == "gross"] or [one for one in packs if one.name.tax is None]
    return gross if len(gross) == 1 else packs if len(packs) == 1 else []


def _name_without_pack(column: str) -> PriceName | None:
    """Return the meaning of a name such as `Pack Price (incl VAT)` without its word for a pack."""
    if len(column) > MAX_NAME or is_for_a_measure(column):
        return None
    parts = re.findall(r"[^\W_]+", column)
    plain = [part for part in parts if fold(part) not in _PACKS]
    if len(plain) == len(parts):
        joined = next((word for word in sorted(_PACKS, key=len, reverse=True) if fold(column).startswith(word)), None)
        plain = [fold(column)[len(joined) :]] if joined else []
    while plain and fold(plain[-1]) in _BETWEEN:
        plain.pop()
    name = " ".join(plain)
    form = price_in_forms(name_forms(name), name) if name else None
    return form[1] if form else None


def _has_amounts(columns: Columns, number: int) -> bool:
    facts = columns[number]
    return bool(facts.cells) and facts.share("is_number") > 0.5 and facts.share("is_zero") < 1


def _is_always_below(low: Sequence[float], high: Sequence[float]) -> bool:
    pairs = [(first, second) for first, second in zip(low, high, strict=True) if first and second]
    return bool(pairs) and all(first < second for first, second in pairs)


def _amounts(columns: Columns, number: int) -> list[float]:
    """Return the amount of each row, or 0 if a row has no amount."""
    return [amount_of(row[number] or "") if number < len(row) else 0.0 for row in columns.sample]
