"""Helper functions for tests of jobs. The helpers kill workers, and compare catalogs with their expected content."""

import json
import os
import signal
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from tests.platform import TLS, Json, Platform, Tenant
from wecelebrate.jobs.types import QUEUES as JOB_QUEUES
from wecelebrate.jobs.types import JobType

COUNTS = ("read", "created", "updated", "unchanged", "rejected", "deactivated")
QUEUES: Mapping[JobType, str] = {"product_import": "product-imports", "catalog_sync": "catalog-syncs"}
"""Maps each type of job that loads files to its queue."""


def health(platform: Platform, queue: str) -> Json:
    """Return the state of the workers of a queue, as the local cloud reports it."""
    functions = httpx.get(f"{platform.endpoints.api}/_local/health", verify=TLS).json()["functions"]
    state: Json = functions[f"queues-{queue}"]
    return state


def signal_workers(platform: Platform, queue: str, number: signal.Signals = signal.SIGKILL) -> list[int]:
    """Send a signal to every busy worker of a queue. Return the pids of these workers.

    A worker gets no signal if it has ended after the local cloud reported it.
    """
    signalled = []
    for pid in health(platform, queue)["busy"]:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            signalled.append(pid)
    return signalled


def expire_leases(platform: Platform, kind: JobType) -> list[Json]:
    """End the leases of all running jobs of a type, and send the messages of these jobs again. Return the jobs."""
    jobs = platform.database.execute(
        "update jobs set leased_until = now() where status = 'processing' and type = %s returning *", [kind]
    ).fetchall()
    for job in jobs:
        platform.send(JOB_QUEUES[kind], {"job_id": str(job["id"])})
    return jobs


def job_row(platform: Platform, job_id: str) -> Json:
    """Return the row of a job."""
    row = platform.database.execute("select * from jobs where id = %s", [job_id]).fetchone()
    assert row is not None
    return row


def has_ended(platform: Platform, job_id: str) -> bool:
    """Whether a job has ended."""
    return job_row(platform, job_id)["status"] in ("completed", "failed", "cancelled")


def create_import(api: httpx.Client, catalog_id: str, rows: list[Json], **fields: Any) -> str:
    """Create a bulk import. Return the id of the job. `fields` is added to the request body."""
    response = api.post("/v1/products/bulk-import", json={"catalog_id": catalog_id, "rows": rows, **fields})
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


@dataclass
class TrackedCatalog:
    """A catalog and its expected content. Several versions of one file are loaded into the catalog, one after another.

    Each version changes half of the prices. One row in a hundred is invalid. In a full sync, a tenth of the products is
    missing in each version.
    """

    platform: Platform
    tenant: Tenant
    job_type: Literal["product_import", "catalog_sync"]
    rows: int
    version: int = 0
    job_id: str = ""
    products: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Maps each SKU to a pair: the expected price, and whether the product must be active."""
    expected: Counter[str] = field(default_factory=Counter)
    """The expected counts of the latest job."""

    def start_next(self) -> None:
        """Start a job that loads the next version of the file."""
        self.version += 1
        full = self.job_type == "catalog_sync"
        prices: list[tuple[str, str]] = []
        self.expected = Counter()
        for number in range(self.rows):
            if full and number % 10 == self.version % 10:
                continue
            is_invalid = number % 100 == (self.version + 53) % 100
            price = "much" if is_invalid else f"{number % 90 + 1 + (self.version if number % 2 else 0)}.00"
            prices.append((f"K-{number:06d}", price))
        for sku, price in prices:
            self.expected[self._apply(sku, price)] += 1
        self.expected["read"] = len(prices)
        for sku in self.products.keys() - {sku for sku, _ in prices}:
            self.expected["deactivated"] += self.products[sku][1]
            self.products[sku] = (self.products[sku][0], False)
        self.job_id = self._sync(prices) if full else self._import(prices)

    def _apply(self, sku: str, price: str) -> str:
        """Apply a row of a file to the expected products. Return the name of the count that this row increases."""
        if price == "much":
            return "rejected"
        before = self.products.get(sku)
        self.products[sku] = (price, True)
        return "created" if before is None else "unchanged" if before == self.products[sku] else "updated"

    def _import(self, prices: list[tuple[str, str]]) -> str:
        rows = [{"sku": sku, "name": f"Product {sku}", "price": price} for sku, price in prices]
        return create_import(self.tenant.owner, self.tenant.catalog_id, rows)

    def _sync(self, prices: list[tuple[str, str]]) -> str:
        lines = "".join(f"{sku},Product {sku},{price},true\n" for sku, price in prices)
        body = ("sku,name,price,active\n" + lines).encode()
        version = self.platform.drop(self.tenant.catalog_id, "full/all.csv", body)
        self.platform.eventually(lambda: self.platform.is_recorded(version), every=0.01)
        drop = self.platform.database.execute("select job_id from drops where version_id = %s", [version]).fetchone()
        assert drop is not None
        return str(drop["job_id"])

    @property
    def is_idle(self) -> bool:
        """Whether no job of this catalog is waiting or running."""
        return not self.job_id or has_ended(self.platform, self.job_id)

    def check(self) -> None:
        """Check the result of the latest job, the counts of this job, and every product of the catalog."""
        job = job_row(self.platform, self.job_id)
        assert job["status"] == "completed", (job["error_code"], job["error"], job["counts"], job["checkpoint"])
        assert job["counts"] == {name: self.expected[name] for name in COUNTS}
        assert job["done"] == job["total"] == self.expected["read"]
        rows = self.platform.database.execute(
            "select sku, price::text, is_active from products where catalog_id = %s", [self.tenant.catalog_id]
        ).fetchall()
        assert len(rows) == len(self.products)
        assert {row["sku"]: (row["price"], row["is_active"]) for row in rows} == self.products


def count_staged(platform: Platform, job_id: str) -> int:
    """Return how many rows of a job are staged, including rejected rows."""
    row = platform.database.execute(
        "select (select count(*) from app.staged_products where job_id = %(job)s)"
        " + (select count(*) from app.staged_rejections where job_id = %(job)s) as n",
        {"job": job_id},
    ).fetchone()
    assert row is not None
    return int(row["n"])


def count_writes(platform: Platform) -> tuple[int, int]:
    """Return how many rows were staged and how many products were written so far, including rolled-back writes."""
    row = platform.database.execute(
        "select sum(n_tup_ins) filter (where relname = 'staged_products_intake')::bigint as staged,"
        " sum(n_tup_ins + n_tup_upd) filter (where relname = 'products')::bigint as merged"
        " from pg_stat_user_tables"
    ).fetchone()
    assert row is not None
    return int(row["staged"]), int(row["merged"])


def send_messages(platform: Platform, queue: str, bodies: list[str]) -> None:
    """Send messages to a queue. Each call to SQS sends at most ten messages."""
    sqs = platform._aws("sqs")  # Several threads send at the same time, so each thread needs its own client.
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    for first in range(0, len(bodies), 10):
        entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[first : first + 10])]
        assert not sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")


def job_message(job_id: object) -> str:
    """Return the body of the message that tells a worker to run a job."""
    return json.dumps({"job_id": str(job_id)})
