"""The normal forms of Unicode (UAX #15), in linear time.

`unicodedata.normalize` sorts each run of combining marks with an insertion sort. Its time is quadratic in the length of
the run: 20,000 marks need 0.3 seconds, and a million marks need minutes. Therefore only this module calls `normalize`.

A stored text may have at most MAX_MARKS marks in a row, which is the limit of the Stream-Safe Text Format (UAX #15,
section 13). Every entry point calls `has_too_many_marks` to refuse texts with more marks. All functions of this module
except `nfc_of_safe` accept every text.
"""

import unicodedata

MAX_MARKS = 30
"""The maximum number of combining marks in a row. No language needs more than ten."""
TOO_MANY_MARKS = f"must not contain more than {MAX_MARKS} combining marks in a row"
"""The error message for a text with more than MAX_MARKS marks in a row."""

_RUN = MAX_MARKS + 1
_FLAGS_OF_SAMPLES = {10: bytes([1] * (_RUN // 10)), 1: bytes([1] * _RUN)}
"""Maps the step of a sample to the flags that a text with a run that is too long must contain in this sample. For
example, `text[9::10]` contains at least three marks in a row.
"""
_JOINER = "\u034f"
"""The combining grapheme joiner. It is invisible, and the marks after it begin a new run."""
_OTHER_MARKS = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")
"""The starters whose decompositions consist of combining marks."""
_AS_MARKS = dict.fromkeys(map(ord, _OTHER_MARKS), "\u0301")
_AS_FLAGS = bytes([0, *[1] * 255])
"""Maps the combining class 0 of starters to 0, and every other class to 1."""


def nfc(text: str) -> str:
    """Return the text in the form NFC, in which `é` is one character."""
    return text if text.isascii() else unicodedata.normalize("NFC", stream_safe(text))


def nfc_of_safe(text: str) -> str:
    """Return a text in the form NFC. `has_too_many_marks` must have returned False for the text."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def nfkc(text: str) -> str:
    """Return the text in the form NFKC. For example, a full-width letter becomes the usual letter."""
    return text if text.isascii() else unicodedata.normalize("NFKC", stream_safe(text))


def nfkd(text: str) -> str:
    """Return the text in the form NFKD, in which an accent is a separate character."""
    return text if text.isascii() else unicodedata.normalize("NFKD", stream_safe(text))


def without_marks(text: str) -> str:
    """Return the text in the form NFKD without its combining marks: `é` becomes `e`."""
    return text if text.isascii() else "".join(char for char in nfkd(text) if not unicodedata.combining(char))


def has_too_many_marks(text: str) -> bool:
    """Return whether a text has more than MAX_MARKS combining marks in a row.

    For most texts, the first sample is sufficient. It takes a small part of the time of a normalization.
    """
    if text.isascii() or len(text) <= MAX_MARKS:
        return False
    sample = text[MAX_MARKS::_RUN]  # It contains a character of each run that is too long.
    if sample.isascii() or (not any(map(unicodedata.combining, sample)) and _OTHER_MARKS.isdisjoint(sample)):
        return False
    return all(flags in _flags(text[step - 1 :: step]) for step, flags in _FLAGS_OF_SAMPLES.items())


def _flags(text: str) -> bytes:
    """Return a byte for each character: 1 for a mark, and 0 for any other character."""
    if not _OTHER_MARKS.isdisjoint(text):
        text = text.translate(_AS_MARKS)
    return bytes(map(unicodedata.combining, text)).translate(_AS_FLAGS)


def stream_safe(text: str) -> str:
    """Return the text with a joiner after each run of MAX_MARKS marks (UAX #15, section 13.2)."""
    if not has_too_many_marks(text):
        return text
    chars: list[str] = []
    run = 0
    for char, flag in zip(text, _flags(text), strict=True):
        run = run + 1 if flag else 0
        if run > MAX_MARKS:
            chars.append(_JOINER)
            run = 1
        chars.append(char)
    return "".join(chars)
