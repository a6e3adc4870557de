"""Runs the commands `wecelebrate kv …`."""

import json
import os
import subprocess

from tests.command import CommandHere
from tests.platform import Json, Platform


def command(platform: Platform, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `wecelebrate kv …` in this process. A new process would use about a second of CPU time for its imports."""
    home = platform.state.parent
    here = CommandHere(home, {**os.environ, "WECELEBRATE_HOME": str(home), "COLUMNS": "200"})
    return here("kv", *arguments)


def run(platform: Platform, *arguments: str) -> Json:
    """Run `wecelebrate kv … --json`, and return the parsed output."""
    result = command(platform, *arguments, "--json")
    assert result.returncode == 0, result.stderr
    printed: Json = json.loads(result.stdout)
    return printed
