"""Removes the short prefix that all columns of a database have: `v_products_model`, `B1_COD`, `OXARTNUM`.

A prefix can also have a meaning, as in `EK_Preis`. Therefore a prefix is removed only if nearly all columns have it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from wecelebrate.feeds.questions import Question

MIN_COLUMNS = 5
MIN_SHARE = 0.8
MAX_NAME = 60
_PREFIXES = (
    re.compile(r"(?P<prefix>[A-Za-z]_)(?=[A-Za-z]{2})"),
    re.compile(r"(?P<prefix>[A-Z])\d_(?=[A-Za-z]{2})"),
    re.compile(r"(?P<prefix>OX)(?=[A-Z]{3})"),
    re.compile(r"(?P<prefix>_)(?=[A-Za-z]{2})"),
)
"""The prefixes of databases: `p_`, `B1_` together with `B2_`, `OX`, and `_`.

The only prefix of two letters is `OX`, for OXID, because two letters can have a meaning. For example, `EK_Preis` and
`PO_PRICE` are purchase prices.
"""


def without_prefix(header: Sequence[str]) -> list[str] | None:
    """Return the names without their common prefix, or None if they have no common prefix."""
    names = [name[:MAX_NAME] for name in header]
    for pattern in _PREFIXES:
        matches = [pattern.match(name) for name in names]
        shared = [match["prefix"] for match in matches if match]
        if len(shared) < max(MIN_COLUMNS, MIN_SHARE * len(names)) or len(set(shared)) > 1:
            continue
        plain = [name[match.end() :] if match else name for name, match in zip(header, matches, strict=True)]
        if len(set(plain)) == len(plain) and not _has_model_beside_gtin(plain):
            return plain
    return None


def _has_model_beside_gtin(names: Sequence[str]) -> bool:
    """Return whether a table has the columns `model` and GTIN. In Gambio and similar shops, `model` is the SKU.

    In other systems, `model` is the manufacturer's number. Therefore the reader asks which column is the SKU.
    """
    folded = {name.casefold() for name in names}
    return "model" in folded and not folded.isdisjoint(("ean", "gtin", "upc", "barcode"))


def with_names(question: Question, names: Mapping[str, str]) -> Question:
    """Return the question with the column names of the file. `names` maps each name without the prefix to the name in
    the file.
    """
    text = question.text
    for plain, name in names.items():
        text = text.replace(f'"{plain}"', f'"{name}"')
    choices = tuple(replace(choice, value=names.get(choice.value, choice.value)) for choice in question.choices)
    return replace(question, text=text, choices=choices)
