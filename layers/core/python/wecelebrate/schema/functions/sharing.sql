-- The catalogs for which a client has a grant, and their products. Row-level security hides the rows of these catalogs
-- and products from the client. These functions run as app_definer, and return only the data that a client needs to
-- sell the products. They return no base prices, no price rules, no offers, no settings, no source data, and no exact
-- stock. The price of a product is its current selling price.

set local role app_definer;

-- The maximum stock that a client with a grant sees. The value 10 means 10 or more.
create or replace function app.max_shown_stock() returns integer
language sql immutable parallel safe
return 10;
grant execute on function app.max_shown_stock() to app_admin, app_support, app_client;

-- Returns the catalogs that the caller may read because of a grant.
create or replace function app.granted_catalog_ids() returns uuid[]
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce(array_agg(c.id), '{}') from catalogs c
  where c.id in (select g.catalog_id from catalog_grants g where g.client_id = any ((select app.client_ids())::uuid[]))
    and (c.owner_client_id = any ((select app.client_ids())::uuid[])) is not true
$$;
grant execute on function app.granted_catalog_ids() to app_admin, app_support, app_client;

-- Returns the catalogs for which the caller has a grant, with their public columns. The other columns are null or
-- empty.
create or replace function app.granted_catalogs() returns setof catalogs
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  c catalogs;
begin
  for c in select * from catalogs where id = any ((select app.granted_catalog_ids())::uuid[]) loop
    c.source := null;
    c.source_config := '{}';
    c.sync_settings := '{}';
    c.currency := coalesce(c.pricing ->> 'currency', c.currency);
    c.pricing_rules := '{}';
    c.pricing := null;
    c.priced_at := null;
    c.low_inventory := null;
    return next c;
  end loop;
end
$$;
grant execute on function app.granted_catalogs() to app_admin, app_support, app_client, app_system;

-- Returns a product in the form that a client with a grant sees. The time of the last change is rounded down to the
-- day, because every order changes a product, and the exact time would reveal each order in another shop. A change of
-- the price rules counts as a change of the product, because it changes the selling price.
create or replace function app.granted_product_row(p products) returns products
language plpgsql stable set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  pricing jsonb;
  priced_at timestamptz;
begin
  select c.pricing, c.priced_at into pricing, priced_at from catalogs c where c.id = p.catalog_id;
  p.price := app.selling_price(p.price, pricing);
  p.currency := coalesce(pricing ->> 'currency', p.currency);
  p.inventory_count := least(p.inventory_count, app.max_shown_stock());
  p.source_data := null;
  p.offers := '[]';
  p.regular_price := null;
  p.offer_ends_at := null;
  p.offer_changes_at := null;
  p.updated_at := greatest(p.created_at, date_trunc('day', greatest(p.updated_at, priced_at), 'UTC'));
  return p;
end
$$;

-- Returns the time that replaces `since` in a list of changed products of a granted catalog. The time is the beginning
-- of the day of `since`. Returns null if the prices of all products have changed since that day.
create or replace function app.granted_changes_since(catalog uuid, since timestamptz) returns timestamptz
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select case when not exists (
    select from catalogs c where c.id = $1 and c.id = any ((select app.granted_catalog_ids())::uuid[])
      and date_trunc('day', c.priced_at, 'UTC') >= date_trunc('day', $2, 'UTC'))
    then date_trunc('day', $2, 'UTC') end
$$;
grant execute on function app.granted_changes_since(uuid, timestamptz) to app_admin, app_support, app_client;

-- Returns the product if the caller has a grant for its catalog.
create or replace function app.granted_product(product_id uuid) returns setof products
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select (app.granted_product_row(p)).* from products p
  where p.id = product_id and p.catalog_id = any ((select app.granted_catalog_ids())::uuid[])
$$;
grant execute on function app.granted_product(uuid) to app_admin, app_support, app_client;

-- Returns one page of a catalog for which the caller has a grant. The function has the same parameters as
-- app.list_products.
create or replace function app.list_granted_products(
  catalog uuid, search text, sku text, category text, brand text, price_min numeric, price_max numeric, active boolean,
  updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer, stock text[])
returns setof products
language plpgsql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  p products;
  pricing constant jsonb := (select c.pricing from catalogs c where c.id = catalog);
begin
  if (catalog = any (app.granted_catalog_ids())) is not true then
    return;
  end if;
  for p in
    select * from app.list_products(catalog, search, sku, category, brand,
      case when pricing is null then price_min else app.lowest_base_price(price_min, false, pricing) end,
      case when pricing is null then price_max else app.lowest_base_price(price_max, true, pricing) - 0.001 end,
      active, app.granted_changes_since(catalog, updated_since), sort,
      app.base_key(after_key, after_id, sort, pricing, catalog), after_id, rows, stock)
  loop
    return next app.granted_product_row(p);
  end loop;
end
$$;
grant execute on function app.list_granted_products(uuid, text, text, text, text, numeric, numeric, boolean,
  timestamptz, text, text, uuid, integer, text[]) to app_admin, app_support, app_client;

-- Returns the products of a granted catalog in a range of SKUs, in the form that the caller sees: the SKUs are after
-- `after`, and not after `last`. A null bound does not limit the range.
create or replace function app.granted_products(catalog uuid, after text, last text) returns setof products
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select (app.granted_product_row(p)).*
  from products p
  where p.catalog_id = $1 and p.catalog_id = any ((select app.granted_catalog_ids())::uuid[])
    and ($2 is null or p.sku > $2) and ($3 is null or p.sku <= $3)
$$;
grant execute on function app.granted_products(uuid, text, text) to app_admin, app_support, app_client;

set local role app_owner;

-- Returns one page of a catalog's products, in the form that the caller sees.
create or replace function app.list_visible_products(
  catalog uuid, search text, sku text, category text, brand text, price_min numeric, price_max numeric, active boolean,
  updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer, stock text[])
returns setof products
language plpgsql stable set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if app.admin_role() is null and (catalog = any (app.granted_catalog_ids())) then
    return query select * from app.list_granted_products($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
      $14);
  else
    return query select * from app.list_products($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
      $14);
  end if;
end
$$;
grant execute on function app.list_visible_products(uuid, text, text, text, text, numeric, numeric, boolean,
  timestamptz, text, text, uuid, integer, text[]) to app_admin, app_support, app_client;

-- The catalogs in the form of the API. A client with a grant sees only the public columns.
create or replace view app.catalog_view with (security_invoker = true) as
select id, owner_client_id, name, type, source, status, source_config, sync_settings, pricing_rules, low_inventory,
  created_at, updated_at, last_sync_at, currency, app.pricing_status(pricing_rules, pricing) as pricing_status
from catalogs
union all
select id, owner_client_id, name, type, source, status, source_config, sync_settings, pricing_rules, low_inventory,
  created_at, updated_at, last_sync_at, currency, null::text
from app.granted_catalogs();
grant select on app.catalog_view to app_admin, app_support, app_client, app_system;

-- A transaction can revoke a grant while another transaction assigns the catalog to a site. The site must not keep the
-- catalog in this case. The two transactions do not see each other, because a policy reads only committed rows.
-- Therefore both transactions lock the grant: the first one before it counts the sites of the client, and the second
-- one before it uses the grant.
--
-- After that, the trigger checks a site again if the API, the restore of a client (app_migrate) or the mirror of the
-- old applications writes the site. The trigger raises the error of a foreign key, because a restore ends at any other
-- error. After this error, the mirror writes the site without the catalog. Normally, kv.lock_grants has locked the
-- grant before the mirror checks it.
create or replace function app.lock_grant_of_site() returns trigger
language plpgsql set search_path = pg_catalog, app, pg_temp
as $$
begin
  if new.catalog_id is null then
    return new;
  end if;
  perform pg_advisory_xact_lock_shared(hashtextextended(format('grant %s %s', new.catalog_id, new.client_id), 0));
  if current_user in ('app_admin', 'app_client', 'app_migrate', 'app_mirror')
    and not app.may_read_catalog(new.client_id, new.catalog_id) then
    if current_user = 'app_mirror' then
      new.catalog_id := null;
    else
      raise exception 'the client of the site cannot read the catalog' using errcode =
        case current_user when 'app_migrate' then 'foreign_key_violation' else 'insufficient_privilege' end;
    end if;
  end if;
  return new;
end
$$;

create or replace function app.lock_deleted_grant() returns trigger
language plpgsql set search_path = pg_catalog, app, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(format('grant %s %s', old.catalog_id, old.client_id), 0));
  return old;
end
$$;

create or replace trigger lock_grant before insert or update of catalog_id, client_id on sites
  for each row execute function app.lock_grant_of_site();
create or replace trigger lock_grant before delete on catalog_grants
  for each row execute function app.lock_deleted_grant();
