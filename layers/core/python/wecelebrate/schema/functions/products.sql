-- Pages, searches and facets of products.
--
-- One function builds the query of a page. Without a search, the query runs as the caller, under row-level security.
-- With a search, row-level security would be slow: LIKE is not leakproof, so under a policy PostgreSQL does not use the
-- trigram index (74 ms instead of 3 ms). Therefore app.find_products runs as app_definer, and its own SQL restricts the
-- rows to the rows that the caller can read. The function returns only ids, and the calling query reads the rows under
-- the policies of the caller. The comparison of prices is also not leakproof, so app.find_products also returns the
-- pages that begin at a price. Otherwise each page in price order would read all products of the earlier pages.
--
-- If many products match, the search reads rows in the order of the page until the page is full (the walk). If few
-- products match, the search uses the search index. The planner cannot choose between the walk and the search index,
-- because it has no statistics for LIKE behind a policy. Therefore the search first counts the matches among the 200
-- newest products. The first products in name order would be a worse sample, because they often begin with the same
-- word.

set local role app_owner;

-- Returns the power of ten, from -3 to 3, by which a price changes, e.g. 3 if a price becomes about 1,000 times as
-- high. Returns 0 if the factor is not within 5 % of 10, 100, 1,000, 1/10, 1/100 or 1/1,000. The planner inlines this
-- function.
create or replace function app.price_power(old_price numeric, new_price numeric) returns integer
language sql immutable parallel safe
return case when old_price > 0 and new_price > 0
    and (new_price > old_price * 9 or new_price * 9 < old_price) and new_price < old_price * 1100
    and new_price * 1100 > old_price
    and abs(log(new_price::float8 / old_price::float8) - round(log(new_price::float8 / old_price::float8))) < 0.0212
  then round(log(new_price::float8 / old_price::float8))::integer else 0 end;
grant execute on function app.price_power(numeric, numeric) to app_admin, app_client;

-- Returns LIKE patterns for the words of a search. A product matches if its folded name or SKU contains every word. `%`
-- and `_` in a word are not wildcards. The longest word comes first, because it matches the fewest products. A search
-- without a word, e.g. a single accent, has no pattern.
--
-- Only the first ten words are used, so that a search never evaluates hundreds of patterns. The API refuses more words,
-- but folding can split a character (e.g. U+FDFA) into several words.
create or replace function app.search_patterns(search text) returns text[]
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg('%' || replace(replace(replace(word, '\', '\\'), '%', '\%'), '_', '\_') || '%'
    order by length(word) desc, word), '{}')
  from (
    select word
    from regexp_split_to_table(app.fold(search), '[[:space:]\u0085\u1680\u2028\u2029]+') with ordinality split (word, n)
    where word <> '' group by word order by min(n) limit 10
  ) words
$$;
grant execute on function app.search_patterns(text) to app_definer;

-- Returns the SQL condition that a product matches all patterns. `words` is the number of patterns, and `patterns` is
-- the name of the SQL parameter that contains them. The expression must be the same as in the index products_search. A
-- search without a pattern matches no product.
create or replace function app.search_condition(words integer, patterns text) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  condition text := '';
begin
  for n in 1 .. words loop
    condition := condition || format(' and (folded_name || E''\n'' || folded_sku) like %s[%s]', patterns, n);
  end loop;
  return coalesce(nullif(condition, ''), ' and false');
end
$$;
grant execute on function app.search_condition(integer, text) to app_definer;

-- Returns the SQL that selects the rows of one page, in order. `shown` is the list of selected columns. All values are
-- parameters: $1 is the catalog, $2 the patterns of a search, $3 the category, $4 the brand, $5 the minimum price, $6
-- the maximum price, $7 the value of `is_active`, and $8 the time after which the rows must have changed. $9 and $10
-- are the key and the id of the row before the page, $11 is the number of rows, and $12 the SKU. If `walk` is true, $13
-- is the number of rows to examine in order. `%s` marks the place where the calling function inserts additional
-- conditions.
create or replace function app.product_query(
  sku boolean, category boolean, brand boolean, price_min boolean, price_max boolean, active boolean,
  updated_since boolean, sort text, after boolean, walk boolean default false, shown text default 'id')
returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
  key text;
  direction text := case when sort like '-%' then 'desc' else 'asc' end;
  ordering text;
  price_range text;
  index_conditions text;
  row_conditions text;
begin
  key := case ltrim(sort, '-')
    when 'name' then 'folded_name' when 'price' then 'price' when 'created_at' then 'created_at' end;
  if key is null then
    raise exception 'products cannot be sorted by %', sort using errcode = 'invalid_parameter_value';
  end if;
  ordering := format(' order by %I %s, id %s', key, direction, direction);
  price_range := case when price_min then ' and price >= $5' else '' end
    || case when price_max then ' and price <= $6' else '' end;
  -- Conditions that an index in this order can evaluate. `(select $1)` hides the id from the planner. Otherwise the
  -- planner could choose a wrong index for a new catalog, because the statistics do not contain it yet.
  index_conditions := 'catalog_id = (select $1)'
    || case when sku then ' and sku = $12' else '' end
    || case when category then ' and category = $3' else '' end
    || case when brand then ' and brand = $4' else '' end
    || case when key = 'price' then price_range else '' end
    || case when after then format(' and (%I, id) %s ($9%s, $10)', key, case direction when 'asc' then '>' else '<' end,
         case key when 'folded_name' then '' when 'price' then '::numeric' else '::timestamptz' end) else '' end;
  -- Conditions that are evaluated for each row.
  row_conditions := case when key <> 'price' then price_range else '' end
    || case when active then ' and is_active = $7' else '' end
    || case when updated_since then ' and updated_at >= $8' else '' end;
  return case when walk
    then 'select ' || shown || ' from (select * from public.products where ' || index_conditions || ordering
      || ' limit $13) products where true'
    else 'select ' || shown || ' from public.products where ' || index_conditions end
    || row_conditions || '%s' || ordering || ' limit $11';
end
$$;
grant execute on function app.product_query(boolean, boolean, boolean, boolean, boolean, boolean, boolean, text,
  boolean, boolean, text) to public;

-- Returns the number of rows that the walk of a search examines, or null if the search index is faster. `matching` is
-- the number of matching rows among `sample` rows. The walk examines twice as many rows as it probably needs to find
-- `rows` matches. In name order, it examines at most 10,000 rows, which takes 6 ms. In other orders, it examines at
-- most 2,000 rows, which takes 3 ms, because only the indexes in name order contain all columns that the walk needs.
create or replace function app.walk_length(matching bigint, sample integer, rows integer, sort text) returns integer
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  max_rows constant integer := case ltrim(sort, '-') when 'name' then 10000 else 2000 end;
begin
  if matching * max_rows >= rows::bigint * sample then
    return least(max_rows, greatest(2000, 2 * rows::bigint * sample / matching));
  end if;
  return null;
end
$$;
grant execute on function app.walk_length(bigint, integer, integer, text) to app_definer;

set local role app_definer;

-- Returns the SQL condition that a site shows a product. Returns an empty text if `site` is null. The function adds the
-- condition for exclusions only if the site has an exclusion. Most sites have none, and this check takes less time than
-- planning the condition.
create or replace function app.storefront_condition(site uuid) returns text
language plpgsql stable set search_path = pg_catalog, public, pg_temp
as $$
begin
  return case
    when site is null then ''
    when exists (select from site_product_exclusions excluded where excluded.site_id = site)
      then format(' and is_active and not exists (select from public.site_product_exclusions excluded'
        ' where excluded.site_id = %L and excluded.product_id = products.id)', site)
    else ' and is_active' end;
end
$$;

-- Returns the ids of one page of a search, in order. Without a search, a page can contain all products.
create or replace function app.find_products(
  catalog uuid, search text, sku text, category text, brand text, price_min numeric, price_max numeric, active boolean,
  updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer, stock text[])
returns setof uuid
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
set enable_indexscan = on set enable_indexonlyscan = on set enable_seqscan = on
as $$
declare
  site constant uuid := app.site_id();
  patterns constant text[] := app.search_patterns(search);
  conditions constant text := case when search is not null then app.search_condition(cardinality(patterns), '$2')
    else '' end || app.storefront_condition(site) || app.stock_condition(stock);
  matching integer;
  walk integer;
  page uuid[];
begin
  -- This check replaces row-level security. It must match the policies on products for each role.
  if catalog <> all (app.catalog_ids()) and app.admin_role() is null then
    return;
  end if;
  -- A client with a grant must not learn the exact time of a change (see functions/sharing.sql).
  if updated_since is not null and catalog <> all (app.owned_catalog_ids()) and app.admin_role() is null then
    updated_since := app.granted_changes_since(catalog, updated_since);
  end if;
  if sku is not null or search is null then
    walk := case when search is not null then 1 end;  -- a catalog has an SKU only once
  elsif category is not null or brand is not null then
    walk := 2000;  -- a sample of other products would say little
  else
    -- Count the matches in a sample of 200 rows. PostgreSQL keeps the plan of this query, because its text is constant.
    -- The sample ignores exclusions: it is only an estimate.
    select count(*) into matching
    from (
      select * from products where catalog_id = (select catalog) order by created_at desc, id desc limit 200) newest
    where (folded_name || E'\n' || folded_sku) like all (patterns) and (site is null or is_active)
      and (active is null or is_active = active) and (price_min is null or price >= price_min)
      and (price_max is null or price <= price_max) and (updated_since is null or updated_at >= updated_since);
    walk := app.walk_length(matching, 200, rows, sort);
  end if;
  loop
    if walk is null then
      -- A sequential scan would read the products of all catalogs.
      perform set_config('enable_seqscan', 'off', true);
      if length(patterns[1]) >= 5 then
        -- Without statistics, the planner would choose an index in the order of the page, and would read the whole
        -- index for a rare word. A word of one or two characters has no trigram, so only such an index can find it.
        perform set_config('enable_indexscan', 'off', true), set_config('enable_indexonlyscan', 'off', true);
      end if;
    end if;
    execute format('select array(' || app.product_query(sku is not null, category is not null, brand is not null,
        price_min is not null, price_max is not null, active is not null, updated_since is not null, sort,
        after_id is not null, walk is not null) || ')', conditions) into page
      using catalog, patterns, category, brand, price_min, price_max, active, updated_since, after_key, after_id, rows,
        sku, walk;
    exit when walk is null or cardinality(page) >= rows or sku is not null;
    walk := null;
  end loop;
  return query select unnest(page);
end
$$;
grant execute on function app.find_products(uuid, text, text, text, text, numeric, numeric, boolean, timestamptz, text,
  text, uuid, integer, text[]) to app_admin, app_support, app_client, app_customer, app_anon;

set local role app_owner;

-- Returns one page of a catalog's products, in order. Products that the caller cannot see are left out. With `search`,
-- the page contains only products whose name or SKU contains every word. The page has up to `rows` products, and starts
-- after the row with the key `after_key` and the id `after_id`. In name order, the key is the folded name. `stock`
-- contains conditions on the stock (see app.stock_condition).
create or replace function app.list_products(
  catalog uuid, search text, sku text, category text, brand text, price_min numeric, price_max numeric, active boolean,
  updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer, stock text[])
returns setof public.products
language plpgsql stable set search_path = pg_catalog, public, pg_temp
as $$
begin
  if search is null and (ltrim(sort, '-') <> 'price' or coalesce(after_id::text, price_min::text, price_max::text)
      is null) then
    return query execute format(app.product_query(sku is not null, category is not null, brand is not null,
        price_min is not null, price_max is not null, active is not null, updated_since is not null, sort,
        after_id is not null, shown => 'products.*'), app.stock_condition(stock))
      using catalog, null::text, category, brand, price_min, price_max, active, updated_since, after_key, after_id,
        rows, sku;
  else
    -- app.find_products returns only ids. This query reads the rows under the policies of the caller.
    return query
      select products.*
      from app.find_products(catalog, search, sku, category, brand, price_min, price_max, active, updated_since, sort,
          after_key, after_id, rows, stock) with ordinality as matches (id, n)
        join public.products using (id)
      order by n;
  end if;
end
$$;
grant execute on function app.list_products(uuid, text, text, text, text, numeric, numeric, boolean, timestamptz, text,
  text, uuid, integer, text[]) to app_definer, app_admin, app_support, app_client, app_customer, app_anon;

-- Functions that the previous release calls. In the cursors of that release, the key in name order is the name of a
-- product. The next release drops these functions, app.products_page_sql and app.like_pattern.
create or replace function app.products_page(
  catalog uuid, search text, category text, brand text, price_min numeric, price_max numeric, active boolean,
  updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer)
returns setof public.products
language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select * from app.list_products(catalog, search, null, category, brand, price_min, price_max, active, updated_since,
    sort, case ltrim(sort, '-') when 'name' then app.fold(after_key, 1000) else after_key end, after_id, rows, null)
$$;
grant execute on function app.products_page(uuid, text, text, text, numeric, numeric, boolean, timestamptz, text, text,
  uuid, integer) to app_admin, app_support, app_client, app_customer, app_anon;

set local role app_definer;

create or replace function app.search_products(
  catalog uuid, search text, category text, brand text, price_min numeric, price_max numeric, active boolean,
  updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer)
returns setof uuid
language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select app.find_products(catalog, search, null, category, brand, price_min, price_max, active, updated_since, sort,
    case ltrim(sort, '-') when 'name' then app.fold(after_key, 1000) else after_key end, after_id, rows, null)
$$;
grant execute on function app.search_products(uuid, text, text, text, numeric, numeric, boolean, timestamptz, text,
  text, uuid, integer) to app_admin, app_support, app_client, app_customer, app_anon;

set local role app_owner;

-- Updates the planner's statistics of products after a large sync. Without new statistics, the planner reads and sorts
-- a whole new catalog for a page (60 ms instead of 2 ms at 100,000 products). Autovacuum can take minutes to update the
-- statistics.
--
-- The function also merges the pending list of the search index. Otherwise every search would read this list
-- completely.
--
-- Only the owner of a table may analyze the table. Therefore the function belongs to the owner. It is harmless, because
-- it reads no row and returns no row.
create or replace function app.analyze_products() returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  analyze public.products (catalog_id, sku, folded_name, category, brand, price, created_at);
  perform gin_clean_pending_list('public.products_search');
end
$$;
grant execute on function app.analyze_products() to app_system;

set local role app_definer;

-- Moves the source data of a product into the table product_sources. The previous release writes the source data into
-- the column products.source_data, which every role that sees the product can read. The next release drops the column
-- and this function.
create or replace function app.move_source_data() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  insert into product_sources (catalog_id, product_id, data) values (new.catalog_id, new.id, new.source_data)
  on conflict (catalog_id, product_id) do update set data = excluded.data;
  new.source_data := null;
  return new;
end
$$;
grant execute on function app.move_source_data() to app_owner;

-- Deletes the source data of deleted products. There is no foreign key with a cascade, because PostgreSQL would check
-- the key for every new product of a load.
create or replace function app.delete_product_sources() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  delete from product_sources s using before b where s.catalog_id = b.catalog_id and s.product_id = b.id;
  return null;
end
$$;
grant execute on function app.delete_product_sources() to app_owner;

-- Returns the source data of a product: one row to an editor or an owner of the client that owns the catalog, and to an
-- admin of the platform. Returns no row to other callers. `data` is null if the product does not come from a file.
create or replace function app.product_source(product uuid) returns table (product_id uuid, sku text, data jsonb)
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select p.id, p.sku, s.data
  from products p left join product_sources s on s.catalog_id = p.catalog_id and s.product_id = p.id
  where p.id = $1
    and (app.admin_role() in ('super_admin', 'admin')
      or p.catalog_id = any ((select app.writable_catalog_ids())::uuid[]))
$$;
grant execute on function app.product_source(uuid) to app_admin, app_support, app_client;

set local role app_owner;
create or replace trigger move_source_data before insert or update of source_data on products
  for each row when (new.source_data is not null) execute function app.move_source_data();
create or replace trigger delete_sources after delete on products referencing old table as before
  for each statement execute function app.delete_product_sources();
