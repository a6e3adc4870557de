"""What PostgreSQL refuses, as problems: translated here and nowhere else."""

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

NO_ENTRY = "WC401"
NO_SITE = "WC404"


def lost(error: psycopg.Error) -> bool:
    """Whether the connection is what failed: a server that stopped, restarted or failed over, or a pooler that lost
    its own (pgbouncer's failures are protocol violations), but not one that had none to give for long."""
    if isinstance(error, pg.ProtocolViolation):
        return "query_wait_timeout" not in str(error)
    return isinstance(
        error, pg.AdminShutdown | pg.CrashShutdown | pg.CannotConnectNow | pg.IdleInTransactionSessionTimeout
    ) or (isinstance(error, psycopg.OperationalError) and error.sqlstate is None)


def problem(error: psycopg.Error) -> Problem:
    """The problem that tells a caller what PostgreSQL said, without what is none of the caller's business."""
    said = error.diag.message_primary
    match error:
        case _ if error.sqlstate == NO_ENTRY:
            return NoMembership(said)
        case _ if error.sqlstate == NO_SITE:
            return NotFound(said)
        case pg.UniqueViolation():
            return AlreadyExists(errors=[FieldError(pointer=f"/{_field(error)}", detail="is taken already")])
        case pg.ForeignKeyViolation():
            if "is still referenced" in (error.diag.message_detail or ""):
                return Conflict("Other things still refer to it.")
            return Invalid(errors=[FieldError(pointer=f"/{_field(error)}", detail="names nothing that is there")])
        case pg.CheckViolation() | pg.NotNullViolation():
            return Invalid(errors=[FieldError(pointer=f"/{_field(error)}", detail="has a value that is not allowed")])
        case pg.InsufficientPrivilege():
            return Forbidden()
        case pg.QueryCanceled():
            return TooSlow()
        case pg.DeadlockDetected() | pg.SerializationFailure() | pg.LockNotAvailable():
            return Conflict("Somebody else changed the same thing at the same time; try again.")
        case pg.DataError():
            return Invalid(said)
        case pg.ProgramLimitExceeded() | pg.StatementTooComplex():
            return Invalid("The values are too long, together, to be looked up by.")
        # InternalError: what psycopg makes of a COMMIT whose answer got lost with the connection behind a pooler.
        case _ if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | psycopg.InternalError):
            return Unavailable("The database cannot be reached.")
    return Problem()


def _field(error: psycopg.Error) -> str:
    """The column that a constraint is named for: of the key itself PostgreSQL says nothing under row-level security."""
    if error.diag.column_name:
        return error.diag.column_name
    name = (error.diag.constraint_name or "").removeprefix(f"{error.diag.table_name}_")
    return re.sub("^catalog_(?=sku)|_(key|fkey|check|unique)$", "", name)
