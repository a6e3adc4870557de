"""Workers are killed at random times during imports and full syncs. No row is lost, and no row is loaded twice."""

import random
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import QUEUES, TrackedCatalog, count_writes, expire_leases, signal_workers
from tests.platform import Json, Platform
from wecelebrate.ingestion.merge.run import CHUNK_SIZE

pytestmark = pytest.mark.slow

KILLS = 1_000 if FULL else 6
ROWS = 10_000
CATALOGS = 3 if FULL else 1
"""The number of catalogs for each type of job. Every catalog belongs to a different client."""
MAX_LIFE_SECONDS = 1.5
"""The longest time that a worker runs before the test kills the worker, in seconds."""


@dataclass
class Kills:
    """Counts the killed jobs, and stores the position that each killed job had reached."""

    count: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    positions: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Maps the id of a job to the number of staged items and the number of merged rows."""

    def record(self, job: Json) -> None:
        """Record the committed position of a killed job. Check that the position is not lower than at the previous
        kill."""
        self.count += 1
        phase = job["checkpoint"].get("phase", "stage")
        self.phases[phase] += 1
        position = job["checkpoint"].get("items", 0) if phase == "stage" else ROWS, job["done"]
        assert position >= self.positions.get(str(job["id"]), (0, 0)), "the job must not repeat committed work"
        self.positions[str(job["id"])] = position


@pytest.mark.timeout(3600)
def test_killed_workers_lose_no_row_and_repeat_at_most_one_chunk(own_platform: Platform, figure: Figure) -> None:
    platform = own_platform
    # Each job is killed many times, so it needs more attempts than the default allows.
    platform.database.execute("alter table jobs alter max_attempts set default 1000000")
    catalogs = [TrackedCatalog(platform, platform.tenant(), "product_import", ROWS) for _ in range(CATALOGS)]
    catalogs += [TrackedCatalog(platform, platform.tenant(), "catalog_sync", ROWS) for _ in range(CATALOGS)]
    dice = random.Random(11)
    started, before, required = time.monotonic(), count_writes(platform), Counter[str]()
    jobs, kills = 0, Kills()

    def check(catalog: TrackedCatalog) -> None:
        catalog.check()
        required["staged"] += sum(catalog.expected[name] for name in ("created", "updated", "unchanged"))
        required["merged"] += sum(catalog.expected[name] for name in ("created", "updated", "deactivated"))

    while kills.count < KILLS:
        for catalog in catalogs:
            if catalog.is_idle:
                if catalog.job_id:
                    check(catalog)
                catalog.start_next()
                jobs += 1
        platform.eventually(lambda: running_jobs(platform) or any(each.is_idle for each in catalogs), every=0.01)
        time.sleep(dice.uniform(0, MAX_LIFE_SECONDS))
        for kind, queue in QUEUES.items():
            if signal_workers(platform, queue):
                for job in expire_leases(platform, kind):
                    kills.record(job)
    for catalog in catalogs:
        platform.eventually(lambda catalog=catalog: catalog.is_idle, within=120)  # type: ignore[misc]
        check(catalog)
    time.sleep(1.5)  # PostgreSQL updates its statistics only once a second.
    writes = [now - then for now, then in zip(count_writes(platform), before, strict=True)]
    figure("killed workers", kills.count, "kills")
    figure("killed workers: jobs, all of them exact", jobs, "jobs")
    for phase, count in kills.phases.items():
        figure(f"killed workers: in phase {phase}", count, "kills")
    figure("killed workers: staged again", (writes[0] - required["staged"]) / kills.count, "rows a kill", CHUNK_SIZE)
    figure("killed workers: merged again", (writes[1] - required["merged"]) / kills.count, "rows a kill", CHUNK_SIZE)
    figure("killed workers: duration", time.monotonic() - started, "s")


def running_jobs(platform: Platform) -> list[Json]:
    return platform.database.execute("select id from jobs where status = 'processing'").fetchall()
