"""Tests single flight: only one of many concurrent readers loads a value. The other readers wait for the value.

If the loader dies, the other readers wait until the loader's lock expires.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.upstash import Upstash
from tests.cache.concurrent_readers import CALLER, LOADS_KEY, Plan
from tests.cache.database_model import Database
from tests.cache.doubles import RedisClient
from tests.faults.figures import Figure
from wecelebrate.core import cache
from wecelebrate.core.cache import keys
from wecelebrate.core.requests import sessions
from wecelebrate.core.requests.sessions import Session

READERS = 500
GRACE_SECONDS = 0.25
"""A reader can wait at most this long after the lifetime of the lock has ended."""


@dataclass
class ReadResults:
    """The results of many concurrent readers."""

    bodies: set[str]
    longest: float
    """The duration of the slowest read, in seconds."""
    loads: int


@pytest.fixture
def session(key_prefix: str, raw_redis: RedisClient) -> Session:
    """Store the session of the caller in an empty cache. The history of recent writes is complete."""
    raw_redis.flushdb()
    raw_redis.hset(f"{key_prefix}public:recent", "since", "1")
    database = Database(cache.now, lambda _: None)
    session, tags = sessions.session_of(CALLER, database.enter(CALLER, database.initial))
    value = cache.new_value("", str(session), cache.read_tags(tags).tokens, 60)
    cache.put(sessions.session_key(CALLER), value, keys.SESSION)
    return session


def run_readers(adapter: Upstash, raw_redis: RedisClient, **plan_fields: float) -> ReadResults:
    """Run concurrent readers in another process. `plan_fields` are the fields of the `Plan` of these readers."""
    loads_before = int(raw_redis.get(LOADS_KEY) or 0)
    plan = Plan(adapter.process.environment["REDIS_URL"], **plan_fields)  # type: ignore[arg-type]
    process = subprocess.run(
        [sys.executable, "-m", "tests.cache.concurrent_readers", plan.text],
        cwd=Path(__file__).parents[2],
        env=os.environ,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    reads = [json.loads(line) for line in process.stdout.splitlines() if line.startswith('{"body"')]
    assert len(reads) == plan.readers, process.stderr
    return ReadResults(
        {read["body"] for read in reads},
        max((read["seconds"] for read in reads), default=0.0),
        int(raw_redis.get(LOADS_KEY) or 0) - loads_before,
    )


@pytest.mark.slow
def test_an_invalidated_value_with_five_hundred_readers_is_loaded_at_most_twice(
    session: Session, adapter: Upstash, raw_redis: RedisClient, figure: Figure
) -> None:
    first = run_readers(adapter, raw_redis, readers=READERS, seconds=0.1)
    figure(f"{READERS} concurrent readers of an invalidated value: loads", first.loads, "loads", 2)
    assert first.loads >= 1
    assert len(first.bodies) <= first.loads
    cache.invalidate(["hot"], "1")
    second = run_readers(adapter, raw_redis, readers=50, seconds=0.1)
    assert 1 <= second.loads <= 2
    assert not second.bodies & first.bodies, "no reader gets the invalidated value"


def test_readers_of_a_valid_value_do_not_load_the_value(
    session: Session, adapter: Upstash, raw_redis: RedisClient
) -> None:
    run_readers(adapter, raw_redis, readers=1, seconds=0)
    assert run_readers(adapter, raw_redis, readers=50, seconds=0.1).loads == 0


def test_readers_wait_until_the_lock_expires_if_the_loader_is_killed(
    session: Session, adapter: Upstash, raw_redis: RedisClient, figure: Figure
) -> None:
    result = run_readers(adapter, raw_redis, readers=100, seconds=0.02, first_dies=True)
    figure("killed loader: longest wait of a reader", result.longest, "s", cache.LOCK_MS / 1000 + GRACE_SECONDS)
    figure("killed loader: loads of 100 waiting readers", result.loads - 1, "loads", 2)
