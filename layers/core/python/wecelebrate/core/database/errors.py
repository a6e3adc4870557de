"""Translates errors of PostgreSQL into problems. No other module does."""

import re

import psycopg
from psycopg import errors as pg

from wecelebrate.core.errors import (
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

NO_MEMBERSHIP_SQLSTATE = "WC401"
NO_SITE_SQLSTATE = "WC404"


def is_connection_lost(error: psycopg.Error) -> bool:
    """Whether the connection failed, not the statement: the server stopped, restarted or failed over, or a pooler lost
    its server connection (pgbouncer reports that as a protocol violation). A pooler that had no free connection is not
    a lost connection."""
    if isinstance(error, pg.ProtocolViolation):
        return "query_wait_timeout" not in str(error)
    return isinstance(
        error, pg.AdminShutdown | pg.CrashShutdown | pg.CannotConnectNow | pg.IdleInTransactionSessionTimeout
    ) or (isinstance(error, psycopg.OperationalError) and error.sqlstate is None)


def to_problem(error: psycopg.Error) -> Problem:
    """The problem for an error of PostgreSQL. It contains nothing that the caller must not see."""
    message = error.diag.message_primary
    match error:
        case _ if error.sqlstate == NO_MEMBERSHIP_SQLSTATE:
            return NoMembership(message)
        case _ if error.sqlstate == NO_SITE_SQLSTATE:
            return NotFound(message)
        case pg.UniqueViolation():
            return AlreadyExists(errors=[FieldError(pointer=f"/{_field(error)}", detail="is already in use")])
        case pg.ForeignKeyViolation():
            if "is still referenced" in (error.diag.message_detail or ""):
                return Conflict("Other objects still refer to this one. Remove them first.")
            return Invalid(errors=[FieldError(pointer=f"/{_field(error)}", detail="does not exist")])
        case pg.CheckViolation() | pg.NotNullViolation():
            return Invalid(errors=[FieldError(pointer=f"/{_field(error)}", detail="has a value that is not allowed")])
        case pg.InsufficientPrivilege():
            return Forbidden()
        case pg.QueryCanceled():
            return TooSlow()
        case pg.DeadlockDetected() | pg.SerializationFailure() | pg.LockNotAvailable():
            return Conflict("Another request changed the same data at the same time. Try again.")
        case pg.DataError():
            return Invalid(message)
        case pg.ProgramLimitExceeded() | pg.StatementTooComplex():
            return Invalid("The values of this request are too long to search by. Use shorter values.")
        # psycopg raises InternalError when a pooler loses the connection before COMMIT is answered.
        case _ if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | psycopg.InternalError):
            return Unavailable("The database cannot be reached.")
    return Problem()


def _field(error: psycopg.Error) -> str:
    """The field of a constraint, from the constraint's name: under row-level security PostgreSQL reports no key."""
    if error.diag.column_name:
        return error.diag.column_name
    name = (error.diag.constraint_name or "").removeprefix(f"{error.diag.table_name}_")
    return re.sub("^catalog_(?=sku)|_(key|fkey|check|unique)$", "", name)
