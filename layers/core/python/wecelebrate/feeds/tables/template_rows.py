"""Recognises rows below the header of a template: names of fields, instructions, units and examples.

| row                                                 | meaning                                                      |
|-----------------------------------------------------|--------------------------------------------------------------|
| `item_sku`, `item_name`, `standard_price`           | Amazon: the names of the fields, below the labels            |
| `Mandatory`, `Optional`, `Conditional Mandatory`    | Shopee, Lazada, Walmart, OTTO: which cells are required      |
| `Max 255 characters`, `Enter a number`, `String`    | the allowed content of a cell                                |
| `pcs`, `EUR`, `kg`                                  | the units of the columns                                     |
| `Example`, `e.g. ABC-123`                           | an example                                                   |
"""

import re
from collections.abc import Callable, Sequence

from wecelebrate.feeds.columns.names import field_candidates, fold
from wecelebrate.feeds.prices.names import NAMED_CURRENCIES
from wecelebrate.feeds.vocabulary.words import phrases, words

MAX_ROWS = 6
"""The maximum number of rows below the header that are searched."""
MIN_CELLS = 2
MOST = 0.5
"""The minimum share of instructions among the filled cells of a row."""
MIN_KNOWN = 2
MIN_LABELS = 3
MIN_LABELS_SHARE = 0.7
"""In a row of labels, at least this share of the cells are usual names of columns."""
MAX_LENGTH = 1_000
MAX_LABEL_LENGTH = 60

_FIELD_NAME = re.compile(r"[a-z][a-z0-9]*(?:[_.#-][a-z0-9]+)*|[a-z]+(?:[A-Z][a-z0-9]*)+")
_DIGIT = re.compile(r"\d")
_DIVIDED = re.compile(r"[_.#]|[a-z][A-Z]")
_DEGREES = frozenset(map(fold, phrases(
    "mandatory|optional|required|not required|recommended|preferred|conditional|conditionally required|desired|"
    "conditional mandatory|conditionally mandatory|must fill|must have|nice to have|read only|yes/no|"
    "not editable|do not edit|not applicable|editable|locked|read-only|nicht editierbar|nicht bearbeitbar|"
    "nicht änderbar|schreibgeschützt|non modifiable|modifiable|no editable|no modificar|solo lectura|non modificabile|"
    "sola lettura|não editável|somente leitura|niet bewerkbaar|alleen lezen|nie edytować|tylko do odczytu|"
    "не редактируется|编辑不可|不可编辑|不可編輯|編集不可|수정 불가|düzenlenemez|không thể chỉnh sửa|"
    "pflicht|pflichtfeld|pflichtangabe|optionales feld|empfohlen|bedingt|kann|muss|muss-feld|kann-feld|"
    "obligatoire|facultatif|optionnel|recommandé|conditionnel|obligatorio|opcional|recomendado|condicional|"
    "obbligatorio|facoltativo|opzionale|consigliato|obrigatório|verplicht|optioneel|aanbevolen|obligatoriskt|valfritt|"
    "obligatorisk|valgfri|valgfritt|pakollinen|valinnainen|wymagane|opcjonalne|obowiązkowe|povinné|nepovinné|volitelné|"
    "kötelező|opcionális|zorunlu|isteğe ba\u011fl\u0131|обязательно|необязательно|обязательное|необязательное|"
    "必須|任意|推奨|必填|选填|選填|非必填|필수|선택|wajib|tidak wajib|bắt buộc|không bắt buộc|"
    "string|text|number|numeric|integer|int|decimal|float|double|boolean|bool|date|datetime|alphanumeric|varchar|url|"
    "enum|dropdown|drop-down|free text|zahl|ganzzahl|dezimalzahl|datum|texte|nombre|número|numero|testo|tekst|getal|"
    "文字列|数値|半角英数字|全角|文本|数字"
)))  # fmt: skip
_EXAMPLE = re.compile(
    r"(?:e\.?\s?g\.?|z\.?\s?b\.?|p\.?\s?ex\.?|p\.?\s?ej\.?|bijv\.?|f\.?\s?eks\.?|t\.?\s?ex\.?|np\.|např\.)\s.*"
    r"|(?:examples?|sample|beispiel\w*|exemple|esempio|ejemplo|exemplo|voorbeeld|eksempel|exempel|esimerkki|"
    r"przykład|příklad|példa|örnek|пример|contoh|ví dụ|記入例|例|示例|예시)(?:\s?[:\uff1a].*)?",
    re.IGNORECASE | re.DOTALL,
)
_LIMIT = re.compile(
    r"(?:max(?:imum)?|min(?:imum)?|up to|at most|bis zu|höchstens|maximal|jusqu'à|hasta|fino a|tot|最大|最多)\.?"
    r"\s?:?\s?\d+"
    r"(?:\s?(?:[-\u2013]\s?\d+\s?)?(?:char\w*|zeichen|caract\w*|caratteri|tekens|tecken|tegn|znak\w*|letters|digits|"
    r"文字|字符|字|words))?"
    r"(?:\s?\(?max\.?\)?)?|(?:char|varchar|string|text|decimal|numeric|number)\s?\(\s?\d+(?:\s?[,.]\s?\d+)?\s?\)"
    r"|\d+\s?(?:[-\u2013]\s?\d+\s?)?(?:char(?:acter)?s?|zeichen|caractères|caracteres|caratteri|tekens|文字(?:以内)?|字符)(?:\s?max\.?)?",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"\b(?:enter|input|please|must|should|maximum|characters|choose|select|fill|allowed|format|required|unique|specify|"
    r"provide|do not|bitte|eingeben|zeichen|auswählen|angeben|eindeutig\w*|maximal|saisir|indiquez|indiquer|choisir|"
    r"caractères|introduzca|indique|seleccione|caracteres|inserire|caratteri|selezionare|vul|invullen|tekens|kies|"
    r"wpisz|podaj|znaków|ange|tecken|angi|tegn)\b",
    re.IGNORECASE,
)
MIN_WORDS = 4
_UNITS = words(
    "pcs pc piece pieces stk stuck st szt ks ea each kg g gr mg lb oz l ml cl mm cm m inch ft m2 m3 w kw v "
    "hz percent ud uds und unid pz pzas db kpl buc шт "
    "eur usd gbp chf pln czk sek nok dkk jpy euro euros dollar yen 円 個 元 件"
).union(code.lower() for code in NAMED_CURRENCIES)
MAX_TYPE_LENGTH = 20
_TYPE = re.compile(
    r"(?:alpha|alfa)\s?-?num\w*\.?|num(?:eric|érico|erico|erisch|érique)?\w*\.?|text\w*|texto|texte|testo|tekst|string|"
    r"char\w*|code|cod\.?|código|codice|nr\.?|no\.?|nº|date|datum|fecha|data|int\w*|dec\w*|bool\w*|ja/nein|yes/no",
    re.IGNORECASE,
)
_UNIT_SIGNS = frozenset(("€", "$", "£", "¥", "%", "€/stk", "-", "#"))


def is_row_of_field_names(
    rows: Sequence[Sequence[str]], row: int, header: int, count_known: Callable[[Sequence[str]], int]
) -> bool:
    """Return whether the row below the header has a technical name for each label, as in Amazon's templates."""
    if row >= len(rows):
        return False
    names = [cell.strip() for cell in rows[row]]
    labels = [cell.strip() for cell in rows[header]]
    filled = [name for name in names if name]
    if len(filled) < MIN_CELLS + 1 or len(filled) < 0.8 * sum(map(bool, labels)) or len(set(filled)) < len(filled):
        return False
    if not all(_FIELD_NAME.fullmatch(name) for name in filled) or all(
        _FIELD_NAME.fullmatch(name) for name in labels if name
    ):
        return False
    return (
        sum(bool(_DIVIDED.search(name)) for name in filled) >= MOST * len(filled) and count_known(filled) >= MIN_KNOWN
    )


def instruction_rows(
    rows: Sequence[Sequence[str]], first: int, names: Sequence[str], count_known: Callable[[Sequence[str]], int]
) -> int:
    """Return the number of rows from `first` on that are labels, instructions, units or examples, and not data.

    `names` are the names of the columns.
    """
    last_instruction = 0
    for at, row in enumerate(rows[first : first + MAX_ROWS], 1):
        filled = [cell.strip() for cell in row if cell.strip()]
        if filled and not (
            _is_instruction_row(filled)
            or _is_example_row(filled)
            or _is_units_row(row)
            or _is_labels_row(filled, count_known)
            or _repeats_fields(names, row)
        ):
            break
        last_instruction = at if filled else last_instruction
    return last_instruction


def _is_labels_row(filled: Sequence[str], count_known: Callable[[Sequence[str]], int]) -> bool:
    """Return whether the row repeats the header in another language or form: most cells are usual names."""
    if len(filled) < MIN_LABELS or any(_DIGIT.search(cell) for cell in filled):
        return False
    return count_known(filled) >= max(MIN_LABELS, MIN_LABELS_SHARE * len(filled))


def _repeats_fields(names: Sequence[str], row: Sequence[str]) -> bool:
    """Return whether the row has labels for technical names, such as `Título` for `TITLE`, and `Precio` for `PRICE`.

    A label must mean the same field as the name of its column. At least three columns, and most columns with a usual
    name, must have such a label.
    """
    fields = [
        (set(_fields(name)), set(_fields(cell)))
        for name, cell in zip(names, row, strict=False)
        if _fields(name) and cell.strip()
    ]
    same = sum(bool(of_name & of_cell) for of_name, of_cell in fields)
    return same >= MIN_LABELS and same >= MIN_LABELS_SHARE * len(fields)


def _fields(name: str) -> list[str]:
    """Return the fields that a short text without digits can mean as the name of a column."""
    if len(name) > MAX_LABEL_LENGTH or any(char.isdigit() for char in name):
        return []
    return [field for field, _, _ in field_candidates(name)]


def _is_instruction_row(filled: Sequence[str]) -> bool:
    marks = sum(map(_is_instruction, filled))
    return marks >= MIN_CELLS and marks >= MOST * len(filled)


def _is_instruction(cell: str) -> bool:
    text = cell[:MAX_LENGTH].strip("()[]*! ")
    if fold(text) in _DEGREES or _LIMIT.fullmatch(text):
        return True
    return len(text.split()) >= MIN_WORDS and bool(_SENTENCE.search(text))


def _is_example_row(filled: Sequence[str]) -> bool:
    """Return whether the first cell or most cells say that the row is an example."""
    first = filled[0][:MAX_LENGTH].strip("()[]*! ")
    is_first = bool(_EXAMPLE.fullmatch(first)) and len(filled) >= MIN_CELLS
    return is_first or (
        len(filled) >= MIN_CELLS
        and sum(bool(_EXAMPLE.fullmatch(cell[:MAX_LENGTH])) for cell in filled) > MOST * len(filled)
    )


def _is_units_row(row: Sequence[str]) -> bool:
    """Return whether all cells are units or currencies, such as `pcs` and `[EUR]`.

    The cell in the first column must be blank or state a type, because identifiers have no unit.
    """
    filled = [cell.strip() for cell in row if cell.strip()]
    if len(filled) < MIN_CELLS or (row[0].strip() and not _is_type(row[0])):
        return False
    return all(
        cell.strip("()[]. ").casefold() in _UNITS or cell.strip("()[] ") in _UNIT_SIGNS or _is_type(cell)
        for cell in filled
    )


def _is_type(cell: str) -> bool:
    """Return whether a cell in brackets states the type of its column, such as `(alfanum.)`, `[text]` and `(nr.)`."""
    text = cell.strip()
    inner = text[1:-1].strip()
    return text[:1] in "([" and text[-1:] in ")]" and bool(_TYPE.fullmatch(inner)) and len(inner) <= MAX_TYPE_LENGTH
