-- name: create_partitions$
-- Create the partitions for the current month (UTC) and the months ahead. It returns the number of new partitions.
select app.create_event_partitions((now() at time zone 'UTC')::date, :ahead);

-- name: delete_old_receipts!
-- Delete at most `max_rows` receipts of events that arrived more than seven days ago.
delete from event_receipts
where ctid in (select ctid from event_receipts where accepted_at < now() - interval '7 days' limit :max_rows);

-- name: drop_partitions$
-- Drop each partition in which all events have expired. It returns the number of dropped partitions.
select app.drop_event_partitions();

-- name: delete_expired_events$
-- Delete at most `max_rows` expired events. The client determines how long its events are stored. It returns the number
-- of deleted events.
select app.delete_expired_events(:max_rows);

-- name: store_events$
-- Store events. An event that is already stored is not stored again. It returns the number of stored events.
select app.store_events(:events);

-- name: get_event_target^
-- Get the current site, its client, and the setting `event_storage` of the site.
select client_id, id as site_id, event_storage from sites where id = (select app.site_id());

-- name: list_events
-- List one page of events after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, event_id, client_id, site_id, event_type as type, user_id, session_id, event_data as data, is_anonymous,
    is_time_clamped, created_at, accepted_at
  from app.event_view
  where (:client_id::uuid is null or client_id = :client_id)
    and (:site_id::uuid is null or site_id = :site_id)
    and (:type::text is null or event_type = :type)
    and (:session_id::text is null or session_id = :session_id)
    and (:user_id::text is null or user_id = :user_id)
    and (:created_from::timestamptz is null or created_at >= :created_from)
    and (:created_to::timestamptz is null or created_at < :created_to)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;
