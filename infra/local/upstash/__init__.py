"""An adapter that serves Upstash's REST protocol from a Redis server: `python -m infra.local.upstash`.

Protocol: https://upstash.com/docs/redis/features/restapi. Tests run `upstash-redis` and `upstash-ratelimit` against it.
"""

import sys
from pathlib import Path

from infra.local.processes import HEALTH, Process, http_ok
from infra.local.redis import Redis
from infra.local.service import Service

TOKEN_VARIABLE = "UPSTASH_REDIS_REST_TOKEN"  # noqa: S105 - the name of a variable
REDIS_VARIABLE = "REDIS_URL"


class Upstash(Service):
    """The adapter process of one Redis server.

    `with Redis(state, free_port()) as redis, Upstash(redis, free_port()) as upstash: …`
    """

    def __init__(self, redis: Redis, port: int) -> None:
        self.port = port
        self.token = redis.credentials.upstash_token
        self.process = Process(
            "upstash",
            [sys.executable, "-m", "infra.local.upstash", "--port", str(port)],
            redis.state,
            lambda: http_ok(port, HEALTH),
            ports={"upstash": port},
            # In the environment, because every user of the machine can read the secrets in a command line.
            environment={TOKEN_VARIABLE: self.token, REDIS_VARIABLE: redis.url},
            start_timeout=15,
        )
        self.state: Path = redis.state

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and return when the adapter answers and reaches Redis. Raises LocalCloudError."""
        self.process.start()

    def stop(self) -> None:
        self.process.stop()
