"""Transactions that are blocked in their commit, so that a test can kill their function between commit and response.

The functions of the API commit only after a synchronous standby has confirmed, and this standby does not exist.
Cancelling the wait completes the commit.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.platform import Platform


@contextmanager
def blocking_commits(platform: Platform) -> Iterator[None]:
    """Block every commit of the login `wc_api`. Other logins are not affected."""
    database = platform.database
    database.execute("alter system set synchronous_commit = local")
    database.execute("alter role wc_api set synchronous_commit = on")
    database.execute("alter system set synchronous_standby_names = 'nobody'")
    database.execute("select pg_reload_conf()")
    # A role's setting applies to new connections only.
    database.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'wc_api'")
    try:
        yield
    finally:
        database.execute("alter role wc_api reset synchronous_commit")
        database.execute("alter system reset synchronous_standby_names")
        database.execute("select pg_reload_conf()")


def blocked_commits(platform: Platform) -> list[int]:
    """The pids of the server processes that are blocked in their commit."""
    rows = platform.database.execute(
        "select pid from pg_stat_activity where wait_event = 'SyncRep' and usename = 'wc_api'"
    ).fetchall()
    return [row["pid"] for row in rows]


def complete_commits(platform: Platform) -> None:
    """Complete all blocked commits."""
    for pid in blocked_commits(platform):
        platform.database.execute("select pg_cancel_backend(%s)", [pid])
