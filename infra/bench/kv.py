"""Measures how much the mirror of the key-value store slows down writes, and how fast the backfill is.

Each pair consists of a write while the mirror is on and the same write while the mirror is off. Single writes are SQL
statements of the superuser, because policies and HTTP requests would hide the cost of the mirror.
"""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import httpx
import psycopg

from infra.bench.files import copy, csv_rows, write_csv
from infra.bench.load import Connect, load
from infra.bench.orders import Shop, place, wait_for_mails
from infra.bench.platform import ACME, BenchPlatform
from infra.bench.rows import Limit, Row, measures
from infra.local.issuer import Issuer

RUNS = 9
GIFTS = 400
"""The number of gifts whose documents are written. Half of these documents are written while the mirror is on."""
WRITES = 150
ORDER_RUNS, ORDER_SECONDS = 5, 3.0
SYNC_RUNS, SYNC_COUNT = 3, 100_000
BACKFILL_RUNS, BACKFILL_COUNT = 3, 20_000
TIMEOUT = 60.0
"""The maximum duration of one request, in seconds."""

UNMAPPED_LIMIT = Limit.at_most(1.5)
MAPPED_LIMIT = Limit.at_most(1.3)
ROW_LIMIT = Limit.at_most(1.6)
ORDER_LIMIT = Limit.at_most(1.3)
SYNC_LIMIT = Limit.at_most(1.15)
BACKFILL_LIMIT = Limit.at_most(3.0)

_UPSERT = (
    "insert into kv_store_6fcaeea3 (key, value) values (%s, %s) on conflict (key) do update set value = excluded.value"
)
_SAVE_MIRROR = (
    "insert into kv.mirror (enabled, currency) values (%s, 'USD')"
    " on conflict (is_only) do update set enabled = excluded.enabled, currency = 'USD'"
)


@dataclass(frozen=True)
class Store:
    """The key-value store of the platform, and one connection that writes to it."""

    platform: BenchPlatform
    database: psycopg.Connection
    numbers: Iterator[int]
    """The numbers from which new prices are made. No price repeats, so each write changes a field."""

    def switch(self, enabled: bool) -> None:
        """Switch the mirror on or off with SQL, because the command `wecelebrate kv mirror` also writes to the audit
        log."""
        with self.database.transaction():
            self.database.execute(_SAVE_MIRROR, [enabled])
            self.database.execute("select kv.enable_triggers(%s)", [enabled])

    def put(self, key: str, value: object) -> None:
        """Write a document."""
        self.database.execute(_UPSERT, [key, json.dumps(value)])

    def client(self, name: str) -> UUID:
        """Write the document of a client while the mirror is on, and return the id of its row.

        The rows of a client are mirrored only if the client has a document.
        """
        self.put(f"client:{name}", {"id": name, "name": name})
        [(client,)] = self.database.execute("select id from kv.ids where key = %s", [f"client:{name}"]).fetchall()
        id: UUID = client
        return id

    def documents(self, pattern: str) -> int:
        """Return the number of documents whose keys match a pattern."""
        query = "select count(*) from kv_store_6fcaeea3 where key like %s"
        [(count,)] = self.database.execute(query, [pattern]).fetchall()
        return int(count)

    def fill(self) -> tuple[list[str], list[str]]:
        """Write the documents of a client, a catalog and its gifts while the mirror is on.

        Return two lists of gift ids: the first list is for writes while the mirror is on, the second list for writes
        while it is off.
        """
        self.switch(enabled=True)
        self.client("bench")
        catalog = {"id": "bench", "name": "Bench", "type": "manual", "ownerId": "bench"}
        self.put("catalogs:bench", catalog)
        gifts = [f"bench-{number}" for number in range(GIFTS)]
        for gift in gifts:
            self.put(f"gift:{gift}", _gift(gift, next(self.numbers)))
        [(rows,)] = self.database.execute(
            "select count(*) from kv.ids i join products p on p.id = i.id where i.key like 'gift:bench-%%'"
        ).fetchall()
        if rows != GIFTS:
            raise RuntimeError(f"{rows} of {GIFTS} gifts became products: see kv.quarantine and kv.conflicts")
        return gifts[: GIFTS // 2], gifts[GIFTS // 2 :]

    def row_ids(self, gifts: list[str]) -> dict[str, UUID]:
        """Return the id of the product of each gift."""
        query = "select substr(key, 6), id from kv.ids where key = any (%s)"
        return dict(self.database.execute(query, [[f"gift:{gift}" for gift in gifts]]).fetchall())

    def price(self) -> str:
        """Return a new price."""
        return f"{next(self.numbers) / 100:.2f}"


@measures("kv-unmapped", "kv-mapped", "kv-row", "kv-order", "kv-backfill", "kv-sync")
def kv(platform: BenchPlatform) -> Iterator[Row]:
    """Measure single writes, orders, the backfill and a sync."""
    yield from _writes(platform)
    yield from _orders(platform)
    yield from _backfill(platform)
    yield from _syncs(platform)


def _writes(platform: BenchPlatform) -> Iterator[Row]:
    """Measure writes of single documents and of single rows."""
    with psycopg.connect(platform.endpoints.database, autocommit=True) as database:
        store = Store(platform, database, itertools.count(1_000))
        mirrored, bare = store.fill()
        ids = store.row_ids(mirrored + bare)
        platform.settle()
        database.execute("vacuum analyze kv_store_6fcaeea3")
        try:
            pairs = [
                _pair(store, partial(_write_unmapped, store), partial(_write_unmapped, store)) for _ in range(RUNS)
            ]
            yield Row.of_pairs("kv-unmapped", pairs, "ms", floor_name="mirror off", limit=UNMAPPED_LIMIT)
            pairs = [
                _pair(store, partial(_write_gifts, store, mirrored), partial(_write_both, store, bare, ids))
                for _ in range(RUNS)
            ]
            floor_name = "mirror off, the document and the row"
            yield Row.of_pairs("kv-mapped", pairs, "ms", floor_name=floor_name, limit=MAPPED_LIMIT)
            pairs = [
                _pair(store, partial(_write_rows, store, mirrored, ids), partial(_write_rows, store, bare, ids))
                for _ in range(RUNS)
            ]
            yield Row.of_pairs("kv-row", pairs, "ms", floor_name="mirror off", limit=ROW_LIMIT)
        finally:
            store.switch(enabled=False)


def _orders(platform: BenchPlatform) -> Iterator[Row]:
    """Measure orders of guests, as requests to the API. Both the figure and the floor are the time between two
    orders."""
    # A client that comes from a document has the lowest tier. The limits of this tier would suppress most mails of the
    # orders.
    platform.database.execute("update tiers set requests_per_hour = 10000000")
    store = Store(platform, platform.database, itertools.count(1))
    store.switch(enabled=True)
    try:
        shop = Shop.create(platform, store.client("bench-orders"))
        connect = place(platform.endpoints.api, shop)
        before = store.documents("order:%")
        pairs = []
        for run in range(ORDER_RUNS + 1):
            store.switch(enabled=True)
            figure = _milliseconds(platform, connect)
            store.switch(enabled=False)
            floor = _milliseconds(platform, connect)
            if run:  # run 0 is not counted, because it starts the processes of the functions
                pairs.append((figure, floor))
    finally:
        store.switch(enabled=False)
    note = f"{store.documents('order:%') - before} orders became documents"
    yield Row.of_pairs("kv-order", pairs, "ms", floor_name="mirror off", limit=ORDER_LIMIT, note=note)


def _syncs(platform: BenchPlatform) -> Iterator[Row]:
    """Measure the first sync of a catalog with 100,000 rows."""
    store = Store(platform, platform.database, itertools.count(1))
    pairs = []
    with TemporaryDirectory() as folder:
        file = Path(folder) / "large.csv"
        write_csv(file, SYNC_COUNT)
        try:
            store.switch(enabled=True)
            client, before = store.client("bench-syncs"), store.documents("gift:%")
            for _ in range(SYNC_RUNS):
                store.switch(enabled=True)
                figure = _sync(platform, client, file)
                store.switch(enabled=False)
                pairs.append((figure, _sync(platform, client, file)))
        finally:
            store.switch(enabled=False)
    note = f"{store.documents('gift:%') - before} products became documents"
    yield Row.of_pairs("kv-sync", pairs, "s", floor_name="mirror off", limit=SYNC_LIMIT, note=note)


def _backfill(platform: BenchPlatform) -> Iterator[Row]:
    """Measure the backfill of gifts. The documents exist already."""
    store = Store(platform, platform.database, itertools.count(1))
    store.put("client:backfill", {"id": "backfill", "name": "Backfill"})
    token = Issuer(platform.state, platform.endpoints.issuer).token("admin")
    headers = {"Authorization": f"Bearer {token}"}
    pairs = []
    with httpx.Client(base_url=platform.endpoints.api, headers=headers, timeout=TIMEOUT, trust_env=False) as client:
        for run in range(BACKFILL_RUNS):
            catalog = {"id": f"backfill-{run}", "name": f"Backfill {run}", "type": "manual", "ownerId": "backfill"}
            store.put(f"catalogs:backfill-{run}", catalog)
            _copy_gifts(store, f"backfill-{run}")
            platform.settle()
            began = time.perf_counter()
            status = _run(client)
            seconds = time.perf_counter() - began
            if status["status"] != "complete":
                raise RuntimeError(f"the backfill is {status['status']}")
            platform.settle()
            pairs.append((seconds, copy(platform, platform.create_catalog(ACME), BACKFILL_COUNT)))
    floor_name = f"COPY of {BACKFILL_COUNT:,} rows"
    note = f"{BACKFILL_COUNT / pairs[0][0]:,.0f} documents/s"
    yield Row.of_pairs("kv-backfill", pairs, "s", floor_name=floor_name, limit=BACKFILL_LIMIT, note=note)


def _gift(gift: str, price: int, **fields: object) -> dict[str, object]:
    values = {"id": gift, "name": f"Gift {gift}", "sku": gift, "price": price / 100, "currency": "USD"}
    return {**values, "catalogId": "bench", "availableQuantity": 100, **fields}


def _pair(store: Store, figure: Callable[[], object], floor: Callable[[], object]) -> tuple[float, float]:
    """Measure WRITES writes while the mirror is on, and WRITES writes while it is off. Return the milliseconds of one
    write while it is on, and while it is off."""
    store.switch(enabled=True)
    seconds = _seconds(figure)
    store.switch(enabled=False)
    return seconds * 1000, _seconds(floor) * 1000


def _seconds(write: Callable[[], object]) -> float:
    """Return the average duration of a write in seconds, measured with WRITES writes."""
    write()  # not counted: a trigger has changed, so the first write reads the system catalogs of PostgreSQL again
    began = time.perf_counter()
    for _ in range(WRITES):
        write()
    return (time.perf_counter() - began) / WRITES


def _write_unmapped(store: Store) -> None:
    number = next(store.numbers)
    store.put(f"session:bench-{number % GIFTS}", {"user": number, "roles": ["viewer"], "note": "a" * 300})


def _write_gifts(store: Store, gifts: list[str]) -> None:
    number = next(store.numbers)
    gift = gifts[number % len(gifts)]
    store.put(f"gift:{gift}", _gift(gift, number))


def _write_both(store: Store, gifts: list[str], ids: dict[str, UUID]) -> None:
    _write_gifts(store, gifts)
    _write_rows(store, gifts, ids)


def _write_rows(store: Store, gifts: list[str], ids: dict[str, UUID]) -> None:
    number = next(store.numbers)
    query = "update products set price = %s where id = %s"
    store.database.execute(query, [store.price(), ids[gifts[number % len(gifts)]]])


def _milliseconds(platform: BenchPlatform, connect: Connect) -> float:
    return 1000 / wait_for_mails(platform, partial(load, connect, 1, ORDER_SECONDS)).per_second


def _sync(platform: BenchPlatform, client: UUID, file: Path) -> float:
    catalog = platform.create_catalog(client)
    platform.settle()
    return platform.sync(catalog, file)


def _copy_gifts(store: Store, catalog: str) -> None:
    """Write BACKFILL_COUNT documents with the values of `write_csv`."""
    statement = b"copy kv_store_6fcaeea3 (key, value) from stdin"
    with store.database.cursor() as cursor, cursor.copy(statement) as stream:
        for row in csv_rows(BACKFILL_COUNT):
            gift = f"{catalog}-{row[0]}"
            fields = dict(zip(("sku", "name", "description", "category", "brand"), row, strict=False))
            value = {
                **{"id": gift, "catalogId": catalog, "price": float(row[5]), "currency": row[6]},
                **{"image": row[7], "availableQuantity": int(row[8]), "createdAt": "2026-01-05T10:00:00Z"},
            }
            stream.write_row((f"gift:{gift}", json.dumps({**value, **fields})))


def _run(client: httpx.Client) -> dict[str, str]:
    """Run the backfill to its end, as `wecelebrate kv backfill` does."""
    run: dict[str, str] = _body(client.post("/v1/admin/kv/runs", json={"environments": ["production"]}))
    while run["status"] == "running":
        run = _body(client.post(f"/v1/admin/kv/runs/{run['id']}/batches"))
    return run


def _body(response: httpx.Response) -> dict[str, str]:
    response.raise_for_status()
    body: dict[str, str] = response.json()
    return body
