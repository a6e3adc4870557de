-- The comparisons of the documents of the store with the rows of the platform. A comparison runs in pages: each page is
-- recorded with its checkpoint, so an interrupted comparison continues after the last page. Only super admins may start
-- a comparison. The results contain no values.

set local role app_definer;

-- Records in the audit log the start of a comparison, or the start of a repair of its differences.
create or replace function app.record_comparison(action text, client uuid, details jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if app.admin_role() is distinct from 'super_admin' then
    raise exception 'only super admins compare the store' using errcode = 'insufficient_privilege';
  end if;
  perform app.record_action($1, $2, 'kv', $3);
end
$$;
grant execute on function app.record_comparison(text, uuid, jsonb) to app_mirror;

set local role app_mirror;

-- Starts a comparison, or returns the active comparison with the same scope. An active comparison with another scope is
-- ended. Returns null if the client does not exist.
create or replace function kv.start_comparison(entity text, client uuid, sample integer) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  c kv.comparisons;
  total bigint;
begin
  perform kv.require_super_admin();
  perform pg_advisory_xact_lock(hashtextextended('kv comparison', 0));
  if client is not null and not exists (select from clients r where r.id = client) then
    return null;
  end if;
  select * into c from kv.comparisons o
  where o.entity = $1 and o.client_id is not distinct from client and o.status = 'running';
  if c.id is not null and c.sample is not distinct from $3 then
    return to_jsonb(c);
  end if;
  update kv.comparisons o set status = 'failed', ended_at = clock_timestamp() where o.id = c.id;
  select count(*) into total from unnest(kv.compared_prefixes($1)) p (prefix)
    join kv_store_6fcaeea3 s on s.key >= p.prefix and s.key < p.prefix || chr(127) and kv.is_compared($1, s.key);
  insert into kv.comparisons (entity, client_id, scope, sample, requested_by, counts, snapshot)
  values ($1, client, case when $3 is null then 'full' else 'sample' end, $3, app.subject(),
    jsonb_build_object('keys', total), pg_current_snapshot())
  returning * into c;
  perform app.record_comparison('kv_comparison.start', client, jsonb_build_object('entity', $1, 'sample', $3));
  return to_jsonb(c);
end
$$;
grant execute on function kv.start_comparison(text, uuid, integer) to app_admin;

-- Locks a comparison, and returns it with the environments whose documents are compared. Because of the lock,
-- concurrent requests for a comparison run one after the other. Returns null if the comparison does not exist.
create or replace function kv.lock_comparison(comparison uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  c kv.comparisons;
begin
  perform kv.require_super_admin();
  select * into c from kv.comparisons where id = $1 for update;
  return case when c.id is not null then to_jsonb(c) || jsonb_build_object(
    'environments', kv.compared_environments(), 'declared_environments', kv.declared_environments()) end;
end
$$;
grant execute on function kv.lock_comparison(uuid) to app_admin;

-- Returns the next documents of a comparison. The result is either a range that has not changed since its last
-- comparison, or the keys to compare with the hash of their range.
create or replace function kv.next_documents(comparison uuid, after text, size integer, version integer) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  c kv.comparisons;
  is_whole boolean;
  share integer := 1000000;
  boundary text;
  unchanged jsonb;
  keys text[];
begin
  perform kv.require_super_admin();
  select * into c from kv.comparisons where id = $1;
  is_whole := c.client_id is null and c.sample is null;
  if is_whole then
    unchanged := kv.unchanged_bucket(c.entity, after, version);
    if unchanged is not null then
      return jsonb_build_object('unchanged', unchanged);
    end if;
  elsif c.sample is not null then
    share := least(1000000, ceil(1000000.0 * c.sample / greatest((c.counts ->> 'keys')::bigint, 1)));
  end if;
  if is_whole then  -- a range that has changed ends where it ended before
    select min(b.last_key) into boundary from kv.buckets b where b.entity = c.entity and b.last_key > after;
  end if;
  keys := kv.compared_keys(c.entity, after, boundary, size, share, hashtextextended(c.id::text, 0));
  if keys = '{}' and boundary is not null then  -- all documents of the range have disappeared
    keys := kv.compared_keys(c.entity, after, null, size, share, hashtextextended(c.id::text, 0));
  end if;
  return jsonb_build_object('keys', keys, 'hash', case when is_whole and keys <> '{}' then (
    kv.bucket_hash(c.entity, after, keys[cardinality(keys)], version)).hash::text end);
end
$$;
grant execute on function kv.next_documents(uuid, text, integer, integer) to app_admin;

-- Returns the facts about documents that a comparison needs (kv.compared_records).
create or replace function kv.compared(entity text, keys text[], ids uuid[], others text[], has_values boolean)
returns text
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  return kv.compared_records(entity, keys, ids, others, has_values)::text;
end
$$;
grant execute on function kv.compared(text, text[], uuid[], text[], boolean) to app_admin;

-- Searches the next rows of an entity. `missing` contains the rows that have lost their documents, and the rows without
-- a document whose parent has a document. `gone` counts the rows whose documents an application has deleted; such rows
-- are not differences. If `ids` is not null, only these rows are searched.
create or replace function kv.rows_without_documents(
  entity text, client uuid, after uuid, ids uuid[], size integer, share integer, seed bigint) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  owner constant text := case entity when 'client' then 'r.id' when 'catalog' then 'r.owner_client_id'
    when 'product' then '(select c.owner_client_id from catalogs c where c.id = r.catalog_id)' else 'r.client_id' end;
  parent constant text := case entity when 'catalog' then '''client'', r.owner_client_id'
    when 'site' then '''client'', r.client_id' when 'product' then '''catalog'', r.catalog_id'
    when 'order' then '''site'', r.site_id' else '''client'', null' end;
  result jsonb;
begin
  perform kv.require_super_admin();
  execute format($q$
    with page as materialized (
      select r.id, %s as owner, kv.has_document(%s) as is_expected from %I r
      where r.id > $3 and ($4 is null or r.id = any ($4))
        and ($6 >= 1000000 or hashtextextended(r.id::text, $7) & 1048575 < $6 * 1.048576)
      order by r.id limit $5
    ), judged as (
      select p.id, p.owner, (
          select i.key from kv.ids i where i.entity = $1 and i.id = p.id and i.has_row and i.state <> 'gone'
          order by i.list nulls first, i.alias, i.key limit 1) as key,
        exists (select from kv.ids i where i.entity = $1 and i.id = p.id and i.has_row) as has_entry,
        exists (select from kv.ids i join kv_store_6fcaeea3 d on d.key = coalesce(i.list, i.key)
          where i.entity = $1 and i.id = p.id and i.state <> 'gone') as has_document, p.is_expected
      from page p where $2 is null or p.owner = $2
    )
    select jsonb_build_object('last', (select max(id::text collate "C") from page), 'missing', (
        select coalesce(jsonb_agg(jsonb_build_object('row_id', j.id, 'key', j.key, 'client_id', j.owner)), '[]')
        from judged j where not j.has_document and (j.key is not null or not j.has_entry and j.is_expected)),
      'rows', (select count(*) from judged j where j.has_entry or j.is_expected),
      'gone', (select count(*) from judged j where not j.has_document and j.has_entry and j.key is null))
    $q$, owner, parent, entity || 's')
    into result using entity, client, after, ids, size, share, seed;
  return result;
end
$$;
grant execute on function kv.rows_without_documents(text, uuid, uuid, uuid[], integer, integer, bigint) to app_admin;

-- Returns whether a row has a document in the environment `production`.
create or replace function kv.has_document(entity text, id uuid) returns boolean
language sql stable
return exists (
  select from kv.ids i where i.entity = $1 and i.id = $2 and i.has_row and i.state <> 'gone'
    and i.environment = 'production');

-- Returns the documents that an application has removed from a list since the last mapping. Documents whose rows have
-- another document are left out.
create or replace function kv.documents_missing_in_list(entity text, list text, keys text[]) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  return (
    select coalesce(jsonb_agg(jsonb_build_object('key', i.key, 'row_id', i.id)), '[]') from kv.ids i
    where i.entity = $1 and i.list = $2 and i.state = 'mapped' and i.has_row and i.key <> all (keys)
      and not exists (
        select from kv.ids o join kv_store_6fcaeea3 d on d.key = coalesce(o.list, o.key)
        where o.entity = $1 and o.id = i.id and o.state <> 'gone' and o.key <> i.key));
end
$$;
grant execute on function kv.documents_missing_in_list(text, text, text[]) to app_admin;

-- Returns the client of a reference in a document. The reference is the old id or the key of a client, a catalog or a
-- site.
create or replace function kv.owner_of(entity text, environment text, old_id text, keys text[]) returns uuid
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  return (
    select case i.entity when 'client' then i.id when 'catalog' then c.owner_client_id else s.client_id end
    from kv.ids i left join catalogs c on c.id = i.id left join sites s on s.id = i.id
    where i.entity = $1 and i.environment = $2 and (i.old_id = $3 or i.key = any (keys)) and i.has_row
    order by i.old_id <> $3 limit 1);
end
$$;
grant execute on function kv.owner_of(text, text, text, text[]) to app_admin;
