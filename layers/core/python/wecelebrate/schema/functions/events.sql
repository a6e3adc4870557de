-- Analytics events: storing them, their retention, and their partitions.

set local role app_definer;

-- Stores a batch of events, and returns the number of stored events. The argument is a list of objects, as
-- wecelebrate.events.messages creates them. These events are not stored:
--
-- - events whose event id the client has sent in the last seven days, in this batch or in an earlier one
-- - events of a message that was delivered twice; the message contains the key (id, accepted_at) of each row
-- - events of a site that no longer stores events
-- - events that are older than the retention period of the client
--
-- If a site was set to anonymous storage after it accepted an event with personal data, the event is stored without
-- this data.
--
-- Two workers can store the same event at the same time. They insert the receipts in the same order, so one worker
-- waits for the other, and they cannot deadlock.
create or replace function app.store_events(events jsonb) returns integer
language sql security definer set search_path = pg_catalog, public, pg_temp
as $$
  with given as (
    select e.*, s.event_storage = 'anonymous' and not e.is_anonymous as is_reduced
    from jsonb_to_recordset(events) e (id uuid, event_id uuid, client_id uuid, site_id uuid, event_type text,
      user_id text, session_id text, event_data jsonb, is_anonymous boolean, is_time_clamped boolean,
      created_at timestamptz, accepted_at timestamptz)
    join sites s on s.client_id = e.client_id and s.id = e.site_id and s.event_storage <> 'none'
    join clients c on c.id = s.client_id
      and e.accepted_at > now() - make_interval(months => c.event_retention_months)
  ), receipts as (
    insert into event_receipts (client_id, event_id, accepted_at)
    select client_id, event_id, min(accepted_at) from given group by client_id, event_id order by client_id, event_id
    on conflict (client_id, event_id) do nothing
    returning client_id, event_id
  ), stored as (
    insert into analytics_events (id, event_id, client_id, site_id, event_type, user_id, session_id, event_data,
      is_anonymous, is_time_clamped, created_at, accepted_at)
    select distinct on (g.client_id, g.event_id) g.id, g.event_id, g.client_id, g.site_id, g.event_type,
      case when not g.is_reduced then g.user_id end, case when not g.is_reduced then g.session_id end,
      case when g.is_reduced then '{}' else g.event_data end, g.is_anonymous or g.is_reduced, g.is_time_clamped,
      g.created_at, g.accepted_at
    from given g join receipts using (client_id, event_id)
    order by g.client_id, g.event_id, g.accepted_at
    on conflict (id, accepted_at) do nothing
    returning 1
  )
  select count(*)::integer from stored
$$;
grant execute on function app.store_events(jsonb) to app_system;

-- Returns the longest retention period of events among all clients, in months. If no client exists, returns the default
-- period of a new client.
create or replace function app.longest_event_retention() returns integer
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$ select coalesce(max(event_retention_months), 25) from clients $$;
grant execute on function app.longest_event_retention() to app_owner;

-- Deletes at most `max_rows` events that their clients no longer keep. Returns the number of deleted events. The
-- condition on `created_at` lets PostgreSQL use the index by client. It is correct because `created_at` is at most five
-- minutes after `accepted_at`.
create or replace function app.delete_expired_events(max_rows integer) returns integer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  deleted integer;
begin
  if coalesce(max_rows, 0) not between 1 and 100000 then
    raise exception 'max_rows must be between 1 and 100000, not %', max_rows using errcode = 'invalid_parameter_value';
  end if;
  with limits as (
    select c.id, now() - make_interval(months => c.event_retention_months) as kept_from from clients c
  ), expired as (
    select e.id, e.accepted_at
    from limits cross join lateral (
      select a.id, a.accepted_at from analytics_events a
      where a.client_id = limits.id and a.accepted_at < limits.kept_from
        and a.created_at < limits.kept_from + interval '5 minutes'
      limit max_rows
    ) e
    limit max_rows
  )
  delete from analytics_events a using expired where a.id = expired.id and a.accepted_at = expired.accepted_at;
  get diagnostics deleted = row_count;
  return deleted;
end
$$;
grant execute on function app.delete_expired_events(integer) to app_system;

set local role app_owner;

-- Drops the partitions whose events are beyond the retention periods of all clients, and returns the number of dropped
-- partitions. The function locks the parent table: it waits for all transactions that read or write events, and later
-- transactions wait for the function. If the function cannot get the lock within two seconds, it stops, and the next
-- run continues.
create or replace function app.drop_event_partitions() returns integer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '2s'
as $$
declare
  kept_from constant date := date_trunc('month', now() at time zone 'UTC')::date
    - make_interval(months => app.longest_event_retention());
  dropped integer := 0;
  partition text;
begin
  for partition in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'public.analytics_events'::regclass and c.relname ~ '^analytics_events_\d{4}_\d{2}$'
      and to_date(right(c.relname, 7), 'YYYY_MM') < kept_from
    order by c.relname
  loop
    execute format('drop table public.%I', partition);
    dropped := dropped + 1;
  end loop;
  return dropped;
exception when lock_not_available then
  return 0;
end
$$;
grant execute on function app.drop_event_partitions() to app_system;

-- Creates the partitions for the month of `day` and for the following months. `ahead` is the number of following
-- months. Existing partitions are not changed. Returns the number of created partitions. A partition can be accessed
-- only through its parent table, because row-level security is enabled for the partition, and the partition has no
-- policy and no grant. The owner of the function is the owner of the tables, because the function creates tables.
create or replace function app.create_event_partitions(day date, ahead integer default 2) returns integer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  first_month date := date_trunc('month', day)::date;
  created integer := 0;
  partition text;
begin
  if ahead not between 0 and 24 then
    raise exception 'ahead must be between 0 and 24 months, not %', ahead using errcode = 'invalid_parameter_value';
  end if;
  for month in 0..ahead loop
    partition := 'analytics_events_' || to_char(first_month + make_interval(months => month), 'YYYY_MM');
    if to_regclass('public.' || partition) is null then
      execute format('create table public.%I partition of public.analytics_events for values from (%L) to (%L)',
        partition, first_month + make_interval(months => month), first_month + make_interval(months => month + 1));
      execute format('alter table public.%I enable row level security', partition);
      execute format('alter table public.%I force row level security', partition);
      created := created + 1;
    end if;
  end loop;
  return created;
end
$$;
grant execute on function app.create_event_partitions(date, integer) to app_system;

-- After this call, a new database accepts events. If the partitions already exist, the call creates no partitions.
select app.create_event_partitions(current_date, 3);
