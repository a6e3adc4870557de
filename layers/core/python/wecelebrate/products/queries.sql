-- name: list_products
-- One page of a catalog after the cursor, in the order asked for; with `q`, of names that contain it.
select to_json(shown)::text as item,
  case trim(leading '-' from :sort) when 'name' then page.name when 'price' then page.price::text
    else page.created_at::text end as after_key,
  page.id as after_id
from app.products_page(:catalog_id, :q, :category, :brand, :price_min, :price_max, :is_active, :updated_since, :sort,
    :after_key, :after_id, :limit + 1) with ordinality as page
  cross join lateral (
    select page.id, page.catalog_id, page.sku, page.name, page.description, page.category, page.brand,
      page.price::text as price, page.currency, page.images,
      app.shown_media(page.media, :shown_at) as media, page.attributes, page.inventory_count,
      page.is_active, page.created_at, page.updated_at
  ) shown
order by page.ordinality;

-- name: sees_catalog$
-- Whether the caller may see a catalog.
select exists (select from catalogs where id = :catalog_id);

-- name: get_product^
-- The product, when the caller may see it.
select id, catalog_id, sku, name, description, category, brand, price::text, currency, images,
  app.shown_media(media, :shown_at) as media, attributes, inventory_count, is_active, created_at, updated_at
from products
where id = :product_id;

-- name: create_product^
insert into products (catalog_id, sku, name, description, category, brand, price, currency, images, media, attributes,
  inventory_count, is_active)
values (:catalog_id, :sku, :name, :description, :category, :brand, :price, :currency, :images,
  app.media_of(:catalog_id, :images), :attributes, :inventory_count, :is_active)
returning id, catalog_id, sku, name, description, category, brand, price::text, currency, images,
  app.shown_media(media, :shown_at) as media, attributes, inventory_count, is_active, created_at, updated_at;

-- name: change_product^
-- Replaces the columns that `changes` names, or merges it into them (RFC 7396); no row when the caller may not, or when it changed
-- after it was `seen`.
update products old
set (sku, name, description, category, brand, price, currency, images, attributes, inventory_count, is_active) = (
  select sku, name, description, category, brand, price, currency, images, attributes, inventory_count, is_active
  from jsonb_populate_record(null::products, case when :replace
    then to_jsonb(old) || :changes::jsonb else app.merge_patch(to_jsonb(old), :changes::jsonb) end))
where id = :product_id and (:seen::timestamptz is null or updated_at = :seen)
returning id, catalog_id, sku, name, description, category, brand, price::text, currency, images,
  app.shown_media(media, :shown_at) as media, attributes, inventory_count, is_active, created_at, updated_at;

-- name: get_stock_keeper^
-- Whose products they are, and what they say is little.
select owner_client_id, low_inventory from catalogs where id = :catalog_id;

-- name: fell_low$
-- Whether there was more than little before, and is no more than that left.
select exists (select from catalogs where id = :catalog_id and low_inventory < :before and low_inventory >= :left);
