-- Background work: jobs, dropped files, staged rows, dead letters, schedules, uploads.
--
-- A message in a queue says only that there is work. app.claim_job sees all jobs and decides which job runs next.
-- Therefore ten thousand jobs of one client do not delay a single job of another client. A message that arrives twice
-- finds the job already claimed, and a lost message loses no work.

set local role app_owner;

create table jobs (
  id uuid primary key default app.uuid7(),
  client_id uuid references clients (id),
  catalog_id uuid references catalogs (id) on delete set null,
  type text not null check (type in ('product_import', 'catalog_sync', 'report_generation', 'email_notification',
    'image_processing', 'data_export')),
  status text not null default 'pending'
    check (status in ('pending', 'processing', 'completed', 'failed', 'cancelled')),
  requested_by text not null,
  payload jsonb not null,
  result jsonb,
  error_code text,
  error text,
  done integer not null default 0,
  total integer,
  counts jsonb not null default '{}',
  first_errors jsonb not null default '[]',
  checkpoint jsonb not null default '{}',
  attempts integer not null default 0,
  max_attempts integer not null default 3,
  fence integer not null default 0,
  leased_until timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  priority text not null default 'normal' check (priority in ('high', 'normal')),
  ordering_key text,
  queued_at timestamptz not null default clock_timestamp(),
  due_at timestamptz not null default now(),
  failures integer not null default 0,
  approval text check (approval in ('needed', 'given')),
  notify_email text,
  -- This is a stored column, because row-level security prevents index lookups by an expression. With an index on an
  -- expression, app.claim_job would read every waiting job.
  owner uuid not null
    generated always as (coalesce(client_id, '00000000-0000-0000-0000-000000000000'::uuid)) stored
);
comment on column jobs.client_id is 'Null: the job belongs to the platform.';
comment on column jobs.fence is
  'Increases each time a worker claims the job. A worker with an older fence can no longer write to the job.';
comment on column jobs.checkpoint is
  'The position where the next worker continues. It is committed together with the finished work.';
comment on column jobs.counts is 'Rows by outcome: read, created, updated, unchanged, rejected, deactivated.';
comment on column jobs.priority is 'high: a person waits for the job. It runs before the normal jobs of all clients.';
comment on column jobs.ordering_key is 'Jobs with the same key run one at a time, in the order of `queued_at`.';
comment on column jobs.queued_at is 'The position among the jobs with the same key and priority.';
comment on column jobs.due_at is
  'The earliest start of the job. While the job waits for a retry, it is later than `created_at`.';
comment on column jobs.failures is 'The number of attempts in a row without progress. Progress resets it to 0.';
comment on column jobs.approval is 'needed: the job stopped before its first change and waits for an approval.';
comment on column jobs.notify_email is 'The address that gets a mail when the job ends.';
comment on column jobs.owner is
  'The client that fair sharing counts the job for. All jobs of the platform count for one client.';
create index jobs_by_client on jobs (client_id, created_at desc, id desc);
create index jobs_by_created_at on jobs (created_at desc, id desc);
create index jobs_by_catalog on jobs (catalog_id, created_at desc);
create index jobs_by_type on jobs (type, created_at desc, id desc);
create index jobs_open on jobs (status, created_at) where status in ('pending', 'processing');
create index jobs_pending on jobs (type, owner, priority, queued_at, id) where status = 'pending';
create index jobs_running on jobs (type, owner) where status = 'processing';
create index jobs_by_ordering_key on jobs (ordering_key, queued_at, id) where status in ('pending', 'processing');
create unique index jobs_one_running_by_ordering_key on jobs (ordering_key) where status = 'processing';
create index jobs_expired on jobs (completed_at)
  where type in ('email_notification', 'image_processing') and status in ('completed', 'failed', 'cancelled');

-- Each version of a dropped file has one row. A notification that arrives a second time finds the existing row.
create table drops (
  id uuid primary key default app.uuid7(),
  client_id uuid references clients (id),
  catalog_id uuid not null references catalogs (id) on delete cascade,
  key text not null,
  version_id text not null,
  sequencer text not null,
  size bigint not null check (size >= 0),
  etag text not null,
  dropped_at timestamptz not null,
  job_id uuid not null references jobs (id) on delete cascade,
  created_at timestamptz not null default now(),
  constraint drops_version_unique unique (key, version_id)
);
create index drops_by_catalog on drops (catalog_id, id);
create index drops_by_job on drops (job_id);

-- A dead letter is a job whose attempts have all failed, or a message that no worker could read. The row stays until an
-- operator handles it. Only an operator can send the job or message again.
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
create index dead_letters_by_created_at on dead_letters (created_at desc, id desc);
create index dead_letters_by_job on dead_letters (job_id);
create index dead_letters_by_client on dead_letters (client_id);

-- Recurring work: cron expressions in a time zone. If a run becomes due while the previous run is still active, the new
-- run is skipped.
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
  run_requested_at timestamptz,
  constraint schedules_name_unique unique nulls not distinct (client_id, name)
);
comment on column schedules.last_outcome is 'A sentence about what happened at the last due time.';
comment on column schedules.run_requested_at is
  'The time when the active run was requested, by the schedule itself or by a caller. Null: no run is active.';
create index schedules_due on schedules (next_at) where is_active;
create index schedules_by_catalog on schedules (catalog_id);
create index schedules_run_requested on schedules (run_requested_at) where run_requested_at is not null;
create index schedules_by_name on schedules (name, id);

-- Files that callers upload directly to S3, because a request to the API can contain only a few megabytes. A caller
-- first announces a file and then sends it to S3.
create table uploads (
  id uuid primary key default app.uuid7(),
  client_id uuid references clients (id) on delete cascade,
  key text not null,
  name text not null,
  content_type text not null,
  size bigint not null check (size > 0),
  created_by text not null default app.subject(),
  created_at timestamptz not null default now(),
  constraint uploads_key_unique unique (key)
);
comment on column uploads.client_id is 'Null: the upload belongs to the platform.';
create index uploads_by_client on uploads (client_id);
create index uploads_by_created_at on uploads (created_at);

create trigger set_updated_at before update on jobs for each row execute function app.set_updated_at();
create trigger set_updated_at before update on schedules for each row execute function app.set_updated_at();

alter table jobs enable row level security;
alter table jobs force row level security;
create policy migrate on jobs to app_migrate using (true) with check (true);
create policy definer on jobs to app_definer using (true) with check (true);
create policy admin on jobs to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on jobs for select to app_support using ((select app.admin_role()) is not null);
create policy client on jobs for select to app_client using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_insert on jobs for insert to app_client
  with check (client_id = any ((select app.editor_ids())::uuid[])
              and (catalog_id is null or catalog_id = any ((select app.writable_catalog_ids())::uuid[])));
create policy client_update on jobs for update to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]))
  with check (client_id = any ((select app.editor_ids())::uuid[])
              and (catalog_id is null or catalog_id = any ((select app.writable_catalog_ids())::uuid[])));
create policy system on jobs for select to app_system using ((select app.subject()) is not null);
create policy system_insert on jobs for insert to app_system with check ((select app.subject()) is not null);
create policy system_update on jobs for update to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
-- The platform can delete only the jobs that this policy selects. The history of syncs and imports is kept. A job with
-- a dead letter is kept until an operator has handled the dead letter.
create policy system_delete on jobs for delete to app_system
  using ((select app.subject()) is not null
         and type in ('email_notification', 'image_processing') and status in ('completed', 'failed', 'cancelled')
         and completed_at < now() - interval '90 days'
         and not exists (select from dead_letters d where d.job_id = jobs.id and d.redriven_at is null));
grant select, insert, update, delete on jobs to app_migrate, app_system;
grant select, insert, update on jobs to app_definer, app_admin, app_client;
grant select on jobs to app_support;

alter table drops enable row level security;
alter table drops force row level security;
create policy migrate on drops to app_migrate using (true) with check (true);
create policy admin on drops for select to app_admin using ((select app.admin_role()) is not null);
create policy client on drops for select to app_client using (client_id = any ((select app.client_ids())::uuid[]));
create policy system on drops to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, insert, update, delete on drops to app_migrate;
grant select on drops to app_admin, app_client;
grant select, insert on drops to app_system;

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

alter table uploads enable row level security;
alter table uploads force row level security;
create policy migrate on uploads to app_migrate using (true) with check (true);
create policy admin on uploads to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy client on uploads for select to app_client using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_insert on uploads for insert to app_client
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy system on uploads for select to app_system using ((select app.subject()) is not null);
create policy system_delete on uploads for delete to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on uploads to app_migrate;
grant select, insert on uploads to app_admin, app_client;
grant select, delete on uploads to app_system;

-- The rows of a file, after a worker has read the file and before the rows are merged. The tables belong to app_worker,
-- because row-level security would refuse a COPY by any other role. The tables are logged. After a crash, an unlogged
-- table would be empty, although the job would still say that the table is filled. A caller that merges rows sees only
-- the rows of the job that the caller passed to app.enter, and only if the caller is allowed to see that job. The fence
-- separates the rows of a worker from the rows of earlier workers. The rows of a small file are staged by the caller
-- itself, in its own transaction.
grant create on schema app to app_worker;
set local role app_worker;

create table app.staged_products (
  job_id uuid not null,
  fence integer not null,
  line integer not null,
  rows integer not null,
  sku text not null,
  name text,
  description text,
  category text,
  brand text,
  price numeric(10, 2),
  currency text,
  images jsonb,
  attributes jsonb,
  inventory_count integer,
  is_active boolean,
  source_data jsonb,
  primary key (job_id, fence, sku, line)
);
-- The planner needs only an estimate of how many rows a job has staged. A sample of 3,000 rows is enough.
alter table app.staged_products alter job_id set statistics 10, alter fence set statistics 10,
  alter sku set statistics 10;
alter table app.staged_products enable row level security;
create policy admin on app.staged_products for select to app_admin
  using (job_id = (select id from jobs where id = app.job_id()));
create policy admin_insert on app.staged_products for insert to app_admin
  with check (job_id = (select id from jobs where id = app.job_id()));
create policy client on app.staged_products for select to app_client
  using (job_id = (select id from jobs where id = app.job_id()));
create policy client_insert on app.staged_products for insert to app_client
  with check (job_id = (select id from jobs where id = app.job_id()));
grant select, insert on app.staged_products to app_admin, app_client;

-- The rejected rows of a file, unchanged, for the error file. The rows are kept until the error file is written, so
-- that a worker that takes over the job can still read them. A full load looks up the rejected rows by SKU, because a
-- product with a rejected row must not be deactivated.
create table app.staged_rejections (
  job_id uuid not null,
  fence integer not null,
  line integer not null,
  n integer not null,
  sku text,
  code text not null,
  reason text not null,
  raw jsonb not null,
  primary key (job_id, fence, line, n)
);
create index staged_rejections_by_sku on app.staged_rejections (job_id, fence, sku);
alter table app.staged_rejections enable row level security;
create policy admin on app.staged_rejections to app_admin
  using (job_id = (select id from jobs where id = app.job_id()))
  with check (job_id = (select id from jobs where id = app.job_id()));
create policy client on app.staged_rejections to app_client
  using (job_id = (select id from jobs where id = app.job_id()))
  with check (job_id = (select id from jobs where id = app.job_id()));
grant select, insert on app.staged_rejections to app_admin, app_client;

set local role app_owner;
-- The login of workers can switch to app_worker. This schema is in the search_path of definer functions. Therefore
-- app_worker must not be able to create objects in this schema.
revoke create on schema app from app_worker;
