"""Command and paths for messages to the operator, in the form that works in the current directory."""

import shutil
import sys
from pathlib import Path


def this_command() -> str:
    """Return the name of the `wecelebrate` command if PATH finds this installation, otherwise its path."""
    script = Path(sys.prefix) / "bin" / "wecelebrate"
    on_path = shutil.which("wecelebrate")
    if on_path and Path(on_path).resolve() == script.resolve():
        return "wecelebrate"
    return display_path(script)


def display_path(path: Path) -> str:
    """Return a path for a message: relative if it is below the current directory."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
