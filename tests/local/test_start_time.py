"""Compares the start time of the command with the start time of an empty Python program.

The test measures CPU times, because other programs on the machine hardly affect CPU times. It uses the smallest of
several measurements.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.functions import ROOT

RUNS = 5
EMPTY = ["-c", "pass"]
MAX_RATIOS = {
    "--version": 17,
    "--help": 17,
    "jobs list --help": 32,
    "jobs list": 36,
    "read --help": 32,
}
"""Maps each command to the maximum of its CPU time, as a multiple of the time of `python -c pass` (about 15 ms).

Measured on a loaded machine: 11, 11, 20, 23 and 22. Half of the time of `jobs list` is the import of Pydantic, which
Typer uses to parse arguments.
"""


def seconds(arguments: list[str], home: Path) -> float:
    """Return the smallest CPU time of a Python program, in seconds."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("WECELEBRATE_", "COV_"))}
    times = []
    for _ in range(RUNS):
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**environment, "WECELEBRATE_HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        times.append(usage.ru_utime + usage.ru_stime)
    return min(times)


@pytest.mark.parametrize("command", MAX_RATIOS)
def test_the_command_starts_within_a_multiple_of_the_time_of_an_empty_program(command: str, tmp_path: Path) -> None:
    empty = seconds(EMPTY, tmp_path)
    ratio = seconds(["-m", "infra.command", *command.split()], tmp_path) / empty
    assert ratio < MAX_RATIOS[command], f"{ratio:.1f} × {empty * 1000:.0f} ms"
