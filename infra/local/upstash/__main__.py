"""`python -m infra.local.upstash --port 8790`: token and Redis URL come from the environment."""

import argparse
import os

import uvicorn

from infra.local.upstash import REDIS_VARIABLE, TOKEN_VARIABLE
from infra.local.upstash.app import MAX_REQUEST, UpstashApp
from infra.local.upstash.resp import RedisConnection


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.local.upstash", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redis-url", default=os.environ.get(REDIS_VARIABLE), help=f"or ${REDIS_VARIABLE}")
    parser.add_argument("--max-request", type=int, default=MAX_REQUEST, help="bytes; plans at Upstash begin at 10 MB")
    chosen = parser.parse_args()
    token = os.environ.get(TOKEN_VARIABLE)
    if not token or not chosen.redis_url:
        parser.error(f"set {TOKEN_VARIABLE} and {REDIS_VARIABLE}")
    uvicorn.run(
        UpstashApp(RedisConnection(chosen.redis_url), token, chosen.max_request),
        host="127.0.0.1",
        port=chosen.port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        # Clients keep connections for minutes between calls and take a closed one for a failure.
        timeout_keep_alive=300,
    )


if __name__ == "__main__":
    main()
