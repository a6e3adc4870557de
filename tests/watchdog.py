"""Ends the processes that remain after a test run was killed.

`start` starts this file as a program. The program waits until the test process has ended for any reason. Then it
terminates all processes whose environment contains the value of WECELEBRATE_OWNER for this test process. A local cloud
stops by itself (`infra.local.owner`), because its processes must end in a certain order. The program kills the
processes that are still running after GRACE_SECONDS. On systems without /proc, the program finds no processes.
"""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

GRACE_SECONDS = 15


def start(variable: str, value: str) -> None:
    """Start the program. When this process ends, the program ends processes that have `variable` set to `value`."""
    environment = {name: text for name, text in os.environ.items() if name != variable}
    subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, str(os.getpid()), f"{variable}={value}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd="/",
        start_new_session=True,
    ).returncode = 0  # do not wait for the program, because it ends later than this process


def marked(mark: bytes) -> list[int]:
    """Return the pids of the running processes whose environment contains `mark`."""
    pids = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            zombie = folder.joinpath("stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
            if not zombie and mark in folder.joinpath("environ").read_bytes().split(b"\0"):
                pids.append(int(folder.name))
    return pids


def main(parent: int, mark: bytes) -> None:
    # When a process ends, the operating system gives its children a different parent. A pipe to the parent would not
    # work, because other children of the parent would also keep the write end of the pipe open.
    while os.getppid() == parent:
        time.sleep(0.25)
    deadline = time.monotonic() + GRACE_SECONDS
    terminated: set[int] = set()
    while pids := marked(mark):
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                if time.monotonic() > deadline:
                    os.kill(pid, 9)
                elif pid not in terminated:
                    os.kill(pid, 15)
        terminated.update(pids)
        time.sleep(0.2)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2].encode())
