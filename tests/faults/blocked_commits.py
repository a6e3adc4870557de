"""Blocks the commits of transactions. So a test can kill a function after its commit and before its response.

The commits of the API's functions wait until a synchronous standby confirms them. This standby does not exist, so the
commits wait forever. If the wait is cancelled, the commit completes.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.platform import Platform


@contextmanager
def blocking_commits(platform: Platform) -> Iterator[None]:
    """Block every commit of the login `wc_api`. The commits of other logins are not blocked."""
    database = platform.database
    database.execute("alter system set synchronous_commit = local")
    database.execute("alter role wc_api set synchronous_commit = on")
    database.execute("alter system set synchronous_standby_names = 'nobody'")
    database.execute("select pg_reload_conf()")
    # A new setting of a role has no effect on connections that are already open.
    database.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'wc_api'")
    try:
        yield
    finally:
        database.execute("alter role wc_api reset synchronous_commit")
        database.execute("alter system reset synchronous_standby_names")
        database.execute("select pg_reload_conf()")


def blocked_commits(platform: Platform) -> list[int]:
    """Return the pids of the server processes whose commit is blocked."""
    rows = platform.database.execute(
        "select pid from pg_stat_activity where wait_event = 'SyncRep' and usename = 'wc_api'"
    ).fetchall()
    return [row["pid"] for row in rows]


def complete_commits(platform: Platform) -> None:
    """Complete all blocked commits."""
    for pid in blocked_commits(platform):
        platform.database.execute("select pg_cancel_backend(%s)", [pid])
