"""The limits on the size of a row that can be stored.

The database has the same limits (`0011_bounds.sql`). A row that exceeds a limit is rejected before it is staged,
because it would make its whole chunk fail.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from wecelebrate.core.models import MAX_OBJECT_BYTES, json_bytes
from wecelebrate.core.shortening import shortened, shortened_text
from wecelebrate.feeds import Product, UnreadableFeed

MAX_IMAGES_BYTES = 640 * 1024
"""The maximum size of the list of images, as JSON, in bytes. A list of 50 URLs with 2,048 characters is never
larger."""
MAX_SOURCE_BYTES = 2 * 1024 * 1024
"""The maximum size of the source data of a row, as JSON, in bytes."""
MAX_HEADER_BYTES = 1024 * 1024
"""The maximum total size of the names of all columns, as JSON, in bytes."""
MAX_REASON_LENGTH = 2_000
"""The maximum length of the reason why a row is rejected, in characters."""
MAX_SAMPLE_BYTES = 1_000
"""The maximum size of one value in the examples that a dry run reports, in bytes."""
_MAX_CELL_LENGTH = 500
"""If a rejected row is too large to be stored, each of its cells is shortened to this number of characters."""
_BYTES_PER_CHARACTER = 4
"""The maximum number of bytes that PostgreSQL needs for one character of compact JSON. PostgreSQL adds a space after
each comma and colon, which then take two bytes."""


def oversized(product: Product, images: str | None, attributes: str | None, source: str) -> str | None:
    """Return the reason why a product is too large to be stored. The reason names the field. Return None if the product
    can be stored.

    `images`, `attributes` and `source` are the values of the product, as JSON.
    """
    values: tuple[tuple[str, Any, str | None, int], ...] = (
        ("images", product.images, images, MAX_IMAGES_BYTES),
        ("attributes", product.attributes, attributes, MAX_OBJECT_BYTES),
        ("the whole row", product.source, source, MAX_SOURCE_BYTES),
    )
    for name, value, text, max_bytes in values:
        if text is None or len(text) * _BYTES_PER_CHARACTER <= max_bytes:
            continue
        size = json_bytes(value)
        if size > max_bytes:
            return (
                f"{name}: {size:,} bytes as JSON are more than {max_bytes:,}; shorten the cells, or leave columns out"
            )
    return None


def stored_cells(cells: Sequence[str]) -> Sequence[str]:
    """Return the cells of a rejected row. If the row is too large to be stored, its long cells are shortened."""
    if sum(map(len, cells)) * 6 <= MAX_SOURCE_BYTES:  # A character has at most 6 bytes as JSON.
        return cells
    return [shortened_text(cell, _MAX_CELL_LENGTH) for cell in cells]


def cut_off(row: Mapping[str, Any]) -> dict[str, Any]:
    """Shorten the long cells of a row that is too large to be stored."""
    return {
        column: shortened_text(cell if isinstance(cell, str) else json.dumps(cell), _MAX_CELL_LENGTH)
        for column, cell in row.items()
    }


def check_header(header: Sequence[str]) -> None:
    """Raise UnreadableFeed if the names of the columns are too long to be stored."""
    if sum(map(len, header)) * _BYTES_PER_CHARACTER > MAX_HEADER_BYTES:
        size = json_bytes(list(header))
        if size > MAX_HEADER_BYTES:
            raise UnreadableFeed(
                f"the names of the {len(header):,} columns have {size:,} bytes, more than {MAX_HEADER_BYTES:,}; check "
                "the delimiter, or shorten the names"
            )


def sample_value(value: Any) -> Any:
    """Shorten a value for an example. A long text is cut off at its end. From a long list or object, members are
    removed.
    """
    if isinstance(value, dict | list):
        return shortened(value, MAX_SAMPLE_BYTES)
    return shortened_text(value, MAX_SAMPLE_BYTES) if isinstance(value, str) else value
