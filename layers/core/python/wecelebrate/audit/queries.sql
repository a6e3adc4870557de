-- name: record_reads!
-- Record a read of the caller, who belongs to the platform's staff.
select app.record_reads(:action, :reads);

-- name: record_job_read!
-- Record that the caller, who belongs to the platform's staff, reads rows or files of a job.
select app.record_reads(:action, jsonb_build_array(jsonb_build_object(
  'client_id', j.client_id, 'object_id', j.id::text, 'details', :details::jsonb)))
from jobs j
where j.id = :object_id;

-- name: record_order_read!
-- Record that the caller, who belongs to the platform's staff, reads a part of an order, e.g. its shipments.
select app.record_reads(:action, jsonb_build_array(jsonb_build_object(
  'client_id', o.client_id, 'object_id', o.id::text, 'details', :details::jsonb)))
from orders o
where o.id = :object_id;

-- name: delete_expired_entries$
-- Delete entries that are older than two years, at most `max_rows`, and return their number.
select app.delete_expired_audit_entries(:max_rows);

-- name: list_entries
-- List one page after the cursor, newest first. A filter that is null matches every row. Reads of the list of clients
-- are hidden, unless a filter selects an action, an actor, an object or a request. To show the names of clients, a
-- reader of the log also reads the list of clients. Without this exception, each view of the log would add an entry to
-- the log.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.audit_view
  where (:client_id::uuid is null or client_id = :client_id)
    and (:subject::text is null or subject = :subject)
    and (:action::text is null or action = :action)
    and (action <> 'client.list'
      or coalesce(:action::text, :subject::text, :object_id::text, :request_id::text) is not null)
    and (:object_id::text is null or object_id = :object_id)
    and (:request_id::text is null or request_id = :request_id)
    and (:created_from::timestamptz is null or created_at >= :created_from)
    and (:created_to::timestamptz is null or created_at < :created_to)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;
