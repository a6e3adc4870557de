-- name: list_schedules
-- One page in (name, id) order after the cursor; a null filter matches everything.
select to_json(rows)::text as item, name as after_name, id as after_id
from (
  select id, client_id, catalog_id, type, name, cron, timezone, settings, is_active, next_at, last_at, last_job_id,
    last_outcome, created_at, updated_at
  from schedules
  where (:client_id::uuid is null or client_id = :client_id)
    and (:catalog_id::uuid is null or catalog_id = :catalog_id)
    and (:type::text is null or type = :type)
    and (:is_active::boolean is null or is_active = :is_active)
    and (:after_id::uuid is null or (name, id) > (:after_name, :after_id::uuid))
  order by name, id
  limit :limit + 1
) rows
order by name, id;

-- name: get_schedule^
-- The schedule, when the caller may see it.
select id, client_id, catalog_id, type, name, cron, timezone, settings, is_active, next_at, last_at, last_job_id,
  last_outcome, created_at, updated_at
from schedules
where id = :schedule_id;

-- name: lock_schedule^
-- The schedule, when the caller may change it, kept as it is until the transaction ends.
select id, client_id, catalog_id, type, name, cron, timezone, settings, is_active, next_at, last_at, last_job_id,
  last_outcome, created_at, updated_at
from schedules
where id = :schedule_id
for update;

-- name: owns_catalog$
-- Whether a catalog that the caller sees is a client's, or the platform's own for no client.
select exists (
  select from catalogs where id = :catalog_id and owner_client_id is not distinct from :client_id::uuid);

-- name: create_schedule^
insert into schedules (client_id, catalog_id, type, name, cron, timezone, settings, is_active, next_at)
values (:client_id, :catalog_id, :type, :name, :cron, :timezone, :settings, :is_active, :next_at)
returning id, client_id, catalog_id, type, name, cron, timezone, settings, is_active, next_at, last_at, last_job_id,
  last_outcome, created_at, updated_at;

-- name: change_schedule^
-- Merges `changes` into the schedule (RFC 7396), and says when it is due then.
update schedules old
set (name, cron, timezone, settings, is_active, next_at) = (
  select name, cron, timezone, settings, is_active, :next_at::timestamptz
  from jsonb_populate_record(null::schedules, app.merge_patch(to_jsonb(old), :changes::jsonb)))
where id = :schedule_id
returning id, client_id, catalog_id, type, name, cron, timezone, settings, is_active, next_at, last_at, last_job_id,
  last_outcome, created_at, updated_at;

-- name: delete_schedule!
-- Its jobs stay.
delete from schedules where id = :schedule_id;

-- name: is_busy$
-- Whether a run of the schedule is wanted that is not over, or the last job that it made is not. One that waits for an
-- approval holds up nothing: a newer file makes it needless.
select exists (
  select from schedules s
  where s.id = :schedule_id
    and (s.wanted_at is not null
      or exists (select from jobs j where j.id = s.last_job_id and j.status in ('pending', 'processing')
                   and not app.job_waits(j))));

-- name: due
-- The schedules that are due, the longest due first, and that nobody else has in hand.
select id, client_id, type, cron, timezone, now() as due_at
from schedules
where is_active and next_at <= now()
order by next_at
limit :most
for update skip locked;

-- name: want!
-- Wants a run of the schedule.
update schedules set wanted_at = now(), last_at = now(), last_outcome = :outcome where id = :schedule_id;

-- name: leave_out!
-- Does not want a run this time, and says why.
update schedules set last_at = now(), last_outcome = :outcome where id = :schedule_id;

-- name: due_next!
-- Says when the schedule is due next; null for never.
update schedules set next_at = :next_at where id = :schedule_id;

-- name: late
-- Runs that are wanted for longer than `seconds`, as if they were wanted since now.
update schedules set wanted_at = now()
where id in (select id from schedules where wanted_at < now() - make_interval(secs => :seconds) for update skip locked)
returning id, client_id, type;

-- name: wanted^
-- The schedule, when a run of it is wanted.
select id, client_id, catalog_id, type, settings from schedules where id = :schedule_id and wanted_at is not null;

-- name: over!
-- The run is over, or goes on when there is `more`; the last job that it made, if it made one.
update schedules
set wanted_at = case when :more then now() end, last_job_id = coalesce(:job_id, last_job_id), last_outcome = :outcome
where id = :schedule_id;
