"""Decides which rows are the header. A header has one or two rows, and some files have no header.

A file has no header if its first row is a row of data. If a header has two rows, with groups such as `EK` and `VK`
above names such as `Netto` and `Brutto`, the two rows are joined.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from wecelebrate.feeds.columns.composed import composed_fields
from wecelebrate.feeds.columns.facts import value_of
from wecelebrate.feeds.columns.names import field_candidates, fold, is_weak
from wecelebrate.feeds.columns.visibility import internal_part, is_property
from wecelebrate.feeds.files.dialect import HEADER_SEARCH_ROWS, ColumnCounter
from wecelebrate.feeds.identity.codes import is_code
from wecelebrate.feeds.prices.names import price_name
from wecelebrate.feeds.prices.plain_names import plain_name
from wecelebrate.feeds.stock.names import stock_rank
from wecelebrate.feeds.stock.place_names import is_stock_of_place
from wecelebrate.feeds.stock.places import is_place
from wecelebrate.feeds.tables.template_rows import instruction_rows, is_row_of_field_names
from wecelebrate.feeds.vocabulary.words import words

MIN_COLUMNS = 2
"""The minimum number of cells in the first row that must look like the cells below."""
MOST = 0.8
_QUANTITY = re.compile(r"[1-9]\d{0,5}", re.ASCII)
_AMOUNT = re.compile(r"\d[.,]\d{1,2}(?!\d)", re.ASCII)
_REMARK = re.compile(r"\([^)]{0,200}\)|\[[^\]]{0,200}\]")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_RATE = re.compile(r"\d{1,2}(?:[.,]\d{1,2})?\s?%")
"""The rate of a tax, as in `incl. 19 % VAT`."""
MAX_GROUP_LENGTH = 40
KINDS_OF_TAX = words("netto brutto net gross ht ttc exvat incvat exclvat inclvat neto bruto netti")


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table."""

    titles: int
    """The number of rows above the header."""
    first_row: int
    """The index of the first row of data."""
    names: list[str]
    """The names of the columns. Empty if the file has no header."""
    instructions: int = 0
    """The number of rows with instructions between the header and the data. Templates have such rows."""

    @property
    def has_groups(self) -> bool:
        """Whether the header has two rows."""
        return bool(self.names) and self.first_row - self.instructions - self.titles > 1

    @property
    def last_row(self) -> int | None:
        """The index of the last row of the header, or None if the file has no header."""
        return self.first_row - self.instructions - 1 if self.names else None


def read_header(rows: Sequence[Sequence[str]], header_row: int, count_known: ColumnCounter) -> Header:
    """Return the header of a table. `header_row` is the index of the row that looks most like a header."""
    header_row = _first_alike(rows, header_row)
    if has_no_header(rows, header_row, count_known):
        return Header(header_row, header_row, [])
    if is_row_of_field_names(rows, header_row + 1, header_row, count_known):
        header_row += 1
    last_row, names = join_header_rows(rows, header_row)
    instructions = instruction_rows(rows, last_row + 1, names, count_known)
    titles = header_row - 1 if header_row and _is_part_of_header(rows[header_row - 1], names) else header_row
    return Header(titles, last_row + 1 + instructions, names, instructions)


def _is_part_of_header(above: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether the row above the names belongs to the header: most of its cells are names or groups."""
    cells = [(cell.strip(), names[at]) for at, cell in enumerate(above[: len(names)]) if cell.strip()]
    return len(cells) > 1 and sum(name.startswith(cell) for cell, name in cells) > MOST * len(cells)


def _first_alike(rows: Sequence[Sequence[str]], header_row: int) -> int:
    """Return the index of the first row that shares most of its names with the header.

    If a second table repeats the header of a first table, the result is the header of the first table.
    """
    names = {folded for cell in rows[header_row] if (folded := fold(cell))}
    for number, row in enumerate(rows[:header_row]):
        filled = [fold(cell) for cell in row if cell.strip()]
        same = sum(cell in names for cell in filled)
        if same >= MIN_COLUMNS and same > len(filled) / 2 and header_row - number > MIN_COLUMNS:
            return number
    return header_row


def has_no_header(rows: Sequence[Sequence[str]], header_row: int, count_known: ColumnCounter) -> bool:
    """Return whether the row that was found as the header is a row of data.

    The row is data if two conditions are true. No cell of the first rows is a known name, and at least two cells of the
    row are codes or numbers, like the cells below. At least one of these cells must be a code or have decimals, because
    `2024` can be a name.
    """
    first_rows = [row for row in rows[:HEADER_SEARCH_ROWS] if any(cell.strip() for cell in row)]
    if any(count_known(row) for row in first_rows):
        return False
    header, below = rows[header_row], [row for row in rows[header_row + 1 :] if any(cell.strip() for cell in row)]
    alike = certain = 0
    for number, cell in enumerate(header):
        kind = _kind(cell)
        cells = [text for row in below if number < len(row) and (text := row[number].strip())]
        if kind == "text" or not cells:
            continue
        if sum(_kind(text) == kind for text in cells) >= MOST * len(cells):
            alike += 1
            certain += kind == "code" or bool(_AMOUNT.search(cell))
    return alike >= MIN_COLUMNS and certain > 0


def _kind(cell: str) -> str:
    text = cell.strip()
    if is_code(text):
        return "code"
    return "number" if value_of(text).is_number else "text"


def join_header_rows(rows: Sequence[Sequence[str]], header: int) -> tuple[int, list[str]]:
    """Return the index of the last row of the header, and the names of the columns.

    `header` is the index of the row that looks most like a header. If the header has two rows, the groups are in the
    upper row, and the names are in the lower row. There are two cases:

    - The row above `header` contains the groups. The row `header` then repeats names, or has names such as `incl. VAT`.
    - The row `header` contains the groups, and the row below it contains the names.
    """
    names = [cell.strip() for cell in rows[header]]
    if header and names:
        upper = [cell.strip() for cell in rows[header - 1]]
        whole = _with_cells_of_two_rows(upper, names)
        names = whole if whole != names and _is_row_of_names(upper, whole, rows[header + 1 :]) else names
    below = [cell.strip() for cell in rows[header + 1]] if header + 1 < len(rows) else []
    completed = _with_cells_of_two_rows(names, below)
    if completed != below and _is_row_of_names(names, completed, rows[header + 2 :]):
        return join_header_rows([*rows[: header + 1], completed, *rows[header + 2 :]], header + 1)
    # A cell that is merged over both rows has its name in both rows.
    own = ["" if at < len(names) and name == names[at] else name for at, name in enumerate(below)]
    if _is_row_of_quantities(names, below):
        groups = _extended(names, len(names))
        return header + 1, [
            f"{groups[at]} {below[at]}+" if at < len(below) and below[at] else name for at, name in enumerate(names)
        ]
    if _is_second_row(names, own):
        groups = _extended(names, max(len(names), len(below)))
        return header + 1, [
            f"{group} {name}" if name and group and not (at < len(names) and names[at] == name) else group or name
            for at, (group, name) in enumerate(zip(groups, [*below, *[""] * (len(groups) - len(below))], strict=False))
        ]
    if _is_complete_header(names, below) or _is_row_of_names(names, below, rows[header + 2 :]):
        return join_header_rows(rows, header + 1)
    above = [cell.strip() for cell in rows[header - 1]] if header else []
    counts = Counter(fold(name) for name in names if name)
    repeated = [at for at, name in enumerate(names) if name and counts[fold(name)] > 1]
    groups = _extended(above, len(names))
    labels = {groups[at] for at in repeated}
    if len(labels - {""}) < 2 or not all(map(_is_group, labels)):
        repeated = [at for at, name in enumerate(names) if _completes_price(groups[at], name)]
    if _are_groups(above, names) or _are_later_groups(above, names):
        repeated += [at for at, name in enumerate(names) if at not in repeated and _needs_group(groups[at], name)]
    repeated += [at for at, name in enumerate(names) if at not in repeated and _states_currency(groups[at], name)]
    return header, [_joined(groups[at], name) if at in repeated else name for at, name in enumerate(names)]


def _with_cells_of_two_rows(names: Sequence[str], below: Sequence[str]) -> list[str]:
    """Return the lower row, with the names of the cells that are merged over both rows.

    A preview of a workbook does not show which cells are merged. A merged cell is blank in the lower row. The name in
    the upper row is not a group, because no blank cell follows it.
    """
    if not below:
        return []
    width = max(len(names), len(below))
    groups = [*names, *[""] * (width - len(names))]
    cells = [*below, *[""] * (width - len(below))]
    return [
        cell or (name if at + 1 == width or groups[at + 1] else "")
        for at, (name, cell) in enumerate(zip(groups, cells, strict=True))
    ]


def _states_currency(group: str, name: str) -> bool:
    """Return whether a group has the sign of a currency in brackets, such as `Preus (€)` above the name `PVP`."""
    if not _SIGN_OF_GROUP.search(group) or not name or not _is_group(group):
        return False
    known, joined = (price_name(fold(plain_name(text))) for text in (name, f"{group} {name}"))
    return known is not None and joined is not None and known.kind == joined.kind


_SIGN_OF_GROUP = re.compile(r"[(\[]\s*[€£₹₽₺₩₴₫₪฿]\s*[)\]]\s*$")


def _completes_price(group: str, name: str) -> bool:
    """Return whether a name, such as `incl. VAT`, only shows which price of its group is in the column."""
    if not group or not name or not _is_group(group):
        return False
    known, alone = price_name(fold(plain_name(group))), price_name(fold(plain_name(name)))
    joined = price_name(fold(plain_name(f"{group} {name}")))
    return known is not None and joined is not None and (alone is None or alone.is_solo or alone.is_weak)


def _is_second_row(names: Sequence[str], below: Sequence[str]) -> bool:
    """Return whether the row below contains the names of the columns of a group.

    A group is a name that is followed by blank names.
    """
    filled = [at for at, name in enumerate(below) if name]
    unnamed = [at for at in filled if at >= len(names) or not names[at]]
    if not unnamed or not below or below[0] or not names[0]:
        return False
    starts = [at for at in filled if at < len(names) and names[at]]
    in_groups = [at for at in starts if at + 1 in unnamed]
    return bool(in_groups) and all(_is_group(below[at]) for at in filled)


def _is_row_of_quantities(names: Sequence[str], below: Sequence[str]) -> bool:
    """Return whether the row below contains only rising quantities.

    They are the quantities of one price with blank names after it, as `Preis ab Stück` above 1, 50 and 250.
    """
    filled = [at for at, name in enumerate(below) if name]
    if len(filled) < MIN_COLUMNS or below[0] or not names[0] or filled[-1] >= len(names):
        return False
    first = filled[0]
    if filled != list(range(first, filled[-1] + 1)) or not names[first] or any(names[at] for at in filled[1:]):
        return False
    if not all(_QUANTITY.fullmatch(below[at]) for at in filled):
        return False
    counts = [int(below[at]) for at in filled]
    return all(low < high for low, high in pairwise(counts))


def _is_complete_header(names: Sequence[str], below: Sequence[str]) -> bool:
    """Return whether this row has only groups, and the row below is the header with a name in each column."""
    labels = [name for name in names if name]
    counts = Counter(fold(name) for name in below)
    repeated = [name for name, count in counts.items() if count > 1]
    return (
        1 < len(labels) < len(names) <= len(below)
        and all(name and _is_group(name) for name in below)
        and bool(repeated)
        and all(name in KINDS_OF_TAX or price_name(name) for name in repeated)
    )


def _is_row_of_names(names: Sequence[str], below: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Return whether the row below is the header: it has different names in all columns, and values below the names.

    The row `names` then has only groups, for example `Article`, a blank cell, `Prices`, and blank cells.
    """
    if len({fold(name) for name in below}) < len(below):
        return False
    if not _are_groups(names, below) and not _are_later_groups(names, below):
        return False
    if sum(bool(field_candidates(name)) for name in below) < MIN_COLUMNS:  # a row of data without numbers
        return False
    data = [row for row in rest if any(cell.strip() for cell in row)]
    of_numbers = [
        at
        for at in range(len(below))
        if (cells := [text for row in data if at < len(row) and (text := row[at].strip())])
        and all(_kind(cell) == "number" for cell in cells)
    ]
    return len(of_numbers) >= (1 if names[0] else MIN_COLUMNS)


def _are_groups(groups: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether a row has several groups with blank cells between them, and the row below has no blank name."""
    labels = [label for label in groups if label]
    return (
        1 < len(labels) < len(names)
        and len(groups) <= len(names)
        and bool(groups[0])
        and all(map(_is_group, labels))
        and all(name and _is_group(name) and _kind(name) == "text" for name in names)
    )


def _are_later_groups(groups: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether a row has groups of prices, stocks or internal columns, but no groups above the first columns.

    The names below the groups can contain numbers, as `Carton of 6` does.
    """
    labels = [label for label in groups if label]
    return (
        bool(labels)
        and len(groups) <= len(names)
        and not any(groups[:MIN_COLUMNS])
        and all(map(_is_group, labels))
        and any(map(_is_group_of_values, labels))
        and all(len(name) <= MAX_GROUP_LENGTH and _LETTERS.search(name) and not _AMOUNT.search(name) for name in names)
    )


def _is_group_of_values(label: str) -> bool:
    fields = {name for name, _, _ in field_candidates(label)}
    return bool(fields & {"price", "inventory_count"}) or stock_rank(label) is not None or is_place(label)


def _needs_group(group: str, name: str) -> bool:
    """Return whether a name such as `Berlin` or `Total` has a meaning only together with its group, such as `Stock`."""
    if not group or not name or fold(group) == fold(name):
        return False
    if internal_part(group) is not None:
        return True
    if price_name(fold(plain_name(name))) or is_property(name):
        return False
    if any(not is_weak(rank) for _, rank, _ in field_candidates(name)):
        return False
    if is_stock_of_place(f"{_plain_group(group)} {name}"):
        return True
    joined = f"{group} {name}"
    return bool(field_candidates(joined) or composed_fields(joined)) or stock_rank(joined) is not None


def _plain_group(group: str) -> str:
    """Return a group without its remark: `Bestand` for `Bestand (Flaschen)`."""
    return _REMARK.sub(" ", group).strip() or group


def _joined(group: str, name: str) -> str:
    """Return the name of a column with its group."""
    plain = f"{_plain_group(group)} {name}".strip()
    return plain if is_stock_of_place(plain) else f"{group} {name}".strip()


def _extended(groups: Sequence[str], width: int) -> list[str]:
    """Return the group of each column. A group covers the blank cells after it."""
    extended, current = [], ""
    for at in range(width):
        current = (groups[at] if at < len(groups) else "") or current
        extended.append(current)
    return extended


def _is_group(label: str) -> bool:
    text = _RATE.sub("", label)
    return len(label) <= MAX_GROUP_LENGTH and not any(char.isdigit() for char in text)
