-- Reports: the figures of orders in slots of 15 minutes.

set local role app_owner;

-- Returns the figures of a client's orders by slot, site, currency and status, for the orders that were placed on the
-- local days from `first_day` to `last_day`. Both days are included. A slot is the beginning of 15 minutes. Only orders
-- that the caller is allowed to see are counted. The function consists of one statement, and therefore reads a single
-- snapshot. The planner inlines the function.
--
-- A day begins at the first moment that has its local date, also if midnight is missing or occurs twice. No time zone is
-- more than 15 hours away from UTC, so the index finds the slots.
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

set local role app_definer;

-- Fills order_slot_totals from the orders, if it was never filled. The caller has locked the table orders against
-- writes, so each order is counted either here or by a delta with a slot.
create or replace function app.fill_order_slots() returns void
language sql security definer set search_path = pg_catalog, public, pg_temp
as $$
  insert into order_slot_totals (client_id, slot, site_id, currency, status, orders, amount)
  select client_id, date_bin('15 minutes', created_at, '2000-01-01Z'), site_id, currency, status, count(*),
    sum(total_amount)
  from orders
  group by 1, 2, 3, 4, 5
$$;
grant execute on function app.fill_order_slots() to app_owner;

-- Returns whether orders exist that neither order_slot_totals nor a delta with a slot counts. This is the case when the
-- release with order_slot_totals is installed, and never later.
create or replace function app.has_unfilled_slots() returns boolean
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select exists (select from orders) and not exists (select from order_slot_totals)
    and not exists (select from order_deltas where slot is not null)
$$;
grant execute on function app.has_unfilled_slots() to app_owner;

set local role app_owner;

-- The lock lasts until the function files have been applied. For a million orders this takes a few seconds, in which
-- orders wait. From then on, the new trigger writes a slot into each delta.
do $$
begin
  if app.has_unfilled_slots() then
    lock table public.orders in share row exclusive mode;
    perform app.fill_order_slots();
  end if;
end
$$;
