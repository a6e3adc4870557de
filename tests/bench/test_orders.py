"""Tests how the benchmark places orders."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest

from infra.bench import orders
from infra.bench.load import load
from infra.bench.orders import Shop, place
from infra.local.processes import LocalCloudError

SHOP = Shop(UUID(int=1), "gifts.test", [(f"product-{number}", f"SKU-{number}", "mug") for number in range(5)])


class Server(ThreadingHTTPServer):
    """An HTTP server that stores the orders that it receives, and the addresses of their senders."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.orders: list[dict[str, Any]] = []
        self.senders: list[str] = []
        self.status = 201

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        assert self.path == "/v1/storefront/gifts.test/orders"
        self.server.orders.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.senders.append(self.client_address[0])
        self.send_response(self.server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def place_orders(server: Server, count: int, *, hot: bool = False) -> list[dict[str, Any]]:
    with place(server.url, SHOP, hot=hot)() as send:
        for _ in range(count):
            assert send() == "201"
    return server.orders


def products(order: dict[str, Any]) -> set[str]:
    return {line["product_id"] for line in order["lines"]}


def test_each_order_has_a_different_customer_and_several_products(server: Server) -> None:
    placed = place_orders(server, 20)
    assert len({order["customer_email"] for order in placed}) == 20
    assert {len(products(order)) for order in placed} == {orders.LINES_PER_ORDER}
    assert set.union(*map(products, placed)) == {product[0] for product in SHOP.products}


def test_all_orders_contain_the_hot_product(server: Server) -> None:
    placed = place_orders(server, 20, hot=True)
    assert set.intersection(*map(products, placed)) == {"product-0"}
    assert {len(products(order)) for order in placed} == {orders.LINES_PER_ORDER}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux accepts each address of 127.0.0.0/8")
def test_orders_from_one_ip_address_stay_below_the_daily_limit_of_a_site(server: Server) -> None:
    place_orders(server, 3 * orders.ORDERS_PER_ADDRESS)
    pieces = {sender: server.senders.count(sender) * orders.LINES_PER_ORDER for sender in server.senders}
    assert len(pieces) >= 3
    assert max(pieces.values()) <= 100


def test_a_run_fails_with_the_api_error_if_the_api_refuses_an_order(server: Server) -> None:
    server.status = 409
    with pytest.raises(LocalCloudError, match=r"POST /v1/storefront/gifts\.test/orders: 409 b'\{\}'"):
        load(place(server.url, SHOP), 1, 10)
