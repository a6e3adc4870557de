"""The `wecelebrate` command, as a person runs it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from infra.command import app
from infra.command.console import console
from infra.local.endpoints import Endpoints, load_endpoints


@dataclass(frozen=True)
class Command:
    """`wecelebrate` with a home and ports of its own."""

    home: Path
    environment: dict[str, str]

    @property
    def state(self) -> Path:
        return self.home / ".local"

    @property
    def endpoints(self) -> Endpoints:
        return load_endpoints(self.state)

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        with self.started(*arguments) as process:
            stdout, stderr = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """The command, under way."""
        return subprocess.Popen(
            [sys.executable, "-m", "infra.command", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def pids(self) -> dict[str, int]:
        return {part["name"]: part["pid"] for part in json.loads(self("status", "--json").stdout)["parts"]}


class CommandHere(Command):
    """The same in this process: a process of its own takes a second to start. What is `started` has one."""

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        console.width = int(self.environment["COLUMNS"])
        done = CliRunner().invoke(app, arguments, prog_name="wecelebrate", env=self.environment)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)
