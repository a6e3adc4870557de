-- name: get_client^
-- Get the name and the time zone of a client that the caller may see.
select name, timezone from clients where id = :client_id;

-- name: has_site$
-- Return whether a site that the caller may see belongs to a client.
select exists (select from sites where id = :site_id and client_id = :client_id);

-- name: has_time_zone$
-- Return whether PostgreSQL knows a time zone.
select exists (select from pg_timezone_names where name = :zone);

-- name: count_orders$
-- Count the orders of a client that were placed on the given local days. The count comes from the totals.
select coalesce(sum(f.orders), 0)::bigint
from app.order_figures(:client_id, :zone, :first_day, :last_day) f
where :site_id::uuid is null or f.site_id = :site_id;

-- name: client_figures$
-- Get the figures of a client's orders on local days, from the totals. The statement reads one snapshot. `revenue` is
-- the amount of all orders that are not cancelled. Amounts have the decimals of their currency.
--
-- The daily totals of a client are in the client's time zone. If `zone` or `site_id` is not null, the statement reads
-- the totals of the slots of 15 minutes.
with slots as materialized (
  select f.local_time, f.site_id, f.currency, f.status, f.orders, f.amount
  from app.order_figures(:client_id, coalesce(:zone, (select timezone from clients where id = :client_id)),
    :first_day, :last_day) f
  where (:zone::text is not null or :site_id::uuid is not null) and (:site_id::uuid is null or f.site_id = :site_id)
), stored as materialized (
  select f.day, f.hour, f.site_id, f.currency, f.status, f.orders, f.amount
  from app.local_order_figures(:client_id, :first_day, :last_day) f
  where :zone::text is null and :site_id::uuid is null
), days as materialized (
  select day, site_id, currency, status, orders, amount from stored where hour = -1
  union all
  select local_time::date, site_id, currency, status, sum(orders), sum(amount) from slots group by 1, 2, 3, 4
), hours as materialized (
  select hour, currency, sum(orders) as orders, sum(amount) as amount from stored where hour >= 0 group by 1, 2
  union all
  select extract(hour from local_time), currency, sum(orders), sum(amount)
  from slots where status <> 'cancelled' group by 1, 2
)
select json_build_object(
  'timezone', coalesce(:zone, (select timezone from clients where id = :client_id)),
  'totals', coalesce((
    select json_agg(row_to_json(t) order by t.currency)
    from (
      select currency, coalesce(sum(orders) filter (where status <> 'cancelled'), 0) as orders,
        round(coalesce(sum(amount) filter (where status <> 'cancelled'), 0), app.minor_units(currency))::text
          as revenue,
        round(sum(amount) filter (where status <> 'cancelled') / sum(orders) filter (where status <> 'cancelled'),
          app.minor_units(currency))::text as average,
        coalesce(sum(orders) filter (where status = 'cancelled'), 0) as cancelled_orders,
        round(coalesce(sum(amount) filter (where status = 'cancelled'), 0), app.minor_units(currency))::text
          as cancelled_amount
      from days group by currency
    ) t), '[]'),
  'by_status', coalesce((
    select json_agg(row_to_json(t) order by t.currency, t.status)
    from (
      select status, currency, sum(orders) as orders, round(sum(amount), app.minor_units(currency))::text as amount
      from days group by status, currency
    ) t), '[]'),
  'by_site', coalesce((
    select json_agg(row_to_json(t) order by t.currency, t.name, t.site_id)
    from (
      select g.site_id, s.name, g.currency, g.orders, g.revenue
      from (
        select site_id, currency, coalesce(sum(orders) filter (where status <> 'cancelled'), 0) as orders,
          round(coalesce(sum(amount) filter (where status <> 'cancelled'), 0), app.minor_units(currency))::text
            as revenue
        from days group by site_id, currency
      ) g left join sites s on s.id = g.site_id
    ) t), '[]'),
  'by_day', coalesce((
    select json_agg(row_to_json(t) order by t.day, t.currency)
    from (
      select day, currency, coalesce(sum(orders) filter (where status <> 'cancelled'), 0) as orders,
        round(coalesce(sum(amount) filter (where status <> 'cancelled'), 0), app.minor_units(currency))::text as revenue
      from days group by day, currency
    ) t), '[]'),
  'by_hour', coalesce((
    select json_agg(row_to_json(t) order by t.hour, t.currency)
    from (
      select hour, currency, orders, round(amount, app.minor_units(currency))::text as revenue from hours
    ) t), '[]')
)::text;

-- name: client_details$
-- Get the figures of a client on local days that are computed from the orders and the events, and not from the totals.
-- The statement reads one snapshot. Its time grows with the number of orders and events. Cancelled orders and cancelled
-- pieces of other orders are not counted.
with placed as materialized (
  select o.id, o.currency, o.created_at, coalesce(o.customer_subject, lower(o.customer_email)) as buyer
  from orders o
  where o.client_id = :client_id
    and (:site_id::uuid is null or o.site_id = :site_id)
    and o.status <> 'cancelled'
    and o.created_at >= :first_day::date::timestamp at time zone 'UTC' - interval '15 hours'
    and o.created_at < (:last_day::date + 1)::timestamp at time zone 'UTC' + interval '15 hours'
    and (o.created_at at time zone :zone)::date between :first_day and :last_day
), buyers as (
  -- An imported order may have no customer.
  select buyer, count(*) as orders, min(created_at) as first_at from placed where buyer <> '' group by buyer
), events as materialized (
  select e.session_id, e.event_type
  from analytics_events e
  where e.client_id = :client_id
    and (:site_id::uuid is null or e.site_id = :site_id)
    and e.session_id is not null
    and e.created_at >= :first_day::date::timestamp at time zone 'UTC' - interval '15 hours'
    and e.created_at < (:last_day::date + 1)::timestamp at time zone 'UTC' + interval '15 hours'
    and e.accepted_at >= :first_day::date::timestamp at time zone 'UTC' - interval '16 hours'
    and e.accepted_at < (:last_day::date + 1)::timestamp at time zone 'UTC' + interval '15 hours' + interval '8 days'
    and (e.created_at at time zone :zone)::date between :first_day and :last_day
), visits as (
  select count(*) as visits, count(*) filter (where viewed) as with_product_view, count(*) filter (where carted) as
    with_cart, count(*) filter (where checked_out) as with_checkout
  from (
    select bool_or(event_type = 'product_view') as viewed, bool_or(event_type = 'add_to_cart') as carted,
      bool_or(event_type = 'checkout') as checked_out
    from events group by session_id
  ) sessions
)
select json_build_object(
  'top_products', coalesce((
    select json_agg(row_to_json(t) order by t.quantity desc, t.sku, t.currency)
    from (
      select l.product_id, l.sku, (array_agg(l.name order by p.created_at desc, l.line))[1] as name, p.currency,
        count(distinct p.id) as orders, sum(l.quantity - l.cancelled_quantity) as quantity,
        round(sum((l.quantity - l.cancelled_quantity) * l.unit_price), min(app.minor_units(p.currency)))::text
          as revenue
      from placed p join order_lines l on l.order_id = p.id and l.quantity > l.cancelled_quantity
      group by l.product_id, l.sku, p.currency
      order by sum(l.quantity - l.cancelled_quantity) desc, l.sku, p.currency
      limit :max_products
    ) t), '[]'),
  'returned', coalesce((
    select json_agg(row_to_json(t) order by t.currency)
    from (
      select p.currency, count(distinct p.id) as orders, sum(l.returned_quantity) as quantity,
        round(sum(l.returned_quantity * l.unit_price), min(app.minor_units(p.currency)))::text as amount
      from placed p join order_lines l on l.order_id = p.id and l.returned_quantity > 0
      group by p.currency
    ) t), '[]'),
  'customers', (
    select json_build_object('customers', count(*), 'returning', count(*) filter (where b.orders > 1)
      + app.count_returning_buyers(:client_id, :site_id, array_agg(b.buyer) filter (where b.orders = 1),
          array_agg(b.first_at) filter (where b.orders = 1)))
    from buyers b),
  'conversion', (
    select json_build_object('visits', v.visits, 'with_product_view', v.with_product_view, 'with_cart', v.with_cart,
      'with_checkout', v.with_checkout, 'orders', p.orders, 'rate', round(p.orders::numeric / nullif(v.visits, 0), 4))
    from visits v, (select count(*) as orders from placed) p)
)::text;

-- name: fulfilment$
-- Get the times until export, shipping and delivery for the orders of a client that were placed on the given local
-- days. The statement reads one snapshot. Cancelled orders are not counted.
--
-- An order is late if it was not shipped within `late_after` days after it was placed, even if it was shipped later. If
-- the name of a carrier has several spellings, the most frequent spelling is returned.
with placed as materialized (
  select o.id, o.created_at, o.status, coalesce(o.shipping_address ->> 'country', '') as country,
    extract(epoch from o.exported_at - o.created_at) / 3600 as hours_to_export,
    extract(epoch from o.shipped_at - o.created_at) / 3600 as hours_to_ship,
    extract(epoch from o.delivered_at - o.shipped_at) / 3600 as hours_to_deliver,
    coalesce(o.shipped_at, now()) > o.created_at + make_interval(days => :late_after) as is_late
  from orders o
  where o.client_id = :client_id
    and (:site_id::uuid is null or o.site_id = :site_id)
    and o.status <> 'cancelled'
    and o.created_at >= :first_day::date::timestamp at time zone 'UTC' - interval '15 hours'
    and o.created_at < (:last_day::date + 1)::timestamp at time zone 'UTC' + interval '15 hours'
    and (o.created_at at time zone :zone)::date between :first_day and :last_day
), grouped as (
  select grouping(country) as is_total, country, count(*) as orders, count(hours_to_export) as exported,
    count(hours_to_ship) as shipped,
    count(*) filter (where status = 'delivered') as delivered, count(*) filter (where is_late) as late,
    round((percentile_cont(0.5) within group (order by hours_to_export))::numeric, 2) as export_p50,
    round((percentile_cont(0.9) within group (order by hours_to_export))::numeric, 2) as export_p90,
    round((percentile_cont(0.5) within group (order by hours_to_ship))::numeric, 2) as ship_p50,
    round((percentile_cont(0.9) within group (order by hours_to_ship))::numeric, 2) as ship_p90,
    round((percentile_cont(0.5) within group (order by hours_to_deliver))::numeric, 2) as deliver_p50,
    round((percentile_cont(0.9) within group (order by hours_to_deliver))::numeric, 2) as deliver_p90
  from placed group by grouping sets ((), (country))
), parcels as (
  select p.id, trim(coalesce(s.carrier, '')) as carrier, s.status,
    extract(epoch from s.shipped_at - p.created_at) / 3600 as hours_to_ship,
    extract(epoch from s.delivered_at - s.shipped_at) / 3600 as hours_to_deliver,
    s.shipped_at > p.created_at + make_interval(days => :late_after) as is_late
  from placed p join shipments s on s.order_id = p.id and s.client_id = :client_id
), carriers as (
  select mode() within group (order by carrier) as carrier, count(distinct id) as orders, count(*) as shipments,
    count(*) filter (where status = 'delivered') as delivered, count(*) filter (where is_late) as late,
    round((percentile_cont(0.5) within group (order by hours_to_ship))::numeric, 2) as ship_p50,
    round((percentile_cont(0.9) within group (order by hours_to_ship))::numeric, 2) as ship_p90,
    round((percentile_cont(0.5) within group (order by hours_to_deliver))::numeric, 2) as deliver_p50,
    round((percentile_cont(0.9) within group (order by hours_to_deliver))::numeric, 2) as deliver_p90
  from parcels group by lower(carrier)
  order by count(*) desc, lower(carrier) limit :max_carriers
)
select json_build_object(
  'total', (select row_to_json(g) from grouped g where is_total = 1),
  'by_country', coalesce((
    select json_agg(row_to_json(g) order by g.orders desc, g.country) from grouped g where is_total = 0), '[]'),
  'by_carrier', coalesce((
    select json_agg(row_to_json(c) order by c.shipments desc, lower(c.carrier)) from carriers c), '[]')
)::text;

-- name: catalog_figures$
-- Get the figures of a catalog's products that the caller may see, and of the syncs of the catalog in the last 30 days.
-- If the caller may not see the catalog, the result is null. The value of the stock is computed with the selling
-- prices, and has the decimals of its currency.
select json_build_object(
  'catalog_id', c.id, 'name', c.name, 'last_sync_at', c.last_sync_at,
  'hours_since_sync', round(extract(epoch from now() - c.last_sync_at) / 3600, 2),
  'products', p.products, 'active', p.active, 'untracked', p.untracked, 'in_stock', p.in_stock,
  'low_stock', p.low_stock, 'without_image', p.without_image, 'pieces', p.pieces,
  'stock_value', coalesce((
    select json_agg(row_to_json(t) order by t.currency)
    from (
      select coalesce(c.pricing ->> 'currency', currency) as currency, sum(pieces) as pieces,
        round(sum(pieces * app.selling_price(price, c.pricing)),
          min(app.minor_units(coalesce(c.pricing ->> 'currency', currency))))::text as value
      from (
        select currency, price, sum(inventory_count) as pieces
        from products where catalog_id = c.id and is_active and inventory_policy = 'tracked' group by currency, price
      ) prices
      group by 1
    ) t), '[]'),
  'syncs', (
    select json_build_object('completed', count(*) filter (where status = 'completed'),
      'failed', count(*) filter (where status = 'failed'),
      'read', coalesce(sum((counts ->> 'read')::bigint), 0),
      'rejected', coalesce(sum((counts ->> 'rejected')::bigint), 0))
    from jobs j
    where j.catalog_id = c.id and j.type in ('catalog_sync', 'product_import')
      and j.created_at > now() - interval '30 days'),
  'rejections', coalesce((
    select json_agg(row_to_json(t) order by t.rows desc, t.code)
    from (
      select e.item ->> 'code' as code, count(*) as rows, min(e.item ->> 'reason') as example
      from jobs j, jsonb_array_elements(j.first_errors) e (item)
      where j.catalog_id = c.id and j.type in ('catalog_sync', 'product_import')
        and j.created_at > now() - interval '30 days'
      group by 1
    ) t), '[]')
)::text
from catalogs c, lateral (
  select count(*) as products, count(*) filter (where is_active) as active,
    count(*) filter (where is_active and inventory_policy = 'untracked') as untracked,
    count(*) filter (where is_active and (inventory_policy = 'untracked' or inventory_count > 0)) as in_stock,
    count(*) filter (where is_active and inventory_policy = 'tracked' and inventory_count <= c.low_inventory)
      as low_stock,
    count(*) filter (where is_active and images = '[]') as without_image,
    coalesce(sum(inventory_count) filter (where is_active and inventory_policy = 'tracked'), 0) as pieces
  from products where catalog_id = c.id
) p
where c.id = :catalog_id
  and ((select app.admin_role()) is not null or c.owner_client_id = any ((select app.client_ids())::uuid[]));

-- name: platform_figures$
-- Get the figures of the whole platform for days in UTC, for admins. The statement reads one snapshot. The figures of
-- orders come from the daily totals, and from the changes that are not in the totals yet.
with days as materialized (
  select f.client_id, f.day, f.currency, sum(f.orders) as orders, sum(f.amount) as amount
  from (
    select client_id, day, currency, status, orders, amount from order_daily_totals
    union all
    select client_id, day, currency, status, orders, amount from order_deltas
  ) f
  where f.status <> 'cancelled' and f.day between :first_day::date - (:last_day::date - :first_day::date + 1)
    and :last_day::date
  group by f.client_id, f.day, f.currency
  having sum(f.orders) <> 0
), current as (
  select * from days where day >= :first_day
)
select json_build_object(
  'clients', (select json_build_object('total', count(*), 'active', count(*) filter (where is_active),
    'new', count(*) filter (where (created_at at time zone 'UTC')::date between :first_day and :last_day))
    from clients),
  'sites', (select json_build_object('total', count(*), 'active', count(*) filter (where status = 'active'),
    'new', count(*) filter (where (created_at at time zone 'UTC')::date between :first_day and :last_day))
    from sites),
  'products', (select count(*) from products),
  'orders', (select coalesce(sum(orders), 0) from current),
  'orders_before', (select coalesce(sum(orders), 0) from days where day < :first_day),
  'revenue', coalesce((
    select json_agg(row_to_json(t) order by t.currency)
    from (
      select currency, sum(orders) as orders, round(sum(amount), min(app.minor_units(currency)))::text as revenue
      from current group by currency
    ) t), '[]'),
  'by_client', coalesce((
    select json_agg(row_to_json(t) order by t.orders desc, t.name, t.currency)
    from (
      select g.client_id, c.name, g.currency, g.orders, g.revenue
      from (
        select client_id, currency, sum(orders) as orders,
          round(sum(amount), min(app.minor_units(currency)))::text as revenue
        from current group by client_id, currency order by sum(orders) desc limit :max_clients
      ) g left join clients c on c.id = g.client_id
    ) t), '[]'),
  'by_day', coalesce((
    select json_agg(row_to_json(t) order by t.day, t.currency)
    from (
      select day, currency, sum(orders) as orders, round(sum(amount), min(app.minor_units(currency)))::text as revenue
      from current group by day, currency
    ) t), '[]'),
  'jobs', coalesce((
    select json_agg(row_to_json(t) order by t.type, t.status)
    from (
      select type, status, count(*) as jobs,
        round((percentile_cont(0.9) within group (order by extract(epoch from completed_at - started_at)))::numeric, 3)
          as seconds_p90
      from jobs where (created_at at time zone 'UTC')::date between :first_day and :last_day group by type, status
    ) t), '[]'),
  'storage', json_build_object(
    'database_bytes', pg_database_size(current_database()),
    'image_bytes', (select coalesce(sum(bytes), 0) from images),
    'upload_bytes', (select coalesce(sum(size), 0) from uploads)),
  'events', (select count(*) from analytics_events
    where accepted_at >= :first_day::date::timestamp at time zone 'UTC'
      and accepted_at < (:last_day::date + 1)::timestamp at time zone 'UTC')
)::text;

-- name: get_file^
-- Get the file that the job of a report has written. It returns null if the job has not written the file yet.
select result ->> 'file' as key, result ->> 'format' as format
from jobs
where id = :job_id and type = 'report_generation';
