"""Telephone numbers as people write them: an optional `+`, digits, and separators.

A carrier needs the international form of ITU-T E.164, with at most 15 digits after the `+`. Customers often write the
national form, and the form can be recognized only if the country is known. Therefore only the number of digits is
checked, and the separators are not removed.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from wecelebrate.core.types.schema import Documented

PHONE_PATTERN = r"^\s*\+?[0-9(][0-9 ()./-]{2,28}\s*$"
MIN_DIGITS, MAX_DIGITS = 4, 15
_phone = re.compile(PHONE_PATTERN.replace("$", r"\Z"), re.ASCII)


def _checked_phone(text: str) -> str:
    digits = sum(character.isdigit() for character in text)
    if not _phone.match(text) or not MIN_DIGITS <= digits <= MAX_DIGITS:
        raise ValueError("must be a telephone number of 4 to 15 digits, e.g. +49 30 1234567")
    return text


PhoneNumber = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=30),
    AfterValidator(_checked_phone),
    Documented({"pattern": PHONE_PATTERN}),
]
"""A telephone number, in the international or the national form."""
