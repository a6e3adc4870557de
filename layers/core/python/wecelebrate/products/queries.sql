-- name: list_products
-- List one page of a catalog's products after the cursor, in the requested order. If `q` is not null, list only
-- products whose name or SKU contains every word of `q`. If the list would compare prices in several currencies, it
-- returns no row.
select to_json(product)::text as item,
  case trim(leading '-' from :sort) when 'name' then page.folded_name when 'price' then page.price::text
    else page.created_at::text end as after_key,
  page.id as after_id
from app.list_visible_products(app.comparable_catalog(:catalog_id, :price_min, :price_max, :sort), :q, :sku, :category,
    :brand, :price_min, :price_max, :is_active, :updated_since, :sort, :after_key, :after_id, :limit + 1, :stock)
  with ordinality as page
  cross join lateral (
    select page.id, page.catalog_id, page.sku, page.name, page.description, page.category, page.brand,
      coalesce(page.regular_price, page.price)::text as price, page.currency, page.offers,
      case when page.regular_price is not null then page.price::text end as offer_price, page.images,
      app.media_with_urls(page.media, :base_url) as media, page.attributes, page.inventory_count,
      page.inventory_policy, page.is_active, page.created_at, page.updated_at
  ) product
order by page.ordinality;

-- name: get_catalog_currency^
-- Get the currency of a catalog that the caller may see.
select currency from app.catalog_view where id = :catalog_id;

-- name: has_one_currency$
-- Return whether all prices of a catalog have the same currency. If the caller may not read the catalog, return null.
select app.has_one_currency(:catalog_id);

-- name: get_product^
-- Get a product that the caller may see. A client with a grant for the catalog sees a limited stock, and no offers.
select id, catalog_id, sku, name, description, category, brand, coalesce(regular_price, price)::text as price, currency,
  offers, case when regular_price is not null then price::text end as offer_price, images,
  app.media_with_urls(media, :base_url) as media, attributes, inventory_count, inventory_policy, is_active, created_at,
  updated_at
from (
  select * from products where id = :product_id union all select * from app.granted_product(:product_id)
) product;

-- name: get_product_source^
-- Get the source data of a product. It returns no row unless the caller may read it.
select product_id, sku, data from app.product_source(:product_id);

-- name: create_product^
-- Create a product. `price` is the price without an offer.
insert into products (catalog_id, sku, name, description, category, brand, price, currency, offers, images, media,
  attributes, inventory_count, inventory_policy, is_active)
values (:catalog_id, :sku, :name, :description, :category, :brand, app.exact_amount(:price, :currency), :currency,
  :offers, :images, app.product_media(:catalog_id, :images), :attributes, :inventory_count,
  :inventory_policy, :is_active)
returning id, catalog_id, sku, name, description, category, brand, coalesce(regular_price, price)::text as price,
  currency, offers, case when regular_price is not null then price::text end as offer_price, images,
  app.media_with_urls(media, :base_url) as media, attributes, inventory_count, inventory_policy, is_active, created_at,
  updated_at;

-- name: change_product^
-- Change the columns that `changes` names. `price` is the price without an offer. If `replace` is true, `changes`
-- contains the new values of the columns. Otherwise `changes` is a merge patch (RFC 7396). It returns no row if the
-- caller is not allowed to change the product, or if `updated_at` differs from `expected_updated_at`.
update products old
set (sku, name, description, category, brand, price, regular_price, currency, offers, images, attributes,
  inventory_count, inventory_policy, is_active) = (
  select sku, name, description, category, brand, case when old.regular_price is null then exact else old.price end,
    case when old.regular_price is not null then exact end, currency, offers, images, attributes, inventory_count,
    inventory_policy, is_active
  from (select to_jsonb(old) || jsonb_build_object('price', coalesce(old.regular_price, old.price)) as stored) before
    cross join lateral jsonb_populate_record(null::products, case when :replace
      then stored || :changes::jsonb else app.merge_patch(stored, :changes::jsonb) end) after
    -- An earlier release could store a price with too many decimals. Other fields of such a product can still be
    -- changed.
    cross join lateral (select case when (after.price, after.currency) = (coalesce(old.regular_price, old.price),
        old.currency) and after.price <> round(after.price, app.minor_units(after.currency))
      then after.price else app.exact_amount(after.price, after.currency) end as exact) amount)
where id = :product_id and (:expected_updated_at::timestamptz is null or updated_at = :expected_updated_at)
returning id, catalog_id, sku, name, description, category, brand, coalesce(regular_price, price)::text as price,
  currency, offers, case when regular_price is not null then price::text end as offer_price, images,
  app.media_with_urls(media, :base_url) as media, attributes, inventory_count, inventory_policy, is_active, created_at,
  updated_at;

-- name: change_stock$
-- Change the stock of a product by a difference. It returns false if the product is not tracked, or if the caller may
-- not change the product.
select app.change_stock(:product_id, :difference);

-- name: get_product_stock^
-- Explain the stock of a product. It returns no row unless the caller may read it.
select product_id, inventory_policy, inventory_count, stock_means, reported_count, reported_at, held as held_count,
  order_count, orders
from app.product_stock(:product_id, :max_orders);

-- name: get_product_price^
-- Explain the selling price of a product. It returns no row unless the caller may read the price rules.
select e.product_id, e.catalog_id, e.sku, e.base::text, e.base_currency, e.currency, e.status, e.rules,
  e.converted::text, e.marked_up::text, e.increased::text, e.rounded::text, e.lowest::text, e.selling::text,
  p.regular_price::text
from app.product_price(:product_id) e left join products p on p.id = e.product_id;

-- name: apply_due_offers$
-- Start and end the offers of at most `max_products` products that are due at the given time. The default is the
-- current time. It returns the number of changed products.
select app.apply_due_offers(coalesce(:at::timestamptz, now()), :max_products);

-- name: settle_stock_holds$
-- Delete the stock holds of at most `max_products` products that no longer affect a stock. It returns the number of
-- these products.
select app.settle_stock_holds(:max_products);

-- name: get_low_stock_rule^
-- Get the owner and the `low_inventory` of a catalog. If the inventory of a product is not higher, its stock is low.
select owner_client_id, low_inventory from catalogs where id = :catalog_id;

-- name: fell_to_low_stock$
-- Return whether the inventory of a product was above `low_inventory` before, and is now `low_inventory` or less.
select exists (select from catalogs where id = :catalog_id and low_inventory < :before and low_inventory >= :left);

-- name: rollup_facets$
-- Add the oldest deltas of facets to the counts, at most `max_rows` deltas. It returns the number of added deltas. If
-- this number is smaller than `max_rows`, all deltas are added.
select app.rollup_facet_deltas(:max_rows);
