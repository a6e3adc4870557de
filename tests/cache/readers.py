"""Many readers of one value at once, each a process: `python -m tests.cache.readers '<json of Plan>'`.

Forked by a process that has no threads, as functions are. Prints one JSON line a reader: the body, and seconds.
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

from tests.cache.conftest import Direct
from tests.cache.model import Database
from wecelebrate.core import cache, kill_switches
from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Caller
from wecelebrate.core.requests import loading, request_cache, sessions

CALLER = Caller(subject="ann")
ENTRY = Entry(keys.PRODUCT, "hot", ("hot",))
LOADS = "loads"
"""Where loads are counted."""


@dataclass(frozen=True)
class Plan:
    """What the readers are told."""

    redis: str
    readers: int
    seconds: float
    """That a load takes."""
    first_dies: bool = False
    """The first to load is killed while it does, just before the others begin."""

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
        with os.fdopen(pipe) as told:
            sys.stdout.write(told.read())
        os.waitpid(pid, 0)


def fork(plan: Plan, begin: float, *, dies: bool = False) -> tuple[int, int]:
    """A reader that begins at that time: its id, and where it tells."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid:
        os.close(theirs)
        return pid, ours
    os.close(ours)
    try:
        os.write(theirs, (json.dumps(read(plan, begin, dies)) + "\n").encode())
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def read(plan: Plan, begin: float, dies: bool) -> dict[str, Any]:
    """One reader, as an instance that has just the one request."""
    client = valkey.Valkey.from_url(plan.redis, decode_responses=True)
    direct = Direct(client)
    client.ping()
    database = Database(cache.now, lambda _: None)

    @contextmanager
    def reading(caller: Caller, *, primary: bool = False) -> Iterator[Any]:
        yield SimpleNamespace(context=database.enter(caller, database.first))

    def load(tx: Any) -> tuple[str, None]:
        client.incr(LOADS)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(plan.seconds)
        return json.dumps({"by": os.getpid()}), None

    for module in (request_cache, sessions, loading):
        vars(module)["reading"] = reading
    vars(cache)["redis"] = lambda: direct
    request_cache._lock_owner = str(os.getpid())
    time.sleep(max(begin - time.monotonic(), 0))
    began = time.monotonic()
    value, came = loading.value_of(request_cache.RequestCache(CALLER), ENTRY, load)
    return {"body": value.body, "came": came, "seconds": time.monotonic() - began}


if __name__ == "__main__":
    main(Plan(**json.loads(sys.argv[1])))
