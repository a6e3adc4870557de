-- name: get_storefront^
-- The site that is visited: row-level security shows no other.
select id, name, domain, branding, catalog_id,
  case when jsonb_typeof(settings -> 'public') = 'object' then settings -> 'public' else '{}' end as settings
from sites
where id = app.site_id();

-- name: list_products
-- One page of what the site shows, after the cursor, in the order asked for; with `q`, of names that contain it.
with ids as materialized (
  select id, n
  from app.list_products(:catalog_id, :category, :brand, :price_min, :price_max, null, null, :sort,
    :after_key, :after_id, :limit + 1) with ordinality as listed (id, n)
  where :q::text is null
  union all
  select id, n
  from app.search_products(:catalog_id, :q, :category, :brand, :price_min, :price_max, null, null, :sort,
    :after_key, :after_id, :limit + 1) with ordinality as found (id, n)
  where :q::text is not null
)
select
  (select to_json(shown) from (select id, sku, name, description, category, brand, price::text as price, currency, images, attributes,
    inventory_count > 0 as in_stock) shown)::text as item,
  case trim(leading '-' from :sort) when 'name' then name when 'price' then price::text else created_at::text end
    as after_key,
  id as after_id
from ids join products using (id)
order by n;

-- name: count_facets$
-- How many products each category and brand has, under the other filters.
select app.storefront_facets(:q, :category, :brand, :price_min, :price_max, 100)::text;

-- name: get_product^
-- The product, when the site shows it.
select id, sku, name, description, category, brand, price::text, currency, images, attributes,
  inventory_count > 0 as in_stock
from products
where id = :product_id;
