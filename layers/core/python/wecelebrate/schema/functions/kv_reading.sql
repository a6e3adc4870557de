-- These functions return the document of a row with the values of the row. A field keeps its form if its value agrees
-- with its column, or if it has no column. A field that does not agree gets the value of the row, in the form in which
-- the mirror writes it (functions/kv_mirror_fields.sql).

set local role app_mirror;

-- Returns a row as JSON, with the values that its documents must have. Null means that the row does not exist.
create or replace function kv.row_content(entity text, id uuid) returns jsonb
language plpgsql stable
as $$
begin
  case entity
    when 'client' then return (select to_jsonb(t) from clients t where t.id = $2);
    when 'catalog' then return (select to_jsonb(t) from catalogs t where t.id = $2);
    when 'site' then return (select to_jsonb(t) from sites t where t.id = $2);
    when 'product' then return (select kv.mirrored_row(to_jsonb(t)) from products t where t.id = $2);
    else return (select to_jsonb(t) from orders t where t.id = $2);
  end case;
end
$$;

-- Returns whether a column of a row differs from its document. `stated` contains the columns of the mapped document,
-- and `fields` contains the fields of the document. If the mapping has corrected a value, the corrected value is not a
-- difference. The corrected values are a tier that does not exist, a domain that another site has, a catalog that the
-- site may not read, and a total of 0.
create or replace function kv.disagrees(d kv.ids, name text, kind text, stated jsonb, fields jsonb, r jsonb)
returns boolean
language plpgsql stable
as $$
declare
  of_document jsonb := coalesce(stated -> name, 'null');
  of_row constant jsonb := coalesce(r -> name, 'null');
begin
  if kind = 'locale' then
    return r #>> '{settings,locale}' <> coalesce(stated #>> '{settings,locale}', '');
  elsif kind = 'branding' then
    return coalesce(kv.branding_of(of_row), '{}') <> coalesce(stated -> name, '{}');
  elsif kind = 'catalog' then
    return of_row <> 'null' and of_row #>> '{}' is distinct from kv.row_of('catalog', d.environment, coalesce(
      stated ->> 'catalog', kv.catalog_of_settings(d.old_id)))::text;
  elsif kind = 'time' then  -- a document need not say when a step was taken that it knows
    return of_row <> 'null' and kv.moment_text((of_row #>> '{}')::timestamptz)
        is distinct from kv.moment_text((of_document #>> '{}')::timestamptz)
      and (fields ? kv.camel_name(name) or stated ->> 'status' <> r ->> 'status');
  elsif kind = 'images' then
    return coalesce(stated -> name, '[]') <> of_row;
  elsif name in ('attributes', 'shipping_address') then
    return coalesce(stated -> name, '{}') <> of_row;
  elsif name = 'inventory_count' then
    return of_row <> of_document and r ->> 'inventory_policy' = 'tracked';
  elsif name = 'currency' then
    return stated ? name and of_row <> of_document;
  elsif name = 'tier' and not exists (select from tiers t where t.name = stated ->> 'tier') then
    of_document := '"standard"';
  elsif name = 'domain' and of_row = 'null' then
    return of_document <> 'null'
      and not exists (select from sites s where s.domain = stated ->> 'domain' and s.id <> d.id);
  elsif name = 'total_amount' and of_document in ('0', 'null') then
    of_document := (select to_jsonb(sum((l ->> 'quantity')::integer * (l ->> 'unit_price')::numeric))
      from jsonb_array_elements(r -> 'items') l);
  end if;
  return of_row is distinct from of_document;
end
$$;

-- Returns the columns of a row that differ from its document.
create or replace function kv.disagreements(d kv.ids, document jsonb, r jsonb) returns jsonb
language plpgsql stable
as $$
declare
  stated constant jsonb := (kv.map(d.entity, d.key, d.old_id, document, false)).columns;
  present constant jsonb := kv.fields(document);
begin
  return (
    select coalesce(jsonb_object_agg(c.name, r -> c.name), '{}') from kv.mirrored_columns() c
    where c.entity = d.entity and stated is not null and kv.disagrees(d, c.name, c.kind, stated, present, r));
end
$$;

-- Returns the document of a row. `stored` is the document in the store, and `changed` contains the columns that differ
-- from this document. For an order of an erased person, the document contains only the data that the row still has.
create or replace function kv.document_from_row(d kv.ids, stored jsonb, changed jsonb, r jsonb) returns jsonb
language plpgsql stable
as $$
declare
  document jsonb := kv.decoded(stored);
begin
  if r ->> 'erased_at' is not null then
    document := kv.document_of('order', d.old_id, r);
  elsif changed = '{}' then
    return stored;
  else
    if changed ? 'catalog_id' then
      r := r || jsonb_build_object('catalog', kv.old_id_of('catalog', (r ->> 'catalog_id')::uuid));
    end if;
    document := kv.with_changes(d.entity, document, changed, r);
  end if;
  return case when jsonb_typeof(stored) = 'string' then to_jsonb(document::text)
    when stored ? '_rev' then kv.with_revision(document, kv.revision_of(stored)) else document end;
end
$$;

-- Returns the fields of a document that differ from its row. Fields that the platform decides are left out if the
-- document has the note `kept`, because the document then differs from its row on purpose.
create or replace function kv.mismatched_fields(d kv.ids, stored jsonb, changed jsonb, r jsonb) returns text[]
language sql stable
return case
  when r is null then '{}'
  when r ->> 'erased_at' is not null then
    case when kv.document_from_row(d, stored, changed, r) = stored then '{}' else '{customerName}' end::text[]
  else array(
    select c.fields[1] from kv.mirrored_columns() c
    where c.entity = d.entity and changed ? c.name and not (
      c.name in ('tier', 'is_active', 'status', 'domain', 'catalog_id') and d.entity <> 'order'
      and exists (select from kv.notes n where n.key = d.key and n.note = 'kept'))
    order by 1) end;

-- Returns whether some reads of the store compare documents with rows, or return rows.
create or replace function kv.is_dialed() returns boolean
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  return exists (select from kv.stages s where s.reads > 0 or s.shadow > 0)
    and exists (select from kv.mirror m where m.enabled);
end
$$;
grant execute on function kv.is_dialed() to app_kv;

-- Returns the document for a read. The document has the values of its row if the stage of its entity and client selects
-- the record. Otherwise the function returns the stored document. It also returns the stored document if the document
-- decides no row, or is not mapped. `chance` is a random number from 0 to 1. `agrees` is null if the read does not
-- compare both sides, and false if the document cannot be compared.
create or replace function kv.answer(
  key text, stored jsonb, chance double precision, out value jsonb, out agrees boolean)
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  d kv.ids;
  stage kv.stages;
  is_selected boolean;
  r jsonb;
  changed jsonb;
begin
  value := stored;
  if app.subject() is distinct from 'service:kv' or not kv.is_entity_key(key) then
    return;
  end if;
  select * into d from kv.ids i where i.key = $1 and i.state = 'mapped' and i.has_row and not i.alias
    and i.list is null and i.fingerprint = i.mapped_fingerprint;
  -- Return the stored document in two cases. First, the mirror has not processed the last write of the document, so the
  -- row would hide this write. Second, the row has newer values that are not in the document yet, so the revision of
  -- the document does not belong to the values of the row.
  if d.key is null or d.fingerprint <> kv.fingerprint(stored) or kv.is_dirty(d.id) then
    return;
  end if;
  stage := kv.stage_of(d.entity, kv.client_of_row(d.entity, d.id));
  is_selected := coalesce(kv.place_of(d.entity, d.id) < stage.reads, false);
  if not is_selected and chance * 100 >= coalesce(stage.shadow, 0) then
    return;
  end if;
  begin
    r := kv.row_content(d.entity, d.id);
    changed := case when r is not null then kv.disagreements(d, kv.decoded(stored), r) end;
    if is_selected and r is not null then
      value := kv.document_from_row(d, stored, changed, r);
    end if;
    if chance * 100 < stage.shadow then
      agrees := r is not null and kv.mismatched_fields(d, stored, changed, r) = '{}';
    end if;
  exception when others then
    raise warning 'a document of the key-value store was not answered from its row (%)', sqlstate;
    agrees := case when chance * 100 < stage.shadow then false end;
  end;
end
$$;
grant execute on function kv.answer(text, jsonb, double precision) to app_kv;

-- Reads a document and its row again, and records each field that still differs. A field that is already recorded is
-- not recorded again. Returns whether any field differs. If another transaction is writing the document, the function
-- returns false, because the row and the document change together.
create or replace function kv.record_mismatch(key text) returns boolean
language plpgsql volatile
as $$
declare
  d kv.ids;
  stored jsonb;
  r jsonb;
  owner uuid;
  fields text[];
begin
  select s.value into stored from kv_store_6fcaeea3 s where s.key = $1 for no key update skip locked;
  select * into d from kv.ids i where i.key = $1 and i.state = 'mapped' and i.has_row and not i.alias
    and i.list is null and i.fingerprint = i.mapped_fingerprint;
  if stored is null or d.key is null then
    return false;
  end if;
  r := kv.row_content(d.entity, d.id);
  owner := kv.client_of_row(d.entity, d.id);
  fields := case when r is not null
    then kv.mismatched_fields(d, stored, kv.disagreements(d, kv.decoded(stored), r), r) end;
  insert into kv.differences (entity, client_id, key, row_id, kind, field, confirmed, xid)
  select d.entity, owner, d.key, d.id, case when r is null then 'row_missing' else 'field' end, f.field, true,
    pg_current_xact_id()
  from unnest(coalesce(fields, array[null::text])) f (field)
  where not exists (
    select from kv.differences o where o.entity = d.entity and o.repaired_at is null and o.comparison_id is null
      and o.key = d.key and o.field is not distinct from f.field);
  return fields is null or fields <> '{}';
end
$$;

-- Counts the reads that have compared both sides. `mismatched` contains the keys of the documents that differed from
-- their rows.
create or replace function kv.record_shadow_reads(keys text[], mismatched text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  differing text[];
begin
  if app.subject() is distinct from 'service:kv' then
    raise exception 'only the store counts its reads' using errcode = 'insufficient_privilege';
  end if;
  differing := array(
    select m.key from unnest(mismatched[1:1000]) m (key) where m.key = any (keys) and kv.record_mismatch(m.key));
  update kv.differences f set repaired_at = clock_timestamp()  -- a read that agrees ends the mismatches of a document
  where f.comparison_id is null and f.repaired_at is null and f.key = any (keys[1:1000]) and f.key <> all (mismatched);
  insert into kv.shadow_reads as s (entity, client_id, slot, reads, mismatches)
  select i.entity, o.client_id, pg_backend_pid() % 8, count(*), count(*) filter (where i.key = any (differing))
  from kv.ids i cross join lateral (select kv.client_of_row(i.entity, i.id) as client_id offset 0) o
  where i.key = any (keys[1:1000]) group by 1, 2, 3 order by 1, 2
  on conflict on constraint shadow_reads_key
    do update set reads = s.reads + excluded.reads, mismatches = s.mismatches + excluded.mismatches;
end
$$;
grant execute on function kv.record_shadow_reads(text[], text[]) to app_kv;
