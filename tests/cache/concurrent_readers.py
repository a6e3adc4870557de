"""A program that starts concurrent readers of one value, each in its own process.

Usage: `python -m tests.cache.concurrent_readers '<json of Plan>'`. It prints one line of JSON for each reader, with the
body, the parameters of the Cache-Status header, and the duration in seconds. The readers need a separate program,
because a process must have no threads when it forks.
"""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import Any

import valkey

from tests.cache.database_model import Database
from tests.cache.doubles import DirectRedis
from wecelebrate.core import cache, kill_switches
from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Caller
from wecelebrate.core.requests import loading, request_cache, sessions

CALLER = Caller(subject="ann")
ENTRY = Entry(keys.PRODUCT, "hot", ("hot",))
LOADS_KEY = "loads"
"""The Redis key that counts the loads."""


@dataclass(frozen=True)
class Plan:
    """The arguments of this program."""

    redis: str
    """The URL of Redis."""
    readers: int
    seconds: float
    """The duration of a load, in seconds."""
    first_dies: bool = False
    """Whether an additional reader begins before the concurrent readers, and is killed while it loads the value."""

    @property
    def text(self) -> str:
        return json.dumps(asdict(self))


def main(plan: Plan) -> None:
    kill_switches.learn({})
    kill_switches.LIFE_SECONDS = 600.0
    begin = time.monotonic() + 0.004 * plan.readers + 0.3
    children = [fork(plan, begin) for _ in range(plan.readers)]
    if plan.first_dies:
        dying, pipe = fork(plan, begin - 0.05, dies=True)
        os.waitpid(dying, 0)
        os.close(pipe)
    for pid, pipe in children:
        with os.fdopen(pipe) as output:
            sys.stdout.write(output.read())
        os.waitpid(pid, 0)


def fork(plan: Plan, begin: float, *, dies: bool = False) -> tuple[int, int]:
    """Start a reader that begins at the given time of the monotonic clock.

    Return the pid of the reader, and the file descriptor of a pipe with the output of the reader.
    """
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write_end)
        return pid, read_end
    os.close(read_end)
    try:
        os.write(write_end, (json.dumps(read(plan, begin, dies)) + "\n").encode())
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def read(plan: Plan, begin: float, dies: bool) -> dict[str, Any]:
    """Read the value once, like a function instance that handles one request."""
    client = valkey.Valkey.from_url(plan.redis, decode_responses=True)
    direct_redis = DirectRedis(client)
    client.ping()
    database = Database(cache.now, lambda _: None)

    @contextmanager
    def reading(caller: Caller, *, primary: bool = False) -> Iterator[Any]:
        yield SimpleNamespace(context=database.enter(caller, database.initial))

    def load(tx: Any) -> tuple[str, None]:
        client.incr(LOADS_KEY)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(plan.seconds)
        return json.dumps({"by": os.getpid()}), None

    for module in (request_cache, sessions, loading):
        vars(module)["reading"] = reading
    vars(cache)["redis"] = lambda: direct_redis
    request_cache._lock_owner = str(os.getpid())
    time.sleep(max(begin - time.monotonic(), 0))
    started = time.monotonic()
    value, cache_status = loading.value_of(request_cache.RequestCache(CALLER), ENTRY, load)
    return {"body": value.body, "cache_status": cache_status, "seconds": time.monotonic() - started}


if __name__ == "__main__":
    main(Plan(**json.loads(sys.argv[1])))
