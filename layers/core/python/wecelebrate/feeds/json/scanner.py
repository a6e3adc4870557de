"""Reads the JSON values of a text one by one."""

import io
import json
import re
from typing import Any

from wecelebrate.feeds.files.csv_rows import MAX_RECORD_LENGTH
from wecelebrate.feeds.items import NumberText, quoted
from wecelebrate.feeds.json.records import AmbiguousObject, InvalidJson

CHUNK = 64 << 10

_BLANK = re.compile(r"[ \t\r\n\ufeff]+")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        for key, value in pairs:
            if members[key] != value:
                ambiguous = AmbiguousObject(members)
                ambiguous.repeated_key = key
                return ambiguous
    return members


decoder = json.JSONDecoder(
    strict=False, parse_float=NumberText, parse_int=NumberText, parse_constant=str, object_pairs_hook=_object
)


class Scanner:
    """Reads the JSON values of a text one by one. Keeps at most one record of the maximum length in memory."""

    def __init__(self, text: io.TextIOWrapper, json_decoder: json.JSONDecoder = decoder) -> None:
        self._text, self._decoder = text, json_decoder
        self._buffer = ""
        self._at = 0
        self._ended = False
        self._kept: int | None = None

    def peek(self) -> str:
        """Return the next character that is not whitespace, or "" at the end of the text."""
        while True:
            blank = _BLANK.match(self._buffer, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more(CHUNK):
                return ""

    def skip(self, char: str) -> bool:
        """Skip the next character if it is `char`. Returns whether a character was skipped."""
        matches = self.peek() == char
        self._at += matches
        return matches

    def value(self) -> Any:
        """Read the value that starts at the current position. Raises InvalidJson if this value is not valid."""
        self.peek()
        size = CHUNK
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except (ValueError, RecursionError) as error:
                if isinstance(error, RecursionError):
                    raise InvalidJson("it is nested too deeply") from error
                if len(self._buffer) - self._at > MAX_RECORD_LENGTH:
                    raise InvalidJson(
                        f"it is not valid JSON, or longer than {MAX_RECORD_LENGTH:,} characters"
                    ) from error
                if not self._more(size):
                    raise InvalidJson(problem_of(error, self._buffer)) from error
            else:
                # A number at the end of the buffer can continue in the next chunk.
                if end < len(self._buffer) or not self._more(size):
                    self._at = end
                    return value
            size *= 4

    def mark(self) -> None:
        """Keep the text from the current position on in memory, so that `go_back` can return to this position."""
        self._kept = self._at

    def go_back(self) -> None:
        """Return to the position of the last `mark`."""
        if self._kept is not None:
            self._at, self._kept = self._kept, None

    def rest(self) -> str:
        """Return the next characters, to show them in a message."""
        return self._buffer[self._at : self._at + 40]

    def _more(self, size: int) -> bool:
        if self._ended:
            return False
        chunk = self._text.read(size)
        self._ended = not chunk
        start = self._at if self._kept is None else self._kept
        self._buffer, self._at = self._buffer[start:] + chunk, self._at - start
        self._kept = None if self._kept is None else 0
        return not self._ended


def key_of_member(scanner: Scanner) -> str:
    """Read the key of the next member of an object, and the colon after it. Raises InvalidJson."""
    key = scanner.value()
    if not isinstance(key, str) or not scanner.skip(":"):
        raise InvalidJson(f"a key and : are missing at {quoted(scanner.rest())}")
    return key


def problem_of(error: Exception, text: str) -> str:
    if isinstance(error, json.JSONDecodeError):
        if error.pos >= len(text.rstrip()):
            return "it is incomplete"
        return f"{error.msg} at {quoted(text[error.pos : error.pos + 20], 20)}"
    return str(error)
