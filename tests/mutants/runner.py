"""Runs the tests of a module on its mutants.

cosmic-ray starts one pytest process per mutant. The start takes seconds, because Python has to import pytest, its
plugins and the packages of the tests. This module imports the packages only once, in one process.

For each mutant, this process forks a process that imports the mutant instead of the module, and runs the tests. No file
is changed. Therefore several mutants can be tested at the same time, and a killed run leaves no changed files.
"""

import ctypes
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from tests.mutants.mutations import PACKAGE, ROOT, Mutant

TESTS = "tests/core"
"""The folder of the fast tests, which do not need the local cloud."""
MAX_SECONDS = 60.0
"""The maximum waiting time of a mutant, in seconds. After this time, the mutant is killed."""
MAX_MEMORY_BYTES = 4 * 1024**3
_PR_SET_PDEATHSIG = 1
_PYTEST = (
    "-q",
    "-x",
    "--no-header",
    "--tb=native",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    f"--confcutdir={TESTS}",
)
_OUR_PACKAGES = ("wecelebrate", "tests", "infra", "conftest", "__main__")


class TestsFailed(Exception):
    """Raised if the tests of a module fail without a mutation."""


@dataclass(frozen=True)
class Baseline:
    """The cost of running the tests of a module without a mutation."""

    cpu_seconds: float

    @property
    def cpu_limit(self) -> int:
        """The CPU time after which a mutant is killed, because it probably contains an endless loop."""
        return int(self.cpu_seconds * 3) + 3


def measure(tests: Sequence[str]) -> Baseline:
    """Run tests without a mutation, and import the packages of the tests into this process. Raise TestsFailed if a test
    fails."""
    with tempfile.TemporaryDirectory() as folder:
        output, names = Path(folder, "output"), Path(folder, "modules")
        child = _fork(lambda: _run_tests(tests, output, names))
        _, status, usage = os.wait4(child, 0)
        if status:
            raise TestsFailed(f"these tests fail without a mutation: {' '.join(tests)}\n{output.read_text()}")
        for name in json.loads(names.read_text()):
            # Some modules cannot be imported before their package.
            with suppress(Exception):
                importlib.import_module(name)
    gc.collect()
    gc.freeze()
    return Baseline(usage.ru_utime + usage.ru_stime)


def survivors(
    mutants: Sequence[Mutant], tests: Sequence[str], baseline: Baseline, processes: int, tested: Callable[[], object]
) -> list[Mutant]:
    """Return the mutants for which the tests pass. Call `tested` after each mutant."""
    waiting = list(reversed(mutants))
    running: dict[int, tuple[Mutant, float]] = {}
    survived = []
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                mutant = waiting.pop()
                running[_fork(lambda mutant=mutant: _test(mutant, tests, baseline))] = mutant, time.monotonic()  # type: ignore[misc]
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid in running:
                mutant, _ = running.pop(pid)
                _kill(pid)  # end all processes that the tests have started
                if status == 0:
                    survived.append(mutant)
                tested()
                continue
            for each, (_, started) in running.items():
                if time.monotonic() - started > MAX_SECONDS:
                    _kill(each)
            time.sleep(0.005)
    finally:
        for pid in running:
            _kill(pid)
    return survived


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _fork(work: Callable[[], int]) -> int:
    """Call `work` in a new process, and use its result as the exit status of this process. Return the pid."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        os.setsid()
        _end_with_parent()
        status = work()
    finally:
        os._exit(status)


def _end_with_parent() -> None:
    """Make the operating system kill this process when its parent ends. Only Linux supports this feature."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _test(mutant: Mutant, tests: Sequence[str], baseline: Baseline) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (baseline.cpu_limit, baseline.cpu_limit))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    sys.meta_path.insert(0, _MutantFinder(mutant))
    return _run_tests(tests, Path(os.devnull))


def _run_tests(tests: Sequence[str], output: Path, modules: Path | None = None) -> int:
    """Run tests in this process. Return the exit status of pytest, and write the names of the imported packages."""
    with output.open("wb") as file, Path(os.devnull).open("rb") as nothing:
        for stream, descriptor in ((nothing, 0), (file, 1), (file, 2)):
            os.dup2(stream.fileno(), descriptor)
    _make_hypothesis_deterministic()
    os.chdir(ROOT)
    status = int(pytest.main([*_PYTEST, "-W", "ignore::pytest.PytestAssertRewriteWarning", *tests]))
    if modules:
        names = [name for name in list(sys.modules) if name.partition(".")[0] not in _OUR_PACKAGES]
        modules.write_text(json.dumps(names))
    return status


def _make_hypothesis_deterministic() -> None:
    """Make Hypothesis test the same examples in every run. Do not shrink failures, because only the result is
    important."""
    from hypothesis import Phase, settings

    settings.register_profile(
        "mutants", derandomize=True, database=None, deadline=None, phases=(Phase.explicit, Phase.generate)
    )
    settings.load_profile("mutants")


class _MutantFinder(importlib.abc.MetaPathFinder):
    """Finds the mutant when the tests import its module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        path = Path(mutant.key.module)
        parts = path.parent.parts if path.name == "__init__.py" else path.with_suffix("").parts
        self._name = ".".join(("wecelebrate", *parts))
        self._is_package = path.name == "__init__.py"

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        file = ROOT / PACKAGE / self._mutant.key.module
        return importlib.util.spec_from_file_location(
            fullname,
            file,
            loader=_MutantLoader(fullname, str(file), self._mutant.source),
            submodule_search_locations=[str(file.parent)] if self._is_package else None,
        )


class _MutantLoader(importlib.machinery.SourceFileLoader):
    """Loads the source of a mutant instead of the module's file and its bytecode."""

    def __init__(self, fullname: str, path: str, source: str) -> None:
        super().__init__(fullname, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec", dont_inherit=True)
