"""Connects to the services of a running local cloud. Tests use these services to prepare and inspect data without the
API."""

import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, LiteralString, Self

import boto3
import httpx
import psycopg
import valkey
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row

from infra.local.endpoints import Endpoints
from infra.local.issuer import Issuer
from wecelebrate.core.cache.redis import Script

TLS = ssl.create_default_context()
"""The TLS context that all HTTP clients share.

Without this shared context, httpx would create a context for each client, which takes longer than most tests.
"""

FIRST_INTERVAL, MAX_INTERVAL = 0.02, 0.3
"""The first and the longest time between two checks of a condition, in seconds."""


def eventually(happens: Callable[[], object], within: float = 30, every: float | None = None) -> None:
    """Call `happens` until the result is true, at intervals of `every` seconds.

    If `every` is not given, the intervals become longer, because most calls send a request and many tests wait for
    seconds. The test fails if the result is not true within `within` seconds.
    """
    deadline = time.monotonic() + within
    interval = every or FIRST_INTERVAL
    while not happens():
        assert time.monotonic() < deadline, f"the condition was not met within {within} s"
        time.sleep(interval)
        interval = every or min(interval * 1.3, MAX_INTERVAL)


@dataclass
class CloudAccess:
    """Connects to the services of one local cloud."""

    endpoints: Endpoints
    issuer: Issuer
    database: psycopg.Connection[DictRow]
    """A connection to the primary as superuser. Tests use this connection only to prepare and inspect data."""
    state: Path
    """The state directory of the local cloud. The directory contains the logs."""
    _clients: list[httpx.Client] = field(default_factory=list)

    @classmethod
    @contextmanager
    def of(cls, endpoints: Endpoints, state: Path) -> Iterator[Self]:
        """Connect to a local cloud, and close all connections when the context ends."""
        with psycopg.connect(endpoints.database, autocommit=True, row_factory=dict_row) as database:
            platform = cls(endpoints, Issuer(state, endpoints.issuer), database, state)
            try:
                yield platform
            finally:
                platform.database.close()  # a test that restores the database opens a separate connection
                for client in platform._clients:
                    client.close()
                for name in {"replica", "redis"} & vars(platform).keys():
                    getattr(platform, name).close()

    @cached_property
    def replica(self) -> psycopg.Connection[DictRow]:
        """A connection to the replica as superuser."""
        return psycopg.connect(self.endpoints.replica, autocommit=True, row_factory=dict_row)

    @cached_property
    def redis(self) -> Any:
        """A client of the Redis server. This server stores the cache."""
        return valkey.Valkey.from_url(self.endpoints.redis, decode_responses=True)

    @cached_property
    def s3(self) -> Any:
        """An S3 client. A test uses this client to act as an ERP system."""
        return self._aws("s3")

    @cached_property
    def sqs(self) -> Any:
        """An SQS client."""
        return self._aws("sqs")

    def _aws(self, service: Literal["s3", "sqs"]) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoints.s3,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def arrange(self, statement: LiteralString, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> None:
        """Execute a statement on the primary. Then invalidate the cache, as the platform does after each change."""
        with self.changes():
            self.database.execute(statement, parameters)

    @contextmanager
    def changes(self) -> Iterator[None]:
        """Execute all statements of the block in one transaction. Then invalidate the cache.

        Inside another block of `changes`, all statements belong to the outer block.
        """
        if self.database.info.transaction_status == TransactionStatus.INTRANS:
            yield
            return
        with self.database.transaction():
            yield
            invalidations = self.database.execute(
                "delete from cache_invalidations where xid = pg_current_xact_id() returning xid::text, tags"
            ).fetchall()
        script = Script("invalidate").text
        now = time.time_ns() // 1_000_000
        for invalidation in invalidations:
            self.redis.eval(script, 0, "v1:local:", now, invalidation["xid"], "", "", *invalidation["tags"])

    def wait_for_replica(self) -> None:
        """Wait until the replica has replayed all writes of the primary. Wait at most 5 seconds.

        Functions read sessions and other data from the replica. Without this method, a function might not see a row
        that the test has just inserted.
        """
        written = self.database.execute("select pg_current_wal_flush_lsn() as lsn").fetchone()
        assert written is not None
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            replayed = self.replica.execute("select pg_last_wal_replay_lsn() >= %s::pg_lsn as yes", [written["lsn"]])
            if replayed.fetchone() == {"yes": True}:
                return
            time.sleep(0.001)

    def eventually(self, happens: Callable[[], object], within: float = 30, every: float | None = None) -> None:
        """Wait until a condition is met, like the function `eventually`."""
        eventually(happens, within, every)
