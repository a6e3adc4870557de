"""Finds the only column whose name means the number of a thing, such as `Номер детали` and `Broj dijela`.

Both examples mean "part number". The thing can be anything, such as a part, a wine or a stone. The column is used only
if all these statements are true:

- No column has a usual SKU name.
- All values of the column are different.
- The file has product names, and prices or stocks.
"""

# ruff: noqa: RUF001

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import field_candidates, fold
from wecelebrate.feeds.columns.visibility import is_property, private_part
from wecelebrate.feeds.columns.visibility import words as words_of
from wecelebrate.feeds.identity.codes import kind_of
from wecelebrate.feeds.tables.other_lists import names_address
from wecelebrate.feeds.vocabulary.words import words

_NUMBER = words(
    "no nr num nbr numer numero nummer number n code kod kode koda cod codigo codice cislo broj stevilka szam kodszam "
    "номер код шифра број nomor kodas numeris numurs kods siffra αριθμος κωδικος رقم كود رمز מספר קוד so ma"
)
_ENDS = (
    "nummer",
    "szam",
    "numero",
    "kood",
    "番号",
    "番號",
    "번호",
    "编号",
    "編號",
    "代码",
    "代碼",
    "コード",
    "코드",
    "รหส",
    "ნომერი",
)
_STARTS = ("หมายเลข", "รหส", "เลขท")
_OTHERS = words(
    "tel telefon telephone phone fax mobile serial seria tariff hs hsn taric cn customs zoll order batch lot los lotto "
    "page row zip plz post vat tax ust iban account size grosse taille talla koko telephone телефон factura faktura "
    "drawing zeichnung zeichnungs dessin disegno dibujo plano desenho tekening tegning ritning rysunek rysunku vykres "
    "colour color farbe couleur supplier vendor lieferant fournisseur proveedor"
)
MAX_NAME = 60


def numbered_column(columns: Columns) -> int | None:
    """Return the column, or None if none or several columns have such names and values."""
    fields = {name for column in columns.header if len(column) <= MAX_NAME for name, _, _ in field_candidates(column)}
    if "name" not in fields or not fields & {"price", "inventory_count"}:
        return None
    numbered = [
        number for number, name in enumerate(columns.header)
        if len(name) <= MAX_NAME and _names_number(name) and _identifies(columns, number)
    ]  # fmt: skip
    if len(numbered) != 1:
        return None
    # Identifiers are usually in the first columns, so the codes there can be the SKUs, even if their name is not known.
    left = (at for at in range(numbered[0]) if kind_of(columns[at]) == "codes" and _says_nothing(columns.header[at]))
    return numbered[0] if next(left, None) is None else None


def _says_nothing(name: str) -> bool:
    return not field_candidates(name) and not is_property(name) and private_part(name) is None


def _names_number(name: str) -> bool:
    if field_candidates(name) or private_part(name) is not None or names_address(name):
        return False
    parts, folded = words_of(name), fold(name)
    has_number = any(part in _NUMBER for part in parts) or folded.endswith(_ENDS) or folded.startswith(_STARTS)
    return has_number and _OTHERS.isdisjoint(parts) and folded not in _NUMBER


def _identifies(columns: Columns, number: int) -> bool:
    """Return whether each row has a different value that contains a digit and no spaces."""
    facts = columns[number]
    return (
        facts.distinct == 1
        and bool(facts.cells)
        and len(facts.cells) == facts.rows
        and all(" " not in cell and any(map(str.isdigit, cell)) for cell in facts.cells)
    )
