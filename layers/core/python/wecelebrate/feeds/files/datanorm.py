"""Reads a DATANORM 4 file, the format of German wholesalers of building materials, as a table.

    V 020326Grosshandel Nord GmbH                               04EUR
    A;N;WT4711;00;Waschtisch 60 cm;weiß;1;0;ST;18950;R10;210;;
    B;N;WT4711;WASCHTISCH;;;;;;4012345000016;;;0;0;;;

| record | columns                                                                                             |
|--------|-----------------------------------------------------------------------------------------------------|
| `A`    | an article: its number, two short texts, the kind of its price, the unit of the price as a code, the |
|        | unit of measure, the price in cents, the discount group, the main product group                      |
| `B`    | the GTIN of an article, and other data that are not read                                             |
| others | texts, price breaks, discounts and product groups, which are not read                                |

The kind of a price is 1 for the list price, and 2 for the net price of the dealer, which is not a sales price. The code
0 of the unit means one piece, and 1, 2 and 3 mean 10, 100 and 1,000 pieces. Prices are without tax. DATANORM 3 has
columns of fixed width, and programs disagree about the columns of DATANORM 5, so these versions are refused.

Source: kommunal-edv.de, "Datanorm"; the open source programs RaphaelKimmig/datanorm_writer and halo/datanorm.
"""

import csv
import io
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

from wecelebrate.feeds.columns.facts import has_check_digit
from wecelebrate.feeds.files.containers import MAX_MEMORY_BYTES, report_full_disk
from wecelebrate.feeds.files.encoding import TextFile
from wecelebrate.feeds.items import UnreadableFeed

DELIMITER = "\t"
HEADER = (
    "Artikelnummer", "Bezeichnung", "Listenpreis netto", "Händlerpreis netto", "Währung", "Preiseinheit",
    "Mengeneinheit", "EAN", "Rabattgruppe (intern)", "Warengruppe", "Command",
)  # fmt: skip
ENCODING = "cp850"
"""The encoding of the format. Many programs write other encodings."""
MAX_LINE = 10_000
SEARCHED_LINES = 50
_HEAD = re.compile(r"V .{6,140}?(?P<version>0[1-5])(?P<currency>[A-Z]{2,3})?\s*$")
_HEAD_5 = re.compile(r"V;0?5\d?;", re.IGNORECASE)
_ARTICLE = re.compile(r"A;[NALX];[^;]{1,40};", re.IGNORECASE)
_PRICES = re.compile(r"P;[NALX]?;?[^;]{1,40};", re.IGNORECASE)
_UNITS = {"": "1", "0": "1", "1": "10", "2": "100", "3": "1000"}
_LIST, _NET = "1", "2"
MIN_FIELDS = 10
_GTIN = re.compile(r"\d{8}|\d{12,14}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Converted:
    text: TextFile
    is_delta: bool
    """Whether a record changes or deletes an article. Such a file is not the whole catalog."""


def convert(text: TextFile, encoding: str | None) -> Converted | None:
    """Return the table as a new file, or None if the text is not in this format.

    `encoding` is the encoding in the settings of the catalog. Raises UnreadableFeed for another version of the format.
    """
    first = text.open().readline(MAX_LINE).strip("\ufeff \r\n\x1a")
    if _HEAD_5.match(first):
        raise _refused("5")
    head = _HEAD.match(first)
    if head is None:
        return None
    if head["version"] != "04":
        raise _refused(head["version"].lstrip("0"))
    if not encoding and text.doubts and ENCODING in (choices := {name for name, _ in text.doubts}) | {text.encoding}:
        text.encoding = ENCODING if ENCODING in choices else text.encoding
        text.doubts = ()
    if not any(map(_ARTICLE.match, islice(text.open(), SEARCHED_LINES))):
        raise UnreadableFeed(
            "this is a DATANORM file without articles (A records), e.g. a file of prices, discounts or groups; send "
            "the file with the articles, such as DATANORM.001"
        )
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=MAX_MEMORY_BYTES)  # noqa: SIM115  (outlives this call)
    try:
        with report_full_disk():
            is_delta = _write(text, head["currency"] or "EUR", file)
    except BaseException:
        file.close()
        raise
    return Converted(TextFile(file, "utf-8", text.damaged, text.has_nul, text.doubts), is_delta)


def _refused(version: str) -> UnreadableFeed:
    return UnreadableFeed(
        f"this is a file in the format DATANORM {version}, of which only version 4 is read; export DATANORM 4, BMEcat, "
        "or a table with a header, such as CSV"
    )


def _write(text: TextFile, currency: str, file: IO[bytes]) -> bool:
    """Write the table. Return whether a record changes or deletes an article."""
    out = io.TextIOWrapper(file, "utf-8", newline="", errors="replace")
    writer = csv.writer(out, delimiter=DELIMITER, lineterminator="\n")
    writer.writerow(HEADER)
    is_delta = False
    for record, gtin in _articles(text):
        is_delta = is_delta or record[1].upper() != "N"
        writer.writerow(_row(record, gtin, currency))
    out.flush()
    out.detach()
    return is_delta


def _articles(text: TextFile) -> Iterator[tuple[list[str], str]]:
    """Yield the fields of each article, and its GTIN, which is in the record below."""
    article: list[str] | None = None
    reader = text.open()
    while line := reader.readline(MAX_LINE):
        fields = [field.strip() for field in line.strip("\r\n\x1a").replace("\t", " ").split(";")]
        if fields[0].upper() == "A" and len(fields) >= MIN_FIELDS:
            if article is not None:
                yield article, ""
            article = fields
        elif article is not None and _completes(fields, article):
            yield article, fields[9] if _GTIN.fullmatch(fields[9]) and has_check_digit(fields[9]) else ""
            article = None
    if article is not None:
        yield article, ""


def _completes(fields: list[str], article: list[str]) -> bool:
    """Return whether a record contains further data of an article."""
    return fields[0].upper() == "B" and len(fields) >= MIN_FIELDS and fields[2] == article[2]


def _row(record: list[str], gtin: str, currency: str) -> list[str]:
    _, mark, number, _, first, second, kind, unit, measure, price = record[:MIN_FIELDS]
    discount, group = ([*record[MIN_FIELDS:], "", ""])[:2]
    # A price with a separator is not a number of cents, and the format defines no other meaning.
    amount = f"{price[:-2] or '0'}.{price[-2:]:0>2}" if price.isdecimal() and price.strip("0") else ""
    name = " ".join(filter(None, (first, second))) if mark.upper() != "X" else ""
    return [
        number, name, amount if kind == _LIST else "", amount if kind == _NET else "", currency if amount else "",
        _UNITS.get(unit, f"code {unit}"), measure, gtin, discount, group, "delete" if mark.upper() == "L" else "",
    ]  # fmt: skip
