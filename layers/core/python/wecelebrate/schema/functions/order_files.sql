-- Order files: functions that choose the orders of a run.

set local role app_definer;

-- Returns an order in the form that a destination gets. Amounts are decimal texts. Cancelled pieces are not included in
-- the ordered pieces of a line.
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

-- Returns a hash of the fields that matter to a destination. The hash does not include fields that the ERP system
-- itself changes (its number, and the statuses for processing and shipping). Therefore these changes are not sent back
-- to the ERP system.
create or replace function app.order_content_hash(document jsonb) returns text
language sql immutable set search_path = pg_catalog, public, app, pg_temp
as $$
  select md5(($1 - '{version,external_number,status,cancel_reason}'::text[])::text
    || case when $1 ->> 'status' = 'cancelled' then 'cancelled' else '' end)
$$;

-- Determines the kind of export for each order: `new`, `change`, `cancel` or `none`. The destination must not have the
-- current version of an order yet.
--
-- The first export of an order is `new`, if the order is pending or in processing and has no problem. Later versions
-- are exported as `cancel`, or as `change` if a field that matters to the destination has changed. If an order was
-- cancelled, shipped or delivered before its first export, it is not exported. If a caller requests to cancel an
-- exported order, the ERP system also gets `cancel`, and decides about the cancellation.
--
-- An order of an erased person is not exported. An imported order is not exported, because its source system has
-- processed it. If a client has only one destination, this destination has sent all changes from files. Therefore these
-- changes are not exported to it.
create or replace function app.decide_order_exports(target order_destinations, order_ids uuid[])
returns table (order_id uuid, version integer, updated_at timestamptz, document jsonb, content_hash text, action text)
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select o.id, o.version, o.updated_at, d.document, h.content_hash,
    case
      when o.erased_at is not null then 'none'
      when exists (select from order_events e where e.order_id = o.id and e.type = 'imported') then 'none'
      when earlier.action = 'cancel' then 'none'
      when earlier.action is null and o.status in ('pending', 'processing') and o.problem is null then 'new'
      when earlier.action is null then 'none'
      when o.status = 'cancelled' or o.cancel_requested_at is not null then 'cancel'
      when h.content_hash <> earlier.content_hash and not (news.is_own and others.is_only) then 'change'
      else 'none'
    end
  from orders o
    cross join lateral (select app.order_document(o)) d (document)
    cross join lateral (select app.order_content_hash(d.document)) h (content_hash)
    cross join (select not exists (select from order_destinations x
                                   where x.client_id = target.client_id and x.id <> target.id)) others (is_only)
    left join lateral (
      select e.action, e.content_hash, e.version from order_exports e
      where e.destination_id = target.id and e.order_id = o.id and e.action <> 'none'
      order by e.version desc limit 1) earlier on true
    cross join lateral (
      select coalesce(bool_and(e.source = 'file'), false) from order_events e
      where e.order_id = o.id and e.version > earlier.version) news (is_own)
  where o.id = any (order_ids)
$$;

-- Chooses the orders for a new run of a destination, and creates the run in the same transaction. Each version of an
-- order is chosen once. `max_orders` limits the size of the file. Returns the run, or null if no order must be
-- exported. `more` is true if more orders may be left.
--
-- The function reads only orders whose `updated_at` is later than one hour before the last scan. `updated_at` is the
-- time at which the transaction of a change began. One hour is sufficient, because a transaction that changes an order
-- is always shorter.
create or replace function app.begin_order_export(
  destination_id uuid, job_id uuid, max_orders integer, out run_id uuid, out more boolean)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target order_destinations;
  order_ids uuid[];
begin
  select * into target from order_destinations d where d.id = $1 for no key update;
  if not found then
    return;
  end if;
  -- Lock the orders. Otherwise another transaction could cancel an order without the ERP system, because the order is
  -- not exported yet. The next statement sees the lines as they were when the order was locked.
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
  more := cardinality(order_ids) >= $3;

  with decided as materialized (
    select * from app.decide_order_exports(target, order_ids)
  ), numbered as (
    update order_destinations d
    set last_seq = d.last_seq + (exists (select from decided where action <> 'none'))::integer,
      scanned_at = case when more then d.scanned_at else now() end
    where d.id = $1
    returning d.last_seq
  ), run as (
    insert into order_export_runs (client_id, destination_id, seq, job_id, settings, orders)
    select target.client_id, $1, last_seq, $2, jsonb_build_object('format', target.format, 'columns', target.columns,
        'prefix', target.prefix, 'max_line_length', target.max_line_length, 'formula_safe', target.formula_safe,
        'sender', target.sender, 'receiver', target.receiver),
      (select count(*) from decided where action <> 'none') from numbered
    where last_seq > target.last_seq
    returning id
  ), exported as (
    insert into order_exports (destination_id, order_id, version, client_id, run_id, position, action, document,
      content_hash)
    select $1, d.order_id, d.version, target.client_id, case when d.action <> 'none' then run.id end,
      row_number() over (order by d.updated_at, d.order_id), d.action,
      case when d.action <> 'none' then d.document end, d.content_hash
    from decided d left join run on true
  ), marked as (
    update orders o set exported_at = now()
    from decided d where o.id = d.order_id and d.action = 'new' and o.exported_at is null
  )
  select (select id from run) into run_id;
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
