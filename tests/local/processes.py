"""Helpers for tests that start processes and wait for these processes."""

import time
from collections.abc import Callable, Iterable

import psutil

HTTP_SERVER = """
import http.server, sys
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
"""A Python program that serves HTTP. The only argument of the program is the port."""

SLEEPING_PARENT = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
time.sleep(60)
"""
"""A Python program that starts a child, prints the pid of the child, and sleeps.

The program does not collect the exit status of the child. The child therefore becomes a zombie when the child ends.
"""


def is_running(pid: int) -> bool:
    """Return whether a process is running. A zombie does not count as running."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def have_ended(processes: Iterable[psutil.Process]) -> bool:
    """Return whether all processes have ended. A zombie counts as ended."""
    return all(not process.is_running() or process.status() == psutil.STATUS_ZOMBIE for process in processes)


def wait_until(condition: Callable[[], bool], timeout: float = 60) -> None:
    """Wait until `condition` returns True. The test fails if this takes longer than `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"the condition was not met within {timeout} s"
        time.sleep(0.02)


def wait_for_exit(pid: int, timeout: float = 5) -> None:
    """Wait until a process has ended. The test fails if this takes longer than `timeout` seconds."""
    wait_until(lambda: not is_running(pid), timeout)
