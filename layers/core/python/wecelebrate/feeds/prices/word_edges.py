"""Checks that each part of a price name is inside a word, or consists of whole words.

Names are divided in folded form, without their spaces. Without this check, `Nav pārdošanā` would contain `VP`.
"""

import re
from itertools import accumulate

from wecelebrate.feeds.vocabulary.folding import squeezed

MAX_LENGTH = 60
_HYPHENATION = re.compile(r"[-\u00ad]\s+")
_WORD_OF_NAME = re.compile(r"[^\s/().,:;+\[\]'\u2019-]+")


def keeps_words(parts: tuple[str, ...], edges: frozenset[int]) -> bool:
    """Return whether each part is inside a word, or consists of whole words."""
    start, length = 0, sum(map(len, parts))
    ends = edges | {0, length}
    for part in parts:
        end = start + len(part)
        if not (start in ends and end in ends) and any(start < edge < end for edge in edges):
            return False
        start = end
    return True


def edges_of_words(column: str, folded: str) -> frozenset[int]:
    """Return the positions in a folded name at which a word begins, or an empty set if the positions are not known."""
    if len(column) > MAX_LENGTH or "_" in column:
        return frozenset()
    words_of_name = [squeezed(word) for word in _WORD_OF_NAME.findall(_HYPHENATION.sub("", column))]
    ends = list(accumulate(map(len, words_of_name)))
    return frozenset(ends[:-1]) if ends and "".join(words_of_name) == folded else frozenset()
