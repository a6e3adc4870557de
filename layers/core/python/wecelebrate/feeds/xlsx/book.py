"""A workbook: its sheets, and what the cells of all of them refer to."""

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wecelebrate.feeds.archive import Archive
from wecelebrate.feeds.items import UnreadableFeed
from wecelebrate.feeds.xlsx.cells import BUILT_IN, Kind, number, reader, shown_as
from wecelebrate.feeds.xlsx.parts import Attributes, events
from wecelebrate.feeds.xlsx.strings import SharedStrings

MOST_SHEETS = 200
MOST_STYLES = 65_490
"""Excel's own bound on cell formats."""
MOST_OF_A_LIST = 100_000


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    part: str
    hidden: bool


class Book:
    """Raises UnreadableFeed for a workbook that is damaged."""

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
        for name, found in _elements(archive, workbook, {"sheet", "workbookPr"}):
            if name == "workbookPr":
                self._from_1904 = found.get("date1904") in ("1", "true")
                continue
            relation = next((value for key, value in found.items() if key.endswith(":id")), "")
            kind, part = parts.get(relation, ("", ""))
            if kind == "worksheet":
                self.sheets.append(Sheet(found.get("name", "")[:200], part, found.get("state", "visible") != "visible"))
        if not self.sheets or len(self.sheets) > MOST_SHEETS:
            raise UnreadableFeed(
                f"the workbook has {len(self.sheets) or 'no'} sheets; save the one with products alone"
            )
        by_kind = dict(reversed(list(parts.values())))
        # Style to what reads the numbers of its cells; None is that of a cell without.
        self.number_readers: dict[str | None, Callable[[str], str]] = {}
        self.number_readers.update(self._styles(by_kind.get("styles")))
        self.number_readers[None] = self.number_readers.get("0", number)
        self.strings = SharedStrings(archive, by_kind.get("sharedStrings"))

    def close(self) -> None:
        self.strings.close()

    def _styles(self, part: str | None) -> dict[str, Callable[[str], str]]:
        if part is None or part not in self.archive.entries:
            return {}
        codes: dict[str, str] = {}
        styles: dict[str, Callable[[str], str]] = {}
        made: dict[Kind | int, Callable[[str], str]] = {}
        for name, found in _elements(self.archive, part, {"numFmt", "cellXfs", "xf", "cellStyles"}):
            if name == "numFmt":
                codes.setdefault(found.get("numFmtId", ""), found.get("formatCode", ""))
            elif name == "cellXfs":
                styles.clear()  # the formats before it are those of named styles
            elif name == "cellStyles":
                break
            elif len(styles) < MOST_STYLES:
                form = found.get("numFmtId", "0")
                built_in = BUILT_IN.get(int(form), "number") if re.fullmatch(r"\d{1,5}", form) else "number"
                shows = shown_as(codes[form]) if form in codes else built_in
                if shows not in made:
                    made[shows] = reader(shows, self._from_1904)
                styles[str(len(styles))] = made[shows]
        return styles


def _elements(archive: Archive, part: str, names: set[str]) -> Iterable[tuple[str, Attributes]]:
    """The elements of a small part that have one of these names."""
    found: list[tuple[str, Attributes]] = []

    def start(name: str, attributes: Attributes) -> None:
        if name in names:
            found.append((name, attributes))

    for _ in events(archive, part, start, lambda _: None, lambda _: None):
        if len(found) > MOST_OF_A_LIST:
            raise UnreadableFeed(f"the workbook is damaged: {part} is longer than any spreadsheet's")
    return found
