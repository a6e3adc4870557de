-- Exports: files with the products, the orders, the order lines, the events or the customers of a client.
--
-- An export contains the rows as its requester sees them. Therefore only the requester and the admins of the platform
-- can see an export: another member of the client can have fewer rights than the requester. Callers create and delete
-- exports only through functions (functions/exports.sql), because a viewer is not allowed to create any other job.

set local role app_owner;

create table exports (
  id uuid primary key default app.uuid7(),
  client_id uuid references clients (id) on delete cascade,
  job_id uuid not null references jobs (id) on delete cascade,
  subject text not null,
  kind text not null,
  format text not null,
  filters jsonb not null default '{}',
  options jsonb not null default '{}',
  key text,
  size bigint,
  sha256 text,
  rows bigint,
  cut_cells bigint,
  snapshot_at timestamptz,
  expires_at timestamptz not null default now() + interval '7 days',
  deleted_at timestamptz,
  created_at timestamptz not null default now(),
  constraint exports_kind_check check (kind in ('products', 'orders', 'order_lines', 'events', 'customers')),
  constraint exports_format_check check (format in ('csv', 'ndjson', 'xlsx', 'parquet')),
  constraint exports_sha256_check check (sha256 ~ '^[0-9a-f]{64}$'),
  constraint exports_file_check check (num_nulls(key, size, sha256, rows, cut_cells, snapshot_at) in (0, 6)),
  constraint exports_filters_length check (app.json_fits(filters, 16384)),
  constraint exports_options_length check (app.json_fits(options, 16384)),
  constraint exports_subject_length check (length(subject) <= 500),
  constraint exports_key_length check (length(key) <= 1024)
);
comment on column exports.client_id is 'Null: an export of all clients, for an admin of the platform.';
comment on column exports.subject is 'The requester. The rows are those that this caller can see.';
comment on column exports.key is 'The file in the bucket `exports`. Null until the export is complete.';
comment on column exports.cut_cells is
  'The number of cells that are cut off, because a cell of a spreadsheet is limited.';
comment on column exports.snapshot_at is 'The file contains the rows as they were at this time.';
comment on column exports.expires_at is 'The sweeper then deletes the file and this row.';
comment on column exports.deleted_at is 'Callers no longer see the export. The sweeper deletes the file and this row.';
create unique index exports_by_job on exports (job_id);
create index exports_by_client on exports (client_id, created_at desc, id desc);
create index exports_by_created_at on exports (created_at desc, id desc);
create index exports_by_expires_at on exports (expires_at);

alter table exports enable row level security;
alter table exports force row level security;
create policy migrate on exports to app_migrate using (true) with check (true);
create policy definer on exports for select to app_definer using (true);
create policy definer_insert on exports for insert to app_definer with check (true);
create policy definer_update on exports for update to app_definer using (true) with check (true);
create policy admin on exports for select to app_admin using ((select app.admin_role()) is not null);
create policy client on exports for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]) and subject = (select app.subject()));
create policy system on exports for select to app_system using ((select app.subject()) is not null);
create policy system_update on exports for update to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
create policy system_delete on exports for delete to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on exports to app_migrate;
grant select, insert, update on exports to app_definer;
grant select on exports to app_admin, app_client;
grant select, update, delete on exports to app_system;
