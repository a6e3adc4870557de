"""Builds sets of words from one text, so that long lists of words stay readable."""


def words(text: str) -> frozenset[str]:
    """Return the words of a text. Spaces separate words."""
    return frozenset(text.split())


def phrases(text: str) -> frozenset[str]:
    """Return the phrases of a text. The character | separates phrases."""
    return frozenset(text.split("|"))
