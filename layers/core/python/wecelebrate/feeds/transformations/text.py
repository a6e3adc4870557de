"""The steps for texts. Each step is a function from a cell to a cell."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from wecelebrate.core import entities
from wecelebrate.core.types.transformations import compile_pattern, value_key
from wecelebrate.feeds.items import BadCell

TextStep = Callable[[str], str]
Shown = Callable[[str], str]
"""Quotes a value for a message, or returns `the value` if the message must not contain it."""

MAX_REGEX_CELL = 100_000
"""The maximum number of characters of a cell for a regular expression. A description has the same maximum."""
MAX_REGEX_SECONDS = 300.0
"""The CPU time that all regular expressions may use for one file, in seconds.

RE2 needs linear time, but a large expression can still need some seconds for a long cell. An ordinary expression needs
about 10 µs for a cell, or 10 seconds for a million rows."""
MAX_PREVIEW_SECONDS = 10.0
"""The CPU time for regular expressions in a proposal, which reads only a sample."""
MAX_RESULT = 1_000_000
"""The maximum number of characters of a value. A cell has the same maximum."""
MAX_CACHED_LENGTH = 300
CACHE_SIZE = 4096

_BLOCKS = frozenset((
    "address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "figure", "footer", "form", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul",
))  # fmt: skip
_NOT_SHOWN = frozenset(("script", "style", "template", "head"))


class RegexBudget:
    """The time that the regular expressions of a file have used."""

    def __init__(self, seconds: float = MAX_REGEX_SECONDS) -> None:
        self.left = seconds

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call the function. Raises BadCell with the code `too_slow` if the time of the file is used up."""
        if self.left <= 0:
            raise BadCell("too_slow", "the regular expressions of this file have used all their time; simplify them")
        started = time.thread_time()
        try:
            return function(*arguments)
        finally:
            self.left -= time.thread_time() - started


def text_step(step: str | Mapping[str, Any], budget: RegexBudget, shown: Shown) -> TextStep:
    """Return the function of a step for texts.

    The returned function raises BadCell if the step cannot process a value and rejects such values.
    """
    if isinstance(step, str):
        return _SIMPLE[step]
    (name,) = (key for key in step if key != "otherwise")
    return _MAKERS[name](step[name], step.get("otherwise"), budget, shown)


def changes_blank(step: str | Mapping[str, Any]) -> bool:
    """Return whether the step replaces a blank value. Every other step leaves a blank value blank."""
    return not isinstance(step, str) and any(not value_key(value) for value in step.get("replace", ()))


def with_cache(step: TextStep) -> TextStep:
    """Add a cache, because values repeat. The cache ignores long values, to save memory."""
    fast = lru_cache(maxsize=CACHE_SIZE)(step)
    return lambda cell: fast(cell) if len(cell) <= MAX_CACHED_LENGTH else step(cell)


def _unfit(otherwise: str, cell: str, error: Callable[[], BadCell]) -> str:
    """Return the result for a value that a step cannot process. Raises BadCell if the step rejects such values."""
    if otherwise == "reject":
        raise error()
    return cell if otherwise == "keep" else ""


def _split(options: Mapping[str, Any], otherwise: str | None, _: RegexBudget, shown: Shown) -> TextStep:
    separator: str = options["separator"]
    index: int = options.get("index", 0)

    def split(cell: str) -> str:
        parts = cell.split(separator)
        if -len(parts) <= index < len(parts):
            return parts[index].strip()
        problem = f"{shown(cell)} has {len(parts)} parts, and the part {index} is not one of them"
        return _unfit(otherwise or "blank", cell, lambda: BadCell("no_match", problem))

    return split


def _replace(values: Mapping[str, str], otherwise: str | None, _: RegexBudget, shown: Shown) -> TextStep:
    by_key = {value_key(value): other for value, other in values.items()}

    def replace(cell: str) -> str:
        value = by_key.get(value_key(cell))
        if value is not None:
            return value
        if not cell.strip():
            return cell
        problem = f"{shown(cell)} is not in the list of values"
        return _unfit(otherwise or "keep", cell, lambda: BadCell("not_in_list", problem))

    return replace


def _regex(options: Mapping[str, Any], otherwise: str | None, budget: RegexBudget, shown: Shown) -> TextStep:
    pattern = compile_pattern(options["pattern"])
    replacement, group = options.get("replacement"), options.get("group", 0)

    def regex(cell: str) -> str:
        if len(cell) > MAX_REGEX_CELL:
            limit = f"{MAX_REGEX_CELL:,} characters, the maximum for a regular expression"
            raise BadCell("too_long", f"{shown(cell)} is longer than {limit}")
        match = budget.call(pattern.search, cell)
        if match is None:
            default = "blank" if replacement is None else "keep"
            error = BadCell("no_match", f"{shown(cell)} does not match the regular expression")
            return _unfit(otherwise or default, cell, lambda: error)
        if replacement is None:
            part: str = match.group(group) or ""
            return part.strip()
        result: str = budget.call(pattern.sub, replacement, cell)
        if len(result) > MAX_RESULT:
            raise BadCell("too_long", f"{shown(cell)} would become longer than {MAX_RESULT:,} characters")
        return result

    return regex


def _date(options: Mapping[str, Any], otherwise: str | None, _: RegexBudget, shown: Shown) -> TextStep:
    file_format = options["format"]
    has_time = any(directive in file_format for directive in ("%H", "%I"))

    def date(cell: str) -> str:
        try:
            moment = datetime.strptime(cell.strip(), file_format)  # noqa: DTZ007 — the file has local dates
        except ValueError:
            problem = f"{shown(cell)} is not a date in the format {file_format}"
            return _unfit(otherwise or "reject", cell, lambda: BadCell("bad_date", problem))
        return moment.isoformat(timespec="seconds") if has_time else moment.date().isoformat()

    return date


def strip_html(cell: str) -> str:
    """Return the text of HTML. Blocks become lines, scripts and styles are left out, and entities are decoded."""
    if "<" not in cell:
        return entities.decoded(cell).strip()
    from lxml import html as parser  # imported here, because most files do not need lxml

    parts: list[str] = []
    stack: list[tuple[Any, bool]] = [(parser.document_fromstring(f"<div>{cell}</div>"), False)]
    while stack:  # not recursive, because elements can be nested deeply
        node, is_end = stack.pop()
        if node.tag in _BLOCKS:
            parts.append("\n")
        if is_end:
            parts.append(node.tail or "")
            continue
        stack.append((node, True))
        if isinstance(node.tag, str) and node.tag not in _NOT_SHOWN:  # for a comment, `tag` is a function
            parts.append(node.text or "")
            stack += [(child, False) for child in reversed(node)]
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return "\n".join(line for line in lines if line)


_SIMPLE: Mapping[str, TextStep] = {
    "trim": str.strip,
    "strip_html": strip_html,
    "decode_entities": entities.decoded,
    "upper": str.upper,
    "lower": str.lower,
}
_MAKERS: Mapping[str, Callable[[Any, str | None, RegexBudget, Shown], TextStep]] = {
    "split": _split,
    "replace": _replace,
    "regex": _regex,
    "date": _date,
}
