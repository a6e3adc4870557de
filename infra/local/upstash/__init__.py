"""Upstash's REST protocol in front of a real Redis: a process of its own, `python -m infra.local.upstash`.

The protocol is the one of https://upstash.com/docs/redis/features/restapi. `upstash-redis` and `upstash-ratelimit` are
held against it by tests.
"""

import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.local.processes import HEALTH, Process, answers
from infra.local.redis import Redis

TOKEN_VARIABLE = "UPSTASH_REDIS_REST_TOKEN"  # noqa: S105 - the name of a variable
REDIS_VARIABLE = "REDIS_URL"


class Upstash:
    """The adapter of one Redis.

    `with Redis(state, free_port()) as redis, Upstash(redis, free_port()) as upstash: …`
    """

    def __init__(self, redis: Redis, port: int) -> None:
        self.port = port
        self.token = redis.credentials.upstash_token
        self.process = Process(
            "upstash",
            [sys.executable, "-m", "infra.local.upstash", "--port", str(port)],
            redis.state,
            lambda: answers(port, HEALTH),
            ports={"upstash": port},
            # By the environment: a command line shows its secrets to every user of the machine.
            environment={TOKEN_VARIABLE: self.token, REDIS_VARIABLE: redis.url},
            deadline=15,
        )
        self.state: Path = redis.state

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and return when it answers and reaches Redis. Raises LocalCloudError."""
        self.process.start()

    def stop(self) -> None:
        self.process.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
