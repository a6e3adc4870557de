-- A search walks a short way along the page's order, then asks an index of its own catalog.
--
-- Of a word that many names have, a page is full after a short walk. Of any other, the index on catalog, category, brand
-- and trigrams finds the few there are. The planner cannot choose: behind a policy it has no statistics of ILIKE.

set local role app_owner;

drop index products_by_name, products_by_category, products_by_brand, products_by_name_trigram;

drop function app.products_page_sql(boolean, boolean, boolean, boolean, boolean, boolean, boolean, text, boolean,
  boolean);

-- SQL of one page, `shown` of its rows in order. Values stay parameters: $1 catalog, $2 search, $3 category, $4 brand, $5 lowest and
-- $6 highest price, $7 active, $8 changed since, $9 key and $10 id of the row before the page, $11 rows, $12 how many
-- rows to look at, in order, when `walk`. `%s` stands where a caller's own predicate goes.
create function app.products_page_sql(
  search boolean, category boolean, brand boolean, price_min boolean, price_max boolean, active boolean,
  updated_since boolean, sort text, after boolean, walk boolean default false, shown text default 'id')
returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
  key text;
  direction text := case when sort like '-%' then 'desc' else 'asc' end;
  ordered text;
  prices text;
  walked text;
  sifted text;
begin
  key := case ltrim(sort, '-') when 'name' then 'name' when 'price' then 'price' when 'created_at' then 'created_at' end;
  if key is null then
    raise exception 'products are not sorted by %', sort using errcode = 'invalid_parameter_value';
  end if;
  ordered := format(' order by %I %s, id %s', key, direction, direction);
  prices := case when price_min then ' and price >= $5' else '' end
    || case when price_max then ' and price <= $6' else '' end;
  -- What an index of this order narrows by itself. (select $1): a planner that sees the id of a new catalog, of which
  -- statistics know nothing, takes any index.
  walked := 'catalog_id = (select $1)'
    || case when category then ' and category = $3' else '' end
    || case when brand then ' and brand = $4' else '' end
    || case when key = 'price' then prices else '' end
    || case when after then format(' and (%I, id) %s ($9%s, $10)', key, case direction when 'asc' then '>' else '<' end,
         case key when 'name' then '' when 'price' then '::numeric' else '::timestamptz' end) else '' end;
  -- What is asked of each row.
  sifted := case when search then ' and name ilike $2' else '' end
    || case when key <> 'price' then prices else '' end
    || case when active then ' and is_active = $7' else '' end
    || case when updated_since then ' and updated_at >= $8' else '' end;
  return case when walk
    then 'select ' || shown || ' from (select * from public.products where ' || walked || ordered || ' limit $12) products where true'
    else 'select ' || shown || ' from public.products where ' || walked end
    || sifted || '%s' || ordered || ' limit $11';
end
$$;
grant execute on function app.products_page_sql(boolean, boolean, boolean, boolean, boolean, boolean, boolean, text,
  boolean, boolean, text) to public;

-- A search after a large sync is as fast as any: what the index has not taken in yet is read whole by each.
create or replace function app.analyze_products() returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  analyze public.products (catalog_id, sku, name, category, brand, price, created_at);
  perform gin_clean_pending_list('public.products_search');
end
$$;

set local role app_definer;

create or replace function app.search_products(
  catalog uuid, search text, category text, brand text, price_min numeric, price_max numeric, active boolean,
  updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer)
returns setof uuid
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
set enable_indexscan = on set enable_indexonlyscan = on
as $$
declare
  page uuid[];
  -- Rows to look at, in order: 5 ms. Only the indexes in the order of names hold what a walk asks of a row.
  walk constant integer := case ltrim(sort, '-') when 'name' then 10000 else 2000 end;
  look integer;
begin
  -- The predicate that row-level security would have added, as each role's policy on products says it.
  if app.admin_role() is null and catalog <> all (app.catalog_ids()) then
    return;
  end if;
  foreach look in array array[walk, null] loop
    if look is null then
      -- Without statistics an index in order looks cheap, and all of it would be read for a word that is rare.
      perform set_config('enable_indexscan', 'off', true), set_config('enable_indexonlyscan', 'off', true);
    end if;
    execute format(
        'select array(' || app.products_page_sql(true, category is not null, brand is not null, price_min is not null,
          price_max is not null, active is not null, updated_since is not null, sort, after_id is not null,
          look is not null) || ')',
        case when app.site_id() is null then '' else
          ' and is_active and not exists (select from public.site_product_exclusions excluded'
          ' where excluded.site_id = (select app.site_id()) and excluded.product_id = products.id)' end)
      into page
      using catalog, app.pattern(search), category, brand, price_min, price_max, active, updated_since, after_key,
        after_id, rows, look;
    exit when cardinality(page) >= rows;
  end loop;
  return query select unnest(page);
end
$$;

set local role app_owner;

-- One page of a catalog's products as the caller sees them, in order; with `search`, of names that contain it.
-- `rows` many at most, after the row that `after_key` and `after_id` name.
create function app.products_page(
  catalog uuid, search text, category text, brand text, price_min numeric, price_max numeric, active boolean,
  updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer)
returns setof public.products
language plpgsql stable set search_path = pg_catalog, public, pg_temp
as $$
begin
  if search is null then
    return query execute format(app.products_page_sql(false, category is not null, brand is not null,
        price_min is not null, price_max is not null, active is not null, updated_since is not null, sort,
        after_id is not null, shown => 'products.*'), '')
      using catalog, null::text, category, brand, price_min, price_max, active, updated_since, after_key, after_id,
        rows;
  else
    -- What is found are ids alone: the rows are read under the caller's policies.
    return query
      select products.*
      from app.search_products(catalog, search, category, brand, price_min, price_max, active, updated_since, sort,
          after_key, after_id, rows) with ordinality as found (id, n)
        join public.products using (id)
      order by n;
  end if;
end
$$;
grant execute on function app.products_page(uuid, text, text, text, numeric, numeric, boolean, timestamptz, text, text,
  uuid, integer) to app_admin, app_support, app_client, app_customer, app_anon;
