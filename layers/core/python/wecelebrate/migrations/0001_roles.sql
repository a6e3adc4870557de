-- Roles. Who may do what is said by NOLOGIN roles; logins only say which of them a connection may enter.
--
-- A login is NOINHERIT: until app.enter has switched it to one of its roles it may do nothing at all, and injected
-- SQL can set no role beyond the audience that the login is for. Roles belong to the whole server, so another
-- database of it may have made them already.

do $$
declare
  name text;
begin
  foreach name in array array[
    'app_owner',     -- owns schema and tables; entered by migrations alone
    'app_definer',   -- owns SECURITY DEFINER functions
    'app_migrate',   -- backfills of migrations: tables are FORCEd, so an owner's update would touch no row
    'app_admin',     -- platform: super_admin, admin
    'app_support',   -- platform: support
    'app_client',    -- members of clients; what each may write follows from their role in each client
    'app_customer',  -- signed-in customer of one site
    'app_anon',      -- visitor of one site
    'app_system',    -- schedules and queue bookkeeping
    'app_worker'     -- owns staging tables, so that COPY works
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

-- Nobody makes objects but migrations. A temporary table lives as long as the session, and stands before the schema's
-- own in every search: one that injected SQL made would answer whoever has the pooled connection next.
do $$
begin
  execute format('grant create on database %I to app_owner', current_database());
  execute format('revoke temporary on database %I from public', current_database());
end
$$;
-- The schema belongs to whoever owns the database; before PostgreSQL 16 a NOINHERIT owner has to say so.
set local role pg_database_owner;
revoke create on schema public from public;
grant usage on schema public to app_definer, app_migrate, app_admin, app_support, app_client, app_customer, app_anon,
  app_system, app_worker;
grant usage, create on schema public to app_owner;

set local role app_owner;
-- A trusted extension: whoever may create in the database may install it.
create extension if not exists pg_trgm with schema public;

create schema app;
grant usage on schema app to public;
grant usage, create on schema app to app_definer;
-- No function of ours is for everyone: each names who may call it.
alter default privileges revoke execute on functions from public;
set local role app_definer;
alter default privileges revoke execute on functions from public;
