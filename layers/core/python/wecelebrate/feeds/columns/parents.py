"""Finds the column in which a variant names the SKU of its product, such as `Parent SKU` and `Código Pai`.

The name of the column must contain a word for a parent, and the column must contain SKUs of other rows. If a cell of a
variant is blank, the variant gets the value of its parent (`rows.parents`).
"""

import re
from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.vocabulary.words import words

MAX_NAME = 40
_PARENT = (
    r"(?:parent|master|vater|eltern|ubergeordnete[rs]?|uebergeordnete[rs]?|pere|principal|padre|genitore|pai|"
    r"hoofd|bovenliggend|foraldr[ae]r?|overordnet|rodzic|nadrzedn[yae]|nadrazen[yae]|nadraden[yae]|rodic|szulo|parinte|"
    r"родител[ья]|родительски[ий]|ana|ust|親|父|상위|모)"
)
_WHOSE = (
    r"(?:sku|code|id|no|nr|num|number|nummer|ref|reference|item|itemno|itemnumber|itemcode|itemid|product|"
    r"productid|productcode|productsku|article|artikel|artikelnummer|artikelnr|produkt|produit|produto|prodotto|"
    r"producto|codigo|cod|codice|kod|kodu|cikkszam|артикул|код|товар|товара|urun|urunkodu|商品コード|商品番号|商品|상품코드|상품)"
)
_NAME = re.compile(rf"{_WHOSE}?(?:do|del|de|du|des)?{_PARENT}{_WHOSE}?|variant(?:e)?(?:of|von)|elterntyp")
_NOT = words("category kategorie categoria categorie kategori account company customer warehouse location")
_BARE = words("master principal ana ust 모")
"""Words that also have other meanings, for example in `master carton` and `main image`. A name with such a word must
also contain a word for a product or a product number.
"""
MIN_SHARE = 0.5
"""At least this share of the values must be SKUs of the file."""
MIN_PARENTS = 1


def parent_column(columns: Columns, sku: int, earlier: Sequence[str] = ()) -> int | None:
    """Return the column with the SKUs of the parents, or None.

    `earlier` are the columns that contained the parents in the catalog's previous file. They are used if this file is a
    delta that contains variants without their parents.
    """
    skus = {text for row in columns.sample if sku < len(row) and (text := (row[sku] or "").strip())}
    for number, name in enumerate(columns.header):
        if number == sku or len(name) > MAX_NAME or not _NAME.fullmatch(fold(name)) or internal_part(name):
            continue
        if _NOT.intersection(name.casefold().split()) or fold(name) in _BARE:
            continue
        if name in earlier:
            return number
        pairs = [
            (text, (row[sku] or "").strip())
            for row in columns.sample
            if max(number, sku) < len(row) and (text := (row[number] or "").strip()) and text != "0"
        ]
        named = [parent for parent, own in pairs if parent in skus and parent != own]
        if len(set(named)) >= MIN_PARENTS and len(named) >= MIN_SHARE * sum(parent != own for parent, own in pairs):
            return number
    return None


def are_sold(columns: Columns, sku: int, parent: int, stocks: list[int]) -> bool:
    """Return whether parents with a price are sold as products.

    If the stocks of all parents are blank or 0, and a variant has a stock, the parents only group their variants.
    """
    parents = {text for row in columns.sample if parent < len(row) and (text := (row[parent] or "").strip())}
    rows = [row for row in columns.sample if max(sku, parent, *stocks) < len(row)] if stocks else []
    of_parents = [row for row in rows if (row[sku] or "").strip() in parents and not (row[parent] or "").strip()]
    others = [row for row in rows if (row[parent] or "").strip()]
    is_stocked = any(has_stock(row[number]) for row in of_parents for number in stocks)
    return not of_parents or is_stocked or not any(has_stock(row[number]) for row in others for number in stocks)


def has_stock(cell: str | None) -> bool:
    """Return whether a cell states at least one piece."""
    return any(char.isdigit() and char != "0" for char in cell or "")


_OPTIONS = re.compile(r"[^\W\d_][^:;=|]{0,39}:[^:;|]{1,80}(?:;\s?[^\W\d_][^:;=|]{0,39}:[^:;|]{1,80}){0,5}")


def names_list_options(columns: Columns, name: int, parent: int) -> bool:
    """Return whether the names of all variants are only lists of options, such as `Cor:Azul;Tamanho:P`."""
    rows = [row for row in columns.sample if max(name, parent) < len(row) and (row[parent] or "").strip()]
    return bool(rows) and all(_OPTIONS.fullmatch((row[name] or "").strip()) for row in rows)


def options_in(name: str) -> list[tuple[str, str]]:
    """Return the options in a name, each with its value. The result is empty if the name is not a list of options."""
    if not _OPTIONS.fullmatch(name.strip()):
        return []
    pairs = (part.partition(":") for part in name.split(";"))
    return [(option.strip(), value.strip()) for option, _, value in pairs]
