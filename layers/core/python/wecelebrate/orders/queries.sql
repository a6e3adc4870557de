-- name: list_orders
-- List one page of orders after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.order_view
  where (:client_id::uuid is null or client_id = :client_id)
    and (:site_id::uuid is null or site_id = :site_id)
    and (:status::text is null or status = :status)
    and (:order_number::text is null or order_number = :order_number)
    and (:customer_email::text is null or id = any (app.order_ids_of(:customer_email)))
    and (:created_from::timestamptz is null or created_at >= :created_from)
    and (:created_to::timestamptz is null or created_at < :created_to)
    and (:updated_since::timestamptz is null or updated_at >= :updated_since)
    and (:external_number::text is null or external_number = :external_number)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_order^
-- Get an order that the caller may see.
select * from app.order_view where id = :order_id;

-- name: list_events
-- List one page of the history of an order after the cursor, newest first.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.order_event_view
  where order_id = :order_id
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: list_lines
-- List the lines of an order that the caller may see.
select * from app.order_line_view where order_id = :order_id order by line;

-- name: list_own_orders
-- List one page of the customer's orders on the current site after the cursor, newest first.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.customer_order_view
  where :after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid)
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_own_order^
-- Get one of the customer's own orders on the current site.
select * from app.customer_order_view where id = :order_id;

-- name: place_order^
-- Place an order, and queue its mail and its webhook events. It returns the order, or the reason why the order was
-- refused.
select refusal, detail, placed, mail_job_id, has_deliveries
from app.place_and_announce_order(
  :lines, :customer_name, :customer_email, :shipping_address, :metadata, :expected_total, :address);

-- name: ships_to_po_boxes$
-- Return whether the current site ships to post office boxes.
select ship_to_po_boxes from sites where id = (select app.site_id());

-- name: rollup_deltas$
-- Add the oldest deltas to the totals, at most `max_rows` deltas. It returns the number of added deltas. If this number
-- is smaller than `max_rows`, all deltas are added.
select app.rollup_order_deltas(:max_rows);

-- name: process_order^
-- Start the processing of an order. It returns the events, or the reason why the change was refused.
select refusal, detail, news from app.process_order(:order_id, :external_number, :source, :happened_at, :expected);

-- name: ship_order^
-- Ship pieces of an order. It returns the events, or the reason why the change was refused.
select refusal, detail, news from app.ship_order(:order_id, :shipment, :source, :happened_at, :expected);

-- name: deliver_order^
-- Record that shipments of an order were delivered. It returns the events, or the reason why the change was refused.
select refusal, detail, news from app.deliver_order(:order_id, :shipment, :source, :happened_at, :expected);

-- name: cancel_order^
-- Cancel an order, or ask the ERP system to cancel it. It returns the events, or the reason why the change was refused.
select refusal, detail, news
from app.cancel_order(:order_id, :reason, :is_confirmed, :source, :happened_at, :expected);

-- name: cancel_order_lines^
-- Cancel pieces of an order that are not shipped. It returns the events, or the reason why the change was refused.
select refusal, detail, news
from app.cancel_order_lines(:order_id, :lines, :reason, :is_confirmed, :source, :happened_at, :expected);

-- name: change_order^
-- Change the data of an order other than its status. It returns the events, or the reason why the change was refused.
select refusal, detail, news from app.change_order(:order_id, :changes, :note, :source, :expected);

-- name: mark_exported$
-- Record that orders were exported to an ERP system. It returns how many of these orders were exported for the first
-- time.
select app.mark_orders_exported(:order_ids, :exported_at);

-- name: get_order_for_news^
-- Get the data for the mails and webhook events about a change of an order.
select id as order_id, client_id, site_id, order_number, status, version, problem from orders where id = :order_id;

-- name: get_shipment_for_news^
-- Get the data for the mails and webhook events about a shipment, even if the caller may not see personal data.
select s.id as shipment_id, s.number as shipment_number, s.status as shipment_status, s.carrier, s.tracking_number,
  s.tracking_url, v.lines
from shipments s join app.shipment_view v on v.id = s.id where s.id = :shipment_id;

-- name: list_shipments
-- List the shipments of an order that the caller may see, oldest first.
select * from app.shipment_view where order_id = :order_id order by shipped_at, id;

-- name: list_returns
-- List one page of returns after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.return_view
  where (:client_id::uuid is null or client_id = :client_id)
    and (:order_id::uuid is null or order_id = :order_id)
    and (:status::text is null or status = :status)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_return^
-- Get a return that the caller may see.
select * from app.return_view where id = :return_id;

-- name: request_return^
-- Open a return of shipped pieces. It returns the events and the id of the return, or the reason why the return was
-- refused.
select refusal, detail, news, return_id from app.request_return(:order_id, :lines, :reason, :source, :expected);

-- name: decide_return^
-- Approve or refuse a return. It returns the events, or the reason why the change was refused.
select refusal, detail, news from app.decide_return(:return_id, :decision, :note, :source, :expected);

-- name: receive_return^
-- Record which pieces of a return have arrived. It returns the events, or the reason why the change was refused.
select refusal, detail, news from app.receive_return(:return_id, :lines, :restock, :note, :source, :expected);

-- name: replace_order^
-- Create an order that sends pieces of another order again. It returns the events and the id of the new order, or the
-- reason why the new order was refused.
select refusal, detail, news, replacement_id
from app.replace_order(:order_id, :lines, :return_id, :source, :expected);

-- name: cancel_own_order^
-- Cancel an order of the customer. It returns the events, or the reason why the change was refused.
select refusal, detail, news from app.cancel_own_order(:order_id, :reason, :expected);

-- name: get_guest_order$
-- Get the order of a guest with its shipments. It returns null if the token is not valid.
select app.guest_order(:token);

-- name: cancel_guest_order^
-- Cancel the order of a guest. It returns the events and the data for the mails about them, or the reason why the
-- change was refused.
select refusal, detail, news, about from app.cancel_guest_order(:token, :reason);

-- name: confirm_guest_order^
-- Confirm the order of a guest. It returns the events and the data for the mails about them, or the reason why the
-- change was refused.
select refusal, detail, news, about from app.confirm_guest_order(:token);

-- name: expire_unconfirmed_order^
-- Cancel one order of a guest that was not confirmed in time. If no such order exists, it returns no row.
select order_id, news from app.expire_unconfirmed_order();
