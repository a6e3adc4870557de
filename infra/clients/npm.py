"""Installs the npm packages of a folder below `tools` once, and runs their commands with the Node.js of `.venv`."""

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
"""The folder of the tools for the OpenAPI document."""
MODULES = FOLDER / "node_modules"
_NODE = Path(sys.executable).parent


def install(folder: Path = FOLDER) -> None:
    """Install the packages of `<folder>/package-lock.json` if they are not installed yet.

    An installation of `tools/openapi` takes about 10 s and 130 MB. If several processes call this function, one process
    installs the packages, and the other processes wait. Raises ToolError if npm fails.
    """
    modules = folder / "node_modules"
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = modules / ".installed"
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != wanted:
            shutil.rmtree(modules, ignore_errors=True)
            run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
            stamp.write_text(wanted)


def environment(folder: Path = FOLDER) -> dict[str, str]:
    """Return the environment in which the commands of the packages in `folder` run."""
    path = f"{folder / 'node_modules' / '.bin'}{os.pathsep}{_NODE}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {
        "PATH": path,
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
        "REDOCLY_TELEMETRY": "off",
        "npm_config_update_notifier": "false",
    }


def run(*command: str, cwd: Path = FOLDER) -> str:
    """Run node, npm or a command of the tools for the OpenAPI document, and return its standard output.

    Raises ToolError if the command fails.
    """
    result = subprocess.run(  # noqa: S603 - a tool of package-lock.json, and this package provides the arguments
        command, cwd=cwd, env=environment(), capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise ToolError(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout
