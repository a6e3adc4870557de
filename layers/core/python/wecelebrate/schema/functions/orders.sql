-- Orders: placing an order, and the daily figures.

set local role app_definer;

-- Places an order on the current site, for the customer of the site or for a guest, at the current prices of the
-- catalog of the site. `lines` is [{"product_id": …, "quantity": …}, …]. Each product occurs at most once in `lines`.
--
-- Visitors write orders and stock only through this function. Therefore the function itself applies the conditions of
-- row-level security. The site comes from the sealed context, and the products must be shown by the site. Concurrent
-- orders of the same products wait for each other. The rows are locked in the order of their ids, so orders cannot
-- deadlock.
--
-- Returns a row whose column `placed` contains the order. If the client of the site owns the catalog, `low_stock`
-- contains the products whose stock fell to or below the `low_inventory` of the catalog. If the order is refused,
-- nothing changes. `refusal` is then the reason, and `detail` gives the details:
--   catalog       null               the catalog of the site is not active
--   not_shown     [n, …]             the lines whose product the site does not show
--   out_of_stock  [{at, left}, …]    the lines whose quantity is above the stock; left is null if it is above 10
--   currencies    ["EUR", "USD"]     the currencies of the products; an order must have a single currency
--   total         "12.50"            the total, which differs from the expected total or exceeds the maximum
create or replace function app.place_order(
  lines jsonb, customer_name text, customer_email text, shipping_address jsonb, metadata jsonb, expected_total numeric,
  out refusal text, out detail jsonb, out placed jsonb, out low_stock jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  site sites;
  priced_lines jsonb;
  total numeric;
  currencies jsonb;
  new_order orders;
begin
  select s.* into site from sites s where s.id = app.site_id();
  if not found then
    raise exception 'an order can be placed only on a site' using errcode = 'insufficient_privilege';
  end if;
  if exists (select from catalogs c where c.id = site.catalog_id and c.status <> 'active') then
    refusal := 'catalog';
    return;
  end if;

  perform from products p
  where p.id in (select (line ->> 'product_id')::uuid from jsonb_array_elements($1) l (line))
    and p.catalog_id = site.catalog_id
  order by p.id
  for no key update;

  -- The rows are locked, so no other transaction can change these values before the commit.
  select jsonb_agg(jsonb_build_object('line', l.n, 'quantity', l.quantity, 'product_id', p.id, 'sku', p.sku,
           'name', p.name, 'unit_price', p.price::text, 'image', p.images ->> 0, 'left', p.inventory_count)
           order by l.n),
         jsonb_agg(l.n - 1 order by l.n) filter (where p.id is null),
         coalesce(sum(p.price * l.quantity), 0),
         jsonb_agg(distinct p.currency) filter (where p.id is not null)
    into priced_lines, detail, total, currencies
  from (
    select n, (line ->> 'product_id')::uuid as product_id, (line ->> 'quantity')::integer as quantity
    from jsonb_array_elements($1) with ordinality l (line, n)
  ) l
  left join products p on p.id = l.product_id and p.catalog_id = site.catalog_id and p.is_active
    and not exists (select from site_product_exclusions e where e.site_id = site.id and e.product_id = p.id);
  if detail is not null then
    refusal := 'not_shown';
    return;
  end if;
  if jsonb_array_length(currencies) > 1 then
    refusal := 'currencies';
    detail := currencies;
    return;
  end if;
  if total <> coalesce(expected_total, total) or total >= 100000000 then
    refusal := 'total';
    detail := to_jsonb(total::numeric(30, 2)::text);
    return;
  end if;
  -- The stock is checked last, because a refusal for another reason must not say anything about the stock. The exact
  -- stock is part of the refusal only if it is low.
  select jsonb_agg(jsonb_build_object('at', (line ->> 'line')::integer - 1, 'left',
           case when (line ->> 'left')::integer <= app.max_shown_stock() then line -> 'left' end)) into detail
  from jsonb_array_elements(priced_lines) line
  where (line ->> 'quantity')::integer > (line ->> 'left')::integer;
  if detail is not null then
    refusal := 'out_of_stock';
    return;
  end if;

  with updated as (
    update products p set inventory_count = p.inventory_count - (line ->> 'quantity')::integer
    from jsonb_array_elements(priced_lines) line
    where p.id = (line ->> 'product_id')::uuid
    returning p.id, p.sku, p.name, p.inventory_count, (line ->> 'left')::integer as before
  )
  select jsonb_build_object('catalog_id', c.id, 'low_inventory', c.low_inventory, 'count', count(*),
           'products', jsonb_agg(jsonb_build_object(
             'product_id', u.id, 'sku', u.sku, 'name', u.name, 'inventory_count', u.inventory_count) order by u.sku))
    into low_stock
  from updated u join catalogs c on c.id = site.catalog_id and c.owner_client_id = site.client_id
  where u.before > c.low_inventory and u.inventory_count <= c.low_inventory
  group by c.id;

  -- If the order number already exists, draw another number. The chance of a second collision is below one in a
  -- million.
  for attempt in 1..5 loop
    insert into orders (client_id, site_id, customer_subject, customer_name, customer_email, total_amount, currency,
      shipping_address, items, metadata)
    values (site.client_id, site.id, app.subject(), $2, $3, total, currencies ->> 0, $4,
      (select jsonb_agg(line - 'left' order by (line ->> 'line')::integer)
       from jsonb_array_elements(priced_lines) line),
      $5)
    on conflict on constraint orders_client_number_unique do nothing
    returning * into new_order;
    exit when found;
  end loop;
  if new_order.id is null then
    raise exception 'no unused order number was found in 5 attempts' using errcode = 'unique_violation';
  end if;
  insert into order_lines (client_id, order_id, line, product_id, sku, name, quantity, unit_price)
  select new_order.client_id, new_order.id, (line ->> 'line')::integer, (line ->> 'product_id')::uuid, line ->> 'sku',
    line ->> 'name', (line ->> 'quantity')::integer, (line ->> 'unit_price')::numeric
  from jsonb_array_elements(priced_lines) line;
  placed := to_jsonb(new_order) || jsonb_build_object('total_amount', new_order.total_amount::text);
end
$$;
grant execute on function app.place_order(jsonb, text, text, jsonb, jsonb, numeric) to app_customer, app_anon;

-- Computes how a statement on orders changes the daily figures, and appends the changes to order_deltas, summed by day.
-- If no figure changes, nothing is appended. Only this function writes deltas. A delta can come only from orders that
-- the policies allow the caller to write.
create or replace function app.record_order_deltas() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    insert into order_deltas (client_id, day, currency, status, orders, amount)
    select client_id, (created_at at time zone 'UTC')::date, currency, status, count(*), sum(total_amount)
    from after group by 1, 2, 3, 4;
  elsif tg_op = 'DELETE' then
    insert into order_deltas (client_id, day, currency, status, orders, amount)
    select client_id, (created_at at time zone 'UTC')::date, currency, status, -count(*), -sum(total_amount)
    from before group by 1, 2, 3, 4;
  else
    insert into order_deltas (client_id, day, currency, status, orders, amount)
    select client_id, (created_at at time zone 'UTC')::date, currency, status, sum(n), sum(n * total_amount)
    from (
      select client_id, created_at, currency, status, total_amount, 1 as n from after
      union all
      select client_id, created_at, currency, status, total_amount, -1 from before
    ) changed
    group by 1, 2, 3, 4 having sum(n) <> 0 or sum(n * total_amount) <> 0;
  end if;
  return null;
end
$$;
grant execute on function app.record_order_deltas() to app_owner;

-- Moves the oldest deltas, at most `max_rows`, into order_daily_totals, and returns the number of these deltas. If this
-- number is smaller than `max_rows`, no delta is left. Concurrent calls get different deltas. All calls update days in
-- the order of the primary key. Therefore a call can wait for another call, but calls cannot deadlock.
create or replace function app.rollup_order_deltas(max_rows integer default 10000) returns integer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  moved_rows integer;
  empty order_daily_totals[];
begin
  if coalesce(max_rows, 0) not between 1 and 100000 then
    raise exception 'max_rows must be between 1 and 100000, not %', max_rows using errcode = 'invalid_parameter_value';
  end if;
  with batch as (
    select id from order_deltas order by id limit max_rows for update skip locked
  ), moved as (
    delete from order_deltas d using batch where d.id = batch.id returning d.*
  ), days as (
    insert into order_daily_totals as d (client_id, day, currency, status, orders, amount)
    select client_id, day, currency, status, sum(orders), sum(amount)
    from moved group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (client_id, day, currency, status)
      do update set orders = d.orders + excluded.orders, amount = d.amount + excluded.amount
    returning d
  )
  select (select count(*) from moved), array(select d from days where (d).orders = 0 and (d).amount = 0)
    into moved_rows, empty;
  -- When all orders have left a status, the row of this status has only zeros. This is true for three of four rows.
  -- This transaction has locked these rows, so the delete waits for no other transaction.
  delete from order_daily_totals d using unnest(empty) e
  where (d.client_id, d.day, d.currency, d.status) = (e.client_id, e.day, e.currency, e.status);
  return moved_rows;
end
$$;
grant execute on function app.rollup_order_deltas(integer) to app_system;

set local role app_owner;

-- Returns the figures of a client's orders by currency and status, for the days from `first_day` to `last_day`. Both
-- days are included. Only orders that the caller is allowed to see are counted. The function consists of one statement,
-- and therefore reads a single snapshot. The planner inlines the function.
create or replace function app.daily_order_totals(client uuid, first_day date, last_day date)
returns table (day date, currency text, status text, orders bigint, amount numeric)
language sql stable
begin atomic
  select f.day, f.currency, f.status, sum(f.orders), sum(f.amount)
  from (
    select d.day, d.currency, d.status, d.orders, d.amount from public.order_daily_totals d
    where d.client_id = client and d.day between first_day and last_day
    union all
    select d.day, d.currency, d.status, d.orders, d.amount from public.order_deltas d
    where d.client_id = client and d.day between first_day and last_day
  ) f
  group by f.day, f.currency, f.status
  having sum(f.orders) <> 0;
end;
grant execute on function app.daily_order_totals(uuid, date, date) to app_admin, app_client, app_system;

create or replace trigger record_deltas_insert after insert on orders referencing new table as after
  for each statement execute function app.record_order_deltas();
create or replace trigger record_deltas_update after update on orders referencing old table as before new table as after
  for each statement execute function app.record_order_deltas();
create or replace trigger record_deltas_delete after delete on orders referencing old table as before
  for each statement execute function app.record_order_deltas();

-- An order as the API shows it to the client and the platform.
create or replace view app.order_view with (security_invoker = true) as
select id, client_id, site_id, order_number, status, total_amount::text as total_amount, currency, customer_subject,
  customer_name, customer_email, shipping_address, items, metadata, created_at, updated_at, shipped_at, delivered_at
from orders;
grant select on app.order_view to app_admin, app_support, app_client, app_customer;

-- The orders of a customer on the current site, as the API shows them to the customer.
create or replace view app.customer_order_view with (security_invoker = true) as
select id, order_number, status, total_amount::text as total_amount, currency, customer_name, customer_email,
  shipping_address, items, created_at, shipped_at, delivered_at
from orders
where customer_subject = app.subject() and site_id = app.site_id();
grant select on app.customer_order_view to app_customer;
