"""Fixtures for the tests of outbound requests."""

import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from wecelebrate.core.settings import settings

Resolver = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def allowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Allow requests to 127.0.0.1, as the local cloud does. Requests to other addresses of this machine are still
    forbidden.
    """
    monkeypatch.setenv("WC_OUTBOUND_ALLOW", "127.0.0.1")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """Replace the resolver of host names. `names(*answers)` sets one list of addresses for each look-up.

    `names` returns a list. Every later look-up appends its host name to the list.
    """

    def resolve_to(*answers: list[str]) -> list[str]:
        looked_up: list[str] = []

        def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
            if _is_address(host):  # socket.create_connection also calls this function, with the checked IP address.
                return [(_family(host), socket.SOCK_STREAM, 6, "", (host, port))]
            addresses = answers[min(len(looked_up), len(answers) - 1)]
            looked_up.append(host)
            return [(_family(address), socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return looked_up

    return resolve_to


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
