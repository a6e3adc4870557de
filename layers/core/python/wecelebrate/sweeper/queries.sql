-- name: write_heartbeat!
-- Write the heartbeat. If the heartbeat on a reader is older than 45 seconds, the platform does not use the reader.
select app.write_replica_heartbeat();

-- name: claim_invalidations
-- Delete the oldest unsent invalidations from the outbox, at most `max_rows` rows, and return these rows. Another
-- sweeper never gets the same rows.
select id, xid, tags from app.claim_invalidations(make_interval(secs => :older_than), :max_rows);

-- name: list_unexpected_state
-- List objects and settings that no release creates: large objects, and settings that are stored for a login of the
-- platform.
select 'large object ' || oid || ' of ' || lomowner::regrole as state from pg_catalog.pg_largeobject_metadata
union all
select 'settings of ' || setrole::regrole from pg_catalog.pg_db_role_setting
where setrole in (select oid from pg_catalog.pg_roles where rolname in ('wc_public', 'wc_api', 'wc_worker', 'wc_kv'))
limit 100;

-- name: get_age_of_oldest_sync$
-- Get the age of the oldest unfinished sync in seconds, or 0 if all syncs have finished. Syncs that wait for a user are
-- ignored. Syncs that can run only after such a sync are ignored too.
select coalesce((
  select extract(epoch from clock_timestamp() - j.queued_at)::float8 from jobs j
  where j.type = 'catalog_sync' and j.status in ('pending', 'processing')
    and app.job_waiting_for(j) is null and app.job_blocked_by(j) is null
  order by j.queued_at limit 1), 0);

-- name: delete_old_uploads!
-- Delete uploads that were created more than a week ago. The jobs of these uploads, which contain the outcome, stay.
delete from uploads where created_at < now() - interval '7 days';

-- name: delete_old_keys!
-- Delete expired idempotency keys.
delete from idempotency_keys where created_at < now() - make_interval(secs => :seconds);

-- name: delete_old_order_quantities!
-- Delete records of ordered quantities that are too old for the limits on quantities.
delete from order_quantities where created_at < now() - interval '25 hours';

-- name: delete_old_guest_mails!
-- Delete records of mails to guests that are too old for the limits on mails.
delete from guest_mails where created_at < now() - interval '25 hours';

-- name: delete_old_invitations$
-- Delete invitations that ended more than 90 days ago. It returns the number of deleted invitations.
select app.delete_old_invitations(1000);

-- name: fold_kv$
-- Copy the rows of bulk writes to their documents. It returns the number of copied rows, or 0 if another sweeper is
-- already copying them.
select kv.fold(:size);

-- name: forget_kv_history$
-- Delete earlier values of documents after 10 minutes, and conflicts of the mirror after 30 days.
select kv.forget(10000);

-- name: report_kv_troubles$
-- Count the errors of the migration from the key-value store since the last call. If the mirror was never switched on,
-- it returns null.
select kv.report_troubles();
