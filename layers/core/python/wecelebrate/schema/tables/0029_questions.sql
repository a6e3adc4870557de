-- Questions about a file, and how the previous file of a catalog was read.
--
-- A job that needs a decision also has the approval `needed`, because the previous release knows only approvals: it
-- then does not start the job, and a newer file replaces the job.

set local role app_owner;

alter table jobs
  add column decision text check (decision in ('needed', 'given')),
  add column questions jsonb,
  add column answers jsonb,
  add constraint jobs_questions_length check (app.json_fits(questions, 147456)),
  add constraint jobs_answers_length check (app.json_fits(answers, 65536));
comment on column jobs.decision is
  'needed: the job stopped before its first change, and waits for the answers to its questions.';
comment on column jobs.questions is 'What the file does not decide. Null: the job has asked nothing.';
comment on column jobs.answers is 'The answers that were given, by the keys of the questions.';

-- How the last file was read that was merged into a catalog.
create table catalog_readings (
  catalog_id uuid primary key references catalogs (id) on delete cascade,
  job_id uuid references jobs (id) on delete set null,
  file text not null,
  reading jsonb not null,
  accepted jsonb not null default '[]',
  read_at timestamptz not null default now(),
  constraint catalog_readings_file_length check (length(file) <= 2048),
  constraint catalog_readings_reading_length check (app.json_fits(reading, 1048576)),
  constraint catalog_readings_accepted_length check (app.json_fits(accepted, 262144))
);
comment on column catalog_readings.accepted is
  'Differences to this reading that were accepted for a later file: [{"key": …, "before": …, "now": …}].';
create index catalog_readings_by_job on catalog_readings (job_id);

alter table catalog_readings enable row level security;
alter table catalog_readings force row level security;
create policy migrate on catalog_readings to app_migrate using (true) with check (true);
create policy admin on catalog_readings to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy system on catalog_readings for select to app_system using ((select app.subject()) is not null);
create policy client on catalog_readings for select to app_client
  using (catalog_id = any ((select app.owned_catalog_ids())::uuid[]));
create policy client_insert on catalog_readings for insert to app_client
  with check (catalog_id = any ((select app.writable_catalog_ids())::uuid[]));
create policy client_update on catalog_readings for update to app_client
  using (catalog_id = any ((select app.writable_catalog_ids())::uuid[]))
  with check (catalog_id = any ((select app.writable_catalog_ids())::uuid[]));
create policy client_delete on catalog_readings for delete to app_client
  using (catalog_id = any ((select app.writable_catalog_ids())::uuid[]));
grant select, insert, update, delete on catalog_readings to app_migrate, app_admin, app_client;
grant select on catalog_readings to app_system;
