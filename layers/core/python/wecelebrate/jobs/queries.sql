-- name: list_jobs
-- One page, newest first, after the cursor; a null filter matches everything.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, client_id, catalog_id, type, status, lane, app.job_waits(j) as awaiting_approval, requested_by,
    app.job_source(payload) as source, app.job_progress(j) as progress, app.job_counts(counts) as counts, first_errors,
    result, error_code, error, attempts, max_attempts, created_at, updated_at, due_at, started_at, completed_at
  from jobs j
  where (:client_id::uuid is null or client_id = :client_id)
    and (:catalog_id::uuid is null or catalog_id = :catalog_id)
    and (:type::text is null or type = :type)
    and (:status::text is null or status = :status)
    and (:awaiting_approval::boolean is null or app.job_waits(j) = :awaiting_approval)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_job^
-- The job, when the caller may see it.
select id, client_id, catalog_id, type, status, lane, app.job_waits(j) as awaiting_approval, requested_by,
  app.job_source(payload) as source, app.job_progress(j) as progress, app.job_counts(counts) as counts, first_errors,
  result, error_code, error, attempts, max_attempts, created_at, updated_at, due_at, started_at, completed_at
from jobs j
where id = :job_id;

-- name: create_job$
-- Its id.
insert into jobs (client_id, catalog_id, type, requested_by, payload, lane, series, notify_email)
values (:client_id, :catalog_id, :type, :requested_by, :payload, :lane, :series, :notify_email)
returning id;

-- name: take_job^
-- The job that a free worker does next, taken for `seconds`; none when there is none for it.
select * from app.take_job(:type, :workers, :seconds);

-- name: take_here^
-- Takes a job for `seconds` that waits, when no other of its series is before it; none otherwise.
update jobs j
set status = 'processing', fence = fence + 1, attempts = attempts + 1, failures = failures + 1, started_at = now(),
  leased_until = now() + make_interval(secs => :seconds)
where id = :job_id and status = 'pending' and not exists (
  select from jobs s where s.series = j.series and s.status in ('pending', 'processing') and s.id <> j.id)
returning *;

-- name: expire_jobs
-- Takes jobs from workers that gave no sign of life; those that failed of it.
select * from app.expire_jobs(:type);

-- name: save_job$
-- Progress, and where to go on from: how many tries in a row came no further, which is none when the checkpoint moved;
-- no row when a later worker holds the job or it was cancelled.
update jobs
set done = :done, total = :total, counts = :counts, checkpoint = :checkpoint,
  failures = case when checkpoint is distinct from :checkpoint::jsonb then 0 else failures end,
  leased_until = now() + make_interval(secs => :seconds)
where id = :job_id and fence = :fence and status = 'processing'
returning failures;

-- name: renew_job!
-- Keeps the lease; 0 rows when a later worker holds the job or it was cancelled.
update jobs set leased_until = now() + make_interval(secs => :seconds)
where id = :job_id and fence = :fence and status = 'processing';

-- name: complete_job!
-- Done; 0 rows when a later worker holds it.
update jobs
set status = 'completed', done = :done, total = :total, counts = :counts, first_errors = :first_errors,
  result = :result, leased_until = null, completed_at = now()
where id = :job_id and fence = :fence and status = 'processing';

-- name: fail_job!
-- Failed for good, and why; 0 rows when a later worker holds it. Its counts stay those of its checkpoint, for a retry
-- goes on from there.
update jobs
set status = 'failed', error_code = :code, error = :reason, result = coalesce(:result, result),
  leased_until = null, completed_at = now()
where id = :job_id and fence = :fence and status = 'processing';

-- name: failures$
-- Tries of a job in a row that came no further, this one included unless it did.
select failures from jobs where id = :job_id;

-- name: release_job!
-- Back to the queue, for a try in `delay` seconds; 0 rows when a later worker holds it.
update jobs
set status = 'pending', leased_until = null, failures = :failures, due_at = now() + make_interval(secs => :delay)
where id = :job_id and fence = :fence and status = 'processing';

-- name: await_approval!
-- Back to the queue until somebody approves of what it would do; 0 rows when a later worker holds it.
update jobs
set status = 'pending', leased_until = null, failures = 0, approval = 'needed', result = :result
where id = :job_id and fence = :fence and status = 'processing';

-- name: lock_job^
-- The job as it stands, kept as it is until the transaction ends.
select id, client_id, catalog_id, type, status, series, place, approval, error_code from jobs where id = :job_id for update;

-- name: cancel_job!
-- Ends a job that is not done yet.
update jobs
set status = 'cancelled', leased_until = null, completed_at = now(), error_code = :code, error = :reason
where id = :job_id and status in ('pending', 'processing');

-- name: retry_job!
-- Back to the queue: it goes on where it stopped, and knows that it ended in between.
update jobs
set status = 'pending', failures = 0, approval = null, due_at = now(), error = null, error_code = null,
  completed_at = null, checkpoint = case when checkpoint = '{}' then checkpoint else checkpoint || '{"ended": true}' end
where id = :job_id and status in ('failed', 'cancelled');

-- name: approve_job!
-- Lets a job go on that stopped for somebody to look at it.
update jobs set approval = 'given', due_at = now() where id = :job_id and status = 'pending' and approval = 'needed';

-- name: overtaken$
-- Whether a later job of the same series was done since.
select exists (select from jobs where series = :series and status = 'completed' and (place, id) > (:place, :job_id));

-- name: waiting
-- How many jobs of each type wait that should have begun `late` seconds ago.
select type, count(*) as jobs
from jobs
where status = 'pending' and due_at < now() - make_interval(secs => :late) and approval is distinct from 'needed'
group by type;

-- name: ended
-- Those of some jobs that have ended, or are gone.
select id from unnest(:ids::uuid[]) id
where not exists (select from jobs j where j.id = id and j.status in ('pending', 'processing'));

-- name: queue_states
-- How the jobs of each type stand; of those that ended, the ones of the last 24 hours.
select type,
  (count(*) filter (where status = 'pending' and due_at <= now() and approval is distinct from 'needed'))::integer
    as waiting,
  (count(*) filter (where status = 'pending' and due_at > now() and approval is distinct from 'needed'))::integer
    as later,
  (count(*) filter (where status = 'pending' and approval = 'needed'))::integer as awaiting_approval,
  (count(*) filter (where status = 'processing'))::integer as at_work,
  (count(distinct owner) filter (where status = 'pending' and approval is distinct from 'needed')
    )::integer as clients_waiting,
  extract(epoch from now() - min(due_at) filter (where status = 'pending' and due_at <= now()
    and approval is distinct from 'needed'))::integer as oldest_waiting_seconds,
  (count(*) filter (where status = 'completed'))::integer as completed_24h,
  (count(*) filter (where status = 'failed'))::integer as failed_24h
from jobs
where status in ('pending', 'processing') or created_at > now() - interval '2 days' and completed_at > now() - interval '1 day'
group by type;

-- name: count_dead_letters
-- Dead letters of each queue that were not sent again.
select queue, count(*)::integer as letters from dead_letters where redriven_at is null group by queue;

-- name: forget_jobs!
-- Forgets at most so many e-mail and image jobs that ended 90 days ago, but for dead letters that nobody saw to.
delete from jobs
where id in (
  select id from jobs j
  where type in ('email_notification', 'image_processing') and status in ('completed', 'failed', 'cancelled')
    and completed_at < now() - interval '90 days'
    and not exists (select from dead_letters d where d.job_id = j.id and d.redriven_at is null)
  limit :most);

-- name: record!
-- A dead letter.
insert into dead_letters (queue, client_id, job_id, body, code, reason, receives)
values (:queue, :client_id, :job_id, :body, :code, :reason, :receives);

-- name: list_dead_letters
-- One page, newest first, after the cursor; a null filter matches everything.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select d.id, d.queue, d.client_id, d.job_id, d.code, d.reason, d.body, d.receives, j.status as job_status, d.created_at,
    d.redriven_at, d.redriven_by
  from dead_letters d left join jobs j on j.id = d.job_id
  where (:queue::text is null or d.queue = :queue)
    and (:client_id::uuid is null or d.client_id = :client_id)
    and (:redriven::boolean is null or (d.redriven_at is not null) = :redriven)
    and (:after_id::uuid is null or (d.created_at, d.id) < (:after_time::timestamptz, :after_id::uuid))
  order by d.created_at desc, d.id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_dead_letter^
-- The dead letter, when the caller may see it.
select d.id, d.queue, d.client_id, d.job_id, d.code, d.reason, d.body, d.receives, j.status as job_status, d.created_at,
  d.redriven_at, d.redriven_by
from dead_letters d left join jobs j on j.id = d.job_id
where d.id = :letter_id;

-- name: mark_redriven!
-- Notes that it was sent again, and by whom.
update dead_letters set redriven_at = now(), redriven_by = :subject where id = :letter_id;
