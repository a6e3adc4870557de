"""Decides the decimal separators of a file: of its prices and of its quantities."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.items import Cells, Rejected
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.notation.decimals import DecimalStyle, Hints, decide_style
from wecelebrate.feeds.notation.shapes import Separator, Tally
from wecelebrate.feeds.plan.plan import Plan
from wecelebrate.feeds.tables.table import Table
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.words import words

FIRST_ROWS = 500
"""The number of sample rows that are examined first. If these rows do not show the separator, all rows are read."""
STANDARDS = frozenset(("bmecat", "ubl catalogue", "gs1 gdsn", "cxml index", "onix"))
"""Profiles whose documents define the decimal point: BMEcat (dtNUMBER), UBL and GDSN (xsd:decimal), cXML (number)."""
POINT_CURRENCIES = frozenset((
    "USD", "GBP", "CHF", "AUD", "CAD", "NZD", "HKD", "SGD", "MXN", "INR", "JPY", "CNY", "KRW", "ILS", "THB", "PHP",
    "MYR", "AED", "SAR", "EGP", "PKR", "LKR", "NGN", "KES", "TWD", "PEN", "DOP", "GTQ",
))  # fmt: skip
"""Currencies of countries that write a decimal point. Source: Unicode CLDR 45, main/*/numbers."""

_CODES = re.compile(
    r"hscode|tariff|zoll|taric|commodity|customs|warencode|statist|eclass|etim|unspsc|gpc|code|nummer|number|(?:nr|no|id)$"
    r"|ean|gtin|upc|isbn|barcode|date|datum|fecha|version|phone|telefon|zip|plz|ref|sku"
)
_POINT_WORDS = words(
    "name title brand price description quantity qty stock weight category material color colour size productname "
    "itemname unitprice saleprice salesprice retailprice listprice netprice grossprice manufacturer image active "
    "enabled"
)
_COMMA_WORDS = words(
    "preis vk vkpreis bezeichnung artikelnummer artikelnr bestand lagerbestand gewicht hersteller farbe marke "
    "kategorie warengruppe beschreibung bild grosse verkaufspreis bruttopreis nettopreis einheit menge prix "
    "designation libelle reference couleur poids marque categorie quantite taille precio descripcion nombre peso "
    "existencias talla prezzo descrizione nome giacenza quantita colore taglia preco descricao estoque cor tamanho "
    "prijs omschrijving voorraad gewicht kleur naam merk pris varenavn varenummer lagerantal vekt vikt farge navn "
    "namn benamning artikelnamn hinta nimi tuotenimi varasto cena nazwa opis ilosc waga kolor rozmiar nazev popis "
    "barva mnozstvi ar nev keszlet leiras pret denumire cantitate fiyat urun stok"
)


_LONG_COMMA_WORDS = tuple(word for word in _COMMA_WORDS if len(word) > 3)


@dataclass(slots=True)
class FileNumbers:
    """How the numbers of a file are written."""

    price: DecimalStyle
    stock: DecimalStyle

    @property
    def mark(self) -> Separator | None:
        return self.price.mark or self.stock.mark

    @property
    def remembered(self) -> tuple[str, ...]:
        """Values such as `1.250` that are read with the separator of the catalog's previous file."""
        return self.price.remembered or self.stock.remembered


def decide_numbers(plan: Plan, table: Table, setting: str | None, earlier: str | None, currency: str) -> FileNumbers:
    """Decide the decimal separators. If the sample does not show the separators, read all rows of the file."""
    hints = Hints(
        setting,
        earlier,
        bool(plan.profile and plan.profile.name in STANDARDS),
        header_language(table.header, next((price.currency for price in plan.prices if price.currency), currency)),
        is_in_letters_without_decimal_comma(table.header),
    )
    counts = _Counts(plan, currency)
    counts.add(row for row, _ in zip(table.sample, range(FIRST_ROWS), strict=False))
    style = _decide(counts, plan, table, hints)
    if setting is None and (_is_open(style.price, plan.prices) or _is_open(style.stock, plan.inventory)):
        counts = _Counts(plan, currency)
        counts.add(_every_row(table))
        style = _decide(counts, plan, table, hints)
    return style


def _is_open(style: DecimalStyle, columns: Sequence[object]) -> bool:
    """Return whether the sample does not show the decimal separator, but other rows of the file could show it."""
    return bool(columns) and style.by in ("nothing", "language")


class _Counts:
    """Counts how the prices and the quantities of a file are written."""

    def __init__(self, plan: Plan, currency: str) -> None:
        self._plan, self._default = plan, currency
        self.prices, self.stock = Tally(), Tally()
        self._code = lru_cache(maxsize=256)(lambda cell: numbers.currency_code(cell, currency) or currency)

    def add(self, rows: Iterable[Cells]) -> None:
        prices = [(price.column, price.currency, price.currency_column) for price in self._plan.prices]
        stock = self._plan.inventory
        for row in rows:
            width = len(row)
            for column, named, code_column in prices:
                if column < width and (cell := row[column]) and not cell.isspace():
                    self.prices.add(cell, named or self._currency(row, cell, code_column))
            for column in stock:
                if column < width and (cell := row[column]) and not cell.isspace():
                    self.stock.add(cell)

    def _currency(self, row: Cells, cell: str, code_column: int | None) -> str:
        column = self._plan.currency if code_column is None else code_column
        if column is not None and column < len(row) and (code := row[column]):
            return self._code(code)
        sign = re.sub(r"[\d\s.,'\u2019+-]+", "", cell[: numbers.MAX_NUMBER_LENGTH])
        return self._code(sign) if sign else self._default


def _decide(counts: _Counts, plan: Plan, table: Table, hints: Hints) -> FileNumbers:
    price_name = " or ".join(plan.column_name(price.column) for price in plan.prices[:1])
    stock_name = " or ".join(plan.column_name(column) for column in plan.inventory[:1])
    others = _other_columns(plan, table) if counts.prices.is_unclear or counts.stock.is_unclear else []
    price = decide_style(counts.prices, [counts.stock, *others], hints, price_name, "money")
    if price.mark and price.question is None and hints.setting is None:
        hints = Hints(None, price.mark, hints.is_standard, hints.language, hints.never_comma)
    stock = decide_style(counts.stock, [counts.prices, *others], hints, stock_name, "other")
    if stock.by == "memory" and price.by != "memory":
        stock.by, stock.reason, stock.remembered = price.by, price.reason, ()
    if price.question is not None:
        stock.question = None
    return FileNumbers(price, stock)


def _other_columns(plan: Plan, table: Table) -> list[Tally]:
    """Return the counts of other numeric columns, such as weights. Columns with codes (`HS code`) are left out."""
    used = {column for columns in plan.field_columns.values() for column in columns}
    columns = Columns(table.header, table.sample)
    tallies = []
    for number, name in enumerate(table.header):
        if number in used or _CODES.search(fold(name)):
            continue
        facts = columns[number]
        if facts.cells and facts.share("is_number") > 0.9:
            tally = Tally()
            for cell in facts.cells:
                tally.add(cell)
            tallies.append(tally)
    return tallies


def _every_row(table: Table) -> Iterator[Cells]:
    if table.read_again is None:
        yield from table.sample
        return
    for row in table.read_again():
        if not isinstance(row, Rejected):
            yield row[1]


def header_language(header: Iterable[str], currency: str) -> Separator | None:
    """Return the decimal separator of the header's language, or None if the header does not show a language."""
    names = [fold(name) for name in header]
    separators = _separators()
    comma = sum(
        name in _COMMA_WORDS or name.startswith(_LONG_COMMA_WORDS) or separators.get(name) == "," for name in names
    )
    point = sum(name in _POINT_WORDS or separators.get(name) == "." for name in names)
    if comma > point:
        return None if currency in POINT_CURRENCIES else ","
    return "." if point > comma else None


def is_in_letters_without_decimal_comma(header: Iterable[str]) -> bool:
    """Return whether most letters of a header are in scripts of countries that never write a decimal comma.

    Source: Unicode CLDR 45, main/*/numbers, of Japan, China, Taiwan, Korea, Thailand, Israel, India and neighbours.
    """
    letters = [char for name in header for char in name[:MAX_LETTERS] if char.isalpha()][:MAX_LETTERS]
    return bool(letters) and 2 * sum(map(bool, map(_WITHOUT_COMMA.match, letters))) > len(letters)


_WITHOUT_COMMA = re.compile(
    "[\u0590-\u05ff\u0900-\u0dff\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uff66-\uff9f]"
)
"""Letters of Hebrew, of the languages of India and Sri Lanka, of Thai, Korean, Japanese and Chinese."""
MAX_LETTERS = 300


@cache
def _separators() -> dict[str, str]:
    """Map column names to the decimal separator of their language. Names with different separators are left out."""
    known, separators = vocabulary(), dict[str, set[str]]()
    for table in _NAME_TABLES:
        for name, languages in known.words(table).items():
            separators.setdefault(name, set()).update(known.decimals[language] for language in languages)
    return {name: marks.pop() for name, marks in separators.items() if len(marks) == 1}


_NAME_TABLES = tuple(f"columns.{name}" for name in ("sku", "name", "description", "category", "inventory_count"))
