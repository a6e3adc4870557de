"""Odoo: the records that its API reads (`search_read`), in JSON.

Source: odoo.com/documentation, "External API". A link to another record is the list of its id and its name, as in
`"currency_id": [1, "EUR"]`. A field without a value is `false`. In a boolean field, `false` is a value.
"""

import re
from typing import Any

from wecelebrate.feeds.items import NumberText

_YES_OR_NO = re.compile(r"(?:is|has|can|show|allow|use)_.*|.*_ok|.*(?:published|available|tracked|enabled)|active")


def without_odoo_pairs(value: dict[str, Any]) -> dict[str, Any]:
    """Return the record with names instead of links, and with blank values instead of `false`.

    Other records are unchanged.
    """
    links = {key: part[1] for key, part in value.items() if key.endswith("_id") and _is_link(part)}
    if not links:
        return value
    return {
        key: links.get(key, None if part is False and not _YES_OR_NO.fullmatch(key[:60]) else part)
        for key, part in value.items()
    }


def _is_link(part: Any) -> bool:
    return isinstance(part, list) and len(part) == 2 and isinstance(part[1], str) and _is_id(part[0])


def _is_id(part: Any) -> bool:
    """Return whether a value is a whole number. The JSON decoder returns numbers as texts of a special class."""
    return isinstance(part, NumberText) and part.isdecimal()
