"""Selects the route for a request, in the same way as an HTTP API on AWS.

A route that matches all segments has priority over a route with a greedy variable. In each segment, fixed text has
priority over a variable. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
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
    """Maps a method to the target and the variable names of the route that ends at this node."""
    greedy: dict[str, tuple[T, tuple[str, ...]]] = field(default_factory=dict)
    """Maps a method to the target and the variable names of the route whose greedy variable begins at this node."""


class Routes(Generic[T]):
    """A routing table. It maps routes to targets."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, route: str, target: T) -> None:
        """Add a route, e.g. `GET /v1/products/{id}`. `{name+}` as the last segment is a greedy variable.

        A greedy variable matches all remaining segments of the path.
        """
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
        """Return the target of a request and its decoded path parameters, or None if no route matches.

        raw_path: the percent-encoded path. An encoded slash is a part of a segment and separates no segments.
        """
        segments = [unquote(segment) for segment in raw_path.split("/")[1:]]
        search = _Search[T](method, segments)
        match = search.match(self._root, greedy=False) or search.match(self._root, greedy=True)
        if match is None:
            return None
        target, names, values = match
        return target, dict(zip(names, values, strict=True))


@dataclass(frozen=True)
class _Search(Generic[T]):
    """A depth-first search for the route of one request."""

    method: str
    segments: list[str]

    def match(
        self, node: _Node[T], depth: int = 0, values: tuple[str, ...] = (), *, greedy: bool
    ) -> tuple[T, tuple[str, ...], tuple[str, ...]] | None:
        """Return the target, the variable names and the variable values of the best route below `node`.

        `greedy`: whether the route must have a greedy variable. If false, the route must have no greedy variable.
        """
        if depth == len(self.segments):
            end = None if greedy else node.ends.get(self.method)
            return (*end, values) if end else None
        segment = self.segments[depth]
        match = None
        if segment in node.fixed:
            match = self.match(node.fixed[segment], depth + 1, values, greedy=greedy)
        if match is None and node.variable is not None and segment:
            match = self.match(node.variable, depth + 1, (*values, segment), greedy=greedy)
        if match is None and greedy and self.method in node.greedy:
            match = (*node.greedy[self.method], (*values, "/".join(self.segments[depth:])))
        return match
