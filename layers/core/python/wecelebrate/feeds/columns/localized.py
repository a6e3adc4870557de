"""Reads the language from the name of a column: `Name DE`, `title_en`, `Nosaukums LV`, `localizedfields.sl.name`.

A column with a language in its name is used if the same name without a language does not exist in the file. If the file
has several languages, the first language is used.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from wecelebrate.feeds.columns.names import field_candidates, is_weak, name_forms
from wecelebrate.feeds.vocabulary import vocabulary

_FURTHER_LANGUAGES = frozenset(("ca", "eu", "gl", "ga", "cy", "mt", "lb", "mk", "be", "az", "hy", "fa", "ur", "ta"))
_OTHER_CODES = {
    "nb": ("no", "nn"), "cs": ("cz",), "sv": ("se",), "da": ("dk",), "zh": ("cn", "tw"), "ja": ("jp",),
    "ko": ("kr",), "el": ("gr",), "uk": ("ua",), "et": ("ee",), "sl": ("si",), "en": ("gb", "us"),
}  # fmt: skip
"""Country codes that people write instead of language codes."""
_CONTAINERS = frozenset((
    "localizedfields", "localized", "localizedvalues", "translations", "translation", "i18n", "locales", "texts",
    "languages", "lang", "values",
))  # fmt: skip
"""The objects of a JSON record that contain the texts in several languages."""
_ENDING = re.compile(r"(?P<name>.{2,80}?[^\s_.:([-])[\s_.:-]*[\s_.:([-](?P<code>[a-z]{2})(?:[-_][a-z]{2})?[)\]]?", re.I)
_WORD = re.compile(
    r"(?P<name>.{2,80}?[^\s_.:([-])[\s_.:([-]+(?P<word>german|deutsch|english|englisch|french|francais|français|franzosisch|"
    r"französisch|spanish|espanol|español|spanisch|italian|italiano|italienisch|dutch|nederlands|polish|polski|svenska|"
    r"norsk|dansk|suomi|czech|cesky|česky|portugues|português|anglais|allemand|ingles|inglés|inglese|tedesco)[)\]]?",
    re.IGNORECASE,
)
_LOCALE = re.compile(r"([a-z]{2})(?:[-_][a-z]{2})?", re.IGNORECASE)
MAX_NAME = 100
_AMBIGUOUS = frozenset(("id", "no", "is", "it", "be", "am", "et", "sr", "ta"))
"""Codes of languages that are also ordinary words. For example, `Product ID` and `Article No` contain no language."""


Candidates = dict[str, list[tuple[int, int, str | None]]]
"""Maps each field to its possible columns. A column is given by its rank, its number, and the currency in its name."""
FIELDS = ("name", "description", "category")
RANK = 2_000
"""This number is added to the rank of a column if its name contains a language. Only weak names have higher ranks."""
_SHORT_TEXTS = frozenset(("shortdescription", "descriptionshort", "kurzbeschreibung", "shorttext"))
"""Names of descriptions, which are read as product names only if the file has no better column."""


def candidates_with_languages(header: Sequence[str], candidates: Candidates) -> Candidates:
    """Add the columns whose names have a language to the candidates, and return all candidates."""
    named: Candidates = {field: [] for field in FIELDS}
    named_columns = {field: {number for _, number, _ in candidates[field]} for field in FIELDS}
    for number, column in enumerate(header):
        name = without_language(column)
        if name and column.strip()[-3:].strip(" )]_-.:([").casefold() in _AMBIGUOUS and not _has_other(header, column):
            continue
        for field, rank, _ in field_candidates(name) if name else ():
            if field in FIELDS and number not in named_columns[field] and not is_weak(rank):
                named[field].append((rank + RANK, number, None))
    others = [number for rank, number, _ in candidates["name"] if not is_weak(rank)]
    texts = {number for number in others if not _SHORT_TEXTS.isdisjoint(name_forms(header[number]))}
    if named["name"] or len(texts) < len(others):
        moved = [one for one in candidates["name"] if one[1] in texts]
        candidates["name"] = [one for one in candidates["name"] if one[1] not in texts]
        named["name"] += [(rank + 2 * RANK, number, code) for rank, number, code in moved]
    for field in FIELDS:
        plain = [
            one for one in candidates[field]
            if not is_weak(one[0]) and one[1] not in texts and not without_language(header[one[1]])
        ]  # fmt: skip
        if plain and field != "category":  # for example, `Pavadinimas` beside `Name (EN)`
            candidates[field] = [
                (rank if without_language(header[number]) is None or is_weak(rank) else rank + RANK, number, code)
                for rank, number, code in candidates[field]
            ]
        elif field != "category":  # equal ranks: the first language of the file is used
            coded = [one for one in candidates[field] if not is_weak(one[0]) and without_language(header[one[1]])]
            best = min((rank for rank, _, _ in coded), default=0)
            candidates[field] = [(best if one in coded else one[0], *one[1:]) for one in candidates[field]]
        first = min((rank for rank, number, _ in named[field] if number not in texts), default=0)
        candidates[field] += [(rank if number in texts else first, number, code) for rank, number, code in named[field]]
    return candidates


def _has_other(header: Sequence[str], column: str) -> bool:
    """Return whether another column has the same name in another language, for example `Title EN` and `Title NO`."""
    name = without_language(column)
    return any(without_language(other) == name for other in header if other != column)


@cache
def _codes() -> frozenset[str]:
    languages = frozenset(vocabulary().by_language) | _FURTHER_LANGUAGES
    return languages.union(*(codes for language, codes in _OTHER_CODES.items() if language in languages))


@lru_cache(maxsize=4096)
def without_language(column: str) -> str | None:
    """Return the name of a column without its language, or None if the name has no language.

    For a JSON path, it returns the last part: `localizedfields.sl.name` becomes `name`.
    """
    text = column.strip()
    if len(text) > MAX_NAME:
        return None
    parts = text.split(".")
    if len(parts) > 1 and all(parts):
        named = [part for part in parts if not _is_locale(part)]
        if len(named) < len(parts):
            return ".".join(part for part in named if part.casefold() not in _CONTAINERS) or None
    match = _ENDING.fullmatch(text)
    if match and match["code"].casefold() in _codes():
        return match["name"]
    match = _WORD.fullmatch(text)
    return match["name"] if match else None


def _is_locale(part: str) -> bool:
    match = _LOCALE.fullmatch(part)
    return match is not None and match[1].casefold() in _codes()
