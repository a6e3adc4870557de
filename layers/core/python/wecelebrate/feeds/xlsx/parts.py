"""The XML parts of a workbook as events. A document type, which OOXML forbids, is refused, and all entities with it."""

from collections.abc import Callable, Iterator
from xml.parsers import expat

from wecelebrate.feeds.archive import Archive, Member
from wecelebrate.feeds.items import UnreadableFeed

CHUNK = 64 << 10
MOST_RATIO = 150
"""Times that a part may unpack to: sheets of one repeated row reach 60."""
LONGEST_TOKEN = 1 << 20
"""Bytes of a tag or comment. Expat keeps it whole, and looks through it again with each chunk."""
DEEPEST = 64
MOST_NAMES = 5_000
"""Of elements: expat keeps each."""

Attributes = dict[str, str]
Start = Callable[[str, Attributes], None]
End = Callable[[str], None]


def open_part(archive: Archive, name: str) -> Member:
    """A part's content. Raises UnreadableFeed when the workbook lacks it."""
    info = archive.entries.get(name) or archive.entries.get(name.lstrip("/"))
    if info is None:
        raise UnreadableFeed(f"the workbook is damaged: it lacks {name}; open it in Excel and save it again")
    return archive.open(info, MOST_RATIO)


def events(
    archive: Archive, name: str, start: Start, end: End, text: Callable[[str], None], *, bounded: bool = False
) -> Iterator[None]:
    """Call the handlers for what the part holds; yields after each chunk. Names come without their prefix.

    `bounded` handlers see to it themselves that elements do not nest, or have ever new names, without end: a call less
    for each.
    Raises UnreadableFeed for what is no XML, or XML that no spreadsheet holds.
    """
    stream = open_part(archive, name)
    parser = expat.ParserCreate()
    fed = depth = 0
    names: set[str] = set()

    def root(tag: str, attributes: Attributes) -> None:
        nonlocal depth
        if bounded and ":" not in tag:
            parser.StartElementHandler, parser.EndElementHandler = start, end
            start(tag, attributes)
            return
        depth += 1
        names.add(tag)
        if depth > DEEPEST or len(names) > MOST_NAMES:
            raise no_sheet(name)
        start(tag[:100].rpartition(":")[2], attributes)

    def ended(tag: str) -> None:
        nonlocal depth
        depth -= 1
        end(tag[:100].rpartition(":")[2])

    def doctype(*_: object) -> None:
        raise UnreadableFeed("the workbook declares a document type or entities, which no spreadsheet does")

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = root, ended, text
    parser.StartDoctypeDeclHandler = doctype
    try:
        while chunk := stream.read(CHUNK):
            parser.Parse(chunk)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > LONGEST_TOKEN:
                raise UnreadableFeed(
                    f"the workbook is damaged: {name} holds a tag of more than {LONGEST_TOKEN:,} bytes"
                )
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        raise UnreadableFeed(
            f"the workbook is damaged: {name} is not well-formed ({error}); open it in Excel and save it again"
        ) from error


def no_sheet(name: str) -> UnreadableFeed:
    return UnreadableFeed(f"the workbook is damaged: {name} is nested too deeply, or has too many kinds of elements")
