-- Persons: the erasure of the data of a person at a client, and how long a client keeps finished orders.
--
-- The previous release reads the orders that were erased as any other orders. It does not write erasures.

set local role app_owner;

alter table clients
  add column order_retention_days integer,
  add constraint clients_order_retention_days_check check (order_retention_days between 30 and 36500);
comment on column clients.order_retention_days is
  'Finished orders that are older lose the data of their persons. Null: they keep the data.';

alter table client_users add column personal_data boolean;
comment on column client_users.personal_data is
  'Whether the member sees the data of persons. Null: the role decides; viewers do not see them.';

create table erasures (
  id uuid primary key default app.uuid7(),
  client_id uuid not null references clients (id) on delete cascade,
  job_id uuid references jobs (id) on delete set null,
  cause text not null,
  requested_by text not null default app.subject(),
  emails text[] not null default '{}',
  subjects text[] not null default '{}',
  needles text[] not null default '{}',
  salt text,
  hashes text[] not null default '{}',
  orders_before timestamptz not null default clock_timestamp(),
  first_order_at timestamptz,
  counts jsonb not null default '{}',
  created_at timestamptz not null default now(),
  completed_at timestamptz,
  constraint erasures_cause_check check (cause in ('request', 'retention', 'restore')),
  constraint erasures_requested_by_length check (length(requested_by) <= 500),
  constraint erasures_emails_length check (octet_length(emails::text) <= 1048576),
  constraint erasures_subjects_length check (octet_length(subjects::text) <= 1048576),
  constraint erasures_needles_length check (octet_length(needles::text) <= 4194304),
  constraint erasures_salt_length check (length(salt) <= 100),
  constraint erasures_hashes_length check (octet_length(hashes::text) <= 1048576),
  constraint erasures_counts_length check (app.json_fits(counts, 65536)),
  constraint erasures_completed_check check (completed_at is null
    or cardinality(emails) + cardinality(subjects) + cardinality(needles) = 0 and salt is null)
);
comment on table erasures is
  'The erasures of persons. An erasure that is complete contains no data of the person, not even a hash.';
comment on column erasures.cause is
  'request: somebody asked for it. retention: the orders are older than the client keeps them. restore: the erasure was
   complete, and the database was then restored to an earlier time.';
comment on column erasures.emails is
  'The e-mail addresses of the person, in lower case, until the erasure is complete.';
comment on column erasures.subjects is 'The `sub` claims of the person, until the erasure is complete.';
comment on column erasures.needles is
  'The texts that identify the person in files and in free text (names, addresses, order numbers), until the erasure is
   complete.';
comment on column erasures.salt is
  'A random value, from which the pseudonyms are computed. It is deleted when the erasure is complete, so that
   nobody can compute them again.';
comment on column erasures.hashes is
  'Keyed hashes of the addresses and subjects, for the list that survives a restore.';
comment on column erasures.orders_before is 'Only orders that were placed until this time are erased.';
create index erasures_by_client on erasures (client_id, created_at desc, id desc);
create index erasures_by_job on erasures (job_id);

alter table orders
  add column erased_at timestamptz,
  add column erasure_id uuid references erasures (id) on delete set null;
comment on column orders.erased_at is 'When the data of the person were erased. Null: they were not erased.';
-- The nightly erasure must not read the orders that it has erased before.
create index orders_with_persons on orders (client_id, created_at) where erased_at is null;
create index orders_by_erasure on orders (erasure_id) where erasure_id is not null;
create index analytics_events_by_user on analytics_events (client_id, user_id) where user_id is not null;

alter table jobs drop constraint jobs_type_check;
alter table jobs add constraint jobs_type_check check (type in ('product_import', 'catalog_sync', 'report_generation',
  'email_notification', 'image_processing', 'data_export', 'order_file', 'erasure'));

alter table erasures enable row level security;
alter table erasures force row level security;
create policy migrate on erasures to app_migrate using (true) with check (true);
create policy definer on erasures to app_definer using (true) with check (true);
create policy admin on erasures for select to app_admin
  using ((select app.admin_role()) in ('super_admin', 'admin'));
create policy client on erasures for select to app_client using (client_id = any ((select app.owner_ids())::uuid[]));
create policy system on erasures for select to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on erasures to app_migrate;
grant select, insert, update on erasures to app_definer;
grant select on erasures to app_admin, app_client, app_system;

-- What the functions that erase a person may write (functions/erasures.sql).
create policy definer on dead_letters to app_definer using (true) with check (true);
create policy definer_update on mail_suppressions for update to app_definer using (true) with check (true);
create policy definer_update on audit_log for update to app_definer using (true) with check (true);
alter policy definer_select on audit_log using (true);
grant select, update on dead_letters, audit_log to app_definer;
grant update on analytics_events, mail_suppressions, order_events, order_export_runs, order_exports to app_definer;
grant delete on guest_mails, order_quantities to app_definer;
