"""A local cloud of its own for measurements, and what every measure does with it."""

import http.client
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import boto3
import psycopg

from infra.bench.load import Timings
from infra.local.endpoints import HOME_VARIABLE, Endpoints, Ports, load_endpoints
from infra.local.issuer import Issuer
from infra.local.processes import LocalCloudError
from wecelebrate.switches import LIFE

_ACME = UUID("c1000000-0000-7000-8000-000000000001")
"""The demo's client that catalogs are made for."""


@dataclass(frozen=True)
class BenchPlatform:
    """One cloud, up for as long as it is measured."""

    endpoints: Endpoints
    state: Path
    database: psycopg.Connection

    @classmethod
    @contextmanager
    def started(cls, home: Path) -> Iterator["BenchPlatform"]:
        """Start a cloud in `home` on free ports; erase it at the end."""
        environment = {**os.environ, **Ports.free().environment, HOME_VARIABLE: str(home)}
        _wecelebrate(environment, "down", "--erase")
        _wecelebrate(environment, "up", "--detach")
        try:
            endpoints = load_endpoints(home / ".local")
            with psycopg.connect(endpoints.database, autocommit=True) as database:
                yield cls(endpoints, home / ".local", database)
        finally:
            _wecelebrate(environment, "down", "--erase")

    def catalog(self) -> UUID:
        """A new catalog without products."""
        made = self.database.execute(
            "insert into catalogs (owner_client_id, name, type, status) values (%s, 'bench', 'erp', 'active')"
            " returning id",
            [_ACME],
        ).fetchone()
        assert made is not None
        catalog_id: UUID = made[0]
        return catalog_id

    def as_owner(self) -> dict[str, str]:
        """Headers of Acme's owner, whose client may send 100,000 requests an hour."""
        return self._bearer("client:acme")

    def as_owner_of_a_small_client(self) -> dict[str, str]:
        """Headers of Globex' owner, whose client may send 1,000 requests an hour."""
        return self._bearer("client:globex")

    def _bearer(self, subject: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {Issuer(self.state, self.endpoints.issuer).token(subject)}"}

    def storefront(self, catalog_id: UUID) -> str:
        """The domain of a new site of Acme that shows a catalog."""
        domain = f"{uuid4().hex[:12]}.test"
        self.database.execute(
            "insert into sites (client_id, name, domain, status, catalog_id) values (%s, %s, %s, 'active', %s)",
            [_ACME, domain, domain, catalog_id],
        )
        return domain

    def some_products(self, catalog_id: UUID, count: int) -> list[str]:
        """Ids of products of a catalog."""
        rows = self.database.execute("select id from products where catalog_id = %s limit %s", [catalog_id, count])
        return [str(row[0]) for row in rows]

    @contextmanager
    def switched(self, **switches: str) -> Iterator[None]:
        """While these switches stand otherwise than by default, on every instance."""
        for name, value in switches.items():
            self.database.execute("insert into kill_switches (name, value) values (%s, %s)", [name, value])
        time.sleep(LIFE + 1)
        try:
            yield
        finally:
            self.database.execute("delete from kill_switches where name = any (%s)", [list(switches)])
            time.sleep(LIFE + 1)

    def queries_during(self, run: Callable[[], Timings]) -> tuple[int, Timings]:
        """Transactions that the primary and the replica carried out during a run, and what it came to."""
        before = self._transactions()
        timings = run()
        time.sleep(1)  # servers report what they did once a second
        return self._transactions() - before, timings

    def _transactions(self) -> int:
        told = 0
        for url in (self.endpoints.database, self.endpoints.replica):
            with psycopg.connect(url, autocommit=True) as server:
                row = server.execute(
                    "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
                ).fetchone()
                assert row is not None
                told += row[0]
        return told

    @contextmanager
    def sending(self, headers: dict[str, str], path: str, per_second: int) -> Iterator[None]:
        """While somebody sends so many requests a second, whatever they are answered."""
        stop = threading.Event()

        def send() -> None:
            connection = http.client.HTTPConnection(urlsplit(self.endpoints.api).netloc, timeout=30)
            while not stop.wait(1 / per_second):
                connection.request("GET", path, headers=headers)
                connection.getresponse().read()
            connection.close()

        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield
        finally:
            stop.set()
            sender.join()

    def sync(self, catalog_id: UUID, file: Path, within: float = 600.0) -> float:
        """Drop a file; seconds from its being in S3 until its products are visible. Raises for a job that fails."""
        s3 = boto3.client(
            "s3",
            endpoint_url=self.endpoints.s3,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the local cloud has no accounts
        )
        bucket = next(one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"].endswith("-drops"))
        with file.open("rb") as body:
            version = s3.put_object(Bucket=bucket, Key=f"{catalog_id}/incoming/{file.name}", Body=body)["VersionId"]
        began = time.perf_counter()
        found = None
        while found is None and time.perf_counter() - began < within:
            time.sleep(0.02)
            found = self.database.execute("select job_id from drops where version_id = %s", [version]).fetchone()
        if found is None:
            raise LocalCloudError(f"nobody took the file in within {within:.0f} seconds")
        self.wait(found[0], within)
        return time.perf_counter() - began

    def wait(self, job_id: UUID, within: float = 600.0) -> None:
        """Until a job is done. Raises LocalCloudError for one that fails."""
        began = time.perf_counter()
        while time.perf_counter() - began < within:
            job = self.database.execute("select status, error from jobs where id = %s", [job_id]).fetchone()
            if job and job[0] == "completed":
                return
            if job and job[0] in ("failed", "cancelled"):
                raise LocalCloudError(f"the job is {job[0]}: {job[1]}")
            time.sleep(0.02)
        raise LocalCloudError(f"the job was not done within {within:.0f} seconds")

    def peak_memory(self, function: str) -> int:
        """Most memory that any process of a function has used so far, in MB, as Lambda reports it."""
        log = self.state / "logs" / "functions" / f"{function}.log"
        for _ in range(300):
            lines = log.read_text("utf-8") if log.exists() else ""
            if 0 < lines.count("START RequestId") == lines.count("REPORT RequestId"):
                return max(int(used) for used in re.findall(r"Max Memory Used: (\d+) MB", lines))
            time.sleep(0.1)
        raise LocalCloudError(f"{function} does not come to rest")

    def settle(self) -> None:
        """Bring the database to rest, as it is some minutes after a load: statistics are taken, rows are known to be
        visible to all, on the replica too, and nothing waits to be written out. Raises LocalCloudError."""
        self.database.execute("select app.analyze_products()")
        for _ in range(60):
            self.database.execute("vacuum products")
            row = self.database.execute(
                "select relallvisible >= 0.99 * relpages from pg_class where oid = 'products'::regclass"
            ).fetchone()
            if row == (True,):
                break
            time.sleep(1)  # the replica tells every ten seconds which rows its readers no longer need
        else:
            raise LocalCloudError("somebody holds a transaction open: products cannot be vacuumed")
        self.database.execute("checkpoint")


def _wecelebrate(environment: dict[str, str], *arguments: str) -> Any:
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "infra.command", *arguments],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
    )
    if done.returncode:
        raise LocalCloudError(f"wecelebrate {' '.join(arguments)}: {done.stdout}{done.stderr}")
