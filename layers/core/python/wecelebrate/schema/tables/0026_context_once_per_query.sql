-- The context of the caller is read once per query.
--
-- If a table has few rows, PostgreSQL reads all its rows and evaluates the conditions for each row. Each call of a
-- function such as app.client_ids verifies the seal of the context, which takes 35 µs. A scalar subquery is evaluated
-- only once. With 30 catalogs, this saves 0.6 ms of each call of app.catalog_ids.

set local role app_definer;

create or replace function app.owned_catalog_ids() returns uuid[]
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce(array_agg(id), '{}') from catalogs where owner_client_id = any ((select app.client_ids())::uuid[])
$$;

create or replace function app.catalog_ids() returns uuid[]
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  with caller as materialized (select app.client_ids() as client_ids, app.site_id() as site_id)
  select coalesce(array_agg(id), '{}') from (
    select id from catalogs where owner_client_id = any ((select client_ids from caller)::uuid[])
    union
    select catalog_id from catalog_grants where client_id = any ((select client_ids from caller)::uuid[])
    union
    select c.id from sites s join catalogs c on c.id = s.catalog_id and c.status = 'active'
    where s.id = (select site_id from caller)
  ) readable (id)
$$;

create or replace function app.writable_catalog_ids() returns uuid[]
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce(array_agg(id), '{}') from catalogs where owner_client_id = any ((select app.editor_ids())::uuid[])
$$;

set local role app_owner;
