"""The log file of one function: the output of its processes, and the lines START, END and REPORT of Lambda."""

import os
import shutil
from pathlib import Path

MAX_LOG_BYTES = 20 * 1024 * 1024
"""The maximum size of a log, in bytes. The content of a larger log is moved to `<name>.log.1`, and replaces the content
of that file."""

TAIL_BYTES = 4096
"""The maximum number of bytes of the log that an invocation can return. Lambda has this limit for `LogType=Tail`."""


class FunctionLog:
    """The file `<folder>/<function>.log`. The processes of the function append to it directly."""

    def __init__(self, folder: Path, function: str, max_bytes: int = MAX_LOG_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{function}.log"
        self._max_bytes = max_bytes
        self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)

    def write(self, text: str) -> None:
        """Append `text`, which must consist of complete lines."""
        os.write(self._fd, text.encode())

    def position(self) -> int:
        """Return the current size of the log, in bytes."""
        return os.fstat(self._fd).st_size

    def tail(self, since: int) -> str:
        """Return the last TAIL_BYTES bytes of the text that was written after the position `since`.

        The text can include lines of other invocations, because all processes of the function write to the same log.
        """
        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            # If `since` is after the end, the log was rotated in the meantime and now starts at position 0.
            file.seek(max(since if since <= end else 0, end - TAIL_BYTES))
            return file.read().decode("utf-8", "replace")

    def rotate(self) -> None:
        """Rotate the log if it is larger than its limit.

        The method copies the file and then truncates it. It cannot rename the file, because processes keep the file
        open and append to it. Lines that are written between the copy and the truncation are lost.
        """
        if self.position() > self._max_bytes:
            shutil.copyfile(self.path, self.path.with_suffix(".log.1"))
            os.truncate(self.path, 0)

    def close(self) -> None:
        os.close(self._fd)
