"""Tests that a test fails if it hangs, and that the test run continues and ends.

Each test of this module runs pytest on small modules, with short limits and two xdist workers.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent

import pytest

from infra.functions import ROOT

CONFTEST = """
from pathlib import Path

from tests import timeouts

timeouts.REPEAT_SECONDS, timeouts.GRACE_SECONDS = 0.5, 2

def pytest_configure(config):
    timeouts.configure(config, Path(__file__).parent)
"""
FAST = "def test_a(): pass\ndef test_b(): pass\n"
HANGING = {
    "the end of a thread pool": """
        with ThreadPoolExecutor() as pool:
            pool.submit(threading.Event().wait, 6).result()
    """,
    "a child process at the end of its block": """
        with subprocess.Popen(["sleep", "30"]) as process:
            process.communicate()
    """,
    "a queue": "queue.Queue().get()",
    "a socket": """
        ours, theirs = socket.socketpair()
        ours.recv(1)
    """,
    "the end of a failed test": """
        request.addfinalizer(threading.Event().wait)
        assert not request
    """,
    "code that handles all exceptions": """
        while True:
            try:
                time.sleep(30)
            except BaseException:
                pass
    """,
    "code that handles no signals": """
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        time.sleep(30)
    """,
    "code that handles no signals, with a fork": """
        if os.fork() == 0:
            time.sleep(150)  # longer than the limit of the run
            os._exit(0)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        time.sleep(30)
    """,
    "a killed worker": "os.kill(os.getpid(), signal.SIGKILL)",
}


def run(folder: Path, modules: dict[str, str], *options: str, ends_after: float = 60) -> str:
    """Run pytest on modules. Check that the run fails, and return its output."""
    for name, text in {"conftest.py": CONFTEST, "pytest.ini": "[pytest]\n", **modules}.items():
        folder.joinpath(name).write_text(text, "utf-8")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    variables |= {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    plugins = ["-p", "xdist", "-p", "pytest_timeout", "-p", "no:cacheprovider"]
    with (folder / "output").open(
        "w+"
    ) as output:  # a process that runs longer than the test run would keep a pipe open
        process = subprocess.run(
            [sys.executable, "-m", "pytest", "-ra", *plugins, "-n", "2", "--dist", "loadfile", *options],
            cwd=folder,
            env=variables,
            stdout=output,
            stderr=output,
            timeout=ends_after,
            check=False,
        )
        output.seek(0)
        text = output.read()
    assert process.returncode == pytest.ExitCode.TESTS_FAILED, text
    return text


def hanging(code: str) -> str:
    imports = "import os, queue, signal, socket, subprocess, threading, time\n"
    pool = "from concurrent.futures import ThreadPoolExecutor\n"
    body = indent(dedent(code), "    ")
    return f"{imports}{pool}{FAST}def test_hanging(request):\n{body}\ndef test_after(): pass\n"


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The output of a test run in which one test of each module hangs."""
    modules = {f"test_{number}.py": hanging(code) for number, code in enumerate(HANGING.values())}
    return run(tmp_path_factory.mktemp("run"), modules, "-n", "4", "--timeout", "1", ends_after=100)


@pytest.mark.parametrize("waits_for", HANGING)
def test_a_test_that_hangs_fails(output: str, waits_for: str) -> None:
    summary = output.rpartition("short test summary info")[2]
    assert f"FAILED test_{list(HANGING).index(waits_for)}.py::test_hanging" in summary


def test_all_remaining_tests_run_after_the_end_of_a_worker(output: str) -> None:
    assert f"{len(HANGING)} failed, {len(HANGING) * 3} passed, 1 error" in output


def test_the_output_ends_with_the_stacks_of_a_test_that_hangs(output: str) -> None:
    stacks = output.rpartition("= FAILURES =")[2]
    assert "test_1.py::test_hanging takes longer than 1 s" in stacks
    assert re.search(r'File ".*test_1\.py", line \d+ in test_hanging', stacks)


def test_a_run_ends_if_several_workers_end_during_the_last_tests(tmp_path: Path) -> None:
    """The last module has one test. A worker starts its last test only after xdist has told the worker that no test
    follows."""
    killed = hanging(HANGING["a killed worker"]).replace("def test_after(): pass", "")
    output = run(tmp_path, {"test_0.py": killed, "test_1.py": killed, "test_2.py": "def test_last(): pass"})
    assert "2 failed, 5 passed" in output


def test_a_run_that_takes_too_long_fails(tmp_path: Path) -> None:
    output = run(tmp_path, {"test_0.py": hanging(HANGING["a queue"]), "test_1.py": FAST}, "--session-timeout", "3")
    assert "the run takes longer than 3 s; running tests:" in output


def test_a_terminated_run_prints_the_names_of_the_running_tests(tmp_path: Path) -> None:
    code = """
        time.sleep(1)  # the report of the start of this test arrives
        os.kill(os.getppid(), signal.SIGTERM)
        time.sleep(30)
    """
    output = run(tmp_path, {"test_0.py": hanging(code), "test_1.py": FAST})
    assert "the run got SIGTERM; running tests:\n  test_0.py::test_hanging for " in output
