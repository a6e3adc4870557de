"""The program of the zygote: a warm Python process that becomes a Lambda function, again and again, by forking.

It imports what is slow to import and common to many functions, once; then a fork of it is a function's process
within a millisecond, with nothing left to import but the function. Run as a plain file (`python -I zygote_main.py`),
so that neither the developer's environment nor this package is there for functions to see.

It speaks lines of JSON over an inherited socket::

    → {"fork": id, "environment": {…}, "folder": …, "log": …}     ← {"forked": id, "pid": …}
    → {"kill": pid}                                                ← {"exited": pid, "code": …}     negative: signal

It has one thread, always: a lock held by another thread at the fork would be held in the child for ever.
"""

import ctypes
import gc
import importlib
import io
import json
import os
import selectors
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

PR_SET_PDEATHSIG = 1
HANDLER = "handler.handler"


def main(control_fd: int, parent: int, hidden: list[str], preload: list[str]) -> None:
    """Warm up, serve forks, and, in a fork, run the function.

    `hidden` are folders on `sys.path` that functions must not import from.
    """
    die_with(parent)
    sys.path = [path for path in sys.path if path not in hidden]
    for module in preload:
        importlib.import_module(module)
    alone()
    # Objects in the permanent generation are never visited: the collector does not touch, and so copy, shared pages.
    gc.collect()
    gc.freeze()
    zygote = os.getpid()
    with socket.socket(fileno=control_fd) as control:
        send(control, {"ready": zygote})
        request = serve(control)
    if request is None:
        return
    become(request, zygote)


def serve(control: socket.socket) -> dict[str, Any] | None:
    """Fork as asked. Returns in each fork with what to become, and in the zygote with None when the host is gone."""
    # A child's end must wake `select`: the signal writes a byte into `wakeup`.
    wake, wakeup = socket.socketpair()
    for end in (wake, wakeup):
        end.setblocking(False)
    signal.set_wakeup_fd(wakeup.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(wake, selectors.EVENT_READ)
    children: set[int] = set()
    unread = b""
    while True:
        ready = {key.fileobj for key, _ in selector.select()}
        if wake in ready:
            wake.recv(4096)
            reap(control, children)
        if control not in ready:
            continue
        received = control.recv(65536)
        if not received:
            for pid in children:
                kill(pid)
            for pid in children:
                os.waitpid(pid, 0)
            return None
        *lines, unread = (unread + received).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if "kill" in request:
                # Only a child not yet reaped: its pid cannot have passed to another process.
                if request["kill"] in children:
                    kill(request["kill"])
                continue
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                for number in (signal.SIGCHLD, signal.SIGINT):
                    signal.signal(number, signal.SIG_DFL)
                selector.close()
                wake.close()
                wakeup.close()
                return dict(request)
            children.add(pid)
            send(control, {"forked": request["fork"], "pid": pid})


def become(request: dict[str, Any], zygote: int) -> NoReturn:
    """Be the process of one function: its environment, its folder, its log, and the real runtime client."""
    os.setsid()
    die_with(zygote)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.close(nothing)
    sys.stdout = WholeLines(1)
    os.chdir(request["folder"])
    sys.path.insert(0, request["folder"])
    sys.argv = ["bootstrap", HANDLER]
    # Only now: its native part reads the address of the Runtime API when it is imported.
    from awslambdaric import __main__ as client  # type: ignore[import-untyped]
    from awslambdaric import bootstrap

    # It ends the lines of a traceback so that CloudWatch takes them for one record; this log is read by people.
    bootstrap.ERROR_LOG_LINE_TERMINATE = "\n"
    client.main(sys.argv)
    sys.exit(0)


class WholeLines(io.TextIOBase):
    """Writes to `fd` a line at a time, and only whole ones: the processes of a function share its log.

    `print` writes a text and the end of its line apart, and the runtime client passes each on at once: another
    process's line would come between them.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        if lines:
            os.write(self._fd, "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
        return len(text)


def reap(control: socket.socket, children: set[int]) -> None:
    """Report every child that has ended."""
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        children.discard(pid)
        send(control, {"exited": pid, "code": os.waitstatus_to_exitcode(status)})


def kill(pid: int) -> None:
    """Kill a child and what it started."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        # It has not come to setsid yet, so it has no group of its own.
        os.kill(pid, signal.SIGKILL)


def send(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode() + b"\n")


def die_with(parent: int) -> None:
    """End when `parent` does, whatever ends it. Only Linux knows how; elsewhere the closed sockets tell."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("the parent is gone")


def alone() -> None:
    """Make sure that no preloaded module has started a thread."""
    if sys.platform == "linux" and (threads := len(list(Path("/proc/self/task").iterdir()))) != 1:
        sys.exit(f"a preloaded module started threads: {threads} instead of 1")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]), json.loads(sys.argv[4]))
