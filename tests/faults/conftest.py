"""What tests of faults share: figures, a sweeper that does not wait for its minute, and how long they may go on.

`make test` breaks a little of everything; with WECELEBRATE_FAULTS=full (`make faults`) all of it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.functions import ROOT, Bindings, functions
from tests.faults import figures
from tests.faults.figures import figure
from tests.platform import Platform

__all__ = ["figure"]

FULL = os.environ.get("WECELEBRATE_FAULTS") == "full"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found = figures.rows(terminalreporter.stats)
    if FULL and found:
        figures.write(found, ROOT / ".local" / "faults.json")
        for row in found:
            terminalreporter.write_line(figures.line(row))


def environment(state: Path, function: str) -> dict[str, str]:
    """The environment of a function of a cloud."""
    bindings = Bindings(**json.loads((state / "functions.json").read_text("utf-8"))["bindings"])
    spec = next(spec for spec in functions() if spec.name == function)
    return spec.environment(bindings)


@pytest.fixture(scope="module")
def sweeper(own_platform: Platform) -> Iterator[None]:
    """The sweeper, as its schedule runs it, but from the first minute on."""
    program = "from wecelebrate import sweeper\nwhile True: sweeper.run(20)"
    with (own_platform.state / "logs" / "sweeper.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            env={**os.environ, **environment(own_platform.state, "schedules-sweeper")},
            stdout=log,
            stderr=log,
        )
        try:
            yield
            assert process.poll() is None, "the sweeper died"
        finally:
            process.kill()
            process.wait()
