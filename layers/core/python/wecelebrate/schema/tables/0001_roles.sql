-- Roles. NOLOGIN roles hold the privileges. A login determines which of these roles a connection can enter.
--
-- A login is NOINHERIT: it has no privilege until app.enter switches to one of its roles. Therefore injected SQL can
-- switch only to roles that the login is allowed to enter. Roles belong to the whole server, so the migration of
-- another database on the server can have created the roles already.

do $$
declare
  name text;
begin
  foreach name in array array[
    'app_owner',     -- owns schemas and tables; only migrations enter it
    'app_definer',   -- owns SECURITY DEFINER functions
    'app_migrate',   -- runs backfills: row-level security is forced, so an update by the owner would change no row
    'app_admin',     -- platform: super_admin, admin
    'app_support',   -- platform: support
    'app_client',    -- members of clients; the member's role in a client decides what the member may write
    'app_customer',  -- signed-in customer of one site
    'app_anon',      -- visitor of one site
    'app_system',    -- schedules and queue bookkeeping
    'app_worker'     -- owns the staging tables, so that COPY works
  ] loop
    if not exists (select from pg_catalog.pg_roles where rolname = name) then
      execute format('create role %I nologin noinherit', name);
    end if;
  end loop;
  foreach name in array array['wc_public', 'wc_api', 'wc_worker'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = name) then
      execute format('create role %I login noinherit', name);
    end if;
  end loop;
end
$$;

grant app_anon, app_customer to wc_public;
grant app_admin, app_support, app_client to wc_api;
grant app_admin, app_support, app_client, app_customer, app_system, app_worker to wc_worker;
grant app_owner, app_definer, app_migrate, app_worker to wc_migrate;

-- Only migrations create objects. A temporary table exists until its session ends, and every search path finds it
-- before the tables of the schema. If injected SQL could create a temporary table, the next user of the pooled
-- connection would read from that table.
do $$
begin
  execute format('grant create on database %I to app_owner', current_database());
  execute format('revoke temporary on database %I from public', current_database());
end
$$;
-- The owner of the database owns the schema `public` through the role pg_database_owner. In PostgreSQL versions before
-- 16, a NOINHERIT owner must switch to this role first.
set local role pg_database_owner;
revoke create on schema public from public;
grant usage on schema public to app_definer, app_migrate, app_admin, app_support, app_client, app_customer, app_anon,
  app_system, app_worker;
grant usage, create on schema public to app_owner;

set local role app_owner;
-- Both extensions are trusted: a role that is allowed to create objects in the database can install these extensions.
create extension if not exists pg_trgm with schema public;
create extension if not exists btree_gin with schema public;

create schema app;
grant usage on schema app to public;
grant usage, create on schema app to app_definer;
grant usage on schema app to app_migrate;
-- PUBLIC is not allowed to execute functions. For each function, a grant names the roles that are allowed to call it.
alter default privileges revoke execute on functions from public;
set local role app_definer;
alter default privileges revoke execute on functions from public;
