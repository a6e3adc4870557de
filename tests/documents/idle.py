"""Waits until the local cloud has no work to do. The command is `python -m tests.documents.idle`.

A reader types slowly, so a job has ended before the reader enters the next command. The test runs the next command
immediately, so the test must wait for the job.
"""

import time

import psycopg

from infra.local.endpoints import load_endpoints, state_directory

TIMEOUT = 30
"""The longest time to wait, in seconds."""

_BUSY = """
select exists (select from jobs where status in ('pending', 'processing') and approval is distinct from 'needed')
  or exists (select from webhook_deliveries where status = 'pending' and attempts = 0)
"""
_WRITTEN = "select pg_current_wal_lsn()::text"
_REPLAYED = "select pg_last_wal_replay_lsn() >= %s::pg_lsn"


def main() -> None:
    """Wait until the work has ended and the replica has replayed all results. Exit with an error after TIMEOUT
    seconds."""
    endpoints = load_endpoints(state_directory())
    deadline = time.monotonic() + TIMEOUT
    with (
        psycopg.connect(endpoints.database, autocommit=True) as primary,
        psycopg.connect(endpoints.replica, autocommit=True) as replica,
    ):
        while primary.execute(_BUSY).fetchone() != (False,):
            _sleep(deadline)
        written = primary.execute(_WRITTEN).fetchone()
        while replica.execute(_REPLAYED, written).fetchone() != (True,):
            _sleep(deadline)


def _sleep(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise SystemExit(f"jobs, deliveries or the replica are not ready after {TIMEOUT} seconds")
    time.sleep(0.05)


if __name__ == "__main__":
    main()
