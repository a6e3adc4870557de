"""An element as a record: paths of elements and attributes to texts.

| in the file                                              | in the record                                       |
|----------------------------------------------------------|-----------------------------------------------------|
| `<item id="7"><price cur="EUR">5</price></item>`         | `@id` 7, `price` 5, `price@cur` EUR                 |
| `<a><b>x</b></a>`                                        | `a.b` x                                             |
| `<img>1.jpg</img><img>2.jpg</img>`                       | `img`, two lines                                    |
| `<price>5</price><price>6</price>`: numbers              | `price` 5, `price.2` 6                              |
| `<name lang="de">x</name><name lang="en">y</name>`       | `name` x, `name.en` y; the wanted language first    |
| `<field name="color">red</field>`                        | `field.color` red                                   |
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from wecelebrate.feeds.csv_rows import LONGEST_CELL, MOST_COLUMNS
from wecelebrate.feeds.xml.reader import Element, local

Record = dict[str, str]
Pairs = list[tuple[str, str]]

LANGUAGE = ("{http://www.w3.org/XML/1998/namespace}lang", "lang", "languageID", "languageCode", "language")
KEYS = ("name", "key")
SCHEMA = "{http://www.w3.org/2001/XMLSchema"
FORMATTING = frozenset(
    ("a", "b", "br", "div", "em", "font", "h1", "h2", "h3", "h4", "i", "img", "li", "ol", "p", "small", "span",
     "strong", "sub", "sup", "u", "ul")
)  # fmt: skip
MOST_REPEATED = 20
SMALLEST = 10
"""Characters that a value counts for beyond its own, so that the number of values is bounded with their length."""
MOST_ATTRIBUTES = 250
"""Of one element: lxml looks up each among all."""

_DECIMAL = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_NUMBER = re.compile(r"[\d\s.,+-]*\d[\d\s.,+-]*", re.ASCII)


class TooMuch(Exception):
    """A record that holds more than any product does, in words."""


class Flat:
    """Flattens elements: `through` are wrappers that name nothing, `apart` is left to whoever knows better.

    `language` is wanted where a text comes in several; without it, the first of them.
    """

    def __init__(self, through: Iterable[str] = (), apart: Iterable[str] = (), language: str | None = None) -> None:
        self._through, self._apart = frozenset(through), frozenset(apart)
        self.language = language

    def __call__(self, element: Element) -> Record:
        """Raises TooMuch."""
        filling = _Filling({}, {}, {})
        self._into(element, "", filling)
        for path, lines in filling.lines.items():
            filling.record[path] = "\n".join(lines)
        return filling.record

    def _into(self, element: Element, path: str, filling: "_Filling") -> None:
        self._attributes(element, path, filling)
        prefix = path + "." if path else ""
        for child in element:
            tag: Any = child.tag
            if tag.__class__ is not str:  # an entity that nobody declared
                continue
            name = tag[tag.rfind("}") + 1 :]
            if name in self._apart:
                continue
            if name in self._through:
                self._into(child, path, filling)
                continue
            here = prefix + name
            if len(child) == 0 or all(isinstance(one.tag, str) and local(one) in FORMATTING for one in child):
                self._leaf(child, here, filling)
            else:
                self._into(child, here, filling)
                if own := text_of(child, deep=False):
                    filling.put(here, own)

    def _leaf(self, leaf: Element, path: str, filling: "_Filling") -> None:
        text = text_of(leaf) if len(leaf) else (leaf.text or "").strip()
        attributes = leaf.attrib
        if not attributes:
            filling.put(path, text)
            return
        language = language_of(leaf)
        if language is not None:
            self._say(path, text, language, filling)
        elif key := next((attributes[name] for name in KEYS if attributes.get(name)), None):
            filling.put(f"{path}.{str(key).strip()[:100]}", text or str(attributes.get("value", "")))
            return
        elif text:
            path = filling.put(path, text)
        self._attributes(leaf, path, filling)

    def _attributes(self, element: Element, path: str, filling: "_Filling") -> None:
        if len(element.attrib) > MOST_ATTRIBUTES:
            raise TooMuch(f"{path or local(element)} has more than {MOST_ATTRIBUTES} attributes")
        for name, text in element.items():
            plain = str(name)[str(name).rfind("}") + 1 :]
            if name not in LANGUAGE and plain not in self._apart and not str(name).startswith(SCHEMA):
                filling.put(f"{path}@{plain}", str(text))

    def _say(self, path: str, text: str, language: str, filling: "_Filling") -> None:
        record, before = filling.record, filling.spoken.get(path)
        if before == language or path not in record:
            filling.spoken.setdefault(path, language)
            filling.put(path, text)
        elif wanted(language, self.language) and not wanted(before, self.language):
            other = f"{path}.{before}"
            record[other], record[path] = record[path], text
            if path in filling.lines:
                filling.lines[other] = filling.lines.pop(path)
            filling.spoken[path] = language
        else:
            filling.put(f"{path}.{language}", text)


@dataclass(slots=True)
class _Filling:
    """A record in the making."""

    record: Record
    lines: dict[str, list[str]]
    """The texts of a column that has several: joined once, at the end."""
    spoken: dict[str, str]
    """The language of a column's text."""
    numbers: dict[str, int] = field(default_factory=dict)
    size: int = 0

    def put(self, path: str, text: str) -> str:
        """Put a text where it belongs; the column that it went to."""
        self.size += SMALLEST + len(text)
        if self.size > LONGEST_CELL:
            raise TooMuch(f"it is longer than {LONGEST_CELL:,} characters")
        before = self.record.get(path)
        if not before:
            self.record[path] = text
            if len(self.record) > MOST_COLUMNS:
                raise TooMuch(f"it has more than {MOST_COLUMNS:,} values")
        elif text and _NUMBER.fullmatch(text[:60]):
            number = self.numbers[path] = self.numbers.get(path, 1) + 1
            if number < MOST_REPEATED:
                path = f"{path}.{number}"
                self.record.setdefault(path, text)
        elif text:
            self.lines.setdefault(path, [before]).append(text)
        return path


def language_of(element: Element) -> str | None:
    for name in LANGUAGE:
        if found := element.get(name):
            return found.strip().casefold()[:20]
    return None


def wanted(language: str | None, want: str | None) -> bool:
    """`de` wants `de`, `de-AT`, `deu` and `ger`."""
    if not language or not want:
        return False
    return _iso(language) == _iso(want)


# ISO 639-2, which BMEcat and cXML use, to the two letters of ISO 639-1; where it has two names, both.
_THREE = {
    "deu": "de", "ger": "de", "eng": "en", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "nld": "nl", "dut": "nl",
    "por": "pt", "pol": "pl", "ces": "cs", "cze": "cs", "swe": "sv", "dan": "da", "nor": "no", "fin": "fi", "hun": "hu",
    "tur": "tr", "rus": "ru", "zho": "zh", "chi": "zh", "jpn": "ja", "kor": "ko",
}  # fmt: skip


def _iso(language: str) -> str:
    first = re.split(r"[-_]", language.strip().casefold())[0]
    return _THREE.get(first, first)


def text_of(element: Element | None, deep: bool = True) -> str:
    """The text of an element, also that inside formatting; without `deep` only its own."""
    if element is None:
        return ""
    if len(element) == 0:
        return (element.text or "").strip()
    if deep:
        return "".join(str(part) for part in element.itertext()).strip()
    return "".join((element.text or "", *(child.tail or "" for child in element))).strip()


def child(element: Element, *names: str) -> Element | None:
    """The first child of one of these names, whatever its namespace; the earlier name counts more."""
    for name in names:
        found = next(element.iterchildren(f"{{*}}{name}"), None)
        if found is not None:
            return found
    return None


def value(element: Element | None, *names: str) -> str:
    """The text of the first such child; "" without."""
    return "" if element is None else text_of(child(element, *names))


def leaves(element: Element, want: str | None = None) -> dict[str, str]:
    """Local name to text of the children: of several of a name the one in the wanted language, or the first."""
    found: dict[str, str] = {}
    for one in element:
        tag: Any = one.tag
        if tag.__class__ is not str:
            continue
        name = tag[tag.rfind("}") + 1 :]
        if name not in found or (want and one.attrib and wanted(language_of(one), want)):
            found[name] = text_of(one) if len(one) else (one.text or "").strip()
    return found


def parts(element: Element) -> dict[str, list[Element]]:
    """The children by local name."""
    found: dict[str, list[Element]] = {}
    for one in element:
        tag: Any = one.tag
        if tag.__class__ is str:
            found.setdefault(tag[tag.rfind("}") + 1 :], []).append(one)
    return found


def within(element: Element, *steps: str) -> list[Element]:
    """The children of the children, step by step by local name."""
    found = [element]
    for step in steps:
        found = [one for parent in found for one in parent.iterchildren(f"{{*}}{step}")]
    return found


def every(element: Element, *names: str) -> Iterable[Element]:
    """All descendants of these names, in their order. Not for looking into them again: they may be nested."""
    return element.iter(*(f"{{*}}{name}" for name in names))


def spoken(elements: Iterable[Element], want: str | None) -> Element | None:
    """Of elements in several languages the one in the wanted, else the first."""
    first = None
    for element in elements:
        if wanted(language_of(element), want):
            return element
        first = element if first is None else first
    return first


def listed(pairs: Pairs) -> str:
    """Names and values as lines of one cell: `Colour: red`; what has one name is one line."""
    lines: dict[str, list[str]] = {}
    for name, text in pairs:
        label, content = " ".join(name.replace(": ", " ").split()), " ".join(text.split())
        if label and content:
            lines.setdefault(label, []).append(content)
    return "\n".join(f"{label}: {', '.join(dict.fromkeys(texts))}" for label, texts in lines.items())


def each(amount: str, factor: str, quantity: str) -> str:
    """What one piece costs of which `quantity` cost `amount` × `factor`; the amount as it is where it is no number."""
    plain, times, pieces = (_plain(text.strip()) for text in (amount, factor, quantity))
    times, pieces = times or Decimal(1), pieces or Decimal(1)
    return amount if plain is None or times == pieces else f"{plain * times / pieces:.4f}"


def _plain(text: str) -> Decimal | None:
    """A plain number as schemas want it, below a billion; None for anything else."""
    return Decimal(text) if _DECIMAL.fullmatch(text) else None
