"""Workers are killed at random times while they export orders. Each destination gets each version exactly once.

The test kills 4 workers in small size, and 1,000 workers in full size.
"""

import csv
import hashlib
import io
import random
import time
from collections import Counter

import pytest

from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import expire_leases, signal_workers
from tests.platform import Json, Platform, Tenant

pytestmark = pytest.mark.slow

KILLS = 1_000 if FULL else 4
ORDERS_PER_ROUND = 40
MAX_LIFE_SECONDS = 0.1
"""The longest time that a worker runs before the test kills the worker, in seconds."""
FORMATS = ("csv", "xlsx", "csv", "xlsx", "csv", "xlsx")
"""The file format of each destination. Three workers run at the same time, so one kill can end several workers."""

INSERT_ORDERS = """
with product as (
  select id, sku, name from products where catalog_id = %(catalog_id)s limit 1
), new_orders as (
  insert into orders (client_id, site_id, customer_name, customer_email, total_amount, currency, shipping_address,
    items)
  select %(client_id)s, %(site_id)s, 'Ann ' || n, 'ann@example.test', 10, 'USD',
    '{"line1": "Lindenstraße 12", "city": "Berlin", "postal_code": "10969", "country": "DE"}', '[]'
  from generate_series(1, %(count)s) n
  returning client_id, id
)
insert into order_lines (client_id, order_id, line, product_id, sku, name, quantity, unit_price)
select o.client_id, o.id, 1, p.id, p.sku, p.name, 1, 10 from new_orders o, product p
"""
INSERT_JOB = """
insert into jobs (client_id, type, requested_by, payload, ordering_key)
values (%(client_id)s, 'order_file', 'service:system',
  jsonb_build_object('direction', 'out', 'destination_id', %(id)s::text), 'order-destination:' || %(id)s)
returning id
"""
CHANGE_ORDERS = """
update orders set shipping_address = shipping_address || jsonb_build_object('line2', %(round)s::text)
where id in (select id from orders where client_id = %(client_id)s and status = 'pending' order by random() limit 5)
"""
CANCEL_ORDERS = """
update orders set status = 'cancelled'
where id in (select id from orders where client_id = %(client_id)s and status = 'pending' order by random() limit 2)
"""


@pytest.mark.timeout(3600)
def test_killed_workers_export_each_version_of_an_order_exactly_once_for_each_destination(
    own_platform: Platform, figure: Figure
) -> None:
    platform = own_platform
    # Each job is killed many times, so it needs more attempts than the default allows.
    platform.database.execute("alter table jobs alter max_attempts set default 1000000")
    shop = platform.tenant()
    platform.product(shop)
    destinations = [platform.destination(shop, file_format) for file_format in FORMATS]
    dice, kills, rounds = random.Random(7), 0, 0
    while kills < KILLS:
        rounds += 1
        change_orders(platform, shop, rounds)
        for destination in destinations:
            start_export(platform, destination)
        while open_jobs(platform, "pending", "processing"):
            platform.eventually(
                lambda: open_jobs(platform, "processing") or not open_jobs(platform, "pending"), every=0.005
            )
            time.sleep(dice.uniform(0, MAX_LIFE_SECONDS))
            if kills < KILLS and signal_workers(platform, "order-files"):
                kills += len(expire_leases(platform, "order_file"))
    for destination in destinations:
        job = platform.export(shop, destination)
        assert job["status"] == "completed"
        check(platform, destination)
    figure("killed exports", kills, "kills")
    figure("killed exports: rounds of new, changed and cancelled orders", rounds, "rounds")


def start_export(platform: Platform, destination: Json) -> None:
    """Create a job as the schedule of a destination does. The API would refuse this many requests."""
    [job] = platform.database.execute(INSERT_JOB, destination).fetchall()
    platform.send("order-files", {"job_id": str(job["id"])})


def open_jobs(platform: Platform, *statuses: str) -> list[Json]:
    """Return the jobs of order files that have one of the states."""
    query = "select id from jobs where type = 'order_file' and status = any (%s)"
    return platform.database.execute(query, [list(statuses)]).fetchall()


def change_orders(platform: Platform, shop: Tenant, number: int) -> None:
    """Place new orders, change some orders, and cancel some."""
    values = {
        "client_id": shop.client_id,
        "site_id": shop.site_id,
        "catalog_id": shop.catalog_id,
        "count": ORDERS_PER_ROUND,
        "round": number,
    }
    for statement in (INSERT_ORDERS, CHANGE_ORDERS, CANCEL_ORDERS):
        platform.database.execute(statement, values)


def check(platform: Platform, destination: Json) -> None:
    """Check the files of a destination: each order version occurs once, the hash is correct, and all S3 versions are
    equal."""
    expected = Counter(
        (row["order_number"], str(row["version"]), row["action"])
        for row in platform.database.execute(
            "select o.order_number, e.version, e.action from order_exports e join orders o on o.id = e.order_id"
            " where e.destination_id = %s and e.action <> 'none'",
            [destination["id"]],
        ).fetchall()
    )
    files = platform.exported_files(destination)
    written = Counter(row for content in files.values() for row in rows_of(destination, content))
    assert set(expected.values()) == {1}
    assert written == expected
    missing = platform.database.execute(
        "select count(*) as missing from orders o where client_id = %s and not exists ("
        "select from order_exports e where e.destination_id = %s and e.order_id = o.id and e.version = o.version)",
        [destination["client_id"], destination["id"]],
    ).fetchone()
    assert missing == {"missing": 0}
    for name, content in files.items():
        assert platform.done_file(destination, name)["sha256"] == hashlib.sha256(content).hexdigest()
        key = f"orders/{destination['id']}/out/{name}"
        versions = platform.s3.list_object_versions(Bucket=platform.drops, Prefix=key)["Versions"]
        assert len({version["ETag"] for version in versions if version["Key"] == key}) == 1


def rows_of(destination: Json, content: bytes) -> list[tuple[str, str, str]]:
    """Return the order number, the version and the action of each row of a file."""
    if destination["format"] == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    else:
        from python_calamine import CalamineWorkbook

        header, *cells = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        rows = [dict(zip(header, row, strict=True)) for row in cells]
    return [(row["order_number"], str(row["version"]).partition(".")[0], row["action"]) for row in rows]
