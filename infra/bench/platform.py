"""Starts a separate local cloud for the benchmarks, and provides the operations that several benchmarks use."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import boto3
import psycopg

from infra.bench.load import Timings
from infra.local.endpoints import HOME_VARIABLE, Endpoints, Ports, load_endpoints
from infra.local.issuer import Issuer
from infra.local.owner import environment_of
from infra.local.processes import LocalCloudError
from wecelebrate.core.kill_switches import LIFE_SECONDS

ACME = UUID("c1000000-0000-7000-8000-000000000001")
"""The demo client that owns the catalogs of most benchmarks."""
OWNER = "client:acme"
"""The subject of an owner of this client."""
GLOBEX = UUID("c2000000-0000-7000-8000-000000000002")
"""The demo client that disturbs Acme in the benchmarks of neighbours."""
POLL_SECONDS = 0.02
COMMAND_TIMEOUT = 1800.0
"""The maximum duration of `wecelebrate up` or of `wecelebrate down`, in seconds. Each command has shorter limits of its
own for a step that makes no progress."""


@dataclass(frozen=True)
class BenchPlatform:
    """A running local cloud, and operations on it."""

    endpoints: Endpoints
    state: Path
    database: psycopg.Connection
    """A connection of the superuser to the primary, in autocommit mode."""

    @classmethod
    @contextmanager
    def started(cls, home: Path) -> Iterator["BenchPlatform"]:
        """Start a local cloud in `home` on free ports. Erase the cloud at the end.

        The cloud belongs to this process: if this process is killed, the cloud stops.
        """
        owner = environment_of(os.getpid())
        environment = {**os.environ, **Ports.free().environment, **owner, HOME_VARIABLE: str(home)}
        _wecelebrate(environment, "down", "--erase", "--yes")
        _wecelebrate(environment, "up", "--detach")
        try:
            endpoints = load_endpoints(home / ".local")
            with psycopg.connect(endpoints.database, autocommit=True) as database:
                yield cls(endpoints, home / ".local", database)
        finally:
            _wecelebrate(environment, "down", "--erase", "--yes")

    def create_catalog(self, owner: UUID = ACME) -> UUID:
        """Create an empty catalog of a client."""
        row = self.database.execute(
            "insert into catalogs (owner_client_id, name, type, status) values (%s, 'bench', 'erp', 'active')"
            " returning id",
            [owner],
        ).fetchone()
        assert row is not None
        catalog_id: UUID = row[0]
        return catalog_id

    def headers(self) -> dict[str, str]:
        """Return request headers with a token of an owner of the client Acme.

        Acme has a quota of 100,000 requests an hour.
        """
        return self._bearer(OWNER)

    def small_client_headers(self) -> dict[str, str]:
        """Return request headers with a token of an owner of the client Globex.

        Globex has a quota of 1,000 requests an hour.
        """
        return self._bearer("client:globex")

    def _bearer(self, subject: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {Issuer(self.state, self.endpoints.issuer).token(subject)}"}

    def create_site(self, catalog_id: UUID, client_id: UUID = ACME) -> str:
        """Create a site of a client that shows a catalog, and return the domain of the site."""
        domain = f"{uuid4().hex[:12]}.test"
        self.database.execute(
            "insert into sites (client_id, name, domain, domain_verified_at, status, catalog_id)"
            " values (%s, %s, %s, now(), 'active', %s)",
            [client_id, domain, domain, catalog_id],
        )
        return domain

    def product_ids(self, catalog_id: UUID, count: int) -> list[str]:
        """Return the ids of at most `count` products of a catalog."""
        rows = self.database.execute("select id from products where catalog_id = %s limit %s", [catalog_id, count])
        return [str(row[0]) for row in rows]

    @contextmanager
    def kill_switches(self, **switches: str) -> Iterator[None]:
        """Change kill switches, and wait until all function processes use the new values. Reset the switches at the
        end.

        After the change and after the reset, this method waits LIFE_SECONDS + 1 seconds, because each process caches
        the switches for LIFE_SECONDS.
        """
        for name, value in switches.items():
            self.database.execute("insert into kill_switches (name, value) values (%s, %s)", [name, value])
        time.sleep(LIFE_SECONDS + 1)
        try:
            yield
        finally:
            self.database.execute("delete from kill_switches where name = any (%s)", [list(switches)])
            time.sleep(LIFE_SECONDS + 1)

    def queries_during(self, run: Callable[[], Timings]) -> tuple[int, Timings]:
        """Run a load, and count the database transactions during the load.

        Return the number of transactions on the primary and the replica together, and the timings of the load.
        """
        before = self._transactions()
        timings = run()
        time.sleep(1)  # PostgreSQL publishes its statistics once a second
        return self._transactions() - before, timings

    def _transactions(self) -> int:
        total = 0
        for url in (self.endpoints.database, self.endpoints.replica):
            with psycopg.connect(url, autocommit=True) as server:
                row = server.execute(
                    "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
                ).fetchone()
                assert row is not None
                total += row[0]
        return total

    def sync(self, catalog_id: UUID, file: Path, timeout: float = 600.0) -> float:
        """Put a file into the drop bucket, and wait until its sync is completed.

        Return the seconds from the end of the upload to the end of the sync. Raises LocalCloudError if the job fails,
        or if it is not completed after `timeout` seconds.
        """
        s3 = boto3.client(
            "s3",
            endpoint_url=self.endpoints.s3,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the local cloud has no accounts
        )
        bucket = next(bucket["Name"] for bucket in s3.list_buckets()["Buckets"] if bucket["Name"].endswith("-drops"))
        with file.open("rb") as body:
            version = s3.put_object(Bucket=bucket, Key=f"{catalog_id}/incoming/{file.name}", Body=body)["VersionId"]
        began = time.perf_counter()
        drop = None
        while drop is None and time.perf_counter() - began < timeout:
            time.sleep(POLL_SECONDS)
            drop = self.database.execute("select job_id from drops where version_id = %s", [version]).fetchone()
        if drop is None:
            raise LocalCloudError(
                f"no job was created for the file within {timeout:.0f} seconds: see the log of queues-drops"
            )
        self.wait_for_job(drop[0], timeout)
        return time.perf_counter() - began

    def wait_for_job(self, job_id: UUID, timeout: float = 600.0) -> None:
        """Wait until a job is completed.

        Raises LocalCloudError if the job fails, or if it is not completed after `timeout` seconds.
        """
        began = time.perf_counter()
        while time.perf_counter() - began < timeout:
            job = self.database.execute("select status, error from jobs where id = %s", [job_id]).fetchone()
            if job and job[0] == "completed":
                return
            if job and job[0] in ("failed", "cancelled"):
                raise LocalCloudError(f"job {job_id} is {job[0]}: {job[1]}")
            time.sleep(POLL_SECONDS)
        raise LocalCloudError(f"job {job_id} was not completed within {timeout:.0f} seconds: see the log of its worker")

    def peak_memory(self, function: str) -> int:
        """Return the highest memory use that any process of a function has had so far, in MB.

        Lambda writes this number to the log. The method first waits until no invocation is running. Raises
        LocalCloudError if an invocation is still running after 30 seconds.
        """
        log = self.state / "logs" / "functions" / f"{function}.log"
        for _ in range(300):
            lines = log.read_text("utf-8") if log.exists() else ""
            if 0 < lines.count("START RequestId") == lines.count("REPORT RequestId"):
                return max(int(used) for used in re.findall(r"Max Memory Used: (\d+) MB", lines))
            time.sleep(0.1)
        raise LocalCloudError(f"after 30 seconds, {function} is still running or has logged no invocation: see {log}")

    def settle(self) -> None:
        """Bring the database into the state that it would reach by itself some minutes after a load.

        Afterwards, the planner statistics are current, the visibility map marks almost all pages as visible (also on
        the replica), and a checkpoint is complete. Raises LocalCloudError after 60 attempts if an open transaction
        prevents the vacuum.
        """
        self.database.execute("select app.analyze_products()")
        for _ in range(60):
            self.database.execute("vacuum analyze product_sources")
            self.database.execute("vacuum products")
            row = self.database.execute(
                "select relallvisible >= 0.99 * relpages from pg_class where oid = 'products'::regclass"
            ).fetchone()
            if row == (True,):
                break
            time.sleep(1)  # the replica reports only every 10 seconds which row versions its queries still need
        else:
            raise LocalCloudError("the table `products` cannot be vacuumed: end the transaction that is still open")
        self.database.execute("checkpoint")


def _wecelebrate(environment: dict[str, str], *arguments: str) -> None:
    """Run the `wecelebrate` command. Raises LocalCloudError with the output of the command if the command fails."""
    process = subprocess.run(  # noqa: S603 - this is our own command
        [sys.executable, "-m", "infra.command", *arguments],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT,
    )
    if process.returncode:
        raise LocalCloudError(f"wecelebrate {' '.join(arguments)} failed: {process.stdout}{process.stderr}")
