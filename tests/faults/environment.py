"""Defines the size of the fault tests, and the environment for a function that a test runs outside the local cloud."""

import json
import os
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TypeVar

from infra.bindings import Bindings
from infra.functions import functions

FULL = os.environ.get("WECELEBRATE_FAULTS") == "full"
"""True if the tests run in full size (`make faults`), False if they run in small size (`make test` and `pytest`)."""

First = TypeVar("First")
Second = TypeVar("Second")


def pairs(first: Sequence[First], second: Sequence[Second]) -> list[tuple[First, Second]]:
    """Return all pairs in full size. In small size, return one pair for each item of the longer sequence.

    In small size, every item of both sequences occurs. The items of the shorter sequence are repeated in turn.
    """
    if FULL:
        return list(product(first, second))
    return [
        (first[number % len(first)], second[number % len(second)]) for number in range(max(len(first), len(second)))
    ]


def function_environment(state: Path, function: str) -> dict[str, str]:
    """Return the environment variables of a function. `state` is the state directory of the local cloud."""
    bindings = Bindings(**json.loads((state / "functions.json").read_text("utf-8"))["bindings"])
    spec = next(spec for spec in functions() if spec.name == function)
    return spec.environment(bindings)
