"""Workers are killed at random times while they apply order news. Each piece of news takes effect exactly once.

The test kills 4 workers in small size, and 300 workers in full size.
"""

import random
import time
from functools import partial

import pytest

from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import expire_leases, signal_workers
from tests.platform import Json, Platform, Tenant

pytestmark = pytest.mark.slow

KILLS = 300 if FULL else 4
ORDERS = 60
MAX_LIFE_SECONDS = 0.4
"""The longest time that a worker runs before the test kills the worker, in seconds."""

INSERT_ORDERS = """
with product as (
  select id, sku, name from products where catalog_id = %(catalog_id)s limit 1
), new_orders as (
  insert into orders (client_id, site_id, customer_name, customer_email, total_amount, currency, shipping_address,
    items)
  select %(client_id)s, %(site_id)s, 'Ann ' || n, 'ann@example.test', 30, 'USD', '{"country": "DE"}', '[]'
  from generate_series(1, %(count)s) n
  returning client_id, id, order_number
), lines as (
  insert into order_lines (client_id, order_id, line, product_id, sku, name, quantity, unit_price)
  select o.client_id, o.id, 1, p.id, p.sku, p.name, 3, 10 from new_orders o, product p
)
select order_number from new_orders
"""
EVENTS = """
select e.types, count(*) as orders
from (select order_id, string_agg(type, ' ' order by type) as types from order_events
      where client_id = %(client_id)s group by order_id) e
group by e.types
"""
SHIPMENTS = """
select s.number, s.status, l.quantity, count(*) as orders
from shipments s join shipment_lines l on l.shipment_id = s.id
where s.client_id = %(client_id)s
group by 1, 2, 3 order by 1
"""


@pytest.mark.timeout(3600)
def test_killed_workers_apply_each_piece_of_news_exactly_once(own_platform: Platform, figure: Figure) -> None:
    platform = own_platform
    # Each job is killed many times, so it needs more attempts than the default allows.
    platform.database.execute("alter table jobs alter max_attempts set default 1000000")
    dice, kills, files = random.Random(3), 0, 0
    while kills < KILLS:
        files += 1
        shop = platform.tenant()
        platform.product(shop)
        destination = platform.destination(shop, "csv")
        numbers = place(platform, shop)
        key = f"orders/{destination['id']}/incoming/news.csv"
        platform.s3.put_object(Bucket=platform.drops, Key=key, Body=news(numbers, dice).encode())
        while state_of(platform, destination) in (None, "pending", "processing"):
            # Killing a worker before it has claimed the job would have no effect.
            platform.eventually(partial(is_claimed, platform, destination), every=0.005)
            time.sleep(dice.uniform(0, MAX_LIFE_SECONDS))
            if kills < KILLS and signal_workers(platform, "order-files"):
                kills += len(expire_leases(platform, "order_file"))
        job = job_of(platform, destination)
        assert job is not None
        check(platform, shop, job)
    figure("killed order news", kills, "kills")
    figure("killed order news: files, all of them exact", files, "files")


def place(platform: Platform, shop: Tenant) -> list[str]:
    """Place orders of three pieces. Return their numbers."""
    values = {"client_id": shop.client_id, "site_id": shop.site_id, "catalog_id": shop.catalog_id, "count": ORDERS}
    return [row["order_number"] for row in platform.database.execute(INSERT_ORDERS, values).fetchall()]


def news(numbers: list[str], dice: random.Random) -> str:
    """Return a file that ships each order in two parcels. The rows of the file are shuffled."""
    rows = [f"{number},shipped,1,{pieces},P{pieces}" for number in numbers for pieces in (1, 2)]
    rows += [f"{number},acknowledged,,," for number in numbers]
    rows += [f"{number},delivered,,,P2" for number in numbers]
    return "\n".join(["order_number,status,line,quantity,tracking_number", *dice.sample(rows, len(rows)), ""])


def job_of(platform: Platform, destination: Json) -> Json | None:
    query = "select j.* from jobs j join order_file_drops d on d.job_id = j.id where d.destination_id = %s"
    return platform.database.execute(query, [destination["id"]]).fetchone()


def state_of(platform: Platform, destination: Json) -> str | None:
    job = job_of(platform, destination)
    return job["status"] if job else None


def is_claimed(platform: Platform, destination: Json) -> bool:
    return state_of(platform, destination) not in (None, "pending")


def check(platform: Platform, shop: Tenant, job: Json) -> None:
    """Check the shipments and the events of all orders, and the counts of the job."""
    values = {"client_id": shop.client_id}
    assert job["status"] == "completed"
    counts = {name: job["counts"][name] for name in ("read", "updated", "unchanged", "rejected")}
    assert counts == {"read": 4 * ORDERS, "updated": 4 * ORDERS, "unchanged": 0, "rejected": 0}
    shipments = platform.database.execute(SHIPMENTS, values).fetchall()
    assert [tuple(row.values()) for row in shipments] == [("P1", "shipped", 1, ORDERS), ("P2", "delivered", 2, ORDERS)]
    events = platform.database.execute(EVENTS, values).fetchall()
    assert events == [{"types": "processing shipment_added shipment_delivered shipped", "orders": ORDERS}]
