-- name: list_jobs
-- One page, newest first, after the cursor; a null filter matches everything.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, client_id, catalog_id, type, status, requested_by, app.job_source(payload) as source,
    json_build_object('done', done, 'total', total,
      'percent', case when total > 0 then round(100.0 * done / total, 1) end) as progress,
    app.job_counts(counts) as counts, first_errors, result, error_code, error, attempts, max_attempts, created_at,
    updated_at, started_at, completed_at
  from jobs
  where (:client_id::uuid is null or client_id = :client_id)
    and (:catalog_id::uuid is null or catalog_id = :catalog_id)
    and (:type::text is null or type = :type)
    and (:status::text is null or status = :status)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_job^
-- The job, when the caller may see it.
select id, client_id, catalog_id, type, status, requested_by, app.job_source(payload) as source,
  json_build_object('done', done, 'total', total,
    'percent', case when total > 0 then round(100.0 * done / total, 1) end) as progress,
  app.job_counts(counts) as counts, first_errors, result, error_code, error, attempts, max_attempts, created_at,
  updated_at, started_at, completed_at
from jobs
where id = :job_id;

-- name: create_job$
-- Its id.
insert into jobs (client_id, catalog_id, type, requested_by, payload, max_attempts)
values (:client_id, :catalog_id, :type, :requested_by, :payload, :max_attempts)
returning id;

-- name: take_job$
-- Takes the job for `seconds`: its new fence, or none when it is done or another worker holds it.
update jobs
set status = 'processing', fence = fence + 1, attempts = attempts + 1, started_at = coalesce(started_at, now()),
  leased_until = now() + make_interval(secs => :seconds), error = null, error_code = null
where id = :job_id and (status = 'pending' or (status = 'processing' and leased_until < now()))
returning fence;

-- name: complete_job!
-- Done; 0 rows when a later worker holds it.
update jobs
set status = 'completed', done = :done, total = :done, counts = :counts, first_errors = :first_errors,
  result = :result, leased_until = null, completed_at = now()
where id = :job_id and fence = :fence and status = 'processing';

-- name: fail_job!
-- Failed for good, and why; 0 rows when a later worker holds it.
update jobs
set status = 'failed', error_code = :code, error = :reason, counts = :counts, first_errors = :first_errors,
  result = :result, leased_until = null, completed_at = now()
where id = :job_id and fence = :fence and status = 'processing';

-- name: release_job!
-- Back to the queue after a failure that may pass; `attempts` is 0 when it was none of the work's.
update jobs
set status = 'pending', leased_until = null, attempts = attempts - 1 + :attempts
where id = :job_id and fence = :fence and status = 'processing';
