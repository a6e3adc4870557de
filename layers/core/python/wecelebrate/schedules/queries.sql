-- name: list_schedules
-- List one page of schedules after the cursor, sorted by name. A filter that is null matches every row.
select to_json(schedule)::text as item, page.folded_name as after_folded_name, page.id as after_id
from (
  select *
  from schedules
  where (:client_id::uuid is null or client_id = :client_id)
    and (:catalog_id::uuid is null or catalog_id = :catalog_id)
    and (:type::text is null or type = :type)
    and (:is_active::boolean is null or is_active = :is_active)
    and (:after_id::uuid is null or (folded_name, id) > (:after_folded_name, :after_id::uuid))
  order by folded_name, id
  limit :limit + 1
) page cross join lateral (
  select page.id, page.client_id, page.catalog_id, page.type, page.name, page.cron, page.timezone, page.settings,
    page.is_active, page.next_at, page.last_at, page.last_job_id, page.last_outcome, page.created_at, page.updated_at
) schedule
order by page.folded_name, page.id;

-- name: get_schedule^
-- Get a schedule that the caller may see.
select * from app.schedule_view where id = :schedule_id;

-- name: lock_schedule^
-- Get a schedule that the caller may change, and lock it until the transaction ends.
select * from app.schedule_view where id = :schedule_id for update;

-- name: owns_catalog$
-- Return whether a client owns a catalog that the caller may see. If `client_id` is null, return whether the platform
-- owns the catalog.
select exists (
  select from catalogs where id = :catalog_id and owner_client_id is not distinct from :client_id::uuid);

-- name: count_schedules$
-- Count the schedules of a client. If `client_id` is null, count the schedules of the platform.
select count(*)::integer from schedules where client_id is not distinct from :client_id::uuid;

-- name: create_schedule^
-- Create a schedule.
insert into app.schedule_view (client_id, catalog_id, type, name, cron, timezone, settings, is_active, next_at)
values (:client_id, :catalog_id, :type, :name, :cron, :timezone, :settings, :is_active, :next_at)
returning *;

-- name: change_schedule^
-- Merge `changes` into the schedule (RFC 7396), and set the next due time of the schedule.
update app.schedule_view old
set (name, cron, timezone, settings, is_active, next_at) = (
  select name, cron, timezone, settings, is_active, :next_at::timestamptz
  from jsonb_populate_record(null::schedules, app.merge_patch(to_jsonb(old), :changes::jsonb)))
where id = :schedule_id
returning *;

-- name: delete_schedule!
-- Delete a schedule. The jobs of the schedule are not deleted.
delete from schedules where id = :schedule_id;

-- name: is_busy$
-- Return whether a run of the schedule is active, or the latest job of the schedule has not ended. A job that waits for
-- an approval or a decision is ignored, because a newer file makes this job obsolete.
select exists (
  select from schedules s
  where s.id = :schedule_id
    and (s.run_requested_at is not null
      or exists (select from jobs j where j.id = s.last_job_id and j.status in ('pending', 'processing')
                   and app.job_waiting_for(j) is null)));

-- name: claim_due
-- Lock at most `max_rows` due schedules, sorted by their due times. Schedules that another transaction has locked are
-- skipped. The schedules of an inactive client are skipped until the client is active.
select id, client_id, type, cron, timezone, now() as due_at
from schedules
where is_active and next_at <= now() and (client_id is null or app.is_active_client(client_id))
order by next_at
limit :max_rows
for update skip locked;

-- name: request_run!
-- Request a run of the schedule.
update schedules set run_requested_at = now(), last_at = now(), last_outcome = :outcome where id = :schedule_id;

-- name: skip_run!
-- Skip the due run and record the reason.
update schedules set last_at = now(), last_outcome = :outcome where id = :schedule_id;

-- name: set_next_run!
-- Set the next due time. If `next_at` is null, the schedule never becomes due.
update schedules set next_at = :next_at where id = :schedule_id;

-- name: claim_late_runs
-- Find the schedules whose run was requested more than `seconds` seconds ago, and set the time of the request to now.
-- It returns these schedules.
update schedules set run_requested_at = now()
where id in (
  select id from schedules where run_requested_at < now() - make_interval(secs => :seconds) for update skip locked)
returning id, client_id, type;

-- name: get_requested_run^
-- Get the schedule. It returns no row if no run of the schedule is requested.
select id, client_id, catalog_id, type, settings
from schedules
where id = :schedule_id and run_requested_at is not null;

-- name: finish_run!
-- End the run. If `more` is true, the run stays active, because it has remaining work. `job_id` is the id of the latest
-- job of the run, or null.
update schedules
set run_requested_at = case when :more then now() end, last_job_id = coalesce(:job_id, last_job_id),
  last_outcome = :outcome
where id = :schedule_id;
