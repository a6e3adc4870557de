"""Tests how the benchmarks measure the CPU time of a local cloud and of a function."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from infra.bench import function_cpu
from infra.bench.cpu import FUNCTIONS, GATEWAY, CpuTime, cpu_of_requests, function_processes, processes_in
from infra.local.pid_files import ProcessIdentity
from tests.local.processes import wait_until

USE_CPU = "import time\nwhile time.process_time() < 0.3: pass\n"
ENDED_CHILD = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {USE_CPU!r}], check=True)
print("used", flush=True)
sys.stdin.read()
"""
RUNNING_CHILD = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {USE_CPU + "print('used', flush=True); import sys; sys.stdin.read()"!r}])
"""


@contextmanager
def part(state: Path, name: str, program: str, folder: Path | None = None) -> Iterator[None]:
    """Run a program as a process of the local cloud in `state`.

    The `with` block begins when the program has printed a line.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe, cwd=folder) as process:
        ProcessIdentity.of(process.pid).write(state / "run" / f"{name}.json")
        assert process.stdout
        assert process.stdout.readline() == b"used\n"
        yield
        process.communicate()


@pytest.mark.parametrize("program", [ENDED_CHILD, RUNNING_CHILD], ids=["ended", "running"])
def test_the_cpu_time_of_a_local_service_includes_its_child_processes(tmp_path: Path, program: str) -> None:
    with part(tmp_path, "postgres", program):
        used = CpuTime.of(tmp_path)
        assert set(used.parts) == {"postgres"}
        assert used.total >= 0.28


def test_the_cpu_times_of_the_function_host_and_of_the_functions_are_measured_separately(tmp_path: Path) -> None:
    with part(tmp_path, "functions", RUNNING_CHILD):
        used = CpuTime.of(tmp_path)
        assert used.parts[FUNCTIONS] >= 0.28
        assert 0 < used.parts[GATEWAY] < used.parts[FUNCTIONS]


def test_the_cpu_time_is_zero_after_the_process_has_ended(tmp_path: Path) -> None:
    with part(tmp_path, "postgres", ENDED_CHILD):
        pass
    assert CpuTime.of(tmp_path).total == 0


def test_the_cpu_time_per_request_excludes_the_cpu_time_of_the_idle_local_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter((100.0, 102.0))
    times = iter((CpuTime({"redis": 1.0}), CpuTime({"redis": 1.5, "postgres": 0.1})))
    monkeypatch.setattr("infra.bench.cpu.time.perf_counter", lambda: next(clock))
    monkeypatch.setattr(CpuTime, "of", lambda state: next(times))
    used = cpu_of_requests(tmp_path, lambda: 10, idle=CpuTime({"redis": 0.05, "upstash": 0.01}))
    assert used.parts == pytest.approx({"redis": (0.5 - 2 * 0.05) * 100, "postgres": 10.0})
    assert str(used) == "redis 40.0, postgres 10.0"


def test_the_processes_of_a_function_are_found_by_its_folder(tmp_path: Path) -> None:
    folder = (tmp_path / "orders" / "place").resolve()
    folder.mkdir(parents=True)
    with part(tmp_path, "functions", RUNNING_CHILD, folder):
        (child,) = function_processes(tmp_path, folder)
        assert child.ppid() == ProcessIdentity.read(tmp_path / "run" / "functions.json").pid  # type: ignore[union-attr]
        assert function_processes(tmp_path, folder.parent) == []
        assert len(processes_in(folder, psutil.Process())) == 2


def test_the_minimal_function_sends_responses_and_its_process_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(function_cpu, "SECONDS", 0.5)
    monkeypatch.setattr(function_cpu, "WARM_UP_SECONDS", 0.1)
    with function_cpu._bare() as measure:
        assert 0 < measure() < 1000
        assert len(processes_in(function_cpu.BARE_FUNCTION, psutil.Process())) == 1
    wait_until(lambda: not processes_in(function_cpu.BARE_FUNCTION, psutil.Process()))
