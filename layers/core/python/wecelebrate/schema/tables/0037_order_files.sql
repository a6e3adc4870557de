-- Order files: the destinations that get orders (usually an ERP system), the files that were written for them, and the
-- files with news about orders that come back.

set local role app_owner;

create table order_destinations (
  id uuid primary key default app.uuid7(),
  client_id uuid not null references clients (id) on delete cascade,
  site_id uuid,
  name text not null,
  format text not null check (format in ('csv', 'ndjson', 'xlsx', 'ubl', 'idoc', 'cxml')),
  columns jsonb,
  prefix text not null default '',
  max_line_length integer,
  formula_safe boolean not null default true,
  sender text,
  receiver text,
  cron text,
  timezone text not null default 'UTC',
  is_active boolean not null default true,
  next_run_at timestamptz,
  orders_from timestamptz not null default now(),
  last_seq integer not null default 0,
  scanned_at timestamptz,
  last_run_at timestamptz,
  last_job_id uuid references jobs (id) on delete set null,
  last_outcome text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint order_destinations_name_length check (length(name) between 1 and 300),
  constraint order_destinations_columns_length check (app.json_fits(columns, 65536)),
  constraint order_destinations_prefix_check check (prefix ~ '^[A-Za-z0-9._-]*$'),
  constraint order_destinations_prefix_length check (length(prefix) <= 50),
  constraint order_destinations_max_line_length_check check (max_line_length between 20 and 200),
  constraint order_destinations_sender_length check (length(sender) between 1 and 100),
  constraint order_destinations_receiver_length check (length(receiver) between 1 and 100),
  constraint order_destinations_cron_length check (length(cron) <= 200),
  constraint order_destinations_timezone_length check (length(timezone) <= 100),
  constraint order_destinations_outcome_length check (length(last_outcome) <= 1000),
  constraint order_destinations_name_unique unique (client_id, name),
  constraint order_destinations_client_id_unique unique (client_id, id),
  constraint order_destinations_site_fkey foreign key (client_id, site_id) references sites (client_id, id)
);
comment on table order_destinations is 'A receiver of order files, usually an ERP system.';
comment on column order_destinations.site_id is 'Only the orders of this site are exported. Null: all sites.';
comment on column order_destinations.columns is
  'The columns of CSV and XLSX files: [{"header": …, "field": …}, …]. Null: all fields under their own names.';
comment on column order_destinations.prefix is 'The beginning of the name of each file.';
comment on column order_destinations.max_line_length is
  'The longest line of an address that the receiver accepts, in characters. Longer lines are broken.';
comment on column order_destinations.formula_safe is
  'Whether text cells that a spreadsheet program would run as a formula get an apostrophe (CSV) or its style (XLSX).';
comment on column order_destinations.cron is 'When orders are exported. Null: only on request.';
comment on column order_destinations.orders_from is 'Only orders that were placed at this time or later are exported.';
comment on column order_destinations.last_seq is 'The number of the newest run. A number is never used twice.';
comment on column order_destinations.scanned_at is
  'All changes of orders that were committed an hour before this time have been looked at.';
create index order_destinations_due on order_destinations (next_run_at) where is_active;
create index order_destinations_by_site on order_destinations (client_id, site_id);
create index order_destinations_by_job on order_destinations (last_job_id);
create trigger set_updated_at before update on order_destinations
  for each row execute function app.set_updated_at();

-- A run writes one file. Its orders are chosen in the transaction that creates the run, so a repeated attempt writes
-- the same bytes.
create table order_export_runs (
  id uuid primary key default app.uuid7(),
  client_id uuid not null,
  destination_id uuid not null,
  seq integer not null check (seq >= 1),
  job_id uuid references jobs (id) on delete set null,
  settings jsonb not null,
  orders integer not null default 0,
  refused jsonb not null default '[]',
  key text,
  size bigint,
  sha256 text,
  created_at timestamptz not null default now(),
  written_at timestamptz,
  constraint order_export_runs_seq_unique unique (destination_id, seq),
  constraint order_export_runs_key_length check (length(key) <= 500),
  constraint order_export_runs_sha256_check check (sha256 ~ '^[0-9a-f]{64}$'),
  constraint order_export_runs_settings_length check (app.json_fits(settings, 131072)),
  constraint order_export_runs_refused_length check (app.json_fits(refused, 1048576)),
  constraint order_export_runs_destination_fkey foreign key (client_id, destination_id)
    references order_destinations (client_id, id) on delete cascade
);
comment on column order_export_runs.settings is
  'The settings of the destination with which the file is written, also if they change before it is complete.';
comment on column order_export_runs.refused is 'The orders that could not be written: [{"order_number", "reason"}, …].';
comment on column order_export_runs.written_at is 'When the file was complete. Null: the file must still be written.';
create index order_export_runs_unwritten on order_export_runs (destination_id, seq) where written_at is null;
create index order_export_runs_by_client on order_export_runs (client_id);
create index order_export_runs_by_job on order_export_runs (job_id);

-- Which versions of an order a destination has got. The primary key ensures that it gets each version once.
create table order_exports (
  destination_id uuid not null,
  order_id uuid not null,
  version integer not null check (version >= 1),
  client_id uuid not null,
  run_id uuid references order_export_runs (id) on delete cascade,
  position integer not null,
  action text not null check (action in ('new', 'change', 'cancel', 'none')),
  document jsonb,
  content_hash text not null,
  created_at timestamptz not null default now(),
  primary key (destination_id, order_id, version),
  constraint order_exports_content_hash_length check (length(content_hash) <= 64),
  constraint order_exports_document_length check (app.json_fits(document, 1048576)),
  constraint order_exports_run_check check ((action = 'none') = (run_id is null)),
  constraint order_exports_destination_fkey foreign key (client_id, destination_id)
    references order_destinations (client_id, id) on delete cascade,
  constraint order_exports_order_fkey foreign key (client_id, order_id) references orders (client_id, id)
    on delete cascade
);
comment on column order_exports.action is
  'none: nothing in this version concerns the destination, e.g. only the status has changed.';
comment on column order_exports.document is 'The order as it was exported. Null after the file was written.';
comment on column order_exports.content_hash is 'A hash of what the destination sees of the order, to find changes.';
create index order_exports_by_run on order_exports (run_id, position) where run_id is not null;
create index order_exports_by_order on order_exports (client_id, order_id);

-- Each version of a file with news about orders has one row. A second notification finds the existing row.
create table order_file_drops (
  id uuid primary key default app.uuid7(),
  client_id uuid not null,
  destination_id uuid not null,
  key text not null,
  version_id text not null,
  size bigint not null check (size >= 0),
  etag text not null,
  dropped_at timestamptz not null,
  job_id uuid not null references jobs (id) on delete cascade,
  created_at timestamptz not null default now(),
  constraint order_file_drops_version_unique unique (key, version_id),
  constraint order_file_drops_key_length check (length(key) <= 1100),
  constraint order_file_drops_version_length check (length(version_id) <= 1024),
  constraint order_file_drops_etag_length check (length(etag) <= 200),
  constraint order_file_drops_destination_fkey foreign key (client_id, destination_id)
    references order_destinations (client_id, id) on delete cascade
);
create index order_file_drops_by_job on order_file_drops (job_id);
create index order_file_drops_by_destination on order_file_drops (client_id, destination_id);

-- Order files have a type of job of their own, in both directions. The jobs of a destination run one at a time.
alter table jobs drop constraint jobs_type_check;
alter table jobs add constraint jobs_type_check check (type in ('product_import', 'catalog_sync', 'report_generation',
  'email_notification', 'image_processing', 'data_export', 'order_file'));

alter table order_destinations enable row level security;
alter table order_destinations force row level security;
create policy migrate on order_destinations to app_migrate using (true) with check (true);
create policy definer on order_destinations to app_definer using (true) with check (true);
create policy admin on order_destinations to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on order_destinations for select to app_support using ((select app.admin_role()) is not null);
create policy client on order_destinations for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_insert on order_destinations for insert to app_client
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy client_update on order_destinations for update to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]))
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy client_delete on order_destinations for delete to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]));
create policy system on order_destinations for select to app_system using ((select app.subject()) is not null);
create policy system_update on order_destinations for update to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, insert, update, delete on order_destinations to app_migrate, app_admin, app_client;
grant select on order_destinations to app_support;
grant select, update on order_destinations to app_system, app_definer;

alter table order_export_runs enable row level security;
alter table order_export_runs force row level security;
create policy migrate on order_export_runs to app_migrate using (true) with check (true);
create policy definer on order_export_runs to app_definer using (true) with check (true);
create policy admin on order_export_runs for select to app_admin using ((select app.admin_role()) is not null);
create policy support on order_export_runs for select to app_support using ((select app.admin_role()) is not null);
create policy client on order_export_runs for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy system on order_export_runs for select to app_system using ((select app.subject()) is not null);
create policy system_update on order_export_runs for update to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, insert, update, delete on order_export_runs to app_migrate;
grant select on order_export_runs to app_admin, app_support, app_client;
grant select, update on order_export_runs to app_system;
grant select, insert on order_export_runs to app_definer;

alter table order_exports enable row level security;
alter table order_exports force row level security;
create policy migrate on order_exports to app_migrate using (true) with check (true);
create policy definer on order_exports to app_definer using (true) with check (true);
create policy admin on order_exports for select to app_admin using ((select app.admin_role()) is not null);
create policy support on order_exports for select to app_support using ((select app.admin_role()) is not null);
create policy client on order_exports for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy system on order_exports for select to app_system using ((select app.subject()) is not null);
create policy system_update on order_exports for update to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, insert, update, delete on order_exports to app_migrate;
grant select on order_exports to app_admin, app_support, app_client;
grant select, update on order_exports to app_system;
grant select, insert on order_exports to app_definer;

alter table order_file_drops enable row level security;
alter table order_file_drops force row level security;
create policy migrate on order_file_drops to app_migrate using (true) with check (true);
create policy admin on order_file_drops for select to app_admin using ((select app.admin_role()) is not null);
create policy client on order_file_drops for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy system on order_file_drops for select to app_system using ((select app.subject()) is not null);
create policy system_insert on order_file_drops for insert to app_system
  with check ((select app.subject()) is not null);
grant select, insert, update, delete on order_file_drops to app_migrate;
grant select on order_file_drops to app_admin, app_client;
grant select, insert on order_file_drops to app_system;
