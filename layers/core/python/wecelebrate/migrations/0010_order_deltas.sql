-- Figures of a day: how many orders, and for how much, by client, currency and status. Those of one site come from
-- orders_by_site: a site has an order a day, so days by site would be hardly fewer rows than the orders.
--
-- A rollup that every order upserts is one hot row a client: 163 orders a second, and deadlocks between changes of
-- status. So whatever moves a figure appends to order_deltas, in its own transaction and waiting for nobody;
-- app.fold_order_deltas, on a schedule, sums deltas into order_days and deletes them; and app.order_daily adds up
-- both. A fold does its two halves in one transaction, so in every snapshot, on every server, order_days and
-- order_deltas together are exactly what counting the orders would say.

set local role app_owner;

-- A new order's number: ten symbols of Crockford's base 32 (no I, L, O, U), which is 50 random bits. Of a client with a
-- million orders, the next meets one that is there once in a thousand million times; the unique constraint finds it,
-- and whoever places the order tries again. Eight symbols would meet one in a million; twelve are longer to read out.
-- No sequence: that tells everyone how many orders there are, and pins a session of RDS Proxy. The bits are bytes of
-- a random UUID, of which numbers 6 and 8, from 0 on, are left out: they hold its version and variant.
create function app.order_number() returns text
language sql volatile parallel safe
return (
  select string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (get_byte(bytes, n) & 31) + 1, 1), '')
  from (select uuid_send(gen_random_uuid()) offset 0) random (bytes), unnest('{0,1,2,3,4,5,7,9,10,11}'::integer[]) n
);
grant execute on function app.order_number() to app_migrate, app_admin;

alter table orders alter order_number set default app.order_number();

-- Neither table points at clients: the deltas of orders that were deleted outlive their client until they are folded,
-- and a fold that a foreign key stopped would stop all of them. Their rows come from orders, which does point there.
create table order_deltas (
  id uuid primary key default app.uuid7(),
  client_id uuid not null,
  day date not null,
  currency text not null,
  status text not null,
  orders integer not null,
  amount numeric not null
);
comment on table order_deltas is 'What order_days has yet to learn: triggers of orders write it, the fold deletes it.';
-- A report adds up those of its client, however far behind the fold is.
create index order_deltas_by_client on order_deltas (client_id, day);

create table order_days (
  client_id uuid not null,
  day date not null,
  currency text not null,
  status text not null,
  orders integer not null,
  amount numeric not null,
  primary key (client_id, day, currency, status)
);
comment on table order_days is 'Orders of a day (UTC), without what is still in order_deltas: read app.order_daily.';
comment on column order_days.orders is 'May be below 0 for a while: of two deltas, a fold may get the later one first.';

alter table order_deltas enable row level security;
alter table order_deltas force row level security;
create policy migrate on order_deltas to app_migrate using (true) with check (true);
create policy definer on order_deltas to app_definer using (true) with check (true);
create policy admin on order_deltas for select to app_admin using ((select app.admin_role()) is not null);
create policy client on order_deltas for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy system on order_deltas for select to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on order_deltas to app_migrate, app_definer;
grant select on order_deltas to app_admin, app_client, app_system;

alter table order_days enable row level security;
alter table order_days force row level security;
create policy migrate on order_days to app_migrate using (true) with check (true);
create policy definer on order_days to app_definer using (true) with check (true);
create policy admin on order_days for select to app_admin using ((select app.admin_role()) is not null);
create policy client on order_days for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy system on order_days for select to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on order_days to app_migrate, app_definer;
grant select on order_days to app_admin, app_client, app_system;

set local role app_definer;

-- Appends what a statement on orders moves, summed: nothing for one that moves no figure. Nobody may write deltas but
-- this, and it writes those of the statement's own rows, which the caller's policies let it write.
create function app.note_orders() returns trigger
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
    ) moved
    group by 1, 2, 3, 4 having sum(n) <> 0 or sum(n * total_amount) <> 0;
  end if;
  return null;
end
$$;
grant execute on function app.note_orders() to app_owner;

-- Moves at most so many deltas into order_days, the oldest first; the number of those it moved, so that less than it
-- may says that there are no more to have. Two at once share the deltas out, and meet in the days in the order of
-- their key: the later one waits for the earlier, never the other way round as well.
create function app.fold_order_deltas(max_rows integer default 10000) returns integer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  folded integer;
  empty order_days[];
begin
  if coalesce(max_rows, 0) not between 1 and 100000 then
    raise exception 'between 1 and 100000 rows, not %', max_rows using errcode = 'invalid_parameter_value';
  end if;
  with batch as (
    select id from order_deltas order by id limit max_rows for update skip locked
  ), taken as (
    delete from order_deltas d using batch where d.id = batch.id returning d.*
  ), days as (
    insert into order_days as d (client_id, day, currency, status, orders, amount)
    select client_id, day, currency, status, sum(orders), sum(amount)
    from taken group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (client_id, day, currency, status)
      do update set orders = d.orders + excluded.orders, amount = d.amount + excluded.amount
    returning d
  )
  select (select count(*) from taken), array(select d from days where (d).orders = 0 and (d).amount = 0)
    into folded, empty;
  -- A status that orders went through is a row of nothing: three of four. These are ours until the end: nobody waits.
  delete from order_days d using unnest(empty) e
  where (d.client_id, d.day, d.currency, d.status) = (e.client_id, e.day, e.currency, e.status);
  return folded;
end
$$;
grant execute on function app.fold_order_deltas(integer) to app_system;

set local role app_owner;

-- Orders of a client from one day to another, both counted, by currency and status: those that the caller may see.
-- One statement, so one snapshot; the planner inlines it.
create function app.order_daily(client uuid, first date, last date)
returns table (day date, currency text, status text, orders bigint, amount numeric)
language sql stable
begin atomic
  select f.day, f.currency, f.status, sum(f.orders), sum(f.amount)
  from (
    select d.day, d.currency, d.status, d.orders, d.amount from public.order_days d
    where d.client_id = client and d.day between first and last
    union all
    select d.day, d.currency, d.status, d.orders, d.amount from public.order_deltas d
    where d.client_id = client and d.day between first and last
  ) f
  group by f.day, f.currency, f.status
  having sum(f.orders) <> 0;
end;
grant execute on function app.order_daily(uuid, date, date) to app_admin, app_client, app_system;

-- What is ordered from here on is noted; what was ordered before is counted below, and nobody orders in between:
-- changing the table keeps them waiting until this is committed.
create trigger note_inserted after insert on orders referencing new table as after
  for each statement execute function app.note_orders();
create trigger note_updated after update on orders referencing old table as before new table as after
  for each statement execute function app.note_orders();
create trigger note_deleted after delete on orders referencing old table as before
  for each statement execute function app.note_orders();

set local role app_migrate;
insert into order_days (client_id, day, currency, status, orders, amount)
select client_id, (created_at at time zone 'UTC')::date, currency, status, count(*), sum(total_amount)
from orders group by 1, 2, 3, 4 order by 1, 2, 3, 4;
