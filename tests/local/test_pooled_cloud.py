"""A whole cloud behind poolers: functions share few connections, and go on when a pooler dies."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from infra.local.pgbouncer import MAX_SERVER_CONNECTIONS
from tests.platform import Platform, ok

LOGINS = ("wc_public", "wc_api", "wc_worker")


@pytest.fixture(scope="module")
def own_pooled(program: str, own_platform: Platform) -> Platform:
    """A cloud of this module's own, with poolers in it."""
    assert own_platform.endpoints.pooler_writer
    assert own_platform.endpoints.pooler_reader
    return own_platform


def console(url: str | None, command: str) -> list[dict[str, Any]]:
    """What a pooler's console answers."""
    assert url is not None
    with psycopg.connect(url, dbname="pgbouncer", autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute(command.encode()).fetchall()


@pytest.mark.timeout(180)
def test_functions_reach_both_servers_through_poolers_and_20_connections_each(own_pooled: Platform) -> None:
    tenant = own_pooled.tenant()
    own_pooled.product(tenant)
    place = f"/v1/storefront/{tenant.domain}/products"
    own_pooled.eventually(lambda: ok(own_pooled.api().get(place))["data"])
    ends = own_pooled.endpoints
    most = {"primary": 0, "replica": 0}
    done = Event()

    def look() -> None:
        counted = b"select count(*) from pg_stat_activity where usename in ('wc_public', 'wc_api', 'wc_worker')"
        with (
            psycopg.connect(ends.database, autocommit=True) as primary,
            psycopg.connect(ends.replica, autocommit=True) as replica,
        ):
            while not done.is_set():
                for name, connection in (("primary", primary), ("replica", replica)):
                    row = connection.execute(counted).fetchone()
                    most[name] = max(most[name], row[0] if row else 0)

    def shop(number: int) -> list[int]:
        client = clients[number]
        answers = [client.get(place, params={"limit": 1}) for _ in range(20)]
        answers += [tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"name": f"site {number}"})]
        return [answer.status_code for answer in answers]

    clients = [own_pooled.api() for _ in range(40)]
    for client in clients:
        client.event_hooks = {"request": [], "response": []}
    with ThreadPoolExecutor(len(clients) + 1) as pool:
        looking = pool.submit(look)
        try:
            answered = [status for answers in pool.map(shop, range(len(clients))) for status in answers]
        finally:
            done.set()
        looking.result()
    assert set(answered) == {200}
    assert 0 < most["primary"] <= MAX_SERVER_CONNECTIONS
    assert 0 < most["replica"] <= MAX_SERVER_CONNECTIONS
    for url, pooler, login in (
        (ends.database, ends.pooler_writer, "wc_api"),
        (ends.replica, ends.pooler_reader, "wc_public"),
    ):
        # Retried: a server connection may come or go between the two looks.
        own_pooled.eventually(lambda url=url, pooler=pooler: pids(url) == pooled_pids(pooler))  # type: ignore[misc]
        assert login in {row["user"] for row in console(pooler, "show clients")}


def pids(url: str) -> set[int]:
    """The server's processes for functions' logins."""
    query = "select pid from pg_stat_activity where usename in ('wc_public', 'wc_api', 'wc_worker')"
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute(query)}


def pooled_pids(pooler: str | None) -> set[int]:
    """Those of them that are a pooler's."""
    return {row["remote_pid"] for row in console(pooler, "show servers") if row["user"] in LOGINS}


@pytest.mark.timeout(180)
def test_poolers_that_are_killed_come_back_and_requests_go_on(own_pooled: Platform) -> None:
    tenant = own_pooled.tenant()
    place = f"/v1/sites/{tenant.site_id}"
    for number, pooler in enumerate((own_pooled.endpoints.pooler_writer, own_pooled.endpoints.pooler_reader)):
        ok(tenant.owner.patch(place, json={"name": f"before {number}"}))
        ok(tenant.owner.get(place))
        process_at(pooler).kill()
        own_pooled.eventually(lambda pooler=pooler: answers(pooler))  # type: ignore[misc]
        ok(tenant.owner.patch(place, json={"name": f"after {number}"}))
        assert ok(tenant.owner.get(place))["name"] == f"after {number}"


def process_at(pooler: str | None) -> psutil.Process:
    port = urlsplit(pooler or "").port
    (found,) = (
        process
        for process in psutil.process_iter(["name"])
        if process.info["name"] == "pgbouncer"
        and any(one.laddr.port == port for one in process.net_connections("tcp") if one.status == "LISTEN")
    )
    return found


def answers(pooler: str | None) -> bool:
    try:
        return bool(console(pooler, "show version"))
    except psycopg.OperationalError:
        return False
