"""Finds what a file does not decide, and what differs from the catalog's previous file."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from wecelebrate.feeds.questions import Change, Choice, Question, Subject

_AMBIGUOUS = re.compile(r"[1-9]\d{0,2}\.\d\d0", re.ASCII)
_MAX_SEEN = 5
_SUBJECTS: Mapping[str, Subject] = {"price": "money", "sku": "identity"}


def is_ambiguous(price: str) -> bool:
    """Return whether a price such as `1.250` can mean 1250 or 1.25."""
    return _AMBIGUOUS.fullmatch(price.strip()) is not None


def questions(prices: Sequence[str], remembered: str | None) -> tuple[Question, ...]:
    """Ask for the decimal separator if all prices of the sample are ambiguous, and no earlier file has decided."""
    if remembered or not prices or not all(map(is_ambiguous, prices)):
        return ()
    seen = tuple(dict.fromkeys(price.strip() for price in prices))[:_MAX_SEEN]
    return (
        Question(
            "decimal",
            "money",
            "The dot in the prices can group thousands, or it can be the decimal separator. Which of them is it?",
            (
                Choice(
                    ",",
                    "The dot groups thousands",
                    tuple(f"{price} → {price.replace('.', '')}.00" for price in seen),
                ),
                Choice(".", "The dot is the decimal separator", tuple(f"{price} → {price[:-1]}" for price in seen)),
            ),
            seen,
        ),
    )


def changes(reading: Mapping[str, Any], memory: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the differences between two readings that concern prices or SKUs."""
    found = []
    for key, subject in _SUBJECTS.items():
        before, now = (memory.get("mapping") or {}).get(key), reading["mapping"].get(key)
        if before is not None and now is not None and before != now:
            text = f'The {key} is read from the column "{now}", and before from "{before}".'
            found.append(Change(key, subject, before, now, text))
    return tuple(found)
