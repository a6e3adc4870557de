"""A value that many want at once is loaded by one of them; the others wait for it, and not for ever."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.upstash import Upstash
from tests.cache.conftest import Raw
from tests.cache.model import Database
from tests.cache.readers import CALLER, LOADS, Plan
from tests.faults.figures import Figure
from wecelebrate.core import cache
from wecelebrate.core.cache import keys
from wecelebrate.core.requests import sessions
from wecelebrate.core.requests.sessions import Session

READERS = 500
GRACE = 0.25
"""Seconds beyond the lock's life that somebody may wait."""


@dataclass
class Rush:
    """What became of many readers."""

    bodies: set[str]
    longest: float
    loads: int


@pytest.fixture
def session(function: str, behind: Raw) -> Session:
    """The caller's session lies in the cache, and so does the memory of recent writes."""
    behind.flushdb()
    behind.hset(f"{function}public:recent", "since", "1")
    database = Database(cache.now, lambda _: None)
    made, tags = sessions.session_of(CALLER, database.enter(CALLER, database.first))
    cache.put(
        sessions.session_key(CALLER), cache.new_value("", str(made), cache.read_tags(tags).tokens, 60), keys.SESSION
    )
    return made


def rush(adapter: Upstash, behind: Raw, **more: float) -> Rush:
    before = int(behind.get(LOADS) or 0)
    plan = Plan(adapter.process.environment["REDIS_URL"], **more)  # type: ignore[arg-type]
    done = subprocess.run(
        [sys.executable, "-m", "tests.cache.readers", plan.text],
        cwd=Path(__file__).parents[2],
        env=os.environ,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"body"')]
    assert len(told) == plan.readers, done.stderr
    return Rush(
        {one["body"] for one in told},
        max((one["seconds"] for one in told), default=0.0),
        int(behind.get(LOADS) or 0) - before,
    )


def test_five_hundred_readers_of_a_hot_key_that_ended_make_at_most_two_loads(
    session: Session, adapter: Upstash, behind: Raw, figure: Figure
) -> None:
    seen = rush(adapter, behind, readers=READERS, seconds=0.1)
    figure(f"rush of {READERS} on a value that ended: loads", seen.loads, "loads", 2)
    assert seen.loads >= 1
    assert len(seen.bodies) <= seen.loads
    cache.invalidate(["hot"], "1")
    again = rush(adapter, behind, readers=50, seconds=0.1)
    assert 1 <= again.loads <= 2
    assert not again.bodies & seen.bodies, "none of them was shown what had ended"


def test_readers_of_a_good_key_make_none(session: Session, adapter: Upstash, behind: Raw) -> None:
    rush(adapter, behind, readers=1, seconds=0)
    assert rush(adapter, behind, readers=50, seconds=0.1).loads == 0


def test_a_loader_that_is_killed_delays_nobody_by_more_than_its_lock_lives(
    session: Session, adapter: Upstash, behind: Raw, figure: Figure
) -> None:
    seen = rush(adapter, behind, readers=100, seconds=0.02, first_dies=True)
    figure("a loader was killed: the longest wait", seen.longest, "s", cache.LOCK_MS / 1000 + GRACE)
    figure("a loader was killed: loads of 100 who waited", seen.loads - 1, "loads", 2)
