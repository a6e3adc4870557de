"""Detects changed files. The check is fast enough for every invocation of a function."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

INTERVAL = 1.0
"""The number of seconds between two scans of the disk."""


class FileWatcher:
    """Watches all files below the given folders."""

    def __init__(self, folders: Sequence[Path], interval: float = INTERVAL) -> None:
        self._folders = folders
        self._interval = interval
        self._version = 0
        self._snapshot = self._scan()
        self._next_scan = time.monotonic() + interval

    def version(self) -> int:
        """Return a number that grows when a file is added, removed or changed.

        The files are scanned at most once every INTERVAL seconds.
        """
        now = time.monotonic()
        if now >= self._next_scan:
            self._next_scan = now + self._interval
            previous, self._snapshot = self._snapshot, self._scan()
            self._version += previous != self._snapshot
        return self._version

    def _scan(self) -> dict[str, tuple[int, int]]:
        """Map each path to its modification time in nanoseconds and its size in bytes."""
        snapshot: dict[str, tuple[int, int]] = {}
        for folder in self._folders:
            _add_files(os.fspath(folder), snapshot)
        return snapshot


def _add_files(folder: str, snapshot: dict[str, tuple[int, int]]) -> None:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if entry.name == "__pycache__":
                continue
            if entry.is_dir(follow_symlinks=False):
                _add_files(entry.path, snapshot)
            else:
                status = entry.stat()
                snapshot[entry.path] = (status.st_mtime_ns, status.st_size)
