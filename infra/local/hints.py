"""Formats the name of the command and paths for messages, so that they work in the current directory."""

import shutil
import sys
from pathlib import Path


def this_command() -> str:
    """Return how an operator can call this command:

    `wecelebrate` if it is on PATH, otherwise the path of the script.
    """
    script = Path(sys.prefix) / "bin" / "wecelebrate"
    on_path = shutil.which("wecelebrate")
    if on_path and Path(on_path).resolve() == script.resolve():
        return "wecelebrate"
    return display_path(script)


def display_path(path: Path) -> str:
    """Return a path for a message. If it is below the current directory, it is relative, otherwise absolute."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
