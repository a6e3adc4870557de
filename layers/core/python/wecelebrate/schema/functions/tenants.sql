-- Clients, catalogs and sites as the API shows them. PostgreSQL allows inserts and updates on a simple view. Therefore
-- the queries that create and change rows can use the views, and return the columns of the views.

set local role app_owner;

create or replace view app.client_view with (security_invoker = true) as
select id, name, slug, description, logo_url, contact_email, contact_phone, address, tier, is_active, settings,
  created_at, updated_at
from clients;
grant select, insert, update on app.client_view to app_admin;
grant select on app.client_view to app_client;

-- Only the owner of a catalog and the platform see the column `source_config`.
create or replace view app.catalog_view with (security_invoker = true) as
select id, owner_client_id, name, type, source, status,
  case when app.admin_role() is not null or owner_client_id = any (app.client_ids()) then source_config else '{}' end
    as source_config,
  sync_settings, pricing_rules, low_inventory, created_at, updated_at, last_sync_at
from catalogs;
grant select on app.catalog_view to app_admin, app_support, app_client, app_system;

create or replace view app.site_view with (security_invoker = true) as
select id, client_id, name, domain, status, branding, settings, catalog_id, created_at, updated_at
from sites;
grant select, insert, update on app.site_view to app_admin, app_client;
grant select on app.site_view to app_customer, app_anon;
