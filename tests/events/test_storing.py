"""A worker stores events in batches. A broken message does not affect other messages. Expired events are deleted."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.events.sending import accepted, event, post, receipts, set_storage, stored
from tests.platform import Json, Platform, Tenant, ok
from wecelebrate.events.messages import row_id

STORE = "select app.store_events(%s) as stored"


def row(tenant: Tenant, accepted_at: datetime | None = None, **fields: object) -> Json:
    """Return an event row in the format of a message."""
    accepted_at = accepted_at or datetime.now(UTC)
    event_id = uuid4()
    return {
        "id": str(row_id(UUID(tenant.client_id), event_id, accepted_at)),
        "event_id": str(event_id),
        "client_id": tenant.client_id,
        "site_id": tenant.site_id,
        "event_type": "page_view",
        "user_id": None,
        "session_id": None,
        "event_data": {},
        "is_anonymous": False,
        "is_time_clamped": False,
        "created_at": accepted_at.isoformat(),
        "accepted_at": accepted_at.isoformat(),
    } | fields


def store(platform: Platform, *rows: Json) -> int:
    """Store rows as the worker does. Return the number of stored events."""
    result = platform.database.execute(STORE, [Jsonb(list(rows))]).fetchone()
    assert result is not None
    return int(result["stored"])


def months_ago(months: int, days: int = 0) -> datetime:
    return datetime.now(UTC) - timedelta(days=months * 30.5 + days)


def partition_for(platform: Platform, time: datetime) -> None:
    """Create the partition for events at a given time."""
    platform.database.execute("select app.create_event_partitions(%s, 0)", [time.date()])


def test_the_ids_of_stored_events_increase_with_the_time_of_acceptance() -> None:
    client, now = uuid4(), datetime.now(UTC)
    ids = [row_id(client, uuid4(), now + timedelta(milliseconds=number)) for number in range(100)]
    assert ids == sorted(ids)
    assert {(each.version, each.variant) for each in ids} == {(7, "specified in RFC 4122")}
    event_id = uuid4()
    assert row_id(client, event_id, now) == row_id(client, event_id, now)
    assert row_id(client, event_id, now) != row_id(uuid4(), event_id, now)


def test_redriving_a_message_after_a_month_stores_no_event_twice(platform: Platform, tenant: Tenant) -> None:
    rows = [row(tenant) for _ in range(3)]
    assert store(platform, *rows) == 3
    platform.database.execute("delete from event_receipts where client_id = %s", [tenant.client_id])
    assert store(platform, *rows) == 0
    stored(platform, tenant, 3)


def test_events_for_an_unknown_site_or_the_site_of_another_client_are_not_stored(
    platform: Platform, tenant: Tenant
) -> None:
    other = platform.tenant()
    wrong = [row(tenant, site_id=other.site_id), row(tenant, site_id=str(uuid4())), row(tenant, client_id=str(uuid4()))]
    assert store(platform, *wrong, row(tenant)) == 1
    assert receipts(platform, tenant) == 1
    assert receipts(platform, other) == 0


def test_a_broken_message_becomes_a_dead_letter_and_all_other_messages_are_stored(
    platform: Platform, tenant: Tenant
) -> None:
    good = [row(tenant) for _ in range(3)]
    marker = uuid4().hex
    for message in ({"events": [good[0]]}, {"wrong": marker}, {"events": [good[1]]}, {"events": [good[2]]}):
        platform.send("events", message)
    stored(platform, tenant, 3)


def test_only_the_system_role_can_store_events(platform: Platform, tenant: Tenant) -> None:
    for role in ("app_admin", "app_client", "app_customer", "app_anon", "app_support", "app_worker"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), platform.database.transaction():
            platform.database.execute(f"set local session authorization {role}")
            platform.database.execute(STORE, [Jsonb([row(tenant)])])


def test_events_are_deleted_after_the_retention_period_of_their_client(platform: Platform, tenant: Tenant) -> None:
    patient = platform.tenant()
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"event_retention_months": 2}))
    assert ok(platform.admin.get(f"/v1/clients/{patient.client_id}"))["event_retention_months"] == 25
    for time in (months_ago(1), months_ago(2, 3)):
        partition_for(platform, time)
        store(platform, row(patient, time))
    old = row(tenant, months_ago(2, 3))
    assert store(platform, old) == 0, "an event that is older than the retention period is not stored"
    platform.database.execute("update clients set event_retention_months = 25 where id = %s", [tenant.client_id])
    assert store(platform, old, row(tenant, months_ago(1)), row(tenant)) == 3
    platform.database.execute("update clients set event_retention_months = 2 where id = %s", [tenant.client_id])
    assert platform.invoke("schedules-partitions")["events"] == 1
    stored(platform, tenant, 2)
    stored(platform, patient, 2)


def test_a_partition_is_dropped_after_the_longest_retention_period_of_all_clients(platform: Platform) -> None:
    longest = platform.database.execute("select app.longest_event_retention() as months").fetchone()
    assert longest is not None
    kept, expired = months_ago(longest["months"] - 2), months_ago(longest["months"] + 3)
    partition_for(platform, kept)
    partition_for(platform, expired)
    names = [f"analytics_events_{time:%Y_%m}" for time in (kept, expired)]
    assert platform.invoke("schedules-partitions")["dropped"] >= 1
    exist = [
        platform.database.execute("select to_regclass(%s) is not null as yes", [name]).fetchone() for name in names
    ]
    assert exist == [{"yes": True}, {"yes": False}]


def test_a_partition_is_not_dropped_while_a_long_query_reads_it(platform: Platform) -> None:
    longest = platform.database.execute("select app.longest_event_retention() as months").fetchone()
    assert longest is not None
    expired = months_ago(longest["months"] + 5)
    partition_for(platform, expired)
    with psycopg.connect(platform.endpoints.database) as reader:
        reader.execute("select count(*) from analytics_events")
        assert platform.invoke("schedules-partitions")["dropped"] == 0
    assert platform.invoke("schedules-partitions")["dropped"] >= 1


def test_anonymous_events_of_different_days_have_different_session_ids(
    platform: Platform, tenant: Tenant, visitor: httpx.Client
) -> None:
    set_storage(platform, tenant, "anonymous")
    now = datetime.now(UTC)
    same = [event(at=now.isoformat()), event(at=now.isoformat())]
    earlier = event(at=(now - timedelta(days=2)).isoformat())
    accepted(post(visitor, tenant, *same, earlier))
    sessions = {str(each["event_id"]): each["session_id"] for each in stored(platform, tenant, 3)}
    assert sessions[same[0]["id"]] == sessions[same[1]["id"]] != sessions[earlier["id"]]
