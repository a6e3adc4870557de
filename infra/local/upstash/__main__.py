"""Runs the adapter: `python -m infra.local.upstash --port 8790`. The program reads secrets from the environment."""

import argparse
import os

import uvicorn

from infra.local.upstash import REDIS_VARIABLE, TOKEN_VARIABLE
from infra.local.upstash.app import MAX_REQUEST_BYTES, UpstashApp
from infra.local.upstash.resp import RedisConnection


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.local.upstash", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redis-url", default=os.environ.get(REDIS_VARIABLE), help=f"default: ${REDIS_VARIABLE}")
    parser.add_argument(
        "--max-request",
        type=int,
        default=MAX_REQUEST_BYTES,
        help="maximum bytes; the smallest plan of Upstash has 10 MB",
    )
    arguments = parser.parse_args()
    token = os.environ.get(TOKEN_VARIABLE)
    if not token or not arguments.redis_url:
        parser.error(f"set the environment variables {TOKEN_VARIABLE} and {REDIS_VARIABLE}")
    uvicorn.run(
        UpstashApp(RedisConnection(arguments.redis_url), token, arguments.max_request),
        host="127.0.0.1",
        port=arguments.port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        # Clients keep idle connections open for minutes, and report an error if the server closes a connection.
        timeout_keep_alive=300,
    )


if __name__ == "__main__":
    main()
