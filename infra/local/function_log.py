"""The log of one function: what its processes print, and Lambda's START, END and REPORT around each invocation."""

import os
import shutil
from pathlib import Path

LIMIT = 20 * 1024 * 1024
"""Bytes a log may reach; then it moves to `<name>.log.1`, and the one there before is dropped."""

TAIL = 4096
"""Bytes of log that come back with an invocation, as with `LogType=Tail`."""


class FunctionLog:
    """`<folder>/<function>.log`. Processes append to it themselves: a line costs Lambda nothing."""

    def __init__(self, folder: Path, function: str, limit: int = LIMIT) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{function}.log"
        self._limit = limit
        self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)

    def write(self, text: str) -> None:
        """Append whole lines."""
        os.write(self._fd, text.encode())

    def position(self) -> int:
        """Where the log ends now, in bytes."""
        return os.fstat(self._fd).st_size

    def tail(self, since: int) -> str:
        """Up to TAIL bytes written after `since`. Processes that run at once share the log, and so this tail."""
        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            # A log that was moved meanwhile starts again at 0.
            file.seek(max(since if since <= end else 0, end - TAIL))
            return file.read().decode("utf-8", "replace")

    def rotate(self) -> None:
        """Move a log that has grown past its limit.

        It is copied and cut rather than renamed: the processes have the file open, and append to where it ends.
        What they write between the copy and the cut is lost.
        """
        if self.position() > self._limit:
            shutil.copyfile(self.path, self.path.with_suffix(".log.1"))
            os.truncate(self.path, 0)

    def close(self) -> None:
        os.close(self._fd)
