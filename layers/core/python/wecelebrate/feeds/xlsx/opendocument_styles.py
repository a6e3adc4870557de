"""Reads the styles of an OpenDocument spreadsheet, and translates its number formats into those of Excel.

| OpenDocument                                                         | Excel        |
|----------------------------------------------------------------------|--------------|
| `<number:number number:decimal-places="2"/>`                         | `0.00`       |
| `<number:number number:min-integer-digits="5"/>`                     | `00000`      |
| `<number:text>ART-</number:text>` before a number of four digits     | `"ART-"0000` |
| `<number:currency-symbol>€</number:currency-symbol>` after a number  | `0.00[$€]`   |

Source: OASIS, Open Document Format for Office Applications 1.3, part 3, 16.29 (data styles) and 16.2 (styles).
"""

from dataclasses import dataclass, field

from wecelebrate.feeds.xlsx.parts import Attributes

MAX_STYLES = 20_000
MAX_CODE_LENGTH = 200
MAX_PARENTS = 10
MAX_DIGITS = 30
_FORMATS = ("number-style", "currency-style", "percentage-style", "text-style")
_TEXTS = ("text", "currency-symbol", "embedded-text")


@dataclass(slots=True)
class _Format:
    """The number format that is read now."""

    name: str
    code: str = ""
    """The format so far, as Excel writes it."""
    for_positive: str = ""
    """The name of another format, which applies to positive numbers."""
    embedded: list[tuple[int, str]] = field(default_factory=list)
    """The texts between the digits, each with the number of digits after it."""


class Styles:
    """The styles of all cells and sheets. Call `start`, `text` and `end` for each part that defines styles."""

    def __init__(self) -> None:
        self._part = ""
        self._styles: dict[str, tuple[str, str, str]] = {}
        """For the name of each cell style: the part that defines it, the name of its format, and its parent."""
        self._formats: dict[str, dict[str, _Format]] = {}
        """The formats of each part by their names. Two parts can define different formats of the same name."""
        self._hidden: set[str] = set()
        self._codes: dict[str, str | None] = {}
        self._style = ""
        self._format: _Format | None = None
        self._target = ""
        self._text = ""
        self._digits: tuple[int, int, int, bool] | None = None

    def start_part(self, part: str) -> None:
        self._part = part
        self._formats[part] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        if name in _FORMATS:
            self._format = _Format(attributes.get("style:name", ""))
        elif name == "style" and attributes.get("style:family") in {"table-cell", "table"}:
            self._style = attributes.get("style:name", "")
            if len(self._styles) < MAX_STYLES:
                data, parent = (
                    attributes.get("style:data-style-name", ""),
                    attributes.get("style:parent-style-name", ""),
                )
                self._styles[self._style] = self._part, data, parent
        elif name == "table-properties" and attributes.get("table:display") == "false":
            self._hidden.add(self._style)
        elif self._format is not None:
            self._start_in_format(self._format, name, attributes)

    def _start_in_format(self, form: _Format, name: str, attributes: Attributes) -> None:
        if name == "number":
            places = _count(attributes, "number:decimal-places")
            self._digits = (
                _count(attributes, "number:min-integer-digits", 1), places,
                _count(attributes, "number:min-decimal-places", places), attributes.get("number:grouping") == "true",
            )  # fmt: skip
        elif name in _TEXTS:
            self._target, self._text = name, ""
            if name == "embedded-text":
                form.embedded.append((_count(attributes, "number:position"), ""))
        elif name == "map" and not form.for_positive and ">" in attributes.get("style:condition", ""):
            form.for_positive = attributes.get("style:apply-style-name", "")

    def text(self, data: str) -> None:
        if self._target and len(self._text) < MAX_CODE_LENGTH:
            self._text += data

    def end(self, name: str) -> None:
        form = self._format
        if form is None:
            return
        if name in _FORMATS:
            if name == "percentage-style" and "%" not in form.code:
                form.code += "%"
            if len(self._formats[self._part]) < MAX_STYLES:
                self._formats[self._part][form.name] = form
            self._format = None
        elif name == "number" and self._digits is not None:
            _append(form, _digits(*self._digits, form.embedded))
            self._digits = None
        elif name == self._target:
            self._end_text(form)

    def _end_text(self, form: _Format) -> None:
        text = self._text.replace('"', "")
        if self._target == "embedded-text":
            form.embedded[-1] = form.embedded[-1][0], text
        elif self._target == "currency-symbol":
            _append(form, f"[${text}]")
        elif text == "%":
            _append(form, text)
        elif text.strip():
            _append(form, f'"{text}"')
        self._target = ""

    def is_hidden(self, style: str) -> bool:
        """Whether sheets of this style are hidden."""
        return style in self._hidden

    def code(self, style: str) -> str | None:
        """Return the number format of a cell style, as Excel writes it. Returns None if the style has none."""
        if style not in self._codes:
            self._codes[style] = self._find_code(style)
        return self._codes[style]

    def _find_code(self, style: str) -> str | None:
        for _ in range(MAX_PARENTS):
            if style not in self._styles:
                return None
            part, name, parent = self._styles[style]
            if name:
                form = self._find_format(part, name)
                if form and form.for_positive:
                    form = self._find_format(part, form.for_positive)
                return form.code or None if form else None
            style = parent
        return None

    def _find_format(self, part: str, name: str) -> _Format | None:
        """Return a format of this part, or of the other part. LibreOffice writes them into either part."""
        formats = (self._formats[part], *self._formats.values())
        return next((each[name] for each in formats if name in each), None)


def _append(form: _Format, code: str) -> None:
    if len(form.code) + len(code) <= MAX_CODE_LENGTH:
        form.code += code


def _digits(integers: int, places: int, min_places: int, has_groups: bool, embedded: list[tuple[int, str]]) -> str:
    code = "0" * integers if integers > 1 or not has_groups else "#,##0"
    for position, text in sorted(embedded, reverse=True):  # the digits after a position are still without texts
        if not has_groups and 0 < position < integers:
            code = f'{code[:-position]}"{text}"{code[-position:]}'
    zeros = min(min_places, places)
    return f"{code or '#'}.{'0' * zeros}{'#' * (places - zeros)}" if places else code or "#"


def _count(attributes: Attributes, name: str, default: int = 0) -> int:
    text = attributes.get(name, "")
    return min(int(text), MAX_DIGITS) if text.isascii() and text.isdecimal() and len(text) < 9 else default
