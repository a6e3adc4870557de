-- The time left of a job is told while its worker is heard of: every chunk that is saved renews the lease of 60 s. Of a
-- worker that died the pace says nothing; the job goes on when the lease is over.

set local role app_owner;

create or replace function app.job_progress(j jobs) returns jsonb
language sql stable parallel safe
as $$
  select jsonb_build_object(
    'done', j.done, 'total', j.total,
    'percent', case when j.status = 'completed' then 100 when j.total > 0 then round(100.0 * j.done / j.total, 1) end,
    'phase', case when j.status = 'processing' then coalesce(j.checkpoint ->> 'phase', 'stage') end,
    'eta_seconds', case when j.status = 'processing' and j.total > 0 and j.done * 1000 >= j.total
        and j.leased_until > now() + interval '40 s' then
      ceil(extract(epoch from now() - j.started_at) * (j.total - j.done) / j.done)::integer end)
$$;
