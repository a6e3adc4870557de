-- The stock that files and callers report. tables/0034_stock_holds.sql describes the tables, and holds.sql describes
-- the effect of orders on the stock.

set local role app_definer;

-- Raises an error if the caller may not write the stock of a catalog.
create or replace function app.require_writable_stock(catalog uuid) returns void
language plpgsql stable set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if app.admin_role() is null and (catalog = any (app.writable_catalog_ids())) is not true then
    raise exception 'the caller may not write the stock of this catalog' using errcode = 'insufficient_privilege';
  end if;
end
$$;

-- Returns whether any product of a catalog has holds or a reported stock.
create or replace function app.has_holds(catalog uuid) returns boolean
language sql stable set search_path = pg_catalog, public, app, pg_temp
return exists (
    select from stock_holds h where h.catalog_id = catalog and (not h.is_settled or h.cancelled_at is not null))
  or exists (select from stock_reports r where r.catalog_id = catalog);

-- Returns which of the given products of a catalog have holds or a reported stock. For a catalog without orders, the
-- function takes almost no time.
create or replace function app.held_products(catalog uuid, product_ids uuid[]) returns setof uuid
language plpgsql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  perform app.require_writable_stock(catalog);
  if app.has_holds(catalog) then
    return query
      select id from unnest(product_ids) id
      where exists (select from stock_holds h where h.catalog_id = catalog and h.product_id = id
          and (not h.is_settled or h.cancelled_at is not null))
        or exists (select from stock_reports r where r.product_id = id and r.catalog_id = catalog);
  end if;
end
$$;
grant execute on function app.held_products(uuid, uuid[]) to app_admin, app_client;

-- Returns the free stock of products that have holds or a reported stock, for stock that the ERP system has counted:
-- `counts` pieces at `times`. The three arrays have one element for each product. A count is null if the stock of the
-- product is not tracked. A time is null if the count is the current free stock, which excludes the pieces of all
-- orders. A time of more than 7 days ago is raised to this limit, because older holds may have been deleted. A time in
-- the future becomes the current time, because the clock of the ERP system may be fast.
--
-- `held` is the number of pieces of orders that the count still contains. If `held` is above the count, customers have
-- ordered more than the ERP system has. `has_holds` is true if events of earlier orders can still change the free
-- stock.
create or replace function app.free_stock(
  catalog uuid, product_ids uuid[], counts integer[], times timestamptz[],
  out product_id uuid, out free_count integer, out held bigint, out reported_at timestamptz, out has_holds boolean)
returns setof record
language plpgsql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  settings jsonb;
begin
  perform app.require_writable_stock(catalog);
  if not app.has_holds(catalog) then
    return;
  end if;
  select c.sync_settings into settings from catalogs c where c.id = catalog;
  return query
    select s.id, least(greatest(coalesce(s.count, 0) - h.pieces, 0), 2147483647)::integer, h.pieces, s.at, h.holds > 0
    from (
      select id, count, case when count is not null and at is not null
        then least(greatest(at, now() - interval '7 days'), now()) end as at
      from unnest(product_ids, counts, times) s (id, count, at)
    ) s
    left join stock_reports r on r.product_id = s.id and r.catalog_id = catalog
    cross join lateral (
      select count(*) as holds, coalesce(sum(app.hold_effect(h, settings ->> 'stock_means',
        (settings ->> 'hold_hours')::integer, s.at)) filter (where s.at is not null), 0) as pieces
      from stock_holds h
      where h.catalog_id = catalog and h.product_id = s.id and (not h.is_settled or h.cancelled_at is not null)
    ) h
    where h.holds > 0 or r.product_id is not null;
end
$$;
grant execute on function app.free_stock(uuid, uuid[], integer[], timestamptz[]) to app_admin, app_client;

-- Stores how many pieces of products the ERP system has counted, and returns the free stock of the products that have
-- holds or a reported stock. The function has the same parameters as app.free_stock. The caller must have locked the
-- products, sorted by their ids, so that no order can change their holds in the meantime. The caller must write the
-- free stock to the products.
create or replace function app.report_stock(catalog uuid, product_ids uuid[], counts integer[], times timestamptz[])
returns table (product_id uuid, free_count integer, held bigint)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
begin
  perform set_config('app.reports_stock', 'on', true);
  return query
    with stated as materialized (
      select * from app.free_stock(catalog, product_ids, counts, times)
    ), stored as (
      insert into stock_reports as r (product_id, catalog_id, reported_count, reported_at)
      select s.product_id, catalog, c.count, s.reported_at
      from stated s join unnest(product_ids, counts) c (id, count) on c.id = s.product_id
      where s.has_holds and s.reported_at is not null
      on conflict (product_id) do update
      set reported_count = excluded.reported_count, reported_at = excluded.reported_at
      where (r.reported_count, r.reported_at) is distinct from (excluded.reported_count, excluded.reported_at)
    ), forgotten as (
      delete from stock_reports r using stated s
      where r.product_id = s.product_id and (not s.has_holds or s.reported_at is null)
    )
    select s.product_id, s.free_count, s.held from stated s;
end
$$;
grant execute on function app.report_stock(uuid, uuid[], integer[], timestamptz[]) to app_admin, app_client;

-- Adds a difference to the stock of a product. The reported stock can become negative. In this case, the free stock is
-- 0, and a later difference is added to the negative number. Returns false if the product does not exist, if its stock
-- is not tracked, or if the caller may not write the product.
create or replace function app.change_stock(product uuid, difference integer) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  p products;
  settings jsonb;
begin
  select * into p from products where id = product for no key update;
  if p.id is null or p.inventory_policy <> 'tracked'
    or (app.admin_role() is null and (p.catalog_id = any ((select app.writable_catalog_ids())::uuid[])) is not true)
  then
    return false;
  end if;
  if p.inventory_count + difference < 0 and not exists (select from stock_reports where product_id = product) then
    -- The product has only its exact count, which cannot be negative. Therefore store a reported stock, which can be
    -- negative.
    select c.sync_settings into settings from catalogs c where c.id = p.catalog_id;
    insert into stock_reports (product_id, catalog_id, reported_count, reported_at)
    select product, p.catalog_id, p.inventory_count + coalesce(sum(app.hold_effect(h, settings ->> 'stock_means',
      (settings ->> 'hold_hours')::integer, '-infinity')), 0), '-infinity'
    from stock_holds h
    where h.catalog_id = p.catalog_id and h.product_id = product and (not h.is_settled or h.cancelled_at is not null);
  end if;
  update stock_reports set reported_count = reported_count + difference where product_id = product;
  perform app.recompute_stock(array[product], array[difference]);
  return true;
end
$$;
grant execute on function app.change_stock(uuid, integer) to app_admin, app_support, app_client;

-- Explains the stock of a product. Returns one row to an editor or an owner of the client that owns the catalog, and to
-- an admin of the platform. Returns no row to other callers. `reported_count` is the stock that the ERP system counted
-- at `reported_at`. Both are null if the product has no reported stock. `held` is the number of pieces that are
-- subtracted because of orders. Without a reported stock, `held` is the number of open pieces, which the stock already
-- excludes.
--
-- `orders` contains the `max_orders` oldest of these orders, the oldest first. An order of another client has no id and
-- no number, because only the client of an order may see the order.
create or replace function app.product_stock(
  product uuid, max_orders integer, out product_id uuid, out inventory_policy text, out inventory_count integer,
  out stock_means text, out reported_count bigint, out reported_at timestamptz, out held bigint, out order_count bigint,
  out orders jsonb)
returns setof record
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  with visible as materialized (
    select p.*, r.reported_count, nullif(r.reported_at, '-infinity') as reported_at,
      r.product_id is not null as is_stated, r.reported_at as at,
      coalesce(c.sync_settings ->> 'stock_means', 'free') as means,
      (c.sync_settings ->> 'hold_hours')::integer as hold_hours
    from products p join catalogs c on c.id = p.catalog_id left join stock_reports r on r.product_id = p.id
    where p.id = $1
      and (app.admin_role() in ('super_admin', 'admin')
        or p.catalog_id = any ((select app.writable_catalog_ids())::uuid[]))
  ), held as materialized (
    select h.order_id, h.client_id, sum(e.pieces) as pieces, min(nullif(h.since, '-infinity')) as since,
      min(h.acknowledged_at) as acknowledged_at
    from visible v join stock_holds h on h.catalog_id = v.catalog_id and h.product_id = v.id
        and (not h.is_settled or h.cancelled_at is not null)
      cross join lateral (select case
        when v.is_stated then app.hold_effect(h, v.means, v.hold_hours, v.at)
        when h.pieces > 0 and h.shipped_at is null and h.cancelled_at is null then h.pieces else 0 end) e (pieces)
    group by h.order_id, h.client_id having sum(e.pieces) <> 0
  )
  select v.id, v.inventory_policy, v.inventory_count, v.means, v.reported_count, v.reported_at,
    (select coalesce(sum(pieces), 0) from held), (select count(*) from held),
    (select coalesce(jsonb_agg(jsonb_build_object('order_id', o.id, 'order_number', o.order_number, 'pieces', f.pieces,
        'placed_at', f.since, 'acknowledged_at', f.acknowledged_at) order by f.since, f.order_id), '[]')
     from (select * from held order by since, order_id limit max_orders) f
       left join public.orders o on o.id = f.order_id
         and (app.admin_role() is not null or f.client_id = any ((select app.client_ids())::uuid[])))
  from visible v
$$;
grant execute on function app.product_stock(uuid, integer) to app_admin, app_support, app_client;

-- Returns whether a hold is finished: the hold has no effect on a stock that was counted after `oldest`. A finished
-- hold can have an effect again only if its open pieces are cancelled.
create or replace function app.is_finished_hold(hold stock_holds, settings jsonb, oldest timestamptz) returns boolean
language sql stable parallel safe
return (not hold.is_settled or hold.cancelled_at is not null)
  and coalesce(hold.cancelled_at, app.hold_known_at(hold, settings ->> 'stock_means',
    (settings ->> 'hold_hours')::integer)) <= oldest;

-- Deletes the finished holds of at most `max_products` products, and returns the number of these products. A hold is
-- finished if its last event is more than 7 days old, because app.free_stock accepts no older time. The effect of the
-- deleted holds is added to the reported stock of the products, so the free stock does not change. Holds with open
-- pieces are not deleted, because the pieces can be cancelled later, but these holds are no longer counted.
create or replace function app.settle_stock_holds(max_products integer default 1000) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  oldest constant timestamptz := now() - interval '7 days';
  product_ids uuid[];
begin
  select array_agg(id) into product_ids from (
    select distinct h.product_id as id
    from stock_holds h join catalogs c on c.id = h.catalog_id
    where app.is_finished_hold(h, c.sync_settings, oldest) limit max_products) due;
  if product_ids is null then
    return 0;
  end if;
  perform app.lock_products(product_ids);

  with finished as materialized (
    select h.order_id, h.line, h.part, h.product_id, c.sync_settings as settings, h as hold,
      h.pieces > 0 and h.shipped_at is null and h.cancelled_at is null as is_open
    from stock_holds h join catalogs c on c.id = h.catalog_id
    where h.product_id = any (product_ids) and app.is_finished_hold(h, c.sync_settings, oldest)
  ), stated as (
    update stock_reports r set reported_count = r.reported_count - e.pieces
    from (
      select f.product_id, sum(app.hold_effect(f.hold, f.settings ->> 'stock_means',
        (f.settings ->> 'hold_hours')::integer, s.reported_at)) as pieces
      from finished f join stock_reports s on s.product_id = f.product_id group by 1
    ) e
    where r.product_id = e.product_id and e.pieces <> 0
  ), settled as (
    update stock_holds h set is_settled = true from finished f
    where f.is_open and h.order_id = f.order_id and h.line = f.line and h.part = f.part
  )
  delete from stock_holds h using finished f
  where not f.is_open and h.order_id = f.order_id and h.line = f.line and h.part = f.part;

  -- If a product has no holds, its stored count is the free stock, and the reported stock is not needed. A reported
  -- stock below 0 is kept, because the count cannot be negative.
  delete from stock_reports r
  where r.product_id = any (product_ids) and r.reported_count >= 0 and not exists (
    select from stock_holds h where h.catalog_id = r.catalog_id and h.product_id = r.product_id
      and (not h.is_settled or h.cancelled_at is not null));
  return cardinality(product_ids);
end
$$;
grant execute on function app.settle_stock_holds(integer) to app_system;

-- If a caller has set the stock of a product, deletes its reported stock. The new stock is the current free stock,
-- which excludes the pieces of all orders.
create or replace function app.delete_stock_report() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  delete from stock_reports where product_id = new.id;
  return null;
end
$$;
grant execute on function app.delete_stock_report() to app_owner;

-- Computes the free stock of a catalog again after its settings have changed.
create or replace function app.recompute_catalog_stock() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  product_ids uuid[] := array(select r.product_id from stock_reports r where r.catalog_id = new.id);
begin
  perform app.lock_products(product_ids);
  perform app.recompute_stock(product_ids, array_fill(0, array[cardinality(product_ids)]));
  return null;
end
$$;
grant execute on function app.recompute_catalog_stock() to app_owner;

set local role app_owner;
-- The trigger ignores two kinds of writes. The functions of app_definer change the count according to the holds. A load
-- reports the stock itself, and sets app.reports_stock.
create or replace trigger delete_stock_report after update of inventory_count, inventory_policy on products for each row
  when ((old.inventory_count <> new.inventory_count or old.inventory_policy <> new.inventory_policy)
    and current_user <> 'app_definer' and current_setting('app.reports_stock', true) is distinct from 'on')
  execute function app.delete_stock_report();
create or replace trigger recompute_stock after update of sync_settings on catalogs for each row
  when ((old.sync_settings -> 'stock_means', old.sync_settings -> 'hold_hours')
    is distinct from (new.sync_settings -> 'stock_means', new.sync_settings -> 'hold_hours'))
  execute function app.recompute_catalog_stock();
