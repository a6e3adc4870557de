"""Opens a workbook as a table: finds the sheet with the products, and its header."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice

from wecelebrate.feeds import dialect as dialects
from wecelebrate.feeds.archive import Archive
from wecelebrate.feeds.columns import field_candidates, is_weak
from wecelebrate.feeds.csv_rows import check_column_count
from wecelebrate.feeds.evidence.notes import notes_of_footer, notes_of_titles
from wecelebrate.feeds.evidence.shapes import shape_of
from wecelebrate.feeds.headers import Header, read_header
from wecelebrate.feeds.items import Cells, NumberText, Rejected, Row, UnreadableFeed, quoted
from wecelebrate.feeds.plan import make_plan
from wecelebrate.feeds.tables import Table, column_names, known_column_counter
from wecelebrate.feeds.xlsx.book import Book, Sheet
from wecelebrate.feeds.xlsx.rows import FlawedCells, Numbered, SheetRows, Spans, merged_spans

SAMPLE_ROWS = 200
PREVIEW_ROWS = 40
"""How many rows at the top of each sheet are searched for products."""


@dataclass(slots=True)
class _SheetPreview:
    sheet: Sheet
    header: list[str]
    score: int
    """2 if the sheet has SKUs and also names or prices, 1 if it has only SKUs (as in a stock list), otherwise 0.

    A sheet without rows below the header has the score 0.
    """


def open_xlsx(archive: Archive, mapping: Mapping[str, str | None], entire_sheet: bool = True) -> Table:
    """Open the sheet with the products as a table.

    `mapping["sheet"]` is the sheet's name, or its number, counted from 1. Without this option, the only visible sheet
    with products is opened. If several visible sheets have products, the option is required. Otherwise the products of
    some sheets would be ignored silently.

    If `entire_sheet` is set, the sheet is first read to its end, to find merged cells and damaged data. Raises
    UnreadableFeed.
    """
    book = Book(archive)
    try:
        count_known = known_column_counter(mapping)
        option = mapping.get("sheet")
        sheet = _named_sheet(book, option) if option else _product_sheet(book, mapping, count_known)
        spans = merged_spans(book, sheet) if entire_sheet else {}
        top = _top_rows(book, sheet, spans, SAMPLE_ROWS)
        head, header = _header(top, count_known)
    except BaseException:
        book.close()
        raise
    if not header:
        book.close()
        raise UnreadableFeed(
            f"the sheet {quoted(sheet.name)} has no header: its first rows are blank; put the column names into the "
            "first row"
        )
    width = len(header)
    header_row = top[head.first_row - 1][0] if head.first_row else 0

    def rows(marked: bool = False) -> Iterator[Row | Rejected]:
        for row in SheetRows(book, sheet, spans, marked):
            if isinstance(row, Rejected):
                if row.line > header_row:
                    yield row
            elif row[0] > header_row and (fitted := _fitted(row, width)):
                yield fitted

    sample: list[Cells] = [
        cells for row in top[head.first_row :] if (fitted := _fitted(row, width)) for cells in (fitted[1],)
    ]
    sheets = [{"name": sheet.name, "hidden": sheet.hidden} for sheet in book.sheets]
    details = {"sheet": sheet.name, "sheets": sheets, "header_line": None if head.last_row is None else header_row}
    read_again = partial(rows, marked=True) if len(top) == SAMPLE_ROWS and any(map(_has_unclear_text, sample)) else None
    table = Table(header, sample, rows, lambda: True, details, close=book.close, read_again=read_again, every_row=rows)
    table.notes = notes_of_titles(cells for _, cells in top[: head.titles])
    if len(top) < SAMPLE_ROWS:  # the end of a larger sheet would need a second pass
        table.notes = notes_of_footer(sample, table.notes)
    return table


def _has_unclear_text(cells: Cells) -> bool:
    """Return whether a cell contains a text such as `1.250`, whose separator can be decimal or not."""
    return any(
        not isinstance(cell, NumberText) and (shape := shape_of(cell)) and shape.unclear for cell in cells if cell
    )


def _named_sheet(book: Book, option: str) -> Sheet:
    name = option.strip().casefold()
    by_name = next((sheet for sheet in book.sheets if sheet.name.strip().casefold() == name), None)
    if by_name:
        return by_name
    if option.isascii() and option.isdigit() and 0 < int(option[:4]) <= len(book.sheets):
        return book.sheets[int(option[:4]) - 1]
    raise UnreadableFeed(
        f"`sheet` in the sync settings is {quoted(option)}, which the workbook does not have; its "
        f"sheets are {_names(book.sheets)}"
    )


def _product_sheet(book: Book, mapping: Mapping[str, str | None], count_known: dialects.ColumnCounter) -> Sheet:
    visible = [sheet for sheet in book.sheets if not sheet.hidden] or book.sheets
    if len(visible) == 1:
        return visible[0]
    previews = [_preview(book, sheet, mapping, count_known) for sheet in visible]
    best_score = max(preview.score for preview in previews)
    best = [preview for preview in previews if preview.score == best_score]
    if len(best) > 1 and best_score:
        raise UnreadableFeed(
            f"several sheets have products ({_names([preview.sheet for preview in best])}); name one of them as "
            "`sheet` in the options of the catalog's sync settings, or upload the sheets one by one"
        )
    return max(best, key=lambda preview: len(preview.header)).sheet


def _preview(
    book: Book, sheet: Sheet, mapping: Mapping[str, str | None], count_known: dialects.ColumnCounter
) -> _SheetPreview:
    top = _top_rows(book, sheet, {}, PREVIEW_ROWS)
    head, header = _header(top, count_known)
    if not header or head.first_row >= len(top):
        return _SheetPreview(sheet, header, 0)
    try:
        plan = make_plan(header, mapping, "EUR")
    except UnreadableFeed:
        return _SheetPreview(sheet, header, 0)
    if plan.profile is None and "sku" not in mapping and not _has_usual_sku(header, plan.sku):
        return _SheetPreview(sheet, header, 0)  # a sheet with customers or orders can have a column `Nr`, too
    return _SheetPreview(sheet, header, 2 if plan.name or plan.prices else 1)


def _has_usual_sku(header: list[str], columns: list[int]) -> bool:
    return any(
        name == "sku" and not is_weak(rank) for number in columns for name, rank, _ in field_candidates(header[number])
    )


def _top_rows(book: Book, sheet: Sheet, spans: Spans, count: int) -> list[Numbered]:
    """Return the sheet's first rows. Raises UnreadableFeed if they have more columns than any real product file."""
    rows = SheetRows(book, sheet, spans, marked=True)
    top = list(islice((row for row in rows if not isinstance(row, Rejected)), count))
    check_column_count(rows.widest)
    return top


def _header(top: list[Numbered], count_known: dialects.ColumnCounter) -> tuple[Header, list[str]]:
    """Return the header, and the column names. Unnamed columns with values are included.

    A sheet without values has no column names.
    """
    if not top:
        return Header(0, 0, []), []
    width = max(len(cells) for _, cells in top)
    rows = [[*cells, *[""] * (width - len(cells))] for _, cells in top]
    header_index = dialects.find_header(rows, count_known)
    if not any(cell.strip() for cell in rows[header_index]):
        return Header(header_index, header_index + 1, []), []
    head = read_header(rows, header_index, count_known)
    return head, column_names(head.names, rows[head.first_row :])


def _fitted(row: Numbered, width: int) -> Row | None:
    """Cut or extend the row to `width` cells, and return it. Returns None if all these cells are blank."""
    line, cells = row
    count = len(cells)
    if count < width:
        cells.extend([""] * (width - count))
    elif count > width:
        del cells[width:]
    if not any(cells) and not (isinstance(cells, FlawedCells) and any(column < width for column in cells.flaws)):
        return None
    return line, cells


def _names(sheets: list[Sheet]) -> str:
    return ", ".join(quoted(sheet.name, 40) for sheet in sheets[:10]) + (" …" if len(sheets) > 10 else "")
