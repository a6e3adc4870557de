-- Files that callers upload past the API, which takes no more than a few megabytes: announced first, then sent to S3.

set local role app_owner;

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
comment on column uploads.client_id is 'Null: an upload of the platform.';
create index uploads_by_client on uploads (client_id);
create index uploads_by_age on uploads (created_at);

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

-- What is small may be staged by whoever asks for it, in its own transaction: rows of the job it entered for.
set local role app_worker;
create policy admin_insert on app.staged_products for insert to app_admin
  with check (job_id = (select id from jobs where id = app.job_id()));
create policy client_insert on app.staged_products for insert to app_client
  with check (job_id = (select id from jobs where id = app.job_id()));
grant insert on app.staged_products to app_admin, app_client;
