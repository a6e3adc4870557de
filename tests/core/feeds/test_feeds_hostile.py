"""Tests that hostile files are read or refused within the limits, and that no socket is opened.

The limits are 2 s of CPU time and 256 MB of memory. The tests allow 4 s, because the machine can be busy.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.functions import ROOT
from tests.core.feeds.hostile import FILES

SECONDS = 2.0
BUSY_FACTOR = 2
"""The factor by which the maximum CPU time is multiplied. On a busy machine, the same work can take twice the CPU
time.
"""
MEGABYTES = 256


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("hostile")
    for name, make in FILES.items():
        (folder / name).write_bytes(make())
    command = [sys.executable, "-m", "tests.core.feeds.hostile", str(folder)]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    (folder / "stderr").write_text(process.stderr)
    return {outcome["name"]: outcome for outcome in map(json.loads, process.stdout.splitlines())}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_processed_within_the_limits(name: str, outcomes: dict[str, Any]) -> None:
    outcome = outcomes[name]
    assert outcome["seconds"] < SECONDS * BUSY_FACTOR, outcome
    assert outcome["megabytes"] < MEGABYTES, outcome
    assert outcome["refused"] is None or len(outcome["refused"]) < 5_000, outcome


# These files must be refused completely. Only the files in WITH_VALID_ROWS can be read in part.
REFUSED = [
    name for name in FILES
    if name.endswith((".zip", ".gz")) or "laugh" in name or "entity" in name or "bomb" in name or "million" in name
]  # fmt: skip
WITH_VALID_ROWS = {"row-of-a-million-columns.xlsx", "strings-two-million.xlsx", "a-number-of-a-million-digits.csv"}


@pytest.mark.parametrize("name", sorted(set(REFUSED) - WITH_VALID_ROWS))
def test_a_suspicious_file_is_refused(name: str, outcomes: dict[str, Any]) -> None:
    assert outcomes[name]["refused"], outcomes[name]
    assert outcomes[name]["products"] == 0
