"""What all tests share: one whole local cloud a session, on free ports, in a folder of its own.

The first test that asks for it starts it, whichever worker of xdist runs it; the session stops it. Tests keep apart
by making clients of their own (`tests.platform.Platform`).
"""

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.endpoints import Endpoints, Ports, load_endpoints
from infra.local.processes import LocalCloudError
from tests.command import Command
from tests.platform import Platform

HOME = "WECELEBRATE_TEST_HOME"


def pytest_configure(config: pytest.Config) -> None:
    """The session's folder is made where the session begins, not in each worker.

    A shell has what it starts in the background ignore SIGINT, and children inherit that: what tests start must not.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        os.environ[HOME] = tempfile.mkdtemp(prefix="wecelebrate-test-")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the cloud that a test may have started."""
    if not hasattr(session.config, "workerinput"):
        home = Path(os.environ[HOME])
        if (home / ".local").exists():
            _wecelebrate(home, "down", "--erase")
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    """A folder of the session, for what one worker makes and all use."""
    return Path(os.environ[HOME])


def _wecelebrate(home: Path, *arguments: str) -> None:
    environment = {**os.environ, **Ports.free().environment, "WECELEBRATE_HOME": str(home), "COLUMNS": "200"}
    done = Command(home, environment)(*arguments)
    if done.returncode:
        raise LocalCloudError(f"wecelebrate {' '.join(arguments)}:\n{done.stdout}{done.stderr}")


@pytest.fixture(scope="session")
def cloud(shared: Path) -> Endpoints:
    """A whole local cloud, with the demo loaded."""
    state = shared / ".local"
    with (shared / "cloud.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return load_endpoints(state)
        except LocalCloudError:
            _wecelebrate(shared, "up", "--detach")
    return load_endpoints(state)


@pytest.fixture(scope="session")
def state(cloud: Endpoints, shared: Path) -> Path:
    """The state directory of the session's cloud: its secrets and its logs."""
    return shared / ".local"


@pytest.fixture(scope="module")
def own_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A cloud of the module's own: for tests that break parts of it."""
    home = tmp_path_factory.mktemp("cloud")
    _wecelebrate(home, "up", "--detach")
    try:
        with Platform.of(load_endpoints(home / ".local"), home / ".local") as platform:
            yield platform
    finally:
        _wecelebrate(home, "down", "--erase")


@pytest.fixture
def platform(cloud: Endpoints, state: Path) -> Iterator[Platform]:
    """The session's cloud, as the people of the platform use it."""
    with Platform.of(cloud, state) as platform:
        yield platform
