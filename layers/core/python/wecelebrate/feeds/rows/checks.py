"""Checks whole rows before their cells are parsed: the row's width, spreadsheet errors, and invalid characters."""

import re
from collections.abc import Iterator

from wecelebrate.feeds.columns.totals import is_rule
from wecelebrate.feeds.items import BadCell, Cells, NumberText, Rejected, Row, quoted
from wecelebrate.feeds.notation.convert import sku
from wecelebrate.feeds.plan.plan import REPORT_COLUMN_PREFIX, Plan
from wecelebrate.feeds.rows.notes import CODE as NO_PRODUCT
from wecelebrate.feeds.rows.notes import note_without_sku
from wecelebrate.feeds.xlsx.rows import FlawedCells

_RULE_STARTS = frozenset(("--", "==", "__", "+-", ":-", "\u2500\u2500"))
MAX_ENTITY = 12
MAX_ENTITIES = 100
_ENTITY_END = re.compile(r"&(?:[a-z]{2,8}|#\d{2,6}|#x[0-9a-f]{2,5})$", re.IGNORECASE)
MAX_MISFIT_ROWS = 250_000
"""The maximum number of rows whose width differs from the header's width.

If more rows differ, the header is wrong, or a quote is never closed.
"""


def check_width(rows: Iterator[Row | Rejected], plan: Plan) -> Iterator[Row | Rejected]:  # noqa: PLR0912  (for speed)
    """Yield each row of a CSV file, with exactly as many cells as the header. Reject rows that do not fit.

    Blank cells beyond the header are dropped, and rows that consist only of delimiters or of dashes are skipped. A row
    that is too short gets blank cells if no field needs the missing columns. Otherwise the row is rejected, because
    the missing cell can be any cell of the row.
    """
    header, width, needed = plan.header, len(plan.header), plan.last_field_column
    misfits = 0
    for row in rows:
        if isinstance(row, Rejected):
            yield row
            continue
        line, cells = row
        count = len(cells)
        # Skip blank rows. A row with only Ctrl-Z (\x1a), which DOS programs write at the end of a file, is blank too.
        if (count == 1 or not cells[0] or cells[0].isspace()) and not any(
            (cell or "").strip(" \t\x1a") for cell in cells
        ):
            continue
        if (count != width or not cells[0] or cells[0][:2] in _RULE_STARTS) and is_rule(cells):
            continue
        if count == width:
            yield row
        elif count > width:
            if count - width <= MAX_ENTITIES and len(joined := _with_entities(cells)) == width:
                yield line, joined
            elif any((cell or "").strip() for cell in cells[width:]):
                problem = (
                    f"the row has {count} cells, the header has {width} columns; a cell that contains the "
                    "delimiter must be in quotes"
                )
                yield rejected_row(plan, line, cells, problem, "too_many_cells")
                misfits += 1
            else:
                yield line, cells[:width]
        elif count > needed:
            yield line, [*cells, *[""] * (width - count)]
        elif note := note_without_sku(cells, width):
            yield Rejected(line, 1, None, note, NO_PRODUCT, [cell or "" for cell in cells])
        else:
            missing = ", ".join(header[count : count + 5]) + (" …" if width - count > 5 else "")
            problem = f"the row has {count} cells, the header has {width} columns; missing: {missing}"
            yield rejected_row(plan, line, cells, problem, "too_few_cells")
            misfits += 1
        if misfits > MAX_MISFIT_ROWS:
            reason = (
                f"reading stopped after line {line}: more than {MAX_MISFIT_ROWS:,} rows have more or fewer cells than "
                "the header; check the delimiter and the quotes"
            )
            yield Rejected(line, 0, None, reason, "stopped", [])
            return


def _with_entities(cells: Cells) -> list[str | None]:
    """Join cells that were divided at the semicolon of an HTML entity: `Warm &amp` and ` soft`."""
    joined: list[str | None] = []
    is_open = False
    for cell in cells:
        if is_open:
            joined[-1] = f"{joined[-1]};{cell or ''}"
        else:
            joined.append(cell)
        is_open = _ENTITY_END.search((cell or "")[-MAX_ENTITY:]) is not None
    return joined


def check_flaws(rows: Iterator[Row | Rejected], plan: Plan) -> Iterator[Row | Rejected]:
    """Reject a sheet's row if the cell of a field is an error such as #N/A, or a formula without a stored value."""
    quantities = {*(price.column for price in plan.prices), *plan.inventory}
    needed = {number for numbers in plan.field_columns.values() for number in numbers}
    for row in rows:
        if isinstance(row, Rejected) or not isinstance(cells := row[1], FlawedCells):
            yield row
            continue
        for column in cells.three_decimals & quantities:
            cells[column] += "0"
        bad_column = min(cells.flaws.keys() & needed, default=None)
        if bad_column is None:
            yield row[0], list(cells)
        else:
            code, problem = cells.flaws[bad_column]
            yield rejected_row(plan, row[0], cells, f"{plan.header[bad_column]}: {problem}", code)


def mark_decimals(rows: Iterator[Row | Rejected], plan: Plan) -> Iterator[Row | Rejected]:
    """Append a zero to JSON numbers with three decimals. Otherwise, the point in 1.250 could group thousands."""
    quantities = sorted({*(price.column for price in plan.prices), *plan.inventory})
    for row in rows:
        if not isinstance(row, Rejected):
            cells = row[1]
            for column in quantities:
                cell = cells[column]
                if cell.__class__ is NumberText and cell[-4:-3] == ".":
                    cells[column] = cell + "0"  # type: ignore[index]  # the rows of JSON files are lists
        yield row


def reject_superseded(rows: Iterator[Row | Rejected], plan: Plan) -> Iterator[Row | Rejected]:
    """Reject rows of an error file if a later row of the original file has replaced them.

    A load of such a row would give the product its old values. If the file has no column CODE_COLUMN, it is not an
    error file, and all rows are returned.
    """
    if CODE_COLUMN not in plan.header:
        return rows
    number = plan.header.index(CODE_COLUMN)
    reason = f"a later row of the original file replaced this row; to load it again, empty its {CODE_COLUMN}"
    return (
        rejected_row(plan, row[0], row[1], reason, "superseded")
        if not isinstance(row, Rejected) and number < len(row[1]) and row[1][number] == "superseded"
        else row
        for row in rows
    )


def reject_last_row(rows: Iterator[Row | Rejected], reason: str) -> Iterator[Row | Rejected]:
    """Reject the last row of a truncated file, because this row can be incomplete."""
    last: Row | Rejected = Rejected(1, 0, None, reason, "stopped", [])
    first = True
    for row in rows:
        if not first:
            yield last
        last, first = row, False
    if isinstance(last, Rejected):
        yield last
    else:
        yield Rejected(last[0], 1, None, f"line {last[0]}: {reason}", "stopped", [cell or "" for cell in last[1]])


CODE_COLUMN = f"{REPORT_COLUMN_PREFIX}code"
"""The column of an error file that contains the code of the error."""
SAMPLE_ENDS = "the sample ends here"
TRUNCATED = "the compressed file is incomplete and ends here; only the rows before this line were read; upload it again"


def check_characters(rows: Iterator[Row | Rejected], plan: Plan, damaged: str | None) -> Iterator[Row | Rejected]:
    """Reject rows with NUL characters, lone surrogates, or bytes that are invalid in the encoding.

    `damaged` is the file's encoding if the file has invalid bytes, otherwise None. The reason contains the cell only if
    the column is public, because some callers may read the reason, but not the source data.
    """
    public = {number for numbers in plan.field_columns.values() for number in numbers}
    public.update(number for number, _ in plan.attributes)
    for row in rows:
        if isinstance(row, Rejected):
            yield row
            continue
        line, cells = row
        text = "".join(cell for cell in cells if cell)
        if text.isascii() and "\0" not in text:
            yield row
            continue
        column, flaw = next(
            ((n, flaw) for n, cell in enumerate(cells) if cell and (flaw := _character_flaw(cell, damaged))), (0, None)
        )
        if flaw is None:
            yield row
        else:
            code, problem = flaw
            name = plan.header[column] if column < len(plan.header) else "a key"
            clean = [(cell or "").encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00") for cell in cells]
            cell = quoted(clean[column]) if column in public else "the cell"
            yield rejected_row(plan, line, clean, f"{name}: {cell} {problem}", code)


def _character_flaw(cell: str, damaged: str | None) -> tuple[str, str] | None:
    """Return the code and description of the cell's first invalid character, or None if all characters are valid."""
    if "\0" in cell:
        return "nul_character", "contains a NUL character; remove it"
    if damaged and "\ufffd" in cell:
        return (
            "bad_bytes",
            f"contains bytes that are invalid in the file's encoding, {damaged}; export the file as UTF-8",
        )
    try:
        cell.encode()
    except UnicodeEncodeError:
        return "half_character", "contains half a character (a lone surrogate); remove it"
    return None


def rejected_row(plan: Plan, line: int, cells: Cells, problem: str, code: str) -> Rejected:
    """Return the row as a Rejected, which contains the SKU if the row has a valid SKU."""
    product_sku = None
    if plan.sku_of_row or (plan.sku and plan.sku[0] < len(cells)):
        try:
            product_sku = sku(plan.sku_of_row(cells) if plan.sku_of_row else (cells[plan.sku[0]] or "").strip())
        except BadCell:
            product_sku = None
    return Rejected(line, 1, product_sku, problem, code, [cell or "" for cell in cells])
