-- Jobs, the file versions that ERP systems dropped, and the rows of files on their way into a catalog.

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
  completed_at timestamptz
);
comment on column jobs.client_id is 'Null: a job of the platform.';
comment on column jobs.fence is 'Grows with each worker that takes the job; a worker of an older fence may write no more.';
comment on column jobs.checkpoint is 'Where a worker that takes the job over goes on: committed with what was done.';
comment on column jobs.counts is 'Rows read, created, updated, unchanged, rejected.';
create index jobs_by_client on jobs (client_id, created_at desc, id desc);
create index jobs_by_created_at on jobs (created_at desc, id desc);
create index jobs_by_catalog on jobs (catalog_id, created_at desc);
create index jobs_open on jobs (status, created_at) where status in ('pending', 'processing');

-- One row a file version: a notification that comes twice finds it.
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
  constraint drops_version unique (key, version_id)
);
create index drops_by_catalog on drops (catalog_id, id);
create index drops_by_job on drops (job_id);

create trigger touch before update on jobs for each row execute function app.touch();

alter table jobs enable row level security;
alter table jobs force row level security;
create policy migrate on jobs to app_migrate using (true) with check (true);
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
create policy system on jobs to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, insert, update, delete on jobs to app_migrate;
grant select, insert, update on jobs to app_admin, app_client, app_system;
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

-- Intake has to know whose catalog a key names before it can enter as anyone.
create policy system on catalogs for select to app_system using ((select app.subject()) is not null);
grant select on catalogs to app_system;

-- Rows of a file between reading and merging. Owned by app_worker, whose COPY row-level security would refuse
-- otherwise; logged, because an unlogged table is empty after a crash while the job says that it was filled. Whoever
-- merges sees the rows of the one job it entered for, when it may see that job at all; the fence keeps apart what a
-- worker staged from what one before it did.
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
-- The planner has to know how many rows a job staged, no more: a sample of 3,000 tells.
alter table app.staged_products alter job_id set statistics 10, alter fence set statistics 10,
  alter sku set statistics 10;
alter table app.staged_products enable row level security;
create policy admin on app.staged_products for select to app_admin
  using (job_id = (select id from jobs where id = app.job_id()));
create policy client on app.staged_products for select to app_client
  using (job_id = (select id from jobs where id = app.job_id()));
grant select on app.staged_products to app_admin, app_client;

-- Rows that were refused, as they came, for the error file: kept until it is written, so that a worker which takes
-- the job over still has them.
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
alter table app.staged_rejections enable row level security;
create policy admin on app.staged_rejections to app_admin
  using (job_id = (select id from jobs where id = app.job_id()))
  with check (job_id = (select id from jobs where id = app.job_id()));
create policy client on app.staged_rejections to app_client
  using (job_id = (select id from jobs where id = app.job_id()))
  with check (job_id = (select id from jobs where id = app.job_id()));
grant select, insert on app.staged_rejections to app_admin, app_client;

set local role app_owner;
-- The login of workers may enter app_worker: what it may make, it could make in the search_path of definer functions.
revoke create on schema app from app_worker;

-- The counts of a job, each of them there.
create function app.job_counts(counts jsonb) returns jsonb
language sql immutable parallel safe
as $$ select '{"read": 0, "created": 0, "updated": 0, "unchanged": 0, "rejected": 0}'::jsonb || counts $$;
grant execute on function app.job_counts(jsonb) to app_admin, app_support, app_client, app_system;

-- The file version that a job is about, if it is about one.
create function app.job_source(payload jsonb) returns jsonb
language sql immutable parallel safe
as $$ select case when payload ? 'version_id'
  then jsonb_build_object('key', payload -> 'key', 'version_id', payload -> 'version_id') end $$;
grant execute on function app.job_source(jsonb) to app_admin, app_support, app_client, app_system;
