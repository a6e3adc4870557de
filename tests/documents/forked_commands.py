"""Runs the commands of the pages in forks of one process, which imports their modules only once.

A new process would use about 0.6 s of CPU time, most of it for imports.

This process is the server: it listens on a Unix socket. For each command, a small client program passes its standard
streams to the server. The client ends with the exit code of the command.
"""

import json
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, NoReturn

from infra.functions import ROOT

_CLIENT = """\
import json, os, socket, sys
request = json.dumps({"arguments": sys.argv[2:], "folder": os.getcwd(), "environment": dict(os.environ)}).encode()
with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    sent = socket.send_fds(server, [request], [0, 1, 2])
    server.sendall(request[sent:])
    server.shutdown(socket.SHUT_WR)
    sys.exit(int(server.recv(16) or b"1"))
"""


@contextmanager
def forked_commands(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Start the server. Yield a mapping with the shell functions `wecelebrate` and `idle`, which run in forks. The
    mapping contains the body of each function.
    """
    folder = Path(tempfile.mkdtemp(prefix="commands-"))  # the path of a Unix socket can have at most 107 bytes
    client, address = folder / "client.py", folder / "socket"
    client.write_text(_CLIENT, "utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.documents.forked_commands", str(address)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
    ) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            run = shlex.join([sys.executable, "-I", "-S", str(client), str(address)])
            yield {name: f'{run} {name} "$@"' for name in ("wecelebrate", "idle")}
        finally:
            server.terminate()
            shutil.rmtree(folder)


def main(address: str) -> None:
    """Import the modules of all commands, and serve requests."""
    from typer.main import get_command

    from infra.command import app
    from infra.command.lazy import LazyCommands
    from tests.documents import idle  # noqa: F401 - the forks use it

    root = get_command(app)
    assert isinstance(root, LazyCommands)
    for name, entry in root.entries.items():
        entry.load(name)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        server_lives, lives = os.pipe()  # only the server keeps `lives` open, so the end of the server closes it
        print("ready", flush=True)  # noqa: T201
        while True:
            connection, _ = server.accept()
            if os.fork() == 0:
                server.close()
                os.close(lives)
                _serve(connection, server_lives)
            connection.close()
            _reap()


def _reap() -> None:
    """Remove the children that have ended from the process table."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                return
        except ChildProcessError:
            return


def _end_with(connection: socket.socket, server_lives: int) -> None:
    """Wait until the client or the server has ended, and then end this process with SIGTERM."""
    ended = select.poll()
    for file in (connection.fileno(), server_lives):
        ended.register(file, 0)  # report only POLLHUP: the other side has ended
    ended.poll()
    os.kill(os.getpid(), signal.SIGTERM)


def _serve(connection: socket.socket, server_lives: int) -> NoReturn:
    """Run the requested command in this process, with the streams of the client. Send the exit code to the client."""
    received, files, _, _ = socket.recv_fds(connection, 65_536, 3)
    while part := connection.recv(65_536):
        received += part
    Thread(target=_end_with, args=(connection, server_lives), daemon=True).start()
    request = json.loads(received)
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    code = 1
    try:
        _run(*request["arguments"])
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else _message(ended.code)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BrokenPipeError:  # the reader of the pipe, e.g. `head`, has ended
                code = code or 1
        connection.sendall(str(code).encode())
        os._exit(0)


def _message(text: Any) -> int:
    """Print the text that a program has passed to SystemExit, and return the exit code."""
    sys.stderr.write(f"{text}\n")
    return 1


def _run(program: str, *arguments: str) -> None:
    from infra.command import app
    from tests.documents import idle

    if program == "idle":
        idle.main()
    else:
        sys.argv[1:] = arguments
        app(list(arguments), prog_name="wecelebrate")


if __name__ == "__main__":
    main(sys.argv[1])
