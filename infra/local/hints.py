"""Formats the name of the command, and the names of files and directories, for messages.

An operator can use these names unchanged in the current directory.
"""

import shutil
import sys
from pathlib import Path


def this_command() -> str:
    """Return what an operator types to run this command.

    This is `wecelebrate` if this command is on PATH, otherwise the path of the script.
    """
    script = Path(sys.prefix) / "bin" / "wecelebrate"
    on_path = shutil.which("wecelebrate")
    if on_path and Path(on_path).resolve() == script.resolve():
        return "wecelebrate"
    return display_path(script)


def display_path(path: Path) -> str:
    """Return a path for a message. A path below the current directory becomes relative, any other path absolute."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
