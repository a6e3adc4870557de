"""Tests switching the mirror on and off, and concurrent writes, with the commands, the API and the facade.

The module uses its own local cloud, because switching the mirror affects a whole platform.
"""

import copy
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Self

import httpx
import psycopg
import pytest

from infra.local.credentials import Credentials
from tests.faults.environment import FULL
from tests.kv.commands import command, run
from tests.kv.conftest import MERGE, PATH
from tests.platform import TLS, Json, Platform, Tenant

WRITES = 400 if FULL else 12
"""The number of sales of each writer."""
START = 20_000
"""The stock of each product before the writers begin."""


@pytest.fixture
def on(own_platform: Platform) -> Iterator[Json]:
    """Switch the mirror on, and return its state."""
    yield run(own_platform, "mirror", "on", "--currency", "EUR")
    run(own_platform, "mirror", "off")


@pytest.fixture
def tenant(own_platform: Platform, on: Json) -> Tenant:
    """A tenant that was created while the mirror was on, so its documents exist in the store."""
    return own_platform.tenant()


class OldApplication:
    """Simulates an old application that caches documents for some seconds."""

    stale_seconds = 3.0
    """The time for which the application caches a document, in seconds."""

    def __init__(self, platform: Platform) -> None:
        self.client = httpx.Client(
            base_url=platform.endpoints.api,
            headers={"apikey": Credentials.of(platform.state).kv_key, "Content-Type": "application/json"},
            verify=TLS,
            trust_env=False,
            timeout=60,
        )
        self.read_at: dict[str, float] = {}
        self.documents: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def read(self, key: str) -> Any:
        """Return a document, possibly from the cache."""
        if time.monotonic() > self.read_at.get(key, 0) + self.stale_seconds:
            [row] = self.client.get(PATH, params={"select": "value", "key": f"eq.{key}"}).json()
            self.documents[key], self.read_at[key] = row["value"], time.monotonic()
        return copy.deepcopy(self.documents[key])

    def sell(self, document: Json) -> None:
        """Sell one piece of a gift, as the old applications do."""
        document["availableQuantity"] -= 1
        document["updatedAt"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"

    def write(self, documents: dict[str, Any]) -> int:
        """Write documents in one request. Return the status of the response."""
        rows = [{"key": key, "value": value} for key, value in documents.items()]
        return self.client.post(PATH, json=rows, headers=MERGE).status_code


@pytest.fixture
def application(own_platform: Platform) -> Iterator[OldApplication]:
    """An old application."""
    with OldApplication(own_platform) as application:
        yield application


def test_the_mirror_is_initially_off_and_the_commands_switch_it_on_and_off(own_platform: Platform) -> None:
    assert run(own_platform, "mirror", "status")["enabled"] is False
    state = run(own_platform, "mirror", "on", "--environment", "production", "--environment", "test")
    assert (state["enabled"], state["environments"], state["currency"]) == (True, ["production", "test"], None)
    assert "mirror: on for production, test" in command(own_platform, "status").stdout
    assert run(own_platform, "mirror", "on")["environments"] == ["production"]
    assert run(own_platform, "mirror", "off")["enabled"] is False
    assert run(own_platform, "mirror", "off")["enabled"] is False
    rows = own_platform.database.execute(
        "select action, subject from audit_log where action like 'kv_mirror%%' order by id desc limit 3"
    ).fetchall()
    assert [row["action"] for row in rows] == ["kv_mirror.off", "kv_mirror.on", "kv_mirror.on"]
    assert {row["subject"] for row in rows} == {"admin"}


def test_switching_the_mirror_on_fails_if_a_write_blocks_the_command(own_platform: Platform) -> None:
    own_platform.database.execute("begin; update clients set name = name")
    try:
        result = command(own_platform, "mirror", "on")
    finally:
        own_platform.database.execute("rollback")
    assert result.returncode == 5
    assert "Try again" in result.stderr
    assert run(own_platform, "mirror", "status")["enabled"] is False


@pytest.mark.parametrize("currency", ["XXX", "EURO", "€"])
def test_switching_the_mirror_on_with_an_unknown_currency_is_refused(own_platform: Platform, currency: str) -> None:
    assert command(own_platform, "mirror", "on", "--currency", currency).returncode == 5
    assert run(own_platform, "mirror", "status")["enabled"] is False


@pytest.mark.parametrize("role", ["admin", "support", "owner"])
def test_only_super_admins_can_switch_the_mirror(own_platform: Platform, role: str) -> None:
    subject = role if role == "support" else own_platform.member(own_platform.client()["id"])
    if role == "admin":
        own_platform.database.execute(
            "insert into admin_users (user_id, email, role) values ('mirror-admin', 'm@example.test', 'admin')"
        )
        subject = "mirror-admin"
    api = own_platform.api(subject)
    assert api.put("/v1/admin/kv/mirror", json={"enabled": True}).status_code == 403
    assert api.post("/v1/admin/kv/revisions", json={}).status_code == 403
    assert run(own_platform, "mirror", "status")["enabled"] is False


def test_an_old_application_can_read_and_change_an_order_placed_in_the_platform(
    own_platform: Platform, tenant: Tenant, application: OldApplication
) -> None:
    product = own_platform.product(tenant, inventory_count=9)
    order = own_platform.order(tenant, (product, 2))
    assert application.read(f"gift:{product['id']}")["availableQuantity"] == 7
    document = application.read(f"order:{order['id']}")
    assert (document["orderNumber"], document["totalAmount"]) == (order["order_number"], 20)
    assert application.write({f"order:{order['id']}": document | {"status": "shipped"}}) == 201
    assert own_platform.order_state(tenant, order)["status"] == "shipped"
    status = run(own_platform, "status")
    assert status["quarantine"] == []
    assert status["mirror"]["conflicts"] == []


def test_an_order_placed_in_an_old_application_becomes_an_order_of_the_platform(
    own_platform: Platform, tenant: Tenant, application: OldApplication
) -> None:
    product = own_platform.product(tenant, inventory_count=9)
    [site] = own_platform.database.execute("select id from sites where client_id = %s", [tenant.client_id]).fetchall()
    number = f"ORD-1767225600000-{time.time_ns()}"
    order = {
        "id": number, "siteId": str(site["id"]), "giftId": product["id"], "quantity": 3,
        "status": "confirmed", "userEmail": "a@b.example", "createdAt": "2026-02-20T11:00:00Z",
    }  # fmt: skip
    gift = application.read(f"gift:{product['id']}")
    documents = {
        f"order:{site['id']}:{number}": order,
        f"gift:{product['id']}": gift | {"availableQuantity": gift["availableQuantity"] - 3},
    }
    assert application.write(documents) == 201
    [row] = own_platform.database.execute(
        "select status, total_amount, client_id::text from orders where order_number = %s", [number]
    ).fetchall()
    assert row == {"status": "pending", "total_amount": 30, "client_id": tenant.client_id}
    assert own_platform.database.execute("select inventory_count as n from products where id = %s",
                                         [product["id"]]).fetchone() == {"n": 6}  # fmt: skip


def test_documents_and_rows_are_independent_while_the_mirror_is_off(
    own_platform: Platform, application: OldApplication
) -> None:
    tenant = own_platform.tenant()
    product = own_platform.product(tenant)
    assert application.write({"gift:off": {"id": "off", "price": 5}, "client:off": {"id": "off", "name": "Off"}}) == 201
    rows = own_platform.database.execute(
        "select key from kv_store_6fcaeea3 where key like %s union all select key from kv.ids where old_id = 'off'"
        " union all select key from kv_store_6fcaeea3 where value ? '_rev' and value ->> 'id' = 'off'",
        [f"%{product['id']}%"],
    ).fetchall()
    assert rows == []


@pytest.fixture
def products(own_platform: Platform, tenant: Tenant) -> list[Json]:
    """Six products that all writers sell."""
    return [own_platform.product(tenant, inventory_count=START) for _ in range(6)]


@pytest.mark.slow
def test_concurrent_sales_of_old_and_new_applications_sell_exactly_the_stock(
    own_platform: Platform, products: list[Json]
) -> None:
    ids = [product["id"] for product in products]
    sold = dict.fromkeys(ids, 0)
    lock = threading.Lock()
    failures: list[Any] = []

    def sell(chosen: list[str]) -> None:
        with lock:
            for id in chosen:
                sold[id] += 1

    def old_application(seed: int) -> None:
        choose = random.Random(seed)
        with OldApplication(own_platform) as application:
            for _ in range(WRITES):
                chosen = choose.sample(ids, 2)
                documents = {f"gift:{id}": application.read(f"gift:{id}") for id in chosen}
                for document in documents.values():
                    application.sell(document)
                status = application.write(documents)
                sell(chosen) if status == 201 else failures.append(status)

    def platform(seed: int) -> None:
        choose = random.Random(seed)
        with psycopg.connect(own_platform.endpoints.database, autocommit=True) as connection:
            for _ in range(WRITES * 4):
                chosen = sorted(choose.sample(ids, 2))
                try:
                    with connection.transaction():
                        query = "select from products where id = any (%s::uuid[]) order by id for no key update"
                        connection.execute(query, [chosen])
                        query = "update products set inventory_count = inventory_count - 1 where id = any (%s::uuid[])"
                        connection.execute(query, [chosen])
                    sell(chosen)
                except psycopg.Error as error:
                    failures.append(error)

    deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
    before = own_platform.database.execute(deadlocks).fetchone()
    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(work, n) for n in range(4) for work in (old_application, platform)]:
            future.result()
    assert failures == []
    rows = own_platform.database.execute(
        "select p.id::text, p.inventory_count as row, (d.value ->> 'availableQuantity')::integer as document"
        " from products p join kv_store_6fcaeea3 d on d.key = 'gift:' || p.id where p.id = any (%s::uuid[])",
        [ids],
    ).fetchall()
    assert {row["id"]: row["row"] for row in rows} == {id: START - n for id, n in sold.items()}
    assert all(row["row"] == row["document"] for row in rows)
    assert run(own_platform, "mirror", "status")["conflicts"] == []
    assert own_platform.database.execute(deadlocks).fetchone() == before


@pytest.fixture
def listed(own_platform: Platform, tenant: Tenant, products: list[Json], application: OldApplication) -> list[str]:
    """The ids of six gifts that exist only in two lists. One list also contains copies of other documents."""
    ids = [f"listed-{time.time_ns()}-{number}" for number in range(6)]
    gifts = [
        {"id": id, "name": "Mug", "sku": id, "price": 10, "catalogId": tenant.catalog_id, "availableQuantity": START}
        for id in ids
    ]
    copies = [application.read(f"gift:{product['id']}") for product in products[:2]]
    lists = {"gifts:all": gifts[:4], f"catalog_gifts:{tenant.catalog_id}": [*gifts[4:], *copies, gifts[0]]}
    assert application.write(lists) == 201
    return ids


def test_writers_of_lists_and_writers_of_documents_or_orders_do_not_deadlock(
    own_platform: Platform, tenant: Tenant, products: list[Json], listed: list[str]
) -> None:
    second = f"catalog_gifts:{tenant.catalog_id}"
    query = "select distinct old_id, id::text from kv.ids where old_id = any (%s)"
    rows = {row["old_id"]: row["id"] for row in own_platform.database.execute(query, [listed]).fetchall()}
    singles = [product["id"] for product in products]
    sold = dict.fromkeys([*rows.values(), *singles], 0)
    lock = threading.Lock()
    failures: list[Any] = []

    def sell(chosen: list[str], quantity: int = 1) -> None:
        with lock:
            for id in chosen:
                sold[id] += quantity

    def writer_of_lists(choose: random.Random) -> None:
        with OldApplication(own_platform) as application:
            for _ in range(WRITES):
                lists = {"gifts:all": application.read("gifts:all"), second: application.read(second)}
                chosen = [listed[choose.randrange(1, 4)], listed[choose.randrange(4, 6)]]
                for item in (*lists["gifts:all"], *lists[second]):
                    if item["id"] in chosen:
                        application.sell(item)
                status = application.write(lists)
                sell([rows[id] for id in chosen]) if status == 201 else failures.append(status)

    def writer_of_documents(choose: random.Random) -> None:
        with OldApplication(own_platform) as application:
            for _ in range(WRITES):
                chosen = choose.sample(singles, 2)
                documents = {f"gift:{id}": application.read(f"gift:{id}") for id in chosen}
                for document in documents.values():
                    application.sell(document)
                status = application.write(documents)
                sell(chosen) if status == 201 else failures.append(status)

    def orders(choose: random.Random) -> None:
        for _ in range(WRITES // 4 or 1):
            chosen = choose.sample([*rows.values(), *singles], 3)
            try:
                email = f"guest-{time.time_ns()}@example.test"  # The site limits the number of pieces for each buyer.
                own_platform.order(tenant, *(({"id": id}, 2) for id in chosen), customer_email=email)
                sell(chosen, 2)
            except AssertionError as error:
                failures.append(error)

    def platform(choose: random.Random) -> None:
        with psycopg.connect(own_platform.endpoints.database, autocommit=True) as connection:
            for _ in range(WRITES * 2):
                chosen = sorted(choose.sample([*rows.values(), *singles], 3))
                try:
                    with connection.transaction():
                        for id in chosen:  # A separate statement changes each row.
                            query = "update products set inventory_count = inventory_count - 1 where id = %s"
                            connection.execute(query, [id])
                    sell(chosen)
                except psycopg.Error as error:
                    failures.append(error)

    deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
    before = own_platform.database.execute(deadlocks).fetchone()
    with ThreadPoolExecutor(8) as pool:
        works = (writer_of_lists, writer_of_documents, orders, platform)
        for future in [pool.submit(work, random.Random(n)) for n in range(2) for work in works]:
            future.result()
    assert failures == []
    counts = own_platform.database.execute(
        "select id::text, inventory_count as n from products where id = any (%s::uuid[])", [list(sold)]
    ).fetchall()
    assert {row["id"]: row["n"] for row in counts} == {id: START - n for id, n in sold.items()}
    with OldApplication(own_platform) as application:
        items = {item["id"]: item for key in (second, "gifts:all") for item in application.read(key)}
        stated = {id: items[id]["availableQuantity"] for id in (*listed, singles[0], singles[1])}
        stated |= {id: application.read(f"gift:{id}")["availableQuantity"] for id in singles[2:]}
    assert {rows.get(id, id): n for id, n in stated.items()} == {id: START - n for id, n in sold.items()}
    assert run(own_platform, "mirror", "status")["conflicts"] == []
    assert own_platform.database.execute(deadlocks).fetchone() == before
