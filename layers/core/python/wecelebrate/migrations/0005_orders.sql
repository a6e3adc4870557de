-- Orders and their lines. `items` keeps what was ordered as it was; `order_lines` is the same for reports.

set local role app_owner;

create table orders (
  id uuid primary key default app.uuid7(),
  client_id uuid not null references clients (id),
  site_id uuid not null,
  order_number text not null,
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
  constraint orders_number_of_client unique (client_id, order_number),
  constraint orders_of_client unique (client_id, id),
  constraint orders_site_of_client foreign key (client_id, site_id) references sites (client_id, id)
);
comment on column orders.customer_subject is 'The sub of the customer''s token; null for a guest.';
-- Covers the client's month report: no visit to the table.
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

create trigger touch before update on orders for each row execute function app.touch();

alter table orders enable row level security;
alter table orders force row level security;
create policy migrate on orders to app_migrate using (true) with check (true);
create policy admin on orders to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on orders to app_support
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy client on orders for select to app_client using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_update on orders for update to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]))
  with check (client_id = any ((select app.editor_ids())::uuid[]));
-- By the verified subject; an e-mail can change hands, so it finds nothing.
create policy customer on orders for select to app_customer
  using (customer_subject = (select app.subject()) and site_id = (select app.site_id()));
grant select, insert, update, delete on orders to app_migrate;
grant select, insert, update, delete on orders to app_admin;
grant select, update on orders to app_support, app_client;
grant select on orders to app_customer;

alter table order_lines enable row level security;
alter table order_lines force row level security;
create policy migrate on order_lines to app_migrate using (true) with check (true);
create policy admin on order_lines to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on order_lines for select to app_support using ((select app.admin_role()) is not null);
create policy client on order_lines for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy customer on order_lines for select to app_customer
  using (exists (select from orders where orders.id = order_lines.order_id));
grant select, insert, update, delete on order_lines to app_migrate;
grant select, insert, update, delete on order_lines to app_admin;
grant select on order_lines to app_support, app_client, app_customer;
