-- Order files: the choice of the orders of a run.

set local role app_definer;

-- Returns an order as a destination gets it. Amounts are decimal texts. The pieces of a line that were cancelled are not
-- ordered any more.
create or replace function app.order_document(o orders) returns jsonb
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select jsonb_build_object(
    'order_id', o.id, 'order_number', o.order_number, 'external_number', o.external_number, 'version', o.version,
    'kind', o.kind, 'status', o.status, 'placed_at', o.created_at, 'currency', o.currency,
    'total_amount', o.total_amount::text, 'customer_name', o.customer_name, 'customer_email', o.customer_email,
    'shipping_address', o.shipping_address, 'metadata', o.metadata, 'site', s.name, 'cancel_reason', o.cancel_reason,
    'lines', (
      select coalesce(jsonb_agg(jsonb_build_object('line', l.line, 'sku', l.sku, 'name', l.name,
        'quantity', l.quantity - l.cancelled_quantity, 'unit_price', l.unit_price::text) order by l.line), '[]')
      from order_lines l where l.order_id = o.id))
  from sites s where s.id = o.site_id
$$;

-- Returns a hash of what a destination acts on. The news that comes from the ERP itself (its number, processing,
-- shipping) is no part of it, so it is not sent back.
create or replace function app.order_content_hash(document jsonb) returns text
language sql immutable set search_path = pg_catalog, public, app, pg_temp
as $$
  select md5(($1 - '{version,external_number,status,cancel_reason}'::text[])::text
    || case when $1 ->> 'status' = 'cancelled' then 'cancelled' else '' end)
$$;

-- Chooses the orders for a new run of a destination, and creates the run. The choice is a part of the transaction, and
-- each version of an order is chosen once. `max_orders` bounds the size of a file.
--
-- Looks only at orders that have changed since an hour before the last scan. `updated_at` is the beginning of the
-- transaction of a change, and no transaction that changes an order lasts an hour.
--
-- An order is exported when it is open and has no problem. Later versions follow as `change` if something that concerns
-- the destination has changed, and as `cancel`. An order that was cancelled, shipped or delivered before the destination
-- got it is not exported. If somebody asks to cancel an order that an ERP has, the ERP gets `cancel`, too, and its answer
-- decides. Returns no run (null) if there is nothing to write, and whether more orders may be left.
create or replace function app.begin_order_export(
  destination_id uuid, job_id uuid, max_orders integer, out run_id uuid, out more boolean)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target order_destinations;
  looked_at integer;
  order_ids uuid[];
  has_others boolean;
begin
  select * into target from order_destinations d where d.id = $1 for no key update;
  if not found then
    return;
  end if;
  -- While an order is locked, nobody can cancel it as an order that no ERP has got. The next statement sees the lines as
  -- they were when the order was locked.
  order_ids := array(
    select o.id from orders o
    where o.client_id = target.client_id and (target.site_id is null or o.site_id = target.site_id)
      and o.updated_at >= coalesce(target.scanned_at, target.orders_from) - interval '1 hour'
      and o.created_at >= target.orders_from
      and not exists (select from order_exports e
                      where e.destination_id = $1 and e.order_id = o.id and e.version >= o.version)
    order by o.updated_at, o.id
    limit $3
    for no key update);

  has_others := exists (
    select from order_destinations d where d.client_id = target.client_id and d.id <> $1);
  with compared as (
    select o.id, o.version, o.status, o.problem, o.updated_at, o.cancel_requested_at, d.document,
      app.order_content_hash(d.document) as content_hash, earlier.action as earlier_action,
      earlier.content_hash as earlier_hash,
      -- The only destination of a client has sent all news of files itself.
      not has_others and coalesce((select bool_and(e.source = 'file') from order_events e
        where e.order_id = o.id and e.version > earlier.version), false) as is_own_news
    from orders o
      cross join lateral (select app.order_document(o)) d (document)
      left join lateral (
        select e.action, e.content_hash, e.version from order_exports e
        where e.destination_id = $1 and e.order_id = o.id and e.action <> 'none'
        order by e.version desc limit 1) earlier on true
    where o.id = any (order_ids)
  ), decided as (
    select c.*, case
        when c.earlier_action = 'cancel' then 'none'
        when c.earlier_action is null and c.status in ('pending', 'processing') and c.problem is null then 'new'
        when c.earlier_action is null then 'none'
        when c.status = 'cancelled' or c.cancel_requested_at is not null then 'cancel'
        when c.content_hash <> c.earlier_hash and not c.is_own_news then 'change'
        else 'none' end as action
    from compared c
  ), numbered as (
    update order_destinations d set last_seq = d.last_seq + 1
    where d.id = $1 and exists (select from decided where action <> 'none')
    returning d.last_seq
  ), run as (
    insert into order_export_runs (client_id, destination_id, seq, job_id, orders)
    select target.client_id, $1, last_seq, $2, (select count(*) from decided where action <> 'none') from numbered
    returning id
  ), exported as (
    insert into order_exports (destination_id, order_id, version, client_id, run_id, position, action, document,
      content_hash)
    select $1, d.id, d.version, target.client_id, case when d.action <> 'none' then run.id end,
      row_number() over (order by d.updated_at, d.id), d.action, case when d.action <> 'none' then d.document end,
      d.content_hash
    from decided d left join run on true
  ), marked as (
    update orders o set exported_at = now()
    from decided d where o.id = d.id and d.action = 'new' and o.exported_at is null
  )
  select (select id from run), count(*) into run_id, looked_at from decided;
  more := looked_at >= $3;
  if not more then
    update order_destinations d set scanned_at = now() where d.id = $1;
  end if;
end
$$;
grant execute on function app.begin_order_export(uuid, uuid, integer) to app_system;

set local role app_owner;

create or replace view app.order_destination_view with (security_invoker = true) as
select id, client_id, site_id, name, format, columns, prefix, max_line_length, formula_safe, sender, receiver, cron,
  timezone, is_active, orders_from, next_run_at, last_run_at, last_job_id, last_outcome, created_at, updated_at
from order_destinations;
grant select, insert, update on app.order_destination_view to app_admin, app_client;
grant select on app.order_destination_view to app_support, app_system;
