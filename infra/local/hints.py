"""What messages tell a person to type: this command as it is called from here, and paths as they are seen from here."""

import shutil
import sys
from pathlib import Path


def this_command() -> str:
    """How `wecelebrate` is called from here: by its name where that finds it, else by its path."""
    script = Path(sys.prefix) / "bin" / "wecelebrate"
    found = shutil.which("wecelebrate")
    if found and Path(found).resolve() == script.resolve():
        return "wecelebrate"
    return display_path(script)


def display_path(path: Path) -> str:
    """A path as a person here would write it: relative when it lies below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
