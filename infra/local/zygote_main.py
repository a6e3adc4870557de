"""The program of the zygote, a Python process that forks the processes of Lambda functions.

Many functions use the same modules, which are slow to import. The zygote imports these modules once. A fork of the
zygote takes about a millisecond, and the forked process then imports only the function itself. The program runs as a
plain file, with `python -I zygote_main.py`. Therefore functions cannot import this package and do not get the
environment variables of the developer.

The zygote exchanges lines of JSON with its client over an inherited socket. The sign `→` marks requests to the zygote,
and the sign `←` marks its answers and messages::

    → {"fork": id, "environment": {…}, "folder": …, "log": …, "niceness": …}    ← {"forked": id, "pid": …}
    → {"kill": pid}                                                              ← {"exited": pid, "code": …}

A negative code -N means that signal N has ended the process.

The zygote must have only one thread. If another thread held a lock during a fork, the child could never get this lock.
"""

import ctypes
import gc
import importlib
import io
import json
import logging
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
    """Import the modules in `preload`, and serve fork requests. In a fork, run the function.

    control_fd: file descriptor of the inherited socket. parent: pid of the parent process.
    hidden: folders that are removed from `sys.path`, because functions must not import modules from there.
    """
    die_with_parent(parent)
    sys.path = [path for path in sys.path if path not in hidden]
    for module in preload:
        importlib.import_module(module)
    require_single_thread()
    # The garbage collector does not write to frozen objects. Therefore a fork shares the memory pages of these objects
    # with the zygote. The system has to copy a page after a write to it.
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
    """Serve fork requests.

    In a forked process, return the request for this fork. In the zygote, return None when the host has ended.
    """
    # When a child ends, the signal SIGCHLD writes a byte to `signal_writer`. This makes `select` return.
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
                # When the exit status of a child is read, another process can get its pid. Therefore `children`
                # contains only children whose exit status has not been read yet.
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
    """Set the environment variables, the folder and the log of a function. Then run AWS's runtime client."""
    os.setsid()
    lower_priority(request["niceness"])
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
    rename_logger(request["environment"].get("POWERTOOLS_SERVICE_NAME", ""))
    os.chdir(request["folder"])
    sys.path.insert(0, request["folder"])
    sys.argv = ["bootstrap", HANDLER]
    # Import the client at this point, because its native module reads the address of the Runtime API at import time.
    from awslambdaric import __main__ as client  # type: ignore[import-untyped]
    from awslambdaric import bootstrap

    # For CloudWatch, the client writes a traceback as one long line. With this setting, the client writes normal lines.
    bootstrap.ERROR_LOG_LINE_TERMINATE = "\n"
    client.main(sys.argv)
    sys.exit(0)


def rename_logger(name: str) -> None:
    """Give the logger of preloaded modules the name of the function.

    All modules of a function share a logger. At the import of the modules, $POWERTOOLS_SERVICE_NAME contains its name.
    """
    loggers = logging.root.manager.loggerDict
    logger = loggers.pop("service_undefined", None)
    if isinstance(logger, logging.Logger) and name:
        logger.name = name
        # The runtime client logs all records that the root logger gets. Powertools adds a filter to it that leaves out
        # those of its own logger, but the client did not exist when the logger was created.
        logger.propagate = False
        loggers[name] = logger
        for handler in logger.handlers:
            handler.formatter.append_keys(service=name)  # type: ignore[union-attr]


def lower_priority(niceness: int) -> None:
    """If `niceness` is above 0, this process and its future threads and children get less CPU time than other
    processes.

    Linux can group the processes of each session. It then ignores the niceness of a process, but not the niceness of
    its group. See `sched(7)`, "The autogroup feature".
    """
    if niceness == 0:
        return
    os.nice(niceness)
    for _ in range(10):
        try:
            Path("/proc/self/autogroup").write_text(str(niceness))
        except BlockingIOError:  # the system allows only one change of the niceness every 0.1 seconds
            time.sleep(0.1)
        except OSError:  # the system does not group the processes of a session
            return
        else:
            return


class LineWriter(io.TextIOBase):
    """Writes only complete lines to the file descriptor `fd`. All processes of a function write to the same log.

    `print` writes a text and its line end separately, and the runtime client writes each of them to the log
    immediately. Without this class, another process could write between a text and its line end.
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
    """Read the exit status of each child that has ended, and report the status to the host."""
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        children.discard(pid)
        send(control, {"exited": pid, "code": os.waitstatus_to_exitcode(status)})


def kill(pid: int) -> None:
    """Kill a child and all its descendants."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        # The child has not called setsid yet, so it has no process group of its own.
        os.kill(pid, signal.SIGKILL)


def send(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode() + b"\n")


def die_with_parent(parent: int) -> None:
    """Make the system kill this process when `parent` ends. This works only on Linux.

    On other systems, the process ends because its socket is closed.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("the parent process has ended")


def require_single_thread() -> None:
    """Exit with an error if a preloaded module has started a thread."""
    if sys.platform == "linux" and (threads := len(list(Path("/proc/self/task").iterdir()))) != 1:
        sys.exit(f"a module in PRELOAD has started threads ({threads} instead of 1): remove this module from PRELOAD")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]), json.loads(sys.argv[4]))
