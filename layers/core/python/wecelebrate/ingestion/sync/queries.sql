-- name: find_catalog^
-- The catalog that a key names, whose it is, and how its files are read.
select id, owner_client_id, sync_settings from catalogs where id = :catalog_id;

-- name: lock_catalog$
-- Has other intakes of the catalog wait until the transaction ends.
select pg_advisory_xact_lock(hashtextextended('drops ' || :catalog_id::uuid, 0));

-- name: find_drop^
-- The job of a file version that was recorded before.
select job_id from drops where key = :key and version_id = :version_id;

-- name: record_drop!
-- Records a file version.
insert into drops (client_id, catalog_id, key, version_id, sequencer, size, etag, dropped_at, job_id)
values (:client_id, :catalog_id, :key, :version_id, :sequencer, :size, :etag, :dropped_at, :job_id);

-- name: recorded
-- Of some file versions, those that were recorded before.
select key, version_id from drops
where (key, version_id) in (select * from unnest(:keys::text[], :version_ids::text[]));

-- name: newer_version^
-- Of the newer versions of the same key that were recorded before, the first whose job is not done yet, if all of them
-- still wait; otherwise one that has begun. S3's sequencers are compared as if the shorter ended in zeros.
select d.job_id, j.status <> 'pending' or j.attempts > 0 as begun
from drops d join jobs j on j.id = d.job_id
where d.key = :key and d.job_id <> :job_id and :sequencer <> ''
  and rpad(d.sequencer, 64, '0') > rpad(:sequencer, 64, '0') and j.status <> 'cancelled'
order by begun desc, j.place
limit 1;

-- name: go_before!
-- Gives a job the place just before another of its series.
update jobs set place = (select place from jobs where id = :other) - interval '1 microsecond' where id = :job_id;

-- name: superseded
-- What a new file of the catalog makes needless: whatever waits for an approval; of full ones also those that wait.
select id, payload ->> 'key' as key
from jobs
where catalog_id = :catalog_id and type = 'catalog_sync' and status = 'pending' and id <> :job_id
  and not coalesce((payload -> 'dry_run')::boolean, false)
  and (approval = 'needed' or (:full::boolean and coalesce((payload -> 'full')::boolean, false) and attempts = 0));

-- name: get_sync_settings$
select sync_settings from catalogs where id = :catalog_id;
