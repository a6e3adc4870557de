-- name: beat!
-- Shows readers how far they have come: one that does not see this for 45 seconds is asked nothing.
select app.beat();

-- name: take_invalidations
-- The oldest that nobody sent, off the outbox; other sweepers take others.
select id, xid, tags from app.take_invalidations(make_interval(secs => :older_than), :most);

-- name: forget_uploads!
-- Uploads that were announced a week ago: what came of them, their jobs know.
delete from uploads where created_at < now() - interval '7 days';

-- name: forget_keys!
-- Idempotency keys that are past their life.
delete from idempotency_keys where created_at < now() - make_interval(secs => :seconds);
