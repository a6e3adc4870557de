-- name: list_jobs
-- List one page of jobs after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.job_view
  where (:client_id::uuid is null or client_id = :client_id)
    and (:catalog_id::uuid is null or catalog_id = :catalog_id)
    and (:type::text is null or type = :type)
    and (:status::text is null or status = :status)
    and (:awaiting_approval::boolean is null or awaiting_approval = :awaiting_approval)
    and (:waiting_for::text is null or waiting_for = :waiting_for)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_job^
-- Get a job that the caller may see.
select * from app.job_view where id = :job_id;

-- name: create_job$
-- Create a job and return its id.
insert into jobs (client_id, catalog_id, type, requested_by, payload, priority, ordering_key, notify_email)
values (:client_id, :catalog_id, :type, :requested_by, :payload, :priority, :ordering_key, :notify_email)
returning id;

-- name: claim_job^
-- Claim the next job for a free worker. The length of the lease is `seconds`. If no job is available, it returns no
-- row.
select * from app.claim_job(:type, :workers, :seconds);

-- name: claim_job_batch
-- Claim at most `max_jobs` jobs of one owner for a free worker. The rows have the order in which the jobs must run. The
-- length of each lease is `seconds`. If no job is available, it returns no row.
select * from app.claim_job_batch(:type, :workers, :max_jobs, :seconds);

-- name: claim_inline^
-- Claim the given pending job. The length of the lease is `seconds`. It returns no row if the job is not pending, or if
-- another job with the same ordering key must end first.
update jobs j
set status = 'processing', fence = fence + 1, attempts = attempts + 1, failures = failures + 1, started_at = now(),
  leased_until = clock_timestamp() + make_interval(secs => :seconds)
where id = :job_id and status = 'pending' and not exists (
  select from jobs s where s.ordering_key = j.ordering_key and s.status in ('pending', 'processing') and s.id <> j.id
    and app.job_holds_back(s, j))
returning *;

-- name: expire_leases
-- End the expired leases, and return their jobs. A job is then `pending`, or `failed` if it has no further attempt.
select * from app.end_expired_leases(:type);

-- name: save_progress$
-- Save the progress and the checkpoint, and renew the lease. It returns the number of consecutive failures, which is 0
-- if the checkpoint has changed. It returns no row if a later worker has claimed the job, or if the job was cancelled.
update jobs
set done = :done, total = :total, counts = :counts, checkpoint = :checkpoint,
  failures = case when checkpoint is distinct from :checkpoint::jsonb then 0 else failures end,
  leased_until = clock_timestamp() + make_interval(secs => :seconds)
where id = :job_id and fence = :fence and status = 'processing'
returning failures;

-- name: renew_lease!
-- Renew the lease. If this statement waits for the lock of the row, the lease begins after the wait. It affects 0 rows
-- if a later worker has claimed the job, or if the job was cancelled.
update jobs set leased_until = clock_timestamp() + make_interval(secs => :seconds)
where id = :job_id and fence = :fence and status = 'processing';

-- name: renew_leases
-- Renew the leases of jobs that a worker has claimed together. It returns the ids of the jobs whose leases were
-- renewed. All other jobs have ended, or a later worker has claimed them. All statements lock several jobs in the same
-- order, so that they cannot deadlock.
with locked as (
  select j.id from jobs j
  where j.id = any (:job_ids) and j.status = 'processing'
    and j.fence = (:fences::integer[])[array_position(:job_ids, j.id)]
  order by j.id for update
)
update jobs j set leased_until = clock_timestamp() + make_interval(secs => :seconds)
from locked where j.id = locked.id
returning j.id;

-- name: complete_job!
-- Complete the job. It affects 0 rows if a later worker has claimed the job.
update jobs
set status = 'completed', done = :done, total = :total, counts = :counts, first_errors = :first_errors,
  result = :result, leased_until = null, completed_at = now()
where id = :job_id and fence = :fence and status = 'processing';

-- name: fail_job!
-- Fail the job permanently. It affects 0 rows if a later worker has claimed the job. The counts do not change, because
-- a retry continues from the latest checkpoint and its counts.
update jobs
set status = 'failed', error_code = :code, error = :reason, result = coalesce(:result, result),
  leased_until = null, completed_at = now()
where id = :job_id and fence = :fence and status = 'processing';

-- name: get_failures$
-- Get the number of consecutive failed attempts. The current attempt is counted as failed until it makes progress.
select failures from jobs where id = :job_id;

-- name: release_job!
-- Return the job to the queue. The next attempt starts after `delay` seconds. It affects 0 rows if a later worker has
-- claimed the job.
update jobs
set status = 'pending', leased_until = null, failures = :failures, due_at = now() + make_interval(secs => :delay)
where id = :job_id and fence = :fence and status = 'processing';

-- name: await_approval!
-- Return the job to the queue, where it waits for an approval. It affects 0 rows if a later worker has claimed the job.
update jobs
set status = 'pending', leased_until = null, failures = 0, approval = 'needed', result = :result
where id = :job_id and fence = :fence and status = 'processing';

-- name: await_decision!
-- Return the job to the queue, where it waits for the answers to its questions. The job also waits for an approval,
-- because workers of the previous release do not know decisions, and would otherwise start the job. The query affects 0
-- rows if a later worker has claimed the job.
update jobs
set status = 'pending', leased_until = null, failures = 0, approval = 'needed', decision = 'needed',
  questions = :questions, result = :result
where id = :job_id and fence = :fence and status = 'processing';

-- name: lock_job^
-- Get the job and lock it until the transaction ends.
select id, client_id, catalog_id, type, status, ordering_key, queued_at, error_code, questions,
  app.job_waiting_for(jobs) as waiting_for
from jobs
where id = :job_id
for update;

-- name: cancel_job!
-- Cancel a job that has not ended.
update jobs
set status = 'cancelled', leased_until = null, completed_at = now(), error_code = :code, error = :reason
where id = :job_id and status in ('pending', 'processing');

-- name: retry_job!
-- Return a failed or cancelled job to the queue. The next attempt continues from the checkpoint. If the checkpoint is
-- not empty, its field `ended` becomes true: the job has already ended once.
update jobs
set status = 'pending', failures = 0, approval = null, decision = null, due_at = now(), error = null,
  error_code = null, completed_at = null, checkpoint = case when checkpoint = '{}' then checkpoint else checkpoint || '{"ended": true}' end
where id = :job_id and status in ('failed', 'cancelled');

-- name: approve_job!
-- Approve a job that waits for an approval.
update jobs set approval = 'given', due_at = now()
where id = :job_id and status = 'pending' and approval = 'needed' and decision is distinct from 'needed';

-- name: decide_job!
-- Record the answers to the questions of a job, and continue the job. The job can still need an approval afterwards.
update jobs
set decision = 'given', approval = null, answers = coalesce(answers, '{}') || :answers::jsonb, due_at = now()
where id = :job_id and status = 'pending' and decision = 'needed';

-- name: is_overtaken$
-- Return whether a later job with the same ordering key has completed.
select exists (
  select from jobs
  where ordering_key = :ordering_key and status = 'completed' and (queued_at, id) > (:queued_at, :job_id));

-- name: count_late_jobs
-- Count the pending jobs of each type that were due more than `late_seconds` ago.
select type, count(*) as jobs
from jobs
where status = 'pending' and due_at < now() - make_interval(secs => :late_seconds)
  and approval is distinct from 'needed' and decision is distinct from 'needed' and app.job_blocked_by(jobs) is null
group by type;

-- name: count_jobs_at_work
-- Count the jobs of each type that workers are running.
select type, count(*) as jobs from jobs where status = 'processing' group by type;

-- name: list_ended_jobs
-- List the given jobs that have ended or do not exist any more.
select id from unnest(:ids::uuid[]) id
where not exists (select from jobs j where j.id = id and j.status in ('pending', 'processing'));

-- name: queue_states
-- Count the jobs of each type by state. Jobs that ended more than 24 hours ago are not counted.
select type,
  (count(*) filter (where status = 'pending' and due_at <= now() and not is_held))::integer as waiting,
  (count(*) filter (where status = 'pending' and due_at > now() and not is_held))::integer as later,
  (count(*) filter (where waiting_for = 'approval'))::integer as awaiting_approval,
  (count(*) filter (where waiting_for = 'decision'))::integer as awaiting_decision,
  (count(*) filter (where waiting_for is null and is_held))::integer as blocked,
  (count(*) filter (where status = 'processing'))::integer as at_work,
  (count(distinct owner) filter (where status = 'pending' and not is_held))::integer as clients_waiting,
  extract(epoch from now() - min(due_at) filter (where status = 'pending' and due_at <= now()
    and not is_held))::integer as oldest_waiting_seconds,
  (count(*) filter (where status = 'completed'))::integer as completed_24h,
  (count(*) filter (where status = 'failed'))::integer as failed_24h
from (
  select jobs.*, app.job_waiting_for(jobs) as waiting_for,
    app.job_waiting_for(jobs) is not null or app.job_blocked_by(jobs) is not null as is_held
  from jobs) jobs
where status in ('pending', 'processing')
  or created_at > now() - interval '2 days' and completed_at > now() - interval '1 day'
group by type;

-- name: count_dead_letters
-- Count the open dead letters of each queue: nobody has redriven or dismissed them.
select queue, count(*)::integer as letters
from dead_letters
where redriven_at is null and dismissed_at is null
group by queue;

-- name: delete_old_jobs!
-- Delete at most `max_rows` mail and image jobs that ended more than 90 days ago. Jobs with an open dead letter are not
-- deleted.
delete from jobs
where id in (
  select id from jobs j
  where type in ('email_notification', 'image_processing') and status in ('completed', 'failed', 'cancelled')
    and completed_at < now() - interval '90 days'
    and not exists (select from dead_letters d where d.job_id = j.id and d.redriven_at is null)
  limit :max_rows);

-- name: record_dead_letter!
-- Record a dead letter.
insert into dead_letters (queue, client_id, job_id, body, code, reason, receives)
values (:queue, :client_id, :job_id, :body, :code, :reason, :receives);

-- name: list_dead_letters
-- List one page of dead letters after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.dead_letter_view
  where (:queue::text is null or queue = :queue)
    and (:client_id::uuid is null or client_id = :client_id)
    and (:redriven::boolean is null or (redriven_at is not null) = :redriven)
    and (:dismissed::boolean is null or (dismissed_at is not null) = :dismissed)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_dead_letter^
-- Get a dead letter that the caller may see.
select * from app.dead_letter_view where id = :letter_id;

-- name: mark_redriven!
-- Record that the dead letter was redriven, and by which subject.
update dead_letters set redriven_at = now(), redriven_by = :subject where id = :letter_id;

-- name: mark_dismissed!
-- Record that the dead letter was dismissed, and by which subject. A dead letter that was already redriven or dismissed
-- is not changed.
update dead_letters set dismissed_at = now(), dismissed_by = :subject
where id = :letter_id and redriven_at is null and dismissed_at is null;
