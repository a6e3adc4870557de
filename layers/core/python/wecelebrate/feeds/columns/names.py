"""Finds out which fields a column name can mean.

Names are compared in folded form: lower case, without accents, spaces and punctuation. `Art.-Nr.` becomes `artnr`. The
usual names are in `synonyms`. Names in many more languages are in `vocabulary`.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from itertools import islice

from wecelebrate.core.types.normal_forms import nfkc
from wecelebrate.feeds.columns.synonyms import FIELDS, INACTIVE_NAMES, SYNONYMS
from wecelebrate.feeds.columns.unit_names import price_unit_names, unit_in_name
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.prices.names import NAMED_CURRENCIES, TAX_WORDS
from wecelebrate.feeds.prices.plain_names import plain_name
from wecelebrate.feeds.prices.short_names import only_looks_like_price, price_of_name
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.folding import squeezed
from wecelebrate.feeds.vocabulary.words import words as listed

_PRICE_RANKS = {name: rank for rank, name in reversed(list(enumerate(SYNONYMS["price"])))}
_CURRENCY = re.compile(
    r"^(.+?)(?:in)?(" + "|".join(NAMED_CURRENCIES) + r")$|^(" + "|".join(NAMED_CURRENCIES) + r")(.+)$"
)
PUBLIC_FIELDS = frozenset(("name", "description", "category", "brand", "price", "images"))
"""Fields that are never read from a column whose name means an internal value, such as `Name (internal)`."""
_SIGNS = str.maketrans({"€": " eur ", "$": " usd ", "£": " gbp "})


@lru_cache(maxsize=8192)
def fold(name: str) -> str:
    """Fold a column name for comparison: `Größe (cm)` becomes `grossecm`."""
    return squeezed(name, _SIGNS)


_BRACKETS = str.maketrans("【】\u3014\u3015「」《》", "()()()()")
_LATIN_PART = re.compile(r"[a-z\u00c0-\u024f][a-z\u00c0-\u024f ._#-]*[a-z\u00c0-\u024f#]", re.IGNORECASE)


def _in_two_scripts(column: str) -> tuple[str, str] | None:
    """Divide a name such as `商品编码 SKU` into a part in Latin letters and a part in another script."""
    latin = _LATIN_PART.search(column[:100])
    if latin is None:
        return None
    rest = column[: latin.start()] + column[latin.end() :]
    return (latin[0], rest) if fold(rest) and not rest.isascii() and not _LATIN_PART.search(rest) else None


_QUALIFIER = re.compile(
    r"(?:dbo\.|public\.|t_|tbl_?)?(?:items?|products?|produkte?|produits?|productos?|prodotti|produtos?|articles?|artikel|"
    r"articulos?|articol[oi]|artigos?|materials?|parts?|variants?|calculated)"
    r"(?:[_ ]?(?:master|base|stamm|table|data|details|info|fields?))?(?:[_.]|\[|: )\s*(?=[^\W_]{2})",
    re.IGNORECASE,
)
"""Finds the name of a database table before a column name, for example in `Part_UnitPrice` and `Items[Name]`."""
_UNQUALIFIED = frozenset((
    "value", "amount", "type", "group", "class", "id", "nr", "no", "num", "number", "code", "text", "date", "level",
    "rate", "unit", "units", "count", "total", "sum",
))  # fmt: skip
"""Column names that are never separated from the name of their table, because their meaning would change. For example,
`Value` can be a price, but `Product_Value` is not.
"""


def _without_table(column: str) -> str:
    """Return the folded name of a column without the name of its table.

    The result is "" if the name contains no table, or if the remaining name is in `_UNQUALIFIED`.
    """
    match = _QUALIFIER.match(column)
    rest = fold(column[match.end() :]) if match else ""
    return "" if rest in _UNQUALIFIED else rest


_CONTAINER_WORDS = listed(
    "item items product products article articles artikel produkt produit producto prodotto material part master "
    "header "
    "detail details info information data general basic base core common main record node fields field attributes "
    "properties content location object entity line trade offers extension extensions publication"
)
_CONTAINERS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LAST_PARTS = frozenset(("code", "value", "text", "label"))


def _without_containers(path: str) -> list[str]:
    """Return the path of JSON or XML without the objects that only contain the product.

    For example, `ItemMasterHeader.Description` becomes `Description`. If a path ends with `Code` or a similar name, the
    path without this name is returned too. For example, `ItemStatus.Code` also becomes `ItemStatus`.
    """
    parts = path.split(".")
    while len(parts) > 1 and _is_container(parts[0]):
        del parts[0]
    paths = [".".join(parts)]
    return [*paths, ".".join(parts[:-1])] if len(parts) > 1 and parts[-1].casefold() in _LAST_PARTS else paths


@lru_cache(maxsize=1024)
def _is_container(part: str) -> bool:
    words = [word.casefold() for word in _CONTAINERS.findall(part[:100])]
    return bool(words) and "".join(words) == fold(part) and _CONTAINER_WORDS.issuperset(words)


MAX_ALTERNATIVES = 4
"""The maximum number of alternative names in a column name. A / separates these names, as in `Product Code/SKU`."""


@lru_cache(maxsize=8192)
def name_forms(column: str) -> tuple[str, ...]:
    """Return the folded forms of a column name. The first form is the complete name.

    Each of the other forms omits one or more of these parts:

    * remarks in brackets
    * `.0` in a JSON path, and the prefix `variants.`
    * a final 1, as in `Bezeichnung 1`
    * one of two names, as in `Product Code/SKU` and in `Артикул SKU`
    * the name of a database table, as in `Part_UnitPrice`
    """
    column = column if column.isascii() else nfkc(column).translate(_BRACKETS)
    column = plain_name(column)
    # Without the limit of 200 characters, each opening bracket would start a search to the end of the name.
    bare = re.sub(r"\([^)]{0,200}+\)|\[[^\]]{0,200}+\]", " ", column)
    path = re.sub(r"\.0(?=\.|$)", "", column)
    last = path.removeprefix("variants.")
    forms = [fold(form) for form in (column, bare, path, last)]
    forms += [form[:-1] for form in forms if form.endswith("1")]
    if unit := unit_in_name(column):
        forms.append(fold(column[: unit.start()]))
    elif "/" in bare and len(names := bare.split("/", MAX_ALTERNATIVES)) <= MAX_ALTERNATIVES:
        forms += [fold(name) for name in names]
    if not bare.isascii() and (scripts := _in_two_scripts(bare)):
        forms += [fold(name) for name in scripts]
    if "." in path and " " not in path:
        forms += [fold(form) for form in _without_containers(last)]
    without_table = _without_table(column)
    forms += [without_table, without_table[:-1] if without_table.endswith("1") else ""]
    return tuple(dict.fromkeys(form for form in forms if form))


COMPOSED_PRICE_RANK = 5_000
"""The rank of a price column whose name is not in SYNONYMS, but is composed of known words, such as `Netto-VK`."""
SOLO_PRICE_RANK = 7_000
"""The rank of a price column with a name such as `Sell` or `Retail`. Such a name does not identify the header row."""


_NO_AMOUNTS = frozenset((
    "minorunits", "minorunit", "currencyminorunit", "unit", "units", "currency", "code", "id", "type", "kind", "class",
    "rate", "percent", "percentage", "vatrate", "taxrate", "lang", "vatcode", "taxcode",
))  # fmt: skip
"""Keys in the JSON object of a price, and attributes of the XML element of a price. None of them contains an amount."""
_PATH_END = re.compile(r"[.@]([^.@]*)$")


WEAK_RANK = 20_000
"""The rank of a name that also means other things, such as `Web` and `Nr`. The values must fit the field."""
_VOCABULARY_RANK = 1_000


@cache
def _known_names() -> dict[str, dict[str, int]]:
    """For each field, map its possible folded names to their ranks."""
    fields: dict[str, dict[str, int]] = {field: {} for field in FIELDS}
    words = vocabulary()
    # A name such as `Online` can also be a value in a row of data. Therefore it is a weak name.
    values = words.words("values.yes", "values.no", "values.active", "values.inactive", "values.in_stock",
                         "values.out_of_stock", "values.few", "values.units")  # fmt: skip
    for table, target in _TABLES.items():
        field = "inventory_count" if target == "availability" else target
        start = WEAK_RANK if table.startswith("columns.weak") or target == "availability" else _VOCABULARY_RANK
        start = INACTIVE_RANK if table == "columns.inactive" else start
        ranks = {name: start + 10 * min(rank, 99) for name, rank in words.ranks(table).items()}
        if start < WEAK_RANK and field != "sku":
            ranks |= {name: ranks[name] - start + WEAK_RANK for name in ranks.keys() & values}
        _add_ranks(fields[field], ranks)
    for field, synonyms in SYNONYMS.items():
        _add_ranks(fields[field], {name: 10 * rank for rank, name in reversed(tuple(enumerate(synonyms)))})
    _add_ranks(fields["is_active"], dict.fromkeys(INACTIVE_NAMES, INACTIVE_RANK))
    return fields


def _add_ranks(known: dict[str, int], ranks: Mapping[str, int]) -> None:
    """Add the ranks of names. If a name already has a rank, the better rank is kept."""
    for name, rank in ranks.items():
        if known.setdefault(name, rank) > rank:
            known[name] = rank


INACTIVE_RANK = 10_000
_TABLES = {
    **{f"columns.{field}": field for field in FIELDS if field != "price"},
    "columns.gtin": "sku", "columns.foreign": "sku", "columns.key": "sku", "columns.inactive": "is_active",
    "columns.availability": "availability", "columns.in_stock": "availability",
    **{f"columns.weak.{field}": field for field in ("sku", "name", "inventory_count", "is_active")},
    "columns.weak.inactive": "is_active",
}  # fmt: skip
"""Maps each table of the vocabulary that contains column names to the field of these names."""


@cache
def inactive_names() -> frozenset[str]:
    """Return the folded names that mean the opposite of `is_active`."""
    return INACTIVE_NAMES.union(vocabulary().words("columns.inactive", "columns.weak.inactive"))


def is_weak(rank: int) -> bool:
    """Return whether a rank belongs to a weak name: a name that can also mean other things."""
    return rank >= WEAK_RANK


MAX_COLUMN_NAME = 1_000
"""A column whose name is longer than this is not assigned to a field. The limit bounds the time for names that become
longer when folded."""


@lru_cache(maxsize=8192)
def field_candidates(column: str) -> tuple[tuple[str, int, str | None], ...]:
    """Return the fields that a column name can mean, as `(field, rank, currency)`. A lower rank means a better match.

    The rank is 10 × the name's position in SYNONYMS, plus the position of the matching form in `name_forms`.
    """
    if len(column) > MAX_COLUMN_NAME:
        return ()
    candidates: dict[str, tuple[str, int, str | None]] = {}
    is_internal = internal_part(column) is not None
    names_by_field = _known_names()
    for form_rank, form in enumerate(name_forms(column)):
        for field, ranks in names_by_field.items():
            if form in ranks and field not in candidates and not (is_internal and field in PUBLIC_FIELDS):
                candidates[field] = (field, ranks[form] + form_rank, None)
        if "price" not in candidates and not is_internal and (match := _CURRENCY.match(form)):
            stem, currency = match[1] or match[4], match[2] or match[3]
            if stem in _PRICE_RANKS:
                candidates["price"] = ("price", _PRICE_RANKS[stem] * 10 + form_rank, currency.upper())
    if only_looks_like_price(column):
        candidates.pop("price", None)
    end = _PATH_END.search(column)
    is_rate = end is not None and column[end.start()] == "@" and fold(end[1]) in TAX_WORDS  # `precios.venta@iva`
    is_no_amount = is_rate or (end is not None and fold(end[1]) in _NO_AMOUNTS)
    is_no_price = is_no_amount or "price" in candidates or price_unit_names().intersection(name_forms(column))
    if not is_no_price and (found := price_of_name(name_forms(column), column)):
        form_rank, name = found
        rank = SOLO_PRICE_RANK if name.is_solo else COMPOSED_PRICE_RANK
        candidates["price"] = ("price", rank + form_rank, name.currency)
    return tuple(candidates.values())


def is_inverse(column: str) -> bool:
    """Return whether the column means the opposite of `is_active`."""
    return not inactive_names().isdisjoint(name_forms(column)) or _is_abbreviated_inverse(column)


MIN_ABBREVIATION = 3
MAX_ABBREVIATION = 12


@lru_cache(maxsize=8192)
def abbreviated_fields(column: str) -> tuple[str, ...]:
    """Return the fields of numbers or states that an abbreviation such as `Zal.` or `Sosp.` can mean.

    The values of the column must fit the field. A text field is never read from a column with an abbreviated name,
    because its texts can become public.
    """
    prefix = _abbreviation(column)
    names = _known_names() if prefix else {}
    return tuple(
        field for field in ("inventory_count", "is_active")
        if any(name.startswith(prefix) for name in names.get(field, ()))
    )  # fmt: skip


def _abbreviation(column: str) -> str:
    """Return the letters of an abbreviation with a dot, or "" for any other name."""
    text = column.strip()
    letters = fold(text) if len(text) <= MAX_ABBREVIATION and text.endswith(".") else ""
    return letters if len(letters) >= MIN_ABBREVIATION and letters.isalpha() and " " not in text else ""


@lru_cache(maxsize=8192)
def _is_abbreviated_inverse(column: str) -> bool:
    if not (prefix := _abbreviation(column)) or internal_part(column) is not None:
        return False
    names = _known_names()["is_active"]
    states = {name in inactive_names() for name in names if name.startswith(prefix)}
    return states == {True}


MAX_HEADER_CELLS = 300
"""How many cells at the start of a row are checked. These cells are enough to recognise a header."""


def count_known_columns(cells: Iterable[str], also: frozenset[str] = frozenset()) -> int:
    """Count the cells that contain a usual column name, or one of the folded names in `also`.

    Weak names do not count, because rows of data contain them too.
    """
    first = islice(cells, MAX_HEADER_CELLS)
    return sum(1 for cell in first if len(cell) <= 100 and (_is_clear(cell) or (also and fold(cell) in also)))


@lru_cache(maxsize=8192)
def _is_clear(cell: str) -> bool:
    return any(
        not is_weak(rank) and (field != "price" or rank < SOLO_PRICE_RANK) for field, rank, _ in field_candidates(cell)
    )
