-- Jobs at work: who is next, who may hold it, what becomes of those whose worker died; dead letters; who did what.
--
-- A message of a queue is no more than word that there is work: which job is done next is decided here, where all of
-- them are seen. So one client's ten thousand jobs do not hold up another's one, a message that comes twice finds the
-- job taken, and a message that was lost loses nothing.

set local role app_owner;

alter table jobs
  add lane text not null default 'normal' check (lane in ('high', 'normal')),
  add series text,
  add place timestamptz,
  add due_at timestamptz not null default now(),
  add failures integer not null default 0,
  add approval text check (approval in ('needed', 'given')),
  add notify_email text;
comment on column jobs.lane is 'What a person waits for goes by the high lane: before the normal ones of all clients.';
comment on column jobs.series is 'Jobs of one series are done one at a time, in the order of their places.';
comment on column jobs.due_at is 'Not before: later than its making while it waits for its next try.';
comment on column jobs.failures is 'Tries in a row that came no further; what made progress begins to count anew.';
comment on column jobs.approval is 'Needed: it stopped before its first change, until somebody looks at what it would do.';
comment on column jobs.notify_email is 'Who is told when it ends.';

set local role app_migrate;
update jobs set place = created_at,
  series = case when type in ('catalog_sync', 'product_import') and status in ('pending', 'processing')
    then 'catalog:' || catalog_id end;
set local role app_owner;
alter table jobs alter place set default clock_timestamp(), alter place set not null;

-- Whose turn it takes, where the platform's own jobs count as one client's. A column, for row-level security keeps what is
-- computed from being looked up in an index: a job would be taken by reading all that wait.
alter table jobs add column owner uuid not null
  generated always as (coalesce(client_id, '00000000-0000-0000-0000-000000000000'::uuid)) stored;

create index jobs_waiting on jobs (type, owner, lane, place, id) where status = 'pending';
create index jobs_running on jobs (type, owner) where status = 'processing';
create index jobs_of_series on jobs (series, place, id) where status in ('pending', 'processing');
create unique index jobs_one_of_a_series on jobs (series) where status = 'processing';
create index jobs_by_type on jobs (type, created_at desc, id desc);

-- Word of what could not be done through no fault of its input: a job whose every try failed, a message that nobody
-- could read. It stays until somebody looks, and is sent again by hand.
create table dead_letters (
  id uuid primary key default app.uuid7(),
  queue text not null,
  client_id uuid references clients (id) on delete cascade,
  job_id uuid references jobs (id) on delete cascade,
  body jsonb not null,
  code text not null,
  reason text not null,
  receives integer not null default 1,
  created_at timestamptz not null default now(),
  redriven_at timestamptz,
  redriven_by text
);
create index dead_letters_by_age on dead_letters (created_at desc, id desc);
create index dead_letters_by_job on dead_letters (job_id);
create index dead_letters_by_client on dead_letters (client_id);

alter table dead_letters enable row level security;
alter table dead_letters force row level security;
create policy migrate on dead_letters to app_migrate using (true) with check (true);
create policy admin on dead_letters to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on dead_letters for select to app_support using ((select app.admin_role()) is not null);
create policy system on dead_letters to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, insert, update, delete on dead_letters to app_migrate;
grant select, update on dead_letters to app_admin;
grant select on dead_letters to app_support;
grant select, insert, update on dead_letters to app_system;

-- Who did what that others will ask about. Written in the transaction of the deed, by whoever did it, and never changed.
create table audit_log (
  id uuid primary key default app.uuid7(),
  subject text not null default app.subject(),
  action text not null,
  client_id uuid references clients (id) on delete set null,
  object_id text not null,
  details jsonb not null default '{}',
  created_at timestamptz not null default now()
);
create index audit_log_by_age on audit_log (created_at desc, id desc);
create index audit_log_by_client on audit_log (client_id, created_at desc, id desc);

alter table audit_log enable row level security;
alter table audit_log force row level security;
create policy migrate on audit_log to app_migrate using (true) with check (true);
create policy admin on audit_log for select to app_admin using ((select app.admin_role()) is not null);
create policy admin_insert on audit_log for insert to app_admin
  with check ((select app.admin_role()) is not null and subject = (select app.subject()));
create policy client on audit_log for select to app_client using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_insert on audit_log for insert to app_client
  with check (client_id = any ((select app.editor_ids())::uuid[]) and subject = (select app.subject()));
grant select, insert, update, delete on audit_log to app_migrate;
grant select, insert on audit_log to app_admin, app_client;

-- Work that comes again by itself: cron expressions in a time zone. A run that is still going on when the next is due
-- makes that one be left out.
create table schedules (
  id uuid primary key default app.uuid7(),
  client_id uuid references clients (id) on delete cascade,
  catalog_id uuid references catalogs (id) on delete cascade,
  type text not null check (type in ('catalog_sync')),
  name text not null check (length(name) between 1 and 300),
  cron text not null,
  timezone text not null,
  settings jsonb not null default '{}',
  is_active boolean not null default true,
  next_at timestamptz,
  last_at timestamptz,
  last_job_id uuid references jobs (id) on delete set null,
  last_outcome text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint schedules_name_unique unique nulls not distinct (client_id, name)
);
comment on column schedules.last_outcome is 'What the last time it was due came to, in words.';
create index schedules_due on schedules (next_at) where is_active;
create index schedules_by_catalog on schedules (catalog_id);
create trigger touch before update on schedules for each row execute function app.touch();

alter table schedules enable row level security;
alter table schedules force row level security;
create policy migrate on schedules to app_migrate using (true) with check (true);
create policy admin on schedules to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy client on schedules for select to app_client using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_insert on schedules for insert to app_client
  with check (client_id = any ((select app.editor_ids())::uuid[])
              and (catalog_id is null or catalog_id = any ((select app.writable_catalog_ids())::uuid[])));
create policy client_update on schedules for update to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]))
  with check (client_id = any ((select app.editor_ids())::uuid[])
              and (catalog_id is null or catalog_id = any ((select app.writable_catalog_ids())::uuid[])));
create policy client_delete on schedules for delete to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]));
create policy system on schedules to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, insert, update, delete on schedules to app_migrate, app_admin, app_client;
grant select, update on schedules to app_system;

create policy definer on jobs to app_definer using (true) with check (true);
grant select, update on jobs to app_definer;

-- What workers and the sweeper do, as app_system.

-- Jobs whose worker gave no sign of life for as long as its lease ran: back to the queue, or failed when that happened
-- as often as they may be tried without coming further. Answers those that failed.
create function app.expire_jobs(kind text default null) returns setof jobs
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  update jobs set status = 'pending', leased_until = null, due_at = now()
  where id in (
    select id from jobs
    where status = 'processing' and leased_until < now() and failures < max_attempts and (kind is null or type = kind)
    for update skip locked);
  return query
    update jobs set status = 'failed', leased_until = null, completed_at = now(), error_code = 'worker_died',
      error = 'The worker died of this job, ' || failures || ' times in a row. We look into it.'
    where id in (
      select id from jobs
      where status = 'processing' and leased_until < now() and failures >= max_attempts
        and (kind is null or type = kind)
      for update skip locked)
    returning *;
end
$$;

-- The job that a free worker does next, taken for `seconds`; no row when there is none for it. Of all clients with work
-- that is due: the high lane first, then whoever has the fewest at work, then the oldest. Nobody has all `workers`, so
-- that another client's job begins at once. Of a series only the first, and only while no other of it is at work.
create function app.take_job(kind text, workers integer, seconds double precision) returns setof jobs
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  candidate uuid;
  taken jobs;
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
      select count(*) as jobs from jobs r
      where r.status = 'processing' and r.type = kind and r.owner = o.owner
    ) at_work
    cross join lateral (
      select j.id, j.lane, j.place
      from jobs j
      where j.status = 'pending' and j.type = kind and j.owner = o.owner and j.due_at <= now()
        and j.approval is distinct from 'needed'
        and (j.series is null or j.series <> all (array(select r.series from jobs r where r.status = 'processing'
              and r.series is not null)) and not exists (
          select from jobs s
          where s.series = j.series and s.status in ('pending', 'processing') and (s.place, s.id) < (j.place, j.id)
            and s.approval is distinct from 'needed'))
      order by j.lane, j.place, j.id
      limit 1
    ) next
    where o.owner is not null and at_work.jobs < greatest(workers - 1, 1)
    order by next.lane, at_work.jobs, next.place, next.id
    limit 20
  loop
    begin
      update jobs
      set status = 'processing', fence = fence + 1, attempts = attempts + 1, failures = failures + 1,
        started_at = coalesce(started_at, clock_timestamp()), leased_until = now() + make_interval(secs => seconds),
        error = null, error_code = null
      where id = (select id from jobs where id = candidate and status = 'pending' for update skip locked)
      returning * into taken;
      if found then
        return next taken;
        return;
      end if;
    exception
      -- Another of its series was taken at this moment.
      when unique_violation then null;
    end;
  end loop;
end
$$;
grant execute on function app.expire_jobs(text), app.take_job(text, integer, double precision) to app_system;

-- Progress of staging, in the transaction of what was staged: app_worker, which owns the staging tables, sees no job.
-- Whether it is still the job of whoever says so: false when a later worker holds it, or it was cancelled.
set local role app_definer;
create function app.save_staging(
  job_id uuid, fence integer, done integer, counts jsonb, checkpoint jsonb, seconds double precision)
returns boolean
language sql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
  with saved as (
    update jobs j
    set done = $3, counts = $4, checkpoint = $5, failures = 0, leased_until = now() + make_interval(secs => $6)
    where j.id = $1 and j.fence = $2 and j.status = 'processing'
    returning 1
  )
  select exists (select from saved)
$$;
grant execute on function app.save_staging(uuid, integer, integer, jsonb, jsonb, double precision) to app_worker;
set local role app_owner;

-- What the API shows of a job beyond its columns.
create function app.job_waits(j jobs) returns boolean
language sql immutable parallel safe
return coalesce(j.approval = 'needed' and j.status = 'pending', false);

-- How far it is. The time left is told at the pace of what is done, once a tenth of a percent is.
create function app.job_progress(j jobs) returns jsonb
language sql stable parallel safe
as $$
  select jsonb_build_object(
    'done', j.done, 'total', j.total,
    'percent', case when j.status = 'completed' then 100 when j.total > 0 then round(100.0 * j.done / j.total, 1) end,
    'phase', case when j.status = 'processing' then coalesce(j.checkpoint ->> 'phase', 'stage') end,
    'eta_seconds', case when j.status = 'processing' and j.total > 0 and j.done * 1000 >= j.total then
      ceil(extract(epoch from now() - j.started_at) * (j.total - j.done) / j.done)::integer end)
$$;
grant execute on function app.job_waits(jobs), app.job_progress(jobs) to app_admin, app_support, app_client, app_system;

create or replace function app.job_counts(counts jsonb) returns jsonb
language sql immutable parallel safe
as $$
  select '{"read": 0, "created": 0, "updated": 0, "unchanged": 0, "rejected": 0, "deactivated": 0}'::jsonb || counts
$$;

-- A product whose row was refused is there all the same: a full load asks for it by its SKU.
grant create on schema app to app_worker;
set local role app_worker;
create index staged_rejections_by_sku on app.staged_rejections (job_id, fence, sku);
set local role app_owner;
revoke create on schema app from app_worker;
