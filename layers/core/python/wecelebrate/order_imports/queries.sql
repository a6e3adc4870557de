-- name: get_site^
-- Get the client and the time zone of a site that the caller may see, and whether the caller may write for the client.
select s.client_id, c.timezone, current_user = 'app_admin' or s.client_id = any ((select app.editor_ids())::uuid[])
    as may_write
from sites s join clients c on c.id = s.client_id where s.id = :site_id;

-- name: import_orders
-- Import orders for a job. Returns the outcome of each order. If an order already exists with other details, also
-- returns the details that differ.
select order_number, outcome, differing from app.import_historical_orders(:job_id, :orders, :is_rehearsal);
