"""Contains tests for a test run that `test_killed_owners.py` starts and then kills. The normal test suite does not
contain these tests.

Each test starts processes: the shared local cloud, a separate cloud, the command `wecelebrate up`, or a program. The
test then writes the file $SESSION_READY, and waits until the test run is killed.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.local.endpoints import Endpoints, Ports
from tests.command import Command
from tests.platform import Platform

pytestmark = pytest.mark.timeout(600)


def test_shared_cloud(cloud: Endpoints) -> None:
    wait_to_be_killed()


def test_separate_cloud(own_platform: Platform) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as program:
        wait_to_be_killed(program.pid)


def test_everything(cloud: Endpoints, own_platform: Platform, tmp_path: Path) -> None:
    environment = {**os.environ, **Ports.free().environment, "WECELEBRATE_HOME": str(tmp_path)}
    with Command(tmp_path, environment).started("up") as up:
        wait_to_be_killed(up.pid)


def wait_to_be_killed(*pids: int) -> None:
    ready = Path(os.environ["SESSION_READY"])
    ready.with_suffix(".new").write_text(" ".join(map(str, [os.getpid(), *pids])))
    ready.with_suffix(".new").rename(ready)
    time.sleep(600)
