-- Analytics events, partitioned by month.
--
-- A unique id on a partitioned table needs the partition key: accepted_at is set once, at ingestion, and travels in
-- the message, so a message delivered twice meets its own key. What a client's app sends twice is caught by its
-- event id, which event_receipts keeps for seven days.

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
create index event_receipts_by_age on event_receipts (accepted_at);

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

-- Partitions for the month of `day` and the `ahead` months after it; those that exist stay as they are. A partition
-- is reached through its parent alone: it has row-level security of its own, no policy and no grant.
create function app.make_event_partitions(day date, ahead integer default 2) returns integer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  first date := date_trunc('month', day)::date;
  made integer := 0;
  partition text;
begin
  if ahead not between 0 and 24 then
    raise exception 'between 0 and 24 months ahead, not %', ahead using errcode = 'invalid_parameter_value';
  end if;
  for month in 0..ahead loop
    partition := 'analytics_events_' || to_char(first + make_interval(months => month), 'YYYY_MM');
    if to_regclass('public.' || partition) is null then
      execute format('create table public.%I partition of public.analytics_events for values from (%L) to (%L)',
        partition, first + make_interval(months => month), first + make_interval(months => month + 1));
      execute format('alter table public.%I enable row level security', partition);
      execute format('alter table public.%I force row level security', partition);
      made := made + 1;
    end if;
  end loop;
  return made;
end
$$;
grant execute on function app.make_event_partitions(date, integer) to app_system;
select app.make_event_partitions(current_date, 3);
