-- Orders, shipments and returns in the form of the API.

set local role app_owner;

-- The orders in the form of the API for clients and the platform. Personal data is masked for members who may not see
-- it (functions/masking.sql).
create or replace view app.order_view with (security_invoker = true) as
select id, client_id, site_id, order_number, status, total_amount::text as total_amount, currency,
  case when p.shown then customer_subject end as customer_subject,
  case when p.shown then customer_name else app.masked_name(customer_name) end as customer_name,
  case when p.shown then customer_email else app.masked_email(customer_email) end as customer_email,
  case when p.shown then shipping_address else app.masked_address(shipping_address) end as shipping_address, items,
  case when p.shown then metadata else '{}' end as metadata, created_at, updated_at, shipped_at, delivered_at,
  kind, version, fulfilment, problem, external_number, replaces_order_id, confirm_by, exported_at, processed_at,
  cancel_requested_at, cancelled_at, case when p.shown then cancel_reason end as cancel_reason
from orders o cross join lateral (
  select (select app.sees_all_persons()) or o.client_id = any ((select app.person_client_ids())::uuid[]) as shown) p;
grant select on app.order_view to app_admin, app_support, app_client, app_customer;

-- The orders of a customer on the current site, in the form of the API for customers.
create or replace view app.customer_order_view with (security_invoker = true) as
select id, order_number, status, total_amount::text as total_amount, currency, customer_name, customer_email,
  shipping_address, items, created_at, shipped_at, delivered_at, fulfilment,
  case problem when 'unconfirmed' then confirm_by end as confirm_by, cancel_requested_at, cancelled_at, updated_at
from orders
where customer_subject = (select app.subject()) and site_id = (select app.site_id());
grant select on app.customer_order_view to app_customer;

-- The lines of orders, with the numbers of shipped, cancelled and returned pieces.
create or replace view app.order_line_view with (security_invoker = true) as
select client_id, order_id, line, product_id, sku, name, quantity, unit_price::text as unit_price, shipped_quantity,
  cancelled_quantity, returned_quantity, quantity - shipped_quantity - cancelled_quantity as open_quantity
from order_lines;
grant select on app.order_line_view to app_admin, app_support, app_client;

-- The shipments with their lines. Tracking data is personal data, because it can reveal the recipient. If a shipment
-- has no other number, its number is the tracking number of its carrier.
create or replace view app.shipment_view with (security_invoker = true) as
select s.id, s.client_id, s.order_id,
  case when p.shown or s.number is distinct from s.tracking_number then s.number else app.masked_name(s.number) end
    as number, s.status, s.carrier,
  case when p.shown then s.tracking_number end as tracking_number,
  case when p.shown then s.tracking_url end as tracking_url,
  (select json_agg(json_build_object('line', l.line, 'quantity', l.quantity) order by l.line)
   from shipment_lines l where l.shipment_id = s.id) as lines,
  s.shipped_at, s.delivered_at, s.source, s.created_at, s.updated_at
from shipments s cross join lateral (
  select (select app.sees_all_persons()) or s.client_id = any ((select app.person_client_ids())::uuid[]) as shown) p;
grant select on app.shipment_view to app_definer, app_admin, app_support, app_client, app_customer, app_system;

-- The returns with their lines.
create or replace view app.return_view with (security_invoker = true) as
select r.id, r.client_id, r.order_id, r.number, r.status, case when p.shown then r.reason end as reason,
  case when p.shown then r.note end as note, r.replacement_order_id,
  (select json_agg(json_build_object('line', l.line, 'quantity', l.quantity, 'received_quantity', l.received_quantity,
     'restocked_quantity', l.restocked_quantity) order by l.line)
   from return_lines l where l.return_id = r.id) as lines,
  r.created_at, r.updated_at, r.approved_at, r.received_at, r.refused_at
from returns r cross join lateral (
  select (select app.sees_all_persons()) or r.client_id = any ((select app.person_client_ids())::uuid[]) as shown) p;
grant select on app.return_view to app_admin, app_support, app_client;

-- The history of an order in the form of the API. The history has no event for the placing of the order, because the
-- order itself contains this data.
create or replace view app.order_event_view with (security_invoker = true) as
select id, client_id, order_id, version, type, from_status, to_status, source, actor,
  case when p.shown or actor <> 'customer' then subject end as subject,
  case when p.shown then details else app.masked_details(order_id, details) end as details,
  happened_at, created_at
from order_events e cross join lateral (
  select (select app.sees_all_persons()) or e.client_id = any ((select app.person_client_ids())::uuid[]) as shown) p
union all
select id, client_id, id, 1, 'placed', null, 'pending', case kind when 'replacement' then 'api' else 'storefront' end,
  case when kind = 'replacement' then 'client' when customer_subject is null then 'guest' else 'customer' end,
  case when p.shown and kind <> 'replacement' then customer_subject end, '{}', created_at, created_at
from orders o cross join lateral (
  select (select app.sees_all_persons()) or o.client_id = any ((select app.person_client_ids())::uuid[]) as shown) p;
grant select on app.order_event_view to app_admin, app_support, app_client, app_system;
