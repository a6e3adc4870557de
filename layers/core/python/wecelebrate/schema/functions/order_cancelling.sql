-- These functions cancel orders and lines, and change fields of an order other than its status.
-- functions/order_changes.sql describes the parameters and results that all changes have in common.

set local role app_definer;

-- Cancels pieces of a locked order. The holds of the pieces end, so that the pieces can be sold again.
create or replace function app.cancel_pieces(target orders, pieces jsonb, at timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  piece record;
begin
  for piece in
    select (p ->> 'line')::integer as line, (p ->> 'quantity')::integer as quantity
    from jsonb_array_elements(pieces) with ordinality e (p, n) order by n
  loop
    update order_lines l set cancelled_quantity = l.cancelled_quantity + piece.quantity
      where l.order_id = target.id and l.line = piece.line;
    perform app.release_held_pieces(target.id, piece.line, piece.quantity, $3);
  end loop;
end
$$;

-- Cancels a locked order if nothing was shipped. If the order was exported, the ERP system must confirm the
-- cancellation. Until the confirmation, the function only records a request. Refusals: `status` and `unchanged`.
create or replace function app.cancel_locked_order(
  target orders, reason text, is_confirmed boolean, source text, at timestamptz,
  out refusal text, out detail jsonb, out news jsonb)
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  after orders;
  details constant jsonb := jsonb_strip_nulls(jsonb_build_object('reason', reason));
begin
  if target.status not in ('pending', 'processing') then
    refusal := case target.status when 'cancelled' then 'unchanged' else 'status' end;
    detail := to_jsonb(target.status);
  elsif target.exported_at is null or is_confirmed or source = 'file' then
    perform app.cancel_pieces(target, (select p.pieces from app.pieces_of(target.id, null, 'open') p), $5);
    update orders o
    set status = 'cancelled', cancelled_at = $5, cancel_reason = coalesce($2, o.cancel_reason),
      cancel_requested_at = null
    where o.id = target.id
    returning * into after;
    news := jsonb_build_array(app.record_order_event(after, 'cancelled', target.status, $4, details, $5));
  elsif target.cancel_requested_at is not null then
    refusal := 'unchanged';
    detail := to_jsonb('cancel_requested'::text);
  else
    update orders o set cancel_requested_at = $5, cancel_reason = $2 where o.id = target.id returning * into after;
    news := jsonb_build_array(app.record_order_event(after, 'cancel_requested', null, $4, details, $5));
  end if;
end
$$;

-- Cancels an order for its client, the platform or the ERP system. `is_confirmed` is true if the ERP system has
-- confirmed the cancellation.
create or replace function app.cancel_order(
  order_id uuid, reason text, is_confirmed boolean, source text, happened_at timestamptz, expected timestamptz,
  out refusal text, out detail jsonb, out news jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders := app.lock_order($1);
begin
  refusal := app.lock_refusal($1, target, $6);
  if refusal is not null then
    return;
  elsif target.status in ('shipped', 'delivered') then
    select r.refusal, r.detail into refusal, detail
    from app.refuse_late(target, 'cancelled', $4, jsonb_build_object('reason', $2), $5) r;
  else
    select c.refusal, c.detail, c.news into refusal, detail, news
    from app.cancel_locked_order(target, $2, $3, $4, app.time_of_news(target, $5)) c;
  end if;
end
$$;
grant execute on function app.cancel_order(uuid, text, boolean, text, timestamptz, timestamptz)
  to app_admin, app_support, app_client, app_system;

-- Cancels pieces of an order that are not shipped, and lowers the total. The status does not change. If no piece would
-- be left, and nothing was shipped, the whole order is cancelled. Refusals: the refusals of app.pieces_of, and
-- `exported`. `exported` means that the ERP system has the order, nothing was shipped, and the cancellation is not
-- confirmed.
create or replace function app.cancel_order_lines(
  order_id uuid, lines jsonb, reason text, is_confirmed boolean, source text, happened_at timestamptz,
  expected timestamptz, out refusal text, out detail jsonb, out news jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders := app.lock_order($1);
  pieces jsonb;
  at timestamptz;
begin
  refusal := app.lock_refusal($1, target, $7);
  if refusal is not null then
    return;
  end if;
  at := app.time_of_news(target, $6);
  if target.status in ('delivered', 'cancelled') then
    select r.refusal, r.detail into refusal, detail
    from app.refuse_late(target, 'lines_cancelled', $5, jsonb_build_object('lines', $2), $6) r;
    return;
  end if;
  select p.refusal, p.detail, p.pieces into refusal, detail, pieces from app.pieces_of($1, $2, 'open') p;
  if refusal is not null then
    return;
  elsif target.status <> 'shipped' and target.exported_at is not null and not is_confirmed and $5 <> 'file' then
    refusal := 'exported';
    return;
  end if;
  if target.status <> 'shipped' and not exists (
    select from order_lines l left join jsonb_array_elements(pieces) p on (p ->> 'line')::integer = l.line
    where l.order_id = $1 and l.quantity - l.cancelled_quantity > coalesce((p ->> 'quantity')::integer, 0)) then
    select c.refusal, c.detail, c.news into refusal, detail, news
    from app.cancel_locked_order(target, $3, true, $5, at) c;
    return;
  end if;
  perform app.cancel_pieces(target, pieces, at);
  update orders o
  set fulfilment = app.fulfilment_of($1), version = o.version + 1,
    total_amount = (select sum(l.unit_price * (l.quantity - l.cancelled_quantity)) from order_lines l
                    where l.order_id = $1)
  where o.id = $1
  returning * into target;
  news := jsonb_build_array(app.record_order_event(target, 'lines_cancelled', null, $5,
    jsonb_strip_nulls(jsonb_build_object('lines', pieces, 'reason', $3)), at));
end
$$;
grant execute on function app.cancel_order_lines(uuid, jsonb, text, boolean, text, timestamptz, timestamptz)
  to app_admin, app_support, app_client, app_system;

-- Changes fields of an order other than its status: the keys `external_number`, `problem` and `metadata` of `changes`.
-- The value of `metadata` is a merge patch.
--
-- Until the first shipment, `customer_name` and `shipping_address` can change, too. The new `shipping_address` replaces
-- the whole address. `note` is a text for people who read the history.
--
-- Refusals: `reserved` means that the caller must not set the problem `unconfirmed`. `country` means that the site does
-- not ship to the country of the address; the detail contains the countries of the site. `unchanged` means that the
-- order already has all of these values, and that `note` is null.
create or replace function app.change_order(
  order_id uuid, changes jsonb, note text, source text, expected timestamptz,
  out refusal text, out detail jsonb, out news jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders := app.lock_order($1);
  after orders;
  countries text[];
begin
  refusal := app.lock_refusal($1, target, $5);
  if refusal is not null then
    return;
  elsif changes ?| '{customer_name,shipping_address}'::text[] and target.status not in ('pending', 'processing') then
    refusal := 'status';
    detail := to_jsonb(target.status);
    return;
  end if;
  select s.ship_to_countries into countries from sites s where s.id = target.site_id;
  if changes ? 'shipping_address' and changes #>> '{shipping_address,country}' <> all (countries) then
    refusal := 'country';
    detail := to_jsonb(countries);
    return;
  elsif changes ->> 'problem' = 'unconfirmed' and target.problem is distinct from 'unconfirmed' then
    refusal := 'reserved';
    return;
  end if;
  update orders o
  set customer_name = coalesce(changes ->> 'customer_name', o.customer_name),
    shipping_address = coalesce(changes -> 'shipping_address', o.shipping_address),
    external_number = case when changes ? 'external_number' then changes ->> 'external_number'
      else o.external_number end,
    problem = case when changes ? 'problem' then changes ->> 'problem' else o.problem end,
    metadata = case when changes ? 'metadata' then app.merge_patch(o.metadata, changes -> 'metadata')
      else o.metadata end
  where o.id = $1
  returning * into after;
  if after.version = target.version and $3 is null then
    refusal := 'unchanged';
    detail := to_jsonb(target.status);
    return;
  elsif after.version = target.version then
    after := app.touch_order($1);
  end if;
  news := jsonb_build_array(app.record_order_event(after, 'changed', null, $4, app.changed_fields(target, after)
    || jsonb_strip_nulls(jsonb_build_object('note', $3)), clock_timestamp()));
end
$$;
grant execute on function app.change_order(uuid, jsonb, text, text, timestamptz)
  to app_admin, app_support, app_client, app_system;

-- Records that orders were exported to an ERP system for the first time, and returns the number of these orders. The
-- versions of the orders do not change. Orders that the caller may not change are ignored.
create or replace function app.mark_orders_exported(order_ids uuid[], exported_at timestamptz) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  marked integer;
begin
  with locked as (
    select o.id from orders o
    where o.id = any ($1) and o.exported_at is null
      and (app.admin_role() is not null or o.client_id = any ((select app.editor_ids())::uuid[])
        or app.subject() = 'service:system')
    order by o.id for update
  )
  update orders o set exported_at = $2 from locked where o.id = locked.id;
  get diagnostics marked = row_count;
  return marked;
end
$$;
grant execute on function app.mark_orders_exported(uuid[], timestamptz)
  to app_admin, app_support, app_client, app_system;
