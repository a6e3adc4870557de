"""The HTTP API over real sockets: routes, authorizer, CORS, limits, errors."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.http_api import CORS
from infra.local.asgi_server import serving
from infra.local.authorizer import Authorizer
from infra.local.gateway import Gateway
from infra.local.issuer import Issuer
from tests.local.sample_functions import running, write
from tests.platform import TLS

pytestmark = pytest.mark.anyio

ISSUER = "http://127.0.0.1:8788"


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}


ECHO = """
import json

def handler(event, context):
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"""

ANSWERS = """
import base64, gzip, time

def handler(event, context):
    match event["pathParameters"]["what"]:
        case "raise": raise RuntimeError("no")
        case "malformed": return {"statusCode": "no"}
        case "plain": return {"hello": "world"}
        case "cookies": return {"statusCode": 200, "cookies": ["a=1", "b=2"], "body": "x"}
        case "nothing": return {"statusCode": 204}
        case "unchanged": return {"statusCode": 304, "headers": {"etag": "x"}}
        case "cors": return {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "http://mine"}, "body": "x"}
        case "slow": time.sleep(5)
        case "gzip":
            body = base64.b64encode(gzip.compress(b"hello")).decode()
            headers = {"content-type": "text/plain", "content-encoding": "gzip"}
            return {"statusCode": 200, "headers": headers, "body": body, "isBase64Encoded": True}
"""


@dataclass
class Api:
    client: httpx.AsyncClient
    issuer: Issuer

    async def echo(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        answer = await self.client.request(method, path, **request)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture(scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    root = tmp_path_factory.mktemp("api")
    methods = ", ".join(f'"{method} /echo/{{name}}"' for method in ("GET", "POST", "PUT", "PATCH", "DELETE"))
    specs = (
        write(root, "api/echo/any", ECHO, f'routes = [{methods}]\nauth = "none"\n'),
        write(root, "api/echo/private", ECHO, 'routes = ["GET /private"]\nauth = "required"\n'),
        write(root, "api/echo/guests", ECHO, 'routes = ["GET /guests"]\nauth = "optional"\n'),
        write(root, "api/answers/any", ANSWERS, 'routes = ["GET /answers/{what}"]\nauth = "none"\n'),
    )
    issuer = Issuer(root / "state", ISSUER)

    async def keys() -> dict[str, Any]:
        return issuer.jwks()

    async with AsyncExitStack() as stack:
        functions = await stack.enter_async_context(running(root, *specs))
        gateway = Gateway(specs, functions, Authorizer(ISSUER, "wecelebrate", keys), timeout=4.0)
        served = await stack.enter_async_context(serving(gateway, 0))
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}", timeout=20, trust_env=False, verify=TLS)
        yield Api(await stack.enter_async_context(client), issuer)


async def test_a_request_comes_as_an_event_of_format_2(api: Api) -> None:
    event = await api.echo(
        "POST", "/echo/caf%C3%A9?a=1&a=2&b=%20", json={"x": 1}, headers={"Cookie": "s=1; t=2", "X-Two": "é".encode()}
    )
    assert event["version"] == "2.0"
    assert event["routeKey"] == event["requestContext"]["routeKey"] == "POST /echo/{name}"
    assert event["pathParameters"] == {"name": "café"}
    assert event["rawPath"] == "/echo/café"
    assert event["rawQueryString"] == "a=1&a=2&b=%20"
    assert event["queryStringParameters"] == {"a": "1,2", "b": " "}
    assert event["cookies"] == ["s=1", "t=2"]
    assert event["requestContext"]["http"]["method"] == "POST"
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"
    assert json.loads(event["body"]) == {"x": 1}
    assert event["isBase64Encoded"] is False


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_every_method_has_its_route(api: Api, method: str) -> None:
    assert (await api.echo(method, "/echo/x"))["routeKey"] == f"{method} /echo/{{name}}"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nowhere"), ("POST", "/private"), ("HEAD", "/echo/x"), ("GET", "/echo/x/")]
)
async def test_what_has_no_route_is_not_found(api: Api, method: str, path: str) -> None:
    answer = await api.client.request(method, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    if method != "HEAD":
        assert answer.text == '{"message":"Not Found"}'


async def test_a_route_that_requires_it_gets_the_claims(api: Api) -> None:
    token = api.issuer.token("someone", email="a@example.com")
    event = await api.echo("GET", "/private", headers={"Authorization": f"Bearer {token}"})
    jwt = event["requestContext"]["authorizer"]["jwt"]
    assert jwt["scopes"] is None
    assert jwt["claims"]["sub"] == "someone"
    assert jwt["claims"]["email_verified"] == "true"


async def test_a_route_that_requires_it_refuses_anything_else(api: Api) -> None:
    answer = await api.client.get("/private")
    assert (answer.status_code, answer.text) == (401, '{"message":"Unauthorized"}')
    assert answer.headers["www-authenticate"] == "Bearer"
    expired = api.issuer.token("someone", expires_in=-1)
    answer = await api.client.get("/private", headers={"Authorization": f"Bearer {expired}"})
    assert (answer.status_code, answer.text) == (401, '{"message":"Unauthorized"}')
    assert answer.headers["www-authenticate"] == (
        'Bearer scope="" error="invalid_token" error_description="the token has expired"'
    )


async def test_an_optional_token_is_the_functions_business(api: Api) -> None:
    event = await api.echo("GET", "/guests", headers={"Authorization": "Bearer whatever"})
    assert "authorizer" not in event["requestContext"]
    assert event["headers"]["authorization"] == "Bearer whatever"


async def test_what_goes_wrong_in_a_function_is_an_internal_server_error(api: Api) -> None:
    for what in ("raise", "malformed"):
        answer = await api.client.get(f"/answers/{what}")
        assert (answer.status_code, answer.text) == (500, '{"message":"Internal Server Error"}')


async def test_an_answer_that_takes_too_long_is_unavailable(api: Api) -> None:
    answer = await api.client.get("/answers/slow")
    assert (answer.status_code, answer.text) == (503, '{"message":"Service Unavailable"}')


async def test_responses_are_what_the_function_says(api: Api) -> None:
    plain = await api.client.get("/answers/plain")
    assert (plain.headers["content-type"], plain.json()) == ("application/json", {"hello": "world"})
    cookies = await api.client.get("/answers/cookies")
    assert cookies.headers.get_list("set-cookie") == ["a=1", "b=2"]
    zipped = await api.client.get("/answers/gzip")
    assert (zipped.headers["content-encoding"], zipped.text) == ("gzip", "hello")
    assert int(zipped.headers["content-length"]) == len(gzip.compress(b"hello"))
    for what, status in (("nothing", 204), ("unchanged", 304)):
        empty = await api.client.get(f"/answers/{what}")
        assert (empty.status_code, empty.content, "content-length" in empty.headers) == (status, b"", False)


async def test_a_binary_body_is_base64(api: Api) -> None:
    event = await api.echo("POST", "/echo/x", content=b"\x00\xff", headers={"content-type": "application/octet-stream"})
    assert (event["body"], event["isBase64Encoded"]) == ("AP8=", True)


async def test_a_request_over_ten_megabytes_is_too_large(api: Api) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 1024 * 1024

    for content in (b" " * (10 * 1024 * 1024 + 1), chunks()):
        answer = await api.client.post("/echo/x", content=content)
        assert (answer.status_code, answer.text) == (413, '{"message":"Request Entity Too Large"}')


async def test_a_request_over_lambdas_six_megabytes_is_too_large(api: Api) -> None:
    answer = await api.client.post("/echo/x", content=b"x" * 6_300_000, headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.text) == (413, '{"message":"Request Entity Too Large"}')
    answer = await api.client.post("/echo/x", content=b"x" * 6_280_000, headers={"content-type": "text/plain"})
    assert answer.status_code == 200


async def test_a_preflight_request_is_answered_by_the_gateway(api: Api) -> None:
    asking = {"Origin": "http://shop.example", "Access-Control-Request-Method": "PATCH"}
    for path in ("/private", "/nowhere"):
        answer = await api.client.options(path, headers=asking)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-allow-methods"] == "GET,POST,PUT,PATCH,DELETE"
        allowed = set(answer.headers["access-control-allow-headers"].split(","))
        assert allowed >= {"authorization", "content-type", "idempotency-key", "if-match", "consistency-token"}
        assert answer.headers["access-control-max-age"] == str(CORS.max_age)


async def test_cors_headers_are_the_gateways_own(api: Api) -> None:
    answer = await api.client.get("/answers/cors", headers={"Origin": "http://shop.example"})
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert set(answer.headers["access-control-expose-headers"].split(",")) >= {"etag", "link", "consistency-token"}
    assert "access-control-allow-methods" not in answer.headers
    refused = await api.client.get("/private", headers={"Origin": "http://shop.example"})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "*")
    assert "access-control-allow-origin" not in (await api.client.get("/answers/plain")).headers


async def test_every_response_carries_the_requests_id(api: Api) -> None:
    answer = await api.client.get("/echo/x")
    assert answer.json()["requestContext"]["requestId"] == answer.headers["apigw-requestid"]
    assert (await api.client.get("/nowhere")).headers["apigw-requestid"]


async def test_health_counts_the_processes(api: Api) -> None:
    await api.echo("GET", "/echo/x")
    answer = await api.client.get("/_local/health")
    assert answer.status_code == 200
    assert answer.json()["functions"]["api-echo-any"]["processes"] >= 1


async def test_a_client_that_leaves_does_not_break_the_function(api: Api) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await api.client.get("/answers/slow", timeout=0.2)
    answers = await asyncio.gather(*(api.client.get("/answers/plain") for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5


async def test_two_servers_cannot_share_a_port(tmp_path: Path) -> None:
    async with serving(Issuer(tmp_path, ISSUER), 0) as served:
        with pytest.raises(OSError, match="in use"):
            await serving(Issuer(tmp_path, ISSUER), served.port).__aenter__()
