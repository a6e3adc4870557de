-- Jobs: claiming the next job, leases, and the views of the API.

set local role app_owner;

-- Ends expired leases of jobs. A job with an expired lease returns to the queue, or fails if `max_attempts` attempts in
-- a row have made no progress. Returns these jobs. If a worker is writing to a job, the job is locked and is skipped.
create or replace function app.end_expired_leases(kind text default null) returns setof jobs
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  return query
    update jobs set status = 'pending', leased_until = null, due_at = now()
    where id in (
      select id from jobs
      where status = 'processing' and leased_until < now() and failures < max_attempts
        and (kind is null or type = kind)
      for update skip locked)
    returning *;
  return query
    update jobs set status = 'failed', leased_until = null, completed_at = now(), error_code = 'worker_died',
      error = 'The worker crashed while running this job, ' || failures || ' times in a row. We are looking into it.'
    where id in (
      select id from jobs
      where status = 'processing' and leased_until < now() and failures >= max_attempts
        and (kind is null or type = kind)
      for update skip locked)
    returning *;
end
$$;
grant execute on function app.end_expired_leases(text) to app_system;

-- The same function for the previous release, which expects only the jobs that failed. The next release drops this
-- function.
create or replace function app.expire_job_leases(kind text default null) returns setof jobs
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
  select * from app.end_expired_leases(kind) where status = 'failed'
$$;
grant execute on function app.expire_job_leases(text) to app_system;

-- Returns the first job that waits for a person and blocks the given job. Returns null if no such job exists. A waiting
-- job blocks the later jobs of its catalog, because later jobs contain only changes. There are two exceptions. The job
-- of a full file blocks no job, because any newer file replaces the full file. A dry run is never blocked.
create or replace function app.job_blocked_by(j jobs) returns uuid
language sql stable parallel safe
as $$
  select s.id from jobs s
  where j.status = 'pending' and s.ordering_key = j.ordering_key and s.status = 'pending'
    and (s.approval = 'needed' or s.decision = 'needed') and (s.queued_at, s.id) < (j.queued_at, j.id)
    and not coalesce((s.payload -> 'full')::boolean, false) and not coalesce((j.payload -> 'dry_run')::boolean, false)
  order by s.queued_at, s.id limit 1
$$;

-- Returns whether the later of two jobs with the same ordering key has to wait for the earlier job, which is pending or
-- running.
create or replace function app.job_holds_back(earlier jobs, later jobs) returns boolean
language sql stable parallel safe
return case
  when earlier.approval is distinct from 'needed' and earlier.decision is distinct from 'needed'
    then not coalesce((later.payload -> 'dry_run')::boolean, false) or app.job_blocked_by(earlier) is null
  else not coalesce((earlier.payload -> 'full')::boolean, false)
    and not coalesce((later.payload -> 'dry_run')::boolean, false) end;
grant execute on function app.job_holds_back(jobs, jobs), app.job_blocked_by(jobs)
  to app_admin, app_support, app_client, app_system;

-- Claims the next due job for a free worker. The length of the lease is `seconds`. Returns no row when no job is
-- available.
--
-- Jobs with high priority come first, then jobs of the client with the fewest running jobs, then the oldest job.
-- `workers` is the number of all workers. One client never gets all workers, so that a job of another client can start
-- immediately. Only the first job with an ordering key can start, and only if no other job with this key is running.
create or replace function app.claim_job(kind text, workers integer, seconds double precision) returns setof jobs
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  candidate uuid;
  claimed jobs;
begin
  for candidate in
    with recursive owners (owner) as (
      (select owner from jobs where status = 'pending' and type = kind order by owner limit 1)
      union all
      select (select j.owner from jobs j where j.status = 'pending' and j.type = kind and j.owner > o.owner
              order by j.owner limit 1)
      from owners o where o.owner is not null
    )
    select next.id
    from owners o
    cross join lateral (
      select count(*) as jobs from jobs r where r.status = 'processing' and r.type = kind and r.owner = o.owner
    ) running
    cross join lateral (
      select j.id, j.priority, j.queued_at
      from jobs j
      where j.status = 'pending' and j.type = kind and j.owner = o.owner and j.due_at <= now()
        and j.approval is distinct from 'needed' and j.decision is distinct from 'needed'
        and (j.ordering_key is null or j.ordering_key <> all (array(
            select r.ordering_key from jobs r where r.status = 'processing' and r.ordering_key is not null))
          and not exists (
            select from jobs s
            where s.ordering_key = j.ordering_key and s.status in ('pending', 'processing')
              and (s.queued_at, s.id) < (j.queued_at, j.id) and app.job_holds_back(s, j)))
      order by j.priority, j.queued_at, j.id
      limit 1
    ) next
    where o.owner is not null and running.jobs < greatest(workers - 1, 1)
    order by next.priority, running.jobs, next.queued_at, next.id
    limit 20
  loop
    begin
      update jobs
      set status = 'processing', fence = fence + 1, attempts = attempts + 1, failures = failures + 1,
        started_at = coalesce(started_at, clock_timestamp()),
        leased_until = clock_timestamp() + make_interval(secs => seconds),
        batch = null, error = null, error_code = null
      where id = (select id from jobs where id = candidate and status = 'pending' for update skip locked)
      returning * into claimed;
      if found then
        return next claimed;
        return;
      end if;
    exception  -- another worker has just claimed a job with the same key
      when unique_violation then null;
    end;
  end loop;
end
$$;
grant execute on function app.claim_job(text, integer, double precision) to app_system;

-- Claims up to `max_jobs` due jobs of one owner (a client, or the platform) for a free worker. The worker runs the jobs
-- one after the other, in the returned order. Returns no row when no job is available. Claims only jobs without an
-- ordering key.
--
-- The function chooses the owner as app.claim_job does: first an owner with a job of high priority, then the owner with
-- the fewest workers, then the owner of the oldest job. One owner never gets all `workers`.
--
-- A job whose last attempt has failed is claimed without other jobs. Such a job can crash its worker again, e.g.
-- because a call takes too long. In a batch, every other job would then lose an attempt, too.
create or replace function app.claim_job_batch(
  kind text, workers integer, max_jobs integer, seconds double precision) returns setof jobs
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  candidate uuid;
  has_failed boolean;
begin
  for candidate, has_failed in
    with recursive owners (owner) as (
      (select owner from jobs where status = 'pending' and type = kind order by owner limit 1)
      union all
      select (select j.owner from jobs j where j.status = 'pending' and j.type = kind and j.owner > o.owner
              order by j.owner limit 1)
      from owners o where o.owner is not null
    )
    select o.owner, next.failures > 0
    from owners o
    cross join lateral (
      select count(distinct coalesce(r.batch, r.id)) as workers from jobs r
      where r.status = 'processing' and r.type = kind and r.owner = o.owner
    ) running
    cross join lateral (
      select j.id, j.priority, j.queued_at, j.failures from jobs j
      where j.status = 'pending' and j.type = kind and j.owner = o.owner and j.due_at <= now()
        and j.approval is distinct from 'needed' and j.decision is distinct from 'needed' and j.ordering_key is null
      order by j.priority, j.queued_at, j.id
      limit 1
    ) next
    where o.owner is not null and running.workers < greatest(claim_job_batch.workers - 1, 1)
    order by next.priority, running.workers, next.queued_at, next.id
    limit 20
  loop
    return query
      with free as materialized (
        select j.id from jobs j
        where j.status = 'pending' and j.type = kind and j.owner = candidate and j.due_at <= now()
          and j.approval is distinct from 'needed' and j.decision is distinct from 'needed' and j.ordering_key is null
          and (has_failed or j.failures = 0)
        order by j.priority, j.queued_at, j.id
        limit case when has_failed then 1 else max_jobs end for update skip locked
      ), this (batch) as materialized (select gen_random_uuid()), claimed as (
        update jobs j
        set status = 'processing', fence = j.fence + 1, attempts = j.attempts + 1, failures = j.failures + 1,
          started_at = coalesce(j.started_at, clock_timestamp()), batch = this.batch,
          leased_until = clock_timestamp() + make_interval(secs => seconds), error = null, error_code = null
        from free, this where j.id = free.id
        returning j.*
      )
      select * from claimed order by priority, queued_at, id;
    exit when found;
  end loop;
end
$$;
grant execute on function app.claim_job_batch(text, integer, integer, double precision) to app_system;

set local role app_definer;

-- Saves the progress of staging in the transaction that stages the rows. The function must run with the rights of its
-- owner, because app_worker cannot read jobs. Returns false when a later worker has claimed the job, or when the job
-- was cancelled.
create or replace function app.save_staging_progress(
  job_id uuid, fence integer, done integer, counts jsonb, checkpoint jsonb, seconds double precision)
returns boolean
language sql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
  with saved as (
    update jobs j
    set done = $3, counts = $4, checkpoint = $5, failures = 0,
      leased_until = clock_timestamp() + make_interval(secs => $6)
    where j.id = $1 and j.fence = $2 and j.status = 'processing'
    returning 1
  )
  select exists (select from saved)
$$;
grant execute on function app.save_staging_progress(uuid, integer, integer, jsonb, jsonb, double precision)
  to app_worker;

-- Returns the ids of the jobs that have staged rows. The query is fast, because it jumps in the index from one job to
-- the next job. The function runs as app_definer, because it reads the rows of all jobs. It returns no other data of
-- the rows.
create or replace function app.staged_job_ids() returns setof uuid
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  with recursive staged (job_id) as (
    select least((select job_id from app.staged_products order by job_id limit 1),
      (select job_id from app.staged_rejections order by job_id limit 1))
    union all
    select (select next from (
        (select job_id as next from app.staged_products where job_id > s.job_id order by job_id limit 1)
        union all
        (select job_id from app.staged_rejections where job_id > s.job_id order by job_id limit 1)) following
      order by next limit 1)
    from staged s where s.job_id is not null
  )
  select job_id from staged where job_id is not null
$$;
grant execute on function app.staged_job_ids() to app_worker;

set local role app_owner;

-- Updates the planner's statistics of the staged products. Without these statistics, the planner expects one row in a
-- chunk of 5,000 rows, and reads the whole catalog for each row. For a catalog with 15,000 products, a chunk then takes
-- 3 s instead of 0.2 s. Only the owner of a table may analyze the table. The function reads no row and returns no row.
create or replace function app.analyze_staged_products() returns void
language sql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$ analyze app.staged_products_intake (job_id, fence, sku) $$;
grant execute on function app.analyze_staged_products() to app_worker;

-- Returns `approval` if a job waits until a person approves its changes, or `decision` if it waits for answers to its
-- questions. Otherwise returns null.
create or replace function app.job_waiting_for(j jobs) returns text
language sql immutable parallel safe
return case when j.status = 'pending' then
  case when j.decision = 'needed' then 'decision' when j.approval = 'needed' then 'approval' end end;

-- Returns whether a job waits for an approval.
create or replace function app.job_awaits_approval(j jobs) returns boolean
language sql immutable parallel safe
return coalesce(j.approval = 'needed' and j.decision is distinct from 'needed' and j.status = 'pending', false);

-- Returns the progress of a job. The API shows the phase `review` as `look`. The remaining time is estimated from the
-- rate so far, if three conditions are true: the job has run for 3 s, at least 0.1 percent of the work is done, and the
-- lease of the worker is fresh.
--
-- The rate of the first seconds is not useful, because the worker is still opening the file.
--
-- A worker renews its lease of 10 s every 3 s. If the remaining time of the lease is below 4 s, the worker may have
-- crashed, and the rate does not show the remaining time of the job. Another worker continues the job after the lease
-- has expired.
create or replace function app.job_progress(j jobs) returns jsonb
language sql stable parallel safe
as $$
  select jsonb_build_object(
    'done', j.done, 'total', j.total,
    'percent', case when j.status = 'completed' then 100 when j.total > 0 then round(100.0 * j.done / j.total, 1) end,
    'phase', case when j.status = 'processing' then
      case j.checkpoint ->> 'phase' when 'review' then 'look' else coalesce(j.checkpoint ->> 'phase', 'stage') end end,
    'eta_seconds', case when j.status = 'processing' and j.total > 0 and j.done * 1000 >= j.total
        and j.started_at <= now() - interval '3 s' and j.leased_until > now() + interval '4 s' then
      ceil(extract(epoch from now() - j.started_at) * (j.total - j.done) / j.done)::integer end)
$$;
grant execute on function app.job_waiting_for(jobs), app.job_awaits_approval(jobs), app.job_progress(jobs)
  to app_admin, app_support, app_client, app_system;

-- Returns the counts of a job, with 0 for each outcome that `counts` does not contain.
create or replace function app.job_counts(counts jsonb) returns jsonb
language sql immutable parallel safe
as $$
  select '{"read": 0, "created": 0, "updated": 0, "unchanged": 0, "rejected": 0, "deactivated": 0}'::jsonb || counts
$$;
grant execute on function app.job_counts(jsonb) to app_admin, app_support, app_client, app_system;

-- Returns the file version that a job reads. Returns null for a job without a file.
create or replace function app.job_source(payload jsonb) returns jsonb
language sql immutable parallel safe
as $$ select case when payload ? 'version_id'
  then jsonb_build_object('key', payload -> 'key', 'version_id', payload -> 'version_id') end $$;
grant execute on function app.job_source(jsonb) to app_admin, app_support, app_client, app_system;

-- The exports in the form of the API, each with the state of its job.
create or replace view app.export_view with (security_invoker = true) as
select e.id, e.client_id, e.job_id, e.subject as requested_by, e.kind, e.format, e.filters,
  coalesce((e.options -> 'bom')::boolean, false) as bom, coalesce(e.options ->> 'timezone', 'UTC') as timezone,
  coalesce(e.options -> 'include', '[]') as include, j.status, app.job_progress(j) as progress, j.error_code, j.error,
  case when e.key is not null then jsonb_build_object('name', substring(e.key from '[^/]*$'), 'size', e.size,
    'sha256', e.sha256, 'rows', e.rows, 'cut_cells', e.cut_cells, 'snapshot_at', e.snapshot_at) end as file,
  e.created_at, j.completed_at, e.expires_at
from exports e join jobs j on j.id = e.job_id
where e.deleted_at is null;
grant select on app.export_view to app_admin, app_client, app_system;

-- The dead letters in the form of the API, each with the status of the job to which it belongs.
create or replace view app.dead_letter_view with (security_invoker = true) as
select d.id, d.queue, d.client_id, d.job_id, d.code, d.reason, d.body, d.receives, j.status as job_status, d.created_at,
  d.redriven_at, d.redriven_by, d.dismissed_at, d.dismissed_by
from dead_letters d left join jobs j on j.id = d.job_id;
grant select on app.dead_letter_view to app_admin, app_support, app_system;

-- The schedules in the form of the API.
create or replace view app.schedule_view with (security_invoker = true) as
select id, client_id, catalog_id, type, name, cron, timezone, settings, is_active, next_at, last_at, last_job_id,
  last_outcome, created_at, updated_at
from schedules;
grant select, insert, update on app.schedule_view to app_admin, app_client;
grant select, update on app.schedule_view to app_system;
