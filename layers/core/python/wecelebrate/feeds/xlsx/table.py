"""A workbook as a table: which sheet holds the products, and where its header stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from wecelebrate.feeds import dialect as dialects
from wecelebrate.feeds.archive import Archive
from wecelebrate.feeds.csv_rows import limited
from wecelebrate.feeds.items import Cells, Rejected, Row, UnreadableFeed, shown
from wecelebrate.feeds.plan import make_plan
from wecelebrate.feeds.tables import Table, known_by, named
from wecelebrate.feeds.xlsx.book import Book, Sheet
from wecelebrate.feeds.xlsx.rows import Noted, Numbered, SheetRows, merged

SAMPLE_ROWS = 200
LOOKED_AT = 40
"""Rows at the top of each sheet that tell whether it holds products."""


@dataclass(slots=True)
class _Looked:
    sheet: Sheet
    header: list[str]
    products: int
    """2: SKUs with a name or a price. 1: SKUs, such as of a stock list. 0: neither, or no rows below the header."""


def open_xlsx(archive: Archive, mapping: Mapping[str, str | None], whole: bool = True) -> Table:
    """The products' sheet: the one that `mapping["sheet"]` names (or numbers, from 1), or the only one with products.

    When several visible sheets hold products, it takes a person to say which: nothing is left out silently. `whole`
    reads the sheet to its end first, for merged cells and for damage. Raises UnreadableFeed.
    """
    book = Book(archive)
    try:
        known = known_by(mapping)
        sheet = _named_sheet(book, told) if (told := mapping.get("sheet")) else _product_sheet(book, mapping, known)
        spans = merged(book, sheet) if whole else {}
        start = _top(book, sheet, spans, SAMPLE_ROWS)
        at, header = _header(start, known)
    except BaseException:
        book.close()
        raise
    if not header:
        book.close()
        raise UnreadableFeed(f"the sheet {shown(sheet.name)} has no header: its first rows are blank")
    first, width = start[at][0], len(header)

    def rows() -> Iterator[Row | Rejected]:
        for row in SheetRows(book, sheet, spans):
            if isinstance(row, Rejected):
                if row.line > first:
                    yield row
            elif row[0] > first and (fitted := _fitted(row, width)):
                yield fitted

    sample: list[Cells] = [
        cells for row in start[at + 1 :] if (fitted := _fitted(row, width)) for cells in (fitted[1],)
    ]
    sheets = [{"name": one.name, "hidden": one.hidden} for one in book.sheets]
    details = {"sheet": sheet.name, "sheets": sheets, "header_line": first}
    return Table(header, sample, rows, lambda: True, details, close=book.close)


def _named_sheet(book: Book, told: str) -> Sheet:
    by_name = next((sheet for sheet in book.sheets if sheet.name.strip().casefold() == told.strip().casefold()), None)
    if by_name:
        return by_name
    if told.isascii() and told.isdigit() and 0 < int(told[:4]) <= len(book.sheets):
        return book.sheets[int(told[:4]) - 1]
    raise UnreadableFeed(
        f"the sync settings name a sheet {shown(told)}, which the workbook does not have; it has {_names(book.sheets)}"
    )


def _product_sheet(book: Book, mapping: Mapping[str, str | None], known: dialects.Known) -> Sheet:
    visible = [sheet for sheet in book.sheets if not sheet.hidden] or book.sheets
    if len(visible) == 1:
        return visible[0]
    looked = [_looked(book, sheet, mapping, known) for sheet in visible]
    best = [one for one in looked if one.products == max(one.products for one in looked)]
    if len(best) > 1 and best[0].products:
        raise UnreadableFeed(
            f"several sheets hold products ({_names([one.sheet for one in best])}); name the one to read as `sheet` in "
            "the options of the catalog's sync settings, or drop them one by one"
        )
    return max(best, key=lambda one: len(one.header)).sheet


def _looked(book: Book, sheet: Sheet, mapping: Mapping[str, str | None], known: dialects.Known) -> _Looked:
    start = _top(book, sheet, {}, LOOKED_AT)
    at, header = _header(start, known)
    if not header or at + 1 >= len(start):
        return _Looked(sheet, header, 0)
    try:
        plan = make_plan(header, mapping, "EUR")
    except UnreadableFeed:
        return _Looked(sheet, header, 0)
    return _Looked(sheet, header, 2 if plan.name or plan.prices else 1)


def _top(book: Book, sheet: Sheet, spans: dict[int, list[tuple[int, int]]], count: int) -> list[Numbered]:
    """The first rows. Raises UnreadableFeed for a sheet of more columns than any product file has."""
    rows = SheetRows(book, sheet, spans)
    top = list(islice((row for row in rows if not isinstance(row, Rejected)), count))
    limited(rows.widest)
    return top


def _header(top: list[Numbered], known: dialects.Known) -> tuple[int, list[str]]:
    """Which of the rows is the header, and its names: as far as any row goes, for columns without one."""
    if not top:
        return 0, []
    width = max(len(cells) for _, cells in top)
    rows = [[*cells, *[""] * (width - len(cells))] for _, cells in top]
    at = dialects.header_at(rows, known)
    if not any(cell.strip() for cell in rows[at]):
        return at, []
    return at, named(rows[at], rows[at + 1 :])


def _fitted(row: Numbered, width: int) -> Row | None:
    """The row in the header's width. What stands beside the table feeds nothing; a row of only that is none."""
    line, cells = row
    count = len(cells)
    if count < width:
        cells.extend([""] * (width - count))
    elif count > width:
        del cells[width:]
    if not any(cells) and not (isinstance(cells, Noted) and any(column < width for column in cells.flaws)):
        return None
    return line, cells


def _names(sheets: list[Sheet]) -> str:
    return ", ".join(shown(sheet.name, 40) for sheet in sheets[:10]) + (" …" if len(sheets) > 10 else "")
