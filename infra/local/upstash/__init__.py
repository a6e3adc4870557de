"""An adapter that offers the REST protocol of Upstash and runs the commands on a Redis server.

`python -m infra.local.upstash` starts the adapter. In the tests, the packages `upstash-redis` and `upstash-ratelimit`
are its clients. The protocol is described in https://upstash.com/docs/redis/features/restapi
"""

import sys
from pathlib import Path

from infra.local.processes import HEALTH, Process, http_ok
from infra.local.redis import Redis
from infra.local.service import Service

TOKEN_VARIABLE = "UPSTASH_REDIS_REST_TOKEN"  # noqa: S105 - the name of a variable
REDIS_VARIABLE = "REDIS_URL"


class Upstash(Service):
    """The process of the adapter for one Redis server. Example:

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
            # Secrets are in environment variables, because all users of this machine can read command lines.
            environment={TOKEN_VARIABLE: self.token, REDIS_VARIABLE: redis.url},
        )
        self.state: Path = redis.state

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the adapter, and return when it answers and has reached Redis. Raises LocalCloudError."""
        self.process.start()

    def stop(self) -> None:
        self.process.stop()
