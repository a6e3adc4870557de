"""Countries: the codes that ISO 3166-1 has assigned."""

from collections.abc import Set
from functools import lru_cache
from typing import Annotated

from pydantic import StringConstraints
from typing_extensions import TypeAliasType

from wecelebrate.core.types.schema import OneOf


@lru_cache(maxsize=1)
def countries() -> Set[str]:
    """Return the assigned alpha-2 codes.

    ISO 3166-1 does not assign AA, QM–QZ, XA–XZ and ZZ, which users may define. The package `iso3166` contains one of
    these codes, XK for Kosovo. The result does not contain it.
    """
    import iso3166  # This import takes 5 ms.

    return {code for code in iso3166.countries_by_alpha2 if not _is_user_assigned(code)}


def _is_user_assigned(code: str) -> bool:
    return code in ("AA", "ZZ") or code[0] == "X" or "QM" <= code <= "QZ"


CountryCode = TypeAliasType(
    "CountryCode",
    Annotated[
        str,
        StringConstraints(strip_whitespace=False),
        OneOf(countries, "must be an assigned ISO 3166-1 alpha-2 code, e.g. DE"),
    ],
)
"""The ISO 3166-1 alpha-2 code of a country in upper case."""
