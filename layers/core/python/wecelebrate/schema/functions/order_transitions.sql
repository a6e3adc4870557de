-- These functions change the status of an order: they process, ship and deliver orders. functions/order_changes.sql
-- describes the parameters and results that all these functions have in common.

set local role app_definer;

-- Starts to process a locked, pending order, because the ERP system or a person has accepted it. Refusal: `problem`,
-- with the code of the problem that must be resolved first.
create or replace function app.start_processing(
  target orders, external_number text, source text, at timestamptz,
  out refusal text, out detail jsonb, out news jsonb, out after orders)
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if target.problem is not null then
    refusal := 'problem';
    detail := to_jsonb(target.problem);
    return;
  end if;
  update orders o
  set status = 'processing', processed_at = $4, external_number = coalesce($2, o.external_number)
  where o.id = target.id
  returning * into after;
  perform app.acknowledge_holds(target.id, $4);
  news := jsonb_build_array(app.record_order_event(after, 'processing', 'pending', $3,
    jsonb_strip_nulls(jsonb_build_object('external_number', $2)), $4));
end
$$;

-- Starts to process an order. If the processing has already started, only a new external number is a change.
create or replace function app.process_order(
  order_id uuid, external_number text, source text, happened_at timestamptz, expected timestamptz,
  out refusal text, out detail jsonb, out news jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders := app.lock_order($1);
  after orders;
begin
  refusal := app.lock_refusal($1, target, $5);
  if refusal is not null then
    return;
  elsif target.status = 'pending' then
    select s.refusal, s.detail, s.news into refusal, detail, news
    from app.start_processing(target, $2, $3, app.time_of_news(target, $4)) s;
  elsif target.status = 'cancelled' then
    select r.refusal, r.detail into refusal, detail
    from app.refuse_late(target, 'processing', $3, jsonb_build_object('external_number', $2), $4) r;
  elsif $2 <> coalesce(target.external_number, '') then
    update orders o set external_number = $2 where o.id = $1 returning * into after;
    news := jsonb_build_array(app.record_order_event(after, 'changed', null, $3, app.changed_fields(target, after),
      app.time_of_news(target, $4)));
  else
    refusal := 'unchanged';
    detail := to_jsonb(target.status);
  end if;
end
$$;
grant execute on function app.process_order(uuid, text, text, timestamptz, timestamptz)
  to app_admin, app_support, app_client, app_system;

-- Returns the number for a new shipment if the caller has given no number: 1, 2, …
create or replace function app.next_shipment_number(order_id uuid) returns text
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select n::text from generate_series(1, (select count(*) + 1 from shipments s where s.order_id = $1)) n
  where not exists (select from shipments s where s.order_id = $1 and s.number = n::text)
  order by n limit 1
$$;

-- Adds pieces of a locked order to a new shipment, or to an existing shipment that gets further lines. `pieces` comes
-- from app.pieces_of. The status of the order must be `processing` or `shipped`. With the first shipped pieces, the
-- status becomes `shipped`.
create or replace function app.add_to_shipment(
  target orders, parcel shipments, pieces jsonb, source text, at timestamptz, out news jsonb, out after orders)
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  piece record;
  details constant jsonb := jsonb_build_object('shipment_id', parcel.id, 'shipment', parcel.number, 'lines', (
    select jsonb_agg(p order by (p ->> 'line')::integer) from jsonb_array_elements(pieces) p));
begin
  for piece in
    select (p ->> 'line')::integer as line, (p ->> 'quantity')::integer as quantity
    from jsonb_array_elements(pieces) with ordinality e (p, n) order by n
  loop
    insert into shipment_lines (client_id, order_id, shipment_id, line, quantity)
      values (target.client_id, target.id, parcel.id, piece.line, piece.quantity);
    update order_lines l set shipped_quantity = l.shipped_quantity + piece.quantity
      where l.order_id = target.id and l.line = piece.line;
    perform app.ship_held_pieces(target.id, piece.line, piece.quantity, $5);
  end loop;
  update orders o
  set status = 'shipped', shipped_at = coalesce(o.shipped_at, $5), fulfilment = app.fulfilment_of(target.id),
    cancel_requested_at = null, version = o.version + 1
  where o.id = target.id
  returning * into after;
  news := '[]';
  if target.cancel_requested_at is not null then
    news := news || app.record_order_event(after, 'cancel_withdrawn', null, $4, null, $5);
  end if;
  news := news || case target.status
    when 'processing' then app.record_order_event(after, 'shipped', 'processing', $4, details, $5)
    else app.record_order_event(after, 'shipment_added', null, $4, details, $5) end;
end
$$;

-- Changes an existing shipment of the order: sets its tracking data, and adds further lines. The number of pieces in an
-- existing line cannot change. Refusals: `shipment_lines`, with the indexes of the lines whose pieces differ, and
-- `problem` if further pieces would be shipped although the order has a problem.
create or replace function app.change_shipment(
  target orders, parcel shipments, shipment jsonb, source text, at timestamptz,
  out refusal text, out detail jsonb, out news jsonb)
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  further jsonb;
  added record;
  changed shipments;
begin
  select jsonb_agg(n - 1 order by n) filter (where s.quantity <> (l ->> 'quantity')::integer),
    jsonb_agg(l order by n) filter (where s.line is null)
    into detail, further
  from jsonb_array_elements(nullif(shipment -> 'lines', 'null')) with ordinality e (l, n)
    left join shipment_lines s on s.shipment_id = parcel.id and s.line = (l ->> 'line')::integer;
  if detail is not null then
    refusal := 'shipment_lines';
    return;
  end if;
  if further is not null then
    select p.refusal, p.detail, p.pieces into refusal, detail, further from app.pieces_of(target.id, further, 'open') p;
    if refusal is null and target.problem is not null then
      refusal := 'problem';
      detail := to_jsonb(target.problem);
    end if;
    if refusal is not null then
      return;
    end if;
    select * into added from app.add_to_shipment(target, parcel, further, $4, $5);
    news := added.news;
  end if;
  update shipments s
  set carrier = coalesce($3 ->> 'carrier', s.carrier), tracking_url = coalesce($3 ->> 'tracking_url', s.tracking_url),
    tracking_number = coalesce($3 ->> 'tracking_number', s.tracking_number)
  where s.id = parcel.id
  returning * into changed;
  if (changed.carrier, changed.tracking_number, changed.tracking_url)
    is distinct from (parcel.carrier, parcel.tracking_number, parcel.tracking_url) then
    target := app.touch_order(target.id);
    news := coalesce(news, '[]') || app.record_order_event(target, 'shipment_changed', null, $4,
      jsonb_build_object('shipment_id', parcel.id, 'shipment', parcel.number), $5);
  end if;
  if news is null then
    refusal := 'unchanged';
    detail := to_jsonb(target.status);
  end if;
end
$$;

-- Ships pieces of a locked order in a new shipment. If the order is `pending`, its status first becomes `processing`.
-- Refusals: the refusals of app.pieces_of, and `problem`. An order with the status `processing` is also refused if it
-- has a problem.
create or replace function app.add_shipment(
  target orders, shipment jsonb, source text, at timestamptz,
  out refusal text, out detail jsonb, out news jsonb, out after orders)
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  pieces jsonb;
  parcel shipments;
  step record;
begin
  select p.refusal, p.detail, p.pieces into refusal, detail, pieces
  from app.pieces_of(target.id, nullif($2 -> 'lines', 'null'), 'open') p;
  if refusal is null and target.problem is not null then
    refusal := 'problem';
    detail := to_jsonb(target.problem);
  end if;
  if refusal is not null then
    return;
  end if;
  after := target;
  if target.status = 'pending' then
    select * into step from app.start_processing(target, null, $3, $4);
    news := step.news;
    after := step.after;
  end if;
  insert into shipments (client_id, order_id, number, carrier, tracking_number, tracking_url, shipped_at, source)
  values (target.client_id, target.id, coalesce($2 ->> 'number', app.next_shipment_number(target.id)),
    $2 ->> 'carrier', $2 ->> 'tracking_number', $2 ->> 'tracking_url', $4, $3)
  returning * into parcel;
  select * into step from app.add_to_shipment(after, parcel, pieces, $3, $4);
  news := coalesce(news, '[]') || step.news;
  after := step.after;
end
$$;

-- Ships pieces of an order. `shipment` is {"number", "carrier", "tracking_number", "tracking_url", "lines"}, with the
-- lines of app.pieces_of. Without a number, the function creates a new shipment. If a shipment of the order already has
-- the number, the function changes this shipment. Therefore a repeated call has no effect. Refusals: the refusals of
-- app.pieces_of, app.change_shipment and app.start_processing.
create or replace function app.ship_order(
  order_id uuid, shipment jsonb, source text, happened_at timestamptz, expected timestamptz,
  out refusal text, out detail jsonb, out news jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders := app.lock_order($1);
  parcel shipments;
begin
  refusal := app.lock_refusal($1, target, $5);
  if refusal is not null then
    return;
  end if;
  select * into parcel from shipments s where s.order_id = $1 and s.number = $2 ->> 'number';
  if parcel.id is not null then
    select c.refusal, c.detail, c.news into refusal, detail, news
    from app.change_shipment(target, parcel, $2, $3, app.time_of_news(target, $4)) c;
  elsif target.status in ('delivered', 'cancelled') then
    select r.refusal, r.detail into refusal, detail from app.refuse_late(target, 'shipped', $3, $2, $4) r;
  else
    select a.refusal, a.detail, a.news into refusal, detail, news
    from app.add_shipment(target, $2, $3, app.time_of_news(target, $4)) a;
  end if;
end
$$;
grant execute on function app.ship_order(uuid, jsonb, text, timestamptz, timestamptz)
  to app_admin, app_support, app_client, app_system;

-- Records that the shipment with this number was delivered, or all shipments of the order if `number` is null. The
-- order must be locked. If all pieces that are not cancelled are in delivered shipments, the order becomes `delivered`.
-- Refusal: `unchanged`.
create or replace function app.deliver_shipments(
  target orders, number text, source text, at timestamptz, out refusal text, out detail jsonb, out news jsonb)
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  parcel shipments;
begin
  news := '[]';
  for parcel in
    update shipments s set status = 'delivered', delivered_at = greatest($4, s.shipped_at)
    where s.order_id = target.id and s.status = 'shipped' and ($2 is null or s.number = $2)
    returning *
  loop
    target := app.touch_order(target.id);
    news := news || app.record_order_event(target, 'shipment_delivered', null, $3,
      jsonb_build_object('shipment_id', parcel.id, 'shipment', parcel.number), $4);
  end loop;
  if target.status = 'shipped' and target.fulfilment = 'full'
    and not exists (select from shipments s where s.order_id = target.id and s.status = 'shipped') then
    update orders o set status = 'delivered', delivered_at = $4 where o.id = target.id returning * into target;
    news := news || app.record_order_event(target, 'delivered', 'shipped', $3, null, $4);
  end if;
  if news = '[]' then
    refusal := 'unchanged';
    detail := to_jsonb(target.status);
  end if;
end
$$;

-- Records that shipments of an order were delivered. If the order has no shipment yet, the function first ships all
-- remaining pieces, because the ERP system may not have reported the shipment. If a file contains the number of a
-- shipment that does not exist, the function creates this shipment. In a request to the API, the shipment must exist.
--
-- `shipment` has the same form as in app.ship_order. Refusals: `unknown_shipment`, and the refusals of app.ship_order.
create or replace function app.deliver_order(
  order_id uuid, shipment jsonb, source text, happened_at timestamptz, expected timestamptz,
  out refusal text, out detail jsonb, out news jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders := app.lock_order($1);
  at timestamptz;
  parcel_number constant text := $2 ->> 'number';
  is_known boolean;
  earlier jsonb := '[]';
  added record;
begin
  refusal := app.lock_refusal($1, target, $5);
  if refusal is not null then
    return;
  end if;
  at := app.time_of_news(target, $4);
  is_known := exists (
    select from shipments s
    where s.order_id = $1 and (parcel_number is null or s.number = parcel_number));
  if target.status = 'cancelled' or target.status = 'delivered' and not is_known then
    select r.refusal, r.detail into refusal, detail from app.refuse_late(target, 'delivered', $3, $2, $4) r;
    return;
  elsif not is_known and parcel_number is not null and $3 = 'api' then
    refusal := 'unknown_shipment';
    return;
  elsif not is_known then
    select * into added from app.add_shipment(target, coalesce($2, '{}'), $3, at);
    refusal := added.refusal;
    detail := added.detail;
    if refusal is not null then
      return;
    end if;
    earlier := added.news;
    target := added.after;
  end if;
  select d.refusal, d.detail, d.news into refusal, detail, news
  from app.deliver_shipments(target, parcel_number, $3, at) d;
  news := earlier || news;
end
$$;
grant execute on function app.deliver_order(uuid, jsonb, text, timestamptz, timestamptz)
  to app_admin, app_support, app_client, app_system;
