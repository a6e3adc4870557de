"""Opens a workbook as a table: finds the sheet with the products, and its header."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from wecelebrate.feeds.columns.names import field_candidates, fold, is_weak
from wecelebrate.feeds.files import dialect as dialects
from wecelebrate.feeds.files.archive import Archive
from wecelebrate.feeds.files.csv_rows import check_column_count
from wecelebrate.feeds.items import SHEET_COLUMN, Cells, NumberText, Rejected, Row, UnreadableFeed, quoted
from wecelebrate.feeds.notation.shapes import shape_of
from wecelebrate.feeds.plan.plan import make_plan
from wecelebrate.feeds.prices.notes import notes_of_footer, notes_of_groups, notes_of_titles
from wecelebrate.feeds.tables.codes import MAX_ROWS, legend_of
from wecelebrate.feeds.tables.continued import continued_rows, continued_sample, further_columns, reordered_cells
from wecelebrate.feeds.tables.headers import Header, read_header
from wecelebrate.feeds.tables.legends import colour_legend
from wecelebrate.feeds.tables.other_lists import refuse_document
from wecelebrate.feeds.tables.table import Table, column_names, known_column_counter, unique_names
from wecelebrate.feeds.xlsx.book import Book, Sheet
from wecelebrate.feeds.xlsx.parts import part_size
from wecelebrate.feeds.xlsx.rows import FlawedCells, Numbered, SheetRows, Spans, merged_spans

SAMPLE_ROWS = 200
SHORT_SHEET = 8 << 20
"""The maximum size, in bytes, of a sheet that a proposal reads to its end. Such a sheet takes about 50 ms."""
MAX_SHEETS = 50
"""The maximum number of sheets with products that are read one after the other."""
PREVIEW_ROWS = 40
"""The number of rows at the top of each sheet that are searched for products."""


@dataclass(slots=True)
class _SheetPreview:
    sheet: Sheet
    header: list[str]
    score: int
    """2 if the sheet has SKUs and also names or prices, 1 if it has SKUs without names and prices, otherwise 0.

    A sheet without rows below the header has the score 0.
    """
    fields: frozenset[str] = frozenset()
    """The fields that the sheet has."""


def open_xlsx(archive: Archive, mapping: Mapping[str, str | None], entire_sheet: bool = True) -> Table:
    """Open the sheet with the products as a table.

    `mapping["sheet"]` is the sheet's name, or its number, counted from 1. Without this option, the only visible sheet
    with products is opened. Several visible sheets with products and the same header are read one after the other. The
    column `Sheet` then contains the name of each row's sheet. If the headers differ, the option is required, because
    the products of some sheets would otherwise be ignored silently.

    If `entire_sheet` is set, the sheets are first read to their end, to find merged cells and damaged data. Short
    sheets are always read to their end, because a proposal needs the names in merged cells of a header. Raises
    UnreadableFeed.
    """
    book = Book(archive)
    try:
        count_known = known_column_counter(mapping)
        option = mapping.get("sheet")
        sheets = [_named_sheet(book, option)] if option else _product_sheets(book, mapping, count_known)
        sample_rows = max(PREVIEW_ROWS, SAMPLE_ROWS // len(sheets))
        parts = [_open_part(book, sheet, count_known, entire_sheet, sample_rows) for sheet in sheets]
    except BaseException:
        book.close()
        raise
    first = parts[0]
    names = None
    if len(parts) > 1:
        names = unique_names([*first.header, SHEET_COLUMN])
        for part in parts:
            part.label = part.sheet.name

    def rows(marked: bool = False) -> Iterator[Row | Rejected]:
        for part in parts:
            yield from part.rows(marked)

    sample = [cells for part in parts for cells in part.sample()]
    details = {
        "sheet": ", ".join(part.sheet.name for part in parts),
        "sheets": [{"name": sheet.name, "hidden": sheet.hidden} for sheet in book.sheets],
        "header_line": None if first.head.last_row is None else first.top[first.head.last_row][0],
    }
    is_partial = any(len(part.top) >= sample_rows for part in parts)
    read_again = partial(rows, marked=True) if is_partial and any(map(_has_unclear_text, sample)) else None
    table = Table(
        names or first.header, sample, rows, lambda: True, details, close=book.close, read_again=read_again,
        every_row=rows,
    )  # fmt: skip
    titles = [cells for _, cells in first.top[: first.head.titles]]
    last_rows = [] if is_partial else [cells for _, cells in parts[-1].top[parts[-1].head.first_row :]]
    if not mapping.get("sku"):
        refuse_document([[cell or "" for cell in cells] for cells in titles], first.head.names)
    table.notes, table.has_groups = notes_of_titles(titles), first.head.has_groups
    table.notes = notes_of_groups((cells for part in parts for cells in part.groups()), table.notes)
    if not is_partial:  # without a complete pass, the last rows are not known
        table.notes = notes_of_footer(last_rows, table.notes)
    table.legend = legend_of([*titles, *last_rows[-MAX_ROWS:]])
    if legend := next((text for part in parts if (text := colour_legend(cells for _, cells in part.top))), None):
        details["colour_legend"] = legend
    return table


@dataclass(slots=True)
class _Part:
    """A sheet whose rows are read."""

    book: Book
    sheet: Sheet
    spans: Spans
    top: list[Numbered]
    """The first rows of the sheet."""
    head: Header
    header: list[str]
    count_known: dialects.ColumnCounter
    label: str | None = None
    """The cell of the column `Sheet`, or None if the table has no such column."""

    def rows(self, marked: bool) -> Iterator[Row | Rejected]:
        for row in continued_rows(self._fitted_rows(marked), self.header, self.count_known, _reordered):
            yield row if isinstance(row, Rejected) else self._labelled(row)

    def _fitted_rows(self, marked: bool) -> Iterator[Row | Rejected]:
        first_row = self.top[self.head.first_row - 1][0] if self.head.first_row else 0
        width = len(self.header)
        for row in SheetRows(self.book, self.sheet, self.spans, marked):
            if isinstance(row, Rejected):
                if row.line > first_row:
                    yield row
            elif row[0] > first_row and (fitted := _fitted(row, width)):
                yield fitted

    def groups(self) -> Iterator[Cells]:
        """Return the first rows below the header, which can also contain names of groups."""
        return (cells for _, cells in self.top[self.head.first_row :])

    def sample(self) -> Iterator[Cells]:
        top = [fitted for row in self.top[self.head.first_row :] if (fitted := _fitted(row, len(self.header)))]
        for cells in continued_sample(top, self.header, self.count_known):
            yield self._labelled((0, cells))[1]

    def _labelled(self, row: Row) -> Row:
        return row if self.label is None else (row[0], [*row[1], self.label])


def _open_part(
    book: Book, sheet: Sheet, count_known: dialects.ColumnCounter, entire_sheet: bool, sample_rows: int
) -> _Part:
    spans = merged_spans(book, sheet) if entire_sheet or part_size(book.archive, sheet.part) <= SHORT_SHEET else {}
    top = _top_rows(book, sheet, spans, sample_rows)
    head, header = _header(top, count_known)
    if not header:
        raise UnreadableFeed(
            f"the sheet {quoted(sheet.name)} has no header: its first rows are blank; put the column names into the "
            "first row"
        )
    header = unique_names([*header, *further_columns(top[head.first_row :], header, count_known)])
    return _Part(book, sheet, spans, top, head, header, count_known)


def _has_unclear_text(cells: Cells) -> bool:
    """Return whether a cell contains a text such as `1.250`, whose separator is decimal or groups thousands."""
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


def _product_sheets(book: Book, mapping: Mapping[str, str | None], count_known: dialects.ColumnCounter) -> list[Sheet]:
    """Return the visible sheets with products. Raises UnreadableFeed if several sheets have different headers.

    A sheet with prices but without product names is ignored if another sheet has prices and names. For example, the
    sheet `Specials` in the workbook of OpenCart contains offers.
    """
    visible = [sheet for sheet in book.sheets if not sheet.hidden] or book.sheets
    if len(visible) == 1:
        return visible
    previews = [_preview(book, sheet, mapping, count_known) for sheet in visible]
    best_score = max(preview.score for preview in previews)
    best = [preview for preview in previews if preview.score == best_score]
    if best_score == 2:
        complete = [preview for preview in best if {"name", "price"} <= preview.fields]
        others = [preview for preview in best if preview not in complete]
        if len(complete) == 1 and all(preview.fields <= complete[0].fields for preview in others):
            best = complete
    if len(best) == 1 or not best_score:
        return [max(best, key=lambda preview: len(preview.header)).sheet]
    headers = {tuple(fold(name) for name in preview.header) for preview in best}
    if len(headers) == 1 and len(best) <= MAX_SHEETS:
        return [preview.sheet for preview in best]
    raise UnreadableFeed(
        f"several sheets have products ({_names([preview.sheet for preview in best])}) and different columns; name one "
        "of them as `sheet` in the options of the catalog's sync settings, or upload the sheets one by one"
    )


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
    if plan.profile is None and "sku" not in mapping and not plan.prices and not _has_usual_sku(header, plan.sku):
        return _SheetPreview(sheet, header, 0)  # a sheet with customers or orders can also have a column `Nr`
    return _SheetPreview(sheet, header, 2 if plan.name or plan.prices else 1, frozenset(plan.field_columns))


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
    """Cut or extend the row to `width` cells, and return it. Returns None if all returned cells would be blank."""
    line, cells = row
    count = len(cells)
    if count < width:
        cells.extend([""] * (width - count))
    elif count > width:
        del cells[width:]
    if not any(cells) and not (isinstance(cells, FlawedCells) and any(column < width for column in cells.flaws)):
        return None
    return line, cells


def _reordered(cells: Cells, order: Sequence[int]) -> Cells:
    """Return the cells and their flaws in another order."""
    if not isinstance(cells, FlawedCells):
        return reordered_cells(cells, order)
    moved = FlawedCells(cell or "" for cell in reordered_cells(cells, order))
    moved.flaws = {at: cells.flaws[number] for at, number in enumerate(order) if number in cells.flaws}
    moved.three_decimals = {at for at, number in enumerate(order) if number in cells.three_decimals}
    return moved


def _names(sheets: list[Sheet]) -> str:
    return ", ".join(quoted(sheet.name, 40) for sheet in sheets[:10]) + (" …" if len(sheets) > 10 else "")
