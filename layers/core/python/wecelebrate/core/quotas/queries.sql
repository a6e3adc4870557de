-- name: lock_quota$
-- Make other transactions that create an object of this kind for the client (for the platform if `client_id` is null)
-- wait until this transaction ends.
select pg_advisory_xact_lock(hashtextextended(:kind || ' ' || coalesce(:client_id::text, ''), 0));
