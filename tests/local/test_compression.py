"""Tests that the local gateway compresses responses as CloudFront does, and answers HEAD requests without a body."""

from collections.abc import AsyncIterator

import pytest

from infra.local.compression import MIN_BYTES, compressed
from infra.local.payload_format import Response
from tests.local.gateway_api import Api, gateway_api

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    async with gateway_api(tmp_path_factory.mktemp("api")) as api:
        yield api


async def test_a_large_text_is_compressed_and_its_etag_becomes_weak(api: Api) -> None:
    response = await api.client.get("/responses/large", headers={"accept-encoding": "br, gzip;q=0.5"})
    assert response.headers["content-encoding"] == "gzip"
    assert (response.headers["etag"], response.headers["vary"]) == ('W/"t"', "Origin, Accept-Encoding")
    assert response.text == "x" * 99_999
    assert int(response.headers["content-length"]) < 2_000


async def test_a_client_that_does_not_accept_gzip_gets_a_strong_etag(api: Api) -> None:
    response = await api.client.get("/responses/large", headers={"accept-encoding": "gzip;q=0, identity"})
    assert "content-encoding" not in response.headers
    assert (response.headers["etag"], response.headers["vary"]) == ('"t"', "Origin, Accept-Encoding")
    assert response.headers["content-length"] == "99999"


@pytest.mark.parametrize(("kind", "vary"), [("small", "Origin, Accept-Encoding"), ("image", "Origin")])
async def test_small_responses_and_images_are_not_compressed(api: Api, kind: str, vary: str) -> None:
    response = await api.client.get(f"/responses/{kind}", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in response.headers
    assert (response.headers["etag"], response.headers["vary"]) == ('"t"', vary)


@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_a_head_response_has_the_headers_of_the_get_response_and_no_body(api: Api, coding: str) -> None:
    get, head = [
        await api.client.request(method, "/responses/large", headers={"accept-encoding": coding})
        for method in ("GET", "HEAD")
    ]
    changing = {"date", "apigw-requestid"}
    assert {name: value for name, value in head.headers.items() if name not in changing} == {
        name: value for name, value in get.headers.items() if name not in changing
    }
    assert head.content == b""


@pytest.mark.parametrize("tag", ['"t"', 'W/"t"'])
async def test_a_304_response_contains_the_etag_that_the_request_sent(api: Api, tag: str) -> None:
    response = await api.client.get("/responses/large", headers={"if-none-match": tag})
    assert (response.status_code, response.headers["etag"], response.content) == (304, tag, b"")
    assert response.headers["vary"] == "Origin, Accept-Encoding"


async def test_the_minimum_size_for_compression_equals_the_minimum_of_cloudfront() -> None:
    for size in (MIN_BYTES - 1, MIN_BYTES):
        response = Response(200, [(b"content-type", b"application/problem+json")], b"x" * size)
        coded = await compressed(response, [(b"accept-encoding", b"gzip")])
        assert ((b"content-encoding", b"gzip") in coded.headers) == (size == MIN_BYTES)
