"""The database connections of a function, for writes on the primary, reads on a replica, and reads on the primary."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import psycopg
from psycopg.rows import DictRow, dict_row

from wecelebrate.core.database.errors import redact, redacted, to_problem
from wecelebrate.core.database.login import connection_parameters
from wecelebrate.core.metering import meter
from wecelebrate.core.settings import settings


class MeteredCursor(psycopg.Cursor[DictRow]):
    """A cursor that bills the time and the rows of each statement to the current tenant (overhead: about 1 µs).

    It does not bill COPY, because the duration of a COPY depends on how fast the function writes the rows. The texts of
    its errors contain no values of rows and parameters.
    """

    def execute(self, *args: Any, **kwargs: Any) -> Self:
        started = time.perf_counter()
        try:
            return super().execute(*args, **kwargs)
        except psycopg.Error as error:
            redact(error)
            raise
        finally:
            meter.record_query(time.perf_counter() - started, self.rowcount)

    def executemany(self, *args: Any, **kwargs: Any) -> None:
        started = time.perf_counter()
        try:
            super().executemany(*args, **kwargs)
        except psycopg.Error as error:
            redact(error)
            raise
        finally:
            meter.record_query(time.perf_counter() - started, self.rowcount)

    @contextmanager
    def copy(self, *args: Any, **kwargs: Any) -> Iterator[psycopg.Copy]:
        with redacted(), super().copy(*args, **kwargs) as copy:
            yield copy


@dataclass
class Endpoint:
    """A database address with a single connection, because a function instance handles only one event at a time."""

    read_only: bool
    retry_seconds: float
    """How long the function tries to connect again after it has lost the connection."""
    connection: psycopg.Connection[DictRow] | None = None
    in_thread: bool = False
    """Whether the connection belongs to a thread that runs beside the main thread. The thread's statements are not
    billed.
    """
    skip_until: float = field(default=0.0)
    """The time (of the monotonic clock) until which the endpoint is not used."""

    def connected(self, address: str) -> psycopg.Connection[DictRow]:
        """Return the open connection.

        It opens a new connection if no connection is open, or if the old connection is broken.
        """
        if self.connection is None or self.connection.closed or self.connection.broken:
            self.connection = connect_in_thread(address) if self.in_thread else connect(address)
            self.connection.read_only = self.read_only
            # Every BEGIN names the mode and the isolation level. Otherwise, defaults that injected SQL has set in a
            # pooled session would apply to the transaction of the next caller.
            self.connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        return self.connection

    def reset_session(self) -> None:
        """Reset the session on the server.

        `app.enter` also resets the session, but an injected timeout can be too short for `app.enter`.
        """
        try:
            if self.connection is not None:
                self.connection.execute("select app.reset_session()")
                self.connection.commit()
        except psycopg.Error:
            self.drop()

    def drop(self) -> None:
        """Close the connection. The next call of `connected` opens a new one."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


reader = Endpoint(read_only=True, retry_seconds=0.0)
primary_reader = Endpoint(read_only=True, retry_seconds=1.0)
"""The connection for reads on the primary. It is used, for example, if the replica is unavailable or has not caught
up."""
writer = Endpoint(read_only=False, retry_seconds=1.0)


beside = Endpoint(read_only=False, retry_seconds=0.0, in_thread=True)
"""The connection of the thread that renews the lease of a job. It stays open for the next job of the worker. Therefore
each busy worker has one connection more than other functions."""


def connect(address: str) -> psycopg.Connection[DictRow]:
    """Open a connection to an address (`host:port`) with the login of this function."""
    # No prepared statements: a named prepared statement would pin the session in RDS Proxy.
    return psycopg.connect(
        **connection_parameters(address), prepare_threshold=None, row_factory=dict_row, cursor_factory=MeteredCursor
    )


def connect_in_thread(address: str) -> psycopg.Connection[DictRow]:
    """Open a connection for a thread that runs beside the main thread.

    If the server disappears without closing the connection, a statement fails within a few seconds.
    """
    parameters = connection_parameters(address)
    return psycopg.connect(
        **parameters, prepare_threshold=None, row_factory=dict_row,
        keepalives_idle=2, keepalives_interval=1, keepalives_count=3, tcp_user_timeout=4_000,
    )  # fmt: skip


def probe(which: Literal["reader", "writer"]) -> None:
    """Check that a database answers a query. The query needs no caller. Raises Unavailable if there is no answer."""
    endpoint, address = (
        (reader, settings().database_reader) if which == "reader" else (writer, settings().database_writer)
    )
    try:
        connection = endpoint.connected(address)
        connection.execute("select 1")
        connection.rollback()
    except psycopg.Error as error:
        endpoint.drop()
        raise to_problem(error) from error
