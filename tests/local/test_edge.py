"""Tests functions behind CloudFront. The gateway and the functions refuse every request without a secret of
CloudFront."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.local.endpoints import Endpoints, load_endpoints
from tests.conftest import _wecelebrate

CURRENT, PREVIOUS = "current-secret", "previous-secret"


@pytest.fixture(scope="module")
def behind_cloudfront(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A local cloud whose functions have the secrets of CloudFront."""
    home: Path = tmp_path_factory.mktemp("edge")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WECELEBRATE_ORIGIN_SECRETS", f"{CURRENT},{PREVIOUS}")
        _wecelebrate(home, "up", "--detach")
        try:
            yield load_endpoints(home / ".local")
        finally:
            _wecelebrate(home, "down", "--erase", "--yes")


def get(cloud: Endpoints, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{cloud.api}{path}", headers={name.replace("_", "-"): text for name, text in headers.items()})


@pytest.mark.parametrize(
    "path",
    [
        "/v1/health",
        "/v1/storefront/acme.gifts.localhost/products",
        "/rest/v1/kv_store_6fcaeea3",
        "/no/such/path",
    ],
)
def test_every_type_of_function_refuses_a_request_without_the_secret(behind_cloudfront: Endpoints, path: str) -> None:
    for headers in ({}, {"x_origin_secret": "guessed"}, {"x_origin_secret": ""}, {"x_origin_secret": CURRENT[:-1]}):
        response = get(behind_cloudfront, path, **headers)
        assert (response.status_code, response.json()["code"]) == (403, "forbidden")
        assert CURRENT not in response.text


@pytest.mark.parametrize("secret", [CURRENT, PREVIOUS])
def test_functions_accept_the_current_and_the_previous_secret(behind_cloudfront: Endpoints, secret: str) -> None:
    assert get(behind_cloudfront, "/v1/health", x_origin_secret=secret).status_code == 200
    assert get(behind_cloudfront, "/no/such/path", x_origin_secret=secret).status_code == 404


def test_rate_limits_use_the_address_of_the_visitor(
    behind_cloudfront: Endpoints,
) -> None:
    def remaining(address: str) -> int:
        path = "/v1/storefront/acme.gifts.localhost/products"
        response = get(behind_cloudfront, path, x_origin_secret=CURRENT, x_viewer_address=address)
        limits = dict(item.split(";")[:2] for item in response.headers["ratelimit"].split(", "))
        return int(limits['"address"'].removeprefix("r="))

    used = [remaining("198.51.100.7") for _ in range(4)]
    assert used[3] < used[0], "the requests of one visitor are counted together"
    assert remaining("198.51.100.8") > used[3], "another visitor has a limit of its own"
