-- The outbox of invalidations: what a change makes stale, written in the transaction of the change.
--
-- What is cached carries tags. Triggers write the tags of what a statement changed; app.leave, the last statement of a
-- transaction, tells them to whoever commits. After the commit the cache is told, and app.invalidations_sent deletes
-- the rows; what somebody who crashed in between did not send, the sweeper gets by app.take_invalidations. So nothing
-- that was committed is forgotten, and nothing that was rolled back is sent.

set local role app_owner;

create table cache_invalidations (
  id uuid primary key default app.uuid7(),
  xid xid8 not null default pg_current_xact_id(),
  tags text[] not null,
  created_at timestamptz not null default clock_timestamp()
);
comment on table cache_invalidations is 'Tags to be sent. Triggers alone write it, functions alone read it.';
comment on column cache_invalidations.id is 'Whoever knows it may delete the row: 74 of its bits are random.';
comment on column cache_invalidations.xid is 'What a reader must have replayed before its rows are cached.';
-- The tags of 5,000 products are 220 KB, which live for milliseconds: compressing them would take as long.
alter table cache_invalidations alter column tags set storage external;
create index cache_invalidations_by_xid on cache_invalidations (xid);
create index cache_invalidations_by_created_at on cache_invalidations (created_at);

alter table cache_invalidations enable row level security;
alter table cache_invalidations force row level security;
create policy migrate on cache_invalidations to app_migrate using (true) with check (true);
create policy definer on cache_invalidations to app_definer using (true) with check (true);
grant select, insert, update, delete on cache_invalidations to app_migrate, app_definer;

set local role app_definer;

-- The tags that a row of a table stands under, and what each of them says of it: the whole row, but for a client of
-- its catalogs, which ones they are.
create function app.tagged(kind text, r jsonb) returns table (tag text, said text)
language sql immutable parallel safe
begin atomic
  select tag, r::text
  from unnest(case kind
    when 'tiers' then array['tiers']
    when 'clients' then array['client:' || (r ->> 'id'), 'clients']
    when 'admin_users' then array['user:' || (r ->> 'user_id')]
    when 'client_users' then array['user:' || (r ->> 'user_id'), 'members:' || (r ->> 'client_id')]
    when 'catalogs' then array['catalog:' || (r ->> 'id'), 'catalogs']
    when 'catalog_grants' then array['client:' || (r ->> 'client_id'), 'grants:' || (r ->> 'catalog_id')]
    when 'sites' then
      array['site:' || (r ->> 'id'), 'domain:' || (r ->> 'domain'), 'sites:' || (r ->> 'client_id'), 'sites']
    when 'site_product_exclusions' then array['site:' || (r ->> 'site_id'), 'exclusions:' || (r ->> 'site_id')]
  end) tag
  where tag is not null
  union all
  select 'client:' || (r ->> 'owner_client_id'), r ->> 'id' where kind = 'catalogs' and r ->> 'owner_client_id' <> '';
end;

-- Appends the tags under which a statement changed what is said; nothing for one that changed nothing. Nobody may write
-- the outbox but this and the next, and they write what follows from the statement's own rows.
create function app.note_changes() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  stale text[];
begin
  if tg_op = 'INSERT' then
    select array_agg(distinct tag) into stale from after r, app.tagged(tg_table_name, to_jsonb(r));
  elsif tg_op = 'DELETE' then
    select array_agg(distinct tag) into stale from before r, app.tagged(tg_table_name, to_jsonb(r));
  else
    select array_agg(distinct tag) into stale
    from (
      select tag
      from (
        select to_jsonb(r) - 'updated_at' as said, 1 as n from after r
        union all
        select to_jsonb(r) - 'updated_at', -1 from before r
      ) rows (r, n), app.tagged(tg_table_name, rows.r)
      group by tag, said having sum(n) <> 0
    ) changed;
  end if;
  if stale is not null then
    insert into cache_invalidations (tags) values (stale);
  end if;
  return null;
end
$$;
grant execute on function app.note_changes() to app_owner;

-- The same of products, of which a statement of a sync changes 5,000: columns are compared as they are, the cheap ones
-- and those that change most first. A new product has no tag of its own, for nobody can have asked for its id. The plan
-- of this is made for the first statement of a session, one row perhaps, and kept: a full join is never run as a loop,
-- and IS DISTINCT FROM, which is not strict, leaves it a full one. (With a loop 5,000 rows took 18 s.)
create function app.note_products() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  stale text[];
begin
  if tg_op = 'INSERT' then
    select array_agg('products:' || catalog_id) into stale from (select distinct catalog_id from after) c;
  elsif tg_op = 'DELETE' then
    select array_agg(tag) into stale
    from (select distinct 'products:' || catalog_id from before union all select 'product:' || id from before) t (tag);
  else
    with changed as materialized (
      select coalesce(b.id, a.id) as id, b.catalog_id as old_catalog, a.catalog_id as new_catalog
      from before b full join after a on a.id = b.id
      where (a.price, a.inventory_count, a.is_active, a.catalog_id, a.id, a.created_at, a.currency, a.sku, a.name,
          a.category, a.brand, a.description, a.images, a.attributes, a.source_data)
        is distinct from (b.price, b.inventory_count, b.is_active, b.catalog_id, b.id, b.created_at, b.currency, b.sku,
          b.name, b.category, b.brand, b.description, b.images, b.attributes, b.source_data)
    )
    select array_agg(tag) into stale
    from (
      select 'products:' || catalog
      from (select old_catalog from changed union select new_catalog from changed) c (catalog)
      where catalog is not null
      union all
      select 'product:' || id from changed
    ) t (tag);
  end if;
  if stale is not null then
    insert into cache_invalidations (tags) values (stale);
  end if;
  return null;
end
$$;
grant execute on function app.note_products() to app_owner;

-- What the transaction that asks has written so far: its xid, its rows of the outbox and their tags; null and empty
-- when it wrote nothing. Said last, just before the commit. Of other transactions it says nothing.
create function app.leave() returns table (xid text, outbox uuid[], tags text[])
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select pg_current_xact_id_if_assigned()::text,
    array(select i.id from cache_invalidations i where i.xid = pg_current_xact_id_if_assigned()),
    array(select distinct unnest(i.tags) from cache_invalidations i where i.xid = pg_current_xact_id_if_assigned())
$$;
grant execute on function app.leave()
  to app_admin, app_support, app_client, app_customer, app_anon, app_system, app_worker;

-- Deletes rows of the outbox, after the cache was told. It needs no caller, for it comes after the commit: whoever
-- knows an id may delete the row, and nobody but its own transaction and the sweeper is told it; of 128 bits 74 are
-- random (PostgreSQL's strong random numbers), the rest the time. Rows of the transaction that asks stay: they are not
-- committed, so they cannot have been sent, and injected SQL cannot keep the cache from hearing what it changes.
create function app.invalidations_sent(ids uuid[]) returns void
language sql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
  delete from cache_invalidations where id = any (ids) and xid is distinct from pg_current_xact_id_if_assigned()
$$;
grant execute on function app.invalidations_sent(uuid[]) to wc_public, wc_api, wc_worker;

-- Deletes and returns at most so many rows that are older than that, the oldest first. Whoever sends them before it
-- commits loses none: until then they are there. Two at once share them out.
create function app.take_invalidations(older_than interval, most integer)
returns table (id uuid, xid text, tags text[])
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
  if coalesce(most, 0) not between 1 and 10000 or older_than is null or older_than < interval '0' then
    raise exception 'between 1 and 10000 rows of an age, not % of %', most, older_than
      using errcode = 'invalid_parameter_value';
  end if;
  return query
    with due as (
      select id from cache_invalidations where created_at <= now() - older_than
      order by created_at limit most for update skip locked
    ), taken as (
      delete from cache_invalidations i using due where i.id = due.id returning i.*
    )
    select id, xid::text, tags from taken order by created_at;
end
$$;
grant execute on function app.take_invalidations(interval, integer) to app_system;

set local role app_owner;

do $$
declare
  name text;
  noted text;
begin
  foreach name in array array['tiers', 'clients', 'admin_users', 'client_users', 'catalogs', 'catalog_grants', 'sites',
    'site_product_exclusions', 'products']
  loop
    noted := case name when 'products' then 'note_products' else 'note_changes' end;
    execute format('create trigger note_inserted after insert on %I referencing new table as after'
      ' for each statement execute function app.%I()', name, noted);
    execute format('create trigger note_updated after update on %I referencing old table as before new table as after'
      ' for each statement execute function app.%I()', name, noted);
    execute format('create trigger note_deleted after delete on %I referencing old table as before'
      ' for each statement execute function app.%I()', name, noted);
  end loop;
end
$$;
