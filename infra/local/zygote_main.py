"""The zygote program: a warm Python process that forks the processes of Lambda functions.

The zygote imports slow modules that many functions use, once. A fork then becomes a function process within a
millisecond and only has to import the function itself. It runs as a plain file (`python -I zygote_main.py`), so that
functions see neither the developer's environment nor this package.

It exchanges lines of JSON over an inherited socket (→ requests, ← messages of the zygote)::

    → {"fork": id, "environment": {…}, "folder": …, "log": …}     ← {"forked": id, "pid": …}
    → {"kill": pid}                                                ← {"exited": pid, "code": …}     negative: signal

The zygote must have only one thread. If another thread held a lock during a fork, the child could never acquire it.
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
    """Import the `preload` modules and serve fork requests. In a fork, run the function.

    control_fd: descriptor of the inherited socket. parent: pid of the parent process.
    hidden: folders that are removed from `sys.path`, because functions must not import from them.
    """
    die_with_parent(parent)
    sys.path = [path for path in sys.path if path not in hidden]
    for module in preload:
        importlib.import_module(module)
    require_single_thread()
    # The garbage collector ignores frozen objects. It therefore does not write to, and thus copy, their shared pages.
    gc.collect()
    gc.freeze()
    zygote = os.getpid()
    with socket.socket(fileno=control_fd) as control:
        send(control, {"ready": zygote})
        request = serve(control)
    if request is None:
        return
    run_function(request, zygote)


def serve(control: socket.socket) -> dict[str, Any] | None:
    """Serve fork requests. Returns the request in each fork, and None in the zygote when the host has ended."""
    # The end of a child must wake `select`: SIGCHLD writes a byte to `signal_writer`.
    signal_reader, signal_writer = socket.socketpair()
    for end in (signal_reader, signal_writer):
        end.setblocking(False)
    signal.set_wakeup_fd(signal_writer.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(signal_reader, selectors.EVENT_READ)
    children: set[int] = set()
    unread = b""
    while True:
        ready = {key.fileobj for key, _ in selector.select()}
        if signal_reader in ready:
            signal_reader.recv(4096)
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
                # Kill only children that are not reaped yet. Another process may have the pid of a reaped child by now.
                if request["kill"] in children:
                    kill(request["kill"])
                continue
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                for number in (signal.SIGCHLD, signal.SIGINT):
                    signal.signal(number, signal.SIG_DFL)
                selector.close()
                signal_reader.close()
                signal_writer.close()
                return dict(request)
            children.add(pid)
            send(control, {"forked": request["fork"], "pid": pid})


def run_function(request: dict[str, Any], zygote: int) -> NoReturn:
    """Set up environment, folder and log of the function, and run it with AWS's runtime client."""
    os.setsid()
    die_with_parent(zygote)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.close(null)
    sys.stdout = LineWriter(1)
    os.chdir(request["folder"])
    sys.path.insert(0, request["folder"])
    sys.argv = ["bootstrap", HANDLER]
    # Import the client only here: its native module reads the address of the Runtime API during the import.
    from awslambdaric import __main__ as client  # type: ignore[import-untyped]
    from awslambdaric import bootstrap

    # For CloudWatch, the client joins the lines of a traceback into one record. A log file needs ordinary lines.
    bootstrap.ERROR_LOG_LINE_TERMINATE = "\n"
    client.main(sys.argv)
    sys.exit(0)


class LineWriter(io.TextIOBase):
    """Writes only complete lines to `fd`, because all processes of a function share one log.

    `print` writes the text and the line end separately, and the runtime client passes on each part immediately.
    Without this class, the output of another process could come between the two.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._partial_line = ""

    def write(self, text: str) -> int:
        *lines, self._partial_line = (self._partial_line + text).split("\n")
        if lines:
            os.write(self._fd, "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
        return len(text)


def reap(control: socket.socket, children: set[int]) -> None:
    """Report all children that have ended to the host."""
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        children.discard(pid)
        send(control, {"exited": pid, "code": os.waitstatus_to_exitcode(status)})


def kill(pid: int) -> None:
    """Kill a child and its descendants."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        # The child has not called setsid yet, so it has no process group of its own.
        os.kill(pid, signal.SIGKILL)


def send(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode() + b"\n")


def die_with_parent(parent: int) -> None:
    """Make the system kill this process when `parent` ends. Only on Linux; elsewhere, the closed sockets end it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("the parent process has ended")


def require_single_thread() -> None:
    """Exit with an error if a preloaded module has started a thread."""
    if sys.platform == "linux" and (threads := len(list(Path("/proc/self/task").iterdir()))) != 1:
        sys.exit(f"a preloaded module has started threads: {threads} threads instead of 1")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]), json.loads(sys.argv[4]))
