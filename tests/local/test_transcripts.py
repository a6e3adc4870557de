"""Compares the output of the command with the recorded transcripts in the folder `transcripts`.

`WECELEBRATE_TRANSCRIPTS=write pytest tests/local/test_transcripts.py` records them again. Review the diff.

A transcript contains three runs of a command: on a terminal with 60 columns, in a pipe, and with a wrong argument. No
local cloud is running. test_lists_on_a_terminal.py compares transcripts of commands with a running cloud.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from infra.command import app, exports, jobs
from infra.command.errors import ExitCode
from infra.command.help import DocumentedCommand
from wecelebrate.exports import models
from wecelebrate.jobs import types

FOLDER = Path(__file__).parent / "transcripts"
RECORD = os.environ.get("WECELEBRATE_TRANSCRIPTS") == "write"

ID = "01a20512-5e16-7075-8b8c-1b6a3ce1d0a5"
DATA = Path(__file__).parents[1] / "data"
BY_URL = ("--client", "acme", "--restored", "postgresql://127.0.0.1:1/old", "--live", "postgresql://127.0.0.1:1/live")
ARGUMENTS: dict[str, list[str]] = {
    "up": [],
    "down": [],
    "status": [],
    "token": ["--as", "admin"],
    "env": [],
    "drop": [__file__, "--catalog", "acme-gifts"],
    "read": [str(DATA / "feeds" / "erp-german.csv")],
    "jobs list": [],
    "jobs show": [ID],
    "jobs watch": [],
    "jobs cancel": [ID],
    "jobs retry": [ID],
    "jobs approve": [ID],
    "jobs decide": [ID, "--answer", "decimal=,"],
    "orders list": [],
    "orders show": ["HXE8J1NH88"],
    "orders ship": ["HXE8J1NH88", "--line", "1=2"],
    "orders export": ["Acme ERP"],
    "orders drop-status": [__file__, "--destination", "Acme ERP"],
    "orders import": [__file__, "--site", ID, "--source", "an earlier shop"],
    "exports create": ["products"],
    "exports list": [],
    "exports show": [ID],
    "exports download": [ID],
    "exports delete": [ID],
    "dlq list": [],
    "dlq show": [ID],
    "dlq redrive": [ID],
    "dlq dismiss": [ID],
    "kv compare": [],
    "kv cutover": ["product", "--reads", "100"],
    "kv rollback": ["product"],
    "kv shadow": ["product", "--percent", "10"],
    "kv retire": ["product"],
    "kv inspect": [],
    "kv backfill": [],
    "kv status": [],
    "kv key": [],
    "kv mirror on": [],
    "kv mirror off": [],
    "kv mirror status": [],
    "listen": ["--client", "acme"],
    "mail list": [],
    "mail show": [],
    "members list": [],
    "members invite": ["ann@example.com", "--role", "editor"],
    "members role": ["ann@example.com", "--role", "owner"],
    "members remove": ["ann@example.com"],
    "members accept": ["CODE"],
    "members first-admin": ["ann@example.com"],
    "audit": [],
    "erasures request": ["--client", "acme", "--email", "ann@example.com"],
    "erasures replay": [],
    "persons report": ["--client", "acme", "--email", "ann@example.com"],
    "tenant compare": [*BY_URL],
    "tenant restore": [*BY_URL],
    "revocations": ["--env", "prod", "--since", "2026-11-27T08:30:00Z", "--cluster", "wecelebrate-prod-database"],
    "switch": [],
    "dns": ["_wecelebrate.gifts.example.com", "wecelebrate-site=0123456789abcdef"],
    "migrate": [],
    "schema": [],
    "openapi": ["--server", "https://api.example.com"],
    "preflight": [],
    "deploy": [],
    "destroy": [],
    "maintenance": ["on", "--env", "prod"],
    "block": ["198.51.100.7", "--env", "prod"],
    "files list": ["--env", "prod"],
    "files put-back": ["--env", "prod", "--since", "2026-11-27T08:30:00Z"],
    "queues list": ["--env", "prod"],
    "queues stop": ["--env", "prod", "emails"],
    "queues start": ["--env", "prod", "--all"],
    "check-database": ["--env", "prod"],
    "sql": ["select 1", "--env", "prod"],
    "first-admin": ["ann@example.com"],
    "sign-in": [],
    "shop": ["acme"],
    # A grant with a valid principal would write a file into the checkout.
    "erp grant": ["acme-sap", "--principal", "acme", "--catalog", ID],
    "bench": ["--only", "nothing"],
    "load": ["--users", "0"],
}
"""Maps each command to its arguments. No local cloud is running, and no AWS credentials exist."""
WRONG: dict[str, list[str]] = {
    "read": ["missing.csv"],
    "drop": ["missing.csv", "--catalog", "acme-gifts"],
    "jobs list": ["--status", "done"],
    "jobs show": ["42"],
    "jobs watch": ["--timeout", "soon"],
    "jobs cancel": [],
    "jobs decide": [ID, "--answer", "comma"],
    "orders list": ["--limit", "0"],
    "orders show": [],
    "orders ship": ["HXE8J1NH88", "--line", "two"],
    "orders drop-status": ["missing.csv", "--destination", "Acme ERP"],
    "orders import": ["missing.csv", "--site", ID, "--source", "an earlier shop"],
    "exports create": ["persons"],
    "kv cutover": ["person", "--reads", "100"],
    "kv shadow": ["product", "--percent", "101"],
    "kv retire": ["product", "--quiet", "two weeks"],
    "listen": ["--client", "acme", "--forward-to", "https://192.0.2.1/hooks"],
    "members invite": ["ann@example.com", "--role", "king"],
    "persons report": ["--client", "acme", "--email", "ann"],
    "tenant compare": ["--client", "acme", "--restored", "the backup", "--live", "the database"],
    "tenant restore": ["--client", "acme", "--restored", "the backup"],
    "openapi": ["--server", "api.example.com"],
    "maintenance": ["on"],
    "block": ["10.0.0.1", "--env", "prod"],
    "erasures request": ["--client", "acme"],
    "files list": ["--env", "prod", "--since", "yesterday"],
    "revocations": ["--env", "prod", "--since", "yesterday", "--cluster", "wecelebrate-prod-database"],
    "files put-back": ["--env", "prod"],
    "queues list": [],
    "queues stop": ["--env", "prod", "letters"],
    "queues start": ["--env", "prod"],
    "check-database": ["--env", "production"],
    "sql": ["select 1"],
    "destroy": ["--env", "production"],
}
"""Maps some commands to wrong arguments. All other commands get an option that does not exist."""
DOCTOR = "doctor"
"""The only command without a transcript, because its output depends on the machine. tests/local/test_diagnosis.py tests
this command."""
ENVIRONMENT: dict[str, dict[str, str]] = {"up": {"WECELEBRATE_PORT_API": "99999"}}
"""Maps a command to its environment variables. With this port, `up` does not start a local cloud."""
AWS = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
"""The environment variables of a machine without AWS credentials."""
_SPINNER = re.compile(r"\x1b\[\?25l.*?\x1b\[\?25h(?:\r?\x1b\[\d*[A-Z])*", re.DOTALL)
"""Matches the output of a progress display until the display removes itself. The length of this output is different in
each run."""
MAX_LINES = 200
"""The maximum number of lines of an output in a transcript. The transcript omits all further lines."""


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


def environment(home: Path, command: str = "") -> dict[str, str]:
    """Return the environment of a command on a terminal with 60 columns."""
    other = ("WECELEBRATE_", "NO_COLOR", "AWS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(other)}
    own = {"WECELEBRATE_HOME": str(home), "COLUMNS": "60", "TERM": "xterm"}
    return {**kept, **AWS, **own, **ENVIRONMENT.get(command, {})}


@dataclass(frozen=True)
class Commands:
    """Runs commands on a terminal with 60 columns, and in a pipe."""

    process: subprocess.Popen[str]

    def piped(self, home: Path, arguments: list[str]) -> str:
        """Run a command in a pipe. Return its output and its exit code."""
        (stdout, stderr), exit_code = self._run(home, arguments, terminal=False)
        parts = [f"{name}: {line}" for name, text in (("out", stdout), ("err", stderr)) for line in text.split("\n")]
        lines = shortened([part.rstrip() for part in parts if not part.endswith(": ")])
        return "\n".join([*lines, f"exit code: {exit_code}"])

    def on_terminal(self, home: Path, arguments: list[str]) -> str:
        """Run a command on a terminal. Return its output and its exit code."""
        (output,), exit_code = self._run(home, arguments, terminal=True)
        text = _SPINNER.sub("", output.replace("\r\n", "\n")).replace("\x1b", "\\e")
        return "\n".join([*shortened(text.rstrip().split("\n")), f"exit code: {exit_code}"])

    def _run(self, home: Path, arguments: list[str], *, terminal: bool) -> tuple[list[str], int]:
        request = {"arguments": arguments, "environment": environment(home, arguments[0]), "terminal": terminal}
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{json.dumps(request)}\n")
        self.process.stdin.flush()
        response = json.loads(self.process.stdout.readline())
        return response["outputs"], response["exit_code"]


@pytest.fixture(scope="module")
def commands_process() -> Iterator[Commands]:
    """The process that runs the commands."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.local.forked_commands"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Commands(process)
        assert process.stdin is not None
        process.stdin.close()


def shortened(lines: list[str]) -> list[str]:
    """Return the lines of an output. Truncate long lines, and omit the lines after MAX_LINES."""
    cut = [line if len(line) <= 300 else f"{line[:100]}…" for line in lines]
    return cut if len(cut) <= MAX_LINES else [*cut[:5], "…"]


def masked(text: str, home: Path) -> str:
    text = text.replace(str(home), "<home>").replace(__file__, "<file>")
    return re.sub(r"`\S*wecelebrate ", "`wecelebrate ", text).replace("python -m infra.command", "wecelebrate")


def transcript(commands_process: Commands, home: Path, name: str) -> str:
    arguments = [*name.split(), *ARGUMENTS[name]]
    wrong = [*name.split(), *WRONG.get(name, ["--no-such-option"])]
    sections = {
        "terminal": commands_process.on_terminal(home, arguments),
        "piped": commands_process.piped(home, arguments),
        "wrong argument": commands_process.piped(home, wrong),
    }
    return "".join(f"== {title}\n{masked(text, home)}\n" for title, text in sections.items())


def compare(name: str, text: str) -> None:
    file = FOLDER / f"{name.replace(' ', '-')}.txt"
    if RECORD:
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


def test_every_command_has_a_transcript_without_a_cloud() -> None:
    assert set(ARGUMENTS) == set(ALL) - {DOCTOR}
    assert {file.stem for file in FOLDER.iterdir()} == {"help", *(name.replace(" ", "-") for name in ARGUMENTS)}


@pytest.mark.parametrize("name", ALL)
def test_the_error_for_an_unknown_option_mentions_the_help_of_the_command(name: str) -> None:
    result = CliRunner().invoke(app, [*name.split(), "--no-such-option"], prog_name="wecelebrate")
    assert (result.exit_code, result.stdout) == (ExitCode.USAGE, "")
    assert f"wecelebrate {name} -h" in " ".join(result.stderr.split())
    assert "No such option: --no-such-option" in result.stderr


@pytest.mark.parametrize("name", ARGUMENTS)
def test_the_output_of_a_command_without_a_cloud_equals_its_transcript(
    name: str, tmp_path: Path, commands_process: Commands
) -> None:
    compare(name, transcript(commands_process, tmp_path, name))


def test_the_help_of_the_program_equals_its_transcript(tmp_path: Path, commands_process: Commands) -> None:
    compare("help", masked(commands_process.piped(tmp_path, ["-h"]), tmp_path) + "\n")


@pytest.mark.parametrize("name", ALL)
def test_the_help_of_a_command_contains_an_example_and_a_text_for_every_option(name: str) -> None:
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
def test_every_command_that_lists_or_shows_something_has_the_option_json(name: str) -> None:
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
    assert ("--json" in options) == (
        verb in shows or name in {"kv compare", "tenant compare", "preflight", "sql", "revocations"}
    )


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
def test_a_command_does_not_import_unnecessary_slow_modules(
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


def test_the_types_in_the_exports_command_equal_the_export_types_of_the_platform() -> None:
    assert get_args(exports.Kind) == get_args(models.ExportKind)
    assert get_args(exports.Format) == get_args(models.ExportFormat)


def test_every_exit_code_is_documented() -> None:
    text = CliRunner().invoke(app, ["--help"]).stdout
    assert all(re.search(rf"^  {code.value} +\S", text, re.MULTILINE) for code in ExitCode)
