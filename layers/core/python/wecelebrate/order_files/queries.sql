-- name: list_destinations
-- List one page of destinations after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.order_destination_view
  where (:client_id::uuid is null or client_id = :client_id)
    and (:is_active::boolean is null or is_active = :is_active)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_destination^
-- Get a destination that the caller may see.
select * from app.order_destination_view where id = :destination_id;

-- name: lock_destination^
-- Get a destination that the caller may change, and lock it until the transaction ends.
select * from app.order_destination_view where id = :destination_id for update;

-- name: count_destinations$
-- Count the destinations of a client that the caller may see.
select count(*)::integer from order_destinations where client_id = :client_id;

-- name: owns_site$
-- Return whether a client owns a site that the caller may see.
select exists (select from sites where id = :site_id and client_id = :client_id);

-- name: create_destination^
-- Create a destination.
insert into app.order_destination_view (client_id, site_id, name, format, columns, prefix, max_line_length,
  formula_safe, sender, receiver, cron, timezone, is_active, orders_from, next_run_at)
values (:client_id, :site_id, :name, :format, :columns, :prefix, :max_line_length, :formula_safe, :sender, :receiver,
  :cron, :timezone, :is_active, coalesce(:orders_from::timestamptz, now()), :next_run_at)
returning *;

-- name: change_destination^
-- Merge `changes` into the destination (RFC 7396), and set the time of its next run.
update app.order_destination_view old
set (name, format, columns, prefix, max_line_length, formula_safe, sender, receiver, cron, timezone, is_active,
  next_run_at) = (
  select name, format, nullif(columns, 'null'), prefix, max_line_length, formula_safe, sender, receiver, cron,
    timezone, is_active, :next_run_at::timestamptz
  from jsonb_populate_record(null::order_destinations, app.merge_patch(to_jsonb(old), :changes::jsonb)))
where id = :destination_id
returning *;

-- name: delete_destination!
-- Delete a destination with its runs, and delete the records of the orders that it has received.
delete from order_destinations where id = :destination_id;

-- name: list_runs
-- List one page of the runs of a destination after the cursor, newest first.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, destination_id, seq, job_id, orders, refused, key, size, sha256, created_at, written_at
  from order_export_runs
  where destination_id = :destination_id
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: find_waiting_job$
-- Get the id of an export job of the destination that no worker has started. If no such job exists, the result is null.
select id from jobs
where ordering_key = :ordering_key and status = 'pending' and attempts = 0 and payload ->> 'direction' = 'out'
order by queued_at
limit 1;

-- name: claim_due_destinations
-- Lock at most `max_rows` due destinations, sorted by their due times. Destinations that another transaction has locked
-- are skipped. The destinations of an inactive client are skipped until the client is active.
select id, client_id, cron, timezone, now() as due_at
from order_destinations
where is_active and next_run_at <= now() and app.is_active_client(client_id)
order by next_run_at
limit :max_rows
for update skip locked;

-- name: set_next_run!
-- Set the time of the next run. If this time is null, the destination gets files only on request.
update order_destinations set next_run_at = :next_run_at where id = :destination_id;

-- name: record_outcome!
-- Record the outcome of a job of the destination.
update order_destinations
set last_run_at = now(), last_job_id = :job_id, last_outcome = :outcome
where id = :destination_id;

-- name: get_unwritten_run^
-- Get the oldest run of the destination whose file is not complete.
select id, seq, settings, created_at from order_export_runs
where destination_id = :destination_id and written_at is null
order by seq
limit 1;

-- name: begin_export^
-- Select the orders for a new run, and create the run. If there is nothing to export, `run_id` is null.
select run_id, more from app.begin_order_export(:destination_id, :job_id, :max_orders);

-- name: list_exported_orders
-- List the orders of a run, in the sequence of the file. `previous_version` is the version of the order that the
-- destination already has.
select x.order_id, x.action, x.document, (
  select max(e.version) from order_exports e
  where e.destination_id = x.destination_id and e.order_id = x.order_id and e.version < x.version
    and e.action <> 'none') as previous_version
from order_exports x
where x.run_id = :run_id
order by x.position;

-- name: release_refused_orders!
-- Record that the destination did not receive these orders of a run. The next version of each order is exported as a
-- new order.
update order_exports set action = 'none', run_id = null, document = null
where run_id = :run_id and order_id = any (:order_ids::uuid[]);

-- name: forget_documents!
-- Delete the copies of the orders of a run, after the file was written.
update order_exports set document = null where run_id = :run_id;

-- name: finish_run!
-- Record that the file of a run is complete. It affects 0 rows if another worker has already recorded this.
update order_export_runs
set key = :key, size = :size, sha256 = :sha256, refused = :refused, written_at = now()
where id = :run_id and written_at is null;

-- name: find_drop$
-- Get the id of the job of a file version. If the version is not recorded, the result is null.
select job_id from order_file_drops where key = :key and version_id = :version_id;

-- name: lock_destination_intake
-- Wait until no other transaction records files of this destination.
select pg_advisory_xact_lock(hashtextextended('order files ' || :destination_id, 0));

-- name: record_drop!
-- Record a file version.
insert into order_file_drops (client_id, destination_id, key, version_id, size, etag, dropped_at, job_id)
values (:client_id, :destination_id, :key, :version_id, :size, :etag, :dropped_at, :job_id);
