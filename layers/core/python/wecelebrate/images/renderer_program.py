"""The program of the process that renders images. `renderer` starts it as a plain file.

The process imports Pillow once. For each image it forks a child, which renders this one image and ends. An image
therefore cannot affect the next image, which may belong to another client. Before the child reads the image, it limits
its CPU time and its memory. It also gives up the permission to open files and sockets and to start processes.

Standard input is a socket to the worker. The lengths in the messages are big-endian integers::

    → 8 bytes: length of the image · the image
    ← 4 bytes: length of the header · the header as JSON · the rendered files, in the order of the header

If the image is rendered, the header describes the image and states the length of each file. Otherwise the header is
`{"error": code}`, with `detail` if the exception was unexpected. Each header has `memory`: the peak memory of the child
in bytes.

If a child ends without a header, this process ends as well, with the exit code of the function `exit_code`. The worker
then starts a new process.

The program has only one thread, because a process with several threads cannot fork safely. It imports two modules of
the package `wecelebrate.images`, but not the package itself: the package connects to databases and queues.
"""

import ctypes
import gc
import json
import os
import resource
import signal
import socket
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import NoReturn

READY = b"\x01"
"""The first byte that this program sends. It means that Pillow is imported."""
SIGNAL_BASE = 128
"""This program returns the exit code SIGNAL_BASE + N if signal N has ended the child that rendered an image."""
MAX_DETAIL_LENGTH = 500
CHILD_FAILED = 100
"""The exit code of this program if the child has ended with an error, but not because of a signal."""
PR_SET_PDEATHSIG = 1
_LENGTH_BYTES = 8
_HEADER_LENGTH_BYTES = 4


def main(parent: int, folder: str, cpu_seconds: int, memory: int) -> None:
    """Serve images until the worker closes the socket.

    parent: the pid of the worker. folder: the folder that contains Pillow. cpu_seconds: the limit of a child's CPU
    time. memory: the limit of a child's memory in bytes.
    """
    die_with(parent)
    import_modules(folder)
    os.dup2(1, 2)  # The messages of the decoders go to /dev/null, because these messages contain text from the image.
    gc.collect()
    gc.freeze()
    server = os.getpid()
    with socket.socket(fileno=0) as worker:
        worker.sendall(READY)
        while length := receive(worker, _LENGTH_BYTES, at_end=b""):
            pid = os.fork()
            if pid == 0:
                die_with(server)
                limit(cpu_seconds, memory)
                render_image(worker, int.from_bytes(length, "big"))
            if code := exit_code(os.waitpid(pid, 0)[1]):
                os._exit(code)


def import_modules(folder: str) -> None:
    """Import all modules that rendering needs. A child cannot import modules, because it cannot open files."""
    sys.path.append(folder)
    package = Path(__file__).parent
    for name, path in (("wecelebrate", package.parent), ("wecelebrate.images", package)):
        module = ModuleType(name)
        module.__path__ = [str(path)]
        sys.modules[name] = module
    from wecelebrate.images import rendering

    rendering.preload()
    warnings.simplefilter("ignore")  # Warnings are off, because Python opens the source file to show a warning.


def limit(cpu_seconds: int, memory: int) -> None:
    """Limit the resources of this process. Only root can raise these limits again."""
    limits = {
        resource.RLIMIT_CPU: (cpu_seconds, cpu_seconds + 1),  # The kernel sends SIGXCPU, and a second later SIGKILL.
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_NOFILE: (3, 3),
        resource.RLIMIT_NPROC: (0, 0),
    }
    if sys.platform == "linux":  # macOS refuses RLIMIT_AS.
        limits[resource.RLIMIT_AS] = (memory, memory)
    for number, values in limits.items():
        resource.setrlimit(number, values)


def render_image(worker: socket.socket, length: int) -> NoReturn:
    """Receive an image, render it, send the result, and end this process."""
    from wecelebrate.images.rendering import render
    from wecelebrate.images.renditions import NotRendered

    code = 1
    try:
        image, files = render(receive(worker, length))
        lengths = {name: len(content) for name, content in files.items()}
        send(worker, {**asdict(image), "files": lengths}, *files.values())
        code = 0
    except NotRendered as error:
        send(worker, {"error": error.code})
        code = 0
    except Exception as error:
        rejection = "too_much_memory" if isinstance(error, MemoryError) else "broken_image"
        send(worker, {"error": rejection, "detail": repr(error)[:MAX_DETAIL_LENGTH]})
        code = 0
    finally:
        os._exit(code)


def send(worker: socket.socket, header: dict[str, object], *files: bytes) -> None:
    """Send one message to the worker."""
    encoded = json.dumps({**header, "memory": peak_memory()}).encode()
    worker.sendall(len(encoded).to_bytes(_HEADER_LENGTH_BYTES, "big") + encoded)
    for content in files:
        worker.sendall(content)


def peak_memory() -> int:
    """Return the peak memory of this process in bytes, including the memory that the process shares with its parent."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def receive(worker: socket.socket, length: int, at_end: bytes | None = None) -> bytes:
    """Receive exactly `length` bytes. At the end of the data, return `at_end`. If `at_end` is None, raise EOFError."""
    data = bytearray(length)
    view, received = memoryview(data), 0
    while received < length:
        count = worker.recv_into(view[received:])
        if count == 0:
            if at_end is None:
                raise EOFError
            return at_end
        received += count
    return bytes(data)


def exit_code(status: int) -> int:
    """Return the exit code of this program for the wait status of a child. The exit code is 0 if the child has sent a
    result.
    """
    code = os.waitstatus_to_exitcode(status)
    return SIGNAL_BASE - code if code < 0 else CHILD_FAILED if code else 0


def die_with(parent: int) -> None:
    """Make the system kill this process when `parent` ends. It works only on Linux.

    On other systems, this process ends when its socket is closed, and a child ends when its CPU time is used up.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
