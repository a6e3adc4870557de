"""Runs the `wecelebrate` command in the same way as an operator."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from infra.command import app
from infra.local.endpoints import Endpoints, load_endpoints


@dataclass(frozen=True)
class Command:
    """Runs `wecelebrate` with a given home directory and environment."""

    home: Path
    environment: dict[str, str]

    @property
    def state(self) -> Path:
        """The state directory of the local cloud."""
        return self.home / ".local"

    @property
    def endpoints(self) -> Endpoints:
        return load_endpoints(self.state)

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command, and wait until the command has ended."""
        # If the test takes too long, `run` kills the command. A Popen object would wait for its end without a limit.
        return subprocess.run(
            self._arguments(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=900,  # the limits of `up` are shorter than this timeout
            check=False,
        )

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command in a new process. Do not wait for the end of the process."""
        return subprocess.Popen(
            self._arguments(*arguments),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @staticmethod
    def _arguments(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "infra.command", *arguments]

    def pids(self) -> dict[str, int]:
        """Return the pid of each part of the local cloud, as `wecelebrate status` reports it."""
        return {part["name"]: part["pid"] for part in json.loads(self("status", "--json").stdout)["parts"]}


class CommandHere(Command):
    """Runs the command in the process of the test. This saves about one second per call.

    The method `started` is the exception: it starts a new process.
    """

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        result = CliRunner().invoke(app, arguments, prog_name="wecelebrate", env=self.environment)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)
