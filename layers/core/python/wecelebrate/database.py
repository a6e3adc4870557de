"""The way to the database: one transaction, entered as its caller.

There is no other way to a cursor, so no query can forget its tenant::

    with reading(caller) as tx:
        row = sql.get_product(tx, product_id=product_id)

The first statement of every transaction is `app.enter`: it looks the caller up, switches to the caller's database role
and seals the caller's ids, all until the transaction ends. Nothing here pins a session of RDS Proxy: no session SET,
no named prepared statement, no server-side cursor.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain, repeat
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self
from uuid import UUID

import aiosql
import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from pydantic import BaseModel

from wecelebrate import database_errors, invalidations, metrics, switches
from wecelebrate.cache.keys import Entry
from wecelebrate.database_login import parameters
from wecelebrate.errors import Unavailable
from wecelebrate.invalidations import Left
from wecelebrate.settings import settings
from wecelebrate.spending import ledger

if TYPE_CHECKING:
    from wecelebrate.queue import Word

Dispatch = Literal["queued", "at-once", "deferred"]

READER_REST = 5.0
"""Seconds for which a reader that refused is not asked again."""
SLOW = 1.0
"""Seconds after which an endpoint that does not answer is not tried a second time."""
RETRY_PAUSE = 0.05
"""Seconds between two tries to reach an endpoint: a pooler that restarts is back after a few of them."""
ENTER = (
    "select role, admin_role, client_ids, editor_ids, owner_ids, site_id, site_client_id, site_catalog_id, tier,"
    " requests_per_hour, caught_up, kill_switches as switches from app.enter(%s, %s, %s, %s, %s, %s)"
)
"""A statement of its own, nothing but parameters in it: the database lets nobody in by another."""

LEAVE = "select xid, outbox, tags from app.transaction_writes()"


@dataclass(frozen=True)
class Caller:
    """Who asks, as the token, the route or the job says it. What it may do is looked up at every entry."""

    subject: str | None = None
    """The token's `sub`; `service:…` for our own workers; none for a visitor."""
    email: str | None = None
    """The token's e-mail, when it is verified."""
    site_domain: str | None = None
    """The storefront that is visited."""
    client_id: UUID | None = None
    """The one client a service acts for."""
    job_id: UUID | None = None
    """The job whose staged rows may be read."""
    min_xids: tuple[str, ...] = ()
    """Transactions that a reader must have replayed to answer."""

    @property
    def memory(self) -> str:
        """What this caller's own writes are remembered by; '' for one whose are not."""
        return f"caller:{self.subject}" if self.subject and not self.subject.startswith("service:") else ""

    def after(self, xids: Iterable[str]) -> "Caller":
        """The same caller, who has to see these transactions as well."""
        return replace(self, min_xids=(*self.min_xids, *xids))


SYSTEM = Caller(subject="service:system")
"""Schedules and the bookkeeping of queues."""


@dataclass(frozen=True)
class Entered:
    """What `app.enter` found out about the caller."""

    role: str
    admin_role: str | None
    client_ids: list[UUID] | None
    editor_ids: list[UUID] | None
    owner_ids: list[UUID] | None
    site_id: UUID | None
    site_client_id: UUID | None
    site_catalog_id: UUID | None
    tier: str | None
    requests_per_hour: int | None
    """Of the tier; none for admins, support and services."""
    caught_up: bool
    """Whether this server has what the caller wrote, and keeps up."""
    switches: dict[str, str]
    """What is not as it is by default."""


class _Cursor(psycopg.Cursor[DictRow]):
    """A cursor whose statements, rows and time go to whoever the work is for; that costs a microsecond. Not so
    COPY: its time is that of whoever writes the rows."""

    def execute(self, *args: Any, **kwargs: Any) -> Self:
        began = time.perf_counter()
        try:
            return super().execute(*args, **kwargs)
        finally:
            ledger.database(time.perf_counter() - began, self.rowcount)

    def executemany(self, *args: Any, **kwargs: Any) -> None:
        began = time.perf_counter()
        try:
            super().executemany(*args, **kwargs)
        finally:
            ledger.database(time.perf_counter() - began, self.rowcount)


class Transaction:
    """An open transaction of one caller: what queries take as their connection."""

    def __init__(self, connection: psycopg.Connection[DictRow], caller: Caller, entered: Entered) -> None:
        self._connection = connection
        self.caller = caller
        self.entered = entered
        self.left = Left()
        """What it leaves behind; known once it is committed."""
        self.written: list[tuple[Entry, Callable[[Transaction], BaseModel]]] = []
        """What was written, to be read into the cache once it is committed."""
        self.words: list[Word] = []
        """Messages to be sent once it is committed."""
        self.unless_told: list[Callable[[], bool]] = []
        """What is done at once, and whether it was, when they cannot be sent."""
        self.hints: list[Word] = []
        """Messages to be sent with them whose loss nobody has to be told of: the sweeper makes up for it in seconds."""
        self.dispatch: Dispatch | None = None
        """What became of them; known once it is committed."""

    def cursor(self) -> psycopg.Cursor[DictRow]:
        """A cursor inside the transaction; rows are dicts."""
        return self._connection.cursor()

    @contextmanager
    def savepoint(self) -> Iterator[Callable[[], None]]:
        """A part that can fail alone, or be undone: call what it yields, and its end takes the part back."""
        with self._connection.transaction() as part:
            undone = False

            def undo() -> None:
                nonlocal undone
                undone = True

            yield undo
            if undone:
                raise psycopg.Rollback(part)


@dataclass
class _Endpoint:
    """One address with its one connection: a function instance serves one event at a time."""

    read_only: bool
    patience: float
    """Seconds for which it is tried again when it cannot be reached."""
    connection: psycopg.Connection[DictRow] | None = None
    resting_until: float = field(default=0.0)

    def connected(self, address: str) -> psycopg.Connection[DictRow]:
        if self.connection is None or self.connection.closed or self.connection.broken:
            self.connection = _connect(address)
            self.connection.read_only = self.read_only
        return self.connection

    def drop(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


_reader = _Endpoint(read_only=True, patience=0.0)
_reader_of_last_resort = _Endpoint(read_only=True, patience=1.0)
_writer = _Endpoint(read_only=False, patience=1.0)


class Queries:
    """The named queries of a file. It is read when the first of them is asked for, and once for all modules: most
    requests need few of the files that their function imports."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        query = getattr(_parsed(self._file), name)
        setattr(self, name, query)
        return query


@cache
def _parsed(file: Path) -> Any:
    return aiosql.from_path(file, "psycopg", mandatory_parameters=False)


def queries(beside: str) -> Queries:
    """The named queries of `queries.sql` beside a module, each a function of a transaction: `queries(__file__)`."""
    return Queries(Path(beside).with_name("queries.sql"))


def as_json(values: Mapping[str, Any], *columns: str) -> dict[str, Any]:
    """Parameters of a query, those of jsonb `columns` in the form that PostgreSQL takes."""
    return {name: Jsonb(value) if name in columns else value for name, value in values.items()}


@contextmanager
def writing(caller: Caller) -> Iterator[Transaction]:
    """A transaction on the primary. Commits at the end, rolls back on any exception; what it changed is then taken out
    of the cache, and the messages that it left are sent.

    Raises the problems of `wecelebrate.errors` for what the database refuses, Unavailable when it cannot be reached.
    """
    with _Entry(_writer, settings().database_writer, caller) as tx:
        yield tx
    if tx.left.xid is not None and invalidations.publish(tx.left, caller.memory) and tx.left.outbox:
        _forget(tx.left.outbox)
    if tx.words or tx.hints:
        tx.dispatch = _dispatch(tx)


def _dispatch(tx: Transaction) -> Dispatch | None:
    """Send the messages that a transaction left. What they are about is done at once, or by the sweeper, when they
    cannot be sent."""
    from wecelebrate import queue

    told = queue.tell([*tx.words, *tx.hints])
    if not tx.words:
        return None
    if told:
        return "queued"
    return "at-once" if tx.unless_told and all(do() for do in tx.unless_told) else "deferred"


def _forget(outbox: Sequence[UUID]) -> None:
    """Tell the outbox what was sent. What it is not told the sweeper sends once more, which does no harm."""
    connection = _writer.connection
    try:
        if connection is not None:
            connection.execute("select app.delete_sent_invalidations(%s)", [list(outbox)])
            connection.commit()
    except psycopg.Error:
        _writer.drop()


@contextmanager
def reading(caller: Caller, *, primary: bool = False) -> Iterator[Transaction]:
    """A read-only transaction on the reader; on the primary when that is asked for, and when the reader is gone or
    behind what the caller has to see."""
    with _read(caller, primary or switches.is_set("reads", "primary")) as tx:
        yield tx


def _read(caller: Caller, primary: bool) -> "_Entry":
    reader, writer = settings().database_reader, settings().database_writer
    if not primary and _reader.resting_until <= time.monotonic():
        entry = _Entry(_reader, reader, caller)
        try:
            entered = entry.open().entered
        except Unavailable:
            _reader.resting_until = time.monotonic() + READER_REST
        else:
            if entered.caught_up:
                return entry
            entry.abandon()
    if not primary:
        metrics.count("ReaderHandedOver")
    return _Entry(_reader_of_last_resort, writer, caller)


class _Entry:
    """Opens a transaction on an endpoint, and ends it."""

    def __init__(self, endpoint: _Endpoint, address: str, caller: Caller) -> None:
        self._endpoint = endpoint
        self._address = address
        self._caller = caller
        self._tx: Transaction | None = None

    def open(self) -> Transaction:
        """Begin and enter, once. A connection that is lost is replaced at once, then for as long as the endpoint is
        worth waiting for."""
        began = time.monotonic()
        for pause in chain((0.0,), repeat(RETRY_PAUSE)):
            if self._tx is not None:
                break
            try:
                self._tx = self._enter()
            except psycopg.Error as error:
                self.abandon()
                took = time.monotonic() - began
                if not database_errors.lost(error) or (took > self._endpoint.patience and (pause or took > SLOW)):
                    raise database_errors.problem(error) from error
                self._endpoint.drop()
                time.sleep(pause)
        assert self._tx is not None
        return self._tx

    def _enter(self) -> Transaction:
        connection = self._endpoint.connected(self._address)
        caller = self._caller
        row = connection.execute(
            ENTER,
            [
                caller.subject,
                caller.email,
                caller.site_domain,
                caller.client_id,
                list(caller.min_xids),
                caller.job_id,
            ],
        ).fetchone()
        if row is None:
            raise Unavailable("the database let nobody in")
        entered = Entered(**row)
        switches.learn(entered.switches)
        return Transaction(connection, caller, entered)

    def abandon(self) -> None:
        """Roll back and forget."""
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
            if isinstance(error, psycopg.Error):
                raise database_errors.problem(error) from error
            return
        try:
            left = None if self._endpoint.read_only else connection.execute(LEAVE).fetchone()
            began = time.perf_counter()
            connection.commit()
            ledger.database(time.perf_counter() - began, queries=0)
            if left is not None:
                tx.left = Left(left["xid"], tuple(left["outbox"] or ()), tuple(left["tags"] or ()))
        except psycopg.Error as failed:
            self.abandon()
            raise database_errors.problem(failed) from failed


def _connect(address: str) -> psycopg.Connection[DictRow]:
    # A named statement would pin the session in RDS Proxy.
    return psycopg.connect(**parameters(address), prepare_threshold=None, row_factory=dict_row, cursor_factory=_Cursor)


def copy_rows(tx: Transaction, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Send rows by COPY: `copy t (a, b) from stdin`."""
    with tx.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for row in rows:
            copy.write_row(row)


def probe(which: Literal["reader", "writer"]) -> None:
    """One round trip outside any transaction, as nobody. Raises Unavailable."""
    endpoint, address = (
        (_reader, settings().database_reader) if which == "reader" else (_writer, settings().database_writer)
    )
    try:
        connection = endpoint.connected(address)
        connection.execute("select 1")
        connection.rollback()
    except psycopg.Error as error:
        endpoint.drop()
        raise database_errors.problem(error) from error
