"""Writes small sample functions into folders, and runs these functions in a Lambda service.

The folders have the same structure as `functions/`.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

from infra.bindings import Bindings
from infra.functions import FunctionSpec
from infra.local.lambda_service import Lambda
from infra.local.zygote import Zygote

API = 'routes = ["GET /it"]\nauth = "none"\n'
"""The default `function.toml`: a function with one public route."""


def write(root: Path, name: str, handler: str, declaration: str = API) -> FunctionSpec:
    """Write the handler and the `function.toml` of a function into the folder `<root>/functions/<name>`."""
    folder = root / "functions" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "function.toml").write_text(dedent(declaration), "utf-8")
    (folder / "handler.py").write_text(dedent(handler), "utf-8")
    return FunctionSpec.read(folder)


@asynccontextmanager
async def running(
    root: Path, *specs: FunctionSpec, environment: Mapping[str, str] | None = None, idle: float = 300.0
) -> AsyncIterator[Lambda]:
    """Run a Lambda service with these functions. The service starts immediately, because it preloads no modules."""
    functions = Lambda(
        specs,
        {spec.name: environment or {} for spec in specs},
        logs=root / "logs",
        idle=idle,
        zygote=Zygote(preload=()),
    )
    await functions.start()
    try:
        yield functions
    finally:
        await functions.stop(grace=0)


async def call(functions: Lambda, spec: FunctionSpec, event: Any = None) -> Any:
    """Invoke a function and return its result. Raises AssertionError if the function fails."""
    result = await functions.invoke(spec.name, json.dumps(event).encode())
    assert result.error is None, result.payload
    return json.loads(result.payload)


def bindings(issuer: str, queues: Mapping[str, str] | None = None) -> Bindings:
    """Return bindings for functions that use only queues. No server listens at the addresses of other services."""
    return Bindings(
        environment="test",
        database_writer="127.0.0.1:1",
        database_reader="127.0.0.1:1",
        database_name="wecelebrate",
        cache_url="http://127.0.0.1:1",
        cache_token="token",
        issuer=issuer,
        audience="wecelebrate",
        jwks_url=f"{issuer}/.well-known/jwks.json",
        signing_key="key",
        origin_secrets="",
        docs_url="",
        api_url="",
        routes="",
        platform_domain="",
        images_url="",
        queues=queues or {},
        buckets={},
        mail_from="wecelebrate <mail@mail.test>",
        mail_configuration_set="mails",
        mail_rate="14",
        passwords={},
        kv_key_hashes="",
        extra={},
    )
