"""How a delimited file is written: delimiter, quote character, where its header stands.

csv.Sniffer guesses from letter frequencies and fails on short or quoted files, and general detectors know nothing of
the content. Here the columns speak: a delimiter that yields a header of known product columns is the right one; only
without any known column does the evenness of the rows decide.
"""

import contextlib
import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

DELIMITERS = (",", ";", "\t", "|", ":", "^", "~", "§", "¦", "\x1f", "\x01", "#", "!")
SAMPLE_ROWS = 100
HEADER_WITHIN = 20

Known = Callable[[Sequence[str]], int]
"""How many of these cells are names of columns that mean something."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What csv.reader needs to know; see `csv` for the parameters."""

    delimiter: str
    quote: str = '"'
    escape: str | None = None
    skip_space: bool = False

    def parameters(self) -> dict[str, object]:
        return {
            "delimiter": self.delimiter,
            "quotechar": self.quote,
            "escapechar": self.escape,
            "skipinitialspace": self.skip_space,
        }


def detect(sample: list[str], known: Known, told: str | None = None) -> Dialect:
    """The dialect of the sample's lines; `told` is a delimiter from the sync settings or a `sep=` line."""
    candidates = [told] if told else [char for char in DELIMITERS if any(char in line for line in sample)]
    best, best_score = Dialect(told or ","), (0.0, -1.0)
    for delimiter in candidates:
        dialect = _quoting(sample, delimiter)
        rows = [row for row in read(sample, dialect)[:SAMPLE_ROWS] if any(cell.strip() for cell in row)]
        score = (float(max((known(row) for row in rows[:HEADER_WITHIN]), default=0)), _evenness(rows))
        if score > best_score:
            best, best_score = dialect, score
    return best


def read(lines: list[str], dialect: Dialect) -> list[list[str]]:
    """The lines as rows; an error of the reader ends them early."""
    return [row for row, _ in read_numbered(lines, dialect)]


def read_numbered(lines: list[str], dialect: Dialect) -> Iterator[tuple[list[str], int]]:
    """The lines as rows, each with the number of lines read by then; an error of the reader ends them early."""
    reader = csv.reader(lines, **dialect.parameters())  # type: ignore[arg-type]
    with contextlib.suppress(csv.Error):  # what was read so far is sample enough
        for row in reader:
            yield row, reader.line_num


def header_at(rows: list[list[str]], known: Known) -> int:
    """Which of the rows is the header: titles, dates and blanks may stand above it.

    The first of those with the most known columns; with no known column at all the first of the widest.
    """
    first = rows[:HEADER_WITHIN]
    meaning = [known(row) for row in first]
    if max(meaning, default=0):
        return meaning.index(max(meaning))
    widths = [sum(1 for cell in row if cell.strip()) for row in first]
    return widths.index(max(widths)) if widths else 0


def _evenness(rows: list[list[str]]) -> float:
    """Columns times the share of rows that have exactly as many; a single column is worth nothing."""
    widths = Counter(len(row) for row in rows)
    if not widths:
        return 0.0
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return (width - 1) * (count / len(rows)) ** 2


def _quoting(sample: list[str], delimiter: str) -> Dialect:
    text = "".join(sample)
    mark = re.escape(delimiter)
    quote = '"'
    single = len(re.findall(rf"(?:^|{mark})'[^'\r\n]*'(?=\r?$|\r?\n|{mark})", text, re.MULTILINE))
    if single > len(sample) / 2 and single > text.count('"'):
        quote = "'"
    # MySQL and some ERPs write \" inside quotes. A backslash at a cell's end is a path, not an escape.
    escaped = re.search(rf"[^\\{mark}]\\{quote}(?!\s*(?:{mark}|$))", text, re.MULTILINE)
    padded = re.search(rf"{mark} +{quote}", text)
    return Dialect(delimiter, quote, "\\" if escaped else None, padded is not None)
