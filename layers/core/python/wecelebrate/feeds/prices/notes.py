"""Reads what a file says about all its prices outside of its rows: in titles and footers of a table, or around a list.

An example is `Alle Preise in CHF, netto` above a header. Further examples are the keys `currency` and `minorUnits` of
`{"currency": "EUR", "minorUnits": 2, "items": [...]}`. A column, a cell or a record overrides such a note.
"""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wecelebrate.core.types.normal_forms import without_marks
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.synonyms import SYNONYMS
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.prices.currency_titles import currencies_of_title
from wecelebrate.feeds.prices.names import NAMED_CURRENCIES, TAX_WORDS, WITH, WITHOUT, Kind
from wecelebrate.feeds.prices.tax_kinds import kinds_of_choice, says_for_some
from wecelebrate.feeds.prices.trade_words import is_trade_note
from wecelebrate.feeds.prices.unit_words import MINOR_UNITS, Scale
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.words import phrases, words

MAX_TITLE = 300
MAX_MEMBERS = 200
MAX_FOOTER = 10
"""The number of rows at the end of a file that are searched for notes."""
MIN_NOTE = 12
"""A text without a space that is shorter than this is not a note."""
MAX_TAX_NOTE = 8
"""The maximum number of words in a note about the tax."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What a file says about all its prices."""

    currency: str | None = None
    """The code, the sign or the name of the currency, as in the file."""
    kind: Kind | None = None
    """`gross` or `net`."""
    scale: Scale = 0
    """The number of decimals of amounts that are whole numbers: 2 for cents, and -3 for thousands."""
    is_scale_certain: bool = True
    """False if the number can also be the number of decimals that the shop shows."""
    shared_currencies: tuple[str, ...] = ()
    """The possible currencies if a title has a word that several currencies share, such as `pesos`."""
    is_mixed: bool = False
    """Whether `shared_currencies` are the currencies of different groups of products."""
    units: int = 1
    """The number of units that a price is for."""
    text: str = ""
    """The text of the note, for messages."""
    trade: str = ""
    """The text that says that the prices are dealer prices or purchase prices."""
    tax_choice: str = ""
    """The text of a form that offers prices with and without tax, if no box is ticked."""


NO_NOTES = Notes()

_CODE = "|".join(code.upper() for code in NAMED_CURRENCIES)
_TOKEN = (
    rf"(?P<token>(?-i:{_CODE})\b|€|US\$|[$£¥₹₽₺₩₴₫₪]|(?:swiss |schweizer )?(?:franken|francs suisses|francs)\b"
    r"(?! (?:cfa|pacifique|congolais|guin))|euros?\b"
    r"|(?:us[ -])?dollars?\b|pounds?(?: sterling)?\b|dólares\b|zł\b|kč\b)"
)
_ANY_CODE = re.compile(rf"\b(?:{re.sub('COP.|PEN.|PHP.|TRY.', '', _CODE)})\b")
_NAMES = {
    "franken": "CHF", "francs": "CHF", "francs suisses": "CHF", "swiss francs": "CHF", "schweizer franken": "CHF",
    "dollar": "$", "dollars": "$", "dólares": "$", "us dollar": "USD", "us dollars": "USD", "us-dollar": "USD",
    "us-dollars": "USD", "pound": "GBP", "pounds": "GBP", "pound sterling": "GBP", "pounds sterling": "GBP",
}  # fmt: skip
_PRICES = (
    r"(?:prices?|price ?list|preis(?:e|en|liste)?|prix|precios?|prezz[io]|listino|pre[çc]os?|prij(?:s|zen)|prijslijst"
    r"|pris(?:er|liste|lista)?|цен[аыу]?|cen[ya]|cennik|ceník|hinnat|árak|amounts?|beträge|tarifs?|lista de precios)"
)
_LABEL = r"(?:currency|currencies|w(?:ä|ae)hrung|devise|monnaie|moneda|divisa|valuta|munt|waluta|měna|moeda|valuutta)"
_SURE_TOKEN = re.sub(r"(?:COP|PEN|PHP|TRY)\|", "", _TOKEN)
"""The pattern without the currency codes that are also ordinary words."""
_BEFORE = _SURE_TOKEN.replace("token", "before")
_CURRENCY = (
    re.compile(rf"\b{_LABEL}\b\W{{0,5}}{_TOKEN}", re.IGNORECASE),
    re.compile(rf"\b{_PRICES}\b(?=.*?(?:\b(?:in|en|em|i|w|v|na)\s+|[(\[]\s*){_TOKEN})", re.IGNORECASE),
    re.compile(r"[(\[]\s*(?P<token>[€£₹₽₺₩₴₫₪฿₱₸₦])\s*[)\]]"),
    re.compile(rf"\b{_PRICES}\W{{0,3}}{_SURE_TOKEN}|{_BEFORE}[\s-]{{0,2}}{_PRICES}", re.IGNORECASE),
)
_HAS_PRICES = re.compile(rf"\b{_PRICES}\b", re.IGNORECASE)
_UNITS = re.compile(
    r"(?:\b(?:per|pro|je|par|por|pour|para|voor|för|for|pr\.?|za|na|за|cada|le|les|al|a)|/)\s*"
    r"(?P<units>1[., ']?000|\d{2,4})\s*"
    r"(?:$|[.,;)]|(?P<pieces>pcs?|pieces?|units?|ea|st|stk|stück|stueck|unités|pièces|unidades|uds|pezzi|pz|stuks|szt|ks|kusů|"
    r"kusov|db|darab|kpl|stykker|styck|stycken|stykk|peças|bucăți|buc|adet|шт|штук|個)\b)",
    re.IGNORECASE,
)
_ROUND = (10, 50, 100, 500, 1000)
_HUNDREDS = {
    **dict.fromkeys(phrases("hundred|hundert|cent|cento|ciento|cien|honderd|hundra|hundrede|hundre|sto|száz"), 100),
    **dict.fromkeys(
        phrases("thousand|tausend|mille|millier|mil|millar|duizend|tusen|tusind|tysiąc|tisíc|ezer|tuhat|тысячу"), 1000
    ),
    **dict.fromkeys(phrases(
        "dozen|dutzend|douzaine|docena|dozzina|dozijn|dúzia|dussin|dusin|tuzin|tucet|tucat|tusina|düzine|дюжину"
    ), 12),
}  # fmt: skip
_PER_WORD = re.compile(
    rf"\b(?:per|pro|je|par|por|au|le|la|al|il|za|pr\.?|för|for|voor|за|cada)\s+({'|'.join(_HUNDREDS)})\b", re.IGNORECASE
)
_IN_MINOR = re.compile(r"\b(?:in|en|em|i|w)\s+(?:(?:euro|us)[ -]?)?([^\W\d_]{2,12})\b", re.IGNORECASE)
_THOUSANDS = re.compile(
    r"\bin\s+(?:thousands|tausend|tsd|t€|teur|k€)(?!\w)|\bx\s?1[.,]?000\b|'000s?\b|\ben milliers\b|\bin migliaia\b|"
    r"\b(?:en )?miles de (?:pesos|euros)\b|\bezer (?:ft|forint)|\btys\.? ?(?:zł|pln)|\btis\.? ?kč|"
    r"\bтыс\.? ?руб|千円|\btkr\b",  # noqa: RUF001
    re.IGNORECASE,
)
_GROSS = words("ttc brutto gross bruttopreise bruttopreis ivato")
_INCLUDED = WITH | words("include includes enthalt")
_EXCLUDED = WITHOUT | words("exclude excludes +")
_NET = words("ht netto net nettopreise nettopreis netti")


_AT_START = _INCLUDED | _EXCLUDED | TAX_WORDS | words("all alle tous todos tutti values werte")


def notes_of_titles(rows: Iterable[Iterable[str | None]]) -> Notes:
    """Return what the rows above a header say about the prices."""
    notes = NO_NOTES
    for row in rows:
        title = " ".join(text for cell in row if cell and (text := " ".join(cell.split())))[:MAX_TITLE]
        notes = _of_title(title, notes) if title else notes
    return notes


def notes_of_groups(rows: Iterable[Sequence[str | None]], notes: Notes) -> Notes:
    """Complete the notes with the currency in rows such as `BAGS - prices in KES`, which have only one value.

    Such a row is above a group or above a second table, and not below all products. If the notes name several
    currencies, a question about the currency is asked.
    """
    named: dict[str, str] = {}
    above: dict[str, str] = {}
    for row in rows:
        filled = {text for cell in row if cell and (text := " ".join(cell.split()))}
        if len(filled) > 1:
            named, above = {**above, **named}, {}
        elif filled and _HAS_PRICES.search(text := filled.pop()):
            group = _of_title(text[:MAX_TITLE], NO_NOTES)
            above |= {code: text for code in (group.currency, *group.shared_currencies) if code}
    if not named or notes.shared_currencies:
        return notes
    if notes.currency:
        named = {notes.currency: notes.text, **named}
    codes, text = tuple(named), next(iter(named.values()))
    if len(codes) == 1:
        return replace(notes, currency=codes[0], text=notes.text or text)
    return replace(notes, currency=None, shared_currencies=codes, is_mixed=True, text=text)


def notes_of_footer(rows: Sequence[Sequence[str | None]], notes: Notes) -> Notes:
    """Complete the notes with the last rows of a file, such as `All prices in CHF` and `* excl. VAT`.

    These rows have at most two values, and the first value is a text. Titles above the header override the last rows.
    """
    combined = NO_NOTES
    for row in reversed(rows[-MAX_FOOTER:]):
        filled = [text for cell in row if cell and (text := " ".join(cell.split()))]
        if len(filled) > 2 or (filled and " " not in filled[0] and len(filled[0]) < MIN_NOTE):
            break
        combined = _of_title(" ".join(filled)[:MAX_TITLE], combined) if filled else combined
        if filled and not combined.kind and _is_tax_note(filled[0]) and (kind := _kind_of(filled[0])):
            combined = replace(combined, kind=kind, text=filled[0])
    return replace(
        notes,
        currency=notes.currency or (None if notes.is_mixed else combined.currency),
        shared_currencies=() if notes.currency else notes.shared_currencies or combined.shared_currencies,
        kind=notes.kind or combined.kind,
        scale=notes.scale or combined.scale,
        units=combined.units if notes.units == 1 else notes.units,
        text=notes.text or combined.text,
        trade=notes.trade or combined.trade,
        tax_choice=notes.tax_choice or ("" if notes.kind else combined.tax_choice),
    )


def _is_tax_note(text: str) -> bool:
    """Return whether a short note without a word for a price, such as `* excl. 19 % VAT`, is about the tax."""
    plain = without_marks(text.casefold())
    parts = re.findall(r"[^\W\d_]+", plain)
    return 1 < len(parts) <= MAX_TAX_NOTE and not TAX_WORDS.isdisjoint(parts) and parts[0] in _AT_START


def _of_title(title: str, notes: Notes) -> Notes:
    currencies = [_named(match) for pattern in _CURRENCY for match in pattern.finditer(title)]
    codes = {match[0] for match in _ANY_CODE.finditer(title)}
    if len(set(currencies)) == 1 and len(codes) < 2:  # `Prices in EUR or USD` does not name one currency
        notes = replace(notes, currency=currencies[0], shared_currencies=(), text=title)
    elif not currencies and len(codes) < 2 and (words_of := currencies_of_title(title)):
        is_certain = len(words_of) == 1
        notes = replace(
            notes,
            currency=words_of[0] if is_certain else notes.currency,
            shared_currencies=() if is_certain or notes.currency else words_of,
            text=title,
        )
    if is_trade_note(title):
        notes = replace(notes, trade=title)
    if not _HAS_PRICES.search(title):
        return notes
    kinds, ticked = kinds_of_choice(title)
    if len(kinds) > 1:
        notes = replace(notes, kind=ticked or notes.kind, tax_choice="" if ticked else title, text=title)
    elif says_for_some(title):
        notes = replace(notes, tax_choice=title, text=title)
    elif kind := _kind_of(title):
        notes = replace(notes, kind=kind, text=title)
    if units := _units_of(title):
        notes = replace(notes, units=units, text=title)
    elif match := _PER_WORD.search(title):
        notes = replace(notes, units=_HUNDREDS[match[1].casefold()], text=title)
    minor = [MINOR_UNITS[word] for match in _IN_MINOR.finditer(title) if (word := fold(match[1])) in MINOR_UNITS]
    if _THOUSANDS.search(title):
        notes = replace(notes, scale=-3, text=title)
    elif minor:
        notes = replace(notes, scale=minor[0], text=title)
    return notes


def _units_of(title: str) -> int | None:
    """Return the number of pieces in a text such as `per 100 pcs`. In contrast, `per 2026` is a year."""
    for match in _UNITS.finditer(title):
        units = int(re.sub(r"\D", "", match["units"]))
        if match["pieces"] or units in _ROUND:
            return units
    return None


def _named(match: re.Match[str]) -> str:
    groups = match.groupdict()
    token = groups.get("token") or groups.get("before") or ""
    return _NAMES.get(token.casefold(), token.upper())


def _kind_of(title: str) -> Kind | None:
    """Return the kind of prices if a title says whether taxes are included.

    For example, taxes are included in `inkl. MwSt. zzgl. Versand`.
    """
    plain = without_marks(title.casefold())
    parts = re.findall(r"[^\W\d_]+|\+", plain)
    kinds: set[Kind] = set()
    if not _GROSS.isdisjoint(parts):
        kinds.add("gross")
    if not _NET.isdisjoint(parts):
        kinds.add("net")
    for at, part in enumerate(parts):
        if part not in TAX_WORDS:
            continue
        before = next((word for word in reversed(parts[max(0, at - 3) : at]) if word in _INCLUDED | _EXCLUDED), None)
        after = next((word for word in parts[at + 1 : at + 3] if word in _INCLUDED | _EXCLUDED), None)
        if word := before or after:
            kinds.add("gross" if word in _INCLUDED else "net")
    return kinds.pop() if len(kinds) == 1 else None


_CURRENCY_KEYS = frozenset(SYNONYMS["currency"]) | words("basecurrency defaultcurrency shopcurrency storecurrency")
_SCALE_KEYS = words(
    "minorunits minorunit currencyminorunit currencyminorunits currencyexponent exponent priceexponent pricescale"
)
_DECIMAL_KEYS = words("decimals decimalplaces currencydecimals pricedecimals precision priceprecision fractiondigits")
_UNIT_KEY = re.compile(r"unit|price|amount|denomination|money|currency")
_IN_MINOR_KEY = re.compile(r"(?:in|as)(?:cents|minorunits?|minor|pence|subunits?)$")
_TAX_INCLUDED = re.compile(
    r"(?:tax|vat|gst|taxes|mwst)(?:es)?(?:included|inclusive|incl)$|includes?(?:tax|vat|taxes|gst)$"
)
_TAX_EXCLUDED = re.compile(
    r"(?:tax|vat|gst|taxes|mwst)(?:es)?(?:excluded|exclusive|excl)$|excludes?(?:tax|vat|taxes|gst)$"
)


def _translated_keys() -> Container[str]:
    """Return the words of other languages for "currency", such as `valiuta`. Some words also have other meanings."""
    return vocabulary().words("columns.currency")


def notes_of_members(members: Mapping[str, Any]) -> Notes:
    """Return what the JSON keys outside the list of products say about the prices.

    The keys of inner objects come last.
    """
    notes = NO_NOTES
    for name, value in sorted(list(members.items())[:MAX_MEMBERS], key=lambda item: item[0].count(".")):
        last, path = fold(name.rpartition(".")[2]), fold(".".join(name.split(".")[-2:]))
        text = f"{name}: {value}"[:100]
        is_true = str(value).casefold() == "true"
        is_translated = last in _translated_keys() and str(value).strip().casefold() in NAMED_CURRENCIES
        if is_translated or not {last, path}.isdisjoint(_CURRENCY_KEYS):
            if not notes.currency and isinstance(value, str) and value.strip():
                notes = replace(notes, currency=value.strip(), text=text)
        elif last in _SCALE_KEYS | _DECIMAL_KEYS:
            digits = str(value)
            if digits.isdecimal() and len(digits) <= 3 and int(digits) <= 6 and not notes.scale:
                notes = replace(notes, scale=int(digits), is_scale_certain=last in _SCALE_KEYS, text=text)
        elif is_true and _IN_MINOR_KEY.search(last):
            notes = replace(notes, scale="currency", text=text)
        elif str(value).casefold() in ("true", "false") and (_TAX_INCLUDED.search(last) or _TAX_EXCLUDED.search(last)):
            notes = replace(notes, kind="gross" if is_true == bool(_TAX_INCLUDED.search(last)) else "net", text=text)
        elif isinstance(value, str) and _UNIT_KEY.search(last):
            folded = fold(value[:40])
            if folded in MINOR_UNITS:
                notes = replace(notes, scale=MINOR_UNITS[folded], text=text)
            elif last in ("pricetype", "pricekind", "prices") and folded in _GROSS | _NET:
                notes = replace(notes, kind="gross" if folded in _GROSS else "net", text=text)
    return notes


def shown(notes: Notes) -> str:
    """Return the note in quotes, for the text of a reason."""
    return quoted(notes.text, 60)
