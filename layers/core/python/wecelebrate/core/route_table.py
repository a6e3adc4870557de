"""The routes of the API, as text that fits in an environment variable.

The infrastructure encodes all declared routes. The function of the route `$default` decodes them, to know which methods
a path supports. The text is compressed, because all environment variables of a function together can have at most 4 KB.
"""

import base64
import re
import zlib
from collections.abc import Iterable, Mapping

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""The order of methods in the header `Allow`."""

Table = Mapping[str, frozenset[str]]
"""Maps the regular expression of a path to the methods of its routes."""


def encode(routes: Iterable[str]) -> str:
    """Encode routes, e.g. `GET /v1/products/{product_id}`. The result does not contain the names of path parameters."""
    lines = sorted({re.sub(r"\{[^}]*\}", "{}", route) for route in routes})
    return base64.b85encode(zlib.compress("\n".join(lines).encode(), 9)).decode()


def decode(text: str) -> Table:
    """Decode the result of `encode`."""
    methods: dict[str, set[str]] = {}
    for line in zlib.decompress(base64.b85decode(text)).decode().splitlines():
        method, _, path = line.partition(" ")
        methods.setdefault(re.escape(path).replace(r"\{\}", "[^/]+"), set()).add(method)
    return {path: frozenset(names) for path, names in methods.items()}


def allowed_methods(table: Table, path: str) -> list[str]:
    """Return the methods that a path supports. The result is empty if the API has no such path.

    Every path of the API also supports OPTIONS.
    """
    supported = {method for pattern, methods in table.items() if re.fullmatch(pattern, path) for method in methods}
    return [method for method in _METHODS if method in supported] + (["OPTIONS"] if supported else [])
