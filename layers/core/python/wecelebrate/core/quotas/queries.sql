-- name: lock_quota$
-- Lock the creation of objects of this type for the client, or for the platform if `client_id` is null. Other
-- transactions that create objects of this type wait until this transaction ends.
select pg_advisory_xact_lock(hashtextextended(:kind || ' ' || coalesce(:client_id::text, ''), 0));

-- name: has_kept_rights$
-- Return whether the caller still has the rights at the client that it had when this transaction began. Until this
-- transaction ends, other transactions cannot change the members of the client or the staff.
select app.has_kept_rights(:client_id);
