"""Recognises the export of a shop or ERP system from its columns. The profiles are in `vendors`.

The column names in a profile are folded (see `columns.names`) and can be regular expressions. Patterns are tried in the
order of the profile, and the first column that matches a pattern is used. Columns that the profile does not name are
ignored.
"""

import re
from functools import cache

from wecelebrate.feeds.columns.names import field_candidates
from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.vendors import PROFILES

__all__ = ["PROFILES", "has_column", "has_own_names", "known_names", "recognise"]


def recognise(folded_header: list[str]) -> Profile | None:
    """Return the first profile for which the header contains all columns of a signature."""
    for profile in PROFILES:
        for signature in profile.signatures:
            if all(has_column(folded_header, column) for column in signature):
                return profile
    return None


def has_column(folded_header: list[str], pattern: str) -> bool:
    return any(re.fullmatch(pattern, name) for name in folded_header)


def has_own_names(folded_header: list[str], profile: Profile) -> bool:
    """Return whether a signature of the header has a name that only the exports of this system use.

    Signatures without such a name consist of usual names, such as `name` and `price_including_tax`.
    """
    return any(
        all(has_column(folded_header, column) for column in signature)
        and not all(_has_usual_name(folded_header, column) for column in signature)
        for signature in profile.signatures
    )


def _has_usual_name(folded_header: list[str], pattern: str) -> bool:
    return any(re.fullmatch(pattern, name) and field_candidates(name) for name in folded_header)


@cache
def known_names() -> frozenset[str]:
    """Return all column names of the profiles, except patterns. These names help to recognise a header."""
    names: set[str] = set()
    for profile in PROFILES:
        for patterns in (*profile.signatures, *profile.fields.values()):
            names.update(name for pattern in patterns for name in pattern.split("|") if name.isalnum())
    return frozenset(names)
