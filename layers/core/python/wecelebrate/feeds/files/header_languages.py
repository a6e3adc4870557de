"""Finds the language of a header. The language decides which code page of Windows is used.

The words of a short file fit several code pages. For example, the bytes of Lithuanian letters in cp1257 are Czech
letters in cp1250. The column names show the language, even if they are in ASCII: `Kodas;Pavadinimas;Kaina`.
"""

import re
from collections import Counter
from functools import cache

from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.folding import squeezed

CODE_PAGES = {
    **dict.fromkeys(("lt", "lv", "et"), "cp1257"),
    **dict.fromkeys(("pl", "cs", "sk", "hu", "sl", "hr", "ro", "sq"), "cp1250"),
    **dict.fromkeys(("is", "da", "nb", "sv", "fi", "de", "fr", "es", "it", "pt", "nl", "en"), "cp1252"),
    "tr": "cp1254",
}
"""The code page of Windows for each language that is written in Latin letters."""
OTHER_PAGES = {"he": "cp1255", "ar": "cp1256", "fa": "cp1256", "th": "cp874"}
"""Code pages of languages in other scripts. The detector often takes their short texts for Cyrillic or Greek."""
_PAGES = tuple(dict.fromkeys(CODE_PAGES.values()))
_SEPARATORS = re.compile(r'[;,\t|"\r]+|  +')
HEAD = 4_096
"""The header is searched in this number of bytes at the start of a file."""
MAX_LINES = 20
MIN_NAMES = 2
"""The best code page is used only if the header has at least this many more names in its languages than in the
languages of the second code page.
"""


@cache
def languages_of_names() -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for language, tables in vocabulary().by_language.items():
        for table, words in tables.items():
            if table.startswith("columns.") or table == "prices.base":
                for word in words:
                    names[word] = (*names.get(word, ()), language)
    return names


def code_page_of_header(head: bytes, detected: str, sample: bytes) -> str:
    """Return the code page of the header's language, or `detected` if this language is not certain.

    `detected` is kept if it is not a code page of Latin letters, or if `sample` is invalid in the other code page.
    """
    may_be_other = detected not in _PAGES or detected == "cp1252"
    if may_be_other and (other := _page_of_other_letters(head, detected, sample)) is not None:
        return other
    if detected not in _PAGES:
        return detected
    counts = {page: _count_names(head[:HEAD], page) for page in _PAGES}
    best, second = sorted(counts, key=lambda page: (-counts[page], page != detected))[:2]
    if best == detected or counts[best] - counts[second] < MIN_NAMES:
        return detected
    try:
        sample.decode(best)
    except UnicodeDecodeError:
        return detected
    return best


def _page_of_other_letters(head: bytes, detected: str, sample: bytes) -> str | None:
    """Return the code page of OTHER_PAGES with a language to which at least two names of the header belong, or None."""
    for page in dict.fromkeys(OTHER_PAGES.values()):
        if page != detected and _count_names(head[:HEAD], page) >= MIN_NAMES:
            try:
                sample.decode(page)
            except UnicodeDecodeError:
                continue
            return page
    return None


def _count_names(head: bytes, page: str) -> int:
    """Return the largest number of known names that one line has in one language with this code page."""
    known, best = languages_of_names(), 0
    for line in head.decode(page, "replace").split("\n")[:MAX_LINES]:
        languages = Counter(
            language
            for cell in _SEPARATORS.split(line)
            for language in set(known.get(squeezed(cell), ()))
            if CODE_PAGES.get(language, OTHER_PAGES.get(language)) == page
        )
        best = max(best, max(languages.values(), default=0))
    return best
