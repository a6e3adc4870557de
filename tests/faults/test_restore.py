"""The database is restored to one second before a wrong DELETE. Repeated messages then have no second effect.

This is the drill of the runbook ("Restore the database"), with a base backup and archived WAL instead of Aurora.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from infra.bindings import Bindings
from infra.functions import functions
from tests.faults.jobs import create_import, job_row
from tests.faults.restored_postgres import Archive, RestoredServer, checksums, restored
from tests.platform import Platform

pytestmark = pytest.mark.slow

ROWS = 1_200
"""The number of rows of each import. An import with this number of rows is too large to run within the request."""
HANDLE = """
import json, runpy, sys
class Context:
    function_name = invoked_function_arn = aws_request_id = "drill"
    memory_limit_in_mb = 512
    def get_remaining_time_in_millis(self): return 100_000
print(json.dumps(runpy.run_path("handler.py")["handler"](json.loads(sys.argv[1]), Context())))
"""


@pytest.fixture
def platform(own_platform: Platform) -> Iterator[Platform]:
    yield own_platform


def receive(platform: Platform, server: RestoredServer, function: str, bodies: list[dict[str, Any]]) -> Any:
    """Let a worker receive messages. The worker uses the database of another server."""
    bindings = Bindings(**json.loads((platform.state / "functions.json").read_text("utf-8"))["bindings"])
    bindings = replace(bindings, database_writer=server.address, database_reader=server.address)
    spec = next(spec for spec in functions() if spec.name == function)
    records = [
        {
            "messageId": str(number),
            "receiptHandle": "drill",
            "body": json.dumps(body),
            "attributes": {"ApproximateReceiveCount": "1"},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:product-imports",
        }
        for number, body in enumerate(bodies)
    ]
    result = subprocess.run(
        [sys.executable, "-c", HANDLE, json.dumps({"Records": records})],
        cwd=spec.folder, env={**os.environ, **spec.environment(bindings)}, capture_output=True, text=True, timeout=100,
        check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def rows(url: str, query: str, *parameters: Any) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


OPEN_WORK = """
select 1 from jobs where status = 'processing' or status = 'pending' and due_at <= now()
union all select 1 from mails where state = 'queued'
"""


def settled(platform: Platform) -> dict[str, tuple[int, int]]:
    """Wait until all work has ended and no row has changed for two seconds. Then return the checksums of the
    database."""
    states: list[dict[str, tuple[int, int]]] = [{}]

    def has_not_changed() -> bool:
        platform.database.execute("delete from cache_invalidations")
        states.append(checksums(platform.endpoints.database))
        return states[-1] == states[-2] and platform.database.execute(OPEN_WORK).fetchone() is None

    platform.eventually(has_not_changed, every=2)
    return states[-1]


@pytest.mark.timeout(300)
def test_a_restore_undoes_a_wrong_delete_and_repeated_messages_have_no_second_effect(platform: Platform) -> None:
    archive = Archive(platform)
    archive.start()
    platform.eventually(lambda: platform.api().get("/v1/health").status_code == 200)
    tenant = platform.tenant()
    products = [{"sku": f"T-{n}", "name": f"Product {n}", "price": "1.00"} for n in range(ROWS)]
    done = create_import(tenant.owner, tenant.catalog_id, products)
    platform.eventually(lambda: job_row(platform, done)["status"] == "completed")
    product = platform.product(tenant)
    platform.order(tenant, (product, 1))
    with platform.database.transaction():
        # At the time to which the database is restored, this import is waiting. The code below resets its job.
        later = create_import(tenant.owner, tenant.catalog_id, [{**row, "price": "2.00"} for row in products])
    platform.eventually(lambda: job_row(platform, later)["status"] == "completed")
    platform.database.execute(
        "update jobs set status = 'pending', due_at = now() + interval '1 h', counts = '{}', checkpoint = '{}',"
        " done = 0, completed_at = null, result = null, attempts = 0, failures = 0 where id = %s",
        [later],
    )
    platform.database.execute("update products set price = 1 where catalog_id = %s", [tenant.catalog_id])

    before = settled(platform)
    platform.database.execute("select pg_sleep(1.5)")
    deleted_at = platform.database.execute("delete from orders returning clock_timestamp() as at").fetchall()[-1]["at"]
    platform.database.execute("update jobs set due_at = now() where id = %s", [later])
    platform.send("product-imports", {"job_id": later})
    platform.eventually(lambda: job_row(platform, later)["status"] == "completed")
    archive.finish()
    assert checksums(platform.endpoints.database) != before

    with ExitStack() as stack:
        target: datetime = deleted_at - timedelta(seconds=1)
        server = restored(stack, archive, platform, target, "restored")
        assert checksums(server.url) == before
        rows(server.url, "update jobs set due_at = now() where id = %s returning id", later)
        messages = [{"job_id": done}, {"job_id": later}, {"job_id": later}, {"type": "product_import"}]
        for _ in range(2):
            assert receive(platform, server, "queues-product-imports", messages) == {"batchItemFailures": []}
        jobs = dict(
            rows(server.url, "select id::text, (status, attempts)::text from jobs where type = 'product_import'")
        )
        assert jobs == {done: "(completed,1)", later: "(completed,1)"}
        count = "select count(*), count(*) filter (where price = 2) from products where catalog_id = %s"
        assert rows(server.url, count, tenant.catalog_id) == [(ROWS + 1, ROWS)]
        after = checksums(server.url)
        kept = {"orders", "order_lines", "order_events", "clients", "sites", "mails", "webhook_deliveries"}
        assert {table: after[table] for table in kept} == {table: before[table] for table in kept}
