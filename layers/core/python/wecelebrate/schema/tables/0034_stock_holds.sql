-- Stock that stays true when an ERP system states it.
--
-- Until now, a file replaced `products.inventory_count`. The ERP system did not know the latest orders when it wrote
-- the file, so pieces that were already sold came back on sale. Now an order writes a hold for each of its lines, and a
-- file states how many pieces the ERP system counted at which time. What is free to sell follows from both:
--
--   inventory_count = greatest(reported_count - (the sum of app.hold_effect over the holds of the product), 0)
--
-- A product without a row in stock_reports has the reported count that makes this equation true with the time
-- -infinity. Its count is exact, so an order or a cancellation changes it by the number of pieces. Therefore only
-- products with orders have rows in these tables. functions/holds.sql contains the rules.
--
-- The tables have no foreign keys to products and to orders, because each order would check them. Triggers delete the
-- rows of deleted products and orders. Only functions of app_definer write the tables.

set local role app_owner;

alter table catalogs
  add column stock_means text not null default 'free',
  add column stock_delay_minutes integer not null default 15,
  add column hold_hours integer,
  add constraint catalogs_stock_means_check check (stock_means in ('free', 'physical')),
  add constraint catalogs_stock_delay_minutes_check check (stock_delay_minutes between 0 and 1440),
  add constraint catalogs_hold_hours_check check (hold_hours between 0 and 8760);
comment on column catalogs.stock_means is
  'What the stock in files means. free: without the orders that the ERP system knows. physical: what is in the house.';
comment on column catalogs.stock_delay_minutes is
  'How old the stock in a file usually is when the file arrives, if neither the file nor the caller states its time.';
comment on column catalogs.hold_hours is
  'After this time, the stock in files is taken to be without the pieces of an order. Null: 72, or 720 if physical.';

alter table app.staged_products add column stock_as_of timestamptz;
comment on column app.staged_products.stock_as_of is 'When the stock of the row was counted. Null: as the whole file.';

create table stock_holds (
  order_id uuid not null,
  line integer not null,
  part integer not null default 1,
  client_id uuid not null,
  catalog_id uuid not null,
  product_id uuid not null,
  pieces integer not null check (pieces <> 0),
  since timestamptz not null,
  acknowledged_at timestamptz,
  shipped_at timestamptz,
  cancelled_at timestamptz,
  is_settled boolean not null default false,
  constraint stock_holds_pkey primary key (order_id, line, part),
  constraint stock_holds_end_check check (shipped_at is null or cancelled_at is null)
);
comment on table stock_holds is
  'The pieces of tracked products that orders hold. A line has several parts if only some of its pieces were shipped.';
comment on column stock_holds.client_id is 'The client of the order, which need not own the catalog.';
comment on column stock_holds.pieces is 'Below 0: a return that went back on sale at `since`.';
comment on column stock_holds.acknowledged_at is 'When the ERP system took the order.';
comment on column stock_holds.is_settled is
  'The pieces are open, but every stock that can still be stated is without them.';
create index stock_holds_by_product on stock_holds (catalog_id, product_id)
  where not is_settled or cancelled_at is not null;

create table stock_reports (
  product_id uuid primary key,
  catalog_id uuid not null,
  reported_count bigint not null,
  reported_at timestamptz not null
);
comment on table stock_reports is
  'The last stated stock of a product that has holds, or whose stock is below 0 after a change by a difference.';
comment on column stock_reports.reported_at is
  'When the stock was counted. -infinity: it was stated as what is free, with regard to all orders.';
create index stock_reports_by_catalog on stock_reports (catalog_id);

do $$
declare
  name text;
begin
  foreach name in array array['stock_holds', 'stock_reports'] loop
    execute format('alter table %I enable row level security, force row level security', name);
    execute format('create policy migrate on %I to app_migrate using (true) with check (true)', name);
    execute format('create policy definer on %I to app_definer using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on %I to app_migrate, app_definer', name);
  end loop;
end
$$;

-- The lines of an order say which pieces it takes and which pieces a return gives back.
create policy definer_select on order_lines for select to app_definer using (true);
grant select on order_lines to app_definer;

-- The open orders of earlier releases, so that a cancellation gives their pieces back.
set local role app_migrate;
insert into stock_holds (order_id, line, client_id, catalog_id, product_id, pieces, since, acknowledged_at)
select l.order_id, l.line, l.client_id, p.catalog_id, p.id, l.quantity, o.created_at,
  case o.status when 'processing' then o.updated_at end
from orders o
  join order_lines l on l.order_id = o.id
  join products p on p.id = l.product_id
where o.status in ('pending', 'processing') and p.inventory_policy = 'tracked';
