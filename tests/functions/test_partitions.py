"""The nightly function `schedules-partitions` creates partitions for future events, and deletes old rows."""

from datetime import UTC, datetime

from tests.platform import Platform, Tenant

LAST_MONTH = """
select to_char(date_trunc('month', now() at time zone 'UTC') + interval '3 months', 'YYYY_MM') as month
"""
OLD_JOBS = """
insert into jobs (client_id, type, status, requested_by, payload, completed_at)
select %s, type, status, 'a test', '{}', now() - age from (values
  ('email_notification', 'completed', interval '91 days'), ('image_processing', 'failed', interval '91 days'),
  ('email_notification', 'cancelled', interval '91 days'), ('email_notification', 'completed', interval '89 days'),
  ('catalog_sync', 'completed', interval '91 days'), ('email_notification', 'pending', interval '91 days')
) job (type, status, age)
returning id
"""


def test_partitions_exist_for_the_next_three_months(platform: Platform) -> None:
    last = platform.database.execute(LAST_MONTH).fetchone()
    assert last is not None
    partition = f"analytics_events_{last['month']}"
    platform.database.execute(f'drop table if exists "{partition}"')
    assert platform.invoke("schedules-partitions")["partitions"] == 1
    secured = platform.database.execute(
        "select relrowsecurity and relforcerowsecurity as secured from pg_class where relname = %s", [partition]
    ).fetchone()
    assert secured == {"secured": True}
    assert platform.invoke("schedules-partitions")["partitions"] == 0


def test_event_receipts_are_deleted_after_one_week(platform: Platform, tenant: Tenant) -> None:
    platform.database.execute(
        "insert into event_receipts (client_id, event_id, accepted_at)"
        " select %s, gen_random_uuid(), now() - days * interval '1 day' from generate_series(5.5, 9.5, 1) days",
        [tenant.client_id],
    )
    platform.invoke("schedules-partitions")
    rows = platform.database.execute(
        "select accepted_at from event_receipts where client_id = %s", [tenant.client_id]
    ).fetchall()
    assert sorted((datetime.now(UTC) - row["accepted_at"]).days for row in rows) == [5, 6]


def test_only_mail_jobs_and_image_jobs_are_deleted_after_90_days(platform: Platform, tenant: Tenant) -> None:
    ids = [row["id"] for row in platform.database.execute(OLD_JOBS, [tenant.client_id]).fetchall()]
    platform.database.execute(
        "insert into dead_letters (queue, client_id, job_id, body, code, reason)"
        " values ('emails', %s, %s, '{}', 'c', 'not reviewed yet')",
        [tenant.client_id, ids[2]],
    )
    platform.invoke("schedules-partitions")
    rows = platform.database.execute("select id from jobs where id = any(%s)", [ids]).fetchall()
    assert {row["id"] for row in rows} == set(ids[2:])
