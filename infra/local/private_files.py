"""Creates files with secrets of the local cloud, which only their owner can read."""

import os
import secrets
from pathlib import Path


def create_once(file: Path, content: bytes) -> None:
    """Create a file and its folder. If another process creates the file at the same time, keep the file of the other
    process."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
    try:
        os.link(temporary, file)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
