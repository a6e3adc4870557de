"""Tests a local cloud with poolers. Functions share few connections, and requests succeed after a pooler was killed."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from infra.local.pgbouncer import MAX_SERVER_CONNECTIONS
from tests.platform import Platform, ok

LOGINS = ("wc_public", "wc_api", "wc_worker", "wc_kv")


@pytest.fixture(scope="module")
def pooled_platform(pgbouncer_program: str, own_platform: Platform) -> Platform:
    """A local cloud with poolers for this module."""
    assert own_platform.endpoints.pooler_writer
    assert own_platform.endpoints.pooler_reader
    return own_platform


def console(url: str | None, command: str) -> list[dict[str, Any]]:
    """Run a command in the admin console of a pooler. Return the rows of the result."""
    assert url is not None
    with psycopg.connect(url, dbname="pgbouncer", autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute(command.encode()).fetchall()


@pytest.mark.timeout(180)
def test_each_server_has_at_most_20_connections_if_functions_use_poolers(pooled_platform: Platform) -> None:
    tenant = pooled_platform.tenant()
    pooled_platform.product(tenant)
    path = f"/v1/storefront/{tenant.domain}/products"
    pooled_platform.eventually(lambda: ok(pooled_platform.api().get(path))["data"])
    endpoints = pooled_platform.endpoints
    max_connections = {"primary": 0, "replica": 0}
    done = Event()

    def count_connections() -> None:
        query = b"select count(*) from pg_stat_activity where usename in ('wc_public', 'wc_api', 'wc_worker', 'wc_kv')"
        with (
            psycopg.connect(endpoints.database, autocommit=True) as primary,
            psycopg.connect(endpoints.replica, autocommit=True) as replica,
        ):
            while not done.is_set():
                for name, connection in (("primary", primary), ("replica", replica)):
                    row = connection.execute(query).fetchone()
                    max_connections[name] = max(max_connections[name], row[0] if row else 0)

    def send_requests(number: int) -> list[int]:
        client = clients[number]
        responses = [client.get(path, params={"limit": 1}) for _ in range(20)]
        responses += [tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"name": f"site {number}"})]
        return [response.status_code for response in responses]

    clients = [pooled_platform.api() for _ in range(40)]
    for client in clients:
        client.event_hooks = {"request": [], "response": []}
    with ThreadPoolExecutor(len(clients) + 1) as pool:
        counter = pool.submit(count_connections)
        try:
            statuses = {status for result in pool.map(send_requests, range(len(clients))) for status in result}
        finally:
            done.set()
        counter.result()
    assert statuses == {200}
    assert 0 < max_connections["primary"] <= MAX_SERVER_CONNECTIONS
    assert 0 < max_connections["replica"] <= MAX_SERVER_CONNECTIONS
    for url, pooler, login in (
        (endpoints.database, endpoints.pooler_writer, "wc_api"),
        (endpoints.replica, endpoints.pooler_reader, "wc_public"),
    ):
        # Retry, because a server connection can open or close between the two queries.
        pooled_platform.eventually(lambda url=url, pooler=pooler: pids(url) == pooled_pids(pooler))  # type: ignore[misc]
        assert login in {row["user"] for row in console(pooler, "show clients")}


def pids(url: str) -> set[int]:
    """Return the pids of the server processes whose connections use the logins of functions."""
    query = "select pid from pg_stat_activity where usename in ('wc_public', 'wc_api', 'wc_worker', 'wc_kv')"
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute(query)}


def pooled_pids(pooler: str | None) -> set[int]:
    """Return the pids of the server processes to which a pooler is connected."""
    return {row["remote_pid"] for row in console(pooler, "show servers") if row["user"] in LOGINS}


@pytest.mark.timeout(180)
def test_requests_succeed_after_a_pooler_was_killed_and_restarted(pooled_platform: Platform) -> None:
    tenant = pooled_platform.tenant()
    path = f"/v1/sites/{tenant.site_id}"
    for number, pooler in enumerate((pooled_platform.endpoints.pooler_writer, pooled_platform.endpoints.pooler_reader)):
        ok(tenant.owner.patch(path, json={"name": f"before {number}"}))
        ok(tenant.owner.get(path))
        process_at(pooler).kill()
        pooled_platform.eventually(lambda pooler=pooler: responds(pooler))  # type: ignore[misc]
        ok(tenant.owner.patch(path, json={"name": f"after {number}"}))
        assert ok(tenant.owner.get(path))["name"] == f"after {number}"


def process_at(pooler: str | None) -> psutil.Process:
    """Return the process of a pooler. The port in the pooler's URL identifies the process."""
    port = urlsplit(pooler or "").port
    (pooler_process,) = (
        process
        for process in psutil.process_iter(["name"])
        if process.info["name"] == "pgbouncer"
        and any(
            connection.laddr.port == port
            for connection in process.net_connections("tcp")
            if connection.status == "LISTEN"
        )
    )
    return pooler_process


def responds(pooler: str | None) -> bool:
    try:
        return bool(console(pooler, "show version"))
    except psycopg.OperationalError:
        return False
