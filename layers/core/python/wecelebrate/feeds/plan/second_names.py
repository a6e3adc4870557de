"""Finds the column that distinguishes products with the same name: a second line of the name, or the options.

| columns                      | the products                                                            |
|------------------------------|-------------------------------------------------------------------------|
| `Bez1`, `Bez2`               | `Candle` with `20 cm`, and `Candle` with `30 cm`                        |
| `Name`, `Variante`           | `Shirt` with `S / red`, and `Shirt` with `M / red`                      |

This column becomes a public attribute, because a customer could not distinguish the products without it.
"""

import re
from collections import defaultdict

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.plan.model import Plan

MAX_LENGTH = 120
_NUMBER = re.compile(r"\W*[12i]{1,2}$|\W*(?:one|two)$", re.IGNORECASE)
_OPTIONS = frozenset(map(fold, (
    "variant", "variants", "variant name", "variant title", "variation", "variations", "options", "option",
    "attribute", "attributes", "version", "model variant", "variante", "varianten", "variantenname", "ausführung",
    "ausprägung", "variationen", "merkmale", "attribut", "attribute", "eigenschaften", "zusatz", "zusatztext",
    "zusatzbezeichnung", "bezeichnungszusatz", "namenszusatz", "déclinaison", "déclinaisons", "variantes", "attributs",
    "caractéristiques", "complément", "désignation complémentaire", "libellé complémentaire", "variación", "opciones",
    "opción", "atributos", "desc adic", "descripción adicional", "presentación", "opzioni", "opzione", "attributi",
    "descrizione aggiuntiva", "variação", "variações", "opções", "grade", "descrição complementar", "opties", "optie",
    "attributen", "uitvoering", "omschrijving extra", "valg", "egenskaber", "egenskaper", "alternativ", "utførelse",
    "udførelse", "utförande", "vaihtoehto", "variantti", "wariant", "warianty", "atrybuty", "opcje", "cechy",
    "varianta", "varianty", "vlastnosti", "provedení", "změna", "prevedenie", "kivitel", "változat", "tulajdonságok",
    "variantă", "opțiuni", "atribute", "varijanta", "varijacija", "izvedba", "različica", "variantas", "variants",
    "variant", "varyant", "seçenek", "seçenekler", "özellik", "nitelik", "вариант", "варианты", "характеристика",
    "характеристики", "модификация", "опции", "исполнение", "варіант", "характеристика", "модифікація", "вариация",
    "παραλλαγή", "επιλογές", "χαρακτηριστικά", "ملاحظات الخيار", "خيارات", "الخيارات", "متغير", "וריאציה", "אפשרויות",
    "thuộc tính", "biến thể", "phân loại", "varian", "variasi", "pilihan", "ตัวเลือก", "คุณสมบัติ", "バリエーション",
    "オプション", "規格", "规格", "規格型號", "规格型号", "属性", "選項", "选项", "옵션", "규격", "선택사항", "옵션값",
)))  # fmt: skip
"""Names of columns with the options of variants."""


def second_name(plan: Plan, columns: Columns) -> int | None:
    """Return the column that distinguishes all products of the sample that have the same name, or None.

    The name of the column must be a second name or a word for options. The columns of known properties, such as a size,
    are public in any case.
    """
    if not plan.name or not plan.sku or plan.parent:
        return None
    same: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(columns.sample):
        if plan.name[0] < len(row) and (text := (row[plan.name[0]] or "").strip()):
            same[text].append(at)
    groups = [rows for rows in same.values() if len(rows) > 1]
    if not groups:
        return None
    used = {number for numbers in plan.field_columns.values() for number in numbers}
    for number, name in enumerate(columns.header):
        cells = columns[number].cells
        if (
            number not in used and cells and _distinguishes(name, columns.header[plan.name[0]])
            and internal_part(name) is None and max(map(len, cells)) <= MAX_LENGTH
            and all(_differ(columns, rows, number) for rows in groups)
        ):  # fmt: skip
            return number
    return None


def _distinguishes(column: str, name: str) -> bool:
    """Return whether a name means options, or a second line of the name, such as `Bez2` if the file has `Bez1`."""
    if fold(column) in _OPTIONS:
        return True
    first, second = fold(_NUMBER.sub("", name)), fold(_NUMBER.sub("", column))
    return _NUMBER.search(column) is not None and bool(first) and first == second


def _differ(columns: Columns, rows: list[int], number: int) -> bool:
    texts = [(row[number] or "").strip() for at in rows if number < len(row := columns.sample[at])]
    return len(set(texts)) == len(rows)
