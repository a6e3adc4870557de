"""Tests the completion of commands, options and their values in a shell."""

import os
import subprocess
import sys

import pytest

PROGRAM = "from infra.command import app; app(prog_name='wecelebrate')"


def completions(words: str) -> list[str]:
    """Return the completions that bash would offer for the last word."""
    variables = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    return output({"_WECELEBRATE_COMPLETE": "complete_bash", **variables}).split()


def output(variables: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("wecelebrate jo", ["jobs"]),
        ("wecelebrate jobs ca", ["cancel"]),
        ("wecelebrate jobs list --st", ["--status"]),
        ("wecelebrate jobs list --status p", ["pending", "processing"]),
        ("wecelebrate kv mirror o", ["on", "off"]),
        ("wecelebrate members --inst", []),
    ],
)
def test_the_shell_completes_commands_and_options_and_values(words: str, offered: list[str]) -> None:
    assert completions(words) == offered


def test_the_command_prints_the_completion_script() -> None:
    # The option accepts the name of a shell if Typer does not detect the shell from the parent processes.
    variables = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    assert "_WECELEBRATE_COMPLETE=complete_bash" in output(variables, "--show-completion", "bash")
