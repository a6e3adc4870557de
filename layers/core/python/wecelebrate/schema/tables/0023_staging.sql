-- The staged rows of a job, under row-level security.
--
-- COPY is the fastest way to write many rows, but PostgreSQL refuses a COPY into a table with row-level security,
-- except by its owner. Until now, app_worker owned the staging tables. Every login that can switch to a role that owns
-- a table can change the table: injected SQL could have added a policy, whose expression then runs as the next caller.
--
-- Now app_owner owns the tables. Each is partitioned, and has one partition. Callers use the table, whose policies
-- apply to all its rows. Only COPY writes directly into the partition, which has no policies, and a trigger refuses
-- rows of other jobs.

set local role app_owner;
grant create on schema app to app_worker;
set local role app_worker;
alter table app.staged_products rename to old_staged_products;
alter table app.staged_rejections rename to old_staged_rejections;
alter table app.old_staged_products disable row level security;
alter table app.old_staged_rejections disable row level security;
grant select on app.old_staged_products, app.old_staged_rejections to app_owner;

set local role app_owner;
revoke create on schema app from app_worker;
create table app.staged_products (like app.old_staged_products including defaults including constraints)
  partition by hash (job_id);
create table app.staged_products_intake partition of app.staged_products for values with (modulus 1, remainder 0);
create table app.staged_rejections (like app.old_staged_rejections including defaults including constraints)
  partition by hash (job_id);
create table app.staged_rejections_intake partition of app.staged_rejections for values with (modulus 1, remainder 0);
insert into app.staged_products select * from app.old_staged_products;
insert into app.staged_rejections select * from app.old_staged_rejections;

set local role app_worker;
drop table app.old_staged_products, app.old_staged_rejections;

set local role app_owner;
alter table app.staged_products add constraint staged_products_pkey primary key (job_id, fence, sku, line);
alter table app.staged_rejections add constraint staged_rejections_pkey primary key (job_id, fence, line, n);
create index staged_rejections_by_sku on app.staged_rejections (job_id, fence, sku);
-- The planner needs only an estimate of how many rows a job has staged. A sample of 3,000 rows is enough.
alter table app.staged_products_intake alter job_id set statistics 10, alter fence set statistics 10,
  alter sku set statistics 10;

-- Refuses rows of other jobs than that of the caller.
create function app.check_staged_rows() returns trigger
language plpgsql set search_path = pg_catalog, app, pg_temp
as $$
begin
  if exists (select from staged where job_id is distinct from (select app.job_id())) then
    raise exception 'a worker stages only rows of its own job' using errcode = 'insufficient_privilege';
  end if;
  return null;
end
$$;

do $$
declare
  name text;
begin
  foreach name in array array['staged_products', 'staged_rejections'] loop
    execute format('create trigger check_job after insert on app.%I referencing new table as staged'
      ' for each statement execute function app.check_staged_rows()', name || '_intake');
    execute format('alter table app.%I enable row level security, force row level security', name);
    execute format('grant insert on app.%I to app_worker', name || '_intake');
    execute format('grant select, insert on app.%I to app_admin, app_client', name);
    execute format('grant select, delete on app.%I to app_worker', name);
    execute format('grant select on app.%I to app_definer', name);
    execute format('create policy definer on app.%I for select to app_definer using (true)', name);
    execute format('create policy worker on app.%I for select to app_worker'
      ' using (job_id = (select app.job_id()))', name);
    execute format('create policy worker_delete on app.%I for delete to app_worker'
      ' using (job_id = (select app.job_id()))', name);
    execute format('create policy admin on app.%I for select to app_admin'
      ' using (job_id = (select id from jobs where id = app.job_id()))', name);
    execute format('create policy admin_insert on app.%I for insert to app_admin'
      ' with check (job_id = (select id from jobs where id = app.job_id()))', name);
    execute format('create policy client on app.%I for select to app_client'
      ' using (job_id = (select id from jobs where id = app.job_id()))', name);
    execute format('create policy client_insert on app.%I for insert to app_client'
      ' with check (job_id = (select id from jobs where id = app.job_id()))', name);
  end loop;
end
$$;
