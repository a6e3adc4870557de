"""Measures how long a worker takes to claim its next job."""

import time
from collections.abc import Iterator
from statistics import median

from infra.bench.platform import BenchPlatform
from infra.bench.rows import Limit, Row, measures
from wecelebrate.core.database import ENTER, SYSTEM

RUNS = 3
CLIENTS = 100
PENDING = 100
"""The number of pending jobs of each client. All jobs of a client have the same ordering key."""
CLAIMS = 40
"""The number of claims in one run of the measurement."""
LIMIT = Limit.at_most(3.0)
"""A claim among many pending jobs must not be much slower than a claim among few pending jobs."""
_INSERT_JOBS = """
insert into clients (name, slug) select 'bench', 'bench-' || n from generate_series(1, %(clients)s) n;
insert into jobs (client_id, type, status, requested_by, payload, ordering_key)
select c.id, 'data_export', 'pending', 'service:bench', '{}', c.slug
from clients c, generate_series(1, %(pending)s) n where c.slug like 'bench-%%' order by n;
analyze jobs
"""


@measures("next-job")
def next_job(platform: BenchPlatform) -> Iterator[Row]:
    """Compare a claim among 10,000 pending jobs with a claim among 100 pending jobs."""
    pairs = [(_claim_milliseconds(platform, PENDING), _claim_milliseconds(platform, 1)) for _ in range(RUNS)]
    yield Row.of_pairs(
        "next-job",
        pairs,
        "ms",
        floor_name=f"with {CLIENTS} pending jobs",
        limit=LIMIT,
        note=f"{CLIENTS * PENDING:,} pending jobs of {CLIENTS} clients",
    )


def _claim_milliseconds(platform: BenchPlatform, pending: int) -> float:
    """Return the median duration of a claim. Roll back all changes.

    pending: the number of pending jobs of each client.
    """
    milliseconds = []
    with platform.database.transaction(force_rollback=True):
        for statement in _INSERT_JOBS.split(";"):
            platform.database.execute(statement.encode(), {"clients": CLIENTS, "pending": pending})
        # Run the claim as a worker, because the row-level policies of a worker determine which indexes PostgreSQL can
        # use.
        platform.database.execute("set local session authorization wc_worker")
        platform.database.execute(ENTER, [SYSTEM.subject, None, None, None, [], None, None, None, None])
        for _ in range(CLAIMS):
            began = time.perf_counter()
            job = platform.database.execute("select id from app.claim_job('data_export', 3, 60)").fetchone()
            milliseconds.append((time.perf_counter() - began) * 1000)
            assert job is not None
    return median(milliseconds[1:])
