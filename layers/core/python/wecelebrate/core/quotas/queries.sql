-- name: lock_quota$
-- Lock the creation of objects of this kind for the client, or for the platform if `client_id` is null. Other
-- transactions that create such an object wait until this transaction ends.
select pg_advisory_xact_lock(hashtextextended(:kind || ' ' || coalesce(:client_id::text, ''), 0));
