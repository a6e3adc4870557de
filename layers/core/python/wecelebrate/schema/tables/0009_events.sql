-- Analytics events, partitioned by month.
--
-- A unique key of a partitioned table must contain the partition key, which is accepted_at. Ingestion sets accepted_at
-- once, and the message contains this time. Therefore a message that is delivered twice conflicts with its own row. If
-- the app of a client sends an event twice, the event id reveals the repetition: event_receipts keeps event ids for
-- seven days.

set local role app_owner;

create table analytics_events (
  id uuid not null default app.uuid7(),
  client_id uuid not null references clients (id),
  site_id uuid,
  event_type text not null,
  user_id text,
  session_id text,
  event_data jsonb not null,
  created_at timestamptz not null default now(),
  accepted_at timestamptz not null default now(),
  primary key (id, accepted_at),
  foreign key (client_id, site_id) references sites (client_id, id)
) partition by range (accepted_at);
create index analytics_events_by_client on analytics_events (client_id, created_at desc);
create index analytics_events_by_site on analytics_events (site_id, created_at desc);
create index analytics_events_by_type on analytics_events (client_id, event_type, created_at desc);

create table event_receipts (
  client_id uuid not null references clients (id) on delete cascade,
  event_id uuid not null,
  accepted_at timestamptz not null default now(),
  primary key (client_id, event_id)
);
create index event_receipts_by_accepted_at on event_receipts (accepted_at);

alter table analytics_events enable row level security;
alter table analytics_events force row level security;
create policy migrate on analytics_events to app_migrate using (true) with check (true);
create policy admin on analytics_events for select to app_admin using ((select app.admin_role()) is not null);
create policy client on analytics_events for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy system on analytics_events to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, insert, update, delete on analytics_events to app_migrate;
grant select on analytics_events to app_admin, app_client;
grant select, insert on analytics_events to app_system;

alter table event_receipts enable row level security;
alter table event_receipts force row level security;
create policy migrate on event_receipts to app_migrate using (true) with check (true);
create policy system on event_receipts to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, insert, update, delete on event_receipts to app_migrate;
grant select, insert, delete on event_receipts to app_system;
