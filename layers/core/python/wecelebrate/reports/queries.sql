-- name: get_client^
-- Get the name and the time zone of a client that the caller may see.
select name, timezone from clients where id = :client_id;

-- name: has_time_zone$
-- Return whether PostgreSQL knows a time zone.
select exists (select from pg_timezone_names where name = :zone);

-- name: count_orders$
-- Count the orders of a client on local days, from the totals.
select coalesce(sum(f.orders), 0)::bigint
from app.order_figures(:client_id, :zone, :first_day, :last_day) f
where :site_id::uuid is null or f.site_id = :site_id;

-- name: client_figures$
-- Get the figures of a client's orders on local days, from the totals. The statement reads one snapshot. `revenue` is
-- the amount of all orders that are not cancelled. Amounts have the decimals of their currency.
with figures as materialized (
  select f.local_time, f.site_id, f.currency, f.status, f.orders, f.amount, app.minor_units(f.currency) as decimals,
    case when f.status <> 'cancelled' then f.orders else 0 end as kept_orders,
    case when f.status <> 'cancelled' then f.amount else 0 end as kept_amount
  from app.order_figures(:client_id, :zone, :first_day, :last_day) f
  where :site_id::uuid is null or f.site_id = :site_id
)
select json_build_object(
  'totals', coalesce((
    select json_agg(row_to_json(t) order by t.currency)
    from (
      select currency, sum(kept_orders) as orders, round(sum(kept_amount), min(decimals))::text as revenue,
        round(sum(kept_amount) / nullif(sum(kept_orders), 0), min(decimals))::text as average,
        sum(orders - kept_orders) as cancelled_orders,
        round(sum(amount - kept_amount), min(decimals))::text as cancelled_amount
      from figures group by currency
    ) t), '[]'),
  'by_status', coalesce((
    select json_agg(row_to_json(t) order by t.currency, t.status)
    from (
      select status, currency, sum(orders) as orders, round(sum(amount), min(decimals))::text as amount
      from figures group by status, currency
    ) t), '[]'),
  'by_site', coalesce((
    select json_agg(row_to_json(t) order by t.currency, t.name, t.site_id)
    from (
      select g.site_id, s.name, g.currency, g.orders, g.revenue
      from (
        select site_id, currency, sum(kept_orders) as orders, round(sum(kept_amount), min(decimals))::text as revenue
        from figures group by site_id, currency
      ) g left join sites s on s.id = g.site_id
    ) t), '[]'),
  'by_day', coalesce((
    select json_agg(row_to_json(t) order by t.day, t.currency)
    from (
      select local_time::date as day, currency, sum(kept_orders) as orders,
        round(sum(kept_amount), min(decimals))::text as revenue
      from figures group by local_time::date, currency
    ) t), '[]'),
  'by_hour', coalesce((
    select json_agg(row_to_json(t) order by t.hour, t.currency)
    from (
      select extract(hour from local_time)::integer as hour, currency, sum(kept_orders) as orders,
        round(sum(kept_amount), min(decimals))::text as revenue
      from figures group by extract(hour from local_time), currency
    ) t), '[]')
)::text;

-- name: client_details$
-- Get the figures of a client on local days that need the orders and the events themselves. The statement reads one
-- snapshot. Its time grows with the number of orders and events. Cancelled orders do not count.
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
  select buyer, count(*) as orders, min(created_at) as first_at from placed group by buyer
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
        count(distinct p.id) as orders, sum(l.quantity) as quantity,
        round(sum(l.quantity * l.unit_price), min(app.minor_units(p.currency)))::text as revenue
      from placed p join order_lines l on l.order_id = p.id
      group by l.product_id, l.sku, p.currency
      order by sum(l.quantity) desc, l.sku, p.currency
      limit :max_products
    ) t), '[]'),
  'customers', (
    select json_build_object('customers', count(*), 'returning', count(*) filter (
      where b.orders > 1 or exists (
        select from orders e
        where e.client_id = :client_id and coalesce(e.customer_subject, lower(e.customer_email)) = b.buyer
          and e.created_at < b.first_at and e.status <> 'cancelled'
          and (:site_id::uuid is null or e.site_id = :site_id))))
    from buyers b),
  'conversion', (
    select json_build_object('visits', v.visits, 'with_product_view', v.with_product_view, 'with_cart', v.with_cart,
      'with_checkout', v.with_checkout, 'orders', p.orders, 'rate', round(p.orders::numeric / nullif(v.visits, 0), 4))
    from visits v, (select count(*) as orders from placed) p)
)::text;
