"""Tests old and new applications that sell the same products for minutes. The stock must be exact, and no write may
fail.

In small size, the test takes 20 seconds. In full size, it takes ten minutes, and old applications cache documents for
30 seconds.

The module uses its own local cloud, because switching the mirror affects a whole platform.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.kv.commands import run
from tests.kv.comparing import compare, found, value
from tests.kv.test_mirror_writers import START, OldApplication
from tests.platform import Json, Platform, Tenant
from wecelebrate.core.kill_switches import LIFE_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SECONDS = 600 if FULL else 20
STALE_SECONDS = 30.0 if FULL else 5.0
"""The time for which an old application caches a document, in seconds."""
MAX_DELAY_SECONDS = 10.0 if FULL else 2.0
"""The longest delay of a late write in seconds, in addition to the time for which the document was cached."""
PRODUCTS = 12
LATE, DOUBLED, WRONG_KEY = 0.1, 0.15, 0.05
"""The shares of old applications' writes that are late, that are sent twice, and that have a wrong key."""
PAUSE_SECONDS = 0.2
"""The longest pause between two writes of a writer."""
DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"


@dataclass
class Sales:
    """The sold pieces of each product, and the writes that failed. All writers share this object."""

    ids: list[str]
    end: float
    sold: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    failures: list[Any] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rounds(self, choose: random.Random) -> Iterator[list[str]]:
        """Yield the ids of two products until the end of the test, with pauses."""
        while time.monotonic() < self.end:
            yield sorted(choose.sample(self.ids, 2))
            time.sleep(choose.uniform(0, PAUSE_SECONDS))

    def record(self, writer: str, chosen: list[str], failure: Any) -> None:
        """Record the sale of one piece of each chosen product, or the failure of the write."""
        with self._lock:
            self.writes[writer] += 1
            if failure is None:
                self.sold.update(chosen)
            else:
                self.failures.append((writer, failure))


class SlowApplication(OldApplication):
    """An old application that caches documents for a long time, and sometimes writes late, twice or to a wrong key."""

    stale_seconds = STALE_SECONDS

    def send(self, documents: Mapping[str, Any], *, twice: bool) -> Any:
        """Write documents. Return None, or the status of a failed write."""
        statuses = [self.write(dict(documents)) for _ in range(1 + twice)]
        return next((status for status in statuses if status != 201), None)


def sell_in_old_application(platform: Platform, sales: Sales, choose: random.Random) -> None:
    with SlowApplication(platform) as application:
        for number, chosen in enumerate(sales.rounds(choose)):
            documents = {f"gift:{id}": application.read(f"gift:{id}") for id in chosen}
            for document in documents.values():
                application.sell(document)
            if choose.random() < LATE:
                time.sleep(choose.uniform(0, MAX_DELAY_SECONDS))
            if choose.random() < WRONG_KEY:
                wrong = {f"gift:wrong-{threading.get_ident()}-{number}": documents[f"gift:{chosen[0]}"]}
                failure = application.send(wrong, twice=False)
                sales.record("wrong key", [], failure)
            failure = application.send(documents, twice=choose.random() < DOUBLED)
            sales.record("old application", chosen, failure)


def sell_in_database(platform: Platform, sales: Sales, choose: random.Random) -> None:
    with psycopg.connect(platform.endpoints.database, autocommit=True) as connection:
        for chosen in sales.rounds(choose):
            failure = None
            try:
                with connection.transaction():
                    for product in chosen:  # A separate statement changes each row.
                        query = "update products set inventory_count = inventory_count - 1 where id = %s"
                        connection.execute(query, [product])
            except psycopg.Error as error:
                failure = error
            sales.record("platform", chosen, failure)


def order_in_shop(platform: Platform, tenant: Tenant, sales: Sales, choose: random.Random) -> None:
    for chosen in sales.rounds(choose):
        failure = None
        try:
            email = f"guest-{time.time_ns()}@example.test"  # The site limits the number of pieces for each buyer.
            platform.order(tenant, *(({"id": product}, 1) for product in chosen), customer_email=email)
        except AssertionError as error:
            failure = error
        sales.record("order", chosen, failure)


def rename(platform: Platform, sales: Sales, choose: random.Random) -> None:
    """Change other fields of the products with the API, so that merges affect more fields than the stock."""
    for number, [first, _] in enumerate(sales.rounds(choose)):
        changes = {"name": f"Cup {number}", "description": f"Text {choose.random()}"}
        response = platform.admin.patch(f"/v1/products/{first}", json=changes)
        sales.record("rename", [], None if response.is_success else response.text)


@pytest.fixture
def tenant(own_platform: Platform) -> Iterator[Tenant]:
    """A tenant that was created while the mirror was on, so its documents exist in the store.

    All orders come from one address, so the tenant has no rate limits.
    """
    own_platform.database.execute("insert into kill_switches (name, value) values ('limits', 'off')")
    time.sleep(LIFE_SECONDS + 1)
    run(own_platform, "mirror", "on", "--currency", "EUR")
    yield own_platform.tenant()
    run(own_platform, "mirror", "off")


@pytest.fixture
def products(own_platform: Platform, tenant: Tenant) -> list[Json]:
    return [own_platform.product(tenant, inventory_count=START) for _ in range(PRODUCTS)]


def test_the_stock_is_exact_after_many_stale_and_late_and_repeated_writes(
    own_platform: Platform, tenant: Tenant, products: list[Json], figure: Figure
) -> None:
    ids = [product["id"] for product in products]
    sales = Sales(ids, time.monotonic() + SECONDS)
    before = own_platform.database.execute(DEADLOCKS).fetchone()
    writers: list[Callable[[random.Random], None]] = [
        lambda choose: sell_in_old_application(own_platform, sales, choose),
        lambda choose: sell_in_old_application(own_platform, sales, choose),
        lambda choose: sell_in_old_application(own_platform, sales, choose),
        lambda choose: sell_in_database(own_platform, sales, choose),
        lambda choose: order_in_shop(own_platform, tenant, sales, choose),
        lambda choose: rename(own_platform, sales, choose),
    ]
    with ThreadPoolExecutor(len(writers)) as pool:
        for future in [pool.submit(writer, random.Random(seed)) for seed, writer in enumerate(writers)]:
            future.result()
    assert sales.failures == []
    assert set(sales.writes) == {"old application", "wrong key", "platform", "order", "rename"}
    rows = own_platform.database.execute(
        "select p.id::text, p.inventory_count as row, (d.value ->> 'availableQuantity')::integer as document"
        " from products p join kv_store_6fcaeea3 d on d.key = 'gift:' || p.id where p.id = any (%s::uuid[])",
        [ids],
    ).fetchall()
    assert {row["id"]: row["row"] for row in rows} == {id: START - sales.sold[id] for id in ids}
    assert all(row["row"] == row["document"] for row in rows)
    wrong = value(own_platform, "select count(*) from kv_store_6fcaeea3 where key like 'gift:wrong-%%'")
    assert wrong == value(own_platform, "select count(*) from kv.quarantine where key like 'gift:wrong-%%'")
    assert wrong > 0
    assert own_platform.database.execute(DEADLOCKS).fetchone() == before
    compare(own_platform, "--full", code=0)
    assert found(own_platform) == set()
    for writer, count in sorted(sales.writes.items()):
        figure(f"writes: {writer}", count, f"in {SECONDS} s")
