"""Workers that are killed at any moment of imports and full syncs: no row is lost or doubled, counts are exact."""

import random
import time
from collections import Counter

import pytest

from tests.faults.conftest import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import QUEUES, Known, expire, stop, written
from tests.platform import Json, Platform
from wecelebrate.ingestion.merge.run import CHUNK

KILLS = 1_000 if FULL else 10
ROWS = 10_000
CATALOGS = 3
"""Of each kind, each of another client."""
LONGEST = 1.5
"""Seconds that workers are let live, at most."""


@pytest.mark.timeout(3600)
def test_a_worker_may_be_killed_at_any_moment(own_platform: Platform, figure: Figure) -> None:
    platform = own_platform
    # A thousand kills of a few jobs would rightly fail them.
    platform.database.execute("alter table jobs alter max_attempts set default 1000000")
    catalogs = [Known(platform, platform.tenant(), "product_import", ROWS) for _ in range(CATALOGS)]
    catalogs += [Known(platform, platform.tenant(), "catalog_sync", ROWS) for _ in range(CATALOGS)]
    dice = random.Random(11)
    began, before, due = time.monotonic(), written(platform), Counter[str]()
    kills, jobs, far, phases = 0, 0, dict[str, tuple[int, int]](), Counter[str]()

    def rest(known: Known) -> None:
        known.check()
        due["staged"] += sum(known.expected[name] for name in ("created", "updated", "unchanged"))
        due["merged"] += sum(known.expected[name] for name in ("created", "updated", "deactivated"))

    while kills < KILLS:
        for known in catalogs:
            if known.resting:
                if known.job_id:
                    rest(known)
                known.begin()
                jobs += 1
        platform.eventually(lambda: at_work(platform) or any(known.resting for known in catalogs), every=0.01)
        time.sleep(dice.uniform(0, LONGEST))
        for kind, queue in QUEUES.items():
            if not stop(platform, queue):
                continue
            for job in expire(platform, kind):
                kills += 1
                phase = job["checkpoint"].get("phase", "stage")
                phases[phase] += 1
                reached = job["checkpoint"].get("items", 0) if phase == "stage" else ROWS, job["done"]
                assert reached >= far.get(str(job["id"]), (0, 0)), "what is committed is not done again"
                far[str(job["id"])] = reached
    for known in catalogs:
        platform.eventually(lambda known=known: known.resting, within=120)  # type: ignore[misc]
        rest(known)
    time.sleep(1.5)  # servers report what they did once a second
    again = [now - then for now, then in zip(written(platform), before, strict=True)]
    figure("killed workers", kills, "kills")
    figure("killed workers: jobs, all of them exact", jobs, "jobs")
    for phase, count in phases.items():
        figure(f"killed workers: while in {phase}", count, "kills")
    figure("killed workers: staged again", (again[0] - due["staged"]) / kills, "rows a kill", CHUNK)
    figure("killed workers: merged again", (again[1] - due["merged"]) / kills, "rows a kill", CHUNK)
    figure("killed workers: took", time.monotonic() - began, "s")


def at_work(platform: Platform) -> list[Json]:
    return platform.database.execute("select id from jobs where status = 'processing'").fetchall()
