"""Runs commands in forks of one process, which imports their modules only once.

Each line of stdin is a JSON object with the arguments and the environment of a command. The program prints the output
of the command as one line of JSON. A command on a terminal has one output. Any other command has two outputs: stdout
and stderr.
"""

import json
import os
import pty
import sys
import tempfile
import traceback
from typing import Any

from typer.main import get_command

from infra.command import app
from infra.command.lazy import LazyCommands

Json = dict[str, Any]


def main() -> None:
    """Run the command of each line of stdin."""
    root = get_command(app)
    assert isinstance(root, LazyCommands)
    for name, entry in root.entries.items():
        entry.load(name)
    for line in sys.stdin:
        request = json.loads(line)
        run = _on_terminal if request["terminal"] else _piped
        sys.stdout.write(f"{json.dumps(run(request))}\n")
        sys.stdout.flush()


def _on_terminal(request: Json) -> Json:
    ours, theirs = pty.openpty()
    pid = _fork(request, theirs, theirs, theirs)
    os.close(theirs)
    output = b""
    while True:
        try:
            chunk = os.read(ours, 65_536)
        except OSError:  # Linux reports the end of a terminal as an error
            break
        if not chunk:
            break
        output += chunk
    os.close(ours)
    return {"outputs": [output.decode()], "exit_code": _exit_code(pid)}


def _piped(request: Json) -> Json:
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr, open(os.devnull, "rb") as stdin:  # noqa: PTH123
        exit_code = _exit_code(_fork(request, stdin.fileno(), stdout.fileno(), stderr.fileno()))
        outputs = []
        for file in (stdout, stderr):
            file.seek(0)
            outputs.append(file.read().decode())
    return {"outputs": outputs, "exit_code": exit_code}


def _fork(request: Json, *files: int) -> int:
    """Run a command in a new process, and return its pid. `files` contains the file descriptors of stdin, stdout and
    stderr."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for target, file in enumerate(files):
            os.dup2(file, target)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.argv[1:] = request["arguments"]
        app(request["arguments"], prog_name="wecelebrate")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    except BaseException:  # the transcript also contains the traceback of an unexpected error
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _exit_code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main()
