"""Installs the npm packages of `tools/openapi` once, and runs their commands with the Node.js of `.venv`."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "tools" / "openapi"
_BIN = Path(sys.executable).parent


def installed() -> Path:
    """Install the versions of package-lock.json, if they are not installed yet. Returns the folder of the commands.

    An installation takes about 10 s and 130 MB. Parallel test workers wait for the one that installs.
    """
    wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    stamp = FOLDER / "node_modules" / ".installed"
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != wanted:
            shutil.rmtree(FOLDER / "node_modules", ignore_errors=True)
            run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
            stamp.write_text(wanted)
    return FOLDER / "node_modules" / ".bin"


def run(*command: str) -> str:
    """Run a command in the folder of the tools and return its standard output. Raises AssertionError if it fails."""
    path = f"{FOLDER / 'node_modules' / '.bin'}{os.pathsep}{_BIN}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "REDOCLY_TELEMETRY": "off"}
    result = subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"
    return result.stdout
