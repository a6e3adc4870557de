"""Reads a workbook's list of sheets, its number formats and its shared strings."""

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wecelebrate.feeds.files.archive import Archive
from wecelebrate.feeds.items import UnreadableFeed
from wecelebrate.feeds.xlsx.cells import BUILT_IN_FORMATS, cell_format, number, number_reader
from wecelebrate.feeds.xlsx.formats import (
    BUILT_IN_PERCENT,
    BUILT_IN_TWO_DECIMALS,
    digit_pattern,
    is_percent,
    percent,
    shown_currency,
    shown_decimals,
    with_currency,
    with_decimals,
    with_pattern,
)
from wecelebrate.feeds.xlsx.parts import Attributes, parse_part
from wecelebrate.feeds.xlsx.strings import SharedStrings

MAX_SHEETS = 200
MAX_STYLES = 65_490
"""The maximum number of cell formats. Excel has the same limit."""
MAX_LIST_ELEMENTS = 100_000


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    part: str
    hidden: bool


class Book:
    """An open workbook. Raises UnreadableFeed if the workbook is damaged."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        workbook = next(name for name in archive.entries if name.lower() == "xl/workbook.xml")
        base, file = posixpath.split(workbook)
        parts: dict[str, tuple[str, str]] = {}
        for _, link in _elements(archive, f"{base}/_rels/{file}.rels", {"Relationship"}):
            target = link.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(base, target))
            parts[link.get("Id", "")] = (link.get("Type", "").rpartition("/")[2], path)
        self.sheets: list[Sheet] = []
        self._from_1904 = False
        for name, attributes in _elements(archive, workbook, {"sheet", "workbookPr"}):
            if name == "workbookPr":
                self._from_1904 = attributes.get("date1904") in ("1", "true")
                continue
            relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            part_type, part = parts.get(relation, ("", ""))
            if part_type == "worksheet":
                hidden = attributes.get("state", "visible") != "visible"
                self.sheets.append(Sheet(attributes.get("name", "")[:200], part, hidden))
        if not self.sheets or len(self.sheets) > MAX_SHEETS:
            raise UnreadableFeed(
                f"the workbook has {len(self.sheets) or 'no'} sheets; save a workbook with only the sheet that has "
                "the products"
            )
        part_of_type = dict(reversed(list(parts.values())))
        # Maps each style to the function that reads the numbers in cells of this style.
        # The key None is for cells without a style.
        self.number_readers: dict[str | None, Callable[[str], str]] = {}
        self.number_readers.update(self._style_readers(part_of_type.get("styles")))
        self.number_readers[None] = self.number_readers.get("0", number)
        self.strings = SharedStrings(archive, part_of_type.get("sharedStrings"))

    def close(self) -> None:
        self.strings.close()

    def _style_readers(self, part: str | None) -> dict[str, Callable[[str], str]]:
        if part is None or part not in self.archive.entries:
            return {}
        codes: dict[str, str] = {}
        styles: dict[str, Callable[[str], str]] = {}
        readers: dict[str, Callable[[str], str]] = {}
        for name, attributes in _elements(self.archive, part, {"numFmt", "cellXfs", "xf", "cellStyles"}):
            if name == "numFmt":
                codes.setdefault(attributes.get("numFmtId", ""), attributes.get("formatCode", ""))
            elif name == "cellXfs":
                styles.clear()  # the formats before `cellXfs` belong to named styles
            elif name == "cellStyles":
                break
            elif len(styles) < MAX_STYLES:
                form = attributes.get("numFmtId", "0")
                if form not in readers:
                    readers[form] = self._reader(form, codes.get(form))
                styles[str(len(styles))] = readers[form]
        return styles

    def _reader(self, form: str, code: str | None) -> Callable[[str], str]:
        """Return the function that reads the numbers of a number format. `code` is None for a built-in format."""
        if code is None:
            built_in = int(form) if re.fullmatch(r"\d{1,5}", form) else 0
            if built_in in BUILT_IN_PERCENT:
                return percent
            if built_in in BUILT_IN_TWO_DECIMALS:
                return with_decimals(2)
            return number_reader(BUILT_IN_FORMATS.get(built_in, "number"), self._from_1904)
        shown_as = cell_format(code)
        if shown_as != "number":
            return number_reader(shown_as, self._from_1904)
        if is_percent(code):
            return percent
        if pattern := digit_pattern(code):
            return with_pattern(pattern)
        decimals = shown_decimals(code)
        if currency := shown_currency(code):
            return with_currency(currency, decimals)
        return with_decimals(decimals) if decimals else number


def _elements(archive: Archive, part: str, names: set[str]) -> Iterable[tuple[str, Attributes]]:
    """Return the elements with these names in a part of the workbook. The part must be small."""
    elements: list[tuple[str, Attributes]] = []

    def start(name: str, attributes: Attributes) -> None:
        if name in names:
            elements.append((name, attributes))

    for _ in parse_part(archive, part, start, lambda _: None, lambda _: None):
        if len(elements) > MAX_LIST_ELEMENTS:
            raise UnreadableFeed(
                f"the workbook is damaged: {part} is longer than in any spreadsheet; open it in Excel and save it again"
            )
    return elements
