"""Text cells that no spreadsheet program runs as a formula.

A cell that begins with one of these characters can be a formula (OWASP, CSV injection). In a CSV file, an apostrophe
before it makes it text. An apostrophe that the text itself begins with is doubled, so the original text can always be
restored. Numbers are no text: an apostrophe before `-0.02` would break every sum.
"""

FORMULA_STARTS = frozenset("=+-@\t\r＝＋－＠")  # noqa: RUF001 (spreadsheets read the full-width forms, too)
QUOTE = "'"


def is_risky(text: str) -> bool:
    """Return whether a spreadsheet program could run the text as a formula."""
    return text[:1] in FORMULA_STARTS if text else False


def quoted(text: str) -> str:
    """Return the text of a CSV cell that is no formula."""
    return QUOTE + text if is_risky(text) or text.startswith(QUOTE) else text


def unquoted(text: str) -> str:
    """Return the text that `quoted` has changed. All other texts stay as they are."""
    if text.startswith(QUOTE) and (is_risky(text[1:]) or text.startswith(QUOTE * 2)):
        return text[1:]
    return text
