"""Holds database locks for a test, and observes the transactions that wait for the locks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from tests.platform.cloud import CloudAccess

COUNT_WAITING = """
with recursive waiting as (
  select pid from pg_stat_activity where %s = any(pg_blocking_pids(pid))
  union
  select behind.pid from pg_stat_activity behind, waiting where waiting.pid = any(pg_blocking_pids(behind.pid))
)
select count(*)::int as waiting from waiting
"""
"""A query that counts the transactions that a given transaction blocks.

The count includes transactions that are blocked by another blocked transaction.
"""


@dataclass(frozen=True)
class HeldLocks:
    """Represents the locks of an open transaction."""

    cloud: CloudAccess
    pid: int
    """The pid of the server process that runs the transaction."""

    def wait_for(self, transactions: int) -> None:
        """Wait until exactly this number of transactions wait for the locks.

        The number includes transactions that wait for another waiting transaction.
        """
        self.cloud.eventually(lambda: self.count_waiting() == transactions)

    def terminate_waiting(self) -> None:
        """Terminate the transactions that directly wait for the locks.

        A database proxy terminates a transaction when its client has disconnected. Without a proxy, the transaction
        first acquires the lock. PostgreSQL then notices that the client has disconnected.
        """
        self.cloud.database.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where %s = any(pg_blocking_pids(pid))",
            [self.pid],
        )

    def count_waiting(self) -> int:
        """Return the number of transactions that wait for the locks, as `wait_for` counts them."""
        row = self.cloud.database.execute(COUNT_WAITING, [self.pid]).fetchone()
        assert row is not None
        return int(row["waiting"])


class Locks(CloudAccess):
    """Holds database locks."""

    @contextmanager
    def holding(self, statement: LiteralString, parameters: Sequence[Any] = ()) -> Iterator[HeldLocks]:
        """Execute a statement, and hold the locks of the statement until the context ends.

        Then roll back the transaction.
        """
        with psycopg.connect(self.endpoints.database, row_factory=dict_row) as holder:
            holder.execute(statement, parameters)
            yield HeldLocks(self, holder.info.backend_pid)
            holder.rollback()
