"""The platform as its people use it: clients with sites and catalogs of their own, tokens, requests, dropped files."""

import json
import os
import random
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, LiteralString
from urllib.parse import quote_plus
from uuid import uuid4

import boto3
import httpx
import psycopg
import valkey
from psycopg.rows import DictRow, dict_row

from infra.functions import Bindings, functions
from infra.local.endpoints import Endpoints
from infra.local.issuer import Issuer
from tests import contract
from wecelebrate.core.cache.redis import Script

Json = dict[str, Any]

TLS = ssl.create_default_context()
"""Made once: httpx would make one for each client, and that takes longer than most tests here."""

WAITING = """
with recursive waiting as (
  select pid from pg_stat_activity where %s = any(pg_blocking_pids(pid))
  union
  select behind.pid from pg_stat_activity behind, waiting where waiting.pid = any(pg_blocking_pids(behind.pid))
)
select count(*)::int as waiting from waiting
"""
"""Who waits for a transaction, or for another that does."""


@dataclass(frozen=True)
class Tenant:
    """A client with an owner, a catalog of its own, and an active site that shows it."""

    client_id: str
    slug: str
    catalog_id: str
    site_id: str
    domain: str
    owner: httpx.Client
    """The API as the client's owner calls it."""


@dataclass
class Platform:
    """One local cloud."""

    endpoints: Endpoints
    issuer: Issuer
    database: psycopg.Connection[DictRow]
    """The primary, as superuser: to arrange and to look, never to test through."""
    state: Path
    """Where the cloud keeps its state: its logs are there."""
    _clients: list[httpx.Client] = field(default_factory=list)

    @classmethod
    @contextmanager
    def of(cls, endpoints: Endpoints, state: Path) -> Iterator["Platform"]:
        with psycopg.connect(endpoints.database, autocommit=True, row_factory=dict_row) as database:
            platform = cls(endpoints, Issuer(state, endpoints.issuer), database, state)
            try:
                yield platform
            finally:
                for client in platform._clients:
                    client.close()
                for name in {"replica", "redis"} & vars(platform).keys():
                    getattr(platform, name).close()

    def api(self, subject: str | None = None, *, any_state: bool = True, **claims: Any) -> httpx.Client:
        """The API as `subject` calls it; as a visitor without one, from an address of its own.

        Changes are asked for whatever the state is, unless a request says If-Match itself, or `any_state` is false.
        """
        headers = {"Authorization": f"Bearer {self.issuer.token(subject, **claims)}"} if subject else {}
        hooks: dict[str, list[Callable[..., Any]]] = {
            "request": [lambda _: self.catch_up(), *([_change_any_state] if any_state else [])],
            "response": [contract.hold],
        }
        client = httpx.Client(
            base_url=self.endpoints.api,
            headers=headers,
            timeout=30,
            event_hooks=hooks,
            transport=httpx.HTTPTransport(verify=TLS, local_address=None if subject else address()),
        )
        self._clients.append(client)
        return client

    @cached_property
    def redis(self) -> Any:
        """The Redis behind the cache, to arrange and to look."""
        return valkey.Valkey.from_url(self.endpoints.redis, decode_responses=True)

    def arrange(self, statement: LiteralString, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> None:
        """Change rows behind the platform's back, and tell the cache as whoever changed them would have."""
        with self.database.transaction():
            self.database.execute(statement, parameters)
            left = self.database.execute(
                "delete from cache_invalidations where xid = pg_current_xact_id() returning xid::text, tags"
            ).fetchall()
        told = Script("invalidate").text
        for change in left:
            self.redis.eval(told, 0, "v1:local:", time.time_ns() // 1_000_000, change["xid"], "", "", *change["tags"])

    @contextmanager
    def holding(self, statement: LiteralString, parameters: Sequence[Any] = ()) -> Iterator["Held"]:
        """While a transaction holds what a statement locks; in the end it never was."""
        with psycopg.connect(self.endpoints.database, row_factory=dict_row) as holder:
            holder.execute(statement, parameters)
            yield Held(self, holder.info.backend_pid)
            holder.rollback()

    @cached_property
    def replica(self) -> psycopg.Connection[DictRow]:
        """The replica, as superuser: to look."""
        return psycopg.connect(self.endpoints.replica, autocommit=True, row_factory=dict_row)

    def catch_up(self) -> None:
        """Reads and sessions come from the replica: wait until it has replayed what a test wrote behind the platform's
        back, for 5 seconds at most."""
        written = self.database.execute("select pg_current_wal_flush_lsn() as lsn").fetchone()
        assert written is not None
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            replayed = self.replica.execute("select pg_last_wal_replay_lsn() >= %s::pg_lsn as yes", [written["lsn"]])
            if replayed.fetchone() == {"yes": True}:
                return
            time.sleep(0.001)

    @cached_property
    def admin(self) -> httpx.Client:
        """The API as a super admin calls it."""
        return self.api("admin")

    def client(self, **more: Any) -> Json:
        """A new client."""
        slug = f"t-{uuid4().hex[:12]}"
        return created(self.admin.post("/v1/clients", json={"name": f"Client {slug}", "slug": slug, **more}))

    def member(self, client_id: str, role: str = "owner") -> str:
        """The subject of a new member of a client."""
        subject = f"{role}-{uuid4().hex[:12]}"
        self.database.execute(
            "insert into client_users (client_id, user_id, email, role) values (%s, %s, %s, %s)",
            [client_id, subject, f"{subject}@example.test", role],
        )
        return subject

    def catalog(self, owner: str | None = None, **more: Any) -> Json:
        """A new catalog, the platform's own without an owner."""
        new = {"name": f"catalog {uuid4().hex[:8]}", "type": "erp", "status": "active", "owner_client_id": owner}
        return created(self.admin.post("/v1/catalogs", json=new | more))

    def site(self, client_id: str, catalog_id: str | None, **more: Any) -> Json:
        """A new site, active at a domain of its own."""
        domain = f"{uuid4().hex[:12]}.test"
        new = {"client_id": client_id, "name": f"site {domain}", "domain": domain, "status": "active", **more}
        return created(self.admin.post("/v1/sites", json={**new, "catalog_id": catalog_id}))

    def tenant(self) -> Tenant:
        """A new client with all that belongs to it."""
        client = self.client()
        catalog = self.catalog(owner=client["id"])
        site = self.site(client["id"], catalog["id"])
        owner = self.api(self.member(client["id"]))
        return Tenant(client["id"], client["slug"], catalog["id"], site["id"], site["domain"], owner)

    def product(self, tenant: Tenant, **more: Any) -> Json:
        """A new product in a tenant's catalog."""
        sku = f"SKU-{uuid4().hex[:10]}"
        new = {"sku": sku, "name": f"Product {sku}", "price": "10.00", "inventory_count": 5, **more}
        return created(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=new))

    def shown(self, domain: str, **query: Any) -> list[Json]:
        """Every product that a storefront shows, page by page."""
        found: list[Json] = []
        cursor: str | None = None
        for _ in range(1000):
            asked = {"limit": 1000, **query, **({"cursor": cursor} if cursor else {})}
            page = ok(self.api().get(f"/v1/storefront/{domain}/products", params=asked))
            found += page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found
        raise AssertionError("the storefront has no last page")

    @cached_property
    def s3(self) -> Any:
        """S3, as an ERP system reaches it."""
        return self._aws("s3")

    @cached_property
    def sqs(self) -> Any:
        """SQS, to arrange and to look."""
        return self._aws("sqs")

    def _aws(self, service: Literal["s3", "sqs"]) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoints.s3,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    @cached_property
    def drops(self) -> str:
        """The bucket that files are dropped in."""
        return self._bucket("drops")

    @cached_property
    def uploads(self) -> str:
        """The bucket of files that an import reads."""
        return self._bucket("uploads")

    def _bucket(self, name: str) -> str:
        """What the local cloud calls a bucket of ours."""
        names = [str(one["Name"]) for one in self.s3.list_buckets()["Buckets"]]
        return next(one for one in names if one.endswith(f"-local-{name}"))

    def drop(self, catalog_id: str, name: str, body: bytes) -> str:
        """Drop a file as an ERP system does; its version."""
        return str(self.s3.put_object(Bucket=self.drops, Key=f"{catalog_id}/incoming/{name}", Body=body)["VersionId"])

    def sync(self, catalog_id: str, name: str, body: bytes, within: float = 60) -> Json:
        """Drop a file and wait for its job to end."""
        return self.job_of(catalog_id, self.drop(catalog_id, name, body), within)

    def job_of(self, catalog_id: str, version: str, within: float = 60) -> Json:
        """The ended job of a dropped file version."""
        admin = self.admin
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            for job in ok(admin.get("/v1/jobs", params={"catalog_id": catalog_id, "limit": 100}))["data"]:
                source = job["source"] or {}
                if source.get("version_id") == version and job["status"] in ("completed", "failed", "cancelled"):
                    return dict(job)
            time.sleep(0.05)
        raise AssertionError(f"the file was not done within {within} seconds")

    def recorded(self, version: str) -> bool:
        """Whether intake has taken in a file version."""
        found = self.database.execute("select from drops where version_id = %s", [version])
        return found.rowcount == 1

    def notify(self, key: str, version: str, sequencer: str = "00") -> None:
        """Tell the queue of drops of a file version again, as S3 may."""
        told = {
            "eventName": "ObjectCreated:Put",
            "eventTime": "2026-01-01T00:00:00.000Z",
            "s3": {
                "object": {"key": quote_plus(key), "versionId": version, "sequencer": sequencer, "size": 1, "eTag": "e"}
            },
        }
        self.send("drops", {"Records": [told]})

    def send(self, queue: str, message: Json) -> None:
        """Send a message to a queue."""
        sqs = self.sqs
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], MessageBody=json.dumps(message))

    def run_as(self, function: str, code: str) -> subprocess.Popen[str]:
        """Python code in a process that has a function's folder and environment, as the local cloud starts one; it is
        under way."""
        told = json.loads((self.state / "functions.json").read_text("utf-8"))["bindings"]
        spec = next(spec for spec in functions() if spec.name == function)
        return subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=spec.folder,
            env={**os.environ, **spec.environment(Bindings(**told))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def invoke(self, function: str) -> Json:
        """What a function of a schedule answers that is called once more."""
        call = "import json, runpy; print(json.dumps(runpy.run_path('handler.py')['handler']({}, None)))"
        answer: Json = json.loads(said(self.run_as(function, call)).splitlines()[-1])
        return answer

    def eventually(self, happens: Callable[[], object], within: float = 30, every: float = 0.05) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + within
        while not happens():
            assert time.monotonic() < deadline, f"it did not happen within {within} seconds"
            time.sleep(every)

    def exists(self, key: str) -> bool:
        """Whether a file lies in the drops bucket."""
        return bool(self.s3.list_objects_v2(Bucket=self.drops, Prefix=key).get("KeyCount"))

    def read(self, key: str) -> bytes:
        """A file of the drops bucket."""
        body: bytes = self.s3.get_object(Bucket=self.drops, Key=key)["Body"].read()
        return body


@dataclass(frozen=True)
class Held:
    """Locks that a transaction holds."""

    platform: Platform
    pid: int

    def wait_for(self, transactions: int) -> None:
        """Until so many wait for it, or for one that does."""
        self.platform.eventually(lambda: self._waiting() == transactions)

    def hang_up(self) -> None:
        """End who waits for it, as a proxy does for a client that is gone: PostgreSQL itself learns of it when the lock
        is free."""
        self.platform.database.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where %s = any(pg_blocking_pids(pid))",
            [self.pid],
        )

    def _waiting(self) -> int:
        row = self.platform.database.execute(WAITING, [self.pid]).fetchone()
        assert row is not None
        return int(row["waiting"])


def _change_any_state(request: httpx.Request) -> None:
    if request.method in ("PUT", "PATCH", "DELETE") and "if-match" not in request.headers:
        request.headers["If-Match"] = "*"


def address() -> str | None:
    """An address of this machine that no other visitor has: the limit of an address is none of a test's business."""
    if sys.platform != "linux":
        return None
    return f"127.{random.randrange(1, 255)}.{random.randrange(256)}.{random.randrange(1, 255)}"


def said(process: subprocess.Popen[str]) -> str:
    """What a process printed that ended well."""
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return output


def ok(answer: httpx.Response) -> Json:
    """The body of an answer that is no error."""
    assert answer.is_success, f"{answer.status_code}: {answer.text}"
    body: Json = answer.json()
    return body


def created(answer: httpx.Response) -> Json:
    """The body of a 201."""
    assert answer.status_code == 201, f"{answer.status_code}: {answer.text}"
    body: Json = answer.json()
    return body


def problem(answer: httpx.Response, status: int, code: str) -> Json:
    """The problem document that an answer must be (RFC 9457)."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    body: Json = answer.json()
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


def pointers(body: Json) -> list[str]:
    """Where a problem points."""
    return [error["pointer"] for error in body["errors"]]
