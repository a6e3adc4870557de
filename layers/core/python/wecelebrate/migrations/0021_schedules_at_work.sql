-- Schedules at work: a run is a row until it is over, and so is not lost with its message. And what nobody asks for any
-- more is forgotten: e-mail and image jobs, a season after they ended.

set local role app_owner;

alter table schedules add wanted_at timestamptz;
comment on column schedules.wanted_at is 'Since when a run is wanted that is not over: it was due, or somebody asked for it.';
create index schedules_wanted on schedules (wanted_at) where wanted_at is not null;
create index schedules_by_name on schedules (name, id);

-- The platform deletes no jobs but these, whatever it is told: what syncs and imports did stays known, and what is a dead
-- letter stays until somebody looked at it.
drop policy system on jobs;
create policy system on jobs for select to app_system using ((select app.subject()) is not null);
create policy system_insert on jobs for insert to app_system with check ((select app.subject()) is not null);
create policy system_update on jobs for update to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
create policy system_delete on jobs for delete to app_system
  using ((select app.subject()) is not null
         and type in ('email_notification', 'image_processing') and status in ('completed', 'failed', 'cancelled')
         and completed_at < now() - interval '90 days'
         and not exists (select from dead_letters d where d.job_id = jobs.id and d.redriven_at is null));
grant delete on jobs to app_system;
create index jobs_past on jobs (completed_at)
  where type in ('email_notification', 'image_processing') and status in ('completed', 'failed', 'cancelled');
