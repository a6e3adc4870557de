"""Parses the requests of the old applications, in the dialect of PostgREST.

https://docs.postgrest.org/en/v14/references/api/tables_views.html describes the dialect. The parser supports only one
table with the columns `key` and `value`. It never ignores a part of a request: if it does not support a part, it raises
an error.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl

from wecelebrate.kv.errors import StoreError

TABLE = "kv_store_6fcaeea3"
COLUMNS = ("key", "value")
MAX_ROWS = 1000
"""The maximum number of rows in a response. The old store returned only this number of rows, without an error."""

Resolution = Literal["none", "merge-duplicates"]


@dataclass(frozen=True)
class Filter:
    """The documents that a request selects. If the request selects all documents, both fields are None."""

    keys: list[str] | None = None
    pattern: str | None = None
    """A pattern of the SQL operator LIKE."""

    @property
    def selects_all(self) -> bool:
        """Whether the request has no filter."""
        return self.keys is None and self.pattern is None

    @property
    def key_range(self) -> tuple[str | None, str | None]:
        """The first key that can match the pattern, and the first key after all matching keys.

        With row-level security, PostgreSQL uses no index for LIKE, because LIKE is not leakproof. For a range of keys,
        PostgreSQL uses the index. The keys are sorted by code points (the collation "C").
        """
        prefix = re.split(r"[%_\\]", self.pattern or "", maxsplit=1)[0]
        before_last = prefix.rstrip("\U0010ffff")
        if not before_last:
            return prefix or None, None
        following = ord(before_last[-1]) + 1
        # The code points from U+D800 to U+DFFF are not characters.
        return prefix, before_last[:-1] + chr(0xE000 if following == 0xD800 else following)


@dataclass(frozen=True)
class Page:
    """The parsed parameters of a GET or HEAD request."""

    columns: str
    """The selected columns, in the order of the response, separated by commas."""
    filter: Filter
    limit: int
    offset: int
    descending: bool
    counts: bool
    """Whether the response must contain the number of all documents that the filter selects."""
    one: bool
    """Whether the response must be one object and not an array."""


@dataclass(frozen=True)
class Documents:
    """The documents that a POST request writes."""

    json: str
    """A JSON array of objects with the keys `key` and `value`. It is the original text of the body, so that numbers do
    not change."""
    resolution: Resolution
    keys: list[str]
    """The keys of the documents."""


def parse_query(raw: str) -> dict[str, str]:
    """Return the parameters of a query string. Raises StoreError if a parameter is repeated."""
    pairs = parse_qsl(raw, keep_blank_values=True)
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise _unsupported("repeated parameters", "Send each parameter once.")
    return parameters


def parse_page(parameters: Mapping[str, str], headers: Mapping[str, str]) -> Page:
    """Parse a GET or HEAD request. Raises StoreError."""
    _allow(parameters, "select", "key", "limit", "offset", "order")
    order = parameters.get("order", "key.asc")
    if order not in ("key", "key.asc", "key.desc"):
        raise _unsupported(f'"order={order}"', "Use order=key.asc or order=key.desc.")
    first, last = _range(headers.get("range"))
    limit = _number(parameters, "limit", MAX_ROWS if last is None else last - first + 1)
    return Page(
        _columns(parameters.get("select", "*")),
        parse_filter(parameters),
        min(limit, MAX_ROWS),
        _number(parameters, "offset", first),
        order == "key.desc",
        _preference(headers, "count") in ("exact", "planned", "estimated"),
        "vnd.pgrst.object" in headers.get("accept", ""),
    )


def parse_documents(parameters: Mapping[str, str], headers: Mapping[str, str], body: str) -> Documents:
    """Parse a POST request. Raises StoreError."""
    _allow(parameters, "columns", "on_conflict")
    if parameters.get("on_conflict", "key") != "key":
        raise _unsupported("this on_conflict", "The only unique column is key.")
    listed = parameters.get("columns")
    columns = None if listed is None else [name.strip().strip('"') for name in listed.split(",")]
    value = _load(body)
    documents = value if isinstance(value, list) else [value]
    if not all(isinstance(document, dict) for document in documents):
        raise StoreError(400, "PGRST102", "All documents must be objects")
    for names in [columns] if columns is not None else documents:
        _check_columns(names)
    if columns is None and len({frozenset(document) for document in documents}) > 1:
        raise StoreError(400, "PGRST102", "All object keys must match")
    keys = [document["key"] for document in documents if isinstance(document.get("key"), str)]
    return Documents(body if isinstance(value, list) else f"[{body}]", _resolution(headers), keys)


def parse_replacement(parameters: Mapping[str, str], headers: Mapping[str, str], body: str) -> Filter:
    """Check the body of a PATCH request, and return the filter. Raises StoreError."""
    _allow(parameters, "key", "columns")
    _refuse_representation(headers)
    document = _load(body)
    if not isinstance(document, dict) or set(document) != {"value"}:
        raise _unsupported("this change", 'Send {"value": …}. The key of a document cannot be changed.')
    return _required(parse_filter(parameters), "UPDATE")


def parse_deletion(parameters: Mapping[str, str], headers: Mapping[str, str]) -> Filter:
    """Return the filter of a DELETE request. Raises StoreError if the request has no filter."""
    _allow(parameters, "key")
    _refuse_representation(headers)
    return _required(parse_filter(parameters), "DELETE")


def parse_filter(parameters: Mapping[str, str]) -> Filter:
    """Parse the parameter `key`, e.g. `eq.a`, `in.(a,"b,c")` or `like.a:%`. Raises StoreError."""
    condition = parameters.get("key")
    if condition is None:
        return Filter()
    operator, _, operand = condition.partition(".")
    match operator:
        case "eq":
            return Filter(keys=[operand])
        case "in" if operand.startswith("(") and operand.endswith(")"):
            return Filter(keys=_elements(operand[1:-1]))
        case "like":
            return Filter(pattern=operand.replace("*", "%"))
    raise _unsupported(f'"key={condition[:100]}"', "The operators are eq, in and like.")


_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"(?=,|$)|([^,]*)', re.DOTALL)


def _elements(text: str) -> list[str]:
    """Return the elements of a list. An element in quotes can contain commas. `\\` escapes a character in quotes."""
    if text == "":
        return []
    elements, position = [], 0
    while position <= len(text):
        match = _ELEMENT.match(text, position)
        if match is None:
            raise LookupError("the pattern matches an empty element")
        quoted, plain = match.groups()
        elements.append(plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL))
        position = match.end() + 1
    return elements


def _columns(select: str) -> str:
    names = COLUMNS if select == "*" else tuple(name.strip().strip('"') for name in select.split(","))
    for name in names:
        if name not in COLUMNS:
            raise StoreError(400, "42703", f"column {TABLE}.{name[:100]} does not exist")
    if len(set(names)) != len(names):
        raise _unsupported("a column that is selected twice", "Select each column once.")
    return ",".join(names)


def _check_columns(names: Any) -> None:
    for name in names:
        if name not in COLUMNS:
            message = f"Could not find the '{str(name)[:100]}' column of '{TABLE}' in the schema cache"
            raise StoreError(400, "PGRST204", message)


def _load(body: str) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse_constant, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        raise StoreError(400, "PGRST102", "Empty or invalid json") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not valid JSON")


def _resolution(headers: Mapping[str, str]) -> Resolution:
    _refuse_representation(headers)
    resolution = _preference(headers, "resolution")
    if resolution not in (None, "merge-duplicates"):
        raise _unsupported(f'"Prefer: resolution={resolution[:100]}"', "Use resolution=merge-duplicates.")
    return "merge-duplicates" if resolution else "none"


def _refuse_representation(headers: Mapping[str, str]) -> None:
    if _preference(headers, "return") not in (None, "minimal"):
        raise _unsupported("a write that returns documents", "Send no `Prefer: return=…`, and read the document again.")


def _preference(headers: Mapping[str, str], name: str) -> str | None:
    for preference in headers.get("prefer", "").split(","):
        key, _, value = preference.strip().partition("=")
        if key == name:
            return value
    return None


def _range(header: str | None) -> tuple[int, int | None]:
    """Return the number of the first row and of the last row in a header `Range`, e.g. `0-9` or `10-`."""
    match = re.fullmatch(r"(?:items=)?(\d{1,9})-(\d{0,9})", header or "0-")
    if match is None:
        raise _unsupported(f'"Range: {(header or "")[:100]}"', "Use a range such as 0-9.")
    first, last = int(match[1]), int(match[2]) if match[2] else None
    if last is not None and last < first:
        raise StoreError(416, "PGRST103", "Requested range not satisfiable")
    return first, last


def _number(parameters: Mapping[str, str], name: str, default: int) -> int:
    text = parameters.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise StoreError(400, "PGRST100", f'"failed to parse {name} ({text[:100]})"')
    return int(text)


def _allow(parameters: Mapping[str, str], *names: str) -> None:
    for name in parameters:
        if name not in names:
            raise _unsupported(f'the parameter "{name[:100]}"', f"Use only {', '.join(names)}.")


def _required(filter: Filter, statement: str) -> Filter:
    if filter.selects_all:
        raise StoreError(400, "21000", f"{statement} requires a WHERE clause")
    return filter


def _unsupported(what: str, hint: str) -> StoreError:
    return StoreError(400, "PGRST100", f"This store does not support {what}", hint=hint)
