"""Flattens an XML element to a record, which maps the paths of elements and attributes to texts.

| in the file                                              | in the record                                        |
|----------------------------------------------------------|------------------------------------------------------|
| `<item id="7"><price cur="EUR">5</price></item>`         | `@id` 7, `price` 5, `price@cur` EUR                  |
| `<a><b>x</b></a>`                                        | `a.b` x                                              |
| `<img>1.jpg</img><img>2.jpg</img>`                       | `img`, two lines                                     |
| `<price>5</price><price>6</price>`: numbers              | `price` 5, `price.2` 6                               |
| `<name lang="de">x</name><name lang="en">y</name>`       | `name` x (the requested language), `name.en` y       |
| `<name><language id="1">x</language>…</name>`            | `name` x, `name.2` y                                 |
| `<field name="color">red</field>`                        | `field.color` red                                    |
| `<price type="cost">5</price>`, with `price_types`       | `price.cost` 5                                       |
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from wecelebrate.feeds.files.csv_rows import MAX_CELL_LENGTH, MAX_COLUMNS
from wecelebrate.feeds.items import Record
from wecelebrate.feeds.prices.types import is_price_key, type_of_price
from wecelebrate.feeds.xml.reader import Element, local

Pairs = list[tuple[str, str]]
"""Pairs of an attribute's name and its value."""

LANGUAGE_ATTRIBUTES = (
    "{http://www.w3.org/XML/1998/namespace}lang", "lang", "languageID", "languageCode", "language",
)  # fmt: skip
LOCAL_LANGUAGE_ATTRIBUTES = (
    "keel", "kieli", "sprache", "langue", "idioma", "lingua", "taal", "jazyk", "jezyk", "język", "jezik", "nyelv",
    "kalba", "valoda", "sprog", "språk", "sprak", "limba", "dil", "язык", "мова", "език", "језик",
    "γλώσσα", "言語", "语言", "語言", "언어",
)  # fmt: skip
"""Attributes with the word for "language" in other languages. The value must be a language code, such as `et`."""
_CODE = re.compile(r"[a-z]{2,3}(?:[-_][a-z]{2,4})?", re.ASCII | re.IGNORECASE)
NAME_ATTRIBUTES = ("name", "key")
SCHEMA_NAMESPACE = "{http://www.w3.org/2001/XMLSchema"
FORMATTING = frozenset(
    ("a", "b", "br", "div", "em", "font", "h1", "h2", "h3", "h4", "i", "img", "li", "ol", "p", "small", "span",
     "strong", "sub", "sup", "u", "ul")
)  # fmt: skip
MAX_NUMBERED_COLUMNS = 20
VALUE_OVERHEAD = 10
"""This number is added for each value when the length of a record is computed.

Because of this number, the maximum length of a record also limits the number of values.
"""
MAX_ELEMENT_ATTRIBUTES = 250
"""The maximum number of attributes of an element. To read one attribute, lxml searches all of them."""

_DECIMAL = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_NUMBER = re.compile(r"[\d\s.,+-]*\d[\d\s.,+-]*", re.ASCII)


class RecordTooLarge(Exception):
    """The record is too large for a product. The message names the limit that the record exceeds."""


class Flattener:
    """Flattens elements. The names in `wrappers` do not appear in paths.

    Elements with a name in `skipped` are left out, because the caller reads these elements itself. If a text has
    translations, the translation in `language` is used, or else the first text.

    If `price_types` is not None, the type of a price is a part of its path (see `prices.types`). `price_types` maps the
    identifiers of types to their names. The caller can add entries while elements are read.
    """

    def __init__(
        self,
        wrappers: Iterable[str] = (),
        skipped: Iterable[str] = (),
        language: str | None = None,
        price_types: Mapping[str, str] | None = None,
    ) -> None:
        self._wrappers, self._skipped = frozenset(wrappers), frozenset(skipped)
        self.language, self._price_types = language, price_types

    def __call__(self, element: Element) -> Record:
        """Flatten the element. Raises RecordTooLarge."""
        builder = _RecordBuilder({}, {}, {})
        self._add_element(element, "", builder)
        for path, lines in builder.lines.items():
            builder.record[path] = "\n".join(lines)
        return builder.record

    def _add_element(self, element: Element, path: str, builder: "_RecordBuilder") -> None:
        self._add_attributes(element, path, builder)
        prefix = path + "." if path else ""
        for child in element:
            tag: Any = child.tag
            if tag.__class__ is not str:  # the child is not an element, but an undeclared entity
                continue
            name = tag[tag.rfind("}") + 1 :]
            if name in self._skipped:
                continue
            kind = self._type_of(child) if self._price_types is not None and is_price_key(name) else ""
            if name in self._wrappers and not kind:
                self._add_element(child, path, builder)
                continue
            if name == "language" and path and not len(child) and (language := _language(child)):
                self._add_translation(path, (child.text or "").strip(), language, builder)
                continue
            child_path = f"{prefix}{name}.{kind}" if kind else prefix + name
            if len(child) == 0 or all(isinstance(part.tag, str) and local(part) in FORMATTING for part in child):
                self._add_leaf(child, child_path, builder, bool(kind))
            else:
                self._add_element(child, child_path, builder)
                if own_text := text_of(child, deep=False):
                    builder.put(child_path, own_text)

    def _type_of(self, price: Element) -> str:
        """Return the type of a price from its attributes and its children. See `price_types`."""
        attributes = tuple(price.attrib.items()) if price.attrib else ()
        if len(price) == 0:
            return _type_of_attributes(attributes[:MAX_ELEMENT_ATTRIBUTES]) if attributes else ""
        members = [(str(name)[str(name).rfind("}") + 1 :], str(text)) for name, text in attributes]
        members += [
            (local(child), child.text or "") for child in price if isinstance(child.tag, str) and not len(child)
        ]
        return type_of_price(members[:MAX_ELEMENT_ATTRIBUTES], self._price_types)

    def _add_leaf(self, leaf: Element, path: str, builder: "_RecordBuilder", is_typed: bool = False) -> None:
        text = text_of(leaf) if len(leaf) else (leaf.text or "").strip()
        attributes = leaf.attrib
        if not attributes:
            builder.put(path, text)
            return
        language = language_of(leaf)
        if language is not None:
            self._add_translation(path, text, language, builder)
        elif not is_typed and (
            key := next((attributes[name] for name in NAME_ATTRIBUTES if attributes.get(name)), None)
        ):
            builder.put(f"{path}.{str(key).strip()[:100]}", text or str(attributes.get("value", "")))
            return
        elif text:
            path = builder.put(path, text)
        elif is_price_key(path.rpartition(".")[2]):
            path = builder.numbered(path)
        self._add_attributes(leaf, path, builder)

    def _add_attributes(self, element: Element, path: str, builder: "_RecordBuilder") -> None:
        if len(element.attrib) > MAX_ELEMENT_ATTRIBUTES:
            raise RecordTooLarge(f"{path or local(element)} has more than {MAX_ELEMENT_ATTRIBUTES} attributes")
        for name, text in element.items():
            plain = str(name)[str(name).rfind("}") + 1 :]
            if (
                name not in LANGUAGE_ATTRIBUTES
                and (name not in LOCAL_LANGUAGE_ATTRIBUTES or not _CODE.fullmatch(text.strip()))
                and plain not in self._skipped
                and not str(name).startswith(SCHEMA_NAMESPACE)
            ):
                builder.put(f"{path}@{plain}", str(text))

    def _add_translation(self, path: str, text: str, language: str, builder: "_RecordBuilder") -> None:
        record, current = builder.record, builder.languages.get(path)
        if current == language or path not in record:
            builder.languages.setdefault(path, language)
            builder.put(path, text)
        elif same_language(language, self.language) and not same_language(current, self.language):
            other = f"{path}.{current}"
            record[other], record[path] = record[path], text
            if path in builder.lines:
                builder.lines[other] = builder.lines.pop(path)
            builder.languages[path] = language
        else:
            builder.put(f"{path}.{language}", text)


@lru_cache(maxsize=1024)
def _type_of_attributes(attributes: tuple[tuple[Any, Any], ...]) -> str:
    return type_of_price([(str(name)[str(name).rfind("}") + 1 :], str(text)) for name, text in attributes])


@dataclass(slots=True)
class _RecordBuilder:
    record: Record
    lines: dict[str, list[str]]
    """Maps each column with several texts to its texts. The texts are joined when the record is complete."""
    languages: dict[str, str]
    """Maps each column to the language of its text."""
    numbers: dict[str, int] = field(default_factory=dict)
    """Maps each column that has several numeric values to the number of these values."""
    size: int = 0

    def numbered(self, path: str) -> str:
        """Return the path of an element that has only attributes. The second and later elements get a number.

        The amount and the currency of `<price currency="EUR" value="9"/>` stay together.
        """
        number = self.numbers[path] = self.numbers.get(path, 0) + 1
        return path if number == 1 or number >= MAX_NUMBERED_COLUMNS else f"{path}.{number}"

    def put(self, path: str, text: str) -> str:
        """Add a text to the record. Returns the column of the text: `path`, or `path` with a number appended to it."""
        self.size += VALUE_OVERHEAD + len(text)
        if self.size > MAX_CELL_LENGTH:
            raise RecordTooLarge(f"the record is longer than {MAX_CELL_LENGTH:,} characters")
        current = self.record.get(path)
        if not current:
            self.record[path] = text
            if len(self.record) > MAX_COLUMNS:
                raise RecordTooLarge(f"the record has more than {MAX_COLUMNS:,} values")
        elif text and _NUMBER.fullmatch(text[:60]):
            number = self.numbers[path] = self.numbers.get(path, 1) + 1
            if number < MAX_NUMBERED_COLUMNS:
                path = f"{path}.{number}"
                self.record.setdefault(path, text)
        elif text:
            self.lines.setdefault(path, [current]).append(text)
        return path


def language_of(element: Element) -> str | None:
    """Return the language that the element declares, in lower case."""
    for name in LANGUAGE_ATTRIBUTES:
        if language := element.get(name):
            return language.strip().casefold()[:20]
    for name in LOCAL_LANGUAGE_ATTRIBUTES:
        if (language := element.get(name)) and _CODE.fullmatch(language.strip()):
            return language.strip().casefold()
    return None


def _language(element: Element) -> str | None:
    """Return the language of `<language id="1">`. PrestaShop writes each translation of a text into such an element."""
    return language_of(element) or element.get("id") or element.get("code")


def same_language(language: str | None, requested: str | None) -> bool:
    """Return whether two codes mean the same language. The codes `de`, `de-AT`, `deu` and `ger` all mean German."""
    if not language or not requested:
        return False
    return _iso_639_1(language) == _iso_639_1(requested)


# Maps ISO 639-2 codes, which BMEcat and cXML use, to ISO 639-1 codes. Some languages have two ISO 639-2 codes.
_ISO_639_2 = {
    "deu": "de", "ger": "de", "eng": "en", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "nld": "nl", "dut": "nl",
    "por": "pt", "pol": "pl", "ces": "cs", "cze": "cs", "swe": "sv", "dan": "da", "nor": "no", "fin": "fi", "hun": "hu",
    "tur": "tr", "rus": "ru", "zho": "zh", "chi": "zh", "jpn": "ja", "kor": "ko",
}  # fmt: skip


def _iso_639_1(language: str) -> str:
    first = re.split(r"[-_]", language.strip().casefold())[0]
    return _ISO_639_2.get(first, first)


def text_of(element: Element | None, deep: bool = True) -> str:
    """Return the text of an element and its descendants. If `deep` is False, the descendants' text is left out."""
    if element is None:
        return ""
    if len(element) == 0:
        return (element.text or "").strip()
    if deep:
        return "".join(str(part) for part in element.itertext()).strip()
    return "".join((element.text or "", *(child.tail or "" for child in element))).strip()


def first_child(element: Element, *names: str) -> Element | None:
    """Return the first child with one of these names. Earlier names have priority. Namespaces are ignored."""
    for name in names:
        child = next(element.iterchildren(f"{{*}}{name}"), None)
        if child is not None:
            return child
    return None


def child_text(element: Element | None, *names: str) -> str:
    """Return the text of the child that `first_child` returns, or "" if there is no child with these names."""
    return "" if element is None else text_of(first_child(element, *names))


def child_texts(element: Element, language: str | None = None) -> dict[str, str]:
    """Map the local names of the children to their texts.

    If several children are translations, use the text in `language`, or the first text.
    """
    texts: dict[str, str] = {}
    for child in element:
        tag: Any = child.tag
        if tag.__class__ is not str:
            continue
        name = tag[tag.rfind("}") + 1 :]
        if name not in texts or (language and child.attrib and same_language(language_of(child), language)):
            texts[name] = text_of(child) if len(child) else (child.text or "").strip()
    return texts


def children_by_name(element: Element) -> dict[str, list[Element]]:
    """Map each local name to the list of the children with this name."""
    children: dict[str, list[Element]] = {}
    for child in element:
        tag: Any = child.tag
        if tag.__class__ is str:
            children.setdefault(tag[tag.rfind("}") + 1 :], []).append(child)
    return children


def descend(element: Element, *path: str) -> list[Element]:
    """Return the descendants at `path`. Each item of `path` is the local name of a child of the previous element."""
    elements = [element]
    for name in path:
        elements = [child for parent in elements for child in parent.iterchildren(f"{{*}}{name}")]
    return elements


def descendants(element: Element, *names: str) -> Iterable[Element]:
    """Return all descendants with these names, in document order.

    Do not search again inside the returned elements, because the result contains descendants at every depth.
    """
    return element.iter(*(f"{{*}}{name}" for name in names))


def in_language(elements: Iterable[Element], language: str | None) -> Element | None:
    """Return the first element in this language. If no element is in this language, return the first element.

    Returns None if there are no elements.
    """
    first = None
    for element in elements:
        if same_language(language_of(element), language):
            return element
        first = element if first is None else first
    return first


def attribute_lines(pairs: Pairs) -> str:
    """Return a text with one attribute per line, such as `Colour: red`. If a name has several values, join them."""
    values_of: dict[str, list[str]] = {}
    for name, text in pairs:
        label, content = " ".join(name.replace(": ", " ").split()), " ".join(text.split())
        if label and content:
            values_of.setdefault(label, []).append(content)
    return "\n".join(f"{label}: {', '.join(dict.fromkeys(values))}" for label, values in values_of.items())


def unit_price(amount: str, factor: str, quantity: str) -> str:
    """Return the price of one unit if `quantity` units cost `amount` × `factor`. It has at least four decimals.

    The price is not rounded to the decimals of the currency. A price with more decimals than its currency is rejected
    later. If `amount` is not a number, it is returned unchanged.
    """
    price, times, units = (_decimal(text.strip()) for text in (amount, factor, quantity))
    times, units = times or Decimal(1), units or Decimal(1)
    if price is None or times == units:
        return amount
    whole, _, fraction = f"{price * times / units:.12f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(4, '0')}"


def _decimal(text: str) -> Decimal | None:
    """Parse a decimal number. Returns None for texts that are not numbers, and for numbers of a billion or more."""
    return Decimal(text) if _DECIMAL.fullmatch(text) else None
