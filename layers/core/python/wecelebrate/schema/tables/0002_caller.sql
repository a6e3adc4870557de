-- The context of the caller: the facts about the caller that app.enter has looked up. The context is kept for one
-- transaction, and a seal protects it.
--
-- Policies read the context through app.client_ids() and the other accessors. The context is stored in settings, which
-- any SQL can write. Therefore a seal is computed over the role, the ids, the backend and the transaction. When
-- injected SQL switches the role or writes other ids, the seal no longer matches, and every accessor answers as if
-- there were no caller. After a commit, the value of a transaction-local setting is '', not NULL.
--
-- The functions of this file are defined with the tables because policies, defaults and generated values use them.

set local role app_owner;

-- UUIDv7 (RFC 9562): 48 bits of milliseconds, then random bits. New ids sort after older ids, so indexes stay compact.
create function app.uuid7() returns uuid
language sql volatile parallel safe
as $$
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
              placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
              from 1 for 6),
      52, 1), 53, 1),
    'hex')::uuid
$$;
grant execute on function app.uuid7() to public;

-- The trigger function of every table with `updated_at`. The function sets `updated_at` only if the update changes the
-- row. An update without a change does not invalidate cached copies of the row, so the entity tag of the row must stay
-- the same.
create function app.set_updated_at() returns trigger
language plpgsql
as $$
begin
  if new is distinct from old then
    new.updated_at := now();
  end if;
  return new;
end
$$;
grant execute on function app.set_updated_at() to public;

create table app.seal_key (
  key bytea not null,
  only_row boolean primary key default true check (only_row)
);
comment on table app.seal_key is 'The key that seals the context. Only app_definer may read it.';
alter table app.seal_key enable row level security;
alter table app.seal_key force row level security;
create policy definer on app.seal_key for select to app_definer using (true);
create policy migrate on app.seal_key for insert to app_migrate with check (true);
grant select on app.seal_key to app_definer;
grant insert on app.seal_key to app_migrate;

set local role app_migrate;
insert into app.seal_key (key)
values (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

set local role app_definer;

-- Computes the seal of the current settings for a role, in the current transaction of this backend. The sealed value is
-- the text of an array. An array quotes its elements, so text in one element cannot be mistaken for the next element.
create function app.seal(role text) returns text
language sql stable parallel restricted security definer set search_path = pg_catalog, pg_temp
as $$
  select encode(sha256(key || sha256(key || convert_to(
    array[role, pg_backend_pid()::text, extract(epoch from transaction_timestamp())::text,
      current_setting('app.subject', true), current_setting('app.email', true),
      current_setting('app.admin_role', true), current_setting('app.client_ids', true),
      current_setting('app.editor_ids', true), current_setting('app.owner_ids', true),
      current_setting('app.site_id', true), current_setting('app.job_id', true)]::text, 'UTF8'))), 'hex')
  from app.seal_key
$$;

-- Returns one setting of the context. Returns NULL when the setting is empty or the seal does not match the current
-- role.
create function app.context(setting text) returns text
language sql stable parallel restricted security definer set search_path = pg_catalog, pg_temp
as $$
  select case when current_setting('app.seal', true) = app.seal(current_setting('role'))
              then nullif(current_setting('app.' || setting, true), '') end
$$;
grant execute on function app.context(text) to app_owner, app_admin, app_support, app_client, app_customer, app_anon,
  app_system, app_worker;

set local role app_owner;

-- PostgreSQL parses the bodies of the next functions when it creates these functions. Therefore a later search_path
-- cannot change what the bodies refer to. The planner inlines the functions.
create function app.subject() returns text
language sql stable parallel restricted return app.context('subject');
create function app.email() returns text
language sql stable parallel restricted return app.context('email');
create function app.admin_role() returns text
language sql stable parallel restricted return app.context('admin_role');
create function app.site_id() returns uuid
language sql stable parallel restricted return app.context('site_id')::uuid;
create function app.job_id() returns uuid
language sql stable parallel restricted return app.context('job_id')::uuid;
-- The next three functions return lists of clients. The first list contains the clients that the caller belongs to. The
-- second list contains the clients for which the caller writes (as owner or editor). The third list contains the
-- clients that the caller administers (as owner).
create function app.client_ids() returns uuid[]
language sql stable parallel restricted return app.context('client_ids')::uuid[];
create function app.editor_ids() returns uuid[]
language sql stable parallel restricted return app.context('editor_ids')::uuid[];
create function app.owner_ids() returns uuid[]
language sql stable parallel restricted return app.context('owner_ids')::uuid[];

grant execute on function app.subject(), app.email(), app.admin_role(), app.site_id(), app.job_id(), app.client_ids(),
  app.editor_ids(), app.owner_ids()
  to app_definer, app_admin, app_support, app_client, app_customer, app_anon, app_system, app_worker;
