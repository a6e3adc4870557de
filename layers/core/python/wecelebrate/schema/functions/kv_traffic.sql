-- The requests of the old applications for documents of entities. Before documents are retired, the requests show
-- whether an application still uses these documents. The facade counts requests in its memory, and calls these
-- functions at most once a minute. For an entity that is being retired, it calls them with each request
-- (wecelebrate.kv.traffic).

set local role app_mirror;

-- Returns the entities that are being retired, or are retired. The facade reports each request for documents of these
-- entities immediately.
create or replace function kv.watched_entities() returns text[]
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  return array(select r.entity from kv.retirements r where r.status <> 'undone' order by 1);
end
$$;
grant execute on function kv.watched_entities() to app_kv;

-- Returns the entities whose documents a LIKE pattern can select. The function uses only the text before the first
-- wildcard of the pattern, so it can return more entities than the pattern selects.
create or replace function kv.entities_of_pattern(pattern text) returns setof text
language sql stable
as $$
  with prefix as materialized (select substring(pattern from '^[^%_\\]*') as p)
  select h.entity from prefix, (
    select f.meaning as entity, unnest(f.heads) as head from app.kv_key_families() f
    where f.meaning in ('client', 'site', 'catalog', 'product', 'order')
    union values ('product', 'catalog_gifts'), ('catalog', 'catalog_index'), ('order', 'user_orders'),
      ('order', 'order_index')) h
  where case when position(':' in p) > 0 then h.head = split_part(p, ':', 1)
    else starts_with(h.head, p) end
  group by 1
$$;

-- Adds requests to the traffic. `requests` is [{"kind": …, "key": …, "pattern": …, "requests": …, "age": …}, …], with
-- either a key or a pattern. `age` is the time since the last request, in seconds.
create or replace function kv.record_traffic(requests jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  if app.subject() is distinct from 'service:kv' then
    raise exception 'only the store counts its requests' using errcode = 'insufficient_privilege';
  end if;
  insert into kv.traffic as t (entity, client_id, kind, day, requests, last_at)
  select e.entity, kv.client_of_row(i.entity, i.id), r.kind, (r.last_at at time zone 'UTC')::date, sum(r.requests),
    max(r.last_at)
  from (
    select s.*, clock_timestamp() - make_interval(secs => s.age) as last_at
    from jsonb_to_recordset($1) s (kind text, key text, pattern text, requests bigint, age double precision)
  ) r
    cross join lateral (
      select kv.entity_of_key(r.key) as entity where r.key is not null
      union all select p from kv.entities_of_pattern(r.pattern) p where r.key is null) e
    left join kv.ids i on i.key = r.key
  where e.entity is not null
  group by 1, 2, 3, 4 order by 1, 2, 3, 4
  on conflict on constraint traffic_key do update
    set requests = t.requests + excluded.requests, last_at = greatest(t.last_at, excluded.last_at);
  delete from kv.traffic t where t.day < current_date - 400;
end
$$;
grant execute on function kv.record_traffic(jsonb) to app_kv;

-- Returns the traffic of the last 30 days by entity, client and kind: the number of requests, and the time of the last
-- request.
create or replace function kv.recent_traffic() returns jsonb
language sql stable
return (
  select coalesce(jsonb_agg(to_jsonb(t) order by t.entity, t.kind, t.last_at desc), '[]') from (
    select t.entity, t.client_id, t.kind, sum(t.requests) as requests, max(t.last_at) as last_at from kv.traffic t
    where t.day >= current_date - 30 group by 1, 2, 3 order by max(t.last_at) desc limit 1000) t);

-- Returns whether this database has not reached the given transaction id yet. Such an id was stored by another
-- database, from whose dump this database was restored.
create or replace function kv.is_future(xid xid8) returns boolean
language sql stable
return xid > pg_snapshot_xmax(pg_current_snapshot());

-- Returns whether a record of a problem is new since the last report. The function compares the transaction of the
-- record with the snapshot of the last report (`last`). The time of the record is not sufficient: a record can be older
-- than a report that could not see it, because its transaction had not ended. A transaction lasts less than a day.
--
-- The function compares times in two cases. First, records of earlier releases contain no transaction. Such a record
-- counts if it is not later than `ending`. Second, after a restore from a dump, transaction ids in the future come from
-- the earlier database.
create or replace function kv.is_new_trouble(xid xid8, noticed_at timestamptz, last kv.mirror, ending timestamptz)
returns boolean
language sql stable
return case
  when xid is null or kv.is_future(xid) then noticed_at > last.reported_until and noticed_at <= ending
  when last.reported_snapshot is null or kv.is_future(pg_snapshot_xmax(last.reported_snapshot))
    then noticed_at > last.reported_until
  else noticed_at > last.reported_until - interval '1 day'
    and not pg_visible_in_snapshot(xid, last.reported_snapshot) end;

-- Counts the problems that were recorded since the last call. Each problem is counted exactly once. Returns null if the
-- mirror was never on, or if the last call was less than a minute ago. The function also deletes the secrets of expired
-- objects, for every status of the retirement.
create or replace function kv.report_troubles() returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  m kv.mirror;
  troubles jsonb;
  ending constant timestamptz := clock_timestamp() - interval '1 minute';
begin
  if app.subject() is distinct from 'service:system' then
    raise exception 'only the platform reports troubles of the store' using errcode = 'insufficient_privilege';
  end if;
  select * into m from kv.mirror for update skip locked;
  if m.reported_until is null or m.reported_until >= ending then
    return null;
  end if;
  delete from kv.archive_secrets s using kv.archive_parts p
  where (p.retirement_id, p.number) = (s.retirement_id, s.number) and p.archived_at < now() - interval '180 days';
  -- One statement has one snapshot, so it counts exactly the records that it marks as counted.
  with marked as (
    update kv.mirror u set reported_until = ending, reported_snapshot = pg_current_snapshot() returning 1
  ), conflicts as materialized (
    select c.kind in ('row_not_mirrored', 'document_not_mirrored') as is_error from kv.conflicts c
    where c.noticed_at > m.reported_until - interval '1 day'
      and kv.is_new_trouble(c.xid, c.noticed_at, m, ending)
  )
  select jsonb_build_object(
    'KvConflicts', (select count(*) from conflicts c where not c.is_error),
    'KvMirrorErrors', (select count(*) from conflicts c where c.is_error),
    'KvQuarantined', (
      select count(*) from kv.quarantine q where kv.is_new_trouble(q.xid, q.since, m, ending)),
    'KvShadowMismatches', (
      select count(*) from kv.differences d
      where d.comparison_id is null and kv.is_new_trouble(d.xid, d.noticed_at, m, ending)),
    'KvRetiredRequests', (
      select count(*) from kv.traffic t join kv.retirements r on r.entity = t.entity and r.status <> 'undone'
      where t.last_at > m.reported_until)) into troubles;
  return troubles;
end
$$;
grant execute on function kv.report_troubles() to app_system;
