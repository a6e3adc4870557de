"""Tests that a worker is killed only if a call prevents all its threads from running.

Each test runs a program in a child process, because the operating system kills the whole process.
"""

import os
import signal
import subprocess
import sys

import pytest

PROGRAM = """
import time
from wecelebrate.jobs import renewal
from wecelebrate.jobs.lease import LeasedJob

renewal.MAX_BLOCKED_SECONDS, renewal.WATCH_SECONDS, renewal.RENEW_SECONDS = 0.5, 0.05, 60.0
JOB = LeasedJob(
    id=None, client_id=None, catalog_id=None, type="catalog_sync", requested_by="s", payload={}, approval=None,
    notify_email=None, fence=1, attempts=1, failures=1, max_attempts=3, created_at=None, done=0, total=None, counts={},
    checkpoint={}, heartbeat=lambda: None, time_left=lambda: 60.0)

def block(seconds):
    # The sum is one call of C code, which does not let other threads run.
    began = time.process_time()
    sum(range(1_000_000))
    rows = int(1_000_000 * seconds / max(time.process_time() - began, 1e-3))
    sum(range(rows))

def compute(seconds):
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass
"""


def run(text: str) -> subprocess.CompletedProcess[str]:
    """Run PROGRAM and `text` in a child process."""
    command = [sys.executable, "-c", PROGRAM + text]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_call_that_blocks_all_threads_ends_the_process() -> None:
    child = run("with renewal.renewing(JOB):\n    block(20)\nprint('ended')")
    assert (child.returncode, child.stdout) == (-signal.SIGPROF, ""), child.stderr


def test_a_long_computation_that_blocks_no_thread_does_not_end_the_process() -> None:
    child = run("with renewal.renewing(JOB):\n    compute(2.5)\nprint('ended')")
    assert (child.returncode, child.stdout) == (0, "ended\n"), child.stderr


def test_waiting_does_not_end_the_process() -> None:
    child = run("renewal.WATCH_SECONDS = 60.0\nwith renewal.renewing(JOB):\n    time.sleep(2)\nprint('ended')")
    assert (child.returncode, child.stdout) == (0, "ended\n"), child.stderr


@pytest.mark.parametrize(("memory", "seconds"), [(128, 2.0), (512, 2.9), (1024, 5.8), (1769, 10.0), (4096, 10.0)])
def test_the_limit_is_the_cpu_time_of_a_function_during_a_lease(memory: int, seconds: float) -> None:
    program = "from wecelebrate.jobs import renewal; print(round(renewal.MAX_BLOCKED_SECONDS, 1))"
    environment = {**os.environ, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory)}
    command = [sys.executable, "-c", program]
    assert float(subprocess.run(command, env=environment, capture_output=True, check=True).stdout) == seconds


@pytest.mark.parametrize("end", ["pass", "raise ValueError"])
def test_no_timer_runs_after_the_job(end: str) -> None:
    child = run(
        f"try:\n    with renewal.renewing(JOB):\n        {end}\nexcept ValueError:\n    pass\n"
        "compute(1.5)\nprint('ended')"
    )
    assert (child.returncode, child.stdout) == (0, "ended\n"), child.stderr
