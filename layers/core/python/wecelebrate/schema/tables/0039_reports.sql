-- Reports: the figures of orders in slots of 15 minutes, so that they can be added up in any time zone.

set local role app_owner;

alter table clients add column timezone text not null default 'UTC'
  constraint clients_timezone_length check (length(timezone) <= 100);
comment on column clients.timezone is 'The IANA time zone in which the days of the client''s reports begin.';

-- The columns are null in the deltas that the previous release wrote. app.fill_order_slots counts their orders.
alter table order_deltas add column slot timestamptz, add column site_id uuid;
comment on column order_deltas.slot is
  'The beginning of the 15 minutes in which the orders were placed. Null: order_slot_totals contains the delta.';

-- The offset of every time zone is a multiple of 15 minutes, so each local day and each local hour consists of whole
-- slots. A table of days (UTC) cannot give the figures of a local day. A table of hours would be wrong for India
-- (5:30), Nepal (5:45), and a change of the clock by half an hour (Lord Howe).
--
-- The rollup adds order_deltas to this table. The sum of both tables always equals the orders, as for
-- order_daily_totals.
create table order_slot_totals (
  client_id uuid not null,
  slot timestamptz not null,
  site_id uuid not null,
  currency text not null,
  status text not null,
  orders integer not null,
  amount numeric not null,
  primary key (client_id, slot, site_id, currency, status)
);
comment on table order_slot_totals is
  'The figures of 15 minutes without the deltas in order_deltas. Read app.order_figures instead.';

-- The same figures by the local days of the client, for its own reports. A month of slots has up to 2,880 rows for each
-- site and status, and a month of days has 31. There are two kinds of rows:
--
--   hour = -1      the figures of a day by site and status
--   hour = 0…23    the figures of an hour of a day, without cancelled orders. site_id is nil, and status is 'kept'
--
-- If the time zone of a client changes, the rows of the client are computed again from the slots.
create table order_local_totals (
  client_id uuid not null,
  day date not null,
  hour smallint not null check (hour between -1 and 23),
  site_id uuid not null,
  currency text not null,
  status text not null,
  orders integer not null,
  amount numeric not null,
  primary key (client_id, day, hour, site_id, currency, status)
);
comment on table order_local_totals is
  'The figures of local days without the deltas in order_deltas. Read app.local_order_figures instead.';

-- Finds the earlier orders of a buyer, for the number of returning customers.
create index orders_by_buyer on orders (client_id, (coalesce(customer_subject, lower(customer_email))), created_at);

alter table order_slot_totals enable row level security;
alter table order_slot_totals force row level security;
create policy migrate on order_slot_totals to app_migrate using (true) with check (true);
create policy definer on order_slot_totals to app_definer using (true) with check (true);
create policy admin on order_slot_totals for select to app_admin using ((select app.admin_role()) is not null);
create policy client on order_slot_totals for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy system on order_slot_totals for select to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on order_slot_totals to app_migrate, app_definer;
grant select on order_slot_totals to app_admin, app_client, app_system;

alter table order_local_totals enable row level security;
alter table order_local_totals force row level security;
create policy migrate on order_local_totals to app_migrate using (true) with check (true);
create policy definer on order_local_totals to app_definer using (true) with check (true);
create policy admin on order_local_totals for select to app_admin using ((select app.admin_role()) is not null);
create policy client on order_local_totals for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy system on order_local_totals for select to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on order_local_totals to app_migrate, app_definer;
grant select on order_local_totals to app_admin, app_client, app_system;
