"""Defines the questions about a file.

A question is asked if the evidence in the file does not show how to read the file.
"""

from dataclasses import dataclass
from typing import Any, Literal

Subject = Literal["money", "identity", "visibility", "other"]
"""The data that a wrong answer would damage: prices, SKUs, the visibility of values, or other values."""


STOP = "stop"
"""The value of a choice that refuses the file. It is no setting."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible answer to a question."""

    value: str
    """The value that this choice writes to the catalog's settings, such as `,` or the name of a column."""
    label: str
    """A sentence for the person who answers, such as `The dot groups thousands`."""
    examples: tuple[str, ...] = ()
    """Values of the file as this choice reads them, for example `1.250 → 1250.00`."""
    refuses_file: bool = False
    """Whether this file is wrong, and must not be read. Such an answer says nothing about later files, so it is no
    setting, and its value is STOP."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question about how to read a file. The answer is stored in the catalog's settings."""

    key: str
    """The field of the mapping, or the option (`plan.model.OPTIONS`), that stores the answer, e.g. `decimal`."""
    subject: Subject
    text: str
    """A sentence that describes the values in the file and asks the question."""
    choices: tuple[Choice, ...]
    """At least two choices. The first choice is the most probable. It is used if no question is asked."""
    seen: tuple[str, ...] = ()
    """Values of the file that cause the question."""


@dataclass(frozen=True, slots=True)
class Change:
    """A difference in the way in which this file and the catalog's previous file are read."""

    key: str
    subject: Subject
    before: Any
    now: Any
    text: str
    """A sentence about the change, such as `The price is read from the column "UVP", and before from "VK".`"""
