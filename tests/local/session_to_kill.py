"""A test run that another test kills. It is no part of the suite: `test_killed_owners.py` starts it with its path.

The module starts processes in every way in which tests start them: the shared cloud, a cloud of its own, the command
`wecelebrate up`, and a program. Then it writes the file $SESSION_READY, and waits to be killed.
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


def test_starts_processes_and_waits(cloud: Endpoints, own_platform: Platform, tmp_path: Path) -> None:
    environment = {**os.environ, **Ports.free().environment, "WECELEBRATE_HOME": str(tmp_path)}
    with (
        Command(tmp_path, environment).started("up") as up,
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as program,
    ):
        ready = Path(os.environ["SESSION_READY"])
        ready.with_suffix(".new").write_text(f"{os.getpid()} {up.pid} {program.pid}")
        ready.with_suffix(".new").rename(ready)
        time.sleep(600)
