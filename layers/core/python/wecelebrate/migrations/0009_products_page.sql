-- Pages of products.
--
-- One builder writes the query of a page; two functions run it. Without a search it runs as the caller, under
-- row-level security. With one it cannot: ILIKE is not leakproof, so under a policy PostgreSQL would not use the
-- trigram index (3 ms become 74). app.search_products therefore runs as app_definer and names the caller's rows
-- itself; what it returns are ids alone, and the query around it reads them under the caller's policies again.

set local role app_owner;

-- SQL of one page, `id` in order. Values stay parameters: $1 catalog, $2 search, $3 category, $4 brand, $5 lowest and
-- $6 highest price, $7 active, $8 changed since, $9 key and $10 id of the row before the page, $11 rows.
create function app.products_page_sql(
  search boolean, category boolean, brand boolean, price_min boolean, price_max boolean, active boolean,
  updated_since boolean, sort text, after boolean)
returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
  key text;
  direction text := case when sort like '-%' then 'desc' else 'asc' end;
begin
  key := case ltrim(sort, '-') when 'name' then 'name' when 'price' then 'price' when 'created_at' then 'created_at' end;
  if key is null then
    raise exception 'products are not sorted by %', sort using errcode = 'invalid_parameter_value';
  end if;
  -- (select $1): a planner that sees the id of a new catalog, of which statistics know nothing, takes any index.
  return 'select id from public.products where catalog_id = (select $1)'
    || case when search then ' and name ilike $2' else '' end
    || case when category then ' and category = $3' else '' end
    || case when brand then ' and brand = $4' else '' end
    || case when price_min then ' and price >= $5' else '' end
    || case when price_max then ' and price <= $6' else '' end
    || case when active then ' and is_active = $7' else '' end
    || case when updated_since then ' and updated_at >= $8' else '' end
    || case when after then format(' and (%I, id) %s ($9%s, $10)', key, case direction when 'asc' then '>' else '<' end,
         case key when 'name' then '' when 'price' then '::numeric' else '::timestamptz' end) else '' end
    || '%s'
    || format(' order by %I %s, id %s limit $11', key, direction, direction);
end
$$;
grant execute on function app.products_page_sql(boolean, boolean, boolean, boolean, boolean, boolean, boolean, text,
  boolean) to public;

-- Text as an ILIKE pattern that finds it anywhere, `%` and `_` for what they are.
create function app.pattern(search text) returns text
language sql immutable parallel safe
as $$ select '%' || replace(replace(replace(search, '\', '\\'), '%', '\%'), '_', '\_') || '%' $$;
grant execute on function app.pattern(text) to app_definer;

create function app.list_products(
  catalog uuid, category text, brand text, price_min numeric, price_max numeric, active boolean,
  updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer)
returns setof uuid
language plpgsql stable set search_path = pg_catalog, public, pg_temp
as $$
begin
  return query execute format(app.products_page_sql(false, category is not null, brand is not null,
      price_min is not null, price_max is not null, active is not null, updated_since is not null, sort,
      after_id is not null), '')
    using catalog, null::text, category, brand, price_min, price_max, active, updated_since, after_key, after_id, rows;
end
$$;

set local role app_definer;

create function app.search_products(
  catalog uuid, search text, category text, brand text, price_min numeric, price_max numeric, active boolean,
  updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer)
returns setof uuid
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  site uuid := app.site_id();
begin
  -- The predicate that row-level security would have added, as each role's policy on products says it.
  if app.admin_role() is null and catalog <> all (app.catalog_ids()) then
    return;
  end if;
  return query execute format(app.products_page_sql(true, category is not null, brand is not null,
      price_min is not null, price_max is not null, active is not null, updated_since is not null, sort,
      after_id is not null),
      case when site is null then '' else
        ' and is_active and not exists (select from public.site_product_exclusions excluded'
        ' where excluded.site_id = (select app.site_id()) and excluded.product_id = products.id)' end)
    using catalog, app.pattern(search), category, brand, price_min, price_max, active, updated_since, after_key, after_id, rows;
end
$$;

grant execute on function app.search_products(uuid, text, text, text, numeric, numeric, boolean, timestamptz, text,
  text, uuid, integer) to app_admin, app_support, app_client, app_customer, app_anon;

set local role app_owner;
grant execute on function app.list_products(uuid, text, text, numeric, numeric, boolean, timestamptz, text,
  text, uuid, integer) to app_admin, app_support, app_client, app_customer, app_anon;

-- What a storefront may be narrowed by: how many products each category and brand has among those that the other
-- filters leave, most first, at most `most` of each; and the range of prices. Runs as app_definer for the sake of the
-- search, so it names the rows of the caller's site itself; a caller without a site counts nothing.
set local role app_definer;

create function app.storefront_facets(
  search text, category text, brand text, price_min numeric, price_max numeric, most integer)
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  facets jsonb;
begin
  if app.site_id() is null then
    return null;
  end if;
  execute format($sql$
    with shown as materialized (
      select p.category, p.brand, p.price, ($2 is null or p.category = $2) as in_category,
        ($3 is null or p.brand = $3) as in_brand,
        ($4 is null or p.price >= $4) and ($5 is null or p.price <= $5) as in_price
      from products p
      where p.catalog_id = any ((select app.catalog_ids())::uuid[]) and p.is_active %s
        and not exists (select from site_product_exclusions x where x.site_id = (select app.site_id()) and x.product_id = p.id)
    ), categories as (
      select category as value, count(*) as count from shown where in_brand and in_price and category is not null
      group by 1 order by 2 desc, 1 limit $6
    ), brands as (
      select brand as value, count(*) as count from shown where in_category and in_price and brand is not null
      group by 1 order by 2 desc, 1 limit $6
    )
    select jsonb_build_object(
      'category', (select coalesce(jsonb_agg(categories order by count desc, value), '[]') from categories),
      'brand', (select coalesce(jsonb_agg(brands order by count desc, value), '[]') from brands),
      'price', (select jsonb_build_object('min', min(price)::text, 'max', max(price)::text) from shown
                where in_category and in_brand))
    $sql$, case when search is not null then 'and p.name ilike $1' else '' end)
  into facets
  using app.pattern(search), category, brand, price_min, price_max, most;
  return facets;
end
$$;
grant execute on function app.storefront_facets(text, text, text, numeric, numeric, integer) to app_customer, app_anon;
