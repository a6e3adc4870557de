"""Blocks the commits of transactions, so that a test can kill a function after its commit and before its response.

While commits are blocked, every commit waits until a synchronous standby confirms it. This standby does not exist, so
the commits wait until the end of the block. Then all commits complete.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.platform import Platform


@contextmanager
def blocking_commits(platform: Platform) -> Iterator[None]:
    """Block every commit, including the commits of workers, until the end of the `with` block. Keep the block short."""
    database = platform.database
    database.execute("alter system set synchronous_commit = on")
    database.execute("alter system set synchronous_standby_names = 'nobody'")
    database.execute("select pg_reload_conf()")
    try:
        yield
    finally:
        database.execute("alter system reset synchronous_standby_names")
        database.execute("alter system reset synchronous_commit")
        database.execute("select pg_reload_conf()")
        logins = ("wc_api", "wc_public")
        platform.eventually(
            lambda: not any(blocked_commits(platform, login) for login in logins), within=10, every=0.005
        )


def blocked_commits(platform: Platform, login: str = "wc_api") -> list[int]:
    """Return the pids of the server processes that belong to a login and whose commit is blocked."""
    rows = platform.database.execute(
        "select pid from pg_stat_activity where wait_event = 'SyncRep' and usename = %s", [login]
    ).fetchall()
    return [row["pid"] for row in rows]
