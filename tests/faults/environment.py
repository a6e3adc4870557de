"""Defines the size of the fault tests, and the environment for a function that a test runs outside the cloud."""

import json
import os
from pathlib import Path

from infra.bindings import Bindings
from infra.functions import functions

FULL = os.environ.get("WECELEBRATE_FAULTS") == "full"
"""True if the tests run in full size (`make faults`), False if they run in small size (`make test` and `pytest`)."""


def function_environment(state: Path, function: str) -> dict[str, str]:
    """Return the environment variables of a function. `state` is the state directory of the cloud."""
    bindings = Bindings(**json.loads((state / "functions.json").read_text("utf-8"))["bindings"])
    spec = next(spec for spec in functions() if spec.name == function)
    return spec.environment(bindings)
