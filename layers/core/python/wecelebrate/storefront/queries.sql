-- name: get_storefront^
-- Get the current site. Row-level security hides all other sites.
select id, name, branding, catalog_id,
  case when domain_verified_at is not null then domain else slug || '.' || :platform_domain end as domain,
  case when jsonb_typeof(settings -> 'public') = 'object' then settings -> 'public' else '{}' end as settings,
  guest_orders, max_line_quantity, max_daily_quantity, max_daily_quantity_per_address, max_order_amount,
  cancel_window_minutes, confirm_guest_orders, ship_to_countries, ship_to_po_boxes, event_storage
from sites
where id = (select app.site_id());

-- name: get_currency$
-- Get the currency of the site's prices.
select app.storefront_currency();

-- name: list_products
-- List one page of the site's products after the cursor, in the requested order and with their selling prices. If `q`
-- is not null, list only products whose name or SKU contains every word of `q`. If the list would compare prices in
-- several currencies, it returns no row.
select to_json(product)::text as item,
  case trim(leading '-' from :sort) when 'name' then page.folded_name when 'price' then page.price::text
    else page.created_at::text end as after_key,
  page.id as after_id
from app.list_priced_products(app.storefront_pricing(), app.comparable_catalog(:catalog_id, :price_min, :price_max,
    :sort), :q, :sku, :category, :brand, :price_min, :price_max, null, null, :sort, :after_key, :after_id, :limit + 1,
    :stock) with ordinality as page
  cross join lateral (
    select page.id, page.sku, page.name, page.description, page.category, page.brand, page.price::text as price,
      case when page.regular_price > page.price then page.regular_price::text end as regular_price,
      page.offer_ends_at, page.currency, page.images, app.media_with_urls(page.media, :base_url) as media, page.attributes,
      app.is_in_stock(page.inventory_policy, page.inventory_count) as in_stock
  ) product
order by page.ordinality;

-- name: count_facets$
-- Count the products of each category and each brand. The counts of the categories ignore the filter by category, and
-- the counts of the brands ignore the filter by brand.
select app.product_facets(:q, :sku, :category, :brand, :price_min, :price_max, 100, :stock)::text;

-- name: get_product^
-- Get a product that the site shows, with its selling price.
select id, sku, name, description, category, brand, app.selling_price(price, pricing)::text as price,
  case when app.selling_price(regular_price, pricing) > app.selling_price(price, pricing)
    then app.selling_price(regular_price, pricing)::text end as regular_price, offer_ends_at,
  coalesce(pricing ->> 'currency', currency) as currency, images,
  app.media_with_urls(media, :base_url) as media, attributes,
  app.is_in_stock(inventory_policy, inventory_count) as in_stock
from products cross join app.storefront_pricing() pricing
where id = :product_id;
