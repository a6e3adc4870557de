"""Tests that `wecelebrate files put-back --since` writes the files again that a restored database does not know.

moto emulates S3, and a local PostgreSQL server replaces the Aurora cluster.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import boto3
import psycopg
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from infra.command import app
from infra.deploy import account as accounts
from infra.deploy import data_api, forgotten_files
from infra.local.postgres import Postgres
from tests.infra.aws.test_bootstrap import cluster
from tests.infra.deploy.test_first_admin import migrated
from tests.infra.deploy.test_sql import TARGET, DataApi

__all__ = ["cluster", "migrated"]

BUCKET = "wecelebrate-dev-drops-123456789012"
Version = tuple[str, str]
"""A version of a file: the key of the file, and the id of the version."""


@dataclass
class Platform:
    """The bucket, its notifications, and the database that registers files."""

    s3: Any
    superuser: psycopg.Connection
    client: str
    notifications: list[Version] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    """The contents of the files that the platform has read, in the order of reading."""
    interruptions: list[Callable[[], object]] = field(default_factory=list)
    """The functions that run before the next copies are written, one function per copy."""
    reads: bool = True
    """Whether a worker receives messages from the queue `drops`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.s3, name)

    def copy_object(self, **arguments: Any) -> Any:
        if self.interruptions:
            self.interruptions.pop(0)()
        answer = self.s3.copy_object(**arguments)
        self.notifications.append((arguments["Key"], answer["VersionId"]))
        time.sleep(0.01)  # two versions of a file have different times
        return answer

    def drop(self, key: str, body: str) -> Version:
        """Write a file as an ERP system does. Do not add a notification."""
        version = key, self.s3.put_object(Bucket=BUCKET, Key=key, Body=body.encode(), ContentEncoding="x")["VersionId"]
        time.sleep(0.01)
        return version

    def receive(self, *_: object) -> None:
        """Receive all notifications in reverse order, because S3 does not guarantee their order."""
        while self.reads and self.notifications:
            self.register(self.notifications.pop())

    def register(self, version: Version) -> None:
        """Read a file, and register it as the intake does."""
        self.read.append(self.content(version))
        (key, version_id), is_order = version, version[0].startswith("orders/")
        owner = key.removeprefix("orders/").partition("/")[0]
        job = self.one(
            "insert into jobs (client_id, catalog_id, type, requested_by, payload)"
            " values (%s, %s, %s, 'service:drops', '{}') returning id",
            self.client,
            None if is_order else owner,
            "order_file" if is_order else "catalog_sync",
        )
        table, columns, more = ("order_file_drops", "destination_id", "")
        if not is_order:
            table, columns, more = ("drops", "sequencer, catalog_id", "'', ")
        self.superuser.execute(
            f"insert into {table} (client_id, key, version_id, job_id, size, etag, dropped_at, {columns})"
            f" values (%s, %s, %s, %s, 1, 'e', now(), {more}%s)".encode(),
            [self.client, key, version_id, job, owner],
        )

    def forget(self) -> None:
        """Simulate a restore of the database to a time before all files."""
        self.superuser.execute("delete from drops")
        self.superuser.execute("delete from order_file_drops")

    def content(self, version: Version) -> str:
        key, version_id = version
        body: bytes = self.s3.get_object(Bucket=BUCKET, Key=key, VersionId=version_id)["Body"].read()
        return body.decode()

    def latest(self, key: str) -> str:
        body: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body.decode()

    def one(self, statement: str, *values: object) -> Any:
        row = self.superuser.execute(statement.encode(), values).fetchone()
        assert row
        return row[0]

    def new_catalog(self) -> str:
        return str(
            self.one(
                "insert into catalogs (owner_client_id, name, type) values (%s, 'Catalog', 'erp') returning id",
                self.client,
            )
        )

    def new_destination(self) -> str:
        return str(
            self.one(
                "insert into order_destinations (client_id, name, format) values (%s, 'ERP', 'csv') returning id",
                self.client,
            )
        )


@pytest.fixture
def platform(migrated: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws(), psycopg.connect(migrated.primary_url, autocommit=True) as superuser:
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        slug = f"client-{uuid4().hex[:12]}"
        platform = Platform(s3, superuser, "")
        platform.client = platform.one("insert into clients (name, slug) values ('Client', %s) returning id", slug)
        real, database = accounts.Account.client, DataApi(migrated)
        clients = {"s3": platform, "rds-data": database}
        monkeypatch.setattr(data_api, "_target", lambda *_: TARGET)
        monkeypatch.setattr(
            accounts.Account, "client", lambda account, service: clients.get(service) or real(account, service)
        )
        # While the command waits, the notifications arrive.
        monkeypatch.setattr(forgotten_files, "time", SimpleNamespace(monotonic=time.monotonic, sleep=platform.receive))
        yield platform


def put_back(since: datetime, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["--env", "dev", "files", "put-back", "--since", since.isoformat(), "--yes"])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def now() -> datetime:
    time.sleep(0.01)
    return datetime.now(UTC)


def test_each_version_of_a_file_is_written_again_in_the_order_of_the_versions(platform: Platform) -> None:
    news, products = f"orders/{platform.new_destination()}/incoming/a.csv", f"{platform.new_catalog()}/incoming/a.csv"
    since = now()
    for number in range(3):
        platform.drop(news, f"news {number}")
        platform.drop(products, f"products {number}")
    platform.s3.delete_object(Bucket=BUCKET, Key=news)  # an ERP system can also delete files
    put_back(since)
    assert [each for each in platform.read if "news" in each] == ["news 0", "news 1", "news 2"]
    assert [each for each in platform.read if "products" in each] == ["products 0", "products 1", "products 2"]
    assert platform.latest(news) == "news 2"
    assert platform.s3.head_object(Bucket=BUCKET, Key=news)["ContentEncoding"] == "x"
    assert "the database has forgotten no files" in put_back(since).output
    assert len(platform.read) == 6


def test_two_files_of_a_catalog_are_read_in_their_original_order(platform: Platform) -> None:
    catalog, since = platform.new_catalog(), now()
    platform.drop(f"{catalog}/incoming/full/z.csv", "full")
    time.sleep(1.1)  # the times of S3 have whole seconds
    platform.drop(f"{catalog}/incoming/delta/a.csv", "delta")
    put_back(since)
    assert platform.read == ["full", "delta"]


def test_a_new_file_remains_the_newest_while_older_files_are_written_again(platform: Platform) -> None:
    key = f"{platform.new_catalog()}/incoming/a.csv"
    # S3 rounds times down to whole seconds. The time of a file from the same second would be earlier than `since`.
    time.sleep(1 - time.time() % 1)
    since = now()
    for body in ("old", "older than the restore is complete"):
        platform.drop(key, body)
    platform.interruptions = [lambda: platform.register(platform.drop(key, "new"))]
    put_back(since)
    assert (platform.read[-1], platform.latest(key)) == ("new", "new")
    platform.read.clear()
    platform.drop(key, "last")
    last = platform.drop(key, "read by itself")
    platform.interruptions = [lambda: None, lambda: platform.register(last)]
    put_back(since)
    assert (platform.read[-1], platform.latest(key)) == ("read by itself", "read by itself")


def test_only_files_that_the_restored_database_has_not_read_are_written_again(
    platform: Platform,
) -> None:
    catalog = platform.new_catalog()
    platform.register(platform.drop(f"{catalog}/incoming/a.csv", "read before"))
    platform.drop(f"{catalog}/incoming/b.csv", "waited")
    since = now() + timedelta(hours=23)
    platform.read.clear()
    put_back(since)
    assert platform.read == ["waited"]
    platform.forget()
    platform.read.clear()
    put_back(since + timedelta(hours=2))
    assert platform.read == []


def test_a_repeated_command_continues_an_interrupted_command(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, since = f"{platform.new_catalog()}/incoming/a.csv", now()
    for number in range(3):
        platform.drop(key, str(number))
    monkeypatch.setattr(forgotten_files, "MAX_SECONDS", -1)
    platform.reads = False
    stopped = put_back(since, code=1)
    assert "`wecelebrate queues list --env dev` shows whether the queue drops runs" in stopped.output
    assert platform.read == []
    platform.reads = True
    platform.receive()
    monkeypatch.setattr(forgotten_files, "MAX_SECONDS", 60)
    put_back(since)
    assert platform.read == ["0", "1", "2"]


def test_the_copies_are_written_again_after_a_second_restore(platform: Platform) -> None:
    key, since = f"{platform.new_catalog()}/incoming/a.csv", now()
    for number in range(2):
        platform.drop(key, str(number))
    put_back(since)
    platform.forget()
    platform.read.clear()
    put_back(since)
    assert (platform.read, platform.latest(key)) == (["0", "1"], "1")


def test_files_of_an_unknown_catalog_are_reported_and_not_written(platform: Platform) -> None:
    catalog, unknown = platform.new_catalog(), str(uuid4())
    since = now()
    for key in (f"{unknown}/incoming/a.csv", f"orders/{catalog}/incoming/a.csv", f"{catalog.upper()}/incoming/a.csv"):
        platform.drop(key, key)
    output = " ".join(put_back(since).output.split())
    assert f"the catalog {unknown} does not exist in the database" in output
    assert f"the order destination {catalog} does not exist in the database" in output
    assert platform.read == [f"{catalog.upper()}/incoming/a.csv"]
