-- The caller's context: what app.enter found out, kept for one transaction and sealed.
--
-- Policies read it through app.client_ids() and its like. Settings can be written by any SQL, so a seal over the
-- role, the ids, this backend and this transaction goes with them: a role that injected SQL switched to, or ids that
-- it wrote, do not fit the seal, and every accessor then answers as for nobody. After a commit a transaction-local
-- setting reads '', not NULL.

set local role app_owner;

-- UUIDv7 (RFC 9562): 48 bits of milliseconds, then random. New keys sort by time, so indexes stay compact.
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

create function app.touch() returns trigger
language plpgsql
as $$
begin
  new.updated_at := now();
  return new;
end
$$;
grant execute on function app.touch() to public;

create table app.seal_key (
  key bytea not null,
  only_row boolean primary key default true check (only_row)
);
comment on table app.seal_key is 'What contexts are sealed with. Readable by app_definer alone.';
alter table app.seal_key enable row level security;
alter table app.seal_key force row level security;
create policy definer on app.seal_key for select to app_definer using (true);
create policy migrate on app.seal_key for insert to app_migrate with check (true);
grant select on app.seal_key to app_definer;
grant insert on app.seal_key to app_migrate;
grant usage on schema app to app_migrate;

set local role app_migrate;
insert into app.seal_key (key)
values (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

set local role app_definer;

-- The seal that belongs to the settings as they are now, in this transaction of this backend, for this role. What is
-- sealed is the text of an array: it quotes, so that no value can reach into the next.
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

-- One setting of the context, or NULL when it is empty or the seal does not fit the caller's role.
create function app.context(setting text) returns text
language sql stable parallel restricted security definer set search_path = pg_catalog, pg_temp
as $$
  select case when current_setting('app.seal', true) = app.seal(current_setting('role'))
              then nullif(current_setting('app.' || setting, true), '') end
$$;
grant execute on function app.context(text) to app_owner, app_admin, app_support, app_client, app_customer, app_anon,
  app_system, app_worker;

set local role app_owner;

-- Bodies are parsed here and now, so no search_path changes what they mean; the planner inlines them.
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
-- Clients the caller belongs to; those it may write for (owner, editor); those it administers (owner).
create function app.client_ids() returns uuid[]
language sql stable parallel restricted return app.context('client_ids')::uuid[];
create function app.editor_ids() returns uuid[]
language sql stable parallel restricted return app.context('editor_ids')::uuid[];
create function app.owner_ids() returns uuid[]
language sql stable parallel restricted return app.context('owner_ids')::uuid[];

grant execute on function app.subject(), app.email(), app.admin_role(), app.site_id(), app.job_id(), app.client_ids(),
  app.editor_ids(), app.owner_ids()
  to app_definer, app_admin, app_support, app_client, app_customer, app_anon, app_system, app_worker;

-- JSON Merge Patch (RFC 7396): objects merge, null removes, anything else replaces.
create function app.merge_patch(target jsonb, patch jsonb) returns jsonb
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  key text;
  value jsonb;
begin
  if jsonb_typeof(patch) is distinct from 'object' then
    return patch;
  end if;
  if jsonb_typeof(target) is distinct from 'object' then
    target := '{}';
  end if;
  for key, value in select * from jsonb_each(patch) loop
    if jsonb_typeof(value) = 'null' then
      target := target - key;
    else
      target := target || jsonb_build_object(key, app.merge_patch(target -> key, value));
    end if;
  end loop;
  return target;
end
$$;
grant execute on function app.merge_patch(jsonb, jsonb) to public;
