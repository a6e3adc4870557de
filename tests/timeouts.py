"""Ends tests that hang, and a test run that takes too long.

When a test has taken too long, pytest-timeout raises one exception. The test still hangs if it waits again after this
exception, e.g. at the end of `with ThreadPoolExecutor()` or for a child process. The failure of the test also cancels
the timer, so that the fixtures of the test can hang. Therefore:

- The exception is raised again every REPEAT_SECONDS. After a failure, the timer starts again for the fixtures.
- If the test still hangs GRACE_SECONDS later, its process prints all stacks and ends. `tests.scheduler` continues the
  run in another process.
- The main process of a run ends after `--session-timeout`, or when it gets SIGTERM. It prints the names of the running
  tests. The option of pytest-timeout can end a run only between two tests.

The stacks of all threads are printed at the end of the run.
"""

import faulthandler
import os
import signal
import threading
import time
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Any, cast

import pytest
from xdist.remote import WorkerInteractor
from xdist.scheduler import Scheduling

from tests.scheduler import Scheduler

REPEAT_SECONDS = 15
GRACE_SECONDS = 60


class Timeouts:
    """The hooks of the processes that run tests. These are the xdist workers, or the only process."""

    def __init__(self, stacks: Path | None) -> None:
        """`stacks` is the file for the stacks of tests that hang, or None for stderr."""
        self._stacks = os.dup(2) if stacks is None else os.open(stacks, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        self._settings: Any = None
        """The settings of pytest-timeout for the running test."""
        self._stopped = False

    @pytest.hookimpl(wrapper=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> Generator[None, object, object]:
        """Repeat the timer of pytest-timeout. End the process if the timer does not end the test."""
        result = yield
        self._settings, self._stopped = settings, False
        if settings.method == "signal":
            fail = signal.getsignal(signal.SIGALRM)
            assert callable(fail)

            def print_stacks_and_fail(number: int, frame: FrameType | None) -> None:
                __tracebackhide__ = True
                signal.signal(signal.SIGALRM, fail)
                os.write(self._stacks, f"\n{item.nodeid} takes longer than {settings.timeout:g} s\n".encode())
                faulthandler.dump_traceback(self._stacks)
                fail(number, frame)

            signal.signal(signal.SIGALRM, print_stacks_and_fail)
            signal.setitimer(signal.ITIMER_REAL, settings.timeout, REPEAT_SECONDS)
            faulthandler.dump_traceback_later(settings.timeout + GRACE_SECONDS, file=self._stacks, exit=True)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_timeout_cancel_timer(self, item: pytest.Item) -> Generator[None, object, object]:
        """Cancel the timer that ends the process, in addition to the timer of pytest-timeout."""
        self._stop()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        __tracebackhide__ = True
        return (yield from self._until_failure())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        __tracebackhide__ = True
        return (yield from self._until_failure())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        __tracebackhide__ = True
        if self._settings is not None and self._stopped:
            item.config.hook.pytest_timeout_set_timer(item=item, settings=self._settings)
        return (yield from self._until_failure())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._settings = None  # a test without a timeout has no timer
        return (yield)

    def _until_failure(self) -> Generator[None, object, object]:
        """Stop the timer when the test or a fixture fails, because the timer must not interrupt pytest during the
        report."""
        __tracebackhide__ = True
        try:
            return (yield)
        except BaseException:
            self._stop()
            raise

    def _stop(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        self._stopped = True


class Run:
    """The hooks of the main process."""

    def __init__(self, config: pytest.Config, stacks: Path) -> None:
        self._config = config
        self._stacks = stacks
        self._pid = os.getpid()
        self._started: dict[str, float] = {}
        """Maps the name of each running test to its start time."""
        self._problem = "the run got SIGTERM"
        self._texts: dict[str, str] = {}
        """Maps each worker to the stacks of its hanging tests. The files with the stacks are deleted before the stacks
        are printed."""
        signal.signal(signal.SIGTERM, self._end)
        if limit := config.getoption("session_timeout"):
            threading.Thread(target=self._end_after, args=[limit], name="session timeout", daemon=True).start()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Scheduling | None:
        return Scheduler(config, log) if config.getvalue("dist") == "loadfile" else None

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._started[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._started.pop(nodeid, None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str) -> None:
        self._started.pop(crashitem, None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        texts = {path.name: path.read_text("utf-8", "replace") for path in sorted(self._stacks.iterdir())}
        self._texts = {worker: text for worker, text in texts.items() if text}

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for worker, text in self._texts.items():
            terminalreporter.section(f"stacks of tests that hang ({worker})")
            terminalreporter.write_line(text)

    def _end_after(self, seconds: float) -> None:
        time.sleep(seconds)
        self._problem = f"the run takes longer than {seconds:g} s"
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    def _end(self, number: int, frame: FrameType | None) -> None:
        """End the run as failed."""
        if os.getpid() != self._pid:  # a fork
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTERM)
        now = time.monotonic()
        running = [f"{test} for {now - started:.0f} s" for test, started in self._started.items()]
        pytest.exit(
            "\n  ".join([f"{self._problem}; running tests:", *(running or ["none"])]), pytest.ExitCode.TESTS_FAILED
        )


def configure(config: pytest.Config, home: Path) -> None:
    """Register the hooks of this process. `home` is the folder of the session."""
    stacks = home / "stacks"
    stacks.mkdir(exist_ok=True)
    worker = getattr(config, "workerinput", None)
    if worker is None:
        config.pluginmanager.register(Run(config, stacks))
    if worker is not None or not config.getoption("numprocesses"):
        config.pluginmanager.register(Timeouts(stacks / worker["workerid"] if worker is not None else None))
    for plugin in config.pluginmanager.get_plugins():
        if type(plugin).__name__ == "WorkerInteractor":  # execnet runs a copy of the module
            _close_pipes_in_forks(cast("WorkerInteractor", plugin))


def _close_pipes_in_forks(worker: WorkerInteractor) -> None:
    """Close the pipes to the main process in each fork of this worker.

    The main process detects the end of a worker only after all processes have closed the pipe.
    """
    pipes = worker.channel.gateway._io
    descriptors = [pipes.infile.fileno(), pipes.outfile.fileno()]

    def close() -> None:
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in descriptors:
            # Keep the file descriptor open, because objects in the fork use the descriptor.
            os.dup2(nothing, descriptor)
        os.close(nothing)

    os.register_at_fork(after_in_child=close)
