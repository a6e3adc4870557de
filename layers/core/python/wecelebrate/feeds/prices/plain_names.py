"""Removes the parts of price column names that folding does not handle: tax rates, signs, packs and short forms."""

# ruff: noqa: RUF001

import re

from wecelebrate.feeds.prices.names import TAX_WORDS

MAX_RAW_NAME = 200
_CURRENCY_END = re.compile(
    r"(?<=[^\W\d_])(?:\s+[ií])?\s+(?:S?Fr\.|SFr|Rs\.?|kr\.?|(?:US|CA?|AU?|NZ|HK|S|MX|R)\$)$", re.IGNORECASE
)
"""The sign of a currency at the end of a name, as in `Price C$`. Words such as `zł` are in the vocabulary."""
_IN_CURRENCY = re.compile(
    r"(?<=[^\W\d_])\s+(?:i|í|in|w|v|u|na|în|në|σε|в|у|во)\s+"
    r"(?=(?:[A-Z]{3}|Kč|zł|zl|lei|Ft|KM|€|лв|лева|евро|евра|рубл\w*|гривн\w*|грн|денари|динар\w*|dinar\w*|eur\w+|"
    r"lekë|lekëve|ευρώ)\.?\)?(?:\s|$))"
)
"""Finds the preposition in names such as `Cena v Kč`."""
_TAX_WORD = f"(?:{'|'.join(sorted(TAX_WORDS))})"
_TAX_RATE = re.compile(
    rf"\d{{1,2}}(?:[.,]\d{{1,2}})?\s?%(?=\s?{_TAX_WORD}\b)"
    rf"|(?<=\b){_TAX_WORD}\W{{0,3}}\d{{1,2}}(?:[.,]\d{{1,2}})?\s?%",
    re.IGNORECASE,
)
_PLUS_TAX = re.compile(rf"\+(?=\s?{_TAX_WORD}\b)", re.IGNORECASE)
_SHORT_PRICE = re.compile(
    r"^\s*(?:p|pr|prc|prec|prz|px)(?:\.\s*|\s+)"
    r"(?=(?:[cs]\s?/\s?|con |sin |com |sem |ivato |avec |t\.?t\.?c|h\.?t\b|"
    r"(?:de )?(?:venta|vta|venda|vente|vendita|pub|publico|público|public|lista|menudeo|unit)\b))",
    re.IGNORECASE,
)
"""Finds a word for a price that is shortened to its first letters, as in `P. C/IVA`, `Pr. TTC` and `P. Vta`."""


_BUY_NOW = re.compile(r"^buy\s?it\s?now\b|^buyitnow(?=[A-Z])", re.IGNORECASE)
"""Words for the fixed price of an auction, which a customer pays. In contrast, `Buy price` is a purchase price."""
_JOINED_PRICE = re.compile(
    r"^\s*(?:prc|prec)(?=(?:venta|vta|compra|coste|costo|venda|custo|vendita|acq)\b)", re.IGNORECASE
)
"""Column names of databases such as `PRCVENTA` and `PRCCOMPRA`."""
_PER_PACK = re.compile(
    r"\s(?:per|pro|je|pr\.?|par|por|al|a|à|za)\s(?:pack|packet|bag|sachet|packung|päckchen|beutel|paquet|"
    r"paquete|bolsa|pacco|pacchetto|busta|confezione|pacote|saco|pak|zakje|pose|påse|paket|balení|sáček|"
    r"opakowanie|csomag)(?=$|[\s(,])",
    re.IGNORECASE,
)
"""A package that is one product, as in `Price per pack inc GST`. In contrast, a carton contains several products."""


def plain_name(column: str) -> str:
    """Return the name of a column without the parts that folding does not handle.

    The rate of a tax is removed: `Price incl. 19 % VAT` becomes `Price incl. VAT`. The sign of a currency is removed,
    as in `Preis Fr.`. An abbreviation becomes a word for a price, as in `P. C/IVA`.
    """
    column = _PER_PACK.sub(" ", column, count=1) if len(column) <= MAX_RAW_NAME else column
    column = _BUY_NOW.sub("sales", column, count=1) if len(column) <= MAX_RAW_NAME else column
    column = _JOINED_PRICE.sub("precio ", column, count=1) if len(column) <= MAX_RAW_NAME else column
    column = _SHORT_PRICE.sub("precio ", column, count=1) if len(column) <= MAX_RAW_NAME else column
    column = _IN_CURRENCY.sub(" ", column, count=1) if len(column) <= MAX_RAW_NAME else column
    column = _CURRENCY_END.sub("", column) if len(column) <= MAX_RAW_NAME else column
    text = _TAX_RATE.sub(lambda match: re.sub(r"[\d.,%]", "", match[0]), column[:MAX_RAW_NAME])
    return _PLUS_TAX.sub(" plus ", text) + column[MAX_RAW_NAME:]
