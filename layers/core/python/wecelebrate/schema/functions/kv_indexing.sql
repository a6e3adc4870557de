-- These functions find the documents of clients, sites, catalogs, products and orders by the families of their keys,
-- and decide which documents belong to the same row. The ids in the lists of the store are used only for the column
-- `listed`.

set local role app_mirror;

-- Returns the environments of the predecessor. The second segment of an order's key is an environment or a site. The id
-- of a site never counts as an environment, because otherwise a document `environments:<site>` would hide the orders of
-- the site.
create or replace function kv.environment_names() returns text[]
language sql stable
as $$
  select '{production,development,staging,test,testing,preview,local,demo,qa,uat,sandbox}'::text[]
    || array(select split_part(key, ':', 2) from kv_store_6fcaeea3
             where key > 'environments:' and key < 'environments;'
             except
             select split_part(key, ':', -1) from kv_store_6fcaeea3
             where key >= 'site:' and key < 'site;' or key >= 'sites:' and key < 'sites;'
             except
             select old_id from kv.ids where entity = 'site')
$$;

-- Returns the name of an entity in the keys of the store.
create or replace function kv.name_of(entity text) returns text
language sql immutable parallel safe
return case entity when 'product' then 'gift' else entity end;

-- Returns the identity of a document from its key and its field `id`. `conflict` is true if the field contains the id
-- of another document. An application has then written the document under a wrong key, and its identity is unknown. An
-- id of more than 200 characters does not fit into the index of the ids, so a hash of the key replaces the id.
create or replace function kv.identity(
  entity text, key text, value jsonb, environments text[],
  out environment text, out old_id text, out conflict boolean)
language plpgsql stable
as $$
declare
  parts text[] := string_to_array(key, ':');
  name text := parts[cardinality(parts)];
  stated text := case when jsonb_typeof(value) = 'object' then kv.line(value -> 'id', 1024) end;
begin
  environment := case
    when cardinality(parts) < 3 then 'production'
    when entity <> 'order' or parts[2] = any (environments) then parts[2]
    else 'production' end;
  old_id := name;
  conflict := false;
  if length(environment) > 200 or greatest(length(name), length(parts[cardinality(parts) - 1])) > 200
    or length(stated) > 200 and stated <> key then
    environment := left(environment, 200);
    old_id := 'too-long:' || encode(sha256(convert_to(key, 'UTF8')), 'hex');
    return;
  end if;
  if stated is null or stated = name or stated = key or right(stated, length(name) + 1) = ':' || name
    or name in ('', '[object Object]', 'undefined', 'null') then
    return;
  end if;
  if position(':' in stated) > 0 then
    conflict := true;
  elsif stated = kv.name_of(entity) || '-' || name or not exists (
      select from kv_store_6fcaeea3 d where d.key = any (kv.keys_of(entity, environment, stated))) then
    old_id := stated;
  else
    conflict := true;
  end if;
  if conflict then
    old_id := key;  -- an old id contains no colon, so no other document has this id
  end if;
end
$$;

-- Indexes the documents of the next keys after a key. Returns the last key, or null after the last document. If an
-- error occurs, the function indexes the documents one by one. A document with an error is indexed as unreadable.
create or replace function kv.index_documents(after text, environments text[], size integer, out last_key text)
language plpgsql volatile
as $$
declare
  names constant text[] := kv.environment_names();
  list refcursor;
  page text[];
  d record;
begin
  open list no scroll for
    select s.key, octet_length(s.value::text) as bytes from kv_store_6fcaeea3 s where s.key > $1
    order by s.key limit size;
  page := app.next_keys(list);
  last_key := page[cardinality(page)];
  begin
    perform kv.index_keys(page, environments, names, false);
    return;
  exception when others then
    perform kv.raise_unless_of_a_document(sqlstate, sqlerrm);
  end;
  for d in select k as key from unnest(page) k loop
    begin
      perform kv.index_keys(array[d.key], environments, names, false);
    exception when others then
      perform kv.raise_unless_of_a_document(sqlstate, sqlerrm);
      perform kv.index_keys(array[d.key], environments, names, true);
    end;
  end loop;
end
$$;

-- Returns the documents of entities under the given keys of the store, including documents in lists. If `is_hostile` is
-- true, the function does not read the values, and returns one unreadable document for each key.
create or replace function kv.identify(keys text[], environments text[], is_hostile boolean)
returns table (key text, entity text, environment text, old_id text, list text, value jsonb)
language sql stable
as $$
  with families as materialized (
    select p.key, p.value, kv.entity_of_list(p.key) as listed, (
        select k.meaning from app.kv_key_families() k
        where split_part(p.key, ':', 1) = any (k.heads) and p.key ~ k.pattern limit 1) as meaning
    from kv_store_6fcaeea3 p where p.key = any ($1)
  )
  select f.key, f.meaning, e.environment,
    case when is_hostile then 'unreadable:' || encode(sha256(convert_to(f.key, 'UTF8')), 'hex') else e.old_id end,
    null, case when is_hostile then 'null' else f.value end
  from families f
    cross join lateral kv.identity(f.meaning, f.key, case when is_hostile then 'null' else f.value end, $2) e
  where f.meaning in ('client', 'site', 'catalog', 'product', 'order')
  union all
  select d.key, f.listed, e.environment, e.old_id, f.key, d.value
  from families f
    cross join lateral kv.documents_in(f.key, kv.items_of(f.value)) d
    cross join lateral kv.identity_in_list(f.listed, d.key, d.stated, $2) e
  where f.listed is not null and not is_hostile
  union all
  select kv.key_in_list(f.key, null, 0), f.listed, 'production',
    'unreadable:' || encode(sha256(convert_to(f.key, 'UTF8')), 'hex'), f.key, 'null'
  from families f where f.listed is not null and is_hostile
$$;

-- Indexes the documents under the given keys of the store, including documents in lists. If `is_hostile` is true, the
-- values are not read, and the documents do not become rows. If the row of a document was deleted in the platform, the
-- document gets the state `deleted`, even if it has a new key.
--
-- After a retirement, the states of the documents that are still in the store do not change, because the documents to
-- which they refer are archived. The states of documents in lists that are still in the store do not change either,
-- because an erasure needs these states.
create or replace function kv.index_keys(keys text[], environments text[], names text[], is_hostile boolean)
returns void
language sql volatile
as $$
  with retired as materialized (  -- a call for each document would take as long as its mapping
    select e.name from unnest('{client,site,catalog,product,order}'::text[]) e (name) where kv.is_retired(e.name)
  ), documents as materialized (
    select d.*, kv.id_of(d.entity, d.environment, d.old_id) as id,
      case when is_hostile then 0 else kv.fingerprint(d.value) end as fingerprint
    from kv.identify($1, $3, $4) d
    where d.environment = any ($2)
      and not (d.entity in (select r.name from retired r) and exists (select from kv.ids k where k.key = d.key))
  ), gone as (
    update kv.ids i set state = 'gone', mapped_fingerprint = null
    where i.list = any ($1) and i.environment = any ($2) and i.state not in ('gone', 'deleted')
      and i.entity not in (select r.name from retired r)
      and not exists (select from documents d where d.key = i.key)
    returning i.key
  ), forgotten as (
    delete from kv.history h using gone g where h.key = g.key
  ), released as (
    delete from kv.quarantine q using gone g where q.key = g.key
  )
  insert into kv.ids as i (key, entity, environment, old_id, id, list, fingerprint, state)
  select d.key, d.entity, d.environment, d.old_id, d.id, d.list, d.fingerprint,
    case when exists (select from kv.ids x where x.entity = d.entity and x.id = d.id and x.state = 'deleted')
      then 'deleted' else 'pending' end
  from documents d
  on conflict (key) do update set environment = excluded.environment, old_id = excluded.old_id, id = excluded.id,
    fingerprint = excluded.fingerprint,
    state = case when excluded.state = 'deleted' or i.state in ('gone', 'deleted') then excluded.state else i.state end,
    mapped_fingerprint = case when i.id = excluded.id and i.state <> 'gone' then i.mapped_fingerprint end,
    has_row = i.has_row and i.id = excluded.id, base = case when i.id = excluded.id then i.base end
  where (i.environment, i.old_id, i.id, i.fingerprint) is distinct from
    (excluded.environment, excluded.old_id, excluded.id, excluded.fingerprint) or i.state = 'gone'
$$;

-- Raises the given error again if a document cannot be its cause: for transaction conflicts, missing resources or
-- objects, cancelled statements, and missing privileges.
create or replace function kv.raise_unless_of_a_document(code text, message text) returns void
language plpgsql immutable
as $$
begin
  if left(code, 2) in ('25', '40', '42', '53', '55', '57', '58') then
    raise exception using errcode = code, message = message;
  end if;
end
$$;

-- Marks the documents that no longer exist in the store, and the documents whose ids are in a list. Returns the number
-- of ids in lists that have no document, and the number of ids that occur more than once in a list. Documents in lists
-- that have no id are not counted. The states of documents of a retired entity do not change, because these documents
-- are in the archive.
create or replace function kv.index_lists(out dangling bigint, out repeated bigint)
language plpgsql volatile
as $$
begin
  update kv.ids i set state = 'gone', mapped_fingerprint = null
  where i.state not in ('gone', 'deleted') and not kv.is_retired(i.entity)
    and not exists (select from kv_store_6fcaeea3 d where d.key = coalesce(i.list, i.key));
  delete from kv.quarantine q using kv.ids i
  where i.key = q.key and (i.state = 'gone' or i.state = 'deleted'
    and not exists (select from kv.documents(array[i.key])));
  with listed as materialized (
    select l.key, l.entity, item.old_id, count(*) as n
    from kv.lists() l
      cross join lateral jsonb_array_elements(l.items) e
      cross join lateral (select kv.decoded_item(e.value) as value offset 0) d
      cross join lateral (
        select case when jsonb_typeof(d.value) = 'object' then kv.line(d.value -> 'id', 1024)
          else d.value #>> '{}' end as old_id) item
    where not (kv.is_whole(d.value) and item.old_id is null)
    group by 1, 2, 3
  ), names as materialized (
    select distinct entity, old_id from listed
  ), marked as (
    update kv.ids i set listed = not i.listed
    from (select i.key from kv.ids i where not kv.is_retired(i.entity) and i.listed <> (i.list is not null or exists (
            select from names n where n.entity = i.entity and n.old_id = i.old_id))) changed
    where changed.key = i.key
  )
  select (
      select count(*) from names n
      where not exists (
          select from kv.ids i where i.entity = n.entity and i.old_id = n.old_id and i.state <> 'gone')
        and not exists (
          select from kv.ids i where i.key = any (kv.keys_of(n.entity, 'production', n.old_id) || n.old_id)
            and i.state <> 'gone')),
    (select count(*) from listed l where l.n > 1)
  into dangling, repeated;
end
$$;

-- Maps one document.
create or replace function kv.map(entity text, key text, old_id text, value jsonb, is_mixed boolean)
returns kv.mapping
language plpgsql stable
as $$
declare
  reason text := case
    when old_id = key then 'id_of_another_record'
    when old_id like 'too-long:%' then 'id_too_long'
    when old_id like 'unreadable:%' then 'cannot_be_mapped'
    when old_id in ('', '[object Object]', 'undefined', 'null') then 'no_id'
    when is_mixed then 'id_in_use'
    when jsonb_typeof(value) <> 'object' then 'not_an_object'
    when kv.is_deep(value) then 'too_deep' end;
begin
  if reason is not null then
    return (reason, 'id', null, null, null)::kv.mapping;
  end if;
  return case entity
    when 'client' then kv.map_client(old_id, value)
    when 'catalog' then kv.map_catalog(old_id, value)
    when 'site' then kv.map_site(old_id, value)
    when 'product' then kv.map_product(old_id, value)
    when 'order' then kv.map_order(old_id, key, value) end;
end
$$;

-- Maps the documents that decide the values of rows, and returns the drafts in the order of their keys. If several
-- documents belong to one row, the function chooses the document by the form of its key, and never by its time. A
-- document with its own key takes precedence over a document in a list. If a document was deleted, another document
-- with the same id decides the values of the row.
create or replace function kv.drafts(entity text, ids uuid[]) returns kv.draft[]
language sql stable
as $$
  with entries as materialized (
    select i.*, exists (
        select from kv.ids same where same.entity = $1 and same.id = i.id and same.has_row
          and lower(same.old_id) = lower(i.old_id)) as row_exists
    from kv.ids i where i.entity = $1 and i.id = any ($2) and i.state not in ('gone', 'deleted')
  ), documents as materialized (
    select i.key, i.environment, i.old_id, i.id, d.value as stored, kv.decoded(d.value) as value,
      bool_or(i.row_exists) over same as has_row,
      min(lower(i.old_id)) over same <> max(lower(i.old_id)) over same as is_mixed,
      row_number() over (partition by i.id order by
        array_position(kv.keys_of($1, i.environment, i.old_id), i.key) nulls last, i.list nulls first, i.key) as n
    from entries i join kv.documents(array(select e.key from entries e)) d on d.key = i.key
    window same as (partition by i.id)
  )
  select coalesce(array_agg((d.key, $1, d.environment, d.old_id, d.id, d.has_row, false, m.reason, m.field, m.columns,
      coalesce(m.remainder, '{}'), coalesce(m.notes, '{}')
        || case when jsonb_typeof(d.stored) = 'string' then '{"encoded_twice": ""}'::jsonb else '{}' end
    )::kv.draft order by d.key), '{}')
  from documents d cross join lateral kv.map($1, d.key, d.old_id, d.value, d.is_mixed) m
  where d.n = 1
$$;
