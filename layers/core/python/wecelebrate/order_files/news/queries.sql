-- name: find_orders
-- Find the orders of a client by their order numbers, or by their numbers in the ERP system.
select id, order_number, external_number from orders
where client_id = :client_id
  and (order_number = any (:numbers::text[]) or external_number = any (:external_numbers::text[]));

-- name: list_order_lines
-- List the lines of an order.
select line, sku from order_lines where order_id = :order_id order by line;

-- name: find_shipment^
-- Find the shipment of an order with this number. If no shipment has this number, find the shipment with this tracking
-- number.
select number from shipments
where order_id = :order_id and (number = :shipment or tracking_number = :shipment)
order by number = :shipment desc, created_at
limit 1;

-- name: has_newer_news$
-- Return whether a file contained newer news about the shipment. If the given time is before the time of the order, the
-- time of the order is used, because an event cannot happen earlier. News about a shipment and news about its delivery
-- are compared separately, so that a tracking number can still be changed after the delivery.
select exists (
  select from orders o join order_events e on e.order_id = o.id
  where o.id = :order_id and e.source = 'file' and e.details ->> 'shipment' = :number
    and e.happened_at > greatest(o.created_at, :happened_at::timestamptz)
    and (e.type = 'shipment_delivered') = (:kind = 'delivered'));

-- name: process_order^
-- Record that the ERP system has accepted the order, and record the number that the order has in the ERP system.
select refusal, detail, news from app.process_order(:order_id, :external_number, 'file', :happened_at, null);

-- name: ship_order^
-- Ship pieces of the order.
select refusal, detail, news from app.ship_order(:order_id, :shipment, 'file', :happened_at, null);

-- name: deliver_order^
-- Record the delivery of one shipment or of all shipments of the order.
select refusal, detail, news from app.deliver_order(:order_id, :shipment, 'file', :happened_at, null);

-- name: cancel_order^
-- Cancel lines of the order. If `lines` is null, cancel the whole order. The ERP system does not have to confirm this
-- cancellation, because it has requested the cancellation itself.
select c.refusal, c.detail, c.news
from app.cancel_order(:order_id, :reason, true, 'file', :happened_at, null) c
where :lines::jsonb is null
union all
select c.refusal, c.detail, c.news
from app.cancel_order_lines(:order_id, :lines::jsonb, :reason, true, 'file', :happened_at, null) c
where :lines::jsonb is not null;

-- name: record_refusal!
-- Record that a piece of news was refused. `position` is the position of this news among all news of the file.
insert into order_news_refusals (job_id, client_id, position, code, reason)
values (:job_id, :client_id, :position, :code, :reason);

-- name: list_refusals
-- List the refused news of a job, in the sequence in which the job tried to apply it.
select position, code, reason from order_news_refusals where job_id = :job_id order by position;

-- name: delete_refusals!
-- Delete the refusals of a job, after they were written to the error file.
delete from order_news_refusals where job_id = :job_id;
