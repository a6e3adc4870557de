"""The process that runs the functions: Lambda, the HTTP API in front of it, event source mappings, schedules, issuer.

    python -m infra.local.function_host config.json

config.json::

    {"api_port": 8787, "issuer_port": 8788, "state": ".local",
     "bindings": {…fields of Bindings…},
     "aws": {"endpoint_url": "http://127.0.0.1:4566", "region": "us-east-1", "access_key": "…", "secret_key": "…"}}

`functions`, optional, names another folder of functions. It listens on 127.0.0.1, logs to stderr, answers
`GET /_local/health` once it is ready, and ends on SIGTERM, after what is running has finished, in 5 s at most.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import uvloop
from pydantic import BaseModel, ConfigDict

from infra.functions import FUNCTIONS, Bindings, functions
from infra.local.asgi_server import serving
from infra.local.authorizer import Authorizer, KeysUnavailable
from infra.local.gateway import Gateway
from infra.local.issuer import Issuer
from infra.local.lambda_service import Lambda
from infra.local.poller import Poller
from infra.local.schedules import Scheduler
from infra.local.sqs import Sqs

log = logging.getLogger(__name__)

GRACE = 4
"""Seconds that requests and batches under way have when the host is told to stop."""


class Aws(BaseModel):
    """How to reach the local S3, SQS and the rest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint_url: str
    region: str
    access_key: str
    secret_key: str

    def environment(self) -> dict[str, str]:
        """What the SDK in a function finds, in place of the credentials and region that AWS puts there."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            # A developer's own profile has no say in it.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


class Config(BaseModel):
    """The host's config file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_port: int
    issuer_port: int
    state: Path
    bindings: Bindings
    aws: Aws
    functions: Path = FUNCTIONS


async def run(config: Config, stop: asyncio.Event) -> None:
    """Run everything until `stop` is set."""
    state = config.state.resolve()
    specs = tuple(spec for spec in functions(config.functions) if spec.kind != "deploy")
    bindings = config.bindings
    cloud = Lambda(
        specs,
        {spec.name: spec.environment(bindings) for spec in specs},
        logs=state / "logs" / "functions",
        credentials=config.aws.environment(),
    )
    issuer = Issuer(state, bindings.issuer, bindings.audience)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(issuer, config.issuer_port))
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=5, trust_env=False))

        async def fetch_keys() -> Mapping[str, Any]:
            try:
                answer = await client.get(bindings.jwks_url)
                answer.raise_for_status()
                return dict(answer.json())
            except (httpx.HTTPError, ValueError) as error:
                raise KeysUnavailable(f"no keys from {bindings.jwks_url}: {error}") from error

        await cloud.start()
        # Callbacks run from the last to the first: nothing new comes in any more when the processes end.
        stack.push_async_callback(cloud.stop, grace=0.0)
        sqs = Sqs(config.aws.endpoint_url, config.aws.region, config.aws.access_key, config.aws.secret_key)
        stack.push_async_callback(sqs.close)
        poller = Poller(specs, bindings.queues, cloud, sqs, config.aws.region)
        scheduler = Scheduler(specs, cloud)
        gateway = Gateway(specs, cloud, Authorizer(bindings.issuer, bindings.audience, fetch_keys))
        async with serving(gateway, config.api_port, grace=GRACE) as served:
            poller.start()
            scheduler.start()
            log.info("%d functions on http://127.0.0.1:%d", len(specs), config.api_port)
            await stop.wait()
            log.info("stopping")
            served.close()
            await asyncio.gather(poller.stop(GRACE), scheduler.stop())


def main(arguments: list[str]) -> None:
    """Read the config file and run until SIGTERM or SIGINT."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    config = Config.model_validate_json(Path(arguments[0]).read_bytes())

    async def until_told() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await run(config, stop)

    uvloop.run(until_told())


if __name__ == "__main__":
    main(sys.argv[1:])
