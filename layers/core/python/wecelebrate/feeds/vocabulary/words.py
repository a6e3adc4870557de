"""Builds sets of words from texts, which are more readable than long lists, and divides names into words."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache


def words(text: str) -> frozenset[str]:
    """Return the words of a text. Spaces separate words."""
    return frozenset(text.split())


def phrases(text: str) -> frozenset[str]:
    """Return the phrases of a text. The character | separates phrases."""
    return frozenset(text.split("|"))


def any_of(texts: Iterable[str]) -> str:
    """Return a regular expression that matches any of the texts. Longer texts come first."""
    return "|".join(map(re.escape, sorted(texts, key=lambda text: (-len(text), text))))


def divisions(text: str, vocabulary: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """Yield the divisions of a text into words of the vocabulary. Divisions with longer first words come first.

    Positions from which the text cannot be divided are stored, so that the time is linear.
    """
    dead: set[int] = set()
    longest = _longest(vocabulary)

    def divide(at: int) -> Iterator[tuple[str, ...]]:
        if at == len(text):
            yield ()
            return
        is_divisible = False
        for end in range(min(len(text), at + longest), at, -1):
            word = text[at:end]
            if end in dead or word not in vocabulary:
                continue
            for rest in divide(end):
                is_divisible = True
                yield (word, *rest)
        if not is_divisible:
            dead.add(at)

    yield from divide(0)


@lru_cache(maxsize=16)
def _longest(vocabulary: frozenset[str]) -> int:
    return max(map(len, vocabulary))
