-- The documents of erased persons inside other documents of orders: in further lists and objects, and as JSON in a
-- string, at any depth. Such a part is no document of its own, so the erasure of its order does not change it. A job of
-- the erasure reads all documents of orders afterwards. Its work is bounded by the size of the store, and each of its
-- transactions by a number of documents and of bytes.

set local role app_mirror;

-- Returns the keys of the next documents of orders and of lists of orders, after the key `after`: at most `size` of
-- them, and at most 8 MB, but at least one.
create or replace function kv.next_order_keys(after text, size integer) returns text[]
language plpgsql stable
as $$
declare
  page text[] := '{}';
  bytes bigint := 0;
  d record;
begin
  for d in
    select s.key, octet_length(s.value::text) as bytes from kv_store_6fcaeea3 s
    where s.key > after and (s.key >= 'order' and s.key < 'ordes' or s.key >= 'user_orders:' and s.key < 'user_orders;')
    order by s.key limit size
  loop
    exit when bytes > 0 and bytes + d.bytes > 8000000;
    page := page || d.key;
    bytes := bytes + d.bytes;
  end loop;
  return page;
end
$$;

-- Returns a part of a document of an order without the data of erased persons (kv.part_without_erased). A part that is
-- too deep to be read stays, unless it mentions one of the addresses. Otherwise the function returns null.
create or replace function kv.without_copies(key text, part jsonb, in_order boolean, addresses text[]) returns jsonb
language plpgsql stable
as $$
begin
  return case when in_order or kv.is_irregular(part) then kv.part_without_erased(key, part, in_order) else part end;
exception when program_limit_exceeded then
  return case when not kv.mentions_address(part, addresses) then part end;
end
$$;

-- Returns a document of an order, or a list of orders, without documents of erased persons inside it. In a list, an
-- item that is too deep to be read is left out if it mentions one of the addresses. Any other document that is too deep
-- stays as it is, because it has no list in which it could be left out.
create or replace function kv.document_without_copies(key text, value jsonb, addresses text[]) returns jsonb
language plpgsql stable
as $$
declare
  items constant jsonb := kv.items_of(value);
  written jsonb;
begin
  if kv.entity_of_list(key) is distinct from 'order' then
    return coalesce(kv.without_copies(key, value, false, addresses), value);
  elsif items = '[]' then  -- an object in the place of a list: each part of a list is checked
    return coalesce(kv.without_copies(key, jsonb_build_array(value), false, addresses) -> 0, value);
  end if;
  written := (
    select coalesce(jsonb_agg(w.item order by e.n) filter (where w.item is not null), '[]')
    from jsonb_array_elements(items) with ordinality e (item, n)
      cross join lateral (select kv.without_copies(key, e.item, false, addresses) as item offset 0) w);
  return case when written = items then value when jsonb_typeof(value) = 'string' then to_jsonb(written::text)
    else written end;
end
$$;

-- Returns a document of an order as an application writes it, without documents of erased persons inside it. Lists have
-- a function of their own (kv.list_without_erased).
create or replace function kv.stated_without_copies(key text, value jsonb) returns jsonb
language plpgsql stable
as $$
begin
  return case when key ~ '^orders?:' and kv.is_irregular(kv.decoded(value)) and not kv.is_deep(kv.decoded(value))
    then kv.part_without_erased(key, value, false) else value end;
end
$$;

-- Marks the documents of a list whose content has changed from `before` to `after` as mapped, if they were before.
create or replace function kv.keep_list_mapped(list text, before jsonb, after jsonb) returns void
language sql volatile
as $$
  update kv.ids i set fingerprint = kv.fingerprint(a.value),
    mapped_fingerprint = case when i.mapped_fingerprint = i.fingerprint then kv.fingerprint(a.value) end
  from kv.documents_in($1, kv.items_of(before)) b join kv.documents_in($1, kv.items_of(after)) a on a.key = b.key
  where i.key = a.key and i.list = $1 and i.fingerprint = kv.fingerprint(b.value) and a.value <> b.value
$$;

-- Removes the documents of erased persons inside the next documents of orders after the key `after`, inside their
-- earlier versions, and inside the fields that have no column. Returns the last key, or null at the end. While the
-- mirror is off, the documents of orders are not changed, so the function returns null.
create or replace function kv.erase_copies(addresses text[], after text, size integer, out last_key text)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  page constant text[] := case when kv.is_mirrored() then kv.next_order_keys(after, size) else '{}' end;
  keys text[];
  d record;
begin
  last_key := page[cardinality(page)];
  for d in
    select s.key, s.value, kv.document_without_copies(s.key, s.value, addresses) as written
    from kv_store_6fcaeea3 s
    where s.key = any (page) and kv.document_without_copies(s.key, s.value, addresses) <> s.value
    order by s.key for update
  loop
    if kv.entity_of_list(d.key) is null then
      perform kv.replace_document(d.key, null, d.written);
    else
      update kv_store_6fcaeea3 s set value = d.written where s.key = d.key;
      perform kv.keep_list_mapped(d.key, d.value, d.written);
    end if;
  end loop;
  keys := page || array(select i.key from kv.ids i where i.list = any (page));
  delete from kv.history h
  where h.key = any (keys) and kv.without_copies(h.key, h.value, false, addresses) is distinct from h.value;
  delete from kv.remainders r
  where r.key = any (keys) and kv.without_copies(r.key, r.value, true, addresses) is null;
  update kv.remainders r set value = kv.without_copies(r.key, r.value, true, addresses)
  where r.key = any (keys) and kv.without_copies(r.key, r.value, true, addresses) <> r.value;
end
$$;
grant execute on function kv.erase_copies(text[], text, integer) to app_definer;
