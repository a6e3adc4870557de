-- name: make_partitions$
-- Partitions of this month, by the clocks of UTC, and the months ahead: how many were not there.
select app.make_event_partitions((now() at time zone 'UTC')::date, :ahead);

-- name: forget_receipts!
-- Forgets at most so many of the event ids that came more than seven days ago.
delete from event_receipts
where ctid in (select ctid from event_receipts where accepted_at < now() - interval '7 days' limit :most);
