-- The audit log with its actors and changes; what a client sees of a catalog that it was granted; catalogs that a
-- storefront shows.
--
-- Entries are written by triggers and functions of app_definer (functions/audit.sql). The privilege of app_admin and
-- app_client to insert entries stays for the previous release, which writes entries itself. The next release revokes
-- this privilege.

set local role app_owner;

-- The log is kept when a client is deleted. Therefore an entry has no foreign key to the client.
alter table audit_log
  drop constraint audit_log_client_id_fkey,
  add column admin_role text,
  add column email text,
  add column request_id text,
  add column address text,
  add column job_id uuid,
  add column before jsonb,
  add column after jsonb,
  add column written_by text not null default current_user,
  add constraint audit_log_admin_role_length check (length(admin_role) <= 100),
  add constraint audit_log_email_length check (length(email) <= 500),
  add constraint audit_log_request_id_length check (length(request_id) <= 200),
  add constraint audit_log_address_length check (length(address) <= 100),
  add constraint audit_log_before_length check (app.json_fits(before, 65536)),
  add constraint audit_log_after_length check (app.json_fits(after, 65536)),
  add constraint audit_log_written_by_length check (length(written_by) <= 100);
comment on table audit_log is
  'Who did or read what. Rows are only added, and deleted when they are older than two years.';
comment on column audit_log.subject is
  'The user or the service. `login:<name>` is a connection without a caller: a migration, or an operator.';
comment on column audit_log.admin_role is
  'The role of the platform that the subject used. Null for members of clients.';
comment on column audit_log.email is 'The verified address in the token.';
comment on column audit_log.client_id is 'The client that the action concerns. Null: the action concerns the platform.';
comment on column audit_log.before is
  'The changed columns before the change. Values of app.audit_secrets are redacted.';
comment on column audit_log.after is 'The changed columns after the change.';
comment on column audit_log.written_by is
  'app_definer: the database recorded the action. Another role: the caller wrote the entry itself.';
create index audit_log_by_object on audit_log (object_id, created_at desc, id desc);
create index audit_log_by_subject on audit_log (subject, created_at desc, id desc);

-- Super admins read all entries. An owner reads the entries about its client.
drop policy admin on audit_log;
drop policy client on audit_log;
drop policy migrate on audit_log;
create policy migrate on audit_log for select to app_migrate using (true);
create policy migrate_insert on audit_log for insert to app_migrate with check (true);
create policy admin on audit_log for select to app_admin using ((select app.admin_role()) = 'super_admin');
create policy client on audit_log for select to app_client using (client_id = any ((select app.owner_ids())::uuid[]));
-- A trigger sets the subject of each entry to the caller.
create policy definer on audit_log for insert to app_definer with check (true);
-- A delete with a condition needs the privilege to select.
create policy definer_select on audit_log for select to app_definer using (created_at < now() - interval '2 years');
create policy definer_delete on audit_log for delete to app_definer using (created_at < now() - interval '2 years');
revoke update, delete on audit_log from app_migrate;
grant select, insert, delete on audit_log to app_definer;

-- The catalogs that the clients of the caller own. Policies use this function and app.catalog_ids.
set local role app_definer;
create function app.owned_catalog_ids() returns uuid[]
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce(array_agg(id), '{}') from catalogs where owner_client_id = any (app.client_ids())
$$;
grant execute on function app.owned_catalog_ids() to app_admin, app_support, app_client;

-- A storefront shows a catalog only while the catalog is active.
create or replace function app.catalog_ids() returns uuid[]
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce(array_agg(id), '{}') from (
    select id from catalogs where owner_client_id = any (app.client_ids())
    union
    select catalog_id from catalog_grants where client_id = any (app.client_ids())
    union
    select c.id from sites s join catalogs c on c.id = s.catalog_id and c.status = 'active' where s.id = app.site_id()
  ) readable (id)
$$;

set local role app_owner;

-- A client with a grant reads neither the row of the catalog nor the rows of its products, because these rows contain
-- the stock, the price rules and the settings of the owner. The functions of functions/sharing.sql return the columns
-- that the client needs to sell the products.
drop policy client on catalogs;
create policy client on catalogs for select to app_client
  using (owner_client_id = any ((select app.client_ids())::uuid[]));
drop policy client on products;
create policy client on products for select to app_client
  using (catalog_id = any ((select app.owned_catalog_ids())::uuid[]));
