"""Translates errors of PostgreSQL into problems. No other module translates them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg

from wecelebrate.core.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    NoMembership,
    NotFound,
    Problem,
    TooSlow,
    Unavailable,
)
from wecelebrate.core.models import MAX_OBJECT_BYTES
from wecelebrate.core.problem_document import FieldError

NO_MEMBERSHIP_SQLSTATE = "WC401"
NO_SITE_SQLSTATE = "WC404"
SESSION_REFUSED_SQLSTATE = "WC503"
_RAISED_BY_ENTER: Mapping[str | None, type[Problem]] = {
    NO_MEMBERSHIP_SQLSTATE: NoMembership,
    NO_SITE_SQLSTATE: NotFound,
    SESSION_REFUSED_SQLSTATE: Unavailable,
}
"""Maps the SQLSTATEs that `app.enter` raises to problems."""


class EndedByReplica(Unavailable):
    """A part of the platform does not respond. Try again in a moment.

    The replica has ended a transaction. The same transaction on the primary can succeed.
    """


class RowSecuritySuspended(Unavailable):
    """This data is closed for a short time, while the platform repairs it.

    The rules that separate the data of clients are switched off for a table that the request needs. They are switched
    on again after at most an hour. Until then, only admins of the platform can read the table. No client can see or
    change the data of another client. The request changed nothing.

    Wait for the number of seconds in `Retry-After`, then repeat the request. Wait longer after each failure. Requests
    for other data succeed.
    """

    code = "row_security_suspended"

    def headers(self) -> Mapping[str, str]:
        """Return the header with the number of seconds to wait before the next attempt."""
        return {"Retry-After": "60"}


def is_connection_lost(error: psycopg.Error) -> bool:
    """Return whether an error means that the connection failed, not the statement.

    The connection fails if the server stops, restarts or fails over, or if a pooler loses its connection to the server.
    Class 08 of the SQLSTATEs contains the connection errors. pgbouncer reports a lost connection to the server as the
    protocol violation of this class. If a pooler reports that it has no free connection, the result is False.
    """
    if (error.sqlstate or "").startswith("08"):
        return "query_wait_timeout" not in str(error)
    return isinstance(
        error, pg.AdminShutdown | pg.CrashShutdown | pg.CannotConnectNow | pg.IdleInTransactionSessionTimeout
    ) or (isinstance(error, psycopg.OperationalError) and error.sqlstate is None)


def is_ended_by_replica(error: psycopg.Error) -> bool:
    """Return whether a replica has ended a transaction that the primary would not have ended.

    A replica ends a transaction for two reasons: the replica is stopping, or the transaction would delay the replay of
    a change for too long. PostgreSQL's manual describes the second reason in "Handling Query Conflicts". If a read
    fails with one of the errors that this function checks, the reason is always one of these two.
    """
    return is_connection_lost(error) or isinstance(
        error, pg.SerializationFailure | pg.DeadlockDetected | pg.DatabaseDropped
    )


@contextmanager
def redacted() -> Iterator[None]:
    """Remove the values of rows and parameters from the text of each error of PostgreSQL that the block raises."""
    try:
        yield
    except psycopg.Error as error:
        redact(error)
        raise


def redact(error: psycopg.Error) -> None:
    """Remove the values of rows and parameters from the text of an error of PostgreSQL.

    The text becomes part of logs and dead letters, which must not contain personal data. The details and the context of
    an error contain values, e.g. `Key (email)=(…) already exists`. The message of a data error (class 22) contains the
    value that PostgreSQL cannot read. `error.diag` still contains all values.
    """
    diag = error.diag
    if diag.sqlstate is None:
        return  # This is a connection error. Its text contains no values.
    message = _without_values(error)
    places = {"table": diag.table_name, "column": diag.column_name, "constraint": diag.constraint_name}
    names = "".join(f", {kind} {name}" for kind, name in places.items() if name)
    error.args = (f"{message} (SQLSTATE {diag.sqlstate}{names})",)


def to_problem(error: psycopg.Error) -> Problem:
    """Return the problem for an error of PostgreSQL.

    The problem contains only data that the caller is allowed to see. The text of the error is redacted, because the
    error becomes the cause of the problem, and logs contain the causes of problems.
    """
    message = _without_values(error)
    redact(error)
    match error:
        case _ if error.sqlstate in _RAISED_BY_ENTER:
            return _RAISED_BY_ENTER[error.sqlstate](message)
        case pg.UniqueViolation():
            return AlreadyExists(errors=[FieldError(pointer=_pointer(error), detail="is already in use")])
        case pg.ForeignKeyViolation():
            if "is still referenced" in (error.diag.message_detail or ""):
                return Conflict("Other objects still refer to this object. Remove the other objects first.")
            return Invalid(errors=[FieldError(pointer=_pointer(error), detail="does not exist")])
        case pg.CheckViolation() | pg.NotNullViolation():
            return Invalid(errors=[FieldError(pointer=_pointer(error), detail=_violation(error))])
        case pg.InsufficientPrivilege():
            return Forbidden()
        case pg.QueryCanceled() | pg.TransactionTimeout():
            return TooSlow()
        case pg.DeadlockDetected() | pg.SerializationFailure() | pg.LockNotAvailable():
            return Conflict("Another request changed the same data at the same time. Try again.")
        case pg.DataError():
            return Invalid(message)
        case pg.ProgramLimitExceeded() | pg.StatementTooComplex():
            return Invalid("The values in this request are too long for a search. Use shorter values.")
        # psycopg raises InternalError if a pooler loses the connection before the server confirms COMMIT.
        case _ if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | psycopg.InternalError):
            return Unavailable("The database cannot be reached. Try again in a few seconds.")
    return Problem()


def _without_values(error: psycopg.Error) -> str | None:
    """Return the message of an error. In the message of a data error, `…` replaces the quoted values."""
    message = error.diag.message_primary
    is_data_error = (error.sqlstate or "").startswith("22")
    return re.sub('".*"', '"…"', message, flags=re.DOTALL) if message and is_data_error else message


FIELDS = {
    "client_users_pkey": "machine_id",
    "client_users_machine_id_key": "machine_id",
    "catalog_grants_pkey": "client_id",
    "site_product_exclusions_pkey": "product_id",
    "invitations_one_open_key": "email",
    "mail_suppressions_one_active": "address",
    "sites_verified_domain": "domain",
    "sites_verified_domain_check": "domain",
    "orders_client_number_unique": "order_number",
    "clients_tier_fkey": "tier",
    "return_lines_line_fkey": "line",
    "shipment_lines_line_fkey": "line",
    "orders_replaces_fkey": "replaces_order_id",
    "returns_replacement_fkey": "replacement_order_id",
    "images_fetched_source_unique": "source",
    "images_fetched_source_check": "source",
    "products_inventory_check": "inventory_count",
    "products_untracked_inventory_check": "inventory_count",
}
"""The fields of constraints and unique indexes whose names contain no field."""


def _pointer(error: psycopg.Error) -> str:
    """Return the pointer of the field that violates a constraint, or an empty pointer for the whole body."""
    diag = error.diag
    field = diag.column_name or field_of(diag.table_name or "", diag.constraint_name or "")
    return f"/{field}" if field else ""


def field_of(table: str, constraint: str) -> str:
    """Return the name of the field that a constraint restricts. It is empty if the constraint has several fields.

    The name of the field is derived from the name of the constraint, because PostgreSQL reports no key under row-level
    security.
    """
    if constraint in FIELDS:
        return FIELDS[constraint]
    name = constraint.removeprefix(f"{table}_")
    if name in ("pkey", "check"):
        return ""
    if name.endswith("_fkey"):
        # A foreign key to an object of the same client has two columns: the client and the object.
        return name.removesuffix("_fkey").removeprefix("client_id_").removesuffix("_id") + "_id"
    return re.sub("^catalog_(?=sku)|_(key|check|unique|size|length)$", "", name)


def _violation(error: psycopg.Error) -> str:
    """Return why a value violates a check. `0011_bounds.sql` describes the names of the constraints."""
    name = error.diag.constraint_name or ""
    if name.endswith("_size"):
        return (
            f"would have more than {MAX_OBJECT_BYTES:,} bytes as JSON, including the stored members; send less, or "
            "set stored members to null"
        )
    if name.endswith("_length"):
        return "is too long; shorten it"
    return "has a value that is not allowed"
