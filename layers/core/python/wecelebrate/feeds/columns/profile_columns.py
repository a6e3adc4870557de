"""Finds the columns of a known export.

The currency or the unit at the end of a name is ignored, as in `Regular price (€)` and `Peso [kg]`.
"""

import re
from collections.abc import Sequence

from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.notation.numbers import currency_code
from wecelebrate.feeds.notation.price_units import MEASURES

MAX_NAME = 60
_END = re.compile(
    r"(?P<name>.*?\w[.)]?)(?:\s*[(\[]\s*(?P<inside>[^()\[\]]{1,8})[)\]]|[\s,;:/_-]+(?P<after>[A-Z]{3}|[€$£¥₹]))"
)


def bare_name(column: str) -> str:
    """Return a folded name without the currency or the unit at its end."""
    match = _END.fullmatch(column.strip()) if len(column) <= MAX_NAME else None
    if match is None:
        return fold(column)
    end = (match["inside"] or match["after"]).strip()
    is_measure = match["inside"] is not None and end.casefold().rstrip(".") in MEASURES
    return fold(match["name"]) if is_measure or currency_code(end, "") else fold(column)


def profile_names(header: Sequence[str], profile: Profile | None) -> list[str]:
    """Return the folded names of the columns. A name gets its bare form if the profile knows only this form.

    Several columns of prices can get the same name. They differ by their currencies.
    """
    names = [fold(column) for column in header]
    if profile is None:
        return names
    of_fields = [pattern for fields in profile.fields.values() for pattern in fields]
    patterns = [*of_fields, *profile.attributes, *([profile.header_currency] if profile.header_currency else [])]
    if rule := profile.variants:
        patterns += [*rule.own_columns, *rule.key, *rule.surcharge, *rule.variant_columns]

    def is_known(name: str, known: Sequence[str] = patterns) -> bool:
        return any(re.fullmatch(pattern, name) for pattern in known)

    for number, column in enumerate(header):
        bare = bare_name(column)
        is_price = is_known(bare, profile.fields.get("price", ())) and not is_known(names[number], of_fields)
        if is_price or (bare not in names and not is_known(names[number]) and is_known(bare)):
            names[number] = bare
    return names


def find_columns(names: list[str], patterns: tuple[str, ...], every: bool = False) -> list[int]:
    """Return the numbers of the columns whose names match a pattern, in the order of the patterns.

    Only the first match of each pattern is returned, unless `every` is set.
    """
    columns: list[int] = []
    for pattern in patterns:
        matches = [n for n, name in enumerate(names) if n not in columns and re.fullmatch(pattern, name)]
        columns += matches if every else matches[:1]
    return columns
