-- The stock of products: whether a product is in stock, the conditions of a list, and the functions of the previous
-- release.

set local role app_owner;

-- Returns whether a product is in stock. An untracked product is always in stock. The planner inlines this function.
create or replace function app.is_in_stock(policy text, count integer) returns boolean
language sql immutable parallel safe
return policy = 'untracked' or count > 0;
grant execute on function app.is_in_stock(text, integer) to app_definer, app_customer, app_anon;

-- Returns the sum of the stocks of all places, e.g. warehouses. Returns null if a place does not count its stock.
create or replace function app.total_stock(stock_by_place jsonb) returns integer
language sql immutable parallel safe
return (
  select case when not bool_or(value = 'null') then least(sum((value #>> '{}')::bigint), 2147483647) end
  from jsonb_each(stock_by_place));
grant execute on function app.total_stock(jsonb) to app_admin, app_client;

-- Returns whether at least one of two objects contains several places. The objects map places to stocks.
create or replace function app.has_several_places(stored jsonb, staged jsonb) returns boolean
language sql immutable parallel safe
return (select count(*) from jsonb_object_keys(stored)) > 1 or (select count(*) from jsonb_object_keys(staged)) > 1;
grant execute on function app.has_several_places(jsonb, jsonb) to app_admin, app_client;

-- Makes a product tracked when a statement writes its count, because the previous release writes only the count, and
-- not `inventory_policy`.
create or replace function app.track_counted_product() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  new.inventory_policy := 'tracked';
  return new;
end
$$;

create or replace trigger track_counted_product before insert or update on products for each row
  when (new.inventory_policy = 'untracked' and new.inventory_count > 0)
  execute function app.track_counted_product();

-- Returns the SQL conditions of a list for the values in `stock`: tracked, untracked, in_stock and out_of_stock.
-- Returns an empty text if `stock` is null or empty. The function never returns null, because null would remove all
-- conditions of a search.
create or replace function app.stock_condition(stock text[]) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  word text;
  condition text := '';
begin
  foreach word in array coalesce(stock, '{}') loop
    if word in ('tracked', 'untracked') then
      condition := condition || format(' and inventory_policy = %L', word);
    elsif word in ('in_stock', 'out_of_stock') then
      condition := condition || ' and ' || case word when 'out_of_stock' then 'not ' else '' end
        || '(inventory_policy = ''untracked'' or inventory_count > 0)';
    else
      raise exception '% is not a condition on the stock', word using errcode = 'invalid_parameter_value';
    end if;
  end loop;
  return condition;
end
$$;
grant execute on function app.stock_condition(text[])
  to app_definer, app_admin, app_support, app_client, app_customer, app_anon;

-- Functions that the previous release calls. That release has no filter for the stock. The next release drops these
-- functions.
create or replace function app.list_products(
  catalog uuid, search text, sku text, category text, brand text, price_min numeric, price_max numeric, active boolean,
  updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer)
returns setof public.products
language sql stable set search_path = pg_catalog, public, pg_temp
as $$ select * from app.list_products($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, null) $$;
grant execute on function app.list_products(uuid, text, text, text, text, numeric, numeric, boolean, timestamptz, text,
  text, uuid, integer) to app_definer, app_admin, app_support, app_client, app_customer, app_anon;

create or replace function app.list_visible_products(
  catalog uuid, search text, sku text, category text, brand text, price_min numeric, price_max numeric, active boolean,
  updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer)
returns setof products
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$ select * from app.list_visible_products($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, null) $$;
grant execute on function app.list_visible_products(uuid, text, text, text, text, numeric, numeric, boolean,
  timestamptz, text, text, uuid, integer) to app_admin, app_support, app_client;

set local role app_definer;

create or replace function app.list_granted_products(
  catalog uuid, search text, sku text, category text, brand text, price_min numeric, price_max numeric, active boolean,
  updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer)
returns setof products
language sql stable set search_path = pg_catalog, public, pg_temp
as $$ select * from app.list_granted_products($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, null) $$;
grant execute on function app.list_granted_products(uuid, text, text, text, text, numeric, numeric, boolean,
  timestamptz, text, text, uuid, integer) to app_admin, app_support, app_client;

create or replace function app.find_products(
  catalog uuid, search text, sku text, category text, brand text, price_min numeric, price_max numeric, active boolean,
  updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer)
returns setof uuid
language sql stable set search_path = pg_catalog, public, pg_temp
as $$ select app.find_products($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, null) $$;
grant execute on function app.find_products(uuid, text, text, text, text, numeric, numeric, boolean, timestamptz, text,
  text, uuid, integer) to app_admin, app_support, app_client, app_customer, app_anon;

create or replace function app.product_facets(
  search text, sku text, category text, brand text, price_min numeric, price_max numeric, max_values integer)
returns jsonb
language sql stable set search_path = pg_catalog, public, pg_temp
as $$ select app.product_facets($1, $2, $3, $4, $5, $6, $7, null) $$;
grant execute on function app.product_facets(text, text, text, text, numeric, numeric, integer)
  to app_customer, app_anon;
