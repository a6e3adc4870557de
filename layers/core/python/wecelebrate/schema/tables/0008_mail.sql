-- E-mail: mails with their state, and suppressed addresses.

set local role app_owner;

-- Each mail has one row, which is written together with the job that sends the mail. The job contains only the id of
-- this row and no personal data.
create table mails (
  id uuid primary key default app.uuid7(),
  client_id uuid references clients (id) on delete cascade,
  job_id uuid references jobs (id) on delete set null,
  template text not null check (template in ('order_confirmation', 'order_shipped', 'job_finished')),
  order_id uuid,
  recipient text not null,
  details jsonb not null default '{}',
  locale text,
  state text not null default 'queued'
    check (state in ('queued', 'failed', 'suppressed', 'sent', 'delivered', 'bounced', 'complained')),
  reason text,
  message_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  sent_at timestamptz,
  constraint mails_order_fkey foreign key (client_id, order_id) references orders (client_id, id) on delete cascade
);
comment on column mails.client_id is 'Null: the mail belongs to the platform.';
comment on column mails.details is
  'Content beyond the order: tracking data, or the outcome of the job that the mail reports.';
comment on column mails.locale is 'The locale in which the mail was rendered. Null until it is rendered.';
comment on column mails.reason is 'A sentence that says why the mail was not delivered.';
create index mails_by_client on mails (client_id, created_at desc, id desc);
create index mails_by_created_at on mails (created_at desc, id desc);
create index mails_by_order on mails (order_id);
create index mails_by_job on mails (job_id);
create index mails_by_recipient on mails (lower(recipient), created_at desc);
create index mails_by_message on mails (message_id);
-- An order has at most one confirmation, even if a caller requests the confirmation several times.
create unique index mails_one_confirmation_per_order on mails (order_id) where template = 'order_confirmation';
create trigger set_updated_at before update on mails for each row execute function app.set_updated_at();

-- A row records that a mail of one client to an address bounced or caused a complaint. A bounce means that the address
-- does not exist, so a bounce stops the mails of all other clients, too (app.find_mail_suppression). A complaint
-- concerns only the client that sent the mail. A released suppression keeps its row, which then names the subject that
-- released it.
create table mail_suppressions (
  id uuid primary key default app.uuid7(),
  client_id uuid references clients (id) on delete cascade,
  address text not null check (address = lower(address)),
  cause text not null check (cause in ('bounce', 'complaint')),
  reason text,
  mail_id uuid references mails (id) on delete set null,
  created_at timestamptz not null default now(),
  released_at timestamptz,
  released_by text
);
comment on column mail_suppressions.client_id is 'Null: the suppression belongs to the platform.';
create unique index mail_suppressions_one_active on mail_suppressions (client_id, address) nulls not distinct
  where released_at is null;
create index mail_suppressions_by_address on mail_suppressions (address);
create index mail_suppressions_by_client on mail_suppressions (client_id, created_at desc, id desc);
create index mail_suppressions_by_created_at on mail_suppressions (created_at desc, id desc);
create index mail_suppressions_by_mail on mail_suppressions (mail_id);

alter table mails enable row level security;
alter table mails force row level security;
create policy migrate on mails to app_migrate using (true) with check (true);
create policy definer on mails to app_definer using (true) with check (true);
create policy admin on mails to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on mails for select to app_support using ((select app.admin_role()) is not null);
create policy client on mails for select to app_client using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_update on mails for update to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]))
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy system on mails to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, insert, update, delete on mails to app_migrate;
grant select, insert, update on mails to app_definer;
grant select, update on mails to app_admin, app_client, app_system;
grant select on mails to app_support;

alter table mail_suppressions enable row level security;
alter table mail_suppressions force row level security;
create policy migrate on mail_suppressions to app_migrate using (true) with check (true);
create policy definer on mail_suppressions for select to app_definer using (true);
create policy admin on mail_suppressions to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on mail_suppressions for select to app_support using ((select app.admin_role()) is not null);
create policy client on mail_suppressions for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_insert on mail_suppressions for insert to app_client
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy client_update on mail_suppressions for update to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]))
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy system on mail_suppressions to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, insert, update, delete on mail_suppressions to app_migrate;
grant select on mail_suppressions to app_definer, app_support;
grant select, insert, update on mail_suppressions to app_admin, app_client;
grant select, insert on mail_suppressions to app_system;
