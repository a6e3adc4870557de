"""Errors of the key-value store, in the format of PostgREST.

The statuses are those of https://docs.postgrest.org/en/v14/references/errors.html.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from wecelebrate.kv.reasons import REFUSALS

_STATUS_OF_CODE = {"23503": 409, "23505": 409, "25006": 405, "42501": 403, "42883": 404, "42P01": 404, "P0001": 400}
_STATUS_OF_CLASS = {
    "08": 503, "09": 500, "0L": 403, "0P": 403, "21": 500, "25": 500, "28": 403, "2D": 500, "38": 500, "39": 500,
    "3B": 500, "40": 500, "53": 503, "54": 500, "55": 500, "57": 500, "58": 500, "F0": 500, "HV": 500, "P0": 500,
    "XX": 500,
}  # fmt: skip


class StoreError(Exception):
    """A request to the key-value store failed. The old applications show `message`."""

    def __init__(
        self, status: int, code: str, message: str, *, details: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(f"{code}: {status}")  # The exception has no message, because it could quote a document.
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.hint = hint

    def body(self) -> str:
        """Return the body of the response."""
        return json.dumps({"code": self.code, "details": self.details, "hint": self.hint, "message": self.message})


@contextmanager
def store_errors() -> Iterator[None]:
    """Convert the PostgreSQL errors of a `with` block to StoreErrors. The error of a lost connection is raised
    unchanged.

    If the tables lead and the database refuses a document, the error names the constraint, and its hint says what to
    do.
    """
    try:
        yield
    except psycopg.Error as error:
        state, diag = error.sqlstate, error.diag
        if state is None:
            raise
        # PostgREST responds to a code such as PT410 with the status 410.
        status = (
            int(state[2:])
            if state[:2] == "PT"
            else (_STATUS_OF_CODE.get(state) or _STATUS_OF_CLASS.get(state[:2], 400))
        )
        message = diag.message_primary or "The database refused the request"
        hint = diag.message_hint or REFUSALS.get(diag.constraint_name or "")
        raise StoreError(status, state, message, details=diag.message_detail, hint=hint) from error
