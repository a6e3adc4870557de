"""Tests that a command that runs in a fork behaves like a command that runs in a new process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.documents.forked_commands import forked_commands

NEW_PROCESS = f'{sys.executable} -m infra.command "$@"'


@pytest.fixture(scope="module")
def functions() -> Iterator[dict[str, str]]:
    """The definitions of the shell functions that run commands in forks."""
    with forked_commands(dict(os.environ)) as functions:
        yield functions


def run(folder: Path, body: str, script: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WECELEBRATE_HOME": str(folder), "COLUMNS": "100"}
    return subprocess.run(
        ["bash", "--norc", "-c", f"set -o pipefail; wecelebrate() {{ {body}; }}\n{script}"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "script",
    [
        "wecelebrate --version",
        "wecelebrate status",  # the command fails, because no local cloud is running
        "wecelebrate jobs list --no-such-option",
        "wecelebrate -h | head -n 1",
        'printf "sku,name,price\\nA-1,Mug,5.00\\n" > a.csv && wecelebrate read a.csv --currency EUR',
        "wecelebrate read missing.csv || echo $?",
    ],
)
def test_a_forked_command_behaves_like_a_new_process(functions: dict[str, str], tmp_path: Path, script: str) -> None:
    forked = run(tmp_path, functions["wecelebrate"], script)
    new = run(tmp_path, NEW_PROCESS, script)
    assert (forked.returncode, forked.stdout, forked.stderr) == (new.returncode, new.stdout, new.stderr)


@contextmanager
def waiting(body: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command that reads a pipe. Yield its client while the command waits for the first byte.

    The command writes to the standard output of the client. This pipe therefore closes only when both processes have
    ended.
    """
    os.mkfifo(folder / "prices.csv")
    script = f"wecelebrate() {{ exec {body}; }}; wecelebrate read prices.csv --currency EUR"
    with (
        subprocess.Popen(["bash", "--norc", "-c", script], cwd=folder, stdout=subprocess.PIPE) as client,
        (folder / "prices.csv").open("wb"),  # this call waits until the command opens the pipe
    ):
        yield client


def test_a_command_ends_if_its_client_is_killed(functions: dict[str, str], tmp_path: Path) -> None:
    with waiting(functions["wecelebrate"], tmp_path) as client:
        client.kill()
        client.communicate(timeout=30)


def test_the_commands_end_if_the_server_ends(tmp_path: Path) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(ExitStack())
        functions = server.enter_context(forked_commands(dict(os.environ)))
        client = stack.enter_context(waiting(functions["wecelebrate"], tmp_path))
        server.close()
        client.communicate(timeout=30)
        assert client.returncode == 1
