-- The refused news of an order file that a worker is applying, for the error file of the job.
--
-- Until now, the checkpoint of the job contained them. Each piece of news wrote all earlier refusals again, and after
-- 1,000 refusals, further ones were missing in the error file. Now a refusal is a row, in the transaction of its news.
-- A worker that takes over the job reads the rows of earlier workers, and the transaction that completes the job
-- deletes them. The rows of a job that failed are deleted with the job.

set local role app_owner;

create table order_news_refusals (
  job_id uuid not null references jobs (id) on delete cascade,
  client_id uuid not null references clients (id) on delete cascade,
  position integer not null check (position >= 0),
  code text not null check (length(code) <= 100),
  reason text not null check (length(reason) <= 1000),
  primary key (job_id, position)
);
comment on column order_news_refusals.position is 'The position of the news among all news of the file.';
create index order_news_refusals_by_client on order_news_refusals (client_id);

alter table order_news_refusals enable row level security;
alter table order_news_refusals force row level security;
create policy migrate on order_news_refusals to app_migrate using (true) with check (true);
create policy system on order_news_refusals for select to app_system using ((select app.subject()) is not null);
create policy system_insert on order_news_refusals for insert to app_system
  with check ((select app.subject()) is not null);
create policy system_delete on order_news_refusals for delete to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on order_news_refusals to app_migrate;
grant select, insert, delete on order_news_refusals to app_system;
