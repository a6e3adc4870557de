"""Parses the XML parts of a workbook as events.

Document type declarations are refused, because OOXML forbids them. Therefore no part can declare entities.
"""

from collections.abc import Callable, Iterator
from xml.parsers import expat

from wecelebrate.feeds.files.archive import Archive
from wecelebrate.feeds.files.zip_reader import ZipMember
from wecelebrate.feeds.items import UnreadableFeed

CHUNK = 64 << 10
MAX_PART_RATIO = 150
"""The maximum ratio of a part: its unpacked size divided by its packed size.

A sheet in which all rows are equal has a ratio of 60.
"""
MAX_TOKEN_LENGTH = 1 << 20
"""The maximum number of bytes of a tag or a comment.

Expat keeps an incomplete tag or comment in memory, and scans it again with every chunk.
"""
MAX_DEPTH = 64
MAX_NAMES = 5_000
"""The maximum number of different element names. Expat keeps all element names in memory."""

Attributes = dict[str, str]
Start = Callable[[str, Attributes], None]
End = Callable[[str], None]


def open_part(archive: Archive, name: str) -> ZipMember:
    """Open a part of the workbook. Raises UnreadableFeed if the workbook does not contain this part."""
    info = archive.entries.get(name) or archive.entries.get(name.lstrip("/"))
    if info is None:
        raise UnreadableFeed(f"the workbook is damaged: it does not contain {name}; open it in Excel and save it again")
    return archive.open(info, MAX_PART_RATIO)


def part_size(archive: Archive, name: str) -> int:
    """Return the number of bytes of a part as the workbook states it, or 0 if the part does not exist."""
    info = archive.entries.get(name) or archive.entries.get(name.lstrip("/"))
    return info.file_size if info else 0


def parse_part(
    archive: Archive, name: str, start: Start, end: End, text: Callable[[str], None], *, bounded: bool = False
) -> Iterator[None]:
    """Call the handlers for each element and each text of the part, and yield after each chunk.

    The handlers get element names without a prefix. If the handlers themselves limit the depth and the number of
    element names, set `bounded`. This option saves two function calls for each element.

    Raises UnreadableFeed for invalid XML, and for XML that no spreadsheet program writes.
    """
    stream = open_part(archive, name)
    parser = expat.ParserCreate()
    bytes_fed = depth = 0
    names: set[str] = set()

    def start_checked(tag: str, attributes: Attributes) -> None:
        nonlocal depth
        if bounded and ":" not in tag:
            # The root element has no prefix, so the handlers can be called directly.
            parser.StartElementHandler, parser.EndElementHandler = start, end
            start(tag, attributes)
            return
        depth += 1
        names.add(tag)
        if depth > MAX_DEPTH or len(names) > MAX_NAMES:
            raise bad_structure(name)
        start(tag[:100].rpartition(":")[2], attributes)

    def end_checked(tag: str) -> None:
        nonlocal depth
        depth -= 1
        end(tag[:100].rpartition(":")[2])

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start_checked, end_checked
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        while chunk := stream.read(CHUNK):
            parser.Parse(chunk)
            bytes_fed += len(chunk)
            if bytes_fed - parser.CurrentByteIndex > MAX_TOKEN_LENGTH:
                raise UnreadableFeed(
                    f"the workbook is damaged: {name} has a tag of more than {MAX_TOKEN_LENGTH:,} bytes; open it in "
                    "Excel and save it again"
                )
            yield
        parser.Parse(b"", True)
        yield
    except (expat.ExpatError, LookupError) as error:  # LookupError: the part declares an encoding that does not exist
        raise UnreadableFeed(
            f"the workbook is damaged: {name} is not well-formed XML ({error}); open it in Excel and save it again"
        ) from error


def _refuse_doctype(*_: object) -> None:
    raise UnreadableFeed(
        "the workbook declares a document type or entities, which no spreadsheet does; open it in Excel and save it "
        "again"
    )


def bad_structure(name: str) -> UnreadableFeed:
    return UnreadableFeed(
        f"the workbook is damaged: {name} is nested too deeply, or has too many different elements; open it in Excel "
        "and save it again"
    )
