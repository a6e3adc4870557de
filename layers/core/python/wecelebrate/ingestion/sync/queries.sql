-- name: lock_catalog$
-- Lock the catalog, so that no other intake handles this catalog until the transaction ends.
select pg_advisory_xact_lock(hashtextextended('drops ' || :catalog_id::uuid, 0));

-- name: find_drop^
-- Find the job of a recorded file version.
select job_id from drops where key = :key and version_id = :version_id;

-- name: record_drop!
-- Record a file version.
insert into drops (client_id, catalog_id, key, version_id, sequencer, size, etag, dropped_at, job_id)
values (:client_id, :catalog_id, :key, :version_id, :sequencer, :size, :etag, :dropped_at, :job_id);

-- name: list_recorded
-- List which of the given file versions are already recorded.
select key, version_id from drops
where (key, version_id) in (select * from unnest(:keys::text[], :version_ids::text[]));

-- name: find_newer_version^
-- Find the jobs of newer recorded versions of the key, and return one of these jobs. A job that has begun takes
-- precedence. Otherwise, the first pending job is returned. To compare two sequencers of S3, zeros are added to the end
-- of the shorter sequencer.
select d.job_id, j.status <> 'pending' or j.attempts > 0 as begun
from drops d join jobs j on j.id = d.job_id
where d.key = :key and d.job_id <> :job_id and :sequencer <> ''
  and rpad(d.sequencer, 64, '0') > rpad(:sequencer, 64, '0') and j.status <> 'cancelled'
order by begun desc, j.queued_at
limit 1;

-- name: move_before!
-- Move a job directly before another job with the same ordering key.
update jobs set queued_at = (select queued_at from jobs where id = :other) - interval '1 microsecond'
where id = :job_id;

-- name: is_writable$
-- Return whether the caller may load files into the catalog.
select current_user = 'app_admin' or :catalog_id = any ((select app.writable_catalog_ids())::uuid[]);
