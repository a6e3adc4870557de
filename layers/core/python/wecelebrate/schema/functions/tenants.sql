-- Clients and sites in the form of the API. The view of catalogs is in sharing.sql. PostgreSQL allows inserts and
-- updates on a simple view. Therefore queries that create or change rows use the views, and return the columns of the
-- views.

set local role app_definer;

-- Returns whether a client is active. The schedules of an inactive client do not run.
create or replace function app.is_active_client(client_id uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$ select exists (select from clients c where c.id = $1 and c.is_active) $$;
grant execute on function app.is_active_client(uuid) to app_system;

set local role app_owner;

create or replace view app.client_view with (security_invoker = true) as
select id, name, slug, description, logo_url, contact_email, contact_phone, address, tier, is_active, settings,
  created_at, updated_at, event_retention_months, timezone, order_retention_days
from clients;
grant select, insert, update on app.client_view to app_admin;
grant select on app.client_view to app_client;

create or replace view app.site_view with (security_invoker = true) as
select id, client_id, name, domain, status, branding, settings, catalog_id, created_at, updated_at, slug,
  domain_verified_at, guest_orders, max_line_quantity, max_daily_quantity, max_daily_quantity_per_address,
  max_order_amount, max_recipient_mails, cancel_window_minutes, confirm_guest_orders, confirm_within_hours,
  order_page_url, ship_to_countries, ship_to_po_boxes, event_storage
from sites;
grant select, insert, update on app.site_view to app_admin, app_client;
grant select on app.site_view to app_customer, app_anon;

-- Protects the slugs and domains of sites in all statements of callers. The trigger derives the slug from the name of a
-- new site. Only app.verify_site_domain can verify a domain. When the domain changes, the verification ends.
create or replace function app.protect_site_names() returns trigger
language plpgsql set search_path = pg_catalog, app, pg_temp
as $$
declare
  is_caller constant boolean := current_user in ('app_admin', 'app_client');
  label text;
begin
  if tg_op = 'INSERT' then
    if is_caller then
      label := trim(both '-' from regexp_replace(lower(new.name), '[^a-z0-9]+', '-', 'g'));
      label := trim(both '-' from left(label, 40));
      new.slug := coalesce(nullif(label, ''), 'shop') || '-' || app.slug_suffix();
      new.domain_token := replace(gen_random_uuid()::text, '-', '');
      new.domain_verified_at := null;
    end if;
    return new;
  end if;
  if is_caller and (new.slug, new.domain_token, new.domain_verified_at)
      is distinct from (old.slug, old.domain_token, old.domain_verified_at) then
    raise exception 'a caller must not change the slug or the verification of a site'
      using errcode = 'insufficient_privilege';
  end if;
  if new.domain is distinct from old.domain and new.domain_verified_at is not distinct from old.domain_verified_at then
    new.domain_verified_at := null;
  end if;
  return new;
end
$$;

create or replace trigger protect_names before insert or update on sites
  for each row execute function app.protect_site_names();

set local role app_definer;

-- Records that the DNS record of a domain contains the site. Returns false if the caller may not write for the client
-- of the site, or if the site no longer claims the domain. If another site has verified the domain before, that site
-- keeps its claim and loses the verification, because the DNS record shows which client controls the domain now.
--
-- The database cannot query DNS. Therefore only the login of workers may call this function, and the Lambda function
-- that serves the route uses this login. Injected SQL in any other Lambda function of the API cannot verify a domain.
create or replace function app.verify_site_domain(site uuid, domain text) returns boolean
language plpgsql security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if session_user <> 'wc_worker' then
    raise exception 'this login must not verify a domain' using errcode = 'insufficient_privilege';
  end if;
  -- If two sites verify the same domain at the same time, the second transaction waits here for the first one.
  perform pg_advisory_xact_lock(hashtextextended('domain ' || $2, 0));
  if not exists (
    select from sites s
    where s.id = $1 and s.domain = $2 and (app.admin_role() is not null or s.client_id = any (app.editor_ids()))
  ) then
    return false;
  end if;
  update sites s set domain_verified_at = null
    where s.domain = $2 and s.id <> $1 and s.domain_verified_at is not null;
  update sites s set domain_verified_at = now()
    where s.id = $1 and s.domain = $2 and s.domain_verified_at is null;
  return true;
end
$$;
grant execute on function app.verify_site_domain(uuid, text) to app_admin, app_client;
