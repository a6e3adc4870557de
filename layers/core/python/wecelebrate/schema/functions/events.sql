-- Analytics events: their partitions.

set local role app_owner;

-- Creates the partitions for the month of `day` and for the following months. `ahead` is the number of following
-- months. Existing partitions are not changed. Returns the number of created partitions. A partition can be accessed
-- only through its parent, because the partition has its own row-level security, but no policy and no grant. The
-- function belongs to the owner of the tables, because the function creates tables.
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

-- After this call, a new database accepts events. If the partitions exist already, the call creates none.
select app.create_event_partitions(current_date, 3);
