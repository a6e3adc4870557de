"""The host process of all functions. It runs Lambda, the HTTP API, the event source mappings, the schedules and the
issuer.

Command::

    python -m infra.local.function_host config.json

Content of config.json::

    {"api_port": 8787, "issuer_port": 8788, "state": ".local",
     "bindings": {…fields of Bindings…},
     "aws": {"endpoint_url": "http://127.0.0.1:4566", "region": "us-east-1", "access_key": "…", "secret_key": "…"}}

The optional key `functions` is the path of the folder that contains the functions. The host listens on 127.0.0.1, and
writes its log to stderr. It answers `GET /_local/health` as soon as it is ready. On SIGTERM, the host waits until
running requests and batches have ended, for at most 5 s.
"""

import asyncio
import logging
import os
import secrets
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import uvloop
from pydantic import BaseModel, ConfigDict, Field

from infra.bindings import Bindings
from infra.functions import FUNCTIONS, functions
from infra.local.asgi_server import serving
from infra.local.authorizer import Authorizer, KeysUnavailable
from infra.local.gateway import Gateway
from infra.local.issuer import Issuer
from infra.local.lambda_service import Lambda
from infra.local.poller import Poller
from infra.local.schedules import Scheduler
from infra.local.sqs import Sqs
from infra.local.zygote import PLATFORM, PRELOAD, Zygote

log = logging.getLogger(__name__)

GRACE_SECONDS = 4
"""The number of seconds that a stopping host waits for running requests and batches."""


class AwsEndpoint(BaseModel):
    """The endpoint and the credentials of the local AWS services."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint_url: str
    region: str
    access_key: str
    secret_key: str

    def environment(self) -> dict[str, str]:
        """Return the environment variables for the AWS SDK in a function.

        On AWS, Lambda sets the credentials and the region.
        """
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            # With these values, the SDK ignores the AWS profile of the developer.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


class HostConfig(BaseModel):
    """The content of the configuration file of the host."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_port: int
    issuer_port: int
    state: Path
    bindings: Bindings
    aws: AwsEndpoint
    invocation_key: str = Field(default_factory=lambda: secrets.token_hex(16))
    """The key with which functions invoke other functions. The default is a random key, which no function knows."""
    functions: Path = FUNCTIONS
    preload: bool = False
    """Whether the zygote also imports modules of the platform. If true, the host does not notice changes of the
    code."""


async def run(config: HostConfig, stop: asyncio.Event) -> None:
    """Run the host until `stop` is set."""
    state = config.state.resolve()
    specs = tuple(spec for spec in functions(config.functions) if spec.kind != "deploy")
    bindings = config.bindings
    lambda_service = Lambda(
        specs,
        {spec.name: spec.environment(bindings) for spec in specs},
        logs=state / "logs" / "functions",
        zygote=Zygote(PRELOAD + PLATFORM if config.preload else PRELOAD),
        credentials=config.aws.environment(),
    )
    issuer = Issuer(state, bindings.issuer, bindings.audience)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(issuer, config.issuer_port))
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=5, trust_env=False))

        async def fetch_keys() -> Mapping[str, Any]:
            try:
                response = await client.get(bindings.jwks_url)
                response.raise_for_status()
                return dict(response.json())
            except (httpx.HTTPError, ValueError) as error:
                raise KeysUnavailable(f"could not fetch the keys from {bindings.jwks_url}: {error}") from error

        await lambda_service.start()
        # Callbacks run in reverse order, so the functions are stopped last. No new requests or batches arrive at that
        # time.
        stack.push_async_callback(lambda_service.stop, grace=0.0)
        sqs = Sqs(config.aws.endpoint_url, config.aws.region, config.aws.access_key, config.aws.secret_key)
        stack.push_async_callback(sqs.close)
        poller = Poller(specs, bindings.queues, lambda_service, sqs, config.aws.region)
        scheduler = Scheduler(specs, lambda_service)
        authorizer = Authorizer(bindings.issuer, bindings.audience, fetch_keys)
        gateway = Gateway(specs, lambda_service, authorizer, invocation_key=config.invocation_key)
        async with serving(gateway, config.api_port, grace=GRACE_SECONDS) as served:
            poller.start()
            scheduler.start()
            log.info("serving %d functions on http://127.0.0.1:%d", len(specs), config.api_port)
            await stop.wait()
            log.info("the host is stopping")
            served.close()
            await asyncio.gather(poller.stop(GRACE_SECONDS), scheduler.stop())


def main(arguments: list[str]) -> None:
    """Read the configuration file, and run the host until SIGTERM or SIGINT."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    config = HostConfig.model_validate_json(Path(arguments[0]).read_bytes())

    async def run_until_signal() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await run(config, stop)

    uvloop.run(run_until_signal())


if __name__ == "__main__":
    main(sys.argv[1:])
