"""Jobs under faults: workers that are killed, catalogs whose every row is known, and what is asked of both."""

import json
import os
import signal
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from tests.platform import TLS, Json, Platform, Tenant

COUNTS = ("read", "created", "updated", "unchanged", "rejected", "deactivated")
QUEUES = {"product_import": "product-imports", "catalog_sync": "catalog-syncs"}


def health(platform: Platform, queue: str) -> Json:
    """What the local cloud knows of the workers of a queue."""
    functions = httpx.get(f"{platform.endpoints.api}/_local/health", verify=TLS).json()["functions"]
    found: Json = functions[f"queues-{queue}"]
    return found


def stop(platform: Platform, queue: str, how: signal.Signals = signal.SIGKILL) -> list[int]:
    """Send every worker of a queue that is busy a signal; which."""
    busy: list[int] = health(platform, queue)["busy"]
    for pid in busy:
        os.kill(pid, how)
    return busy


def expire(platform: Platform, kind: str) -> list[Json]:
    """End the leases of the jobs at work, as a minute without a sign of life would, and send word of them."""
    dead = platform.database.execute(
        "update jobs set leased_until = now() where status = 'processing' and type = %s returning *", [kind]
    ).fetchall()
    for job in dead:
        platform.send(QUEUES[kind], {"job_id": str(job["id"])})
    return dead


def row(platform: Platform, job_id: str) -> Json:
    """A job as it is stored."""
    found = platform.database.execute("select * from jobs where id = %s", [job_id]).fetchone()
    assert found is not None
    return found


def over(platform: Platform, job_id: str) -> bool:
    """Whether a job has ended."""
    return row(platform, job_id)["status"] in ("completed", "failed", "cancelled")


def imported(api: httpx.Client, catalog_id: str, rows: list[Json], **more: Any) -> str:
    """The job of an import that was asked for."""
    answer = api.post("/v1/products/bulk-import", json={"catalog_id": catalog_id, "rows": rows, **more})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


@dataclass
class Known:
    """A catalog that is changed file by file, and what it must hold: half of the prices change each time, one row of a
    hundred is no product, and of a full file a tenth is missing."""

    platform: Platform
    tenant: Tenant
    way: Literal["product_import", "catalog_sync"]
    rows: int
    version: int = 0
    job_id: str = ""
    stored: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """SKU → price, and whether it is active."""
    expected: Counter[str] = field(default_factory=Counter)
    """Counts of the job."""

    def begin(self) -> None:
        """Send the next version."""
        self.version += 1
        full = self.way == "catalog_sync"
        told: list[tuple[str, str]] = []
        self.expected = Counter()
        for number in range(self.rows):
            if full and number % 10 == self.version % 10:
                continue
            bad = number % 100 == (self.version + 53) % 100
            price = "much" if bad else f"{number % 90 + 1 + (self.version if number % 2 else 0)}.00"
            told.append((f"K-{number:06d}", price))
        for sku, price in told:
            self.expected[self._become(sku, price)] += 1
        self.expected["read"] = len(told)
        for sku in self.stored.keys() - {sku for sku, _ in told}:
            self.expected["deactivated"] += self.stored[sku][1]
            self.stored[sku] = (self.stored[sku][0], False)
        self.job_id = self._sync(told) if full else self._import(told)

    def _become(self, sku: str, price: str) -> str:
        if price == "much":
            return "rejected"
        before = self.stored.get(sku)
        self.stored[sku] = (price, True)
        return "created" if before is None else "unchanged" if before == self.stored[sku] else "updated"

    def _import(self, told: list[tuple[str, str]]) -> str:
        rows = [{"sku": sku, "name": f"Product {sku}", "price": price} for sku, price in told]
        return imported(self.tenant.owner, self.tenant.catalog_id, rows)

    def _sync(self, told: list[tuple[str, str]]) -> str:
        lines = "".join(f"{sku},Product {sku},{price},true\n" for sku, price in told)
        body = ("sku,name,price,active\n" + lines).encode()
        version = self.platform.drop(self.tenant.catalog_id, "full/all.csv", body)
        self.platform.eventually(lambda: self.platform.recorded(version), every=0.01)
        found = self.platform.database.execute("select job_id from drops where version_id = %s", [version]).fetchone()
        assert found is not None
        return str(found["job_id"])

    @property
    def resting(self) -> bool:
        """Whether nothing is under way."""
        return not self.job_id or over(self.platform, self.job_id)

    def check(self) -> None:
        """The job has done what its file says, and counted it."""
        job = row(self.platform, self.job_id)
        assert job["status"] == "completed", (job["error_code"], job["error"], job["counts"], job["checkpoint"])
        assert job["counts"] == {name: self.expected[name] for name in COUNTS}
        assert job["done"] == job["total"] == self.expected["read"]
        products = self.platform.database.execute(
            "select sku, price::text, is_active from products where catalog_id = %s", [self.tenant.catalog_id]
        ).fetchall()
        assert len(products) == len(self.stored)
        assert {one["sku"]: (one["price"], one["is_active"]) for one in products} == self.stored


def staged(platform: Platform, job_id: str) -> int:
    """Rows that are staged for a job, refused ones too."""
    found = platform.database.execute(
        "select (select count(*) from app.staged_products where job_id = %(job)s)"
        " + (select count(*) from app.staged_rejections where job_id = %(job)s) as n",
        {"job": job_id},
    ).fetchone()
    assert found is not None
    return int(found["n"])


def written(platform: Platform) -> tuple[int, int]:
    """Rows that were ever staged, and rows of products ever written, taken back or not."""
    found = platform.database.execute(
        "select sum(n_tup_ins) filter (where relname = 'staged_products')::bigint as staged,"
        " sum(n_tup_ins + n_tup_upd) filter (where relname = 'products')::bigint as merged"
        " from pg_stat_user_tables"
    ).fetchone()
    assert found is not None
    return int(found["staged"]), int(found["merged"])


def sent(platform: Platform, queue: str, bodies: list[str]) -> None:
    """Send messages to a queue, ten a call."""
    sqs = platform._aws("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    for first in range(0, len(bodies), 10):
        entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[first : first + 10])]
        assert not sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")


def word(job_id: object) -> str:
    """Word of a job."""
    return json.dumps({"job_id": str(job_id)})
