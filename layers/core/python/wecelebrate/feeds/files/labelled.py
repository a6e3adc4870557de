"""Reads a text in which each product is a block of lines with a label and a value, as a table.

    Code: T-100                  Code   | Name        | Price
    Name: Becher blau      →     T-100  | Becher blau | 9,90
    Price: 9,90                  T-101  | Teekanne    | 29,50

    Code: T-101
    Name: Teekanne
    Price: 29,50

A block ends before a blank line, a line of dashes, or a label that the block already has. A line without a label
continues the value above. A text is read as blocks if its first lines contain only blocks, and if at least two repeated
labels are known column names.
"""

# ruff: noqa: RUF001

import csv
import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO

from wecelebrate.feeds.files.containers import MAX_MEMORY_BYTES, report_full_disk
from wecelebrate.feeds.files.dialect import ColumnCounter
from wecelebrate.feeds.files.encoding import TextFile

DELIMITER = "\t"
SAMPLE_LINES = 300
MIN_BLOCKS = 2
MIN_LABELS = 2
MIN_KNOWN = 2
MOST = 0.6
MAX_LABELS = 200
MAX_LINE = 100_000
_LINE = re.compile(
    r"\s{0,20}([^\W\d_][^:：=\t;|,\"{}<>]{0,39}?)\s{0,20}(?::(?!//)|：|=(?!=))[ \t]{0,20}(.*)", re.DOTALL
)
_RULE = re.compile(r"[\W_]*")


def convert(text: TextFile, count_known: ColumnCounter) -> TextFile | None:
    """Return the table as a new file, or None if the text does not consist of such blocks."""
    if not _has_blocks(list(islice(text.open(), SAMPLE_LINES)), count_known):
        return None
    header = _labels(text)
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=MAX_MEMORY_BYTES)  # noqa: SIM115  (outlives this call)
    try:
        with report_full_disk():
            _write(header, text, file)
    except BaseException:
        file.close()
        raise
    return TextFile(file, "utf-8", text.damaged, text.has_nul)


def _write(header: list[str], text: TextFile, file: IO[bytes]) -> None:
    out = io.TextIOWrapper(file, "utf-8", newline="", errors="replace")
    writer = csv.writer(out, delimiter=DELIMITER, lineterminator="\n")
    writer.writerow(header)
    for block in _blocks(text):
        writer.writerow([block.get(label, "") for label in header])
    out.flush()
    out.detach()


def _labels(text: TextFile) -> list[str]:
    """Return at most MAX_LABELS labels, in the order of their first occurrence."""
    labels: dict[str, None] = {}
    for block in _blocks(text):
        new = (label for label in block if label not in labels)
        labels |= dict.fromkeys(islice(new, MAX_LABELS - len(labels)))
    return list(labels)


def _has_blocks(lines: Sequence[str], count_known: ColumnCounter) -> bool:
    filled = [line for line in lines if not _RULE.fullmatch(line.strip()[:MAX_LINE])]
    labels = [match[1] for line in filled if len(line) <= MAX_LINE and (match := _LINE.match(line))]
    if len(labels) < MOST * len(filled) or len(labels) < MIN_BLOCKS * MIN_LABELS:
        return False
    different = list(dict.fromkeys(labels))
    # Blocks repeat their labels. In a table that uses the same character as its delimiter, the first cells
    # of the rows differ.
    return (
        MIN_LABELS <= len(different) <= len(labels) / MIN_BLOCKS + 1
        and labels.count(labels[0]) >= MIN_BLOCKS
        and count_known(different) >= MIN_KNOWN
    )


def _blocks(text: TextFile) -> Iterator[dict[str, str]]:
    """Yield each block as a dictionary that maps its labels to its values."""
    block: dict[str, str] = {}
    last = ""
    reader = text.open()
    while line := reader.readline(MAX_LINE):
        content = line.strip("\r\n\ufeff \t")
        match = _LINE.match(content)
        if match is None and _RULE.fullmatch(content):
            if block:
                yield block
            block, last = {}, ""
        elif match is not None and match[1] not in block and len(block) < MAX_LABELS:
            last = match[1]
            block[last] = match[2].strip().replace("\t", " ")
        elif match is not None:
            yield block
            last = match[1]
            block = {last: match[2].strip().replace("\t", " ")}
        elif last and len(block[last]) < MAX_LINE:
            block[last] = f"{block[last]} {content}".strip().replace("\t", " ")
    if block:
        yield block
