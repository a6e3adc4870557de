-- The stages of the cutover. A stage determines whether the store or the tables lead, and for which records a read of
-- the store returns the values of the rows. The stage of a client takes precedence over the stage of all clients. A
-- caller cannot forge a stage, because session settings have no effect on it.

set local role app_mirror;

-- Returns the client that owns a row. Returns null if the row does not exist, or if the platform owns the row.
create or replace function kv.client_of_row(entity text, id uuid) returns uuid
language plpgsql stable
as $$
begin
  case entity
    when 'client' then return (select t.id from clients t where t.id = $2);
    when 'catalog' then return (select t.owner_client_id from catalogs t where t.id = $2);
    when 'site' then return (select t.client_id from sites t where t.id = $2);
    when 'product' then return (
      select c.owner_client_id from products t join catalogs c on c.id = t.catalog_id where t.id = $2);
    else return (select t.client_id from orders t where t.id = $2);
  end case;
end
$$;

-- Returns the client of a document: the owner of its row, or otherwise the client to which the document refers. Returns
-- null if the document does not refer to an existing client.
create or replace function kv.client_of_document(d kv.ids) returns uuid
language plpgsql stable
as $$
declare
  owner constant uuid := kv.client_of_row(d.entity, d.id);
  value jsonb;
begin
  if owner is not null then
    return owner;
  end if;
  value := coalesce((select kv.decoded(s.value) from kv.documents(array[d.key]) s),
    (select kv.decoded(s.value) from kv_store_6fcaeea3 s where s.key = d.key));
  if jsonb_typeof(value) is distinct from 'object' or kv.is_deep(value) then
    return null;
  end if;
  value := kv.fields(value);
  return case d.entity
    when 'catalog' then kv.row_of('client', d.environment,
      kv.line(coalesce(value -> 'ownerClientId', value -> 'clientId', value -> 'ownerId'), 1024))
    when 'site' then kv.row_of('client', d.environment,
      kv.line(coalesce(value -> 'clientId', value #> '{client,id}'), 1024))
    when 'product' then kv.client_of_row('catalog', kv.row_of('catalog', d.environment,
      kv.line(coalesce(value -> 'catalogId', value #> '{catalog,id}'), 1024)))
    when 'order' then kv.client_of_row('site', kv.row_of('site', d.environment,
      coalesce(kv.line(coalesce(value -> 'siteId', value #> '{site,id}'), 1024), case
        when cardinality(string_to_array(d.key, ':')) = 3 then split_part(d.key, ':', 2) end))) end;
end
$$;

-- Returns the stage that applies to the records of a client. If no stage is stored, the store leads.
create or replace function kv.stage_of(entity text, client_id uuid) returns kv.stages
language sql stable
as $$
  select s.* from kv.stages s where s.entity = $1 and (s.client_id = $2 or s.client_id is null)
  order by s.client_id nulls last limit 1
$$;

-- Returns a fixed number between 0 and 100 for a record. If this number is less than `reads`, a read of the record
-- returns the row. Therefore a record that is included at 25 % is also included at 50 %.
create or replace function kv.place_of(entity text, id uuid) returns double precision
language sql immutable parallel safe
return (
  select (get_byte(hash, 0) * 65536 + get_byte(hash, 1) * 256 + get_byte(hash, 2)) * 100.0 / 16777216
  from sha256(convert_to(entity || ':' || id, 'UTF8')) hash);

-- Returns the entity of the documents with this key. For the key of a list, returns the entity of the documents in the
-- list. Returns null if the key belongs to no entity.
create or replace function kv.entity_of_key(key text) returns text
language sql stable
return coalesce(kv.entity_of_list(key), case when kv.is_entity_key(key) then (
  select k.meaning from app.kv_key_families() k
  where split_part($1, ':', 1) = any (k.heads) and $1 ~ k.pattern limit 1) end);

-- Returns the entries that kv.refuse_documents needs as `earlier`, before the documents with these keys are mapped: the
-- entries of documents with rows, and the entries of unmapped documents in lists.
create or replace function kv.entries_before(keys text[]) returns kv.ids[]
language sql stable
return array(
  select i from kv.ids i
  where i.key = any (keys) and i.has_row
    or i.list = any (keys) and i.fingerprint is distinct from i.mapped_fingerprint);

-- Returns the bad documents, with the reasons, after a statement has written the documents with these keys. A bad
-- document is in quarantine, or was not mapped because the statement wrote too many documents. If the mapping failed
-- with the error code `failure`, all documents are bad.
--
-- If a document has replaced a document of another record, the replaced document counts as bad: its entry is returned
-- from `earlier`. A document in a list is left out if it was bad before and has not changed. Otherwise the other
-- documents of the list could not be written.
create or replace function kv.bad_documents(keys text[], failure text, earlier kv.ids[])
returns table (entry kv.ids, reason text, field text)
language sql stable
as $$
  select i, case when failure is not null then 'mapping_failed' else coalesce(q.reason, 'too_many_documents') end,
    coalesce(failure, q.field, '')
  from kv.ids i left join kv.quarantine q on q.key = i.key
  where (i.key = any (keys) or i.list = any (keys)) and i.state <> 'gone'
    and (failure is not null or q.key is not null or i.state = 'pending'
      or i.state = 'mapped' and i.mapped_fingerprint <> i.fingerprint)
    and not (failure is null and i.list is not null
      and exists (select from unnest(earlier) e where e.key = i.key and e.fingerprint = i.fingerprint))
  union all
  select e, case when failure is not null then 'mapping_failed' else 'id_of_another_record' end,
    coalesce(failure, 'id')
  from unnest(earlier) e join kv.ids i on i.key = e.key
  where e.list is null and (failure is not null or i.id <> e.id)
  union all
  select jsonb_populate_record(null::kv.ids, jsonb_build_object('key', k, 'entity', kv.entity_of_key(k),
    'environment', 'production')), 'mapping_failed', failure
  from unnest(keys) k
  where failure is not null and kv.entity_of_key(k) is not null and not exists (select from kv.ids i where i.key = k)
$$;

-- Refuses a statement that has written a bad document, if the tables lead for the entity and the client of the
-- document. The error contains the reason as the name of a constraint. Because of the lock, a cutover waits for writes
-- that were accepted while the store led.
create or replace function kv.refuse_documents(keys text[], failure text, earlier kv.ids[]) returns void
language plpgsql volatile
as $$
declare
  d record;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('kv stages', 0));
  if not exists (select from kv.stages s where s.leads = 'tables') then
    return;
  end if;
  for d in
    select b.entry, b.reason, b.field from kv.bad_documents(keys, failure, earlier) b
  loop
    if (kv.stage_of((d.entry).entity, kv.client_of_document(d.entry))).leads = 'tables' then
      raise exception using
        errcode = case when d.reason = 'mapping_failed' then 'XX000' when d.reason in ('sku_repeated', 'id_in_use')
          then '23505' when d.reason like 'unknown\_%' and d.reason <> 'unknown_status' then '23503' else '23514' end,
        message = format('The document "%s" is refused: %s', left((d.entry).key, 200), d.reason),
        detail = format('The tables lead for each %s. Nothing was written. Field: %s', (d.entry).entity, d.field),
        constraint = d.reason;
    end if;
  end loop;
end
$$;
