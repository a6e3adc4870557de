"""The exit codes of the command, and the errors for which the command ends with these codes.

LocalCloudError               exit code FAILED
├── CloudNotRunning           UNREACHABLE
├── InvalidPorts              USAGE
└── CommandError
    ├── BadUsage              USAGE
    ├── ApiUnreachable        UNREACHABLE
    │   └── ApiUnavailable    UNREACHABLE
    ├── NotFound              NOT_FOUND
    ├── Refused               REFUSED
    ├── TimedOut              TIMED_OUT
    └── DecisionNeeded        DECISION_NEEDED
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import ClassVar

from infra.local.endpoints import CloudNotRunning, InvalidPorts
from infra.local.hints import this_command
from infra.local.processes import LocalCloudError


class ExitCode(IntEnum):
    """The exit codes of all commands."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_FOUND = 4
    REFUSED = 5
    TIMED_OUT = 6
    DECISION_NEEDED = 7
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """The meaning of the exit code, for the help and the docs."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.OK: "The command succeeded.",
    ExitCode.FAILED: "The command ran, but its action or its check failed: e.g. a job failed or rejected rows.",
    ExitCode.USAGE: "An argument, an option or an environment variable is wrong. Nothing was done.",
    ExitCode.UNREACHABLE: "The local cloud is not running, or the API does not respond.",
    ExitCode.NOT_FOUND: "An object does not exist, or the caller has no access to it.",
    ExitCode.REFUSED: "The API refused the request: e.g. the token is not valid, or the job has already ended.",
    ExitCode.TIMED_OUT: "A job has not ended within --timeout. The job continues.",
    ExitCode.DECISION_NEEDED: "A job waits for an approval, for answers, or for an earlier job that waits for them.",
    ExitCode.INTERRUPTED: "Ctrl-C ended the command.",
}


class CommandError(LocalCloudError):
    """An expected error. The message is a single line that says what to do."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED


class BadUsage(CommandError):
    """The arguments or the environment of the command are wrong."""

    exit_code = ExitCode.USAGE


class ApiUnreachable(CommandError):
    """No server responds at the address of the API, or the connection broke."""

    exit_code = ExitCode.UNREACHABLE


class ApiUnavailable(ApiUnreachable):
    """The API returned a status from 500 to 599."""


class NotFound(CommandError):
    """The object does not exist."""

    exit_code = ExitCode.NOT_FOUND


class Refused(CommandError):
    """The API returned a status from 400 to 499, except 404."""

    exit_code = ExitCode.REFUSED


class TimedOut(CommandError):
    """A job has not ended within the timeout that the caller has set."""

    exit_code = ExitCode.TIMED_OUT


class DecisionNeeded(CommandError):
    """A job or an earlier job waits for the answer of a person, but no terminal is attached."""

    exit_code = ExitCode.DECISION_NEEDED


def exit_code_of(error: Exception) -> ExitCode:
    """Return the exit code of an expected error."""
    match error:
        case CommandError():
            return error.exit_code
        case CloudNotRunning():
            return ExitCode.UNREACHABLE
        case InvalidPorts():
            return ExitCode.USAGE
    return ExitCode.FAILED


@contextmanager
def database_errors() -> Iterator[None]:
    """Convert the errors of a database connection. Raises ApiUnreachable if PostgreSQL does not respond."""
    import psycopg

    try:
        yield
    except psycopg.OperationalError as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ApiUnreachable(
            f"PostgreSQL does not respond: `{this_command()} status` shows what is running ({first_line})"
        ) from error
