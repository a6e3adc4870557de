"""The extent of the tests of faults, and the environment of a function outside of the cloud."""

import json
import os
from pathlib import Path

from infra.functions import Bindings, functions

FULL = os.environ.get("WECELEBRATE_FAULTS") == "full"
"""Whether the tests run to their full extent (`make faults`), or in a small version (`make test`)."""


def function_environment(state: Path, function: str) -> dict[str, str]:
    """The environment variables of a function of the cloud with this state directory."""
    bindings = Bindings(**json.loads((state / "functions.json").read_text("utf-8"))["bindings"])
    spec = next(spec for spec in functions() if spec.name == function)
    return spec.environment(bindings)
