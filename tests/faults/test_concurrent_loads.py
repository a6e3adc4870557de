"""If many visitors request a page right after its invalidation, at most two of these requests load the page."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest

from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.platform import TLS, Json, Platform, Tenant, ok

VISITORS = 32
"""The number of visitors. It equals the maximum number of instances of the storefront function."""
ROUNDS = 20 if FULL else 5


@pytest.fixture(scope="module")
def addresses(cloud: object) -> list[str]:
    """Return a different address for each visitor, because one address is allowed to send ten requests a second."""
    return [f"127.0.7.{n + 1}" for n in range(VISITORS)]


def get_at_once(path: str, clients: list[httpx.Client]) -> list[httpx.Response]:
    """Send a request from every client at the same time. Return the responses."""
    barrier = Barrier(len(clients))

    def get(client: httpx.Client) -> httpx.Response:
        barrier.wait(30)
        return client.get(path)

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(get, clients))


def count_misses(responses: list[httpx.Response]) -> int:
    return sum("fwd=" in response.headers["cache-status"] for response in responses)


@pytest.mark.timeout(300)
def test_at_most_two_of_many_concurrent_requests_load_an_invalidated_page(
    platform: Platform, addresses: list[str], figure: Figure
) -> None:
    tenant: Tenant = platform.tenant()
    platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
    product: Json = platform.product(tenant, price="1.00")
    path = f"/v1/storefront/{tenant.domain}/products"
    clients = [
        httpx.Client(
            base_url=platform.endpoints.api,
            timeout=30,
            transport=httpx.HTTPTransport(verify=TLS, local_address=address),
        )
        for address in addresses
    ]
    max_loads, longest_seconds = 0, 0.0
    try:
        for _ in range(3):  # Start all instances of the function.
            assert {response.status_code for response in get_at_once(path, clients)} == {200}
        for turn in range(ROUNDS):
            changes = {"price": f"{turn + 2}.00"}
            ok(tenant.owner.patch(f"/v1/products/{product['id']}", json=changes, headers={"If-Match": "*"}))
            started = time.monotonic()
            responses = get_at_once(path, clients)
            longest_seconds = max(longest_seconds, time.monotonic() - started)
            assert {response.status_code for response in responses} == {200}
            assert {response.json()["data"][0]["price"] for response in responses} == {changes["price"]}
            max_loads = max(max_loads, count_misses(responses))
    finally:
        for client in clients:
            client.close()
    figure(f"{VISITORS} requests for an invalidated page: loads", max_loads, "loads", 2)
    figure(f"{VISITORS} requests for an invalidated page: last response", longest_seconds * 1000, "ms")
    assert max_loads >= 1
