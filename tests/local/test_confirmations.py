"""Tests the question that `wecelebrate down --erase` asks on a terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("answer", "exit_code", "is_kept"), [("n", 1, True), ("", 1, True), ("y", 0, False)])
def test_erasing_on_a_terminal_asks_for_a_confirmation(
    tmp_path: Path, answer: str, exit_code: int, is_kept: bool
) -> None:
    (tmp_path / ".local").mkdir()
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "infra.command", "down", "--erase"],
        env={**os.environ, "WECELEBRATE_HOME": str(tmp_path), "TERM": "dumb"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        output = b""
        try:
            while chunk := os.read(ours, 65_536):
                output += chunk
        except OSError:  # Linux reports the end of a terminal as an error
            pass
        os.close(ours)
    assert (process.returncode, (tmp_path / ".local").exists()) == (exit_code, is_kept), output.decode()
    assert "[y/N]" in output.decode()
