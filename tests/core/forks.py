"""Runs code in forks of one process. This process has already imported the modules of the code.

The CPU time and the peak memory of each fork are measured separately, as for a new process. A new process would need
about a second of CPU time for the imports. This is often more than the code itself needs.
"""

import json
import subprocess
import sys
from types import TracebackType
from typing import Self

from infra.functions import ROOT

_PROGRAM = """
import json, os, signal, sys, tempfile, traceback
names = {"__name__": "forked"}
exec(sys.argv[1], names)
for line in sys.stdin:
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        pid = os.fork()
        if pid == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(errors.fileno(), 2)
            signal.alarm(60)
            status = 0
            try:
                exec(json.loads(line), names)
            except BaseException:
                traceback.print_exc()
                status = 1
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        output.seek(0)
        errors.seek(0)
        print(json.dumps([code, output.read(), errors.read()]), flush=True)
"""


class Forks:
    """A process that has run `setup`. All names that `setup` has defined exist in each fork."""

    def __init__(self, setup: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, setup], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=60)

    def run(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run code in a fork, for at most 60 seconds. The exit code is -N if signal N has ended the fork."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(code) + "\n")
        self._process.stdin.flush()
        status, output, errors = json.loads(self._process.stdout.readline())
        return subprocess.CompletedProcess(code, status, output, errors)
