-- name: list_sites
-- List one page of sites after the cursor, sorted by name. A filter that is null matches every row.
select to_json(site)::text as item, page.folded_name as after_folded_name, page.id as after_id
from (
  select *
  from sites
  where (:client_id::uuid is null or client_id = :client_id)
    and (:status::text is null or status = :status)
    and (:after_id::uuid is null or (folded_name, id) > (:after_folded_name, :after_id::uuid))
  order by folded_name, id
  limit :limit + 1
) page cross join lateral (
  select page.id, page.client_id, page.name, page.domain, page.status, page.branding, page.settings, page.catalog_id,
    page.created_at, page.updated_at, page.slug, page.domain_verified_at, page.guest_orders, page.max_line_quantity,
    page.max_daily_quantity, page.max_daily_quantity_per_address,
    trim_scale(page.max_order_amount)::text as max_order_amount, page.max_recipient_mails, page.cancel_window_minutes,
    page.confirm_guest_orders, page.confirm_within_hours, page.order_page_url,
    page.ship_to_countries, page.ship_to_po_boxes, page.event_storage
) site
order by page.folded_name, page.id;

-- name: get_site^
-- Get a site that the caller may see.
select * from app.site_view where id = :site_id;

-- name: get_domain_token$
-- Get the token that the TXT record of a site's domain must contain.
select domain_token from sites where id = :site_id;

-- name: lock_verification$
-- Lock the verification of domains for a client until the transaction ends. If another transaction has already locked
-- it, return false.
select pg_try_advisory_xact_lock(hashtextextended('verify domain ' || :client_id, 0));

-- name: verify_domain$
-- Record that a site has verified its domain. It returns false if the caller may not change the site, or if the site no
-- longer has this domain.
select app.verify_site_domain(:site_id, :domain);

-- name: count_sites$
-- Count the sites of a client that the caller may see.
select count(*)::integer from sites where client_id = :client_id;

-- name: create_site^
-- Create a site.
insert into app.site_view (client_id, name, domain, status, branding, settings, catalog_id, guest_orders,
  max_line_quantity, max_daily_quantity, max_daily_quantity_per_address, max_order_amount, max_recipient_mails,
  cancel_window_minutes, confirm_guest_orders, confirm_within_hours, order_page_url, ship_to_countries, ship_to_po_boxes,
  event_storage)
values (:client_id, :name, :domain, :status, :branding, :settings, :catalog_id, :guest_orders,
  :max_line_quantity, :max_daily_quantity, :max_daily_quantity_per_address, :max_order_amount, :max_recipient_mails,
  :cancel_window_minutes, :confirm_guest_orders, :confirm_within_hours, :order_page_url,
  :ship_to_countries, :ship_to_po_boxes, :event_storage)
returning *;

-- name: change_site^
-- Change the columns that `changes` names. If `replace` is true, `changes` contains the new values of the columns.
-- Otherwise `changes` is a merge patch (RFC 7396). It returns no row if the caller may not change the site, or if
-- `updated_at` differs from `expected_updated_at`.
update app.site_view old
set (name, domain, status, branding, settings, catalog_id, guest_orders, max_line_quantity, max_daily_quantity,
  max_daily_quantity_per_address, max_order_amount, max_recipient_mails, cancel_window_minutes, confirm_guest_orders,
  confirm_within_hours, order_page_url, ship_to_countries, ship_to_po_boxes, event_storage) = (
  select name, domain, status, branding, settings, catalog_id, guest_orders, max_line_quantity, max_daily_quantity,
    max_daily_quantity_per_address, max_order_amount, max_recipient_mails, cancel_window_minutes, confirm_guest_orders,
    confirm_within_hours, order_page_url, ship_to_countries, ship_to_po_boxes, event_storage
  from jsonb_populate_record(null::sites, case when :replace
    then to_jsonb(old) || :changes::jsonb else app.merge_patch(to_jsonb(old), :changes::jsonb) end))
where id = :site_id and (:expected_updated_at::timestamptz is null or updated_at = :expected_updated_at)
returning *;

-- name: may_read_catalog$
-- Return whether the sites of a client may show a catalog: the client owns the catalog or has a grant for it.
select app.may_read_catalog(:client_id, :catalog_id);

-- name: may_exclude_product$
-- Return whether the client of the site may read the catalog of the product.
select app.may_read_product(:client_id, :product_id);

-- name: list_exclusions
-- List one page of a site's exclusions after the cursor, sorted by the ids of the products.
select to_json(rows)::text as item, product_id as after_id
from (
  select site_id, product_id, reason, created_at
  from site_product_exclusions
  where site_id = :site_id and (:after_id::uuid is null or product_id > :after_id::uuid)
  order by product_id
  limit :limit + 1
) rows
order by product_id;

-- name: exclude_product^
-- Exclude a product from a site, or change the reason of an existing exclusion. It returns no row if the site does not
-- exist.
insert into site_product_exclusions (client_id, site_id, product_id, reason)
select client_id, id, :product_id, :reason from sites where id = :site_id
on conflict (site_id, product_id) do update set reason = excluded.reason
returning site_id, product_id, reason, created_at;

-- name: is_excluded$
-- Return whether a site excludes a product.
select exists (select from site_product_exclusions where site_id = :site_id and product_id = :product_id);

-- name: include_product!
-- Remove an exclusion.
delete from site_product_exclusions where site_id = :site_id and product_id = :product_id;
