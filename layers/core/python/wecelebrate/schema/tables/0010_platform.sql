-- Shared state of the platform: the outbox of cache invalidations, the heartbeat of replicas, kill switches, responses
-- of idempotent requests, and the audit log. app.enter returns the kill switches, and evaluates the heartbeat.

set local role app_owner;

-- The outbox of invalidations. Cached values have tags. When a statement changes rows, triggers write the tags of the
-- outdated values to the outbox, in the same transaction. app.transaction_writes, the last statement of the
-- transaction, returns these tags. After the commit, the process that committed sends the tags to the cache, and then
-- deletes the rows with app.delete_sent_invalidations. If that process crashes before it deletes the rows, the sweeper
-- claims the rows with app.claim_invalidations. Therefore the tags of every committed change are sent, and the tags of
-- a change that was rolled back are never sent.
create table cache_invalidations (
  id uuid primary key default app.uuid7(),
  xid xid8 not null default pg_current_xact_id(),
  tags text[] not null,
  created_at timestamptz not null default clock_timestamp()
);
comment on table cache_invalidations is
  'Tags to send to the cache. Only triggers write rows; only functions read them.';
comment on column cache_invalidations.id is
  'A caller that knows the id may delete the row. No caller can guess the id: 74 of its bits are random.';
comment on column cache_invalidations.xid is
  'A reader must have replayed this transaction before the changed rows may be cached from it.';
-- The tags of 5,000 products take 220 KB and exist only for milliseconds. To compress them would take about as long.
alter table cache_invalidations alter column tags set storage external;
create index cache_invalidations_by_xid on cache_invalidations (xid);
create index cache_invalidations_by_created_at on cache_invalidations (created_at);

alter table cache_invalidations enable row level security;
alter table cache_invalidations force row level security;
create policy migrate on cache_invalidations to app_migrate using (true) with check (true);
create policy definer on cache_invalidations to app_definer using (true) with check (true);
grant select, insert, update, delete on cache_invalidations to app_migrate, app_definer;

-- The time of the latest heartbeat, which is written on the primary. If a reader sees an old heartbeat, either the
-- reader lags or no heartbeat is written any more.
create table app.replica_heartbeat (
  only_row boolean primary key default true check (only_row),
  written_at timestamptz not null
);
comment on table app.replica_heartbeat is
  'If it is empty, no reader counts as lagging. app.write_replica_heartbeat writes it; app.enter reads it on readers.';

-- The kill switches whose value is not the default. Kill switches apply to every caller.
create table kill_switches (
  name text primary key check (name in ('reads', 'cache', 'limits')),
  value text not null,
  updated_at timestamptz not null default now(),
  updated_by text default app.subject(),
  constraint kill_switches_value_check
    check ((name, value) in (('reads', 'primary'), ('cache', 'off'), ('limits', 'off')))
);
create trigger set_updated_at before update on kill_switches for each row execute function app.set_updated_at();

-- The responses to requests that can arrive twice. A row without a status belongs to a request that is still running.
create table idempotency_keys (
  subject text not null,
  key text not null check (length(key) between 1 and 255),
  request_hash text not null,
  status integer,
  headers jsonb,
  body text,
  created_at timestamptz not null default now(),
  primary key (subject, key)
);
create index idempotency_keys_by_created_at on idempotency_keys (created_at);

alter table app.replica_heartbeat enable row level security;
alter table app.replica_heartbeat force row level security;
create policy migrate on app.replica_heartbeat to app_migrate using (true) with check (true);
create policy definer on app.replica_heartbeat to app_definer using (true) with check (true);
grant select, insert, update, delete on app.replica_heartbeat to app_migrate;
grant select, insert, update on app.replica_heartbeat to app_definer;

alter table kill_switches enable row level security;
alter table kill_switches force row level security;
create policy migrate on kill_switches to app_migrate using (true) with check (true);
create policy definer on kill_switches for select to app_definer using (true);
create policy admin on kill_switches to app_admin
  using ((select app.admin_role()) in ('super_admin', 'admin'))
  with check ((select app.admin_role()) in ('super_admin', 'admin'));
grant select, insert, update, delete on kill_switches to app_migrate;
grant select on kill_switches to app_definer;
grant select, insert, update, delete on kill_switches to app_admin;

alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
create policy migrate on idempotency_keys to app_migrate using (true) with check (true);
create policy definer on idempotency_keys to app_definer using (true) with check (true);
create policy caller on idempotency_keys to app_admin, app_support, app_client, app_customer
  using (subject = (select app.subject())) with check (subject = (select app.subject()));
create policy system on idempotency_keys for select to app_system using ((select app.subject()) is not null);
create policy system_delete on idempotency_keys for delete to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on idempotency_keys to app_migrate;
grant select, insert, update on idempotency_keys to app_definer, app_admin, app_support, app_client, app_customer;
grant select, delete on idempotency_keys to app_system;

-- The audit log: a record of the actions about which people can have questions later. The caller writes the row in the
-- transaction of the action. Rows are never changed.
create table audit_log (
  id uuid primary key default app.uuid7(),
  subject text not null default app.subject(),
  action text not null,
  client_id uuid references clients (id) on delete set null,
  object_id text not null,
  details jsonb not null default '{}',
  created_at timestamptz not null default now()
);
create index audit_log_by_created_at on audit_log (created_at desc, id desc);
create index audit_log_by_client on audit_log (client_id, created_at desc, id desc);

alter table audit_log enable row level security;
alter table audit_log force row level security;
create policy migrate on audit_log to app_migrate using (true) with check (true);
create policy admin on audit_log for select to app_admin using ((select app.admin_role()) is not null);
create policy admin_insert on audit_log for insert to app_admin
  with check ((select app.admin_role()) is not null and subject = (select app.subject()));
create policy client on audit_log for select to app_client using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_insert on audit_log for insert to app_client
  with check (client_id = any ((select app.editor_ids())::uuid[]) and subject = (select app.subject()));
grant select, insert, update, delete on audit_log to app_migrate;
grant select, insert on audit_log to app_admin, app_client;
