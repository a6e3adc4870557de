"""Reads selected elements of an XML file one by one. Memory use does not grow with the size of the file.

The library libxml2 builds a tree. After every 64 KB, the elements that are no longer needed are removed from the tree.
The limits of libxml2 apply: a depth of 256, and 10 MB for each text and each tag.

Nothing is fetched from the network, and no entity is expanded. This module limits the number of names, because libxml2
keeps every name in memory until the process ends.
"""

import random
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from lxml import etree

from wecelebrate.feeds.files.csv_rows import MAX_RECORD_LENGTH
from wecelebrate.feeds.items import UnreadableFeed
from wecelebrate.feeds.xml.source import BrokenXml, XmlSource

Element = etree._Element

MAX_TAG_ATTRIBUTES = 20_000
"""The maximum number of attributes of one element.

For one element with more attributes, the parser needs several seconds and hundreds of megabytes.
"""
MAX_NAMES = 5_000
"""The maximum number of different names of elements and attributes in the sampled chunks."""
SAMPLE_INTERVAL = 32
"""On average, one in SAMPLE_INTERVAL chunks is searched for names. The chunks are chosen at random."""

_NAMES = re.compile(rb"""<([^\s<>/!?]+)|\s([\w:.-]+)\s*=\s*["']""")

ReadElement = tuple[str, int, Element | None]
"""The local name, the line, and the element. An element longer than MAX_RECORD_LENGTH is replaced by None."""


def pull_parser(tags: tuple[str, ...] | None) -> Any:
    """Return a parser that reads chunks. The limits of libxml2 apply.

    The parser loads no entity, no DTD and no network resource.

    Do not add `collect_ids=False`, although no IDs are needed: lxml converts this option to a flag of libxml2, with
    which libxml2 loads the external DTD.
    """
    return etree.XMLPullParser(
        events=("start", "end"), tag=tags, encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False,
        dtd_validation=False, attribute_defaults=False, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip


def local(element: Element) -> str:
    """Return the element's name without its namespace."""
    tag: Any = element.tag
    name: str = tag[tag.rfind("}") + 1 :]
    return name


class ElementReader:
    """Yields the selected elements of a file.

    An element with a name in `started` is yielded at its start tag. An element with a name in `complete` is yielded at
    its end tag, if `accept` returns true for the element. Elements inside this element are not yielded separately.

    If the file is broken, the elements before the broken line are yielded first. Then BrokenXml is raised.
    """

    def __init__(
        self,
        source: XmlSource,
        complete: tuple[str, ...],
        started: tuple[str, ...] = (),
        accept: Callable[[Element], bool] | None = None,
    ) -> None:
        self._source, self._accept = source, accept
        self._complete, self._started = frozenset(complete), frozenset(started)
        tags = (*(f"{{*}}{name}" for name in {*complete, *started, source.root}),)
        self._parser = pull_parser(tags)
        self._root: Element | None = None
        self._open: Element | None = None
        """The element whose content the parser is reading now. Its name is in `complete`."""
        self._lines = self._lines_before = 1
        """`_lines` is the line number at the end of the current chunk, and `_lines_before` the number at its start."""
        self._equals = 0
        self._names: set[tuple[bytes, bytes]] = set()
        self._random = random.Random()  # noqa: S311  (an attacker must not predict which chunks are sampled)

    def __iter__(self) -> Iterator[ReadElement]:
        size = 0
        too_long = False
        line_range = (1, 1)
        # None stands for the end of the file. The parser is then closed, and can report further elements.
        for chunk in chain(self._source.chunks(), (None,)):
            error = self._feed(chunk)
            for event, element in self._parser.read_events():
                if self._root is None:
                    self._root = element
                    _refuse_declarations(element)
                if self._open is None:
                    name = local(element)
                    if event == "start" and name in self._started:
                        yield name, self._lines, element
                    if event == "start" and name in self._complete and (self._accept is None or self._accept(element)):
                        self._open, size, too_long = element, 0, False
                        line_range = (self._lines_before, self._lines)
                elif event == "end" and element is self._open:
                    self._open = None
                    line = min(max(line_of(element), line_range[0]), line_range[1])
                    yield local(element), line, None if too_long else element
            if error:
                raise error
            size += len(chunk or b"")
            too_long = too_long or size > MAX_RECORD_LENGTH
            self._prune(None if too_long else self._open)

    def _feed(self, chunk: bytes | None) -> BrokenXml | None:
        """Pass a chunk to the parser. Returns an error instead of raising it, because earlier events come first."""
        try:
            if chunk is None:
                self._parser.close()
                return None
            self._lines_before = self._lines
            self._lines += chunk.count(b"\n")
            if problem := self._exceeded_limit(chunk):
                return BrokenXml(problem, self._lines)
            self._parser.feed(chunk)
        except etree.XMLSyntaxError as error:
            line = error.lineno or self._lines
            return BrokenXml(_describe(error, self._parser, chunk is None), min(max(line, 1), self._lines))
        return None

    def _exceeded_limit(self, chunk: bytes) -> str | None:
        # Every attribute has a "=", and no attribute contains a "<".
        first_tag = chunk.find(b"<")
        self._equals += chunk.count(b"=", 0, first_tag if first_tag >= 0 else len(chunk))
        if self._equals > MAX_TAG_ATTRIBUTES:
            return f"an element has more than {MAX_TAG_ATTRIBUTES:,} attributes"
        if first_tag >= 0:
            self._equals = chunk.count(b"=", chunk.rfind(b"<"))
        if self._random.randrange(SAMPLE_INTERVAL) == 0:
            self._names.update(_NAMES.findall(chunk))
            if len(self._names) > MAX_NAMES:
                return f"its elements and attributes have more than {MAX_NAMES:,} different names"
        return None

    def _prune(self, keep: Element | None) -> None:
        """Remove all elements from the tree, except `keep` and the elements that contain the parser's position."""
        node = self._root
        while node is not None and node is not keep and len(node):
            del node[:-1]
            node = node[-1]


def _refuse_declarations(root: Element) -> None:
    """Refuse declarations that the parser has read, although `source` has already checked the text of the file."""
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and (any(True for _ in dtd.iterentities()) or any(True for _ in dtd.elements())):
        raise UnreadableFeed(
            "the file's DOCTYPE declares entities or a structure of its own, which is not allowed; remove the "
            "declarations"
        )


def line_of(element: Element) -> int:
    """Return the line of an element's start tag.

    The library libxml2 counts the lines of elements only up to 65,535. For elements on later lines, libxml2 uses the
    line where the first text inside the element ends.
    """
    line = element.sourceline or 1
    if line < 65_535:
        return line
    node = element
    while not node.text and len(node):
        node = node[0]
    return line - (node.text or "").count("\n")


def _describe(error: etree.XMLSyntaxError, parser: Any, at_end: bool) -> str:
    detail = error.msg or ""
    if "no element found" in detail and parser.feed_error_log:
        detail, at_end = parser.feed_error_log[0].message, False
    message = re.sub(r", line \d+, column \d+.*$|, try XML_PARSE_HUGE|, use XML_PARSE_HUGE option", "", detail)
    message = message.replace("\n", " ").strip()
    if at_end:
        return "the file is incomplete" + (f" ({message[:200]})" if message else "")
    return f"it is not well-formed XML ({message[:200]})"
