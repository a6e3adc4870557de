"""Tests that the code emits each custom metric of an alarm, with the dimensions of the alarm.

Each test causes the event that a metric counts, and runs the function that emits the metric.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.aws.alarms import Alarm, platform_alarms, queue_alarms
from infra.environments import get_environment
from infra.functions import functions, worker
from infra.local.credentials import Credentials
from tests.kv.commands import run
from tests.kv.conftest import MERGE, PATH
from tests.kv.moving import gift
from tests.platform import TLS, Json, Platform, created, ok
from tests.platform.functions import output_of
from wecelebrate.core.metrics import NAMESPACE

pytestmark = pytest.mark.slow

DEV = get_environment("dev", {"settings_folder": "/nonexistent"}.get)
CUSTOM = {alarm.name: alarm for alarm in (*queue_alarms(DEV, functions()), *platform_alarms(DEV))}
SWEEPER = """
import os
os.environ.update(AWS_LAMBDA_FUNCTION_NAME="schedules-sweeper", AWS_LAMBDA_FUNCTION_MEMORY_SIZE="512")
os.environ.update({changes!r})
from wecelebrate import subscriptions, sweeper
from wecelebrate.core import cache, metrics
subscriptions.connect()
try:
    sweeper.{call}
except cache.CacheDown:
    pass
metrics.flush()
"""
WORKER = """
import os, runpy
os.environ["AWS_LAMBDA_FUNCTION_NAME"] = {function!r}
class Context:
    aws_request_id = "1"
    def get_remaining_time_in_millis(self):
        return 60_000
runpy.run_path("handler.py")["handler"]({event!r}, Context())
"""
REFUSED = "http://127.0.0.1:9"
"""The URL of a port on which no server listens."""


@pytest.fixture(scope="module")
def platform(own_platform: Platform) -> Iterator[Platform]:
    """A local cloud for this module, because the tests cause errors that affect the whole platform."""
    own_platform.database.execute("delete from kill_switches")
    yield own_platform


def lines(output: str) -> list[Json]:
    return [json.loads(line) for line in output.splitlines() if line.startswith('{"_aws"')]


def sweep(platform: Platform, call: str = "maintain()", **changes: str) -> list[Json]:
    code = SWEEPER.format(call=call, changes=changes)
    return lines(output_of(platform.run_as("schedules-sweeper", code)))


def work(platform: Platform, queue: str, body: str, receives: int) -> list[Json]:
    """Run the handler of a queue with one message."""
    spec = next(spec for spec in functions() if spec.name == worker(queue))
    record = {
        "messageId": str(uuid4()),
        "receiptHandle": "x",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receives), "SentTimestamp": "1", "SenderId": "x"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:000000000000:wecelebrate-local-{queue}",
        "awsRegion": "us-east-1",
    }
    code = WORKER.format(function=spec.name, event={"Records": [record]})
    return lines(output_of(platform.run_as(spec.name, code)))


def assert_emitted(emitted: list[Json], alarm: Alarm) -> None:
    """Assert that a log line contains the metric of an alarm, with exactly the dimensions of the alarm."""
    with_metric = [line for line in emitted if alarm.metric in line]
    assert with_metric, (alarm.name, emitted)
    for line in with_metric:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == alarm.namespace == NAMESPACE
        (names,) = directive["Dimensions"]
        assert {name: line[name] for name in names} == alarm.dimensions


def test_each_platform_metric_with_an_alarm_has_a_test() -> None:
    kinds = {alarm.kind for alarm in CUSTOM.values() if alarm.namespace == NAMESPACE}
    code = Path(__file__).read_text("utf-8")
    assert {kind for kind in kinds if f'"{kind}' not in code} == set()


def test_each_sweep_emits_a_heartbeat_and_its_memory_and_the_age_of_syncs(
    platform: Platform,
) -> None:
    emitted = sweep(platform)
    for name in ("heartbeat-stopped", "sync-late", "memory"):
        assert_emitted(emitted, CUSTOM[name])
    assert next(line["SyncAgeSeconds"] for line in emitted if "SyncAgeSeconds" in line) == [0.0]


def test_the_age_of_syncs_ignores_syncs_that_wait_for_a_person(
    platform: Platform,
) -> None:
    tenant = platform.tenant()
    insert = (
        "insert into jobs"
        " (client_id, catalog_id, type, requested_by, payload, ordering_key, queued_at, due_at, approval)"
        " values (%s, %s, 'catalog_sync', 'a test', '{}', %s, now() - make_interval(mins => %s),"
        " now() + interval '1 day', %s)"
    )
    key = f"catalog:{tenant.catalog_id}"
    try:
        platform.database.execute(insert, [tenant.client_id, tenant.catalog_id, key, 90, "needed"])
        # The second sync waits for the first sync.
        platform.database.execute(insert, [tenant.client_id, tenant.catalog_id, key, 85, None])
        platform.database.execute(insert, [tenant.client_id, tenant.catalog_id, str(uuid4()), 75, None])
        emitted = sweep(platform)
    finally:
        platform.database.execute("delete from jobs where requested_by = 'a test'")
    (seconds,) = (line["SyncAgeSeconds"][0] for line in emitted if "SyncAgeSeconds" in line)
    assert 75 * 60 <= seconds < 80 * 60


def test_a_metric_is_emitted_if_the_cache_is_down(platform: Platform) -> None:
    # The sweeper of the local cloud would send an unsent invalidation first. Therefore the program sends an
    # invalidation itself.
    emitted = sweep(platform, "cache.invalidate(['catalog:x'], '1', late=True)", WC_CACHE_URL=REFUSED)
    assert_emitted(emitted, CUSTOM["cache-down"])


def test_a_metric_is_emitted_if_the_database_is_in_an_unexpected_state(platform: Platform) -> None:
    row = platform.database.execute("select lo_create(0) as id").fetchone()
    assert row
    try:
        assert_emitted(sweep(platform), CUSTOM["unexpected-database-state"])
    finally:
        platform.database.execute("select lo_unlink(%s)", [row["id"]])


def test_a_metric_is_emitted_if_a_table_is_suspended(platform: Platform) -> None:
    path = "/v1/admin/row-security-suspensions/orders"
    ok(platform.admin.put(path, json={"reason": "a test", "minutes": 5}))
    try:
        assert_emitted(sweep(platform), CUSTOM["row-security-suspended"])
    finally:
        assert platform.admin.delete(path).status_code == 204


def test_a_metric_is_emitted_if_an_export_cannot_be_deleted(platform: Platform) -> None:
    tenant = platform.tenant()
    body = {"kind": "products", "format": "csv"}
    expire = "update exports set expires_at = now() - interval '1 hour' where id = %s"
    emitted: list[Json] = []

    def is_emitted() -> bool:
        """Run the sweeper. Return whether the metric was emitted. The test repeats this function, because the sweeper
        of the local cloud can delete the export first."""
        response = tenant.owner.post("/v1/exports", json=body)
        assert response.status_code == 202
        id = response.json()["id"]
        platform.eventually(lambda: ok(tenant.owner.get(f"/v1/exports/{id}"))["status"] == "completed")
        platform.database.execute(expire, [id])
        emitted[:] = sweep(platform, "delete_expired_exports()", AWS_ENDPOINT_URL_S3=REFUSED)
        return any("ExportCleanUpFailed" in line for line in emitted)

    platform.eventually(is_emitted)
    assert_emitted(emitted, CUSTOM["export-clean-up"])


def test_a_metric_is_emitted_if_offers_cannot_be_applied(platform: Platform) -> None:
    platform.database.execute("alter table products rename column offer_changes_at to hidden")
    try:
        assert_emitted(sweep(platform, "apply_due_offers()"), CUSTOM["offers-late"])
    finally:
        platform.database.execute("alter table products rename column hidden to offer_changes_at")


def test_a_metric_is_emitted_if_a_message_becomes_a_dead_letter(platform: Platform) -> None:
    for queue in ("emails", "catalog-syncs"):
        emitted = work(platform, queue, "no JSON", receives=3)
        assert_emitted(emitted, CUSTOM[f"dead-letters-{queue}"])


def test_a_metric_is_emitted_for_each_problem_of_the_key_value_store_migration(platform: Platform) -> None:
    run(platform, "mirror", "on", "--currency", "USD")
    tenant = platform.tenant()
    product = platform.product(tenant, inventory_count=10)
    # The sweeper of the local cloud cannot report the problems before all problems exist.
    platform.database.execute("update kv.mirror set reported_until = now() + interval '1 hour'")
    headers = {"apikey": Credentials.of(platform.state).kv_key, **MERGE}
    with httpx.Client(base_url=platform.endpoints.api, headers=headers, verify=TLS, timeout=30) as store:

        def write(id: str, **fields: Any) -> None:
            body = {"key": f"gift:{id}", "value": gift(id, catalogId=tenant.catalog_id, currency="USD", **fields)}
            assert store.post(PATH, json=body).status_code == 201

        key = {"key": f"eq.gift:{product['id']}"}
        # This write causes a conflict, because it contains no revision.
        write(product["id"], sku=product["sku"], availableQuantity=3)
        bad = str(uuid4())
        write(bad)
        write(bad, price="on request")  # this document goes into quarantine
        # The mirror does not write this change, because the document is in quarantine.
        platform.database.execute("update products set name = 'Cup' where id = %s", [bad])
        run(platform, "shadow", "product", "--percent", "100")
        with platform.database.transaction():
            platform.database.execute("set local role app_mirror")  # The mirror ignores writes of this role.
            platform.database.execute("update products set name = 'Bowl' where id = %s", [product["id"]])
        assert store.get(PATH, params=key).json() != []
        platform.database.execute(
            "insert into kv.retirements (entity, quiet_seconds, requested_by) values ('product', 1, 'a test')"
        )
        assert store.get(PATH, params=key).json() != []
    names = ("kv-conflicts", "kv-quarantine", "kv-mirror-errors", "kv-shadow-mismatches", "kv-retired-requests")
    emitted: list[Json] = []

    def are_emitted() -> bool:
        """Report the problems. Return whether the metrics were emitted. The test repeats this function, because the
        sweeper of the local cloud can report the problems first."""
        platform.database.execute(
            "update kv.mirror set reported_until = now() - interval '10 minutes', reported_snapshot = null"
        )
        emitted[:] = sweep(platform)
        return any("KvConflicts" in line for line in emitted)

    try:
        platform.eventually(are_emitted)
        for name in names:
            assert_emitted(emitted, CUSTOM[name])
    finally:
        platform.database.execute("update kv.retirements set status = 'undone'")
        run(platform, "shadow", "product", "--percent", "0")
        run(platform, "mirror", "off")


def test_a_metric_is_emitted_if_a_mail_bounces(platform: Platform) -> None:
    tenant, address = platform.tenant(), f"ann-{uuid4().hex[:8]}@example.com"
    created(tenant.owner.post(f"/v1/clients/{tenant.client_id}/members", json={"email": address, "role": "viewer"}))
    mail: dict[str, Any] = {}

    def sent() -> bool:
        row = platform.database.execute(
            "select message_id from mails where recipient = %s and message_id is not null", [address]
        ).fetchone()
        mail.update(row or {})
        return row is not None

    platform.eventually(sent)
    event = {
        "eventType": "Bounce",
        "mail": {"messageId": mail["message_id"], "destination": [address]},
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": address, "diagnosticCode": "smtp; 550 5.1.1 user unknown"}],
        },
    }
    emitted = work(platform, "mail-events", json.dumps({"detail": event}), receives=1)
    assert_emitted(emitted, CUSTOM["mails-bounced"])
