-- name: list_orders
-- List one page after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.order_view
  where (:client_id::uuid is null or client_id = :client_id)
    and (:site_id::uuid is null or site_id = :site_id)
    and (:status::text is null or status = :status)
    and (:order_number::text is null or order_number = :order_number)
    and (:customer_email::text is null or lower(customer_email) = lower(:customer_email))
    and (:created_from::timestamptz is null or created_at >= :created_from)
    and (:created_to::timestamptz is null or created_at < :created_to)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_order^
-- Get an order that the caller may see.
select * from app.order_view where id = :order_id;

-- name: list_own_orders
-- List one page of the customer's orders on the current site, newest first. The page starts after the cursor.
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
-- Place an order. Returns the order, or the reason why it was refused.
select refusal, detail, placed, low_stock
from app.place_order(:lines, :customer_name, :customer_email, :shipping_address, :metadata, :expected_total, :address);

-- name: ships_to_po_boxes$
-- Return whether the current site ships to post office boxes.
select ship_to_po_boxes from sites where id = (select app.site_id());

-- name: rollup_deltas$
-- Roll up the oldest deltas, at most `max_rows`, and return the number of these deltas. If this number is smaller than
-- `max_rows`, no delta is left.
select app.rollup_order_deltas(:max_rows);
