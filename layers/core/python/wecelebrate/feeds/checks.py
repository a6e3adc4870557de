"""Rows as a whole, before any cell is looked at: their width, and characters that no database holds."""

from collections.abc import Iterator

from wecelebrate.feeds.convert import sku
from wecelebrate.feeds.items import BadCell, Cells, Rejected, Row, shown
from wecelebrate.feeds.plan import Plan
from wecelebrate.feeds.xlsx.rows import Noted

MOST_MISFITS = 250_000
"""Rows without the header's columns: so many mean that it is another file's header, or a quote that is never closed."""


def fitting(rows: Iterator[Row | Rejected], plan: Plan) -> Iterator[Row | Rejected]:
    """Rows of a CSV file that have the header's width.

    Blank cells beyond it are dropped, and rows of nothing but delimiters left out. A row that is too short is
    completed when only columns that feed no field are missing, and rejected otherwise: which cell it lacks is unknown.
    """
    header, width, needed = plan.header, len(plan.header), plan.last_mapped
    misfits = 0
    for row in rows:
        if isinstance(row, Rejected):
            yield row
            continue
        line, cells = row
        count = len(cells)
        if (count == 1 or not cells[0] or cells[0].isspace()) and not any(
            (cell or "").strip(" \t\x1a") for cell in cells
        ):
            continue
        if count == width:
            yield row
        elif count > width:
            if any((cell or "").strip() for cell in cells[width:]):
                problem = (
                    f"the row has {count} cells, the header has {width} columns; a cell with a delimiter needs quotes"
                )
                yield _rejected(plan, line, cells, problem, "too_many_cells")
                misfits += 1
            else:
                yield line, cells[:width]
        elif count > needed:
            yield line, [*cells, *[""] * (width - count)]
        else:
            missing = ", ".join(header[count : count + 5]) + (" …" if width - count > 5 else "")
            problem = f"the row has {count} cells, the header has {width} columns; missing: {missing}"
            yield _rejected(plan, line, cells, problem, "too_few_cells")
            misfits += 1
        if misfits > MOST_MISFITS:
            reason = (
                f"reading stopped after line {line}: more than {MOST_MISFITS:,} rows do not have the header's columns"
            )
            yield Rejected(line, 0, None, reason, "stopped", [])
            return


def _blank(cells: Cells) -> bool:
    """Nothing but blanks; the Ctrl-Z is how DOS programs end a file."""
    return not any((cell or "").strip(" \t\x1a") for cell in cells)


def sound(rows: Iterator[Row | Rejected], plan: Plan) -> Iterator[Row | Rejected]:
    """Rows of a sheet whose fields have values: no errors such as #N/A, no formulas that nobody has computed."""
    prices = {price.column for price in plan.prices}
    needed = {number for numbers in plan.mapped.values() for number in numbers}
    for row in rows:
        if isinstance(row, Rejected) or not isinstance(cells := row[1], Noted):
            yield row
            continue
        for column in cells.thousandths & prices:
            cells[column] += "0"
        bad = min(cells.flaws.keys() & needed, default=None)
        if bad is None:
            yield row[0], list(cells)
        else:
            code, problem = cells.flaws[bad]
            yield _rejected(plan, row[0], cells, f"{plan.header[bad]}: {problem}", code)


def cut_off(rows: Iterator[Row | Rejected], why: str) -> Iterator[Row | Rejected]:
    """Rows of a file that broke off: whether the last of them is whole, nobody knows, so it is rejected."""
    last: Row | Rejected = Rejected(1, 0, None, why, "stopped", [])
    first = True
    for row in rows:
        if not first:
            yield last
        last, first = row, False
    if isinstance(last, Rejected):
        yield last
    else:
        yield Rejected(last[0], 1, None, f"line {last[0]}: {why}", "stopped", [cell or "" for cell in last[1]])


SAMPLE_ENDS = "the sample ends here"
BROKE_OFF = "the compressed file breaks off here; the rows before it were read; transfer it again"


def storable(rows: Iterator[Row | Rejected], plan: Plan, damaged: str | None) -> Iterator[Row | Rejected]:
    """Rows without NUL characters, half surrogates and bytes that are no text in the encoding of a `damaged` file."""
    for row in rows:
        if isinstance(row, Rejected):
            yield row
            continue
        line, cells = row
        whole = "".join(cell for cell in cells if cell)
        if whole.isascii() and "\0" not in whole:
            yield row
            continue
        at, found = next(
            ((n, found) for n, cell in enumerate(cells) if cell and (found := _unfit(cell, damaged))), (0, None)
        )
        if found is None:
            yield row
        else:
            code, problem = found
            name = plan.header[at] if at < len(plan.header) else "a key"
            clean = [(cell or "").encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00") for cell in cells]
            yield _rejected(plan, line, clean, f"{name}: {shown(clean[at])} {problem}", code)


def _unfit(cell: str, damaged: str | None) -> tuple[str, str] | None:
    if "\0" in cell:
        return "nul_character", "holds a NUL character"
    if damaged and "\ufffd" in cell:
        return "bad_bytes", f"holds bytes that are no text in the file's encoding, {damaged}"
    try:
        cell.encode()
    except UnicodeEncodeError:
        return "half_character", "holds half a character (a lone surrogate)"
    return None


def _rejected(plan: Plan, line: int, cells: Cells, problem: str, code: str) -> Rejected:
    """The SKU is told only where the row is read that far: behind a missing delimiter no cell is what it seems."""
    found = None
    if plan.sku and plan.sku[0] < len(cells):
        try:
            found = sku((cells[plan.sku[0]] or "").strip())
        except BadCell:
            found = None
    return Rejected(line, 1, found, problem, code, [cell or "" for cell in cells])
