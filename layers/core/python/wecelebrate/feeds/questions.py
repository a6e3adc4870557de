"""Defines the questions about a file.

A question is asked if the evidence in the file does not decide how to read it.
"""

from dataclasses import dataclass
from typing import Any, Literal

Subject = Literal["money", "identity", "visibility", "other"]
"""What a wrong answer would damage: prices, the SKUs of products, what customers can see, or other values."""


STOP = "stop"
"""The value of a choice that refuses the file. It is no setting."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible answer to a question."""

    value: str
    """The value that the catalog's settings get if this choice is made, e.g. `,` or the name of a column."""
    label: str
    """A sentence for the person who answers, e.g. `The dot groups thousands`."""
    examples: tuple[str, ...] = ()
    """How values of the file are read with this choice, e.g. `1.250 → 1250.00`."""
    refuses_file: bool = False
    """Whether this file is wrong, and must not be read. Such an answer says nothing about later files, so it is no
    setting, and its value is STOP."""


@dataclass(frozen=True, slots=True)
class Question:
    """A doubt about how to read a file. The answer is stored in the catalog's settings."""

    key: str
    """The field of the mapping, or the option (`plan.model.OPTIONS`), that stores the answer, e.g. `decimal`."""
    subject: Subject
    text: str
    """A sentence that describes the values in the file and asks the question."""
    choices: tuple[Choice, ...]
    """At least two choices. The first choice is the most probable one. It is used if the catalog does not ask."""
    seen: tuple[str, ...] = ()
    """Values of the file that cause the doubt."""


@dataclass(frozen=True, slots=True)
class Change:
    """A difference between how this file is read and how the catalog's previous file was read."""

    key: str
    subject: Subject
    before: Any
    now: Any
    text: str
    """A sentence that describes the change, e.g. `The price is read from the column "UVP", and before from "VK".`"""
