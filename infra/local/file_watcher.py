"""Notices that files have changed, cheaply enough to be asked at every invocation."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

INTERVAL = 1.0
"""Seconds between two looks at the disk."""


class Watch:
    """Looks after the files below some folders."""

    def __init__(self, folders: Sequence[Path], interval: float = INTERVAL) -> None:
        self._folders = folders
        self._interval = interval
        self._version = 0
        self._seen = self._look()
        self._next = time.monotonic() + interval

    def version(self) -> int:
        """A number that grows when a file has appeared, gone or changed; looks once an interval at most."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self._interval
            seen, self._seen = self._seen, self._look()
            self._version += seen != self._seen
        return self._version

    def _look(self) -> dict[str, tuple[int, int]]:
        seen: dict[str, tuple[int, int]] = {}
        for folder in self._folders:
            _add(os.fspath(folder), seen)
        return seen


def _add(folder: str, seen: dict[str, tuple[int, int]]) -> None:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if entry.name == "__pycache__":
                continue
            if entry.is_dir(follow_symlinks=False):
                _add(entry.path, seen)
            else:
                status = entry.stat()
                seen[entry.path] = (status.st_mtime_ns, status.st_size)
