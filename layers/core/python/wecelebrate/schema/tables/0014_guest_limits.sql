-- Limits for the orders of a site's visitors, and for the mails that these orders cause.

set local role app_owner;

-- The limits are columns and not keys of `settings`, so that the database checks their values. The defaults are low
-- enough for a site whose client never sets them. max_order_amount has no default: the same amount is a lot of money in
-- one currency, and little money in another currency.
alter table sites
  add column guest_orders boolean not null default true,
  add column max_line_quantity integer not null default 10,
  add column max_daily_quantity integer default 20,
  add column max_daily_quantity_per_address integer default 100,
  add column max_order_amount numeric(10, 2),
  add column max_recipient_mails integer not null default 5,
  add constraint sites_max_line_quantity_check check (max_line_quantity between 1 and 10000),
  add constraint sites_max_daily_quantity_check check (max_daily_quantity between 1 and 1000000),
  add constraint sites_max_daily_quantity_per_address_check
    check (max_daily_quantity_per_address between 1 and 1000000),
  add constraint sites_max_order_amount_check check (max_order_amount > 0),
  add constraint sites_max_recipient_mails_check check (max_recipient_mails between 0 and 100);
comment on column sites.guest_orders is 'Whether visitors without a token may place orders.';
comment on column sites.max_line_quantity is 'The largest quantity of a line of an order.';
comment on column sites.max_daily_quantity is
  'The most pieces that one customer, or the guests with one e-mail address, may order in 24 hours. Null: no limit.';
comment on column sites.max_daily_quantity_per_address is
  'The most pieces that may be ordered from one IP address in 24 hours. Null: no limit.';
comment on column sites.max_order_amount is 'The largest total of an order. Null: no limit.';
comment on column sites.max_recipient_mails is
  'The most confirmations that one address gets in 24 hours, unless its verified owner places the orders.';

-- The pieces that each buyer has ordered in the last 24 hours. Only app.place_order adds rows, and the sweeper deletes
-- old rows. Sums over these rows are exact for any period of 24 hours. A counter for each day would allow two quotas
-- around midnight. The table has no foreign keys, because the checks would cost more than the rows are worth: a row
-- lives for a day.
create table order_quantities (
  id uuid primary key default app.uuid7(),
  client_id uuid not null,
  site_id uuid not null,
  product_id uuid not null,
  buyer text not null constraint order_quantities_buyer_length check (length(buyer) <= 600),
  quantity integer not null check (quantity >= 1),
  created_at timestamptz not null default now()
);
comment on column order_quantities.buyer is
  'One of `customer:<subject>`, `email:<mailbox>` and `address:<keyed hash of an IP address>`.';
create index order_quantities_by_buyer on order_quantities (buyer, created_at);
create index order_quantities_by_created_at on order_quantities (created_at);

-- The mails of the last 24 hours that a visitor caused, to an address that the visitor has not verified. Only
-- app.claim_guest_mail adds rows, and the sweeper deletes old rows.
create table guest_mails (
  id uuid primary key default app.uuid7(),
  client_id uuid not null,
  mailbox text not null constraint guest_mails_mailbox_length check (length(mailbox) <= 500),
  created_at timestamptz not null default now()
);
comment on column guest_mails.mailbox is 'The address in the form that app.mailbox returns.';
create index guest_mails_by_mailbox on guest_mails (mailbox, created_at);
create index guest_mails_by_client on guest_mails (client_id, created_at);
create index guest_mails_by_created_at on guest_mails (created_at);

alter table order_quantities enable row level security;
alter table order_quantities force row level security;
create policy migrate on order_quantities to app_migrate using (true) with check (true);
create policy definer on order_quantities to app_definer using (true) with check (true);
create policy system on order_quantities for select to app_system using ((select app.subject()) is not null);
create policy system_delete on order_quantities for delete to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on order_quantities to app_migrate;
grant select, insert on order_quantities to app_definer;
grant select, delete on order_quantities to app_system;

alter table guest_mails enable row level security;
alter table guest_mails force row level security;
create policy migrate on guest_mails to app_migrate using (true) with check (true);
create policy definer on guest_mails to app_definer using (true) with check (true);
create policy system on guest_mails for select to app_system using ((select app.subject()) is not null);
create policy system_delete on guest_mails for delete to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on guest_mails to app_migrate;
grant select, insert on guest_mails to app_definer;
grant select, delete on guest_mails to app_system;
