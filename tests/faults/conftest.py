"""Fixtures for the fault tests."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from infra.functions import ROOT
from tests.faults import figures
from tests.faults.environment import FULL, function_environment
from tests.faults.figures import figure
from tests.platform import Platform

__all__ = ["figure"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = figures.rows(terminalreporter.stats)
    if FULL and rows:
        figures.write(rows, ROOT / ".local" / "faults.json")
        for row in rows:
            terminalreporter.write_line(figures.line(row))


@pytest.fixture(scope="module")
def sweeper(own_platform: Platform) -> Iterator[None]:
    """Run a sweeper during all tests of a module. The sweeper of the local cloud starts only one minute after the
    cloud.
    """
    program = "from wecelebrate import sweeper\nwhile True: sweeper.run(20)"
    with (own_platform.state / "logs" / "sweeper.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            env={**os.environ, **function_environment(own_platform.state, "schedules-sweeper")},
            stdout=log,
            stderr=log,
        )
        try:
            yield
            assert process.poll() is None, "the sweeper has stopped: see sweeper.log"
        finally:
            process.kill()
            process.wait()
