"""What PostgreSQL refuses, as problems: translated here and nowhere else."""

import re

import psycopg
from psycopg import errors as pg

from wecelebrate.errors import (
    AlreadyExists,
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NoMembership,
    NotFound,
    Problem,
    TooSlow,
    Unavailable,
)

NO_ENTRY = "WC401"
NO_SITE = "WC404"


def lost(error: psycopg.Error) -> bool:
    """Whether the connection is what failed: a server that stopped, restarted or failed over."""
    return isinstance(
        error, pg.AdminShutdown | pg.CrashShutdown | pg.CannotConnectNow | pg.IdleInTransactionSessionTimeout
    )


def problem(error: psycopg.Error) -> Problem:
    """The problem that tells a caller what PostgreSQL said, without what is none of the caller's business."""
    said = error.diag.message_primary
    match error:
        case _ if error.sqlstate == NO_ENTRY:
            return NoMembership(said)
        case _ if error.sqlstate == NO_SITE:
            return NotFound(said)
        case pg.UniqueViolation():
            fields = _fields(error.diag.message_detail)
            return AlreadyExists(errors=[FieldError(pointer=f"/{name}", detail="is taken already") for name in fields])
        case pg.ForeignKeyViolation():
            fields = _fields(error.diag.message_detail)
            if "is still referenced" in (error.diag.message_detail or ""):
                return Conflict("Other things still refer to it.")
            return Invalid(
                errors=[FieldError(pointer=f"/{name}", detail="names nothing that is there") for name in fields]
            )
        case pg.NotNullViolation():
            return Invalid(errors=[FieldError(pointer=f"/{error.diag.column_name}", detail="is required")])
        case pg.CheckViolation():
            name = (error.diag.constraint_name or "").removeprefix(f"{error.diag.table_name}_").removesuffix("_check")
            return Invalid(errors=[FieldError(pointer=f"/{name}", detail="has a value that is not allowed")])
        case pg.InsufficientPrivilege():
            return Forbidden()
        case pg.QueryCanceled():
            return TooSlow()
        case pg.DeadlockDetected() | pg.SerializationFailure() | pg.LockNotAvailable():
            return Conflict("Somebody else changed the same thing at the same time; try again.")
        case pg.DataError():
            return Invalid(said)
        case _ if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return Unavailable("The database cannot be reached.")
    return Problem()


def _fields(detail: str | None) -> list[str]:
    """Column names out of `Key (client_id, slug)=(…) already exists.`; the tenant's own column is no news to anyone."""
    found = re.match(r"Key \(([^)]*)\)=", detail or "")
    names = [name.strip(' "') for name in found[1].split(",")] if found else []
    return [name for name in names if name not in ("client_id", "catalog_id")] or names
