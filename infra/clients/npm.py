"""Installs the npm packages of `tools/openapi` once, and runs their commands with the Node.js of `.venv`."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.clients.tools import ToolError
from infra.functions import ROOT

FOLDER = ROOT / "tools" / "openapi"
MODULES = FOLDER / "node_modules"
_NODE = Path(sys.executable).parent


def install() -> None:
    """Install the versions of package-lock.json, if they are not installed yet.

    An installation takes about 10 s and 130 MB. Parallel processes wait for the process that installs. Raises ToolError
    if npm fails.
    """
    wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".installed"
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != wanted:
            shutil.rmtree(MODULES, ignore_errors=True)
            run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
            stamp.write_text(wanted)


def run(*command: str, cwd: Path = FOLDER) -> str:
    """Run node, npm or a command of the installed packages. Returns its standard output.

    Raises ToolError if the command fails.
    """
    path = f"{MODULES / '.bin'}{os.pathsep}{_NODE}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {
        "PATH": path,
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
        "REDOCLY_TELEMETRY": "off",
        "npm_config_update_notifier": "false",
    }
    result = subprocess.run(  # noqa: S603 - a tool of package-lock.json, and this package provides the arguments
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise ToolError(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout
