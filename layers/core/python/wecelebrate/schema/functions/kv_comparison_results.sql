-- The results of comparisons, and the repair of differences. A repair uses the functions of the mapping and of the
-- mirror. Therefore it writes the same values as the mirror would write.

set local role app_mirror;

-- Records a page of a comparison: its checkpoint, its counts, and its differences. A range of documents without a
-- difference becomes a bucket. At the end of a full comparison, the function deletes the differences of earlier
-- comparisons, and the differences that reads found before the comparison began.
create or replace function kv.record_page(
  comparison uuid, status text, checkpoint text, compared bigint, counts jsonb, differences jsonb, bucket jsonb)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  c kv.comparisons;
begin
  perform kv.require_super_admin();
  insert into kv.differences (comparison_id, entity, client_id, key, row_id, kind, field, confirmed)
  select $1, o.entity, d.client_id, d.key, d.row_id, d.kind, d.field, true
  from jsonb_to_recordset($6) d (client_id uuid, key text, row_id uuid, kind text, field text)
    join kv.comparisons o on o.id = $1;
  update kv.comparisons o set status = $2, checkpoint = $3, compared = $4, counts = $5,
    differences = o.differences + jsonb_array_length($6),
    ended_at = case when $2 <> 'running' then clock_timestamp() end
  where o.id = $1 returning * into c;
  if bucket is not null then
    delete from kv.buckets b where b.entity = c.entity and b.last_key > bucket ->> 'after_key'
      and b.after_key < bucket ->> 'last_key';
    insert into kv.buckets
    select c.entity, n.after_key, n.last_key, n.hash, n.documents, n.counts
    from jsonb_populate_record(null::kv.buckets, bucket) n where n.hash is not null;
  end if;
  if c.status = 'complete' and c.scope = 'full' then
    delete from kv.differences d
    where d.entity = c.entity and d.comparison_id is distinct from c.id and d.repaired_at is null
      and (d.comparison_id is not null or d.noticed_at < c.started_at)
      and (c.client_id is null or d.client_id = c.client_id);
  end if;
  return to_jsonb(c);
end
$$;
grant execute on function kv.record_page(uuid, text, text, bigint, jsonb, jsonb, jsonb) to app_admin;

-- Returns the differences of a comparison that are not repaired. For each kind and field, returns the number of
-- differences and at most five keys.
create or replace function kv.open_differences(comparison uuid) returns jsonb
language sql stable
return (
  select coalesce(jsonb_agg(to_jsonb(g) order by g.kind, g.field), '[]') from (
    select d.kind, d.field, count(*) as differences,
      (array_agg(left(coalesce(d.key, d.row_id::text), 200) order by d.key, d.row_id))[1:5] as keys
    from kv.differences d where d.comparison_id = comparison and d.repaired_at is null group by 1, 2) g);

-- Returns the last comparison of each entity, and its differences that are not repaired. Keys of entities are not
-- secret. If `comparison` is not null, only this comparison is returned.
create or replace function kv.comparison_status(comparison uuid default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  return (
    select coalesce(jsonb_agg(to_jsonb(c) - '{requested_by,checkpoint}'::text[]
      || jsonb_build_object('found', kv.open_differences(c.id)) order by c.entity), '[]')
    from (select distinct on (o.entity) o.* from kv.comparisons o
      where case when comparison is null then o.status <> 'failed' else o.id = comparison end
      order by o.entity, o.started_at desc, o.id desc) c);
end
$$;
grant execute on function kv.comparison_status(uuid) to app_admin;

-- Returns the next record of a comparison with open differences: the key, the row and the fields that differ. In the
-- next call, `after` must be the returned `first_id`.
create or replace function kv.next_open_record(comparison uuid, after uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  return (
    select to_jsonb(g) from (
      select o.entity, o.key, o.row_id, o.kind, o.client_id, jsonb_agg(o.id) as ids,
        coalesce(jsonb_agg(o.field) filter (where o.field is not null), '[]') as fields,
        min(o.id::text collate "C") as first_id
      from kv.differences o where o.comparison_id = $1 and o.repaired_at is null
      group by o.entity, o.key, o.row_id, o.kind, o.client_id
      having after is null or min(o.id::text collate "C") > after::text
      order by first_id limit 1) g);
end
$$;
grant execute on function kv.next_open_record(uuid, uuid) to app_admin;

-- Marks differences as repaired.
create or replace function kv.record_repair(ids uuid[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  update kv.differences d set repaired_at = clock_timestamp() where d.id = any (ids) and d.repaired_at is null;
end
$$;
grant execute on function kv.record_repair(uuid[]) to app_admin;

-- Records in the audit log that a repair of the differences of a comparison begins. Returns false if the comparison
-- does not exist.
create or replace function kv.record_repair_start(comparison uuid, source text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  c kv.comparisons;
begin
  perform kv.require_super_admin();
  select * into c from kv.comparisons where id = $1;
  if c.id is not null then
    perform app.record_comparison('kv_comparison.repair', c.client_id,
      jsonb_build_object('entity', c.entity, 'from', source, 'comparison', c.id));
  end if;
  return c.id is not null;
end
$$;
grant execute on function kv.record_repair_start(uuid, text) to app_admin;

-- Returns the hashes of a row's columns, as kv.column_hashes computes them when a document is mapped.
create or replace function kv.hashes_of_row(entity text, r jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  return kv.column_hashes((
    select jsonb_object_agg(c.key, case c.key when 'price' then to_jsonb(trim_scale((c.value #>> '{}')::numeric))
      else c.value end)
    from jsonb_each(r) c), kv.merged_columns(entity));
end
$$;

-- Returns whether the document of a row is newer than the row. If so, the row must not overwrite the document.
--
-- The document is newer if an application has written it since the last mapping. There are three exceptions. First, the
-- row is newer if a column that differs has also changed since the last mapping, and if the row changed later than the
-- time `updatedAt` in the document. Second, the row is newer if all fields are columns that only the platform decides.
-- Third, a document of another record is never newer.
create or replace function kv.is_document_newer(entity text, key text, row_id uuid, fields text[]) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  lead constant text := kv.leading_key(entity, row_id);
  r constant jsonb := kv.row_content(entity, row_id);
  contested constant text[] := case when entity = 'order' then fields else array(
    select unnest(fields) intersect select unnest(kv.merged_columns(entity))) end;
  stored constant jsonb := (select d.value from kv.documents(array[lead]) d);
  document constant jsonb := kv.decoded(stored);
  hashes constant jsonb := kv.hashes_of_row(entity, r);
  i kv.ids;
begin
  perform kv.require_super_admin();
  select * into i from kv.ids where kv.ids.key = lead;
  if stored is null or fields && '{id,document}' or kv.fingerprint(stored) = i.mapped_fingerprint then
    return false;
  elsif r is null then
    return true;
  elsif contested = '{}' then
    return false;
  elsif i.base is not null and not exists (
      select from unnest(contested) c
      where coalesce(i.base -> c, case when r -> c in ('{}', '[]') then hashes -> c end) is distinct from hashes -> c)
  then
    return true;
  end if;
  return not coalesce(jsonb_typeof(document) = 'object' and not kv.is_deep(document)
    and (r ->> 'updated_at')::timestamptz > kv.moment(kv.fields(document) -> 'updatedAt'), false);
end
$$;
grant execute on function kv.is_document_newer(text, text, uuid, text[]) to app_admin;

-- Repairs a record: maps its documents again, or writes its document from its row. Raises an error if the entity is
-- retired, because its documents are in the archive.
create or replace function kv.repair_record(source text, entity text, key text, row_id uuid, fields text[])
returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  if kv.is_retired(entity) then
    raise exception 'the documents of each % are retired', entity using errcode = 'lock_not_available';
  end if;
  if source = 'kv' then
    perform kv.repair_row(entity, key, row_id);
  elsif row_id is not null then
    perform kv.repair_document(entity, key, row_id, fields);
  end if;
end
$$;
grant execute on function kv.repair_record(text, text, text, uuid, text[]) to app_admin;

-- Returns a row as JSON, with the values that its documents must have. Null means that the row does not exist.
create or replace function kv.row_as_json(entity text, id uuid) returns jsonb
language plpgsql volatile
as $$
declare
  r jsonb;
begin
  execute format('select kv.mirrored_row(to_jsonb(t)) from (select * from %I where id = $1 for no key update) t',
    entity || 's')
    into r using id;
  return r;
end
$$;

-- Maps the documents of a record as if they had never been mapped: all their fields count as changed. A deleted row is
-- created again. An empty base means that an operator has chosen the values of the documents, including the stock. If a
-- bulk write has not reached the documents yet, the documents are older than the row, and the function changes nothing.
create or replace function kv.repair_row(entity text, key text, row_id uuid) returns void
language plpgsql volatile
as $$
declare
  store_key constant text := case when key is null or exists (select from kv_store_6fcaeea3 d where d.key = $2)
    then key else split_part(key, '::', 1) end;
  currency constant text := coalesce((select m.currency from kv.mirror m where m.enabled),
    (select r.currency from kv.runs r order by r.started_at desc, r.id desc limit 1));
  ids uuid[];
  target uuid;
begin
  if store_key is not null then
    perform kv.index_keys(array[store_key], kv.compared_environments(), kv.environment_names(), false);
  end if;
  ids := array(
    select distinct i.id from kv.ids i
    where i.entity = $1 and i.state <> 'gone' and (i.key = $2 or i.id = $3) order by 1);
  perform kv.lock_documents(entity, ids);
  if exists (select from unnest(ids) i where kv.is_dirty(i)) then
    return;
  end if;
  foreach target in array ids loop
    update kv.ids i set mapped_fingerprint = null, base = '{}',
      has_row = i.has_row and kv.row_as_json(i.entity, i.id) is not null
    where i.entity = $1 and i.id = target;
  end loop;
  perform kv.map_rows(entity, ids, currency);
  update kv.ids i set base = null where i.entity = $1 and i.id = any (ids) and i.base = '{}';
end
$$;

-- Returns a document that has its own key or is in a list. Locks the document or the list in the store. Returns null if
-- the document does not exist.
create or replace function kv.stored_document(key text) returns jsonb
language plpgsql volatile
as $$
declare
  list constant text := (select i.list from kv.ids i where i.key = $1);
  stored jsonb;
begin
  select d.value into stored from kv_store_6fcaeea3 d where d.key = coalesce(list, $1) for update;
  return case when list is null then stored
    else (select kv.decoded_item(k.item) from kv.keyed_items(list, kv.items_of(stored)) k where k.key = $1 limit 1) end;
end
$$;

-- Writes the document of a row from the values of the row. If the row no longer exists, the function deletes its
-- documents, as the mirror does after the deletion of a row. `fields` contains the columns that differ, and `id` or
-- `document` if the whole document is wrong.
--
-- A document that is newer than the row does not change. Other documents of the row do not change if an application has
-- written them since the last mapping.
create or replace function kv.repair_document(entity text, key text, row_id uuid, fields text[]) returns void
language plpgsql volatile
as $$
declare
  r constant jsonb := kv.row_as_json(entity, row_id);
  lead constant text := case when fields && '{id,document}' then key else kv.leading_key(entity, row_id) end;
  document jsonb;
begin
  if kv.is_document_newer(entity, key, row_id, fields) then
    return;
  elsif r is null then
    if exists (select from kv.ids i where i.entity = $1 and i.id = row_id and i.has_row) then
      perform kv.delete_documents(entity, row_id);
    end if;
    return;
  end if;
  document := kv.stored_document(lead);
  if document is null or fields && '{id,document}' then
    perform kv.restore_document(entity, lead, row_id, r);
    return;
  end if;
  update kv.ids i set fingerprint = kv.fingerprint(d.value)
  from kv.documents(array(select o.key from kv.ids o where o.entity = $1 and o.id = row_id)) d
  where i.key = d.key and i.fingerprint <> kv.fingerprint(d.value);
  update kv.ids i set mapped_fingerprint = i.fingerprint where i.key = lead and i.state = 'mapped';
  perform kv.mirror_row(entity, r - fields, r);
end
$$;

-- Writes the whole document of a row, in the form that the last version of the old applications wrote. The document
-- gets the earlier key of the row, or a new key. If a document of another record has replaced the row's document, `key`
-- is the key of this other document.
create or replace function kv.restore_document(entity text, key text, row_id uuid, r jsonb) returns void
language plpgsql volatile
as $$
declare
  former kv.ids;
  stored jsonb;
  document jsonb;
begin
  select * into former from kv.ids i
  where i.entity = $1 and i.id = row_id and i.state <> 'gone' and i.environment = 'production' and i.has_row
    and (restore_document.key is null or i.key = restore_document.key)
  order by i.list nulls first, i.alias, i.key limit 1;
  if former.key is null then
    if restore_document.key is null then
      perform kv.create_document(entity, r);
    end if;
    return;
  end if;
  if former.list is not null then
    former.key := (kv.keys_of(entity, 'production', former.old_id))[2];
  end if;
  select d.value into stored from kv_store_6fcaeea3 d where d.key = former.key for update;
  document := kv.with_revision(kv.document_of(entity, former.old_id, r),
    coalesce(kv.revision_of(stored) + 1, kv.first_revision(former.key, null)));
  insert into kv_store_6fcaeea3 as d (key, value) values (former.key, document)
  on conflict on constraint kv_store_6fcaeea3_pkey do update set value = excluded.value;
  insert into kv.ids as i (key, entity, environment, old_id, id, state, has_row, fingerprint, mapped_fingerprint)
  select former.key, $1, 'production', former.old_id, row_id, 'mapped', true, f, f from kv.fingerprint(document) f
  on conflict on constraint ids_pkey do update set state = 'mapped', alias = false, has_row = true,
    fingerprint = excluded.fingerprint, mapped_fingerprint = excluded.mapped_fingerprint;
  perform kv.record_agreement(entity, row_id);
end
$$;
