-- Amounts of money have the decimals of their currency: JPY none, EUR two, KWD three. `numeric` without a scale keeps
-- the decimals of each amount, so its text is right as it stands: `numeric(10, 3)` would show 12.500 for EUR.
--
-- Removing the precision of a numeric column rewrites no table. PostgreSQL rebuilds the indexes that include the column
-- without sorting by it, and the checks scan the tables once. PostgreSQL refuses to change a column that a view uses.
-- Therefore the views are dropped and created again without a change. (A new database has no views yet;
-- functions/orders.sql and functions/tenants.sql replace them.)
--
-- The previous release writes amounts with two decimals, which the checks allow. Its models cannot read an amount
-- without decimals, so this migration leaves the stored amounts as they are. A change of a product gives its price the
-- decimals of its currency.
--
-- `max_order_amount` of a site limits orders in the currency of its catalog, which can change. Therefore it can have
-- three decimals, and it is shown without zeros at the end.
--
-- All prices of a catalog are in one currency, so that they can be compared. `currency` of a catalog is null until its
-- first product sets it. It is also null while the owner moves the catalog to another currency: then the products may
-- have prices in several currencies. functions/money.sql has the triggers, and 0022 fills the column.

set local role app_owner;

drop view if exists app.order_view, app.customer_order_view, app.site_view;

alter table products
  alter price type numeric,
  drop constraint products_price_check,
  add constraint products_price_check check (price >= 0 and price < 1e12 and scale(price) <= 3);
alter table orders
  alter total_amount type numeric,
  drop constraint orders_total_amount_check,
  add constraint orders_total_amount_check
    check (total_amount >= 0 and total_amount < 1e12 and scale(total_amount) <= 3);
alter table order_lines
  alter unit_price type numeric,
  drop constraint order_lines_unit_price_check,
  add constraint order_lines_unit_price_check check (unit_price >= 0 and unit_price < 1e12 and scale(unit_price) <= 3);

alter table sites
  alter max_order_amount type numeric,
  drop constraint sites_max_order_amount_check,
  add constraint sites_max_order_amount_check
    check (max_order_amount > 0 and max_order_amount < 1e12 and scale(max_order_amount) <= 3);

alter table catalogs
  add column currency text,
  add constraint catalogs_currency_check check (currency ~ '^[A-Z]{3}$');
comment on column catalogs.currency is
  'The currency of all prices. Null: there are no products yet, or there may be prices in several currencies.';
-- app.check_catalog_currency writes the currency of the first product.
create policy definer_update on catalogs for update to app_definer using (true) with check (true);
grant update on catalogs to app_definer;

create view app.order_view with (security_invoker = true) as
select id, client_id, site_id, order_number, status, total_amount::text as total_amount, currency, customer_subject,
  customer_name, customer_email, shipping_address, items, metadata, created_at, updated_at, shipped_at, delivered_at
from orders;
grant select on app.order_view to app_admin, app_support, app_client, app_customer;

create view app.customer_order_view with (security_invoker = true) as
select id, order_number, status, total_amount::text as total_amount, currency, customer_name, customer_email,
  shipping_address, items, created_at, shipped_at, delivered_at
from orders
where customer_subject = app.subject() and site_id = app.site_id();
grant select on app.customer_order_view to app_customer;

create view app.site_view with (security_invoker = true) as
select id, client_id, name, domain, status, branding, settings, catalog_id, created_at, updated_at, slug,
  domain_verified_at, guest_orders, max_line_quantity, max_daily_quantity, max_daily_quantity_per_address,
  max_order_amount, max_recipient_mails
from sites;
grant select, insert, update on app.site_view to app_admin, app_client;
grant select on app.site_view to app_customer, app_anon;

set local role app_worker;

alter table app.staged_products
  alter price type numeric,
  add constraint staged_products_price_check check (price >= 0 and price < 1e12 and scale(price) <= 3);
