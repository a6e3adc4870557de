-- Webhooks: events of a client, sent to endpoints of that client.
--
-- An event is published in the transaction that causes the event. Each subscribed endpoint gets one delivery row. A
-- worker claims an endpoint together with a batch of its due deliveries. Therefore only one worker at a time sends to
-- an endpoint, one delivery after the other.

set local role app_owner;

create table webhooks (
  id uuid primary key default app.uuid7(),
  client_id uuid not null references clients (id) on delete cascade,
  url text not null check (length(url) between 1 and 2048),
  description text,
  events text[] not null check (cardinality(events) between 1 and 50),
  status text not null default 'enabled' check (status in ('enabled', 'disabled')),
  disabled_reason text check (disabled_reason in ('by_hand', 'gone', 'failing')),
  disabled_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  failures integer not null default 0,
  failing_since timestamptz,
  paused_until timestamptz not null default now(),
  leased_until timestamptz,
  fence bigint not null default 0,
  constraint webhooks_client_id_unique unique (client_id, id),
  check ((status = 'disabled') = (disabled_reason is not null and disabled_at is not null))
);
comment on column webhooks.events is 'Event names; `job.*` for all events of a kind; `*` for every event.';
comment on column webhooks.disabled_reason is
  'by_hand: a caller disabled it. gone: the endpoint answered 410. failing: every attempt failed for days.';
comment on column webhooks.failures is 'The number of failed attempts in a row, over all deliveries of the endpoint.';
comment on column webhooks.paused_until is
  'Nothing is sent before this time: an attempt failed, or the endpoint asked for a pause.';
comment on column webhooks.leased_until is 'The end of the lease of the worker that sends to the endpoint.';
-- The entity tag of an endpoint must not change when workers update columns that only the workers use.
create trigger set_updated_at before update on webhooks for each row
  when ((old.client_id, old.url, old.description, old.events, old.status, old.disabled_reason, old.updated_at)
    is distinct from
    (new.client_id, new.url, new.description, new.events, new.status, new.disabled_reason, new.updated_at))
  execute function app.set_updated_at();

alter table webhooks enable row level security;
alter table webhooks force row level security;
create policy definer on webhooks for select to app_definer using (true);
create policy definer_update on webhooks for update to app_definer using (true) with check (true);
create policy migrate on webhooks to app_migrate using (true) with check (true);
create policy admin on webhooks to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on webhooks for select to app_support using ((select app.admin_role()) is not null);
create policy client on webhooks for select to app_client using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_insert on webhooks for insert to app_client
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy client_update on webhooks for update to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]))
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy client_delete on webhooks for delete to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]));
create policy system on webhooks for select to app_system using ((select app.subject()) is not null);
create policy system_update on webhooks for update to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, update on webhooks to app_definer;
grant select, insert, update, delete on webhooks to app_migrate, app_admin, app_client;
grant select on webhooks to app_support;
grant select, update on webhooks to app_system;

-- Secrets have a table of their own, because callers that are allowed to read endpoints must not be able to read
-- secrets. Only the worker that signs requests can read secrets.
create table webhook_secrets (
  id uuid primary key default app.uuid7(),
  client_id uuid not null,
  webhook_id uuid not null,
  secret text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  constraint webhook_secrets_webhook_fkey foreign key (client_id, webhook_id)
    references webhooks (client_id, id) on delete cascade
);
comment on column webhook_secrets.expires_at is
  'Null: the current secret. A replaced secret also signs requests until this time.';
create unique index webhook_secrets_one_current on webhook_secrets (webhook_id) where expires_at is null;
create index webhook_secrets_by_webhook on webhook_secrets (client_id, webhook_id);

alter table webhook_secrets enable row level security;
alter table webhook_secrets force row level security;
create policy definer on webhook_secrets to app_definer using (true) with check (true);
create policy migrate on webhook_secrets to app_migrate using (true) with check (true);
create policy system on webhook_secrets for select to app_system using ((select app.subject()) is not null);
create policy system_delete on webhook_secrets for delete to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on webhook_secrets to app_definer, app_migrate;
grant select, delete on webhook_secrets to app_system;

create table webhook_deliveries (
  id uuid primary key default app.uuid7(),
  client_id uuid not null,
  webhook_id uuid not null,
  event text not null,
  payload jsonb not null,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
  attempts integer not null default 0,
  failures integer not null default 0,
  next_at timestamptz not null default clock_timestamp(),
  last_at timestamptz,
  last_status integer,
  last_error text,
  last_milliseconds integer,
  last_body text,
  log jsonb not null default '[]',
  created_at timestamptz not null default clock_timestamp(),
  delivered_at timestamptz,
  constraint webhook_deliveries_webhook_fkey foreign key (client_id, webhook_id)
    references webhooks (client_id, id) on delete cascade
);
comment on column webhook_deliveries.payload is 'The body of the request. The signature covers its text form.';
comment on column webhook_deliveries.failures is
  'Failed attempts since the delivery was published or replayed. They determine the delay of the next attempt.';
comment on column webhook_deliveries.last_body is 'The beginning of the last response.';
comment on column webhook_deliveries.log is 'The latest attempts, oldest first.';
create index webhook_deliveries_pending on webhook_deliveries (webhook_id, next_at, created_at, id)
  where status = 'pending';
create index webhook_deliveries_by_webhook on webhook_deliveries (webhook_id, created_at desc, id desc);
create index webhook_deliveries_by_client on webhook_deliveries (client_id, created_at desc, id desc);
create index webhook_deliveries_by_created_at on webhook_deliveries (created_at desc, id desc);

alter table webhook_deliveries enable row level security;
alter table webhook_deliveries force row level security;
create policy definer on webhook_deliveries for select to app_definer using (true);
create policy definer_insert on webhook_deliveries for insert to app_definer with check (true);
create policy definer_update on webhook_deliveries for update to app_definer using (true) with check (true);
create policy migrate on webhook_deliveries to app_migrate using (true) with check (true);
create policy admin on webhook_deliveries for select to app_admin using ((select app.admin_role()) is not null);
create policy support on webhook_deliveries for select to app_support using ((select app.admin_role()) is not null);
create policy client on webhook_deliveries for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy system on webhook_deliveries for select to app_system using ((select app.subject()) is not null);
create policy system_update on webhook_deliveries for update to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
create policy system_delete on webhook_deliveries for delete to app_system using ((select app.subject()) is not null);
grant select, insert, update on webhook_deliveries to app_definer;
grant select, insert, update, delete on webhook_deliveries to app_migrate;
grant select on webhook_deliveries to app_admin, app_support, app_client;
grant select, update, delete on webhook_deliveries to app_system;
