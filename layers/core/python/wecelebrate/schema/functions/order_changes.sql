-- The shared functions for all changes of an order: locking it for a caller, recording events, and counting its pieces.
--
-- A function that changes an order returns three values:
--   refusal   null, or the reason why nothing was changed. Common reasons: `not_found`, `forbidden`, `changed` (the
--             order has another `updated_at` than the caller expects), `status` (the status does not allow the change;
--             detail is the status), and `unchanged` (the order already is as the caller wants it)
--   detail    details of the refusal
--   news      the events of the change, in their order: [{"type": …, "shipment_id": …}, …]. The caller sends the mails
--             and the webhook events of the news.
-- `source` is the origin of the change: `api`, `storefront`, `file` or `system`. `happened_at` is null for a change
-- that happens now. `expected` is the `updated_at` that the order must have, or null.
--
-- Every change takes its locks in the same sequence, so that changes cannot deadlock: first the order, then its
-- products, sorted by their ids. Therefore a transaction must not change the pieces of several orders.

set local role app_definer;

-- Locks and returns an order that the caller may change, or null. The lock ends with the transaction. The caller is
-- staff of the platform, an owner or editor of the client of the order, or a service.
create or replace function app.lock_order(order_id uuid) returns orders
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
  select * from orders o
  where o.id = $1
    and (app.admin_role() is not null or o.client_id = any (app.editor_ids()) or app.subject() = 'service:system')
  for update
$$;

-- Returns why the caller may not change the order that app.lock_order has returned, or null.
create or replace function app.lock_refusal(order_id uuid, target orders, expected timestamptz) returns text
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select case
    when target.id is not null then case when target.updated_at <> $3 then 'changed' end
    when exists (select from orders o where o.id = $1 and o.client_id = any ((select app.client_ids())::uuid[]))
      then 'forbidden'
    else 'not_found' end
$$;

-- Returns the time of an event: the given time, but not before the order was placed, and not after now.
create or replace function app.time_of_news(target orders, happened_at timestamptz) returns timestamptz
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$ select greatest(least(coalesce($2, clock_timestamp()), clock_timestamp()), ($1).created_at) $$;

-- Appends an event to the history of an order. `target` is the order after the change. Returns the event as news.
create or replace function app.record_order_event(
  target orders, type text, from_status text, source text, details jsonb, happened_at timestamptz) returns jsonb
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  subject constant text := app.subject();
begin
  insert into order_events (client_id, order_id, version, type, from_status, to_status, source, actor, subject, details,
    happened_at)
  values (target.client_id, target.id, target.version, $2, $3, case when $3 is not null then target.status end, $4,
    case when subject like 'service:%' then 'service' when app.admin_role() is not null then 'admin'
      when app.site_id() is null then 'client' when subject is null then 'guest' else 'customer' end,
    subject, coalesce($5, '{}'), $6);
  return jsonb_build_object('type', $2) || coalesce($5, '{}');
end
$$;

-- Records late news: news from an order file that arrives too late to change the order, e.g. `shipped` for a cancelled
-- order. Equal late news is recorded only once. A history contains at most 100 events for late news, because a file can
-- have 100,000 rows about an order.
create or replace function app.record_late_news(
  target orders, type text, details jsonb, happened_at timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  news constant jsonb := jsonb_strip_nulls(coalesce($3, '{}')) || jsonb_build_object('news', $2);
begin
  if (
    select count(*) < 100 and coalesce(bool_and(e.details <> news), true)
    from order_events e where e.order_id = target.id and e.type = 'late_news') then
    perform app.record_order_event($1, 'late_news', null, 'file', news, app.time_of_news($1, $4));
  end if;
end
$$;

-- Records a change of an order that can no longer take effect. Returns the refusal.
create or replace function app.refuse_late(
  target orders, type text, source text, details jsonb, happened_at timestamptz, out refusal text, out detail jsonb)
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if $3 = 'file' then
    perform app.record_late_news($1, $2, $4, $5);
  end if;
  refusal := 'status';
  detail := to_jsonb(target.status);
end
$$;

-- Increases the version of an order whose own columns do not change, e.g. if a shipment has changed. The update also
-- invalidates the cached order.
create or replace function app.touch_order(order_id uuid) returns orders
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$ update orders o set version = o.version + 1 where o.id = $1 returning o $$;

-- Returns whether all pieces of an order that are not cancelled were shipped (`full`), some of them (`partial`), or
-- none (`none`).
create or replace function app.fulfilment_of(order_id uuid) returns text
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select case when coalesce(sum(l.shipped_quantity), 0) = 0 then 'none'
    when sum(l.shipped_quantity) = sum(l.quantity - l.cancelled_quantity) then 'full' else 'partial' end
  from order_lines l where l.order_id = $1
$$;

-- Compares the pieces in the request of a caller with the remaining pieces of each line. `lines` is [{"line": …,
-- "quantity": …}, …]. If a quantity or `lines` is null, all remaining pieces are meant. `kind` determines which pieces
-- remain: `open` pieces are not shipped and not cancelled, `returnable` pieces are shipped and not returned, and
-- `shipped` pieces are all shipped pieces. Refusals:
--   unknown_lines  [n, …]             the order has no such lines
--   too_many       [{at, left}, …]    fewer pieces are left
--   nothing_left   null               no piece is left
create or replace function app.pieces_of(
  order_id uuid, lines jsonb, kind text, out refusal text, out detail jsonb, out pieces jsonb)
language plpgsql stable set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  unknown_lines jsonb;
begin
  with wanted as (
    select (w ->> 'line')::integer as line, sum((w ->> 'quantity')::integer) as quantity, min(n) - 1 as at
    from jsonb_array_elements($2) with ordinality e (w, n) group by 1
  ), found as (
    select w.at, coalesce(l.line, w.line) as line, l.line is null as is_unknown,
      case $3 when 'open' then l.quantity - l.shipped_quantity - l.cancelled_quantity
        when 'returnable' then l.shipped_quantity - l.returned_quantity else l.shipped_quantity end as remaining,
      w.quantity
    from (select * from order_lines o where o.order_id = $1) l
      full join wanted w on w.line = l.line
    where $2 is null or w.line is not null
  )
  select jsonb_agg(f.at order by f.at) filter (where f.is_unknown),
    jsonb_agg(jsonb_build_object('at', f.at, 'left', f.remaining) order by f.at)
      filter (where f.quantity > f.remaining or f.at is not null and f.remaining = 0),
    jsonb_agg(jsonb_build_object('line', f.line, 'quantity', coalesce(f.quantity, f.remaining))
      order by f.line) filter (where coalesce(f.quantity, f.remaining) > 0)
    into unknown_lines, detail, pieces
  from found f;
  if unknown_lines is not null then
    refusal := 'unknown_lines';
    detail := unknown_lines;
  elsif detail is not null then
    refusal := 'too_many';
  elsif pieces is null then
    refusal := 'nothing_left';
  end if;
end
$$;

-- Returns which fields of an order changed, for the details of an event. Values are included only if they contain no
-- personal data.
create or replace function app.changed_fields(before orders, after orders) returns jsonb
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select jsonb_build_object('fields', jsonb_agg(key order by key))
    || coalesce(jsonb_object_agg(key, value) filter (where key in ('external_number', 'problem')), '{}')
  from jsonb_each(to_jsonb($2))
  where value <> to_jsonb($1) -> key and key not in ('updated_at', 'version')
$$;
