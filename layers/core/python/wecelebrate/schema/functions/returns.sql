-- Returns of shipped pieces, and replacement orders. functions/order_changes.sql describes the parameters and the
-- results that all changes of an order have in common. `expected` of a return is the `updated_at` of the return.

set local role app_definer;

-- Opens a return of shipped pieces. `lines` has the same form as in app.pieces_of. `return_id` is the id of the new
-- return. Refusals: `status`, and the refusals of app.pieces_of.
create or replace function app.request_return(
  order_id uuid, lines jsonb, reason text, source text, expected timestamptz,
  out refusal text, out detail jsonb, out news jsonb, out return_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders := app.lock_order($1);
  pieces jsonb;
  new_return returns;
begin
  refusal := app.lock_refusal($1, target, $5);
  if refusal is not null then
    return;
  elsif target.status not in ('shipped', 'delivered') then
    refusal := 'status';
    detail := to_jsonb(target.status);
    return;
  end if;
  select p.refusal, p.detail, p.pieces into refusal, detail, pieces from app.pieces_of($1, $2, 'returnable') p;
  if refusal is not null then
    return;
  end if;
  insert into returns (client_id, order_id, number, reason)
  values (target.client_id, $1, (select count(*) + 1 from returns r where r.order_id = $1), $3)
  returning * into new_return;
  insert into return_lines (client_id, order_id, return_id, line, quantity)
  select target.client_id, $1, new_return.id, (p ->> 'line')::integer, (p ->> 'quantity')::integer
  from jsonb_array_elements(pieces) p;
  update order_lines l set returned_quantity = l.returned_quantity + (p ->> 'quantity')::integer
  from jsonb_array_elements(pieces) p where l.order_id = $1 and l.line = (p ->> 'line')::integer;
  target := app.touch_order($1);
  return_id := new_return.id;
  news := jsonb_build_array(app.record_order_event(target, 'return_requested', null, $4,
    jsonb_build_object('return_id', return_id, 'return', new_return.number, 'lines', pieces), clock_timestamp()));
end
$$;
grant execute on function app.request_return(uuid, jsonb, text, text, timestamptz)
  to app_admin, app_support, app_client, app_system;

-- Locks the order of a return that the caller may change, and returns the order, or null. Every change of a return
-- first locks its order.
create or replace function app.lock_order_of_return(return_id uuid) returns orders
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$ select o from returns r cross join lateral app.lock_order(r.order_id) o where r.id = $1 and o.id is not null $$;

-- Returns why the caller may not change the return whose order app.lock_order_of_return has returned, or null.
create or replace function app.return_refusal(target orders, current returns, expected timestamptz) returns text
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select case
    when target.id is not null then case when current.updated_at <> $3 then 'changed' end
    when current.client_id = any ((select app.client_ids())::uuid[]) then 'forbidden'
    else 'not_found' end
$$;

-- Approves or refuses a return. `decision` is `approved` or `refused`. The pieces of a refused return can be returned
-- again. Refusal: `status`.
create or replace function app.decide_return(
  return_id uuid, decision text, note text, source text, expected timestamptz,
  out refusal text, out detail jsonb, out news jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders := app.lock_order_of_return($1);
  decided returns;
begin
  select * into decided from returns r where r.id = $1;
  refusal := app.return_refusal(target, decided, $5);
  if refusal is not null then
    return;
  elsif not (decided.status = 'requested' or decided.status = 'approved' and $2 = 'refused') then
    refusal := case decided.status when $2 then 'unchanged' else 'status' end;
    detail := to_jsonb(decided.status);
    return;
  end if;
  update returns r
  set status = $2, note = coalesce($3, r.note), approved_at = case $2 when 'approved' then now() else r.approved_at end,
    refused_at = case $2 when 'refused' then now() end
  where r.id = $1;
  if $2 = 'refused' then
    update order_lines l set returned_quantity = l.returned_quantity - r.quantity
    from return_lines r where r.return_id = $1 and l.order_id = r.order_id and l.line = r.line;
  end if;
  target := app.touch_order(target.id);
  news := jsonb_build_array(app.record_order_event(target, 'return_' || $2, null, $4,
    jsonb_build_object('return_id', $1, 'return', decided.number), clock_timestamp()));
end
$$;
grant execute on function app.decide_return(uuid, text, text, text, timestamptz)
  to app_admin, app_support, app_client, app_system;

-- Returns how many returned pieces of a line may go back to the stock. If the client of the order owns the catalog, all
-- pieces may go back. In another client's catalog, only the pieces that the order has taken from the stock may go back.
create or replace function app.restockable_pieces(order_id uuid, line integer) returns bigint
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select case when c.owner_client_id = l.client_id then l.quantity
    else greatest(l.taken_quantity - (
      select coalesce(sum(r.restocked_quantity), 0) from returns t join return_lines r on r.return_id = t.id
      where t.order_id = $1 and r.line = $2), 0) end
  from order_lines l join products p on p.id = l.product_id join catalogs c on c.id = p.catalog_id
  where l.order_id = $1 and l.line = $2
$$;

-- Returns the pieces of a return that have arrived: [{"line", "quantity", "restock"}, …]. `lines` is null if all pieces
-- have arrived. If `lines` does not contain a line, its pieces have not arrived. Refusals:
--   unknown_lines  [n, …]             the return has no such lines
--   too_many       [{at, left}, …]    the return has fewer pieces, or fewer pieces arrived than go back on sale, or
--                                     fewer pieces may go back on sale. In the last two cases, the detail also contains
--                                     {"field": "restock"}
create or replace function app.received_pieces(
  return_id uuid, lines jsonb, restock boolean, out refusal text, out detail jsonb, out pieces jsonb)
language plpgsql stable set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  unknown_lines jsonb;
begin
  with stated as (
    select n - 1 as at, (l ->> 'line')::integer as line, (l ->> 'quantity')::integer as quantity,
      coalesce((l ->> 'restock')::integer, 0) as restock
    from jsonb_array_elements($2) with ordinality e (l, n)
  ), limited as (
    select s.*, r.line as known_line, r.quantity as returned,
      least(s.quantity, coalesce(app.restockable_pieces(t.order_id, r.line), s.quantity)) as restockable
    from stated s
      left join return_lines r on r.return_id = $1 and r.line = s.line
      left join returns t on t.id = r.return_id
  )
  select jsonb_agg(s.at order by s.at) filter (where s.known_line is null),
    jsonb_agg(jsonb_strip_nulls(jsonb_build_object('at', s.at,
        'left', case when s.quantity > s.returned then s.returned else s.restockable end,
        'field', case when s.quantity <= s.returned then 'restock' end)) order by s.at)
      filter (where s.quantity > s.returned or s.restock > s.restockable)
    into unknown_lines, detail
  from limited s;
  if unknown_lines is not null or detail is not null then
    refusal := case when unknown_lines is null then 'too_many' else 'unknown_lines' end;
    detail := coalesce(unknown_lines, detail);
    return;
  end if;
  select jsonb_agg(jsonb_build_object('line', r.line,
      'quantity', case when $2 is null then r.quantity else coalesce((l ->> 'quantity')::integer, 0) end,
      'restock', case when $2 is not null then coalesce((l ->> 'restock')::integer, 0)
        when $3 then least(r.quantity, coalesce(app.restockable_pieces(t.order_id, r.line), r.quantity))
        else 0 end) order by r.line)
    into pieces
  from return_lines r
    join returns t on t.id = r.return_id
    left join jsonb_array_elements($2) l on (l ->> 'line')::integer = r.line
  where r.return_id = $1;
end
$$;

-- Records that the pieces of a return have arrived, and puts some of the pieces back into the stock. `lines` has the
-- same form as in app.received_pieces. Pieces that did not arrive can be returned again. Refusals: `status`, and the
-- refusals of app.received_pieces.
create or replace function app.receive_return(
  return_id uuid, lines jsonb, restock boolean, note text, source text, expected timestamptz,
  out refusal text, out detail jsonb, out news jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders := app.lock_order_of_return($1);
  received returns;
  pieces jsonb;
  piece record;
  at constant timestamptz := clock_timestamp();
begin
  select * into received from returns r where r.id = $1;
  refusal := app.return_refusal(target, received, $6);
  if refusal is not null then
    return;
  elsif received.status not in ('requested', 'approved') then
    refusal := case received.status when 'received' then 'unchanged' else 'status' end;
    detail := to_jsonb(received.status);
    return;
  end if;
  select p.refusal, p.detail, p.pieces into refusal, detail, pieces from app.received_pieces($1, $2, $3) p;
  if refusal is not null then
    return;
  end if;
  for piece in
    select (p ->> 'line')::integer as line, (p ->> 'quantity')::integer as quantity,
      (p ->> 'restock')::integer as restock
    from jsonb_array_elements(pieces) with ordinality e (p, n) order by n
  loop
    update order_lines l set returned_quantity = l.returned_quantity - (r.quantity - piece.quantity)
    from return_lines r
    where r.return_id = $1 and r.line = piece.line and l.order_id = target.id and l.line = piece.line;
    update return_lines r set received_quantity = piece.quantity, restocked_quantity = piece.restock
    where r.return_id = $1 and r.line = piece.line;
    if piece.restock > 0 then
      perform app.restock_pieces(target.id, piece.line, piece.restock, at);
    end if;
  end loop;
  update returns r set status = 'received', received_at = now(), note = coalesce($4, r.note) where r.id = $1;
  target := app.touch_order(target.id);
  news := jsonb_build_array(app.record_order_event(target, 'return_received', null, $5,
    jsonb_build_object('return_id', $1, 'return', received.number, 'lines', pieces), at));
end
$$;
grant execute on function app.receive_return(uuid, jsonb, boolean, text, text, timestamptz)
  to app_admin, app_support, app_client, app_system;

-- Returns how many pieces of each product of an order may be sent again: the shipped pieces minus the pieces in earlier
-- replacements of the order. If the stock belongs to another client, only pieces that the order has taken from the
-- stock count, because an order is checked against the limits of a shared stock when it takes its pieces.
create or replace function app.replaceable_pieces(order_id uuid) returns table (product_id uuid, pieces bigint)
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select p.id, greatest(sum(case when c.owner_client_id = l.client_id or p.inventory_policy <> 'tracked'
      then l.shipped_quantity else least(l.shipped_quantity, l.taken_quantity) end) - (
    select coalesce(sum(r.quantity - r.cancelled_quantity), 0) from orders o join order_lines r on r.order_id = o.id
    where o.client_id = l.client_id and o.replaces_order_id = $1 and r.product_id = p.id), 0)
  from order_lines l join products p on p.id = l.product_id join catalogs c on c.id = p.catalog_id
  where l.order_id = $1 group by p.id, l.client_id
$$;

-- Limits the pieces of a replacement to app.replaceable_pieces. `pieces` is [{"line", "quantity"}, …]. `lines` contains
-- the lines of the request, or is null if the request contains no lines. If `lines` is null, the function does not
-- refuse too many pieces, but reduces them to the pieces that may be sent again. Refusals: `too_many` as in
-- app.pieces_of, and `nothing_left`.
create or replace function app.limited_replacement(
  order_id uuid, lines jsonb, pieces jsonb, out refusal text, out detail jsonb, out limited jsonb)
language plpgsql stable set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  with wanted as (
    select l.line, l.product_id, (p ->> 'quantity')::integer as quantity,
      coalesce(sum((p ->> 'quantity')::integer) over (
        partition by l.product_id order by l.line rows between unbounded preceding and 1 preceding), 0) as earlier
    from jsonb_array_elements(pieces) p
      join order_lines l on l.order_id = $1 and l.line = (p ->> 'line')::integer
  ), bounded as (
    select w.line, w.quantity, least(w.quantity, greatest(r.pieces - w.earlier, 0)) as remaining
    from wanted w join app.replaceable_pieces($1) r on r.product_id = w.product_id
    union all
    select w.line, w.quantity, w.quantity from wanted w where w.product_id is null
  )
  select jsonb_agg(jsonb_build_object('at', (
        select min(n) - 1 from jsonb_array_elements($2) with ordinality e (w, n)
        where (w ->> 'line')::integer = b.line), 'left', b.remaining) order by b.line)
      filter (where b.quantity > b.remaining and $2 is not null),
    jsonb_agg(jsonb_build_object('line', b.line, 'quantity', b.remaining) order by b.line)
      filter (where b.remaining > 0)
    into detail, limited
  from bounded b;
  refusal := case when detail is not null then 'too_many' when limited is null then 'nothing_left' end;
end
$$;

-- Returns the items of a replacement order, at the price 0. `lines` has the same form as in app.pieces_of. Refusals:
-- the refusals of app.pieces_of and of app.limited_replacement, and `gone`, with the lines whose products no longer
-- exist.
create or replace function app.replacement_items(
  order_id uuid, lines jsonb, out refusal text, out detail jsonb, out items jsonb)
language plpgsql stable set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  pieces jsonb;
begin
  select p.refusal, p.detail, p.pieces into refusal, detail, pieces from app.pieces_of($1, $2, 'shipped') p;
  if refusal is null then
    select l.refusal, l.detail, l.limited into refusal, detail, pieces
    from app.limited_replacement($1, $2, pieces) l;
  end if;
  if refusal is not null then
    return;
  end if;
  select jsonb_agg(w.piece -> 'line' order by w.n) filter (where p.id is null),
    jsonb_agg(jsonb_build_object('line', w.n, 'quantity', w.piece -> 'quantity', 'product_id', p.id, 'sku', l.sku,
      'name', l.name, 'unit_price', round(0, app.minor_units(o.currency))::text, 'image', p.images ->> 0) order by w.n)
    into detail, items
  from jsonb_array_elements(pieces) with ordinality w (piece, n)
    join order_lines l on l.order_id = $1 and l.line = (w.piece ->> 'line')::integer
    join orders o on o.id = $1
    left join products p on p.id = l.product_id;
  refusal := case when detail is not null then 'gone' end;
end
$$;

-- Creates the order that replaces pieces of `target`, and takes the pieces from the stock. Refusal: `out_of_stock`,
-- with [{at, left}, …]. In this case, no order is created.
create or replace function app.create_replacement(
  target orders, items jsonb, out refusal text, out detail jsonb, out replacement orders)
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  insert into orders (client_id, site_id, customer_subject, customer_name, customer_email, total_amount, currency,
    shipping_address, items, kind, replaces_order_id, has_verified_email)
  values (target.client_id, target.site_id, target.customer_subject, target.customer_name, target.customer_email,
    round(0, app.minor_units(target.currency)), target.currency, target.shipping_address, items, 'replacement',
    target.id, target.has_verified_email)
  returning * into replacement;
  insert into order_lines (client_id, order_id, line, product_id, sku, name, quantity, unit_price)
  select target.client_id, replacement.id, (i ->> 'line')::integer, (i ->> 'product_id')::uuid, i ->> 'sku',
    i ->> 'name', (i ->> 'quantity')::integer, 0
  from jsonb_array_elements(items) i;
  detail := app.open_holds(replacement.id);
  if detail is not null then
    raise exception 'the stock is too low' using errcode = 'WC409';
  end if;
exception when sqlstate 'WC409' then  -- the block undoes the two inserts
  refusal := 'out_of_stock';
  replacement := null;
end
$$;

-- Sends shipped pieces of an order again, in a new order of the kind `replacement` that costs nothing. `lines` has the
-- same form as in app.pieces_of, or is null. `return_id` is the return whose pieces the new order replaces, or null. If
-- `lines` and `return_id` are null, all shipped pieces are sent again.
--
-- `replacement_id` is the new order. Refusals: `status`, `unknown_return`, and the refusals of app.replacement_items
-- and app.create_replacement.
create or replace function app.replace_order(
  order_id uuid, lines jsonb, return_id uuid, source text, expected timestamptz,
  out refusal text, out detail jsonb, out news jsonb, out replacement_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders := app.lock_order($1);
  items jsonb;
begin
  refusal := app.lock_refusal($1, target, $5);
  if refusal is null and target.status not in ('shipped', 'delivered') then
    refusal := 'status';
    detail := to_jsonb(target.status);
  elsif refusal is null and $3 is not null and not exists (
    select from returns r
    where r.id = $3 and r.order_id = $1 and r.status <> 'refused' and r.replacement_order_id is null) then
    refusal := 'unknown_return';
  end if;
  if refusal is not null then
    return;
  end if;
  select i.refusal, i.detail, i.items into refusal, detail, items
  from app.replacement_items($1, coalesce($2, (
    select jsonb_agg(jsonb_build_object('line', r.line, 'quantity', r.quantity)) from return_lines r
    where r.return_id = $3))) i;
  if refusal = 'too_many' and $2 is null then  -- the request names no line that could be wrong
    refusal := 'nothing_left';
    detail := null;
  end if;
  if refusal is not null then
    return;
  end if;
  select c.refusal, c.detail, (c.replacement).id into refusal, detail, replacement_id
  from app.create_replacement(target, items) c;
  if refusal is not null then
    return;
  end if;
  update returns r set replacement_order_id = replacement_id where r.id = $3;
  target := app.touch_order($1);
  news := jsonb_build_array(app.record_order_event(target, 'replaced', null, $4, jsonb_strip_nulls(jsonb_build_object(
    'replacement_id', replacement_id, 'return_id', $3)), clock_timestamp()));
end
$$;
grant execute on function app.replace_order(uuid, jsonb, uuid, text, timestamptz) to app_admin, app_support, app_client;
