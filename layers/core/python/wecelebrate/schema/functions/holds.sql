-- The pieces that orders hold, and the stock in files of an ERP system (the reported stock).
-- tables/0034_stock_holds.sql describes the tables.
--
-- Like app.place_order, every function first locks the products, sorted by their ids, and then reads or writes their
-- holds. Therefore the free stock is always computed from all committed holds, and the functions do not deadlock. An
-- order is locked before its products.

set local role app_definer;

-- Returns the time after which the ERP system no longer counts the pieces of a hold as stock. This is the earliest of
-- three times: the shipment of the pieces, the acknowledgement of the order (ignored if the stock is physical), and
-- `hold_hours` after the order was placed. `means` and `hold_hours` are the settings `stock_means` and `hold_hours` of
-- the catalog. For a return, the function returns the time at which the pieces were received.
create or replace function app.hold_known_at(hold stock_holds, means text, hold_hours integer) returns timestamptz
language sql stable parallel safe
return case
  when hold.is_settled then '-infinity'
  when hold.pieces < 0 then hold.since
  when means = 'physical' then least(hold.shipped_at, hold.since + make_interval(hours => coalesce(hold_hours, 720)))
  else least(hold.shipped_at, hold.acknowledged_at, hold.since + make_interval(hours => coalesce(hold_hours, 72))) end;

-- Returns the number of pieces of a hold that must be subtracted from the stock. `reported_at` is the time at which the
-- ERP system counted this stock.
--
-- The result is negative if two conditions are true: the ERP system had already subtracted the pieces at this time, and
-- the pieces came back to the stock later, because of a cancellation or a return.
create or replace function app.hold_effect(
  hold stock_holds, means text, hold_hours integer, reported_at timestamptz) returns integer
language sql stable parallel safe
return case
  when hold.cancelled_at is null then
    case when app.hold_known_at(hold, means, hold_hours) > reported_at then hold.pieces else 0 end
  when app.hold_known_at(hold, means, hold_hours) <= reported_at and reported_at < hold.cancelled_at then -hold.pieces
  else 0 end;

-- Locks products, sorted by their ids.
create or replace function app.lock_products(product_ids uuid[]) returns void
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$ select from products where id = any (product_ids) order by id for no key update $$;

-- Computes the free stock of products again after their holds have changed. The products must be locked. `returned` is
-- the number of pieces of each product that came back to the stock. If a product has no row in stock_reports, the
-- returned pieces are added to its count. Products that are not tracked have no stock.
create or replace function app.recompute_stock(product_ids uuid[], returned integer[]) returns void
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
  update products p set inventory_count = s.free
  from (
    select p.id, least(greatest(coalesce(r.reported_count - h.pieces, p.inventory_count + g.pieces), 0), 2147483647)
      as free
    from (select id, sum(pieces) as pieces from unnest(product_ids, returned) g (id, pieces) group by id) g
      join products p on p.id = g.id and p.inventory_policy = 'tracked'
      join catalogs c on c.id = p.catalog_id
      left join stock_reports r on r.product_id = p.id
      left join lateral (
        select coalesce(sum(app.hold_effect(h, c.sync_settings ->> 'stock_means',
          (c.sync_settings ->> 'hold_hours')::integer, r.reported_at)), 0) as pieces
        from stock_holds h
        where h.catalog_id = p.catalog_id and h.product_id = p.id and (not h.is_settled or h.cancelled_at is not null)
      ) h on r.product_id is not null
  ) s
  where p.id = s.id and p.inventory_count <> s.free
$$;

-- Subtracts the pieces of an order from the stock, and creates holds for the pieces. This function is for orders that
-- app.place_order does not create, such as replacements. Only tracked products have a stock. Returns null. If the stock
-- of some lines is too low, the function changes nothing, and returns these lines: [{at, left}, …] as in
-- app.place_order.
create or replace function app.open_holds(order_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  lacking jsonb;
begin
  perform app.lock_products(array(select l.product_id from order_lines l where l.order_id = $1));

  select s.detail into lacking
  from app.stock_refusal((
    select jsonb_agg(jsonb_build_object('reason', 'out_of_stock', 'at', l.line - 1, 'quantity', l.quantity,
      'allowed', l.inventory_count))
    from (
      select l.line, p.inventory_count, sum(l.quantity) over (partition by p.id) as quantity
      from order_lines l join products p on p.id = l.product_id and p.inventory_policy = 'tracked'
      where l.order_id = $1
    ) l)) s
  where s.is_exceeded;
  if lacking is not null then
    return lacking;
  end if;

  insert into stock_holds (order_id, line, client_id, catalog_id, product_id, pieces, since)
  select l.order_id, l.line, l.client_id, p.catalog_id, p.id, l.quantity, clock_timestamp()
  from order_lines l join products p on p.id = l.product_id and p.inventory_policy = 'tracked'
  where l.order_id = $1;
  update products p set inventory_count = p.inventory_count - h.pieces
  from (select product_id, sum(pieces) as pieces from stock_holds h where h.order_id = $1 group by 1) h
  where p.id = h.product_id;
  update order_lines l set taken_quantity = h.pieces from stock_holds h
  where h.order_id = $1 and l.order_id = $1 and l.line = h.line;
  return null;
end
$$;

-- Records that the ERP system acknowledged an order at `at`. From this time on, the stock in reports of the ERP system
-- does not include the pieces of this order. A second acknowledgement changes nothing.
create or replace function app.acknowledge_holds(order_id uuid, at timestamptz) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  product_ids uuid[] := array(select h.product_id from stock_holds h where h.order_id = $1);
begin
  perform app.lock_products(product_ids);
  update stock_holds h set acknowledged_at = coalesce(at, clock_timestamp())
  where h.order_id = $1 and h.pieces > 0 and h.acknowledged_at is null and h.shipped_at is null
    and h.cancelled_at is null;
  perform app.recompute_stock(product_ids, array_fill(0, array[cardinality(product_ids)]));
end
$$;

-- Ends holds of an order whose pieces are not shipped and not cancelled: at most `pieces` pieces of a line, or all if
-- `pieces` is null. If `line` is null, the holds of all lines end. The caller must give either `shipped_at` or
-- `cancelled_at`. If only some of the pieces of a hold end, the hold is split. Returns the number of pieces whose hold
-- has ended.
create or replace function app.end_holds(
  order_id uuid, line integer, pieces integer, shipped_at timestamptz, cancelled_at timestamptz) returns integer
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  product_ids uuid[];
  ended integer[];
  returned integer[];
begin
  if num_nonnulls($4, $5) <> 1 or pieces < 0 or (pieces is not null and line is null) then
    raise exception 'a number of pieces of one line is either shipped or cancelled'
      using errcode = 'invalid_parameter_value';
  end if;
  perform app.lock_products(array(select h.product_id from stock_holds h where h.order_id = $1));

  with open as materialized (
    select h.order_id, h.line, h.part, h.pieces,
      least(h.pieces, $3 - (sum(h.pieces) over (order by h.line, h.part) - h.pieces)) as ending
    from stock_holds h
    where h.order_id = $1 and ($2 is null or h.line = $2) and h.pieces > 0 and h.shipped_at is null
      and h.cancelled_at is null
  ), ended as (
    update stock_holds h set pieces = o.ending, shipped_at = $4, cancelled_at = $5
    from open o
    where h.order_id = o.order_id and h.line = o.line and h.part = o.part and o.ending > 0
    returning h.product_id, h.pieces
  ), remaining as (
    insert into stock_holds (order_id, line, part, client_id, catalog_id, product_id, pieces, since, acknowledged_at,
      is_settled)
    select h.order_id, h.line, (select max(m.part) + 1 from stock_holds m where m.order_id = $1 and m.line = h.line),
      h.client_id, h.catalog_id, h.product_id, o.pieces - o.ending, h.since, h.acknowledged_at, h.is_settled
    from open o join stock_holds h on h.order_id = o.order_id and h.line = o.line and h.part = o.part
    where o.ending > 0 and o.ending < o.pieces
  )
  select array_agg(e.product_id), array_agg(e.pieces), array_agg(case when $4 is null then e.pieces else 0 end)
    into product_ids, ended, returned from ended e;

  perform app.recompute_stock(product_ids, returned);
  return (select coalesce(sum(n), 0) from unnest(ended) n);
end
$$;

-- Records that pieces of a line were shipped at `at`. Returns the number of these pieces that an order held until now
-- (at most `pieces`).
create or replace function app.ship_held_pieces(order_id uuid, line integer, pieces integer, at timestamptz)
returns integer
language sql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$ select app.end_holds($1, $2, $3, coalesce($4, clock_timestamp()), null) $$;

-- Puts unshipped pieces of an order back into the stock: at most `pieces` pieces of a line. If `pieces` is null, all
-- pieces of the line are put back. If `line` is null, too, the pieces of all lines are put back. Returns the number of
-- pieces. A piece is put back only once.
create or replace function app.release_held_pieces(order_id uuid, line integer, pieces integer, at timestamptz)
returns integer
language sql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$ select app.end_holds($1, $2, $3, null, coalesce($4, clock_timestamp())) $$;

-- Adds returned pieces of a line to the stock. The caller must ensure that `pieces` is at most the number of shipped
-- pieces. Returns `pieces`, or 0 if the product was deleted or is not tracked.
create or replace function app.restock_pieces(order_id uuid, line integer, pieces integer, at timestamptz)
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  product products;
begin
  if coalesce(pieces, 0) <= 0 then
    raise exception 'the number of returned pieces must be above 0' using errcode = 'invalid_parameter_value';
  end if;
  select p.* into product from order_lines l join products p on p.id = l.product_id
  where l.order_id = $1 and l.line = $2 for no key update of p;
  if product.id is null or product.inventory_policy <> 'tracked' then
    return 0;
  end if;
  insert into stock_holds (order_id, line, part, client_id, catalog_id, product_id, pieces, since)
  select l.order_id, l.line,
    (select coalesce(max(h.part), 0) + 1 from stock_holds h where h.order_id = $1 and h.line = $2),
    l.client_id, product.catalog_id, product.id, -$3, coalesce($4, clock_timestamp())
  from order_lines l where l.order_id = $1 and l.line = $2;
  perform app.recompute_stock(array[product.id], array[$3]);
  return pieces;
end
$$;

-- Deletes the holds and the reported stock of deleted products.
create or replace function app.delete_product_stock() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  delete from stock_reports r using before b where r.product_id = b.id;
  -- The condition on the catalog and the last two conditions let PostgreSQL use the index.
  delete from stock_holds h using before b
  where h.catalog_id = b.catalog_id and h.product_id = b.id and (not h.is_settled or h.cancelled_at is not null);
  return null;
end
$$;
grant execute on function app.delete_product_stock() to app_owner;

-- Puts the unshipped pieces of deleted orders back into the stock, and deletes the holds of these orders.
create or replace function app.delete_order_holds() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  perform app.release_held_pieces(b.id, null, null, null) from (select id from before order by id) b;
  delete from stock_holds h using before b where h.order_id = b.id;
  return null;
end
$$;
grant execute on function app.delete_order_holds() to app_owner;

set local role app_owner;
create or replace trigger delete_stock after delete on products referencing old table as before
  for each statement execute function app.delete_product_stock();
create or replace trigger delete_holds after delete on orders referencing old table as before
  for each statement execute function app.delete_order_holds();
