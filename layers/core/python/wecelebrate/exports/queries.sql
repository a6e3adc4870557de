-- name: create_export^
-- Create an export and its job. It returns their ids.
select export_id, job_id from app.create_export(:client_id, :kind, :format, :filters, :options, :notify_email);

-- name: delete_export^
-- Delete an export that the caller can see, and cancel its job. It returns no row when the export does not exist.
select job_id, was_cancelled from app.delete_export(:export_id);

-- name: list_exports
-- List one page of exports after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *, null as url, null as url_expires_at
  from app.export_view
  where (:client_id::uuid is null or client_id = :client_id)
    and (:kind::text is null or kind = :kind)
    and (:status::text is null or status = :status)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_export^
-- Get an export that the caller may see.
select * from app.export_view where id = :export_id;

-- name: get_export_key$
-- Get the key of an export's file, if the caller may see the export. The key is null until the export is complete.
select key from exports where id = :export_id and deleted_at is null;

-- name: count_exports$
-- Count the exports of a client that have not been deleted. If `client_id` is null, count the exports of the platform.
select app.count_exports(:client_id);

-- name: count_own_exports$
-- Count the exports of a client that the caller has requested and not deleted. If `client_id` is null, count the
-- exports of the platform.
select count(*) from exports
where client_id is not distinct from :client_id and subject = (select app.subject()) and deleted_at is null;

-- name: catalog_exists$
-- Return whether the caller can see a catalog.
select exists (select from app.catalog_view where id = :catalog_id);

-- name: site_exists$
-- Return whether the caller can see a site.
select exists (select from sites where id = :site_id);

-- name: find_export^
-- Find the export of a job, for its worker.
select id, client_id, kind, format, filters, options, created_at
from exports
where job_id = :job_id and deleted_at is null;

-- name: sees_export$
-- Return whether the snapshot of this transaction contains an export.
select exists (select from exports where id = :export_id);

-- name: get_snapshot_time$
-- Get the time at which this transaction began.
select now();

-- name: finish_export!
-- Record the file of an export. If the export was deleted, no row is changed.
update exports
set key = :key, size = :size, sha256 = :sha256, rows = :rows, cut_cells = :cut_cells, snapshot_at = :snapshot_at,
  expires_at = now() + interval '7 days'
where id = :export_id and deleted_at is null;

-- name: list_expired_exports
-- List the expired exports whose job has ended. Unfinished exports are not listed, because a worker can still write the
-- file.
select e.id, e.client_id
from exports e join jobs j on j.id = e.job_id
where e.expires_at <= now() and j.status not in ('pending', 'processing')
order by e.expires_at
limit :max_rows;

-- name: remove_exports!
-- Remove exports whose files have been deleted.
delete from exports where id = any (:ids);

-- name: list_clients
-- List the clients whose data an export contains.
select id from clients where :client_id::uuid is null or id = :client_id order by id;

-- name: list_catalogs
-- List the catalogs whose products an export contains. `is_granted` is true if the caller can only read the catalog
-- through a grant.
select id, app.admin_role() is null and id = any ((select app.granted_catalog_ids())::uuid[]) as is_granted
from app.catalog_view
where (:catalog_id::uuid is null or id = :catalog_id)
  and (:client_id::uuid is null or owner_client_id = :client_id or app.admin_role() is null)
order by id;

-- name: plan_products^
-- Count the products of a catalog, and return the SKU of the last product of each complete chunk.
select count(*)::integer as rows, coalesce(array_agg(sku order by n) filter (where mod(n, :chunk) = 0), '{}') as keys
from (
  select sku, row_number() over (order by sku) as n
  from products
  where catalog_id = :scope
    and (:is_active::boolean is null or is_active = :is_active)
    and (:category::text is null or category = :category)
    and (:brand::text is null or brand = :brand)
    and (:updated_since::timestamptz is null or updated_at >= :updated_since)
) numbered;

-- name: export_products
-- Return the products of a catalog with SKUs after `after_key`, up to and including `last_key`. The source data is null
-- if the export does not include it, or if the caller may not read it.
select p.id, p.catalog_id, p.sku, p.name, p.description, p.category, p.brand,
  coalesce(p.regular_price, p.price)::text as price, p.currency, p.offers,
  case when p.regular_price is not null then p.price::text end as offer_price, p.images, p.attributes,
  p.inventory_count, p.inventory_policy, p.is_active, p.created_at, p.updated_at, s.data as source_data
from products p
  left join product_sources s on :with_source::boolean and s.catalog_id = p.catalog_id and s.product_id = p.id
where p.catalog_id = :scope
  and (:after_key::text is null or p.sku > :after_key)
  and (:last_key::text is null or p.sku <= :last_key)
  and (:is_active::boolean is null or p.is_active = :is_active)
  and (:category::text is null or p.category = :category)
  and (:brand::text is null or p.brand = :brand)
  and (:updated_since::timestamptz is null or p.updated_at >= :updated_since)
order by p.sku;

-- name: plan_granted_products^
-- Do the same as `plan_products`, for a catalog that the caller can only read through a grant.
select count(*)::integer as rows, coalesce(array_agg(sku order by n) filter (where mod(n, :chunk) = 0), '{}') as keys
from (
  select sku, row_number() over (order by sku) as n
  from app.granted_products(:scope, null, null)
  where (:is_active::boolean is null or is_active = :is_active)
    and (:category::text is null or category = :category)
    and (:brand::text is null or brand = :brand)
    -- If a pricing rule has changed the price of a product, `updated_at` of the product is the day of this change.
    and (:updated_since::timestamptz is null or updated_at >= date_trunc('day', :updated_since::timestamptz, 'UTC'))
) numbered;

-- name: export_granted_products
-- Do the same as `export_products`, for a catalog that the caller can only read through a grant.
select p.id, p.catalog_id, p.sku, p.name, p.description, p.category, p.brand, p.price::text as price, p.currency,
  p.offers, null::text as offer_price, p.images, p.attributes, p.inventory_count, p.inventory_policy, p.is_active,
  p.created_at, p.updated_at, null::jsonb as source_data
from app.granted_products(:scope, :after_key, :last_key) p
where (:is_active::boolean is null or p.is_active = :is_active)
  and (:category::text is null or p.category = :category)
  and (:brand::text is null or p.brand = :brand)
  and (:updated_since::timestamptz is null or p.updated_at >= date_trunc('day', :updated_since::timestamptz, 'UTC'))
order by p.sku;

-- name: plan_orders^
-- Count the orders of a client, and return the time and the id of the last order of each complete chunk.
select count(*)::integer as rows,
  coalesce(array_agg(created_at::text order by n) filter (where mod(n, :chunk) = 0), '{}') as keys,
  coalesce(array_agg(id order by n) filter (where mod(n, :chunk) = 0), '{}') as ids
from (
  select created_at, id, row_number() over (order by created_at, id) as n
  from orders
  where client_id = :scope
    and (:site_id::uuid is null or site_id = :site_id)
    and (:status::text is null or status = :status)
    and (:created_from::timestamptz is null or created_at >= :created_from)
    and (:created_to::timestamptz is null or created_at < :created_to)
) numbered;

-- name: export_orders
-- Return the orders of a client that are after the first position and not after the last position, oldest first.
select *
from app.order_view
where client_id = :scope
  and (:after_id::uuid is null or (created_at, id) > (:after_key::timestamptz, :after_id::uuid))
  and (:last_id::uuid is null or (created_at, id) <= (:last_key::timestamptz, :last_id::uuid))
  and (:site_id::uuid is null or site_id = :site_id)
  and (:status::text is null or status = :status)
  and (:created_from::timestamptz is null or created_at >= :created_from)
  and (:created_to::timestamptz is null or created_at < :created_to)
order by created_at, id;

-- name: count_order_lines$
-- Count the lines of the orders that `plan_orders` counts.
select count(*)::integer
from orders o join order_lines l on l.order_id = o.id
where o.client_id = :scope
  and (:site_id::uuid is null or o.site_id = :site_id)
  and (:status::text is null or o.status = :status)
  and (:created_from::timestamptz is null or o.created_at >= :created_from)
  and (:created_to::timestamptz is null or o.created_at < :created_to);

-- name: export_order_lines
-- Return the lines of the orders that `export_orders` returns.
select o.client_id, o.site_id, o.id as order_id, o.order_number, o.status, l.line, l.product_id, l.sku, l.name,
  l.quantity, l.unit_price::text as unit_price, (l.quantity * l.unit_price)::text as amount, o.currency, o.created_at,
  l.shipped_quantity, l.cancelled_quantity, l.returned_quantity
from orders o join order_lines l on l.order_id = o.id
where o.client_id = :scope
  and (:after_id::uuid is null or (o.created_at, o.id) > (:after_key::timestamptz, :after_id::uuid))
  and (:last_id::uuid is null or (o.created_at, o.id) <= (:last_key::timestamptz, :last_id::uuid))
  and (:site_id::uuid is null or o.site_id = :site_id)
  and (:status::text is null or o.status = :status)
  and (:created_from::timestamptz is null or o.created_at >= :created_from)
  and (:created_to::timestamptz is null or o.created_at < :created_to)
order by o.created_at, o.id, l.line;

-- name: plan_events^
-- Count the events of a client, and return the time and the id of the last event of each complete chunk.
select count(*)::integer as rows,
  coalesce(array_agg(created_at::text order by n) filter (where mod(n, :chunk) = 0), '{}') as keys,
  coalesce(array_agg(id order by n) filter (where mod(n, :chunk) = 0), '{}') as ids
from (
  select created_at, id, row_number() over (order by created_at, id) as n
  from analytics_events
  where client_id = :scope
    and (:site_id::uuid is null or site_id = :site_id)
    and (:event_type::text is null or event_type = :event_type)
    and (:created_from::timestamptz is null or created_at >= :created_from)
    and (:created_to::timestamptz is null or created_at < :created_to)
) numbered;

-- name: export_events
-- Return the events of a client that are after the first position and not after the last position, oldest first.
select id, client_id, site_id, event_type, user_id, session_id, event_data, created_at, accepted_at
from app.event_view
where client_id = :scope
  and (:after_id::uuid is null or (created_at, id) > (:after_key::timestamptz, :after_id::uuid))
  and (:last_id::uuid is null or (created_at, id) <= (:last_key::timestamptz, :last_id::uuid))
  and (:site_id::uuid is null or site_id = :site_id)
  and (:event_type::text is null or event_type = :event_type)
  and (:created_from::timestamptz is null or created_at >= :created_from)
  and (:created_to::timestamptz is null or created_at < :created_to)
order by created_at, id;

-- name: plan_customers^
-- Count the different e-mail addresses in the orders of a client, and return the last address of each complete chunk.
-- Addresses that differ only in case are counted once.
select count(*)::integer as rows, coalesce(array_agg(email order by n) filter (where mod(n, :chunk) = 0), '{}') as keys
from (
  select email, row_number() over (order by email) as n
  from (
    select distinct lower(customer_email) as email
    from orders
    where client_id = :scope and customer_email <> ''
      and (:site_id::uuid is null or site_id = :site_id)
      and (:created_from::timestamptz is null or created_at >= :created_from)
      and (:created_to::timestamptz is null or created_at < :created_to)
  ) addresses
) numbered;

-- name: export_customers
-- Return one row for each different e-mail address in the orders of a client. Addresses that differ only in case share
-- one row. The name and the subject come from the latest order that has them. The totals do not include cancelled
-- orders.
with matching as materialized (
  select lower(customer_email) as email, id, customer_name, customer_subject, status, total_amount, currency, created_at
  from orders
  where id = any ((select app.order_ids_of_addresses(:scope, :after_key, :last_key))::uuid[])
    and client_id = :scope
    and (:site_id::uuid is null or site_id = :site_id)
    and (:created_from::timestamptz is null or created_at >= :created_from)
    and (:created_to::timestamptz is null or created_at < :created_to)
), totals as (
  select email, jsonb_object_agg(currency, amount order by currency) as totals
  from (
    select email, currency, sum(total_amount)::text as amount
    from matching where status <> 'cancelled' group by email, currency
  ) per_currency
  group by email
)
select :scope::uuid as client_id, case when p.shown then m.email else app.masked_email(m.email) end as customer_email,
  (array_agg(case when p.shown then m.customer_name else app.masked_name(m.customer_name) end
    order by m.created_at desc, m.id desc))[1] as customer_name,
  (array_agg(m.customer_subject order by m.created_at desc, m.id desc)
    filter (where m.customer_subject is not null and p.shown))[1] as customer_subject,
  count(*)::integer as orders, (count(*) filter (where m.status = 'cancelled'))::integer as cancelled_orders,
  coalesce(min(t.totals::text)::jsonb, '{}') as totals, min(m.created_at) as first_order_at,
  max(m.created_at) as last_order_at
from matching m left join totals t on t.email = m.email
  cross join (
    select (select app.sees_all_persons()) or :scope::uuid = any ((select app.person_client_ids())::uuid[]) as shown) p
group by m.email, p.shown
-- Masked addresses are not sorted, because their order would reveal something about the addresses.
order by case when p.shown then m.email end, min(m.created_at), (array_agg(m.id order by m.created_at, m.id))[1];
