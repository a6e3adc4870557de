"""Formats the name of the command, and the paths of files and directories, for messages. In the current directory, an
operator can copy these names from the message.
"""

import shutil
import sys
from pathlib import Path


def this_command() -> str:
    """Return the text that an operator types to run this command: `wecelebrate` if it is on PATH, otherwise the path of
    the script.
    """
    script = Path(sys.prefix) / "bin" / "wecelebrate"
    on_path = shutil.which("wecelebrate")
    if on_path and Path(on_path).resolve() == script.resolve():
        return "wecelebrate"
    return display_path(script)


def display_path(path: Path) -> str:
    """Return a path for a message. A path below the current directory becomes relative. Any other path becomes
    absolute."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
