"""Finds the column that distinguishes products with the same name: the options, or a second line of the name.

| columns                      | the products                                             | the column               |
|------------------------------|----------------------------------------------------------|--------------------------|
| `Name`, `Variante`           | `Shirt` with `S / red`, and `Shirt` with `M / red`       | is a public attribute    |
| `Bez1`, `Bez2`               | `Candle` with `20 cm`, and `Candle` with `30 cm`         | is a warning             |

A second line can have any text, e.g. a supplier or a purchase price. So it is private, unless the settings name it in
`attributes`, and a warning proposes this. Options are public only while no cell has a private word or an amount. A
column that was public in an earlier file stays public, and its cells with such texts are left out.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.visibility import internal_part, private_part
from wecelebrate.feeds.items import Cells
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.warnings import Warnings

CODE = "second_name"
MAX_LENGTH = 120
MAX_EXAMPLES = 3
_NUMBER = re.compile(r"\W*[12i]{1,2}$|\W*(?:one|two)$", re.IGNORECASE)
_OPTIONS = frozenset(map(fold, (
    "variant", "variants", "variant name", "variant title", "variation", "variations", "options", "option",
    "attribute", "attributes", "model variant", "variante", "varianten", "variantenname", "ausführung",
    "ausprägung", "variationen", "merkmale", "attribut", "eigenschaften", "déclinaison", "déclinaisons", "variantes",
    "attributs", "caractéristiques", "variación", "variaciones", "opciones", "opción", "atributos", "opzioni",
    "opzione", "attributi", "variação", "variações", "opções", "grade", "opties", "optie", "attributen", "uitvoering",
    "valg", "egenskaber", "egenskaper", "utførelse", "udførelse", "utförande", "vaihtoehto", "variantti", "wariant",
    "warianty", "atrybuty", "opcje", "cechy", "varianta", "varianty", "vlastnosti", "provedení", "prevedenie",
    "kivitel", "változat", "tulajdonságok", "variantă", "opțiuni", "atribute", "varijanta", "varijacija", "izvedba",
    "različica", "variantas", "varyant", "seçenek", "seçenekler", "özellik", "nitelik", "вариант", "варианты",
    "характеристика", "характеристики", "модификация", "опции", "исполнение", "варіант", "модифікація", "вариация",
    "παραλλαγή", "επιλογές", "χαρακτηριστικά", "خيارات", "الخيارات", "متغير", "וריאציה", "אפשרויות", "thuộc tính",
    "biến thể", "phân loại", "varian", "variasi", "pilihan", "ตัวเลือก", "คุณสมบัติ", "バリエーション", "オプション", "規格",
    "规格", "規格型號", "规格型号", "属性", "選項", "选项", "옵션", "규격", "선택사항", "옵션값",
)))  # fmt: skip
"""Names of columns with the options of variants."""
_SECOND_LINES = frozenset(map(fold, (
    "version", "zusatz", "zusatztext", "zusatzbezeichnung", "bezeichnungszusatz", "namenszusatz", "complément",
    "désignation complémentaire", "libellé complémentaire", "desc adic", "descripción adicional", "presentación",
    "descrizione aggiuntiva", "descrição complementar", "omschrijving extra", "alternativ", "ملاحظات الخيار",
)))  # fmt: skip
"""Names of columns with a second line of the name. Their cells can have any text."""
_AMOUNT = re.compile(r"\d[.,]\d\d(?![\d.,]*\s?[^\W\d_])|[€$£¥₹]\s?\d|\d\s?[€£¥₹]|\b[A-Z]{3}\s?\d+[.,]\d")
"""A price in a text: `2,10`, `€ 3`. `2,50 m` is a measure."""
_BETWEEN_WORDS = re.compile(r"[\s\d!-/:-@\[-`{-~]+")


def find_second_names(plan: Plan, columns: Columns, earlier: Sequence[str]) -> None:
    """Find the column that distinguishes all products of the sample with the same name.

    `plan.second_name` becomes this column if it is public, and `plan.second_line` if it is private.

    `earlier` is the public column of the catalog's earlier file. It stays public, also if no names of a later file are
    equal. The columns of known properties, such as a size, are public in any case.
    """
    if not plan.name or not plan.sku or plan.parent:
        return
    used = {number for numbers in plan.field_columns.values() for number in numbers}
    remembered = [number for number, name in enumerate(columns.header) if number not in used and name in earlier]
    if remembered:
        plan.second_name = remembered[0]
        return
    same: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(columns.sample):
        if plan.name[0] < len(row) and (text := (row[plan.name[0]] or "").strip()):
            same[text].append(at)
    groups = [rows for rows in same.values() if len(rows) > 1]
    if not groups:
        return
    for number, name in enumerate(columns.header):
        is_option = fold(name) in _OPTIONS
        if number in used or columns[number].is_empty or internal_part(name) is not None:
            continue
        if not is_option and not _is_second_line(name, columns.header[plan.name[0]]):
            continue
        if all(_differ(columns, rows, number) for rows in groups):
            if is_option and not any(map(can_be_internal, columns[number].cells)):
                plan.second_name = number
            else:
                plan.second_line = number
            return


def warn_of_second_line(plan: Plan, sample: Sequence[Cells], warnings: Warnings) -> None:
    """Add a warning with examples if only a private column distinguishes products with the same name."""
    number = plan.second_line
    if number is None or number >= len(plan.header) or any(number == column for column, _ in plan.attributes):
        return
    for cell in Columns(plan.header, sample)[number].examples[:MAX_EXAMPLES]:
        warnings.add(CODE, plan.column_name(number), cell)


def can_be_internal(cell: str) -> bool:
    """Return whether a cell is a long text, or has a private word or an amount: `Lieferant Huber`, `EK 2,10`.

    Cells differ in each row, but their words repeat. So the words are looked up in pairs, which are cached.
    """
    if len(cell) > MAX_LENGTH or _AMOUNT.search(cell):
        return True
    tokens = [token for token in _BETWEEN_WORDS.split(cell) if token]
    return any(map(_is_private, tokens, [*tokens[1:], ""]))


@lru_cache(maxsize=8192)
def _is_private(word: str, following: str) -> bool:
    return private_part(f"{word} {following}") is not None


def _is_second_line(column: str, name: str) -> bool:
    """Return whether a name means a second line of the name: `Zusatz`, or `Bez2` beside `Bez1`."""
    if fold(column) in _SECOND_LINES:
        return True
    first, second = fold(_NUMBER.sub("", name)), fold(_NUMBER.sub("", column))
    return _NUMBER.search(column) is not None and bool(first) and first == second


def _differ(columns: Columns, rows: list[int], number: int) -> bool:
    texts = [(row[number] or "").strip() for at in rows if number < len(row := columns.sample[at])]
    return len(set(texts)) == len(rows)
