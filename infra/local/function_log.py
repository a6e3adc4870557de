"""The log file of one function: the output of its processes, and Lambda's START, END and REPORT lines."""

import os
import shutil
from pathlib import Path

MAX_LOG_BYTES = 20 * 1024 * 1024
"""A larger log is rotated to `<name>.log.1`, which replaces the log rotated before."""

TAIL_BYTES = 4096
"""Bytes at the end of the log that an invocation can return, as with Lambda's `LogType=Tail`."""


class FunctionLog:
    """The file `<folder>/<function>.log`. The processes of the function append to it directly."""

    def __init__(self, folder: Path, function: str, max_bytes: int = MAX_LOG_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{function}.log"
        self._max_bytes = max_bytes
        self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)

    def write(self, text: str) -> None:
        """Append whole lines."""
        os.write(self._fd, text.encode())

    def position(self) -> int:
        """The current end of the log, in bytes."""
        return os.fstat(self._fd).st_size

    def tail(self, since: int) -> str:
        """Return at most TAIL_BYTES written after position `since`.

        Concurrent processes share the log, so the text may include lines of other invocations.
        """
        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            # If the log was rotated since, it starts at 0 again.
            file.seek(max(since if since <= end else 0, end - TAIL_BYTES))
            return file.read().decode("utf-8", "replace")

    def rotate(self) -> None:
        """Rotate the log if it is larger than its limit.

        The file is copied and truncated, not renamed, because the processes keep it open and append to its end.
        Lines written between the copy and the truncation are lost.
        """
        if self.position() > self._max_bytes:
            shutil.copyfile(self.path, self.path.with_suffix(".log.1"))
            os.truncate(self.path, 0)

    def close(self) -> None:
        os.close(self._fd)
