"""The nightly round: room for events to come, and what is forgotten."""

from datetime import UTC, datetime

from tests.platform import Platform, Tenant

FARTHEST = """
select to_char(date_trunc('month', now() at time zone 'UTC') + interval '3 months', 'YYYY_MM') as month
"""
MAIL = """
insert into jobs (client_id, type, status, requested_by, payload, completed_at)
select %s, type, status, 'a test', '{}', now() - age from (values
  ('email_notification', 'completed', interval '91 days'), ('image_processing', 'failed', interval '91 days'),
  ('email_notification', 'cancelled', interval '91 days'), ('email_notification', 'completed', interval '89 days'),
  ('catalog_sync', 'completed', interval '91 days'), ('email_notification', 'pending', interval '91 days')
) mail (type, status, age)
returning id
"""


def test_the_month_that_lies_three_ahead_has_its_partition(platform: Platform) -> None:
    farthest = platform.database.execute(FARTHEST).fetchone()
    assert farthest is not None
    partition = f"analytics_events_{farthest['month']}"
    platform.database.execute(f'drop table if exists "{partition}"')
    assert platform.invoke("schedules-partitions")["partitions"] == 1
    secured = platform.database.execute(
        "select relrowsecurity and relforcerowsecurity as secured from pg_class where relname = %s", [partition]
    ).fetchone()
    assert secured == {"secured": True}
    assert platform.invoke("schedules-partitions")["partitions"] == 0


def test_an_event_is_remembered_for_a_week(platform: Platform, tenant: Tenant) -> None:
    platform.database.execute(
        "insert into event_receipts (client_id, event_id, accepted_at)"
        " select %s, gen_random_uuid(), now() - days * interval '1 day' from generate_series(5.5, 9.5, 1) days",
        [tenant.client_id],
    )
    platform.invoke("schedules-partitions")
    left = platform.database.execute(
        "select accepted_at from event_receipts where client_id = %s", [tenant.client_id]
    ).fetchall()
    assert sorted((datetime.now(UTC) - row["accepted_at"]).days for row in left) == [5, 6]


def test_mail_and_images_are_forgotten_a_season_later_and_nothing_else(platform: Platform, tenant: Tenant) -> None:
    made = [row["id"] for row in platform.database.execute(MAIL, [tenant.client_id]).fetchall()]
    platform.database.execute(
        "insert into dead_letters (queue, client_id, job_id, body, code, reason)"
        " values ('emails', %s, %s, '{}', 'c', 'nobody looked')",
        [tenant.client_id, made[2]],
    )
    platform.invoke("schedules-partitions")
    left = platform.database.execute("select id from jobs where id = any(%s)", [made]).fetchall()
    assert {row["id"] for row in left} == set(made[2:])
