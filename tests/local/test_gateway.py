"""Tests the HTTP API over real sockets: routes, authorizer, CORS, limits and errors."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from infra.http_api import CORS
from infra.local.asgi_server import serving
from infra.local.issuer import Issuer
from tests.local.gateway_api import ISSUER, Api, gateway_api

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    async with gateway_api(tmp_path_factory.mktemp("api")) as api:
        yield api


async def test_a_request_becomes_a_lambda_event_of_payload_format_2(api: Api) -> None:
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


@pytest.mark.parametrize("forwarded", ["192.0.2.7", "192.0.2.7, 127.0.0.1", "192.0.2.7:80", "::1"])
async def test_the_source_address_is_the_address_of_the_connection(api: Api, forwarded: str) -> None:
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https", "Forwarded": f"for={forwarded}"}
    event = await api.echo("GET", "/echo/x", headers=headers)
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"
    assert event["headers"]["x-forwarded-for"] == f"{forwarded}, 127.0.0.1"
    assert event["headers"]["x-forwarded-proto"] == "http"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_each_http_method_of_a_path_has_a_separate_route(api: Api, method: str) -> None:
    assert (await api.echo(method, "/echo/x"))["routeKey"] == f"{method} /echo/{{name}}"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nowhere"), ("POST", "/private"), ("HEAD", "/nowhere"), ("GET", "/echo/x/")]
)
async def test_a_request_that_matches_no_route_gets_status_404(api: Api, method: str, path: str) -> None:
    response = await api.client.request(method, path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"
    if method != "HEAD":
        assert response.text == '{"message":"Not Found"}'


async def test_a_function_receives_the_claims_of_a_required_token(api: Api) -> None:
    token = api.issuer.token("someone", email="a@example.com")
    event = await api.echo("GET", "/private", headers={"Authorization": f"Bearer {token}"})
    jwt = event["requestContext"]["authorizer"]["jwt"]
    assert jwt["scopes"] is None
    assert jwt["claims"]["sub"] == "someone"
    assert jwt["claims"]["email_verified"] == "true"


async def test_a_route_that_requires_a_token_rejects_missing_and_expired_tokens(api: Api) -> None:
    response = await api.client.get("/private")
    assert (response.status_code, response.text) == (401, '{"message":"Unauthorized"}')
    assert response.headers["www-authenticate"] == "Bearer"
    expired = api.issuer.token("someone", expires_in=-1)
    response = await api.client.get("/private", headers={"Authorization": f"Bearer {expired}"})
    assert (response.status_code, response.text) == (401, '{"message":"Unauthorized"}')
    assert response.headers["www-authenticate"] == (
        'Bearer scope="" error="invalid_token" error_description="the token has expired"'
    )


async def test_the_gateway_does_not_verify_an_optional_token(api: Api) -> None:
    event = await api.echo("GET", "/guests", headers={"Authorization": "Bearer whatever"})
    assert "authorizer" not in event["requestContext"]
    assert event["headers"]["authorization"] == "Bearer whatever"


async def test_the_gateway_returns_internal_server_error_if_a_function_fails(api: Api) -> None:
    for kind in ("raise", "malformed"):
        response = await api.client.get(f"/responses/{kind}")
        assert (response.status_code, response.text) == (500, '{"message":"Internal Server Error"}')


async def test_the_gateway_returns_service_unavailable_if_a_function_takes_too_long(api: Api) -> None:
    response = await api.client.get("/responses/slow")
    assert (response.status_code, response.text) == (503, '{"message":"Service Unavailable"}')


async def test_the_function_determines_the_status_and_headers_and_body_of_the_response(api: Api) -> None:
    plain = await api.client.get("/responses/plain")
    assert (plain.headers["content-type"], plain.json()) == ("application/json", {"hello": "world"})
    cookies = await api.client.get("/responses/cookies")
    assert cookies.headers.get_list("set-cookie") == ["a=1", "b=2"]
    compressed = await api.client.get("/responses/gzip")
    assert (compressed.headers["content-encoding"], compressed.text) == ("gzip", "hello")
    assert int(compressed.headers["content-length"]) == len(gzip.compress(b"hello"))
    for kind, status in (("nothing", 204), ("unchanged", 304)):
        empty = await api.client.get(f"/responses/{kind}")
        assert (empty.status_code, empty.content, "content-length" in empty.headers) == (status, b"", False)


async def test_a_binary_request_body_is_encoded_as_base64(api: Api) -> None:
    event = await api.echo("POST", "/echo/x", content=b"\x00\xff", headers={"content-type": "application/octet-stream"})
    assert (event["body"], event["isBase64Encoded"]) == ("AP8=", True)


async def test_a_request_that_is_larger_than_ten_megabytes_gets_status_413(api: Api) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 1024 * 1024

    for content in (b" " * (10 * 1024 * 1024 + 1), chunks()):
        response = await api.client.post("/echo/x", content=content)
        assert (response.status_code, response.text) == (413, '{"message":"Request Entity Too Large"}')


async def test_a_request_that_is_larger_than_the_lambda_limit_gets_status_413(api: Api) -> None:
    response = await api.client.post("/echo/x", content=b"x" * 6_300_000, headers={"content-type": "text/plain"})
    assert (response.status_code, response.text) == (413, '{"message":"Request Entity Too Large"}')
    response = await api.client.post("/echo/x", content=b"x" * 6_280_000, headers={"content-type": "text/plain"})
    assert response.status_code == 200


async def test_the_gateway_answers_preflight_requests(api: Api) -> None:
    headers = {"Origin": "http://shop.example", "Access-Control-Request-Method": "PATCH"}
    for path in ("/private", "/nowhere"):
        response = await api.client.options(path, headers=headers)
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["access-control-allow-origin"] == "*"
        assert response.headers["access-control-allow-methods"] == "GET,HEAD,POST,PUT,PATCH,DELETE"
        allowed = set(response.headers["access-control-allow-headers"].split(","))
        assert allowed >= {"authorization", "content-type", "idempotency-key", "if-match", "consistency-token"}
        assert response.headers["access-control-max-age"] == str(CORS.max_age)


async def test_the_gateway_replaces_the_cors_headers_of_functions(api: Api) -> None:
    response = await api.client.get("/responses/cors", headers={"Origin": "http://shop.example"})
    assert response.headers.get_list("access-control-allow-origin") == ["*"]
    assert set(response.headers["access-control-expose-headers"].split(",")) >= {"etag", "link", "consistency-token"}
    assert "access-control-allow-methods" not in response.headers
    unauthorized = await api.client.get("/private", headers={"Origin": "http://shop.example"})
    assert (unauthorized.status_code, unauthorized.headers["access-control-allow-origin"]) == (401, "*")
    assert "access-control-allow-origin" not in (await api.client.get("/responses/plain")).headers


async def test_each_response_has_the_request_id(api: Api) -> None:
    response = await api.client.get("/echo/x")
    assert response.json()["requestContext"]["requestId"] == response.headers["apigw-requestid"]
    assert (await api.client.get("/nowhere")).headers["apigw-requestid"]


async def test_the_health_endpoint_returns_the_number_of_processes(api: Api) -> None:
    await api.echo("GET", "/echo/x")
    response = await api.client.get("/_local/health")
    assert response.status_code == 200
    assert response.json()["functions"]["api-echo-any"]["processes"] >= 1


async def test_a_function_works_after_a_client_has_disconnected(api: Api) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await api.client.get("/responses/slow", timeout=0.2)
    responses = await asyncio.gather(*(api.client.get("/responses/plain") for _ in range(5)))
    assert [response.status_code for response in responses] == [200] * 5


async def test_two_servers_cannot_listen_on_the_same_port(tmp_path: Path) -> None:
    async with serving(Issuer(tmp_path, ISSUER), 0) as served:
        with pytest.raises(OSError, match="in use"):
            await serving(Issuer(tmp_path, ISSUER), served.port).__aenter__()
