"""Fixtures for all tests. All tests of a session share one local cloud.

The cloud uses free ports and a temporary folder. The first test that needs the cloud starts the cloud. The xdist
workers share this cloud. The cloud stops at the end of the session. Tests do not affect each other, because each test
creates its own clients (`tests.platform.Platform`).

All processes end with the session, even if pytest is killed. A cloud stops when the pytest process that owns the cloud
has ended (`infra.local.owner`). `tests.watchdog` ends all other processes.
"""

import fcntl
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.local.endpoints import Endpoints, Ports, load_endpoints
from infra.local.owner import OWNER_VARIABLE, environment_of
from infra.local.processes import LocalCloudError
from tests import cloud_data, order, timeouts, watchdog
from tests.command import Command
from tests.platform import Platform

HOME = "WECELEBRATE_TEST_HOME"
CLOUD_DATA = "cloud-data"
"""The name of a folder in the folder of the session. A new separate cloud copies its data from this folder.
"""
MAIN = "WECELEBRATE_TEST_OWNER"
"""The name of an environment variable. Its value is WECELEBRATE_OWNER of the main process. The main process owns the
shared local cloud, so that the cloud keeps running if a worker is killed.
"""


def pytest_configure(config: pytest.Config) -> None:
    """Restore the default handler of SIGINT, and make this process the owner of the processes that its tests start.

    In the main process, also create the folder of the session.

    A shell makes its background jobs ignore SIGINT, and child processes inherit this setting. Some tests end a child
    process with SIGINT, so the child process must not ignore this signal.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(environment_of(os.getpid()))
    watchdog.start(OWNER_VARIABLE, os.environ[OWNER_VARIABLE])
    if not hasattr(config, "workerinput"):
        os.environ[MAIN] = os.environ[OWNER_VARIABLE]
        os.environ[HOME] = tempfile.mkdtemp(prefix="wecelebrate-test-")
    timeouts.configure(config, Path(os.environ[HOME]))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect the tests without garbage collection, and exclude the collected tests from later garbage collections.

    pytest creates millions of objects, which live until the worker ends. Garbage collection of these objects would take
    a sixth of the time in which pytest collects the tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Distribute the modules with long tests evenly over the test order. The test order must be the same in all
    workers."""
    if hasattr(config, "workerinput"):
        items[:] = order.spread(items, lambda item: item.nodeid.partition("::")[0])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the shared local cloud if a test has started this cloud."""
    if not hasattr(session.config, "workerinput"):
        home = Path(os.environ[HOME])
        if (home / ".local").exists():
            _wecelebrate(home, "down", "--erase", "--yes")
        cloud_data.erase(home / CLOUD_DATA)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the session. All xdist workers share the files in this folder."""
    return Path(os.environ[HOME])


def _wecelebrate(home: Path, *arguments: str, owner: str = "") -> None:
    variables = {"WECELEBRATE_HOME": str(home), "WECELEBRATE_PRELOAD": "on", "COLUMNS": "200"}
    environment = {**os.environ, **Ports.free().environment, **variables}
    environment[OWNER_VARIABLE] = owner or environment[OWNER_VARIABLE]
    result = Command(home, environment)(*arguments)
    if result.returncode:
        raise LocalCloudError(f"wecelebrate {' '.join(arguments)} failed:\n{result.stdout}{result.stderr}")


@pytest.fixture(scope="session")
def cloud(shared: Path) -> Endpoints:
    """The endpoints of the shared local cloud. This cloud contains the demo data.

    The fixture starts the cloud if the cloud is not running.
    """
    state = shared / ".local"
    with (shared / "cloud.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return load_endpoints(state)
        except LocalCloudError:
            _wecelebrate(shared, "up", "--detach", owner=os.environ[MAIN])
    return load_endpoints(state)


@pytest.fixture(scope="session")
def state(cloud: Endpoints, shared: Path) -> Path:
    """The state directory of the shared local cloud. It contains the secrets and logs of the cloud."""
    return shared / ".local"


@contextmanager
def separate_cloud(home: Path, shared: Path) -> Iterator[Platform]:
    """Run a local cloud in the new folder `home` until the end of the block."""
    cloud_data.copy(shared / CLOUD_DATA, home / ".local")
    _wecelebrate(home, "up", "--detach")
    try:
        with Platform.of(load_endpoints(home / ".local"), home / ".local") as platform:
            yield platform
    finally:
        _wecelebrate(home, "down", "--erase", "--yes")


@pytest.fixture(scope="module")
def own_platform(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Platform]:
    """A local cloud for one test module. The tests of the module are allowed to break parts of this cloud."""
    with separate_cloud(tmp_path_factory.mktemp("cloud"), shared) as platform:
        yield platform


@pytest.fixture
def platform(cloud: Endpoints, state: Path) -> Iterator[Platform]:
    """Gives a test access to the shared local cloud."""
    with Platform.of(cloud, state) as platform:
        yield platform
