"""Which route of an HTTP API takes a request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html: a full match of all
segments comes before one with a greedy variable, and in each segment fixed text before a variable.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote

T = TypeVar("T")


@dataclass
class _Node(Generic[T]):
    fixed: dict[str, "_Node[T]"] = field(default_factory=dict)
    variable: "_Node[T] | None" = None
    ends: dict[str, tuple[T, tuple[str, ...]]] = field(default_factory=dict)
    """Method → target and the names of its variables, for a route that ends here."""
    greedy: dict[str, tuple[T, tuple[str, ...]]] = field(default_factory=dict)
    """The same, for a route whose greedy variable begins here."""


class Routes(Generic[T]):
    """Routes and what each leads to."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, route: str, target: T) -> None:
        """Add `GET /v1/products/{id}`; `{name+}` as the last segment takes all that follow."""
        method, _, path = route.partition(" ")
        node = self._root
        names: list[str] = []
        for segment in path.split("/")[1:]:
            if segment.startswith("{") and segment.endswith("+}"):
                node.greedy[method] = (target, (*names, segment[1:-2]))
                return
            if segment.startswith("{") and segment.endswith("}"):
                names.append(segment[1:-1])
                node.variable = node = node.variable or _Node()
            else:
                node = node.fixed.setdefault(segment, _Node())
        node.ends[method] = (target, tuple(names))

    def find(self, method: str, raw_path: str) -> tuple[T, Mapping[str, str]] | None:
        """The target of a request and its path parameters, decoded; None when there is no route.

        raw_path: the path as sent, percent-encoded: an encoded slash does not part segments.
        """
        segments = [unquote(segment) for segment in raw_path.split("/")[1:]]
        found = _full(self._root, method, segments, 0, ()) or _greedy(self._root, method, segments, 0, ())
        if found is None:
            return None
        target, names, values = found
        return target, dict(zip(names, values, strict=True))


_Found = tuple[T, tuple[str, ...], tuple[str, ...]]


def _full(node: _Node[T], method: str, segments: list[str], at: int, values: tuple[str, ...]) -> "_Found[T] | None":
    if at == len(segments):
        end = node.ends.get(method)
        return (*end, values) if end else None
    segment = segments[at]
    found = None
    if segment in node.fixed:
        found = _full(node.fixed[segment], method, segments, at + 1, values)
    if found is None and node.variable is not None and segment:
        found = _full(node.variable, method, segments, at + 1, (*values, segment))
    return found


def _greedy(node: _Node[T], method: str, segments: list[str], at: int, values: tuple[str, ...]) -> "_Found[T] | None":
    if at == len(segments):
        return None
    segment = segments[at]
    found = None
    if segment in node.fixed:
        found = _greedy(node.fixed[segment], method, segments, at + 1, values)
    if found is None and node.variable is not None and segment:
        found = _greedy(node.variable, method, segments, at + 1, (*values, segment))
    if found is None and method in node.greedy:
        found = (*node.greedy[method], (*values, "/".join(segments[at:])))
    return found
