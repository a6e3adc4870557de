-- Clients and sites as the API shows them (catalogs: sharing.sql). PostgreSQL allows inserts and updates on a simple view. Therefore
-- the queries that create and change rows can use the views, and return the columns of the views.

set local role app_definer;

-- Returns whether a client is active. The schedules of an inactive client do not run.
create or replace function app.is_active_client(client_id uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$ select exists (select from clients c where c.id = $1 and c.is_active) $$;
grant execute on function app.is_active_client(uuid) to app_system;

set local role app_owner;

create or replace view app.client_view with (security_invoker = true) as
select id, name, slug, description, logo_url, contact_email, contact_phone, address, tier, is_active, settings,
  created_at, updated_at
from clients;
grant select, insert, update on app.client_view to app_admin;
grant select on app.client_view to app_client;

create or replace view app.site_view with (security_invoker = true) as
select id, client_id, name, domain, status, branding, settings, catalog_id, created_at, updated_at
from sites;
grant select, insert, update on app.site_view to app_admin, app_client;
grant select on app.site_view to app_customer, app_anon;
