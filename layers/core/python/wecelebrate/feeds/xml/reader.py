"""Named elements of an XML file one after the other, in memory that does not grow with the file.

libxml2 builds the tree; what is done with is taken from it after every 64 KB. Its limits stay on (depth 256, texts and
tags of 10 MB), and nothing is ever fetched or expanded. It keeps every name it meets for the life of the process, so
names are counted here.
"""

import random
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from lxml import etree

from wecelebrate.feeds.csv_rows import LONGEST_RECORD
from wecelebrate.feeds.items import UnreadableFeed
from wecelebrate.feeds.xml.source import Broken, Source

Element = etree._Element

MOST_ATTRIBUTES = 20_000
"""Of one element: beyond it the parser needs seconds and hundreds of megabytes for nothing."""
MOST_NAMES = 5_000
"""Of elements and attributes in the sampled chunks."""
SAMPLED = 32

_NAMES = re.compile(rb"""<([^\s<>/!?]+)|\s([\w:.-]+)\s*=\s*["']""")

Met = tuple[str, int, Element | None]
"""Local name, line, and the element; None for one that is longer than a record may be."""


def pull(tags: tuple[str, ...] | None) -> Any:
    """A parser fed by chunks: no entity, no DTD and no network, and libxml2's own limits.

    Not with `collect_ids=False`, however little IDs are wanted: lxml says so to libxml2 by the flag that also makes it
    load the external DTD.
    """
    return etree.XMLPullParser(
        events=("start", "end"), tag=tags, encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False,
        dtd_validation=False, attribute_defaults=False, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip


def local(element: Element) -> str:
    """The name without its namespace."""
    tag: Any = element.tag
    name: str = tag[tag.rfind("}") + 1 :]
    return name


class Reader:
    """Iterates over the elements named in `whole` when they have been read, and in `begun` when they begin.

    Of nested elements the outermost is the one. `accept` decides about those whose name alone does not tell. Raises
    Broken where the file breaks off, after everything before it.
    """

    def __init__(
        self,
        source: Source,
        whole: tuple[str, ...],
        begun: tuple[str, ...] = (),
        accept: Callable[[Element], bool] | None = None,
    ) -> None:
        self._source, self._whole, self._begun, self._accept = source, frozenset(whole), frozenset(begun), accept
        tags = (*(f"{{*}}{name}" for name in {*whole, *begun, source.root}),)
        self._parser = pull(tags)
        self._root: Element | None = None
        self._open: Element | None = None
        self._lines = self._before = 1
        self._equals = 0
        self._names: set[tuple[bytes, bytes]] = set()
        self._random = random.Random()  # noqa: S311  (which chunks are looked at should not be foreseen)

    def __iter__(self) -> Iterator[Met]:
        size = 0
        overlong = False
        first = (1, 1)
        # At its end the parser may have something to tell as well.
        for chunk in chain(self._source.chunks(), (None,)):
            error = self._feed(chunk)
            for event, element in self._parser.read_events():
                if self._root is None:
                    self._root = element
                    _without_declarations(element)
                if self._open is None:
                    name = local(element)
                    if event == "start" and name in self._begun:
                        yield name, self._lines, element
                    if event == "start" and name in self._whole and (self._accept is None or self._accept(element)):
                        self._open, size, overlong, first = element, 0, False, (self._before, self._lines)
                elif event == "end" and element is self._open:
                    self._open = None
                    line = min(max(line_of(element), first[0]), first[1])
                    yield local(element), line, None if overlong else element
            if error:
                raise error
            size += len(chunk or b"")
            overlong = overlong or size > LONGEST_RECORD
            self._prune(None if overlong else self._open)

    def _feed(self, chunk: bytes | None) -> Broken | None:
        """What is wrong with the file here; the events of what came before it are there nevertheless."""
        try:
            if chunk is None:
                self._parser.close()
                return None
            self._before = self._lines
            self._lines += chunk.count(b"\n")
            if problem := self._excess(chunk):
                return Broken(problem, self._lines)
            self._parser.feed(chunk)
        except etree.XMLSyntaxError as error:
            line = error.lineno or self._lines
            return Broken(_words(error, self._parser, chunk is None), min(max(line, 1), self._lines))
        return None

    def _excess(self, chunk: bytes) -> str | None:
        # An attribute has its "=", and no attribute holds a "<".
        begins = chunk.find(b"<")
        self._equals += chunk.count(b"=", 0, begins if begins >= 0 else len(chunk))
        if self._equals > MOST_ATTRIBUTES:
            return f"an element has more than {MOST_ATTRIBUTES:,} attributes"
        if begins >= 0:
            self._equals = chunk.count(b"=", chunk.rfind(b"<"))
        if self._random.randrange(SAMPLED) == 0:
            self._names.update(_NAMES.findall(chunk))
            if len(self._names) > MOST_NAMES:
                return f"its elements and attributes have more than {MOST_NAMES:,} different names"
        return None

    def _prune(self, kept: Element | None) -> None:
        """Take everything from the tree but the way to where the parser stands, and the element that is wanted."""
        node = self._root
        while node is not None and node is not kept and len(node):
            del node[:-1]
            node = node[-1]


def _without_declarations(root: Element) -> None:
    """What was looked for before the parser began, once more in its own eyes."""
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and (any(True for _ in declared.iterentities()) or any(True for _ in declared.elements())):
        raise UnreadableFeed("the file's DOCTYPE declares entities or structure of its own, which is not read")


def line_of(element: Element) -> int:
    """The line of an element's start tag.

    libxml2 counts to 65,535 in elements. Beyond, it goes by the first text inside, and that by its end.
    """
    line = element.sourceline or 1
    if line < 65_535:
        return line
    node = element
    while not node.text and len(node):
        node = node[0]
    return line - (node.text or "").count("\n")


def _words(error: etree.XMLSyntaxError, parser: Any, at_end: bool) -> str:
    told = error.msg or ""
    if "no element found" in told and parser.feed_error_log:
        told, at_end = parser.feed_error_log[0].message, False
    message = re.sub(r", line \d+, column \d+.*$|, try XML_PARSE_HUGE|, use XML_PARSE_HUGE option", "", told)
    message = message.replace("\n", " ").strip()
    if at_end:
        return "the file breaks off" + (f" ({message[:200]})" if message else "")
    return f"it is not well-formed XML ({message[:200]})"
