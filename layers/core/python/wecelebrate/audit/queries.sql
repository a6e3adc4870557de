-- name: record_entry!
-- Record an action of the caller. The subject comes from the context of the caller.
insert into audit_log (action, client_id, object_id, details) values (:action, :client_id, :object_id, :details);

-- name: list_entries
-- List one page after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, subject, action, client_id, object_id, details, created_at
  from audit_log
  where (:client_id::uuid is null or client_id = :client_id)
    and (:action::text is null or action = :action)
    and (:object_id::text is null or object_id = :object_id)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;
