"""Tests the operation Invoke of the local cloud. Only functions of the same cloud can invoke a function."""

from collections.abc import AsyncIterator

import pytest

from infra.local.invocations import INVOCATIONS
from tests.local.gateway_api import KEY, Api, gateway_api

pytestmark = pytest.mark.anyio

SIGNATURE = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
EVENT = {"requestContext": {"authorizer": {"jwt": {"claims": {"sub": "admin"}}}}}


@pytest.fixture(scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    async with gateway_api(tmp_path_factory.mktemp("api")) as api:
        yield api


def path(key: str) -> str:
    return f"{INVOCATIONS}/{key}/2015-03-31/functions/api-echo-private/invocations"


async def invoke(api: Api, path: str, **headers: str) -> tuple[int, str]:
    headers = {"authorization": SIGNATURE, **headers}
    response = await api.client.post(path, json=EVENT, headers=headers)
    return response.status_code, response.headers.get("x-amzn-errortype", "")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_function_can_invoke_another_function_with_the_key_of_the_cloud(api: Api, host: str) -> None:
    assert await invoke(api, path(KEY), host=f"{host}:{api.client.base_url.port}") == (200, "")


async def test_an_invocation_without_the_key_of_the_cloud_is_refused(api: Api) -> None:
    assert await invoke(api, path("test")) == (403, "UnrecognizedClientException")
    assert await invoke(api, path(KEY).replace(f"/{KEY}/", "/")) == (404, "UnknownOperationException")
    assert await invoke(api, path(KEY), authorization="Bearer x") == (403, "MissingAuthenticationTokenException")


async def test_an_invocation_with_a_foreign_host_name_is_refused(api: Api) -> None:
    port = api.client.base_url.port
    for host in (f"evil.example:{port}", f"127.0.0.1:{port}.evil.example", "127.0.0.1", ""):
        assert await invoke(api, path(KEY), host=host) == (403, "AccessDeniedException"), host
