"""Transactions that run as a caller. The first statement of every transaction is `app.enter`."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, repeat
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import DictRow
from pydantic import BaseModel

from wecelebrate.core import deadline, kill_switches, metrics
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import invalidations
from wecelebrate.core.database.caller import Caller, CallerContext, check_session
from wecelebrate.core.database.endpoints import Endpoint, beside, primary_reader, reader, writer
from wecelebrate.core.database.errors import (
    EndedByReplica,
    RowSecuritySuspended,
    is_connection_lost,
    is_ended_by_replica,
    to_problem,
)
from wecelebrate.core.database.invalidations import Commit
from wecelebrate.core.errors import Forbidden, Problem, SessionRevoked, Unavailable
from wecelebrate.core.metering import meter
from wecelebrate.core.settings import settings

READER_RETRY_SECONDS = 5.0
"""The number of seconds for which the replica is not used after a failed attempt to use it."""
SLOW_CONNECT_SECONDS = 1.0
"""If a failed attempt to connect took longer than this time, there is no further attempt."""
RETRY_PAUSE_SECONDS = 0.05
"""The pause between two attempts to connect. A restarting pooler accepts connections again after a few pauses."""
MAX_RESETS = 10
"""The maximum number of resets before one transaction begins. If the statement timeout ends `app.enter`, the session is
reset, and `app.enter` runs again. A reset takes 0.1 ms, and the shortest timeout is 1 ms."""
ENTER = (
    "select role, admin_role, client_ids, editor_ids, owner_ids, site_id, site_client_id, site_catalog_id, tier,"
    " requests_per_hour, caught_up, kill_switches from app.enter(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
"""The statement that sets the caller. The database accepts a caller only from a statement of this form, with the values
as parameters."""

LEAVE = "select xid, outbox, tags from app.transaction_writes()"

Local = TypeVar("Local")
Result = TypeVar("Result")


class Transaction:
    """An open transaction that runs as one caller. Every query gets the transaction as its connection argument."""

    def __init__(self, connection: psycopg.Connection[DictRow], caller: Caller, context: CallerContext) -> None:
        self._connection = connection
        self._after_commit: list[Callable[[], None]] = []
        self._locals: dict[Any, Any] = {}
        self.caller = caller
        self.context = context
        self.committed = Commit()
        """The changes of the transaction. Empty until the transaction has committed."""
        self.write_through: list[tuple[Entry, Callable[[Transaction], BaseModel]]] = []
        """The cache entries to load again after the commit, each with the function that loads it."""
        self.is_rehearsal = False
        """Whether a rehearsal is running, whose changes will be undone. See `rehearsal`."""

    def cursor(self) -> psycopg.Cursor[DictRow]:
        """Return a cursor inside the transaction. Its rows are dicts."""
        return self._connection.cursor()

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Register a callback.

        It runs after the commit and the cache invalidations. After a rollback it does not run.
        """
        self._after_commit.append(callback)

    def local(self, factory: "Callable[[Transaction], Local]") -> Local:
        """Return the object that `factory` creates for this transaction. Only the first call creates the object."""
        if factory not in self._locals:
            self._locals[factory] = factory(self)
        value: Local = self._locals[factory]
        return value

    def run_after_commit(self) -> None:
        """Run the registered callbacks, in the order of their registration."""
        for callback in self._after_commit:
            callback()

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Run a `with` block and undo everything that the block did in this transaction.

        A rehearsal shows whether the caller is allowed to do something, but does not do it. The changes of the block
        are rolled back. The messages and the other callbacks of the block are discarded. Code that writes outside the
        database must check `is_rehearsal` first. Raises the errors of the block; errors of PostgreSQL become problems.
        """
        callbacks, values, entries = list(self._after_commit), dict(self._locals), list(self.write_through)
        self.is_rehearsal = True
        try:
            with self._connection.transaction(force_rollback=True):
                yield
        except psycopg.Error as error:
            raise to_problem(error) from error
        finally:
            self.is_rehearsal = False
            self._after_commit, self._locals, self.write_through = callbacks, values, entries

    @contextmanager
    def savepoint(self) -> Iterator[Callable[[], None]]:
        """Run a `with` block whose changes can be rolled back without the rest of the transaction.

        It yields a function. If the block calls this function, the changes are rolled back at the end of the block.
        """
        with self._connection.transaction() as part:
            rolled_back = False

            def roll_back() -> None:
                nonlocal rolled_back
                rolled_back = True

            yield roll_back
            if rolled_back:
                raise psycopg.Rollback(part)


@contextmanager
def writing(caller: Caller, *, remember: bool = True) -> Iterator[Transaction]:
    """Open a transaction on the primary. It commits at the end of the block, and rolls back if an exception is raised.

    If `remember` is false, the cache does not remember the write. Later reads of the caller then possibly do not
    contain the write.

    After the commit, the tags of the changes are invalidated in the cache. Then the `after_commit` callbacks run.

    Raises Unavailable if the database cannot be reached. Any other error of the database becomes another problem of
    `core.errors`.
    """
    with _CallerTransaction(writer, settings().database_writer, caller) as tx:
        yield tx
    commit, write_key = tx.committed, caller.write_key if remember else ""
    if commit.xid is not None and invalidations.publish(commit, write_key) and commit.outbox:
        _mark_sent(commit.outbox)
    tx.run_after_commit()


@contextmanager
def writing_beside(caller: Caller) -> Iterator[Transaction]:
    """Open a transaction on the primary, in a thread that runs beside the main thread.

    The thread has its own connection.

    Only one thread can use this function. The transaction is not billed. It must not change anything that is cached.
    Raises the same exceptions as `writing`.
    """
    with _CallerTransaction(beside, settings().database_writer, caller) as tx:
        yield tx


def _mark_sent(outbox: Sequence[UUID]) -> None:
    """Mark the given outbox rows as sent. If this fails, the sweeper sends the rows again, which is harmless."""
    connection = writer.connection
    try:
        if connection is not None:
            # Without a transaction block, this is one round trip instead of three.
            connection.autocommit = True
            connection.execute("select app.delete_sent_invalidations(%s)", [list(outbox)])
            connection.autocommit = False
    except psycopg.Error:
        writer.drop()


@contextmanager
def reading(caller: Caller, *, primary: bool = False) -> Iterator[Transaction]:
    """Open a read-only transaction on the replica.

    In three cases, the transaction runs on the primary instead: `primary` is true, the replica is unavailable, or the
    replica has not replayed all transactions that the caller must see. Raises EndedByReplica if the replica ends the
    transaction, e.g. because it stops. `retry_on_primary` then reads again.
    """
    with _open_read(caller, primary or kill_switches.is_set("reads", "primary")) as tx:
        yield tx


def retry_on_primary(read: Callable[[], Result]) -> Result:
    """Return the result of `read`, which opens transactions with `reading`.

    If the replica ends a transaction, `read` is called once more. It then reads from the primary, because the replica
    is not used for READER_RETRY_SECONDS. A transaction on the primary is never repeated.
    """
    try:
        return read()
    except EndedByReplica:
        return read()


@contextmanager
def reading_snapshot(
    caller: Caller, sees_request: Callable[[Transaction], bool], *, primary: bool = False
) -> Iterator[Transaction]:
    """Open a read-only transaction in which all statements read the same snapshot (REPEATABLE READ).

    An earlier transaction wrote the row that requests this read. `sees_request` returns whether the new transaction
    sees this row. If the replica is available and the row is visible there, the transaction runs on the replica.
    Otherwise, or if `primary` is true, it runs on the primary.

    A replica replays commits in their order. A snapshot with the row therefore also contains everything that was
    committed before the row. A comparison of transaction ids would not prove this, because it uses the current state of
    the server and not the snapshot.

    Raises the same exceptions as `reading`.
    """
    if not primary and reader.skip_until <= time.monotonic() and not kill_switches.is_set("reads", "primary"):
        transaction = _CallerTransaction(
            reader, settings().database_reader, caller, isolation=psycopg.IsolationLevel.REPEATABLE_READ
        )
        try:
            is_usable = (tx := transaction.open()).context.caught_up and sees_request(tx)
        except (Unavailable, psycopg.Error):
            transaction.abandon()
            _skip_replica()
        else:
            if is_usable:
                with transaction as tx:
                    yield tx
                return
            transaction.abandon()
    if not primary:
        metrics.count("ReaderHandedOver")
    with _CallerTransaction(
        primary_reader, settings().database_writer, caller, isolation=psycopg.IsolationLevel.REPEATABLE_READ
    ) as tx:
        yield tx


def _open_read(caller: Caller, primary: bool) -> "_CallerTransaction":
    if not primary and reader.skip_until <= time.monotonic():
        transaction = _CallerTransaction(reader, settings().database_reader, caller)
        try:
            context = transaction.open().context
        except Unavailable:
            _skip_replica()
        else:
            if context.caught_up:
                return transaction
            transaction.abandon()
    if not primary:
        metrics.count("ReaderHandedOver")
    return _CallerTransaction(primary_reader, settings().database_writer, caller)


def _skip_replica() -> None:
    reader.skip_until = time.monotonic() + READER_RETRY_SECONDS


class _CallerTransaction:
    """Opens a transaction on an endpoint, calls `app.enter` for the caller, and ends the transaction."""

    def __init__(
        self,
        endpoint: Endpoint,
        address: str,
        caller: Caller,
        isolation: psycopg.IsolationLevel = psycopg.IsolationLevel.READ_COMMITTED,
    ) -> None:
        self._endpoint = endpoint
        self._address = address
        self._caller = caller
        self._isolation = isolation
        self._tx: Transaction | None = None

    def open(self) -> Transaction:
        """Begin the transaction and call `app.enter` for the caller.

        If the connection is lost, the first retry follows immediately. Further retries follow until the endpoint's
        `retry_seconds` have passed.
        """
        started, resets = time.monotonic(), MAX_RESETS
        for pause in chain((0.0,), repeat(RETRY_PAUSE_SECONDS)):
            if self._tx is not None:
                break
            try:
                self._tx = self._enter()
            except psycopg.Error as error:
                self.abandon()
                if isinstance(error, psycopg.errors.QueryCanceled) and resets:
                    # A previous user of the pooled session may have set a timeout that is too short for app.enter.
                    resets -= 1
                    self._endpoint.reset_session()
                    continue
                elapsed = time.monotonic() - started
                give_up = elapsed > self._endpoint.retry_seconds and (pause or elapsed > SLOW_CONNECT_SECONDS)
                if give_up or not is_connection_lost(error):
                    raise self._problem(error) from error
                self._endpoint.drop()
                time.sleep(pause)
        assert self._tx is not None
        return self._tx

    def _enter(self) -> Transaction:
        connection = self._endpoint.connected(self._address)
        if connection.isolation_level is not self._isolation:
            connection.isolation_level = self._isolation
        caller = self._caller
        # Only writes create entries in the audit log. Therefore a read does not pass the request id and the address.
        request = (None, None) if self._endpoint.read_only else (caller.request_id, caller.address)
        row = connection.execute(
            ENTER,
            [
                caller.subject,
                caller.email,
                caller.site_domain,
                caller.client_id,
                list(caller.min_xids),
                caller.job_id,
                deadline.milliseconds_left(),
                *request,
            ],
        ).fetchone()
        if row is None:
            raise Unavailable("The database returned no context for the caller. Try again in a few seconds.")
        not_before = row["kill_switches"].pop("sessions_not_before", None)
        context = CallerContext(**row, sessions_not_before=not_before)
        try:
            check_session(caller, not_before)
        except SessionRevoked:
            self.abandon()
            raise
        kill_switches.learn(context.kill_switches)
        return Transaction(connection, caller, context)

    def abandon(self) -> None:
        """Roll back the transaction."""
        self._tx = None
        connection = self._endpoint.connection
        if connection is not None:
            try:
                connection.rollback()
            except psycopg.Error:
                self._endpoint.drop()

    def __enter__(self) -> Transaction:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection, tx = self._endpoint.connection, self._tx
        if error is not None or connection is None or tx is None:
            self.abandon()
            if isinstance(error, Forbidden) and isinstance(error.__cause__, psycopg.Error):
                error = error.__cause__
            if isinstance(error, psycopg.Error):
                raise self._problem(error) from error
            return
        try:
            commit = None if self._endpoint.read_only else connection.execute(LEAVE).fetchone()
            started = time.perf_counter()
            connection.commit()
            if not self._endpoint.in_thread:
                meter.record_query(time.perf_counter() - started, queries=0)
            if commit is not None:
                tx.committed = Commit(commit["xid"], tuple(commit["outbox"] or ()), tuple(commit["tags"] or ()))
        except psycopg.Error as failure:
            self.abandon()
            raise self._problem(failure) from failure

    def _problem(self, error: psycopg.Error) -> Problem:
        if isinstance(error, psycopg.errors.InsufficientPrivilege) and self._names_suspended_table(error):
            return RowSecuritySuspended()
        if self._endpoint is reader and is_ended_by_replica(error):
            _skip_replica()
            return EndedByReplica("The database cannot be reached. Try again in a few seconds.")
        return to_problem(error)

    def _names_suspended_table(self, error: psycopg.Error) -> bool:
        """Return whether a suspension of row-level security revoked the missing privilege (decision 0074).

        The function runs only after a privilege error, when the transaction has already ended. Therefore other
        transactions have no additional cost.
        """
        words = set(re.findall(r"\w+", error.diag.message_primary or ""))
        connection = self._endpoint.connection
        try:
            row = connection.execute("select app.suspended_tables() as tables").fetchone() if connection else None
        except psycopg.Error:
            row = None
        self.abandon()
        return row is not None and not words.isdisjoint(row["tables"])
