"""Reads rows that refer to the rows above them: ditto marks, and headers that are repeated in another order.

| row                                  | meaning                                                                  |
|--------------------------------------|--------------------------------------------------------------------------|
| `A-2;dto.;dto.;12`                   | the cells have the values of the row above                               |
| `SKU;Stock;Price`, after `SKU;Price` | the rows below have this order, until the next header                    |
| `SKU;Name;Size;Price`, if the first  | the same kind of table: `further_columns` adds the column `Size`, which  |
| header is `SKU;Name;Price`           | is blank in the rows above                                               |
| `Part;Text;Price`, below a table     | the same kind of table with other names, if `meanings` finds its columns |
| with `SKU;Name;Price`                |                                                                          |
| `SKU;Cost;Supplier` in a price list  | another table: its rows are rejected, until the first header is repeated |
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from wecelebrate.feeds.columns.names import field_candidates, fold
from wecelebrate.feeds.files.dialect import ColumnCounter
from wecelebrate.feeds.items import Cells, Rejected, Row, quoted
from wecelebrate.feeds.notation.convert import NO, YES
from wecelebrate.feeds.prices.candidates import name_of_price
from wecelebrate.feeds.tables.meanings import meaning_of, order_of_meanings
from wecelebrate.feeds.tables.other_lists import names_address
from wecelebrate.feeds.vocabulary.words import phrases

_STATES = YES | NO
"""Values such as `active`, which can also be names of columns."""
CODE = "no_product"
GAP = 2
"""If the line numbers of two rows differ by this, a blank row is between them, and another table can follow."""
MAX_LINE = 1 << 62
MIN_NAMES = 2
"""A row with at least this many column names is another header."""
MIN_WIDTH = 3
MIN_FILLED = 2
"""A row with fewer values than this, such as the name of a group, is never repeated by a ditto mark."""
MAX_NAME = 60
MOST = 0.6
"""The minimum share of column names among the cells in the header of another table."""

_MARKS = frozenset((
    '"', '""', "\u201c", "\u201d", "\u201e", "\u2033", "\u3003", "\u4edd", '-"-', "-\u201d-", "-\u201c-",
    '\u2013"\u2013',     '\u2014"\u2014', "-//-", "\u2013//\u2013", "\u2014//\u2014", "-||-", "\u2191",
))  # fmt: skip
_WORDS = phrases(
    "dto|dto.|dito|ditto|detto|do.|d:o|d.o.|dtto|idem|idem.|id.|\xeddem|ibid|ibid.|ibidem|same|same as above|as above|"
    "see above|desgl.|desgleichen|ebenso|wie oben|w.o.|w. o.|wie vor|wie vorstehend|siehe oben|s.o.|s. o.|s.oben|"
    "comme ci-dessus|voir ci-dessus|ci-dessus|m\xeame|le m\xeame|la m\xeame|igual|igual que arriba|como arriba|"
    "ver arriba|el mismo|lo mismo|come sopra|c.s.|c. s.|vedi sopra|lo stesso|come s.|o mesmo|como acima|ver acima|"
    "hetzelfde|zelfde|zie boven|als boven|als hierboven|idem boven|samma|som ovan|se ovan|samme|som ovenfor|"
    "se ovenfor|samme som over|som over|sama|sama kuin yll\xe4|kuten yll\xe4|jw.|j.w.|j. w.|jak wy\u017cej|to samo|"
    "viz v\xfd\u0161e|tot\xe9\u017e|stejn\xe9|dtto.|ua.|u.a.|ugyanaz|mint fent|la fel|ca mai sus|то же|тот же|"
    "как выше|см. выше|\u540c\u4e0a|\u540c\u524d|\u4e0a\u306b\u540c\u3058|\uc704\uc640 \ub3d9\uc77c|\uc0c1\ub3d9|"
    "yukar\u0131daki gibi|ayn\u0131|\u03cc\u03c0\u03c9\u03c2 \u03c0\u03ac\u03bd\u03c9"
)  # fmt: skip
DITTO = frozenset(
    form
    for word in _MARKS | _WORDS
    for form in (word, word.upper(), word.capitalize(), word.title(), f"({word})")
)  # fmt: skip
"""The spellings of cells that repeat the cell above."""


def continued_rows(
    rows: Iterator[Row | Rejected],
    header: Sequence[str],
    count_known: ColumnCounter,
    reordered: Callable[[Cells, Sequence[int]], Cells] | None = None,
    further: int = 0,
) -> Iterator[Row | Rejected]:
    """Yield the rows in the order of the header. Ditto marks are replaced by the values of the row above.

    `reordered` is a function that returns cells in another order. The number -1 stands for a blank cell. The last
    `further` columns of the header exist only in a second table, and not in the rows of the first table.
    """
    names = {form for name in header for form in (name, name.upper(), name.lower(), name.title(), name.capitalize())}
    special = DITTO.union(names) - {""}
    reader = _Reader(_Heading(header, count_known), reordered or reordered_cells)
    blank, own_width = [""] * further, len(header) - further
    line = MAX_LINE  # there is no gap above the first row
    for row in rows:
        if isinstance(row, Rejected):
            yield row
        elif reader.is_plain and row[0] - line < GAP and special.isdisjoint(row[1]):  # the fast path
            line, reader.last = row
            yield (line, _widened(row[1], own_width, blank)) if blank and len(row[1]) >= own_width else row
        else:
            is_after_gap = row[0] - line >= GAP
            read = reader.read(row, is_after_gap=is_after_gap)
            if not is_after_gap or sum(1 for cell in row[1] if cell and cell.strip()) > 1:
                line = row[0]  # the name of a table is between the blank row and the header
            if blank and reader.is_plain and not isinstance(read, Rejected) and len(read[1]) >= own_width:
                read = read[0], _widened(read[1], own_width, blank)
            yield read


def _widened(cells: Cells, own_width: int, blank: Sequence[str]) -> Cells:
    """Return the cells of a row of the first table with blank cells for the columns of the second table.

    If the row has too many cells, the extra cells follow the blank cells.
    """
    return [*cells[:own_width], *blank, *cells[own_width:]]


class _Reader:
    """Reads rows one after the other, and stores what a row means for the rows below it."""

    def __init__(self, heading: "_Heading", reordered: Callable[[Cells, Sequence[int]], Cells]) -> None:
        self._heading, self._reordered = heading, reordered
        self._order: list[int] | None = None
        self._other = ""
        self.last: Cells = []
        self.is_plain = True
        """Whether the rows have the order of the header."""

    def read(self, row: Row, *, is_after_gap: bool) -> Row | Rejected:
        line, cells = row
        if names := self._heading.names(cells, is_after_gap=is_after_gap):
            return self._begin(row, names)
        if self._other:
            return _rejected_below(row, self._other)
        if self._order is not None:
            cells = self._reordered(cells, self._order)
        if any(cell in DITTO for cell in cells) and sum(map(bool, self.last)) >= MIN_FILLED:
            _repeat(self.last, cells)
        self.last = cells
        return line, cells

    def _begin(self, row: Row, names: Sequence[str]) -> Row | Rejected:
        """Return the row with names of columns. These names are valid for the rows below it."""
        order = self._heading.order(row[1]) or order_of_meanings(self._heading.header, row[1])
        is_same = order is not None and order == list(range(len(order)))
        self._order, self._other, self.last, self.is_plain = order, "", [], is_same
        if order is None:
            self._other = ", ".join(quoted(name, 40) for name in names[:5])
            return _rejected(
                row, f"another table with other columns begins here: {self._other}; send it as its own file"
            )
        if is_same:
            self._order = None
            return row
        return _rejected(
            row, "the row repeats the names of the columns in another order; the rows below have this order"
        )


def _repeat(above: Cells, cells: Cells) -> None:
    """Replace the ditto marks of a row by the values of the row above."""
    for number, cell in enumerate(cells):
        if cell in DITTO and number < len(above) and above[number]:
            cells[number] = above[number]  # type: ignore[index]  # the rows of tables are lists


def reordered_cells(cells: Cells, order: Sequence[int]) -> Cells:
    """Return the cells in another order. A cell whose number is -1 is blank."""
    return [cells[number] if 0 <= number < len(cells) else "" for number in order]


def continued_sample(
    rows: Iterable[tuple[int, Cells]], header: Sequence[str], count_known: ColumnCounter, further: int = 0
) -> list[Cells]:
    """Return the rows of a sample as `continued_rows` reads them, without the rows that it rejects.

    Rows with only one value, such as the names of groups, are left out, because they do not describe the columns.
    """
    numbered: Iterator[Row | Rejected] = ((number, list(cells)) for number, cells in rows if any(cells))
    in_order = continued_rows(numbered, header, count_known, further=further)
    read = [row[1] for row in in_order if not isinstance(row, Rejected)]
    several = [cells for cells in read if len(header) < MIN_WIDTH or sum(map(bool, cells)) > 1]
    return several if len(several) > len(read) / 2 else read


def further_columns(rows: Iterable[tuple[int, Cells]], header: Sequence[str], count_known: ColumnCounter) -> list[str]:
    """Return the names that occur only in the header of a second table of the same kind, and not in the first header.

    Both tables must have the same price columns, except offers, and the same names for the columns of the SKU and of
    the product name. Otherwise, its rows are rejected, because they can be other prices of the same products.
    """
    heading, last = _Heading(header, count_known), MAX_LINE
    first = {fold(name): _fields(name) for name in header}
    further: dict[str, str] = {}
    for line, cells in rows:
        is_after_gap, last = line - last >= GAP, line
        if not any(cells) or not (names := heading.names(cells, is_after_gap=is_after_gap)):
            continue
        second = {fold(name): _fields(name) for name in names}
        shared = [fields for name, fields in first.items() if name in second]
        offers = {
            fold(name) for name in names if (price := name_of_price(name)) and price.kind == "offer"
        } - first.keys()
        prices = [{name for name, fields in table.items() if "price" in fields} - offers for table in (first, second)]
        if (
            len(second) == len(names)
            and prices[0] == prices[1]
            and any("sku" in fields for fields in shared)
            and any(fields & {"name", "description"} for fields in shared)
        ):
            further |= {fold(name): name for name in names if fold(name) not in first}
    return list(further.values())


def _fields(column: str) -> set[str]:
    return {field for field, _, _ in field_candidates(column)} | ({"price"} if name_of_price(column) else set())


class _Heading:
    """Recognises rows that contain names of columns."""

    def __init__(self, header: Sequence[str], count_known: ColumnCounter) -> None:
        self._count_known, self.header = count_known, header
        self._folded = [fold(name) for name in header]
        self._is_unique = len(set(self._folded)) == len(self._folded)

    def names(self, cells: Cells, *, is_after_gap: bool) -> list[str]:
        """Return the names in a row of names, or an empty list for the row of a product.

        After a blank row, the row can also be the header of another table with completely different columns.
        """
        filled = [cell.strip() for cell in cells if cell and cell.strip()]
        least = min(len(self._folded), MIN_NAMES + 1)
        if len(filled) < max(least, MIN_NAMES) or any(
            len(cell) > MAX_NAME or cell[0].isdigit() or cell in DITTO for cell in filled
        ):
            return []
        own = sum(fold(cell) in self._folded for cell in filled)
        if own == len(filled):
            return filled if len(set(filled)) == len(filled) else []
        named = own
        own -= sum(fold(cell) in self._folded for cell in filled if cell.lower() in _STATES)
        if own > MIN_NAMES and named >= MOST * len(filled):
            return filled  # another name can contain a number: `Offer until 31.12.`
        if any(map(_has_number, filled)) or not (own or is_after_gap):
            return []
        return filled if own + self._known(filled) >= max(MIN_NAMES, MOST * len(filled)) else []

    def _known(self, filled: Sequence[str]) -> int:
        others = (cell for cell in filled if fold(cell) not in self._folded)
        return sum(1 for cell in others if self._count_known([cell]) or names_address(cell) or meaning_of(cell))

    def order(self, cells: Cells) -> list[int] | None:
        """Return the number of the cell of each column, or None if the row has names of other columns."""
        places = {fold(cell): number for number, cell in enumerate(cells) if cell and cell.strip()}
        if not self._is_unique:
            names = [fold(cell or "") for cell in cells]
            return list(range(len(self._folded))) if names == self._folded else None
        if not places.keys() <= set(self._folded):
            return None
        if len(cells) < len(self._folded):  # the rows below this header do not have the last columns
            return [places.get(name, -1) for name in self._folded]
        if all(self._folded[number] == name for name, number in places.items() if number < len(self._folded)):
            return list(range(len(self._folded)))
        return [places.get(name, -1) for name in self._folded]


def _has_number(cell: str) -> bool:
    return any(char.isdigit() for char in cell)


def _rejected(row: Row, reason: str) -> Rejected:
    return Rejected(row[0], 1, None, reason, CODE, [cell or "" for cell in row[1]])


def _rejected_below(row: Row, names: str) -> Row | Rejected:
    """Return the rejection of a row of another table. A blank row is returned unchanged."""
    if not any(cell and cell.strip() for cell in row[1]):
        return row
    return _rejected(row, f"the row is below the names of other columns: {names}; send this table as its own file")
