-- The facets of a storefront: the numbers of products by category and by brand, and the range of prices.
--
-- If no other field has a filter, the numbers come from facet_counts and facet_deltas (see tables/0042), and the range
-- of prices comes from two entries of an index. Otherwise a facet is computed from the products. All functions run as
-- app_definer, because a search is fast only without policies. Therefore the SQL of these functions must restrict the
-- rows to the products of the current site.

set local role app_definer;

-- Returns the values of a facet with the most active products, at most `max_values`, as [{"value": …, "count": …}, …].
-- Products that the site excludes do not count. Values with the same number of products are sorted by name.
--
-- Folding a name takes up to a millisecond. Therefore at most 3 × `max_values` values are folded. If more values have
-- the same number of products, the values with the lowest code points are chosen.
create or replace function app.count_facet(catalog uuid, site uuid, facet text, max_values integer) returns jsonb
language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce(jsonb_agg(first order by count desc, app.fold(value) collate "C", value), '[]')
  from (
    select value, count
    from (
      select value, sum(products)::bigint as count
      from (
        select c.value, c.products from facet_counts c where c.catalog_id = $1 and c.facet = $3
        union all
        select d.value, d.products from facet_deltas d where d.catalog_id = $1 and d.facet = $3
        union all
        select f.value, -1
        from site_product_exclusions x
          join products p on p.id = x.product_id and p.catalog_id = $1 and p.is_active
          cross join lateral (select case $3 when 'category' then p.category else p.brand end) f (value)
        where x.site_id = $2 and f.value is not null
      ) counted
      group by value having sum(products) > 0
      order by 2 desc, value collate "C" limit 3 * $4
    ) most
    order by count desc, app.fold(value) collate "C", value limit $4
  ) first
$$;

-- Returns the lowest and the highest price of the products that a site shows, as {"min": …, "max": …}.
create or replace function app.shown_prices(catalog uuid, site uuid) returns jsonb
language plpgsql stable set search_path = pg_catalog, public, pg_temp
as $$
declare
  prices jsonb;
begin
  -- (select $1) hides the id from the planner, as in app.product_query.
  execute format($sql$
    select jsonb_build_object(
      'min', (select price::text from public.products where catalog_id = (select $1) %1$s
              order by products.price, id limit 1),
      'max', (select price::text from public.products where catalog_id = (select $1) %1$s
              order by products.price desc, id desc limit 1))
    $sql$, app.storefront_condition(site)) into prices using catalog;
  return prices;
end
$$;

-- Returns the facets of the products that a site shows and that match `conditions`. `conditions` is SQL for the table
-- products, with the parameters of app.product_facets. A facet applies the filters on other fields, but not the filter
-- on its own field. The values are chosen as in app.count_facet.
create or replace function app.live_facets(
  catalog uuid, conditions text, patterns text[], category text, brand text, price_min numeric, price_max numeric,
  max_values integer, sku text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, public, pg_temp
as $$
declare
  facets jsonb;
begin
  execute format($sql$
    with shown as materialized (
      -- All three facets are computed from these few groups. Without the groups, every row would be stored once and
      -- read three times.
      select groups.*, ($2 is null or category = $2) as in_category, ($3 is null or brand = $3) as in_brand
      from (
        select category, brand, ($4 is null or price >= $4) and ($5 is null or price <= $5) as in_price,
          count(*) as products, min(price) as price_min, max(price) as price_max
        from public.products where catalog_id = (select $8) %s
        group by 1, 2, 3) groups
    ), categories as (
      select * from (
        select category as value, sum(products)::bigint as count from shown
        where in_brand and in_price and category is not null
        group by 1 order by 2 desc, category collate "C" limit 3 * $6) most
      order by count desc, app.fold(value) collate "C", value limit $6
    ), brands as (
      select * from (
        select brand as value, sum(products)::bigint as count from shown
        where in_category and in_price and brand is not null
        group by 1 order by 2 desc, brand collate "C" limit 3 * $6) most
      order by count desc, app.fold(value) collate "C", value limit $6
    )
    select jsonb_build_object(
      'category', (select coalesce(jsonb_agg(categories order by count desc, app.fold(value) collate "C", value), '[]')
                   from categories),
      'brand', (select coalesce(jsonb_agg(brands order by count desc, app.fold(value) collate "C", value), '[]')
                from brands),
      'price', (select jsonb_build_object('min', min(price_min)::text, 'max', max(price_max)::text) from shown
                where in_category and in_brand))
    $sql$, conditions)
  into facets
  using patterns, category, brand, price_min, price_max, max_values, sku, catalog;
  return facets;
end
$$;

-- Returns the facets of the current site: the number of products of each category and of each brand, and the range of
-- prices. A facet applies the filters on other fields, but not the filter on its own field. Values with more products
-- come first. Values with the same number of products are sorted by name. Each facet has at most `max_values` values.
-- Returns null for a caller without a site.
create or replace function app.product_facets(
  search text, sku text, category text, brand text, price_min numeric, price_max numeric, max_values integer,
  stock text[])
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  site constant uuid := app.site_id();
  catalog constant uuid := (app.catalog_ids())[1];
  patterns constant text[] := app.search_patterns(search);
  row_conditions constant text :=
    case when search is not null then app.search_condition(cardinality(patterns), '$1') else '' end
    || case when sku is not null then ' and sku = $7' else '' end || app.stock_condition(stock);
  has_price constant boolean := price_min is not null or price_max is not null;
  -- Each constant is true if no field has a filter, or only the field of its own facet.
  counts_categories constant boolean := row_conditions = '' and brand is null and not has_price;
  counts_brands constant boolean := row_conditions = '' and category is null and not has_price;
  counts_prices constant boolean := row_conditions = '' and category is null and brand is null;
  facets jsonb := '{}';
  currency constant text := app.storefront_currency();
  pricing constant jsonb := app.storefront_pricing();
  prices jsonb;
begin
  if site is null then
    return null;
  end if;
  if pricing is not null then  -- the limits are selling prices, and the products have base prices
    price_min := app.lowest_base_price(price_min, false, pricing);
    price_max := app.lowest_base_price(price_max, true, pricing) - 0.001;
  end if;
  if not (counts_categories and counts_brands and counts_prices) then
    -- If one facet comes from the stored counts, the other facets need only products that match the filter on its
    -- field.
    facets := app.live_facets(catalog, app.storefront_condition(site) || row_conditions || case
      when category is not null and brand is not null and has_price then ''
      when category is not null and brand is not null then ' and (category = $2 or brand = $3)'
      when counts_categories then ' and category = $2'
      when counts_brands then ' and brand = $3'
      else '' end, patterns, category, brand, price_min, price_max, max_values, sku);
  end if;
  if counts_categories then
    facets := facets || jsonb_build_object('category', app.count_facet(catalog, site, 'category', max_values));
  end if;
  if counts_brands then
    facets := facets || jsonb_build_object('brand', app.count_facet(catalog, site, 'brand', max_values));
  end if;
  if counts_prices then
    facets := facets || jsonb_build_object('price', app.shown_prices(catalog, site));
  end if;
  -- Prices in several currencies have no range.
  prices := case when currency is null then '{"min": null, "max": null}' else facets -> 'price' end;
  return jsonb_set(facets, '{price}', jsonb_build_object('currency', currency,
    'min', app.selling_price((prices ->> 'min')::numeric, pricing)::text,
    'max', app.selling_price((prices ->> 'max')::numeric, pricing)::text));
end
$$;
grant execute on function app.product_facets(text, text, text, text, numeric, numeric, integer, text[])
  to app_customer, app_anon;

-- A function of the previous release. The next release drops it.
create or replace function app.storefront_facets(
  search text, category text, brand text, price_min numeric, price_max numeric, max_values integer)
returns jsonb
language sql stable set search_path = pg_catalog, public, pg_temp
as $$ select app.product_facets(search, null, category, brand, price_min, price_max, max_values, null) $$;
grant execute on function app.storefront_facets(text, text, text, numeric, numeric, integer) to app_customer, app_anon;

-- Moves the oldest deltas, at most `max_rows`, into facet_counts, and returns the number of these deltas. If the number
-- is smaller than `max_rows`, no delta is left. Concurrent calls get different deltas. All calls update counts in the
-- order of the primary key. Therefore a call can wait for another call, but calls cannot deadlock.
create or replace function app.rollup_facet_deltas(max_rows integer default 10000) returns integer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  moved_rows integer;
  empty facet_counts[];
begin
  if coalesce(max_rows, 0) not between 1 and 100000 then
    raise exception 'max_rows must be between 1 and 100000, not %', max_rows using errcode = 'invalid_parameter_value';
  end if;
  with batch as (
    select id from facet_deltas order by id limit max_rows for update skip locked
  ), moved as (
    delete from facet_deltas d using batch where d.id = batch.id returning d.*
  ), counts as (
    insert into facet_counts as c (catalog_id, facet, value, products)
    select catalog_id, facet, value, sum(products) from moved group by 1, 2, 3 order by 1, 2, 3
    on conflict (catalog_id, facet, value) do update set products = c.products + excluded.products
    returning c
  )
  select (select count(*) from moved), array(select c from counts where (c).products = 0) into moved_rows, empty;
  -- This transaction has locked these rows, so the delete waits for no other transaction.
  delete from facet_counts c using unnest(empty) e
  where (c.catalog_id, c.facet, c.value) = (e.catalog_id, e.facet, e.value);
  return moved_rows;
end
$$;
grant execute on function app.rollup_facet_deltas(integer) to app_system;
