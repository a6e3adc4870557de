"""Defines how much the fault tests do, and the environment of a function that a test runs outside of the cloud."""

import json
import os
from pathlib import Path

from infra.functions import Bindings, functions

FULL = os.environ.get("WECELEBRATE_FAULTS") == "full"
"""Whether the tests run in their full version (`make faults`) or in a small version (`make test`)."""


def function_environment(state: Path, function: str) -> dict[str, str]:
    """Return the environment variables of a function. `state` is the state directory of its cloud."""
    bindings = Bindings(**json.loads((state / "functions.json").read_text("utf-8"))["bindings"])
    spec = next(spec for spec in functions() if spec.name == function)
    return spec.environment(bindings)
