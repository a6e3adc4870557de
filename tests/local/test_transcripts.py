"""Compares the output of the command with recorded transcripts, which are in the folder `transcripts`.

`WECELEBRATE_TRANSCRIPTS=write pytest tests/local/test_transcripts.py` records them again. Review the diff.

A transcript contains the same command in three ways: on a terminal of 60 columns, piped, and with a wrong argument. No
cloud is running.
"""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.main import get_command

from infra.command import app, exports, jobs
from infra.command.errors import ExitCode
from infra.command.help import DocumentedCommand
from wecelebrate.exports import models
from wecelebrate.jobs import types

FOLDER = Path(__file__).parent / "transcripts"
RECORD = os.environ.get("WECELEBRATE_TRANSCRIPTS") == "write"

ID = "01a20512-5e16-7075-8b8c-1b6a3ce1d0a5"
ARGUMENTS = {
    "token": ["--as", "admin"],
    "drop": [__file__, "--catalog", "acme-gifts"],
    "read": [str(Path(__file__).parents[1] / "data" / "feeds" / "erp-german.csv")],
    "jobs list": [],
    "jobs show": [ID],
    "jobs watch": [],
    "jobs cancel": [ID],
    "jobs retry": [ID],
    "jobs approve": [ID],
    "jobs decide": [ID, "--answer", "decimal=,"],
    "exports create": ["products"],
    "exports list": [],
    "exports show": [ID],
    "exports download": [ID],
    "exports delete": [ID],
    "dlq list": [],
    "dlq show": [ID],
    "dlq redrive": [ID],
    "listen": ["--client", "acme"],
    "mail list": [],
    "mail show": [],
    "audit": [],
    "switch": [],
    "migrate": [],
    "schema": [],
    "status": [],
}
"""The arguments of each command that needs a cloud, and of `read`, which needs no cloud."""


def commands() -> Iterator[tuple[str, DocumentedCommand]]:
    """Yield each command with its full name."""
    root = get_command(app)
    for name, entry in root.entries.items():  # type: ignore[attr-defined]
        yield from commands_of(name, entry.load(name))


def commands_of(name: str, command: Any) -> Iterator[tuple[str, DocumentedCommand]]:
    """Yield the command, or the commands of the group, with their full names."""
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield name, command
    else:
        for each, subcommand in subcommands.items():
            yield from commands_of(f"{name} {each}", subcommand)


ALL = dict(commands())


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WECELEBRATE_", "NO_COLOR"))}
    return {**kept, "WECELEBRATE_HOME": str(home), "COLUMNS": "60", "TERM": "xterm"}


def piped(home: Path, arguments: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "infra.command", *arguments],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    parts = [
        f"{name}: {line}" for name, text in (("out", done.stdout), ("err", done.stderr)) for line in text.split("\n")
    ]
    lines = [part.rstrip() for part in parts if not part.endswith(": ")]
    return "\n".join([*lines, f"exit code: {done.returncode}"])


def on_terminal(home: Path, arguments: list[str]) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "infra.command", *arguments],
        env=environment(home),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
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
    text = output.decode().replace("\r\n", "\n").replace("\x1b", "\\e")
    return f"{text.rstrip()}\nexit code: {process.returncode}"


def masked(text: str, home: Path) -> str:
    text = text.replace(str(home), "<home>").replace(__file__, "<file>")
    return re.sub(r"`\S*wecelebrate ", "`wecelebrate ", text).replace("python -m infra.command", "wecelebrate")


def transcript(home: Path, name: str) -> str:
    arguments = [*name.split(), *ARGUMENTS[name]]
    wrong = [*name.split(), "--no-such-option"]
    with ThreadPoolExecutor(3) as pool:
        terminal = pool.submit(on_terminal, home, arguments)
        pipe = pool.submit(piped, home, arguments)
        usage = pool.submit(piped, home, wrong)
        sections = {"terminal": terminal.result(), "piped": pipe.result(), "wrong argument": usage.result()}
    return "".join(f"== {title}\n{masked(text, home)}\n" for title, text in sections.items())


def compare(name: str, text: str) -> None:
    file = FOLDER / f"{name.replace(' ', '-')}.txt"
    if RECORD:
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


@pytest.mark.parametrize("name", ARGUMENTS)
def test_the_output_of_a_command_without_a_cloud_equals_its_transcript(name: str, tmp_path: Path) -> None:
    compare(name, transcript(tmp_path, name))


def test_the_help_of_the_program_equals_its_transcript(tmp_path: Path) -> None:
    compare("help", masked(piped(tmp_path, ["-h"]), tmp_path) + "\n")


@pytest.mark.parametrize("name", ALL)
def test_the_help_of_a_command_has_a_text_for_every_option_and_an_example(name: str) -> None:
    command = ALL[name]
    assert isinstance(command, DocumentedCommand)
    assert command.help
    assert all(
        getattr(parameter, "help", None) for parameter in command.params if not getattr(parameter, "hidden", False)
    )
    assert any(
        example.partition("=$(")[2].startswith(f"wecelebrate {name}") or f"wecelebrate {name}" in example
        for example in command.examples
    )


@pytest.mark.parametrize("name", ALL)
def test_every_command_that_lists_or_shows_has_the_option_json(name: str) -> None:
    verb = name.rpartition(" ")[2]
    options = {option for parameter in ALL[name].params for option in parameter.opts}
    shows = {
        "list",
        "show",
        "watch",
        "status",
        "doctor",
        "audit",
        "switch",
        "listen",
        "drop",
        "read",
        "on",
        "off",
        "create",
        "inspect",
    }
    shows |= {"ship", "import", "export", "drop-status", "backfill", "cutover", "rollback", "shadow", "retire"}
    assert ("--json" in options) == (verb in shows or name == "kv compare")


@pytest.mark.parametrize(
    ("arguments", "forbidden"),
    [
        (["--help"], {"httpx", "rich", "psycopg", "pydantic", "boto3", "psutil.tests", "joserfc", "infra.command.api"}),
        (["--version"], {"httpx", "rich", "psycopg", "pydantic", "boto3", "joserfc", "infra.command.api"}),
        (["read", "-h"], {"httpx", "rich", "psycopg", "boto3", "joserfc", "wecelebrate", "fastapi"}),
        (
            ["jobs", "list"],
            {"httpx._main", "rich", "psycopg", "boto3", "joserfc", "wecelebrate", "fastapi"},
        ),
    ],
)
def test_a_command_does_not_import_slow_modules_that_it_does_not_need(
    tmp_path: Path, arguments: list[str], forbidden: set[str]
) -> None:
    program = (
        "import sys\nfrom infra.command import app\n"
        f"try:\n    app({arguments!r})\nexcept SystemExit:\n    pass\nprint(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert not forbidden & set(done.stdout.splitlines()[-1].split())


def test_the_job_types_of_the_jobs_command_equal_the_job_types_of_the_platform() -> None:
    assert get_args(jobs.JobType) == get_args(types.JobType)
    assert get_args(jobs.JobStatus) == get_args(types.JobStatus)
    assert get_args(jobs.WaitingFor) == get_args(types.WaitingFor)


def test_the_types_in_the_exports_command_equal_the_types_of_the_platform() -> None:
    assert get_args(exports.Kind) == get_args(models.ExportKind)
    assert get_args(exports.Format) == get_args(models.ExportFormat)


def test_every_exit_code_is_documented(tmp_path: Path) -> None:
    text = piped(tmp_path, ["--help"])
    assert all(re.search(rf"out:   {code.value} +\S", text) for code in ExitCode)
