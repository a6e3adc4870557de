-- The documents of the key-value store. Most documents have their own key. Some applications have written whole
-- documents into lists, e.g. `gifts:all`. A document in a list can be the only copy of its entity. Therefore it has an
-- entry in kv.ids, too, with a key that is computed from the key of the list and the id, e.g. `gifts:all::<id>`.
--
-- No family of documents contains keys with `::`, so a computed key is never the key of a document in the store.

set local role app_mirror;

-- Returns the entity whose ids or documents a list contains. Null means that the key is not the key of such a list.
create or replace function kv.entity_of_list(key text) returns text
language sql immutable parallel safe
return case
  when key in ('clients:all', 'sites:all', 'catalogs:all', 'orders:all')
    then trim(trailing 's' from split_part(key, ':', 1))
  when key = 'gifts:all' or key like 'catalog\_gifts:%' then 'product'
  when key like 'catalog\_index:%' then 'catalog'
  when key like 'user\_orders:%' or key like 'order\_index:%' then 'order' end;

-- Returns the items of a list. Returns no items if the value is not a list.
create or replace function kv.items_of(value jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  items jsonb := kv.decoded(value);
begin
  return case jsonb_typeof(items) when 'array' then items else '[]' end;
end
$$;

-- Returns the lists of the store whose items are ids or documents of entities.
create or replace function kv.lists() returns table (key text, entity text, items jsonb)
language sql stable
as $$
  select key, kv.entity_of_list(key), kv.items_of(value) from kv_store_6fcaeea3
  where key in ('clients:all', 'sites:all', 'catalogs:all', 'gifts:all', 'orders:all')
    or key >= 'catalog_gifts:' and key < 'catalog_gifts;' or key >= 'catalog_index:' and key < 'catalog_index;'
    or key >= 'order_index:' and key < 'order_index;' or key >= 'user_orders:' and key < 'user_orders;'
$$;

-- Returns the computed key of a document in a list. Different documents with the same id in the list have different
-- numbers in `copy`. If the id is missing or too long, or could make two computed keys equal, the computed key contains
-- a hash instead.
create or replace function kv.key_in_list(list text, stated text, copy bigint) returns text
language sql immutable parallel safe
return case
  when stated <> '' and length(stated) <= 200 and length(list) <= 500 and position('::' in ':' || stated || ':') = 0
    and position('::' in list || ':') = 0
    then list || '::' || stated || case when copy > 1 then '::' || copy else '' end
  else left(list, 500) || ':::'
    || encode(sha256(convert_to(jsonb_build_array(list, stated, copy)::text, 'UTF8')), 'hex') end;

-- Returns whether an item of a list is a whole document: an object with more fields than its id and its revision.
create or replace function kv.is_whole(item jsonb) returns boolean
language sql immutable parallel safe
return case jsonb_typeof(item) when 'object' then item - '{id,_rev}'::text[] <> '{}' else false end;

-- Returns an item of a list. If the item is a document as JSON in a string, the function decodes the string.
create or replace function kv.decoded_item(item jsonb) returns jsonb
language sql immutable parallel safe
return case when jsonb_typeof(item) = 'object' or jsonb_typeof(item) = 'string' and item #>> '{}' ~ '^\s*\{'
  then kv.decoded(item) else item end;

-- Returns the documents of a list. Each document has its computed key and the id that the document contains. Equal
-- documents are returned once.
create or replace function kv.documents_in(list text, items jsonb) returns table (key text, stated text, value jsonb)
language sql immutable parallel safe
as $$
  with documents as (
    select d.value, kv.line(d.value -> 'id', 1024) as stated, min(e.n) as n
    from jsonb_array_elements($2) with ordinality e (value, n)
      cross join lateral (select kv.decoded_item(e.value) as value offset 0) d
    where kv.is_whole(d.value)
    group by 1, 2
  )
  select kv.key_in_list($1, stated, row_number() over (partition by stated order by n)), stated, value from documents
$$;

-- Returns the documents in the store that have the given keys of kv.ids. Each list is read once.
create or replace function kv.documents(keys text[]) returns table (key text, value jsonb)
language sql stable
as $$
  select i.key, d.value from kv.ids i join kv_store_6fcaeea3 d on d.key = i.key
  where i.key = any ($1) and i.list is null
  union all
  select e.key, e.value
  from (select i.list, jsonb_object_agg(i.key, 1) as keys from kv.ids i where i.key = any ($1) and i.list is not null
        group by 1) l
    join kv_store_6fcaeea3 s on s.key = l.list
    cross join lateral kv.documents_in(l.list, kv.items_of(s.value)) e
  where l.keys ? e.key
$$;

-- Returns the identity of a document in a list, from the id that the document contains. If the id has the form of a
-- key, e.g. `order:<site>:<id>`, it is parsed as a key. Any other id with a colon is not valid.
create or replace function kv.identity_in_list(
  entity text, key text, stated text, environments text[], out environment text, out old_id text)
language plpgsql stable
as $$
declare
  identity record;
begin
  environment := 'production';
  old_id := coalesce(stated, '');
  if length(old_id) > 200 then
    old_id := 'too-long:' || encode(sha256(convert_to(key, 'UTF8')), 'hex');
  elsif position(':' in old_id) > 0 then
    if entity is distinct from (
        select k.meaning from app.kv_key_families() k
        where split_part(stated, ':', 1) = any (k.heads) and stated ~ k.pattern limit 1) then
      old_id := key;
      return;
    end if;
    identity := kv.identity(entity, stated, 'null', environments);
    environment := identity.environment;
    old_id := identity.old_id;
  end if;
end
$$;
