-- Reports: the figures of orders in slots of 15 minutes.

set local role app_owner;

-- Returns the figures of a client's orders by slot, site, currency and status, for the orders that were placed on the
-- local days from `first_day` to `last_day`. Both days are included. A slot is the beginning of 15 minutes. Only orders
-- that the caller is allowed to see are counted. The function consists of one statement, and therefore reads a single
-- snapshot. The planner inlines the function.
--
-- A local day begins at the first moment with its date, even if midnight is missing or occurs twice. The offset of a
-- time zone from UTC is at most 15 hours. Therefore a condition on the time in UTC lets PostgreSQL use the index.
create or replace function app.order_figures(client uuid, zone text, first_day date, last_day date)
returns table (local_time timestamp, site_id uuid, currency text, status text, orders bigint, amount numeric)
language sql stable
begin atomic
  select f.slot at time zone zone, f.site_id, f.currency, f.status, sum(f.orders), sum(f.amount)
  from (
    select t.slot, t.site_id, t.currency, t.status, t.orders, t.amount from public.order_slot_totals t
    where t.client_id = client
      and t.slot >= first_day::timestamp at time zone 'UTC' - interval '15 hours'
      and t.slot < (last_day + 1)::timestamp at time zone 'UTC' + interval '15 hours'
    union all
    select d.slot, d.site_id, d.currency, d.status, d.orders, d.amount from public.order_deltas d
    where d.client_id = client and d.day between first_day - 1 and last_day + 1 and d.slot is not null
  ) f
  where (f.slot at time zone zone)::date between first_day and last_day
  group by f.slot, f.site_id, f.currency, f.status
  having sum(f.orders) <> 0;
end;
grant execute on function app.order_figures(uuid, text, date, date) to app_admin, app_client, app_system;

-- Returns the same figures as app.order_figures, in the time zone of the client, from the totals of local days. The
-- comment on order_local_totals describes the rows. The function reads the time zone in the same snapshot as the
-- totals.
create or replace function app.local_order_figures(client uuid, first_day date, last_day date)
returns table (day date, hour smallint, site_id uuid, currency text, status text, orders bigint, amount numeric)
language sql stable
begin atomic
  select f.day, f.hour, f.site_id, f.currency, f.status, sum(f.orders), sum(f.amount)
  from (
    select t.day, t.hour, t.site_id, t.currency, t.status, t.orders, t.amount from public.order_local_totals t
    where t.client_id = client and t.day between first_day and last_day
    union all
    select (d.slot at time zone c.timezone)::date, -1, d.site_id, d.currency, d.status, d.orders, d.amount
    from public.order_deltas d join public.clients c on c.id = d.client_id
    where d.client_id = client and d.day between first_day - 1 and last_day + 1 and d.slot is not null
      and (d.slot at time zone c.timezone)::date between first_day and last_day
    union all
    select (d.slot at time zone c.timezone)::date, extract(hour from d.slot at time zone c.timezone)::smallint,
      '00000000-0000-0000-0000-000000000000'::uuid, d.currency, 'kept', d.orders, d.amount
    from public.order_deltas d join public.clients c on c.id = d.client_id
    where d.client_id = client and d.day between first_day - 1 and last_day + 1 and d.slot is not null
      and d.status <> 'cancelled' and (d.slot at time zone c.timezone)::date between first_day and last_day
  ) f
  group by f.day, f.hour, f.site_id, f.currency, f.status
  having sum(f.orders) <> 0;
end;
grant execute on function app.local_order_figures(uuid, date, date) to app_admin, app_client;

set local role app_definer;

-- Counts the buyers in a report who had already placed an order before the report, at the site or, if `site` is null,
-- at any site of the client. `first_orders` contains the time of each buyer's first order in the report. Cancelled
-- orders do not count. If the caller may not see the orders of the client, the result is 0.
--
-- The function `lower` is not leakproof. Therefore PostgreSQL cannot use an index on `lower` under row-level security,
-- and a query of the caller would read all orders of the client once for each buyer.
create or replace function app.count_returning_buyers(client uuid, site uuid, buyers text[], first_orders timestamptz[])
returns bigint
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
begin atomic
  select count(*)
  from unnest(buyers, first_orders) b (buyer, first_at)
  where (client = any ((select app.client_ids())::uuid[]) or (select app.admin_role()) is not null)
    and exists (
      select from public.orders o
      where o.client_id = client and coalesce(o.customer_subject, lower(o.customer_email)) = b.buyer
        and o.created_at < b.first_at and o.status <> 'cancelled' and (site is null or o.site_id = site));
end;
grant execute on function app.count_returning_buyers(uuid, uuid, text[], timestamptz[]) to app_admin, app_client;

-- Locks the local figures of a client until the transaction ends. Rollups share the lock with each other. A change of
-- the time zone waits for running rollups, so that it computes the figures from all committed slots.
create or replace function app.lock_local_figures(client uuid, is_change boolean) returns void
language sql volatile set search_path = pg_catalog, public, pg_temp
as $$
  select case when is_change
    then pg_advisory_xact_lock(hashtextextended('figures of ' || client, 0))
    else pg_advisory_xact_lock_shared(hashtextextended('figures of ' || client, 0)) end
$$;

-- Computes the local figures of a client, or of all clients if `client` is null, from the slots.
create or replace function app.fill_local_totals(client uuid) returns void
language sql volatile set search_path = pg_catalog, public, pg_temp
as $$
  insert into order_local_totals (client_id, day, hour, site_id, currency, status, orders, amount)
  select client_id, local_time::date, -1, site_id, currency, status, sum(orders), sum(amount)
  from order_slot_totals t join clients c on c.id = t.client_id,
    lateral (select t.slot at time zone c.timezone as local_time) l
  where client is null or t.client_id = client
  group by 1, 2, 3, 4, 5, 6
  union all
  select client_id, local_time::date, extract(hour from local_time), '00000000-0000-0000-0000-000000000000'::uuid,
    currency, 'kept', sum(orders), sum(amount)
  from order_slot_totals t join clients c on c.id = t.client_id,
    lateral (select t.slot at time zone c.timezone as local_time) l
  where (client is null or t.client_id = client) and t.status <> 'cancelled'
  group by 1, 2, 3, 4, 5, 6
$$;

-- Computes the local figures of a client again after a change of its time zone.
create or replace function app.move_local_totals() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  perform app.lock_local_figures(new.id, true);
  delete from order_local_totals where client_id = new.id;
  perform app.fill_local_totals(new.id);
  return null;
end
$$;
grant execute on function app.move_local_totals() to app_owner;

-- Fills order_slot_totals and order_local_totals from the orders, if the tables were never filled. The caller must have
-- locked the table orders against writes, so that each order is counted either by this function or by a delta with a
-- slot.
create or replace function app.fill_order_slots() returns void
language plpgsql security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  insert into order_slot_totals (client_id, slot, site_id, currency, status, orders, amount)
  select client_id, date_bin('15 minutes', created_at, '2000-01-01Z'), site_id, currency, status, count(*),
    sum(total_amount)
  from orders
  group by 1, 2, 3, 4, 5;
  perform app.fill_local_totals(null);
end
$$;
grant execute on function app.fill_order_slots() to app_owner;

-- Returns whether orders exist that are not counted in order_slot_totals, and not by a delta with a slot. Such orders
-- exist only before the first run of the release with order_slot_totals.
create or replace function app.has_unfilled_slots() returns boolean
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select exists (select from orders) and not exists (select from order_slot_totals)
    and not exists (select from order_deltas where slot is not null)
$$;
grant execute on function app.has_unfilled_slots() to app_owner;

set local role app_owner;

create or replace trigger move_local_totals after update of timezone on clients
  for each row when (old.timezone <> new.timezone) execute function app.move_local_totals();

-- The lock lasts until all function files are applied. New orders wait for the lock; for a million orders, they wait a
-- few seconds. After that, the new trigger writes a slot into each delta.
do $$
begin
  if app.has_unfilled_slots() then
    lock table public.orders in share row exclusive mode;
    perform app.fill_order_slots();
  end if;
end
$$;
