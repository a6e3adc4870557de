"""A page that ended while many look at it is loaded by one of them: through the gateway, an instance each."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest

from tests.faults.conftest import FULL
from tests.faults.figures import Figure
from tests.platform import TLS, Json, Platform, Tenant, ok

READERS = 32
"""As many instances as the storefront has."""
ROUNDS = 20 if FULL else 5


@pytest.fixture(scope="module")
def visitors(cloud: object) -> list[str]:
    """An address each: one may send ten requests a second."""
    return [f"127.0.7.{n + 1}" for n in range(READERS)]


def rush(platform: Platform, path: str, clients: list[httpx.Client]) -> list[httpx.Response]:
    barrier = Barrier(len(clients))

    def ask(client: httpx.Client) -> httpx.Response:
        barrier.wait(30)
        return client.get(path)

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(ask, clients))


def misses(answers: list[httpx.Response]) -> int:
    return sum("fwd=" in answer.headers["cache-status"] for answer in answers)


@pytest.mark.timeout(300)
def test_a_page_that_ended_is_loaded_by_at_most_two_of_those_who_look(
    platform: Platform, visitors: list[str], figure: Figure
) -> None:
    tenant: Tenant = platform.tenant()
    platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
    product: Json = platform.product(tenant, price="1.00")
    path = f"/v1/storefront/{tenant.domain}/products"
    clients = [
        httpx.Client(
            base_url=platform.endpoints.api, timeout=30, transport=httpx.HTTPTransport(verify=TLS, local_address=one)
        )
        for one in visitors
    ]
    most, longest = 0, 0.0
    try:
        for _ in range(3):
            assert {answer.status_code for answer in rush(platform, path, clients)} == {200}  # instances are made
        for turn in range(ROUNDS):
            changed = {"price": f"{turn + 2}.00"}
            ok(tenant.owner.patch(f"/v1/products/{product['id']}", json=changed, headers={"If-Match": "*"}))
            began = time.monotonic()
            answers = rush(platform, path, clients)
            longest = max(longest, time.monotonic() - began)
            assert {answer.status_code for answer in answers} == {200}
            assert {answer.json()["data"][0]["price"] for answer in answers} == {changed["price"]}, "nobody saw the old"
            most = max(most, misses(answers))
    finally:
        for client in clients:
            client.close()
    figure(f"rush of {READERS} on a page that ended: loads", most, "loads", 2)
    figure(f"rush of {READERS} on a page that ended: the last answered after", longest * 1000, "ms")
    assert most >= 1
