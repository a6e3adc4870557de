"""Tests that the floors of the benchmarks work with the current schema."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.bench import files, orders, users
from infra.bench.load import Timings
from infra.bench.platform import ACME, BenchPlatform
from infra.local.endpoints import Endpoints
from infra.local.processes import LocalCloudError
from tests.database.conftest import Database


@pytest.fixture
def platform(own_database: Database, cloud: Endpoints, state: Path) -> Iterator[BenchPlatform]:
    with own_database.connect(autocommit=True) as connection:
        connection.execute(
            "insert into clients (id, name, slug) values (%s, 'bench', 'bench') on conflict do nothing", [ACME]
        )
        yield BenchPlatform(cloud, state, connection)


@pytest.fixture
def shop(platform: BenchPlatform) -> orders.Shop:
    """Return a new site whose catalog has two products."""
    catalog = platform.create_catalog()
    domain = platform.create_site(catalog)
    site = platform.database.execute("select id from sites where domain = %s", [domain]).fetchone()
    assert site is not None
    products = platform.database.execute(
        "insert into products (catalog_id, sku, name, price) select %s, 'SKU-' || n, 'mug', 12.5"
        " from generate_series(0, 1) n returning id::text, sku, name",
        [catalog],
    )
    return orders.Shop(site[0], domain, products.fetchall())


def test_the_file_floors_can_copy_and_merge_products_in_the_current_schema(
    platform: BenchPlatform,
) -> None:
    connection = platform.database
    catalog_id = platform.create_catalog()
    assert files.copy(platform, catalog_id, 20) > 0
    query = "select sku, p from products p where catalog_id = %s order by sku"
    before = connection.execute(query, [catalog_id]).fetchall()
    assert [row[0] for row in before] == [f"SKU-{number:07d}" for number in range(20)]
    assert files.merge(platform, catalog_id, 20) > 0
    assert connection.execute(query, [catalog_id]).fetchall() == before


def test_the_order_floor_can_insert_an_order_into_the_current_schema(
    own_database: Database, platform: BenchPlatform, shop: orders.Shop
) -> None:
    with orders.insert(own_database.url(), shop)() as send:
        assert [send(), send()] == ["insert", "insert"]
    placed = platform.database.execute(
        "select o.customer_email, array_agg(l.sku order by l.sku), sum(l.quantity * l.unit_price) = o.total_amount"
        " from orders o join order_lines l on l.order_id = o.id where o.site_id = %s group by o.id",
        [shop.site_id],
    ).fetchall()
    assert [row[1:] for row in placed] == [(["SKU-0", "SKU-1"], True)] * 2
    assert placed[0][0] != placed[1][0]


_INSERT_MAILS = """
insert into mails (client_id, template, order_id, recipient, state)
select client_id, 'order_confirmation', id, customer_email, (%s::text[])[row_number() over ()]
from orders where site_id = %s
"""


@pytest.mark.parametrize(
    ("states", "message"),
    [
        (["sent", "bounced"], r"2 orders have these mails: .*'bounced': 1"),
        (["sent", "suppressed"], r"2 orders have these mails: .*'suppressed': 1"),
        (["sent", "queued"], r"after 0 seconds, 1 mails are not sent"),
        (["sent", "delivered"], None),
    ],
)
def test_an_order_benchmark_is_valid_only_if_a_mail_is_sent_for_each_order(
    own_database: Database, platform: BenchPlatform, shop: orders.Shop, states: list[str], message: str | None
) -> None:
    def place_two() -> Timings:
        with orders.insert(own_database.url(), shop)() as send:
            send()
            send()
        platform.database.execute(_INSERT_MAILS, [states, shop.site_id])
        return Timings([1.0, 1.0])

    if message is None:
        assert orders.wait_for_mails(platform, place_two, timeout=0).requests == 2
    else:
        with pytest.raises(LocalCloudError, match=message):
            orders.wait_for_mails(platform, place_two, timeout=0)


def test_shops_of_the_visitor_benchmark_belong_to_different_clients(
    platform: BenchPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "CLIENTS", 2)
    monkeypatch.setattr(users, "SITES_PER_CLIENT", 2)
    monkeypatch.setattr(users, "PRODUCTS", 6)
    shops = users.create_shops(platform)
    owners = [
        platform.database.execute(
            "select s.client_id, count(p.id), min(p.inventory_count) from sites s join catalogs c"
            " on c.id = s.catalog_id and c.owner_client_id = s.client_id join products p on p.catalog_id = c.id"
            " where s.domain = %s and p.id = any (%s::uuid[]) and p.category = any (%s) group by s.client_id",
            [shop.domain, list(shop.products), list(shop.categories)],
        ).fetchone()
        for shop in shops
    ]
    assert [owner and owner[1:] for owner in owners] == [(6, users.STOCK)] * 4
    assert owners[0] == owners[2] != owners[1] == owners[3]


def test_waiting_jobs_are_counted_by_type_with_the_longest_waiting_time(platform: BenchPlatform) -> None:
    with platform.database.transaction(force_rollback=True):
        platform.database.execute("delete from jobs")
        platform.database.execute(
            "insert into jobs (client_id, type, requested_by, payload, queued_at, due_at)"
            " select %s, type, 'service:bench', '{}', now() - age, now() - age"
            " from (values ('data_export', interval '9 s'), ('email_notification', '50 s'), ('data_export', '20 s'),"
            " ('report_generation', '-20 s')) jobs (type, age)",
            [ACME],
        )
        waiting = users.waiting_jobs(platform)
    assert [(queue.type, queue.jobs, round(queue.seconds / 10)) for queue in waiting] == [
        ("email_notification", 1, 5),
        ("data_export", 2, 2),
    ]
