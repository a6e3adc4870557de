-- name: create_partitions$
-- Create the partitions for the current month (UTC) and the months ahead. Returns the number of new partitions.
select app.create_event_partitions((now() at time zone 'UTC')::date, :ahead);

-- name: delete_old_receipts!
-- Delete at most `max_rows` receipts of events that arrived more than seven days ago.
delete from event_receipts
where ctid in (select ctid from event_receipts where accepted_at < now() - interval '7 days' limit :max_rows);
