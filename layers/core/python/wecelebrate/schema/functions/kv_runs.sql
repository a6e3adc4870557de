-- The backfill maps the documents of the store to rows, in batches. Each batch and its checkpoint are one transaction,
-- so an interrupted run continues after the last batch. Only super admins may start a backfill.

set local role app_mirror;

-- Refuses callers who are not super admins.
create or replace function kv.require_super_admin() returns void
language plpgsql stable
as $$
begin
  if app.admin_role() is distinct from 'super_admin' then
    raise exception 'only super admins may move the documents of the store' using errcode = 'insufficient_privilege';
  end if;
end
$$;

-- Starts a run, or returns the active run. `currency` is the currency of a price if the document and the catalog have
-- no currency.
create or replace function kv.start_backfill(environments text[], currency text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  run kv.runs;
begin
  perform kv.require_super_admin();
  perform pg_advisory_xact_lock(hashtextextended('kv backfill', 0));
  select * into run from kv.runs r where r.status = 'running';
  if run.id is null then
    insert into kv.runs (environments, currency, requested_by, total)
    values ($1, $2, app.subject(), (select count(*) from kv_store_6fcaeea3)) returning * into run;
  end if;
  return to_jsonb(run);
end
$$;
grant execute on function kv.start_backfill(text[], text) to app_admin;

-- Processes the next batch of a run, and returns the run. Concurrent calls for a run are executed one after the other.
create or replace function kv.continue_backfill(run uuid, size integer) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  r kv.runs;
  last_key text;
begin
  perform kv.require_super_admin();
  select * into r from kv.runs where id = $1 for update;
  if r.id is null then
    return null;
  elsif r.status <> 'running' then
    return to_jsonb(r);
  end if;
  execute 'discard plans';  -- plans of earlier batches suit smaller tables, and can read a whole table for each row
  if r.phase = 'index' then
    last_key := kv.index_documents(r.checkpoint, r.environments, size);
    r.checkpoint := coalesce(last_key, '');
    r.phase := case when last_key is null then 'lists' else 'index' end;
  elsif r.phase = 'lists' then
    r.counts := (select to_jsonb(l) from kv.index_lists() l);
    r.total := (
      select count(*) from kv.ids
      where environment = any (r.environments) and state not in ('gone', 'deleted')
        and fingerprint is distinct from mapped_fingerprint);
    r.phase := 'client';
  elsif r.phase = 'setting' then
    last_key := case when 'production' = any (r.environments) then kv.copy_settings(r.checkpoint, size) end;
    r.checkpoint := coalesce(last_key, '');
    r.phase := case when last_key is null then 'order' else 'setting' end;
  elsif r.phase = 'end' then
    r.counts := r.counts || kv.account(r.environments);
    r.status := case when r.counts ->> 'unaccounted' = '0' then 'complete' else 'incomplete' end;
    r.ended_at := clock_timestamp();
  else
    r := kv.map_batch(r, size);
  end if;
  update kv.runs u set (status, phase, checkpoint, done, total, counts, ended_at)
    = (r.status, r.phase, r.checkpoint, r.done, r.total, r.counts, r.ended_at) where u.id = r.id;
  return to_jsonb(r);
end
$$;
grant execute on function kv.continue_backfill(uuid, integer) to app_admin;

-- Maps the next documents of an entity, and returns the run with its new checkpoint. A batch has at most 1 MB of
-- documents, because it must end before the statement timeout.
create or replace function kv.map_batch(r kv.runs, size integer) returns kv.runs
language plpgsql volatile
as $$
declare
  keys constant text[] := array(
    select i.key from kv.ids i
    where i.entity = r.phase and i.key > r.checkpoint and i.environment = any (r.environments)
      and i.state not in ('gone', 'deleted') and i.fingerprint is distinct from i.mapped_fingerprint
    order by i.key limit size);
  ids uuid[] := '{}';
  n bigint := 0;
  bytes bigint := 0;
  d record;
begin
  for d in
    select i.key, i.id, coalesce(octet_length(s.value::text), 0) as bytes
    from kv.ids i left join kv.documents(keys) s on s.key = i.key where i.key = any (keys) order by i.key
  loop
    exit when n > 0 and bytes + d.bytes > 1000000;
    ids := ids || d.id;
    n := n + 1;
    bytes := bytes + d.bytes;
    r.checkpoint := d.key;
  end loop;
  if n = 0 then
    r.checkpoint := '';
    r.phase := case r.phase when 'client' then 'catalog' when 'catalog' then 'site' when 'site' then 'product'
      when 'product' then 'setting' else 'end' end;
    return r;
  end if;
  perform kv.lock_documents(r.phase, ids);
  if r.phase = 'product' then  -- a document must not bring a product back that waits to be deleted
    perform kv.fold_each(ids);
  end if;
  perform kv.map_rows(r.phase, array(select distinct e.id from unnest(ids) e (id)), r.currency);
  r.done := r.done + n;
  return r;
end
$$;

-- Maps the documents of the given rows again, and writes the rows. After an error, the function divides the rows into
-- halves and maps each half separately, until it finds the row that causes the error. Only the documents of this row
-- are put into quarantine.
create or replace function kv.map_rows(entity text, ids uuid[], currency text) returns void
language plpgsql volatile
as $$
declare
  half constant integer := cardinality(ids) / 2;
begin
  if cardinality(ids) = 0 then
    return;
  end if;
  begin
    perform kv.map_together(entity, ids, currency);
    return;
  exception when others then
    perform kv.raise_unless_of_a_document(sqlstate, sqlerrm);
  end;
  if half > 0 then
    perform kv.map_rows(entity, ids[:half], currency);
    perform kv.map_rows(entity, ids[half + 1:], currency);
  else
    perform kv.record_outcomes(array(
      select (i.key, i.entity, i.environment, i.old_id, i.id, i.has_row, false, 'cannot_be_mapped', '', null, '{}',
        '{}')::kv.draft
      from kv.ids i where i.entity = $1 and i.id = any ($2) and i.state not in ('gone', 'deleted')), false);
  end if;
end
$$;

-- Maps the documents of the given rows, and writes the rows. Raises an error if a document or a row fails.
create or replace function kv.map_together(entity text, ids uuid[], currency text) returns void
language plpgsql volatile
as $$
declare
  drafts kv.draft[];
begin
  if entity = 'order' then  -- until the end of the transaction, nobody marks orders of erased persons
    perform pg_advisory_xact_lock_shared(hashtextextended('kv erased orders', 0));
  end if;
  drafts := kv.merged(entity, kv.drafts(entity, ids));
  case entity
    when 'client' then
      drafts := kv.check_clients(drafts);
      perform kv.write_clients(drafts);
    when 'catalog' then
      drafts := kv.check_catalogs(drafts);
      perform kv.write_catalogs(drafts);
    when 'site' then
      perform kv.lock_grants(drafts);
      drafts := kv.check_sites(drafts);
      perform kv.write_sites(drafts);
    when 'product' then
      drafts := kv.check_products(drafts, currency);
      perform kv.write_products(drafts);
    when 'order' then
      drafts := kv.check_orders(drafts, currency);
      perform kv.write_orders(drafts);
  end case;
  perform kv.record_outcomes(drafts, false);
  perform kv.record_bases(entity, drafts);
  perform kv.record_aliases(drafts);
  if entity = 'product' then
    perform kv.return_counts(drafts);
  end if;
end
$$;

-- Counts the documents of the store. Each document is counted exactly once: it decides a row, is an alias, is in
-- quarantine, or has none of these outcomes. A document in a list is counted in addition to its list. `unaccounted` is
-- the number of documents that the applications have written since the run began.
create or replace function kv.account(environments text[]) returns jsonb
language sql stable
as $$
  with names as materialized (select kv.environment_names() as environments),
  documents as (
    select d.key, null as list, null as entity, null as stated from kv_store_6fcaeea3 d
    union all
    select e.key, l.key, l.entity, e.stated from kv.lists() l cross join lateral kv.documents_in(l.key, l.items) e
  ), counted as (
    select case
        when i.state = 'mapped' and i.alias then 'aliases' when i.state = 'mapped' then 'rows'
        when i.state = 'quarantined' then 'quarantined' when i.state = 'deleted' then 'left_over.row_deleted'
        when i.key is not null then 'unaccounted'
        when d.list is not null then
          case when (kv.identity_in_list(d.entity, d.key, d.stated, names.environments)).environment = any ($1)
            then 'unaccounted' else 'left_over.other_environment' end
        when f.meaning is null then 'left_over.unknown'
        when f.meaning not in ('client', 'site', 'catalog', 'product', 'order') then 'left_over.' || f.meaning
        when (kv.identity(f.meaning, d.key, 'null', names.environments)).environment = any ($1) then 'unaccounted'
        else 'left_over.other_environment' end as outcome, count(*) as n
    from documents d cross join names
      left join kv.ids i on i.key = d.key and i.list is not distinct from d.list
        and i.environment = any ($1) and i.state <> 'gone'
      left join lateral (
        select k.meaning from app.kv_key_families() k
        where i.key is null and d.list is null and d.key ~ k.pattern
          and case when d.key like 'hris\_%' then 'hris' else split_part(d.key, ':', 1) end = any (k.heads) limit 1
      ) f on true
    group by 1
  )
  select jsonb_build_object('documents', coalesce(sum(n), 0), 'rows', 0, 'aliases', 0, 'quarantined', 0,
      'unaccounted', 0)
    || coalesce(jsonb_object_agg(outcome, n) filter (where outcome not like 'left%'), '{}')
    || jsonb_build_object('left_over', coalesce(jsonb_object_agg(substr(outcome, 11), n)
         filter (where outcome like 'left%'), '{}'))
  from counted
$$;

-- Returns the last run, the number of documents by entity and outcome, and the number of documents by note. Also
-- returns the documents in quarantine by reason, with at most five keys for each reason. Keys of entities are not
-- secret.
create or replace function kv.status() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  return jsonb_build_object(
    'run', (select to_jsonb(r) - 'requested_by' from kv.runs r order by started_at desc, id desc limit 1),
    'entities', (
      select coalesce(jsonb_agg(to_jsonb(e) order by e.entity), '[]') from (
        select entity, count(*) filter (where state = 'mapped' and not alias) as rows,
          count(*) filter (where state = 'mapped' and alias) as aliases,
          count(*) filter (where state = 'quarantined') as quarantined,
          count(*) filter (where state = 'pending') as pending,
          count(*) filter (where not listed and state not in ('gone', 'deleted')) as unlisted
        from kv.ids group by entity) e),
    'quarantine', (
      select coalesce(jsonb_agg(to_jsonb(q) order by q.documents desc, q.reason, q.entity), '[]') from (
        select i.entity, q.reason, count(*) as documents,
          (array_agg(left(q.key, 200) order by q.key))[1:5] as keys
        from kv.quarantine q join kv.ids i on i.key = q.key group by 1, 2) q),
    'settings', kv.settings_left(),
    'notes', (
      select coalesce(jsonb_agg(to_jsonb(n) order by n.documents desc, n.note, n.entity), '[]') from (
        select i.entity, n.note, count(*) as documents from kv.notes n join kv.ids i on i.key = n.key
        where i.state <> 'gone' group by 1, 2) n));
end
$$;
grant execute on function kv.status() to app_admin;

-- Returns the old ids of the catalogs of products, by the keys of the products' documents. A product never moves to
-- another catalog. Therefore the inspection compares these catalogs with the catalogs in the documents. Only admins of
-- the platform may call the function.
create or replace function kv.catalogs_of_products(keys text[]) returns table (key text, catalog text)
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  if app.admin_role() is null or app.admin_role() not in ('super_admin', 'admin') then
    raise exception 'only admins may inspect the store' using errcode = 'insufficient_privilege';
  end if;
  return query
    select i.key, min(c.old_id) from kv.ids i
      join products p on p.id = i.id
      join kv.ids c on c.entity = 'catalog' and c.id = p.catalog_id and c.environment = i.environment
    where i.key = any ($1) and i.entity = 'product' and c.has_row
    group by 1;
end
$$;
grant execute on function kv.catalogs_of_products(text[]) to app_admin;
