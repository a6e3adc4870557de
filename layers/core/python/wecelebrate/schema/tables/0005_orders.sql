-- Orders, their lines, and the daily figures of orders. `orders.items` is a snapshot of the lines at the time when the
-- order was placed. The table `order_lines` holds the same lines for reports.

set local role app_owner;

-- Returns the number for a new order: ten symbols of Crockford's base 32 (no I, L, O, U), which contain 50 random bits.
-- For a client with a million orders, the chance that a new number already exists is one in a thousand million. In that
-- case the unique constraint fails, and app.place_order draws another number. With eight symbols the chance would be
-- one in a million. Twelve symbols take longer to read aloud. A sequence would reveal the number of orders and pin a
-- session of RDS Proxy. The random bits are taken from the bytes of a random UUID, except for the bytes 6 and 8
-- (counted from 0), which hold the version and the variant. The function is defined with the tables because a default
-- uses it.
create function app.order_number() returns text
language sql volatile parallel safe
return (
  select string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (get_byte(bytes, n) & 31) + 1, 1), '')
  from (select uuid_send(gen_random_uuid()) offset 0) random (bytes), unnest('{0,1,2,3,4,5,7,9,10,11}'::integer[]) n
);
grant execute on function app.order_number() to app_migrate, app_definer, app_admin;

create table orders (
  id uuid primary key default app.uuid7(),
  client_id uuid not null references clients (id),
  site_id uuid not null,
  order_number text not null default app.order_number(),
  customer_subject text,
  customer_name text not null,
  customer_email text not null,
  status text not null default 'pending',
  total_amount numeric(10, 2) not null check (total_amount >= 0),
  currency text not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
  shipping_address jsonb not null,
  items jsonb not null,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  shipped_at timestamptz,
  delivered_at timestamptz,
  constraint orders_status_check check (status in ('pending', 'processing', 'shipped', 'delivered', 'cancelled')),
  constraint orders_client_number_unique unique (client_id, order_number),
  constraint orders_client_id_unique unique (client_id, id),
  constraint orders_site_fkey foreign key (client_id, site_id) references sites (client_id, id)
);
comment on column orders.customer_subject is 'The `sub` claim of the customer''s token. Null for a guest.';
-- This index contains all columns that the monthly report of a client needs. Therefore the report does not read the
-- table.
create index orders_by_client on orders (client_id, created_at desc, id desc) include (total_amount, status);
create index orders_by_site on orders (site_id, created_at desc, id desc);
create index orders_by_customer on orders (customer_subject, created_at desc) where customer_subject is not null;
create index orders_by_customer_email on orders (customer_email);
create index orders_by_status on orders (client_id, status, created_at desc);
create index orders_by_created_at on orders (created_at desc);

create table order_lines (
  client_id uuid not null,
  order_id uuid not null,
  line integer not null check (line >= 1),
  product_id uuid references products (id) on delete set null,
  sku text not null,
  name text not null,
  quantity integer not null check (quantity >= 1),
  unit_price numeric(10, 2) not null check (unit_price >= 0),
  primary key (order_id, line),
  foreign key (client_id, order_id) references orders (client_id, id) on delete cascade
);
create index order_lines_by_client on order_lines (client_id);
create index order_lines_by_product on order_lines (product_id);

create trigger set_updated_at before update on orders for each row execute function app.set_updated_at();

alter table orders enable row level security;
alter table orders force row level security;
create policy migrate on orders to app_migrate using (true) with check (true);
create policy definer on orders for select to app_definer using (true);
create policy definer_insert on orders for insert to app_definer with check (true);
create policy admin on orders to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on orders to app_support
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy client on orders for select to app_client using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_update on orders for update to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]))
  with check (client_id = any ((select app.editor_ids())::uuid[]));
-- The verified subject decides which orders belong to a customer. An e-mail address can later belong to a different
-- person, so the address gives no access.
create policy customer on orders for select to app_customer
  using (customer_subject = (select app.subject()) and site_id = (select app.site_id()));
grant select, insert, update, delete on orders to app_migrate;
grant select, insert on orders to app_definer;
grant select, insert, update, delete on orders to app_admin;
grant select, update on orders to app_support, app_client;
grant select on orders to app_customer;

alter table order_lines enable row level security;
alter table order_lines force row level security;
create policy migrate on order_lines to app_migrate using (true) with check (true);
create policy definer on order_lines for insert to app_definer with check (true);
create policy admin on order_lines to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on order_lines for select to app_support using ((select app.admin_role()) is not null);
create policy client on order_lines for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy customer on order_lines for select to app_customer
  using (exists (select from orders where orders.id = order_lines.order_id));
grant select, insert, update, delete on order_lines to app_migrate;
grant insert on order_lines to app_definer;
grant select, insert, update, delete on order_lines to app_admin;
grant select on order_lines to app_support, app_client, app_customer;

-- The daily figures of orders. If each order updated a total, all concurrent orders of a client would wait for the same
-- row. This would limit a client to 163 orders a second, and changes of status would deadlock. Therefore a transaction
-- that changes a figure only appends a row to order_deltas, and waits for no other transaction. app.rollup_order_deltas
-- runs on a schedule. In one transaction, this function adds deltas to order_daily_totals and deletes these deltas.
-- app.daily_order_totals adds up both tables. In every snapshot, on every server, the sum of the two tables equals the
-- count of the orders. The figures of one site come from the index orders_by_site. A site has about one order a day, so
-- daily totals by site would have nearly as many rows as the table orders.
--
-- Neither table has a foreign key to clients. The deltas of deleted orders exist until they are rolled up, even if the
-- client is deleted before the rollup. A foreign key would then reject this rollup, and all later rollups. The table
-- `orders` has this foreign key, and all deltas come from the rows of `orders`.
create table order_deltas (
  id uuid primary key default app.uuid7(),
  client_id uuid not null,
  day date not null,
  currency text not null,
  status text not null,
  orders integer not null,
  amount numeric not null
);
comment on table order_deltas is
  'Changes that order_daily_totals does not contain yet. Triggers of orders insert them; the rollup deletes them.';
-- A report adds up all deltas of its client. If the rollup is late, a client can have many deltas.
create index order_deltas_by_client on order_deltas (client_id, day);

create table order_daily_totals (
  client_id uuid not null,
  day date not null,
  currency text not null,
  status text not null,
  orders integer not null,
  amount numeric not null,
  primary key (client_id, day, currency, status)
);
comment on table order_daily_totals is
  'The figures of a day (UTC) without the deltas in order_deltas. Read app.daily_order_totals instead.';
comment on column order_daily_totals.orders is
  'Can be below 0 temporarily: a rollup may process the later of two deltas first.';

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

alter table order_daily_totals enable row level security;
alter table order_daily_totals force row level security;
create policy migrate on order_daily_totals to app_migrate using (true) with check (true);
create policy definer on order_daily_totals to app_definer using (true) with check (true);
create policy admin on order_daily_totals for select to app_admin using ((select app.admin_role()) is not null);
create policy client on order_daily_totals for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy system on order_daily_totals for select to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on order_daily_totals to app_migrate, app_definer;
grant select on order_daily_totals to app_admin, app_client, app_system;
