"""Tests that erasures are complete and exact after their workers were killed, and that erasures are repeated after a
database restore.

The test kills 5 workers in small size, and 200 workers in full size.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.faults.environment import FULL
from tests.faults.jobs import expire_leases, signal_workers
from tests.persons.erasing import ended, figures, request
from tests.persons.planting import ANY_STATE, Person, place, places_with, plant
from tests.platform import Platform, ok, problem

pytestmark = pytest.mark.slow

KILLS = 200 if FULL else 5
ORDERS = 20_000 if FULL else 3_000
BACKUP = "backup"
INSERT_ORDERS = """
with new_orders as (
  insert into orders (client_id, site_id, customer_name, customer_email, total_amount, currency, shipping_address,
    items, status, metadata)
  select %(client_id)s, %(site_id)s, %(name)s, %(email)s, 10, 'USD',
    jsonb_build_object('line1', %(name)s::text, 'country', 'DE'), '[]', 'cancelled',
    jsonb_build_object('note', %(name)s::text)
  from generate_series(1, %(count)s)
  returning client_id, id
)
insert into order_events (client_id, order_id, version, type, source, actor, happened_at, details)
select client_id, id, 2, 'cancelled', 'api', 'client', now(), jsonb_build_object('reason', %(name)s::text)
from new_orders
"""


@pytest.mark.timeout(1800)
def test_an_erasure_with_killed_workers_erases_and_counts_every_order_once(own_platform: Platform) -> None:
    platform, person, dice = own_platform, Person.new(), random.Random(7)
    platform.database.execute("alter table jobs alter max_attempts set default 1000000")
    tenant = platform.tenant()
    values = {"client_id": tenant.client_id, "site_id": tenant.site_id, "name": person.name, "count": ORDERS}
    platform.database.execute(INSERT_ORDERS, values | {"email": person.email})
    before = figures(platform, tenant)
    response = request(tenant.owner, tenant.client_id, email=person.email)
    job = {"id": response.json()["job_id"]}
    kills = 0
    while kills < KILLS:
        platform.eventually(
            lambda: platform.database.execute(
                "select 1 from jobs where id = %(id)s and (status = 'completed' or leased_until > now())", job
            ).fetchone()
        )
        time.sleep(dice.uniform(0, 0.3))
        if not signal_workers(platform, "erasures") and not expire_leases(platform, "erasure"):
            break
        kills += 1
        expire_leases(platform, "erasure")
    erasure = ended(platform, tenant.owner, response, within=300)
    assert (erasure["status"], erasure["counts"]["orders"]) == ("completed", ORDERS)
    assert kills >= 2
    assert places_with(platform, person) == []
    assert figures(platform, tenant) == before


@pytest.mark.timeout(1800)
def test_erasures_are_repeated_after_the_database_was_restored_to_an_earlier_time(own_platform: Platform) -> None:
    platform, person, guest = own_platform, Person.new(), Person.new()
    # The number includes the erasures of other tests on this local cloud.
    earlier = platform.ended_job(platform.admin.post("/v1/admin/erasures/replay").json()["id"])["result"]["erasures"]
    tenant = platform.tenant()
    product = platform.product(tenant, inventory_count=100)
    plant(platform, tenant, person)
    pending = place(platform, tenant, guest, product)
    before = figures(platform, tenant)
    back_up(platform)
    erase = [request(tenant.owner, tenant.client_id, customer_subject=person.subject, email=person.email)]
    ok(tenant.owner.post(f"/v1/orders/{pending['id']}/cancel", json={}, headers=ANY_STATE))
    erase.append(request(tenant.owner, tenant.client_id, email=guest.email))
    for response in erase:
        assert ended(platform, tenant.owner, response)["status"] == "completed"
    restore(platform)
    assert "table public.orders" in places_with(platform, person)

    problem(tenant.owner.post("/v1/admin/erasures/replay"), 403, "forbidden")
    job = platform.ended_job(platform.admin.post("/v1/admin/erasures/replay").json()["id"])
    assert (job["status"], job["result"]) == ("completed", {"erasures": earlier + 2, "restored": 2}), job
    assert job["client_id"] is None  # `wecelebrate erasures replay` recognises a replay job by this value
    path = f"/v1/clients/{tenant.client_id}/erasures"
    platform.eventually(lambda: [each["status"] for each in ok(tenant.owner.get(path))["data"]] == ["completed"] * 2)
    assert {each["cause"] for each in ok(tenant.owner.get(path))["data"]} == {"restore"}
    assert places_with(platform, person) == places_with(platform, guest) == []
    assert figures(platform, tenant)["totals"] == before["totals"]
    # The order was pending at the time of the backup. It cannot be delivered any more.
    order = platform.order_state(tenant, pending)
    assert (order["status"], order["problem"], order["customer_name"]) == ("pending", "person_erased", "Erased person")

    again = platform.ended_job(platform.admin.post("/v1/admin/erasures/replay").json()["id"])
    assert again["result"] == {"erasures": earlier + 2, "restored": 0}
    order_of_today = place(platform, tenant, person, product)
    platform.ended_job(platform.admin.post("/v1/admin/erasures/replay").json()["id"])
    assert platform.order_state(tenant, order_of_today)["customer_name"] == person.name


@contextmanager
def closed(platform: Platform) -> Iterator[psycopg.Connection]:
    """Yield a connection to the server. Meanwhile, refuse all connections to the database. The platform continues to
    run."""
    name = platform.database.info.dbname
    with psycopg.connect(platform.endpoints.database, dbname="postgres", autocommit=True) as server:
        server.execute(f"alter database {name} allow_connections false")
        server.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        platform.database.close()
        if "replica" in vars(platform):
            platform.replica.close()
            del platform.replica
        yield server
        server.execute(f"alter database {name} allow_connections true")
    platform.database = psycopg.connect(platform.endpoints.database, autocommit=True, row_factory=dict_row)
    platform.eventually(lambda: accepts_connections(platform.endpoints.replica))
    platform.wait_for_replica()


def accepts_connections(dsn: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(dsn):
        return True
    return False


def back_up(platform: Platform) -> None:
    """Copy the files of the database."""
    name = platform.database.info.dbname
    with closed(platform) as server:
        server.execute(f"create database {BACKUP} template {name} strategy file_copy")


def restore(platform: Platform) -> None:
    """Replace the database with its copy. Set the privileges on the database again, because the copy does not contain
    them."""
    name = platform.database.info.dbname
    with closed(platform) as server:
        server.execute(f"drop database {name} with (force)")
        server.execute(f"alter database {BACKUP} rename to {name}")
        server.execute(f"grant create on database {name} to app_owner")
        server.execute(f"revoke temporary on database {name} from public")
