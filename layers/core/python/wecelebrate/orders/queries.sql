-- name: list_orders
-- One page, newest first, after the cursor; a null filter matches everything.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, client_id, site_id, order_number, status, total_amount::text as total_amount, currency, customer_subject,
    customer_name, customer_email, shipping_address, items, metadata, created_at, updated_at, shipped_at, delivered_at
  from orders
  where (:client_id::uuid is null or client_id = :client_id)
    and (:site_id::uuid is null or site_id = :site_id)
    and (:status::text is null or status = :status)
    and (:order_number::text is null or order_number = :order_number)
    and (:customer_email::text is null or customer_email = :customer_email)
    and (:created_from::timestamptz is null or created_at >= :created_from)
    and (:created_to::timestamptz is null or created_at < :created_to)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_order^
-- The order, when the caller may see it.
select id, client_id, site_id, order_number, status, total_amount::text as total_amount, currency, customer_subject,
  customer_name, customer_email, shipping_address, items, metadata, created_at, updated_at, shipped_at, delivered_at
from orders
where id = :order_id;

-- name: list_own_orders
-- One page of what the customer ordered on the site that is visited, newest first, after the cursor.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, order_number, status, total_amount::text as total_amount, currency, customer_name, customer_email,
    shipping_address, items, created_at, shipped_at, delivered_at
  from orders
  where customer_subject = app.subject() and site_id = app.site_id()
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_own_order^
-- One order of the customer on the site that is visited.
select id, order_number, status, total_amount::text as total_amount, currency, customer_name, customer_email,
  shipping_address, items, created_at, shipped_at, delivered_at
from orders
where id = :order_id and customer_subject = app.subject() and site_id = app.site_id();

-- name: place_order^
-- The order that was placed, or why it was not.
select refusal, about, placed, low
from app.place_order(:lines, :customer_name, :customer_email, :shipping_address, :metadata, :told);

-- name: fold_deltas$
-- Folds at most so many deltas, the oldest first: how many; fewer than `most` are the last.
select app.fold_order_deltas(:most);
