"""Serves a gateway with four sample functions on a free port, for the tests of the HTTP API."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from infra.local.asgi_server import serving
from infra.local.authorizer import Authorizer
from infra.local.gateway import Gateway
from infra.local.issuer import Issuer
from tests.local.sample_functions import running, write
from tests.platform import TLS

ISSUER = "http://127.0.0.1:8788"
KEY = "4f1e"
"""The key for invocations."""

ECHO = """
import json

def handler(event, context):
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"""
"""A handler that returns the event that it receives."""

RESPONSES = """
import base64, gzip, time

def handler(event, context):
    match kind := event["pathParameters"]["kind"]:
        case "raise": raise RuntimeError("raised on purpose by this test")
        case "malformed": return {"statusCode": "no"}
        case "plain": return {"hello": "world"}
        case "cookies": return {"statusCode": 200, "cookies": ["a=1", "b=2"], "body": "x"}
        case "nothing": return {"statusCode": 204}
        case "unchanged": return {"statusCode": 304, "headers": {"etag": "x"}}
        case "cors": return {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "http://mine"}, "body": "x"}
        case "slow": time.sleep(5)
        case "large" | "small" | "image":
            body = "x" * (99 if kind == "small" else 99_999)
            headers = {"content-type": "image/png" if kind == "image" else "application/json"}
            headers |= {"etag": '"t"', "vary": "Origin"}
            if event["headers"].get("if-none-match", "").endswith('"t"'):
                return {"statusCode": 304, "headers": headers}
            return {"statusCode": 200, "headers": headers, "body": body}
        case "gzip":
            body = base64.b64encode(gzip.compress(b"hello")).decode()
            headers = {"content-type": "text/plain", "content-encoding": "gzip"}
            return {"statusCode": 200, "headers": headers, "body": body, "isBase64Encoded": True}
"""
"""A handler. The path parameter `kind` selects what the handler returns."""


@dataclass
class Api:
    """An HTTP client of the gateway, and the issuer of the tokens for this client."""

    client: httpx.AsyncClient
    issuer: Issuer

    async def echo(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """Send a request to an echo function, and return the event that the function received."""
        response = await self.client.request(method, path, **request)
        assert response.status_code == 200, response.text
        return dict(response.json())


@asynccontextmanager
async def gateway_api(root: Path) -> AsyncIterator[Api]:
    """Serve the gateway. The gateway waits at most 4 seconds for the response of a function."""
    methods = ", ".join(f'"{method} /echo/{{name}}"' for method in ("GET", "POST", "PUT", "PATCH", "DELETE"))
    specs = (
        write(root, "api/echo/any", ECHO, f'routes = [{methods}]\nauth = "none"\n'),
        write(root, "api/echo/private", ECHO, 'routes = ["GET /private"]\nauth = "required"\n'),
        write(root, "api/echo/guests", ECHO, 'routes = ["GET /guests"]\nauth = "optional"\n'),
        write(root, "api/responses/any", RESPONSES, 'routes = ["GET /responses/{kind}"]\nauth = "none"\n'),
    )
    issuer = Issuer(root / "state", ISSUER)

    async def keys() -> dict[str, Any]:
        return issuer.jwks()

    async with AsyncExitStack() as stack:
        functions = await stack.enter_async_context(running(root, *specs))
        gateway = Gateway(specs, functions, Authorizer(ISSUER, "wecelebrate", keys), invocation_key=KEY, timeout=4.0)
        served = await stack.enter_async_context(serving(gateway, 0))
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}", timeout=20, trust_env=False, verify=TLS)
        yield Api(await stack.enter_async_context(client), issuer)
