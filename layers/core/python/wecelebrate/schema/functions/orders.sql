-- Orders: placing an order, and the daily figures.

set local role app_definer;

-- Checks the rules of a site that do not depend on earlier orders: whether guests may order, and the quantity of each
-- line. `lines` is [{"product_id": …, "quantity": …}, …]. Returns no refusal if the order satisfies the rules.
-- Refusals:
--   guests         null             the site takes orders only from customers with a token
--   line_quantity  [{at, max}, …]   the lines whose quantity is above the maximum of the site
create or replace function app.check_order_rules(site sites, lines jsonb, out refusal text, out detail jsonb)
language plpgsql stable set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if app.subject() is null and not site.guest_orders then
    refusal := 'guests';
    return;
  end if;
  select 'line_quantity', jsonb_agg(jsonb_build_object('at', n - 1, 'max', site.max_line_quantity) order by n)
    into refusal, detail
  from jsonb_array_elements(lines) with ordinality l (line, n)
  where (line ->> 'quantity')::integer > site.max_line_quantity
  having count(*) > 0;
end
$$;

-- Returns whether other clients may sell the stock of a site's catalog.
create or replace function app.has_shared_stock(site sites) returns boolean
language sql stable set search_path = pg_catalog, public, app, pg_temp
return exists (
    select from catalogs c where c.id = site.catalog_id and c.owner_client_id is distinct from site.client_id)
  or exists (select from catalog_grants g where g.catalog_id = site.catalog_id and g.client_id <> site.client_id);

-- Returns the refusal of an order whose lines have more pieces than allowed. `limits` is [{reason, at, quantity,
-- allowed}, …], with the reasons `out_of_stock` and `shared_quantity`. If both reasons apply, only one is returned.
-- `refusal` is null if no line can exceed its limit. `detail` is [{at, left}, …] for `out_of_stock`, and [{at, max}, …]
-- for `shared_quantity`.
--
-- A limit is low if it is not above app.max_shown_stock(). A buyer may learn a low limit, and may learn whether an
-- order of one line exceeds its limit. But a buyer can add a line that is always refused. Such an order takes nothing
-- from the stock, so it must not reveal whether another line exceeds a higher limit.
--
-- Therefore, if lines exceed low limits, `is_low` is true, and `detail` contains these lines with their limits.
-- Otherwise `detail` contains all lines that can exceed a higher limit, even if they do not exceed it, and their limits
-- are null. `is_exceeded` is true if one of the lines in `detail` exceeds its limit.
create or replace function app.stock_refusal(
  limits jsonb, out refusal text, out detail jsonb, out is_low boolean, out is_exceeded boolean)
language plpgsql stable set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  with refused as (
    select l.reason, l.at, l.quantity, l.allowed, l.allowed <= app.max_shown_stock() as is_shown
    from jsonb_to_recordset($1) l (reason text, at integer, quantity bigint, allowed integer)
    where l.quantity > least(l.allowed, app.max_shown_stock())
  )
  select r.reason, jsonb_agg(jsonb_build_object(
      'at', r.at, case r.reason when 'out_of_stock' then 'left' else 'max' end, case when r.is_shown then r.allowed end)
      order by r.at),
    r.is_shown, bool_or(r.quantity > r.allowed)
    into refusal, detail, is_low, is_exceeded
  from refused r group by r.reason, r.is_shown order by r.is_shown desc, r.reason limit 1;
end
$$;

-- Returns the keys of the buyers of an order: the customer or, for a guest, the e-mail address, and the IP address.
-- `address` is a keyed hash of the IP address, or null if it is unknown. A guest can enter any e-mail address.
-- Therefore the orders of a signed-in customer count against the customer, and not against the e-mail address. If a
-- stranger uses up the limit of an e-mail address, its owner can still order with a token.
create or replace function app.buyers_of(email text, address text) returns text[]
language sql stable set search_path = pg_catalog, public, app, pg_temp
return array_remove(array[
  coalesce('customer:' || app.subject(), 'email:' || app.mailbox(email)), 'address:' || address], null);

-- Checks an order against those limits of its buyers that do not depend on the stock, and locks the buyers. Concurrent
-- orders of the same buyer wait for each other. All orders lock their products first, and then their buyers, sorted by
-- key, so orders cannot deadlock.
--
-- Returns no refusal if the order is within the limits. The limits of the customer and of the IP address are checked
-- before the limits of the e-mail address, because a guest can enter any e-mail address. Refusals:
--   daily_quantity   {buyer, max}   the kind of buyer (customer, email, address) whose limit would be exceeded
--   unconfirmable    "…"            why the limits for mails allow no mail with the link, if the guest must confirm
create or replace function app.check_order_buyers(
  site sites, lines jsonb, email text, address text, must_confirm boolean, out refusal text, out detail jsonb)
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  buyers constant text[] := app.buyers_of(email, address);
  day_ago constant timestamptz := clock_timestamp() - interval '24 hours';
begin
  perform pg_advisory_xact_lock(hashtextextended('buyer ' || key, 0))
  from (select key from unnest(buyers) buyer (key) order by key) ordered;

  -- This statement begins after the locks were acquired, so it sees the pieces of all earlier orders.
  select 'daily_quantity', jsonb_build_object('buyer', split_part(key, ':', 1), 'max', quota) into refusal, detail
  from unnest(buyers) buyer (key)
    cross join lateral (select case when key like 'address:%' then site.max_daily_quantity_per_address
                                    else site.max_daily_quantity end) limits (quota)
  where (select sum((line ->> 'quantity')::integer) from jsonb_array_elements(lines) line)
      + (select coalesce(sum(q.quantity), 0) from order_quantities q
         where q.buyer = key and q.site_id = site.id and q.created_at > day_ago) > quota
  order by key like 'email:%'
  limit 1;
  if refusal is null and must_confirm then
    detail := to_jsonb(app.guest_mail_refusal(site.client_id, site.id, email, address));
    refusal := case when detail is not null then 'unconfirmable' end;
  end if;
end
$$;

-- Returns whether a refusal of app.check_order_buyers depends on the e-mail address that a guest has entered. Such a
-- refusal can reveal what other people have ordered with this address.
create or replace function app.is_about_mailbox(refusal text, detail jsonb, lines jsonb) returns boolean
language sql immutable set search_path = pg_catalog, public, app, pg_temp
return coalesce(refusal = 'unconfirmable' or detail ->> 'buyer' = 'email' and (detail ->> 'max')::bigint >= (
  select sum((line ->> 'quantity')::bigint) from jsonb_array_elements(lines) line), false);

-- Checks an order against the stock. app.place_order has locked the products. Returns no refusal if no line can exceed
-- the stock. app.stock_refusal describes `is_low` and `is_exceeded`. Refusals:
--   out_of_stock     [{at, left}, …]  the lines whose quantity is above the stock
--   shared_quantity  [{at, max}, …]   the lines with more pieces of a shared stock than one buyer may take
-- If `is_low` is false and the buyer is a guest, a limit of the guest's e-mail address can also be the reason
-- (app.place_order). Then each line also has `address_limits`. In `address_limits`, `max` is the number of pieces that
-- guests with the same e-mail address may order in 24 hours, or null. `must_confirm` is true if guests confirm their
-- orders with a link in a mail. There is no separate refusal for this case, because the previous release answers an
-- unknown refusal with an error.
--
-- The stock of a catalog is shared if other clients may sell it. The client of a site sets the limits of the site, but
-- other clients also need the shared stock. Therefore no customer and no IP address gets more than half of the stock of
-- a product (rounded up) in 24 hours, on all sites together. All guests of a client together count as one additional
-- buyer, because a guest can order again with another e-mail address and from another IP address. The e-mail address
-- does not count as a buyer. Otherwise a guest could enter the address of another person, and learn what this person
-- has ordered at other clients.
--
-- The limit of half the stock does not apply to a stock that is not tracked, because an order takes nothing from other
-- clients. The limits of the site still apply.
--
-- If a shared stock is not low, the refusal is always `shared_quantity`. If an order above the stock had a different
-- refusal than an order above half of the stock, a buyer could find out the stock.
create or replace function app.check_order_stock(site sites, lines jsonb, email text, address text,
  out refusal text, out detail jsonb, out is_low boolean, out is_exceeded boolean)
language plpgsql stable set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  buyers constant text[] := array(
    select key from unnest(app.buyers_of(email, address)) key where key not like 'email:%');
  day_ago constant timestamptz := clock_timestamp() - interval '24 hours';
  is_shared constant boolean := app.has_shared_stock(site);
begin
  with ordered as (
    select (line ->> 'line')::integer - 1 as at, (line ->> 'quantity')::bigint as quantity,
      (line ->> 'left')::integer as free, (line ->> 'product_id')::uuid as product_id
    from jsonb_array_elements(lines) line where line ->> 'left' is not null
  ), limits (reason, at, quantity, allowed) as (
    select 'out_of_stock', o.at, o.quantity, o.free from ordered o
    where not is_shared or o.free <= app.max_shown_stock()
    union all
    select 'shared_quantity', o.at, o.quantity, greatest(ceil((o.free + most.taken) / 2.0) - most.taken, 0)::integer
    from ordered o
      cross join lateral (
        select coalesce(max(pieces), 0) from (
          select sum(q.quantity) from order_quantities q
          where q.buyer = any (buyers) and q.product_id = o.product_id and q.created_at > day_ago and q.is_tracked
          group by q.buyer
          union all
          -- Each guest order is counted once, by its row for the e-mail address. The sum is exact because of the locks
          -- on the products.
          select sum(q.quantity) from order_quantities q
          where app.subject() is null and q.client_id = site.client_id and q.buyer like 'email:%'
            and q.product_id = o.product_id and q.created_at > day_ago and q.is_tracked
        ) per_buyer (pieces)) most (taken)
    where is_shared
  )
  select s.* into refusal, detail, is_low, is_exceeded
  from app.stock_refusal((select jsonb_agg(to_jsonb(l)) from limits l)) s;
  if not is_low and app.subject() is null and (site.max_daily_quantity is not null or site.confirm_guest_orders) then
    detail := (
      select jsonb_agg(line || jsonb_build_object('address_limits', jsonb_build_object(
        'max', site.max_daily_quantity, 'must_confirm', site.confirm_guest_orders)) order by n)
      from jsonb_array_elements(detail) with ordinality each (line, n));
  end if;
end
$$;

-- Counts the pieces of an order against the limits of its buyers. app.check_order_buyers and app.check_order_stock have
-- checked the limits. The outputs are always null. An earlier release checked the limits in this function, and
-- PostgreSQL cannot replace a function by a function with a different result type.
create or replace function app.claim_order_quantities(
  site sites, lines jsonb, email text, address text, out refusal text, out detail jsonb)
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
  insert into order_quantities (client_id, site_id, product_id, buyer, quantity, created_at, is_tracked)
  select site.client_id, site.id, (line ->> 'product_id')::uuid, key, (line ->> 'quantity')::integer, clock_timestamp(),
    line ->> 'left' is not null
  from jsonb_array_elements(lines) line cross join unnest(app.buyers_of(email, address)) buyer (key);
  select null::text, null::jsonb;
$$;

-- Places an order on the current site, for the customer of the site or for a guest, at the current prices of the
-- catalog of the site. `lines` is [{"product_id": …, "quantity": …}, …]. Each product occurs at most once in `lines`.
-- `address` is a keyed hash of the IP address of the visitor, or null if the address is unknown.
--
-- Visitors write orders and stock only through this function. Therefore the function itself applies the conditions of
-- row-level security. The site comes from the sealed context, and the site must show the products.
--
-- Concurrent orders of the same products wait for each other. Rows with lower ids are locked first, so orders cannot
-- deadlock.
--
-- Returns a row whose column `placed` contains the order. If the client of the site owns the catalog, `low_stock`
-- contains the products whose stock fell to or below the `low_inventory` of the catalog.
--
-- If the order is refused, nothing changes, `refusal` is the reason, and `detail` contains the details.
-- app.check_order_rules, app.check_order_buyers and app.check_order_stock describe further refusals.
--   catalog       null               the catalog of the site is not active
--   country       ["AT", "DE"]       the countries to which the site ships; the order is to another country
--   not_shown     [n, …]             the lines whose product the site does not show
--   currencies    ["EUR", "USD"]     the currencies of the products; an order must have a single currency
--   inexact       [n, …]             the lines whose price has more decimals than its currency
--   total         "12.50"            the total, which differs from the expected total or exceeds the maximum
--   amount        "100.00"           the largest total that the site allows, with the decimals of the currency
create or replace function app.place_order(
  lines jsonb, customer_name text, customer_email text, shipping_address jsonb, metadata jsonb, expected_total numeric,
  address text, out refusal text, out detail jsonb, out placed jsonb, out low_stock jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  site sites;
  priced_lines jsonb;
  total numeric;
  currencies jsonb;
  inexact jsonb;
  new_order orders;
  must_confirm boolean;
  pricing jsonb;
  limited numeric;
  stock record;
begin
  select s.* into site from sites s where s.id = (select app.site_id());
  if not found then
    raise exception 'an order can be placed only on a site' using errcode = 'insufficient_privilege';
  end if;
  must_confirm := site.confirm_guest_orders and app.subject() is null;
  if exists (select from catalogs c where c.id = site.catalog_id and c.status <> 'active') then
    refusal := 'catalog';
    return;
  end if;
  select r.refusal, r.detail into refusal, detail from app.check_order_rules(site, $1) r;
  if refusal is not null then
    return;
  end if;

  if not $4 ->> 'country' = any (site.ship_to_countries) then
    refusal := 'country';
    detail := to_jsonb(site.ship_to_countries);
    return;
  end if;

  perform from products p
  where p.id in (select (line ->> 'product_id')::uuid from jsonb_array_elements($1) l (line))
    and p.catalog_id = site.catalog_id
  order by p.id
  for no key update;

  -- The price rules are read after the products, so that the prices are at least as new as the prices that the buyer
  -- has seen.
  select c.pricing into pricing from catalogs c where c.id = site.catalog_id;
  -- The rows are locked, so no other transaction can change these values before the commit. `left` is null if the stock
  -- of the product is not tracked. Such a line takes nothing from the stock, and has no limit because of the stock.
  select jsonb_agg(jsonb_build_object('line', l.n, 'quantity', l.quantity, 'product_id', p.id, 'sku', p.sku,
           'name', p.name, 'unit_price', round(s.price, app.minor_units(s.currency))::text, 'image', p.images ->> 0,
           'left', case p.inventory_policy when 'tracked' then p.inventory_count end) order by l.n),
         jsonb_agg(l.n - 1 order by l.n) filter (where p.id is null),
         -- Releases before the migration 0019 stored prices with more decimals than their currency has. An order at
         -- such a price is refused. The price is not rounded, because nobody has set the rounded price.
         jsonb_agg(l.n - 1 order by l.n) filter (where s.price <> round(s.price, app.minor_units(s.currency))),
         coalesce(sum(s.price * l.quantity), 0), coalesce(sum(l.quantity * case
           when pricing ->> 'currency' <> pricing ->> 'base' then p.price else s.price end), 0),
         jsonb_agg(distinct s.currency) filter (where p.id is not null)
    into priced_lines, detail, inexact, total, limited, currencies
  from (
    select n, (line ->> 'product_id')::uuid as product_id, (line ->> 'quantity')::integer as quantity
    from jsonb_array_elements($1) with ordinality l (line, n)
  ) l
  left join products p on p.id = l.product_id and p.catalog_id = site.catalog_id and p.is_active
    and not exists (select from site_product_exclusions e where e.site_id = site.id and e.product_id = p.id)
  cross join lateral (
    select app.selling_price(p.price, pricing) as price, coalesce(pricing ->> 'currency', p.currency) as currency) s;
  if detail is not null then
    refusal := 'not_shown';
    return;
  end if;
  if jsonb_array_length(currencies) > 1 then
    refusal := 'currencies';
    detail := currencies;
    return;
  end if;
  if inexact is not null then
    refusal := 'inexact';
    detail := inexact;
    return;
  end if;
  total := round(total, app.minor_units(currencies ->> 0));
  if total <> coalesce(expected_total, total) or total >= 1e12 then
    refusal := 'total';
    detail := to_jsonb(total::text);
    return;
  end if;
  if limited > site.max_order_amount then  -- the limit is in the currency of the catalog, before a conversion
    refusal := 'amount';
    detail := to_jsonb(trunc(site.max_order_amount, app.minor_units(coalesce(pricing ->> 'base',
      currencies ->> 0)))::text);
    return;
  end if;
  -- A refused order must not reveal a stock that is not low, or what other people have ordered with the e-mail address
  -- of a guest. After these checks, the order is not refused any more.
  --
  -- A low stock is checked first, because the refusal may reveal it. After that, the limits of the buyers are checked,
  -- except the limits of the e-mail address. A refusal because of these limits reveals nothing about the stock. If both
  -- the stock and the limits of the e-mail address can be the reason, the refusal is always the refusal of the stock,
  -- and its lines have `address_limits`. Then the response contains both reasons, and is the same whether the order
  -- exceeds one limit or both.
  select * into stock from app.check_order_stock(site, priced_lines, $3, $7);
  if not coalesce(stock.is_low, false) then
    select b.refusal, b.detail into refusal, detail
    from app.check_order_buyers(site, priced_lines, $3, $7, must_confirm) b;
    if refusal is not null and (stock.refusal is null or not app.is_about_mailbox(refusal, detail, priced_lines)) then
      return;
    end if;
  end if;
  if refusal is not null or stock.is_exceeded then
    refusal := stock.refusal;
    detail := stock.detail;
    return;
  end if;
  perform app.claim_order_quantities(site, priced_lines, $3, $7);

  with updated as (
    update products p set inventory_count = p.inventory_count - (line ->> 'quantity')::integer
    from jsonb_array_elements(priced_lines) line
    where p.id = (line ->> 'product_id')::uuid and line ->> 'left' is not null
    returning p.id, p.sku, p.name, p.inventory_count, (line ->> 'left')::integer as before
  )
  select jsonb_build_object('catalog_id', c.id, 'low_inventory', c.low_inventory, 'count', count(*),
           'products', jsonb_agg(jsonb_build_object(
             'product_id', u.id, 'sku', u.sku, 'name', u.name, 'inventory_count', u.inventory_count) order by u.sku))
    into low_stock
  from updated u join catalogs c on c.id = site.catalog_id and c.owner_client_id = site.client_id
  where u.before > c.low_inventory and u.inventory_count <= c.low_inventory
  group by c.id;

  -- If the order number already exists, generate another number. The probability of a second collision is below one in
  -- a million.
  for attempt in 1..5 loop
    insert into orders (client_id, site_id, customer_subject, customer_name, customer_email, total_amount, currency,
      shipping_address, items, metadata, problem, confirm_by, has_verified_email)
    values (site.client_id, site.id, app.subject(), $2, $3, total, currencies ->> 0, $4,
      (select jsonb_agg(line - 'left' order by (line ->> 'line')::integer)
       from jsonb_array_elements(priced_lines) line),
      $5, case when must_confirm then 'unconfirmed' end,
      case when must_confirm then clock_timestamp() + make_interval(hours => site.confirm_within_hours) end,
      coalesce(lower(app.email() collate "C") = lower($3 collate "C"), false))
    on conflict on constraint orders_client_number_unique do nothing
    returning * into new_order;
    exit when found;
  end loop;
  if new_order.id is null then
    raise exception 'no unused order number was found in 5 attempts' using errcode = 'unique_violation';
  end if;
  insert into order_lines (client_id, order_id, line, product_id, sku, name, quantity, unit_price, taken_quantity)
  select new_order.client_id, new_order.id, (line ->> 'line')::integer, (line ->> 'product_id')::uuid, line ->> 'sku',
    line ->> 'name', (line ->> 'quantity')::integer, (line ->> 'unit_price')::numeric,
    case when line ->> 'left' is null then 0 else (line ->> 'quantity')::integer end
  from jsonb_array_elements(priced_lines) line;
  -- The time is read after the products were locked, so it is later than the time of every reported stock.
  insert into stock_holds (order_id, line, client_id, catalog_id, product_id, pieces, since)
  select new_order.id, (line ->> 'line')::integer, new_order.client_id, site.catalog_id, (line ->> 'product_id')::uuid,
    (line ->> 'quantity')::integer, clock_timestamp()
  from jsonb_array_elements(priced_lines) line
  where line ->> 'left' is not null;
  placed := to_jsonb(new_order) || jsonb_build_object('total_amount', new_order.total_amount::text);
end
$$;
grant execute on function app.place_order(jsonb, text, text, jsonb, jsonb, numeric, text) to app_customer, app_anon;

-- The signature that the previous release calls. That release does not pass the address, and does not know the refusals
-- for the limits of a site. Therefore this function returns "forbidden" for an order that exceeds a limit. The next
-- release removes this function.
create or replace function app.place_order(
  lines jsonb, customer_name text, customer_email text, shipping_address jsonb, metadata jsonb, expected_total numeric,
  out refusal text, out detail jsonb, out placed jsonb, out low_stock jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  select o.refusal, o.detail, o.placed, o.low_stock into refusal, detail, placed, low_stock
  from app.place_order($1, $2, $3, $4, $5, $6, null) o;
  if refusal in ('catalog', 'guests', 'line_quantity', 'amount', 'daily_quantity', 'shared_quantity',
    'unconfirmable') then
    raise exception 'the order exceeds a limit of the site' using errcode = 'insufficient_privilege';
  end if;
end
$$;
grant execute on function app.place_order(jsonb, text, text, jsonb, jsonb, numeric) to app_customer, app_anon;

-- Computes how a statement on orders changes the figures, and appends the changes to order_deltas, summed by slot of 15
-- minutes and site. If no figure changes, nothing is appended. Only this function writes deltas. Therefore each delta
-- comes from orders that the caller was allowed to write.
create or replace function app.record_order_deltas() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    insert into order_deltas (client_id, day, slot, site_id, currency, status, orders, amount)
    select client_id, (created_at at time zone 'UTC')::date, date_bin('15 minutes', created_at, '2000-01-01Z'),
      site_id, currency, status, count(*), sum(total_amount)
    from after group by 1, 2, 3, 4, 5, 6;
  elsif tg_op = 'DELETE' then
    insert into order_deltas (client_id, day, slot, site_id, currency, status, orders, amount)
    select client_id, (created_at at time zone 'UTC')::date, date_bin('15 minutes', created_at, '2000-01-01Z'),
      site_id, currency, status, -count(*), -sum(total_amount)
    from before group by 1, 2, 3, 4, 5, 6;
  else
    insert into order_deltas (client_id, day, slot, site_id, currency, status, orders, amount)
    select client_id, (created_at at time zone 'UTC')::date, date_bin('15 minutes', created_at, '2000-01-01Z'),
      site_id, currency, status, sum(n), sum(n * total_amount)
    from (
      select client_id, created_at, site_id, currency, status, total_amount, 1 as n from after
      union all
      select client_id, created_at, site_id, currency, status, total_amount, -1 from before
    ) changed
    group by 1, 2, 3, 4, 5, 6 having sum(n) <> 0 or sum(n * total_amount) <> 0;
  end if;
  return null;
end
$$;
grant execute on function app.record_order_deltas() to app_owner;

-- Adds deltas to order_daily_totals. If no order has a status any more, the row of this status contains only zeros, and
-- the function deletes the row. This happens to three of four rows. The delete does not wait for another transaction,
-- because this transaction has already locked the rows.
create or replace function app.add_to_daily_totals(deltas order_deltas[]) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
declare
  empty order_daily_totals[];
begin
  with days as (
    insert into order_daily_totals as d (client_id, day, currency, status, orders, amount)
    select client_id, day, currency, status, sum(orders), sum(amount)
    from unnest(deltas) group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (client_id, day, currency, status)
      do update set orders = d.orders + excluded.orders, amount = d.amount + excluded.amount
    returning d
  )
  select array(select d from days where (d).orders = 0 and (d).amount = 0) into empty;
  delete from order_daily_totals d using unnest(empty) e
  where (d.client_id, d.day, d.currency, d.status) = (e.client_id, e.day, e.currency, e.status);
end
$$;

-- Adds deltas to order_slot_totals. A delta without a slot is already counted in this table.
create or replace function app.add_to_slot_totals(deltas order_deltas[]) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
declare
  empty order_slot_totals[];
begin
  with slots as (
    insert into order_slot_totals as t (client_id, slot, site_id, currency, status, orders, amount)
    select client_id, slot, site_id, currency, status, sum(orders), sum(amount)
    from unnest(deltas) where slot is not null group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
    on conflict (client_id, slot, site_id, currency, status)
      do update set orders = t.orders + excluded.orders, amount = t.amount + excluded.amount
    returning t
  )
  select array(select t from slots where (t).orders = 0 and (t).amount = 0) into empty;
  delete from order_slot_totals t using unnest(empty) e
  where (t.client_id, t.slot, t.site_id, t.currency, t.status) = (e.client_id, e.slot, e.site_id, e.currency, e.status);
end
$$;

-- Adds deltas to order_local_totals, in the current time zones of the clients. The caller must have locked the local
-- figures of the clients.
create or replace function app.add_to_local_totals(deltas order_deltas[]) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
declare
  empty order_local_totals[];
begin
  with local as (
    select d.*, d.slot at time zone coalesce(c.timezone, 'UTC') as local_time
    from unnest(deltas) d left join clients c on c.id = d.client_id where d.slot is not null
  ), days as (
    insert into order_local_totals as t (client_id, day, hour, site_id, currency, status, orders, amount)
    select client_id, local_day, hour, site_id, currency, status, sum(orders), sum(amount)
    from (
      select client_id, local_time::date as local_day, -1 as hour, site_id, currency, status, orders, amount from local
      union all
      select client_id, local_time::date, extract(hour from local_time), '00000000-0000-0000-0000-000000000000'::uuid,
        currency, 'kept', orders, amount
      from local where status <> 'cancelled'
    ) rows
    group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6
    on conflict (client_id, day, hour, site_id, currency, status)
      do update set orders = t.orders + excluded.orders, amount = t.amount + excluded.amount
    returning t
  )
  select array(select t from days where (t).orders = 0 and (t).amount = 0) into empty;
  delete from order_local_totals t using unnest(empty) e
  where (t.client_id, t.day, t.hour, t.site_id, t.currency, t.status)
    = (e.client_id, e.day, e.hour, e.site_id, e.currency, e.status);
end
$$;

-- Moves the oldest deltas, at most `max_rows`, into the totals of days, slots and local days, and returns the number of
-- these deltas. If this number is smaller than `max_rows`, no delta is left. Concurrent calls get different deltas. All
-- calls update the three tables one after the other, each in the order of the primary key. Therefore a call can wait
-- for another call, but calls cannot deadlock.
create or replace function app.rollup_order_deltas(max_rows integer default 10000) returns integer
language plpgsql security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  moved order_deltas[];
begin
  if coalesce(max_rows, 0) not between 1 and 100000 then
    raise exception 'max_rows must be between 1 and 100000, not %', max_rows using errcode = 'invalid_parameter_value';
  end if;
  with batch as (
    select id from order_deltas order by id limit max_rows for update skip locked
  ), deleted as (
    delete from order_deltas d using batch where d.id = batch.id returning d
  )
  select array(select d from deleted) into moved;
  perform app.lock_local_figures(client_id, false)
  from (select distinct client_id from unnest(moved) order by client_id) clients;
  perform app.add_to_daily_totals(moved);
  perform app.add_to_slot_totals(moved);
  perform app.add_to_local_totals(moved);
  return cardinality(moved);
end
$$;
grant execute on function app.rollup_order_deltas(integer) to app_system;

set local role app_owner;

-- Returns the figures of a client's orders by day, currency and status, for the days from `first_day` to `last_day`.
-- Both days are included. Only orders that the caller is allowed to see are counted. The function consists of one
-- statement, and therefore reads a single snapshot. The planner inlines the function.
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
