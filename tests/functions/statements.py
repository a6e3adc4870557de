"""Counts the SQL statements that functions send to the replica."""

from tests.platform import Platform


def count_statements(platform: Platform) -> int:
    """Return how many statements the replica has executed for functions since the replica started."""
    row = platform.replica.execute(
        "select coalesce(sum(calls), 0)::int as calls from pg_stat_statements"
        " where toplevel and userid in (select oid from pg_roles where rolname like 'wc\\_%' or rolname like 'app\\_%')"
    ).fetchone()
    assert row is not None
    return int(row["calls"])
