-- name: list_products
-- One page of a catalog after the cursor, in the order asked for. Without `q` row-level security alone picks the rows;
-- with it the trigram index finds names that contain it, and row-level security reads them.
with ids as materialized (
  select id, n
  from app.list_products(:catalog_id, :category, :brand, :price_min, :price_max, :is_active, :updated_since, :sort,
    :after_key, :after_id, :limit + 1) with ordinality as listed (id, n)
  where :q::text is null
  union all
  select id, n
  from app.search_products(:catalog_id, :q, :category, :brand, :price_min, :price_max, :is_active, :updated_since, :sort,
    :after_key, :after_id, :limit + 1) with ordinality as found (id, n)
  where :q::text is not null
)
select
  (select to_json(shown) from (select id, catalog_id, sku, name, description, category, brand, price::text as price, currency, images,
    attributes, inventory_count, is_active, created_at, updated_at) shown)::text as item,
  case trim(leading '-' from :sort) when 'name' then name when 'price' then price::text else created_at::text end
    as after_key,
  id as after_id
from ids join products using (id)
order by n;

-- name: sees_catalog$
-- Whether the caller may see a catalog.
select exists (select from catalogs where id = :catalog_id);

-- name: get_product^
-- The product, when the caller may see it.
select id, catalog_id, sku, name, description, category, brand, price::text, currency, images, attributes,
  inventory_count, is_active, created_at, updated_at
from products
where id = :product_id;

-- name: create_product^
insert into products (catalog_id, sku, name, description, category, brand, price, currency, images, attributes,
  inventory_count, is_active)
values (:catalog_id, :sku, :name, :description, :category, :brand, :price, :currency, :images, :attributes,
  :inventory_count, :is_active)
returning id, catalog_id, sku, name, description, category, brand, price::text, currency, images, attributes,
  inventory_count, is_active, created_at, updated_at;

-- name: change_product^
-- Replaces the columns that `changes` names, or merges it into them (RFC 7396); no row when the caller may not, or when it changed
-- after it was `seen`.
update products old
set (sku, name, description, category, brand, price, currency, images, attributes, inventory_count, is_active) = (
  select sku, name, description, category, brand, price, currency, images, attributes, inventory_count, is_active
  from jsonb_populate_record(null::products, case when :replace
    then to_jsonb(old) || :changes::jsonb else app.merge_patch(to_jsonb(old), :changes::jsonb) end))
where id = :product_id and (:seen::timestamptz is null or updated_at = :seen)
returning id, catalog_id, sku, name, description, category, brand, price::text, currency, images, attributes,
  inventory_count, is_active, created_at, updated_at;
