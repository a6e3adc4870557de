"""What it costs a worker to learn which job is next."""

import time
from collections.abc import Iterator
from statistics import median

from infra.bench import Row
from infra.bench.platform import BenchPlatform
from wecelebrate.database import ENTER, SYSTEM

CLIENTS = 100
WAITING = 100
"""Jobs that each of them has waiting, one behind the other."""
TAKES = 40
AT_MOST = 3.0
"""Times what it costs when each has one."""
_JOBS = """
insert into clients (name, slug) select 'bench', 'bench-' || n from generate_series(1, %(clients)s) n;
insert into jobs (client_id, type, status, requested_by, payload, ordering_key)
select c.id, 'data_export', 'pending', 'service:bench', '{}', c.slug
from clients c, generate_series(1, %(waiting)s) n where c.slug like 'bench-%%' order by n;
analyze jobs
"""


def next_job(platform: BenchPlatform) -> Iterator[Row]:
    """Taking a job of many that wait, beside taking one of few."""
    few, many = _take(platform, 1), _take(platform, WAITING)
    ratio = many / few
    beside = f"{CLIENTS * WAITING:,} wait, of {CLIENTS} clients; of {CLIENTS} that wait {few:.2f} ms, {ratio:.2f} times"
    yield Row("next-job", many, "ms", beside, ratio <= AT_MOST)


def _take(platform: BenchPlatform, waiting: int) -> float:
    """Median milliseconds of a take while each client has so many waiting. Nothing of it stays."""
    took = []
    with platform.database.transaction(force_rollback=True):
        for statement in _JOBS.split(";"):
            platform.database.execute(statement.encode(), {"clients": CLIENTS, "waiting": waiting})
        # As a worker, for its policies decide which indexes can be used.
        platform.database.execute("set local session authorization wc_worker")
        platform.database.execute(ENTER, [SYSTEM.subject, None, None, None, [], None])
        for _ in range(TAKES):
            began = time.perf_counter()
            taken = platform.database.execute("select id from app.claim_job('data_export', 3, 60)").fetchone()
            took.append((time.perf_counter() - began) * 1000)
            assert taken is not None
    return median(took[1:])
