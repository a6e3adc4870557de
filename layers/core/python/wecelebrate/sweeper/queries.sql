-- name: write_heartbeat!
-- Write the heartbeat. A reader whose heartbeat is older than 45 seconds is not used.
select app.write_replica_heartbeat();

-- name: claim_invalidations
-- Remove the oldest unsent invalidations, at most `max_rows`, from the outbox, and return these invalidations. Other
-- sweepers get different rows.
select id, xid, tags from app.claim_invalidations(make_interval(secs => :older_than), :max_rows);

-- name: list_unexpected_state
-- List objects and settings that no release creates: large objects, and settings stored for a login of the platform.
select 'large object ' || oid || ' of ' || lomowner::regrole as state from pg_catalog.pg_largeobject_metadata
union all
select 'settings of ' || setrole::regrole from pg_catalog.pg_db_role_setting
where setrole in (select oid from pg_catalog.pg_roles where rolname in ('wc_public', 'wc_api', 'wc_worker', 'wc_kv'))
limit 100;

-- name: get_age_of_oldest_sync$
-- Get for how many seconds the oldest unfinished sync has waited or run, or 0 if there is no such sync. It leaves out
-- the syncs that wait for a person, and the syncs behind them.
select coalesce((
  select extract(epoch from clock_timestamp() - j.queued_at)::float8 from jobs j
  where j.type = 'catalog_sync' and j.status in ('pending', 'processing')
    and app.job_waiting_for(j) is null and app.job_blocked_by(j) is null
  order by j.queued_at limit 1), 0);

-- name: delete_old_uploads!
-- Delete uploads that were announced more than a week ago. The jobs of these uploads still contain the outcome.
delete from uploads where created_at < now() - interval '7 days';

-- name: delete_old_keys!
-- Delete expired idempotency keys.
delete from idempotency_keys where created_at < now() - make_interval(secs => :seconds);

-- name: delete_old_order_quantities!
-- Delete ordered quantities that no longer count against a limit.
delete from order_quantities where created_at < now() - interval '25 hours';

-- name: delete_old_guest_mails!
-- Delete the rows of mails that no longer count against a limit.
delete from guest_mails where created_at < now() - interval '25 hours';

-- name: delete_old_invitations$
-- Delete invitations that ended more than 90 days ago. It returns the number of deleted invitations.
select app.delete_old_invitations(1000);

-- name: fold_kv$
-- Write the rows of bulk writes into their documents. It returns the number of rows, or 0 if another sweeper is already
-- writing them.
select kv.fold(:size);

-- name: forget_kv_history$
-- Delete earlier values of documents after 10 minutes, and conflicts of the mirror after 30 days.
select kv.forget(10000);

-- name: report_kv_troubles$
-- Count the errors in the move from the key-value store since the last call. It returns null if the mirror was never
-- switched on.
select kv.report_troubles();
