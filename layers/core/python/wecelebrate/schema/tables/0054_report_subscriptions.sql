-- Reports by mail: what is reported, how often, in which time zone and language, and which members receive it.

set local role app_owner;

create table report_subscriptions (
  id uuid primary key default app.uuid7(),
  client_id uuid not null references clients (id) on delete cascade,
  site_id uuid,
  name text not null,
  cadence text not null,
  period text not null default 'previous',
  timezone text not null,
  language text not null default 'en',
  send_hour integer not null default 6,
  attach_workbook boolean not null default true,
  is_active boolean not null default true,
  next_at timestamptz,
  covered_until date,
  last_job_id uuid references jobs (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint report_subscriptions_name_length check (length(name) between 1 and 300),
  constraint report_subscriptions_cadence_check check (cadence in ('day', 'week', 'month')),
  constraint report_subscriptions_period_check
    check (period in ('previous', 'last_7_days', 'last_30_days', 'month_to_date')),
  constraint report_subscriptions_timezone_length check (length(timezone) <= 100),
  constraint report_subscriptions_language_length check (length(language) <= 35),
  constraint report_subscriptions_send_hour_check check (send_hour between 0 and 23),
  constraint report_subscriptions_name_unique unique (client_id, name),
  constraint report_subscriptions_client_id_unique unique (client_id, id),
  constraint report_subscriptions_site_fkey foreign key (client_id, site_id)
    references sites (client_id, id) on delete cascade
);
comment on table report_subscriptions is 'A report that members of a client receive by mail every day, week or month.';
comment on column report_subscriptions.site_id is 'Only the orders and visitors of this site. Null: all sites.';
comment on column report_subscriptions.period is
  'The days of the report. They end the day before it is due. previous: the last whole day, week or month.';
comment on column report_subscriptions.send_hour is 'The local hour of the day at which the report is due.';
comment on column report_subscriptions.next_at is 'When the report is due next. Null: the subscription is not active.';
comment on column report_subscriptions.covered_until is
  'The last day of the newest report that was started. A report with an earlier or equal last day is never started.';
create index report_subscriptions_due on report_subscriptions (next_at) where is_active;
create index report_subscriptions_by_site on report_subscriptions (client_id, site_id);
create index report_subscriptions_by_job on report_subscriptions (last_job_id);
create index report_subscriptions_by_created_at on report_subscriptions (created_at desc, id desc);
create trigger set_updated_at before update on report_subscriptions
  for each row execute function app.set_updated_at();

alter table client_users add constraint client_users_client_id_unique unique (client_id, id);

create table report_recipients (
  subscription_id uuid not null,
  client_id uuid not null,
  member_id uuid not null,
  unsubscribed_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (subscription_id, member_id),
  constraint report_recipients_subscription_fkey foreign key (client_id, subscription_id)
    references report_subscriptions (client_id, id) on delete cascade,
  constraint report_recipients_member_fkey foreign key (client_id, member_id)
    references client_users (client_id, id) on delete cascade
);
comment on table report_recipients is 'The members who receive a report.';
comment on column report_recipients.unsubscribed_at is
  'When the member ended the mails. Only the member can receive them again. Null: the member receives them.';
create index report_recipients_by_subscription on report_recipients (client_id, subscription_id);
create index report_recipients_by_member on report_recipients (client_id, member_id);

alter table report_subscriptions enable row level security;
alter table report_subscriptions force row level security;
create policy migrate on report_subscriptions to app_migrate using (true) with check (true);
create policy definer on report_subscriptions for select to app_definer using (true);
create policy definer_update on report_subscriptions for update to app_definer using (true) with check (true);
create policy admin on report_subscriptions to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy client on report_subscriptions for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_insert on report_subscriptions for insert to app_client
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy client_update on report_subscriptions for update to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]))
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy client_delete on report_subscriptions for delete to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]));
create policy system on report_subscriptions for select to app_system using ((select app.subject()) is not null);
create policy system_update on report_subscriptions for update to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, insert, update, delete on report_subscriptions to app_migrate, app_admin, app_client;
grant select, update on report_subscriptions to app_definer, app_system;

-- The functions of the database write the recipients, because they check the members.
alter table report_recipients enable row level security;
alter table report_recipients force row level security;
create policy migrate on report_recipients to app_migrate using (true) with check (true);
create policy definer on report_recipients to app_definer using (true) with check (true);
create policy admin on report_recipients for select to app_admin using ((select app.admin_role()) is not null);
create policy client on report_recipients for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
grant select, insert, update, delete on report_recipients to app_migrate, app_definer;
grant select on report_recipients to app_admin, app_client;

-- A member gets each report once, also if its job runs again.
alter table mails drop constraint mails_template_check;
alter table mails add constraint mails_template_check check (template in ('order_confirmation', 'order_shipped',
  'order_delivered', 'order_cancelled', 'order_confirm_request', 'order_lookup', 'job_finished', 'invitation',
  'report'));
create unique index mails_one_report_per_member on mails (
  (details ->> 'subscription_id'), (details ->> 'member_id'), (details ->> 'last_day')) where template = 'report';
