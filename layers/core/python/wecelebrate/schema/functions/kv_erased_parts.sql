-- The documents of erased persons inside other documents of orders: in nested lists and objects, and as JSON in a
-- string, at any depth. The erasure of an order does not change such parts, because a part is not a separate document.
-- Therefore the erasure then searches all documents of orders. The total work is bounded by the size of the store. Each
-- transaction is bounded by a number of documents and a number of bytes.

set local role app_mirror;

-- Returns whether a key belongs to a document of an order, to a list of orders, or to a document in such a list.
-- PostgreSQL inlines the function, so that it can use an index on keys.
create or replace function kv.is_key_of_orders(key text) returns boolean
language sql immutable parallel safe
return key collate "C" >= 'order' and key collate "C" < 'ordes'
  or key collate "C" >= 'user_orders:' and key collate "C" < 'user_orders;';

-- Returns the keys of the next documents and lists of orders after the key `after`: at most `size` keys. Their values
-- have at most 8 MB, unless the first value alone has more.
create or replace function kv.next_order_keys(after text, size integer) returns text[]
language plpgsql stable
as $$
declare
  list refcursor;
begin
  open list no scroll for
    select s.key, octet_length(s.value::text) as bytes from kv_store_6fcaeea3 s
    where s.key > after and kv.is_key_of_orders(s.key)
    order by s.key limit size;
  return app.next_keys(list);
end
$$;

-- Returns the next keys of orders after the key `after`: at most `size` keys. A key is returned if the store has a
-- document or a list with this key, an earlier version of it, or fields of it that have no column. The values have at
-- most 8 MB, unless the values of the first key alone have more.
create or replace function kv.next_keys_of_copies(after text, size integer) returns text[]
language plpgsql stable
as $$
declare
  list refcursor;
begin
  open list no scroll for
    select k.key, (select coalesce(sum(octet_length(v.value::text)), 0) from (
      select s.value from kv_store_6fcaeea3 s where s.key = k.key
      union all select h.value from kv.history h where h.key = k.key
      union all select r.value from kv.remainders r where r.key = k.key) v) as bytes
    from (
      (select s.key from kv_store_6fcaeea3 s where s.key > after and kv.is_key_of_orders(s.key)
       order by s.key limit size)
      union
      (select distinct h.key from kv.history h where h.key > after and kv.is_key_of_orders(h.key)
       order by h.key limit size)
      union
      (select r.key from kv.remainders r where r.key > after and kv.is_key_of_orders(r.key) order by r.key limit size)
    ) k
    order by k.key limit size;
  return app.next_keys(list);
end
$$;

-- Returns whether a part that is too deeply nested to be parsed belongs to an order of the person. The part must
-- contain one of the addresses, and must not contain another client. If the part is an order, the order must also be
-- marked or erased.
create or replace function kv.is_deep_copy(part jsonb, client uuid, addresses text[]) returns boolean
language plpgsql stable
as $$
declare
  content constant jsonb := kv.decoded(part);
  clients uuid[];
  ids uuid[];
begin
  if not kv.mentions_address(part, addresses) then
    return false;
  end if;
  select kv.clients_of(array_agg(m[2]) filter (where m[1] ~* '^site'), array_agg(m[2]) filter (where m[1] ~* '^client'))
  into clients
  from regexp_matches(part::text, '"((?:site|client)_?id)\\*"\s*:\s*\\*"([^"\\]+)', 'gi') m;
  if clients <> '{}' and client <> all (clients) then
    return false;
  end if;
  ids := kv.possible_orders(null, content, kv.environment_names());
  return not content ? 'id' or not kv.looks_like_order(content)
    or exists (select from kv.erased_orders e where e.order_id = any (ids) and e.client_id = client)
    or exists (select from orders o where o.id = any (ids) and o.client_id = client and o.erased_at is not null);
end
$$;

-- Returns a part of a document of an order without the data of erased persons (kv.part_without_erased). For a part that
-- is too deeply nested to be parsed, the function returns null if the part belongs to an order of the person. Otherwise
-- it returns the part unchanged.
create or replace function kv.without_copies(
  key text, part jsonb, in_order boolean, client uuid, addresses text[]) returns jsonb
language plpgsql stable
as $$
begin
  return case when in_order or kv.is_irregular(part) then kv.part_without_erased(key, part, in_order) else part end;
exception when program_limit_exceeded then
  return case when not kv.is_deep_copy(part, client, addresses) then part end;
end
$$;

-- Returns a document of an order, or a list of orders, without documents of erased persons inside it. An item of a list
-- that is too deeply nested to be parsed is left out if it belongs to an order of the person. A document with its own
-- key that is too deeply nested does not change.
create or replace function kv.document_without_copies(
  key text, value jsonb, client uuid, addresses text[]) returns jsonb
language plpgsql stable
as $$
declare
  items constant jsonb := kv.items_of(value);
  written jsonb;
begin
  if kv.entity_of_list(key) is distinct from 'order' then
    return coalesce(kv.without_copies(key, value, false, client, addresses), value);
  elsif items = '[]' then  -- an object in the place of a list: each part of a list is checked
    return coalesce(kv.without_copies(key, jsonb_build_array(value), false, client, addresses) -> 0, value);
  end if;
  written := (
    select coalesce(jsonb_agg(w.item order by e.n) filter (where w.item is not null), '[]')
    from jsonb_array_elements(items) with ordinality e (item, n)
      cross join lateral (select kv.without_copies(key, e.item, false, client, addresses) as item offset 0) w);
  return case when written = items then value when jsonb_typeof(value) = 'string' then to_jsonb(written::text)
    else written end;
end
$$;

-- Returns an order's document as an application writes it, without the documents of erased persons inside it. Lists
-- have their own function (kv.list_without_erased).
create or replace function kv.stated_without_copies(key text, value jsonb) returns jsonb
language plpgsql stable
as $$
begin
  return case when key ~ '^orders?:' and kv.is_irregular(kv.decoded(value)) and not kv.is_deep(kv.decoded(value))
    then kv.part_without_erased(key, value, false) else value end;
end
$$;

-- Marks changed documents of a list as mapped. `before` and `after` are the contents of the list before and after the
-- change. A document that was not mapped before the change is not marked.
create or replace function kv.keep_list_mapped(list text, before jsonb, after jsonb) returns void
language sql volatile
as $$
  update kv.ids i set fingerprint = kv.fingerprint(a.value),
    mapped_fingerprint = case when i.mapped_fingerprint = i.fingerprint then kv.fingerprint(a.value) end
  from kv.documents_in($1, kv.items_of(before)) b join kv.documents_in($1, kv.items_of(after)) a on a.key = b.key
  where i.key = a.key and i.list = $1 and i.fingerprint = kv.fingerprint(b.value) and a.value <> b.value
$$;

-- Removes the documents of erased persons inside a document of an order or a list of orders. Only a document that must
-- change is locked. After that, it is read again, because an application may have written it in the meantime.
create or replace function kv.erase_copies_in_document(key text, client uuid, addresses text[]) returns void
language plpgsql volatile
as $$
declare
  before jsonb := (select s.value from kv_store_6fcaeea3 s where s.key = $1);
  after jsonb := kv.document_without_copies($1, before, client, addresses);
begin
  if after = before or before is null then
    return;
  end if;
  select s.value into before from kv_store_6fcaeea3 s where s.key = $1 for update;
  after := kv.document_without_copies($1, before, client, addresses);
  if after = before or before is null then
    return;
  elsif kv.entity_of_list($1) is null then
    perform kv.replace_document($1, null, after);
  else
    update kv_store_6fcaeea3 s set value = after where s.key = $1;
    perform kv.keep_list_mapped($1, before, after);
  end if;
end
$$;

-- Removes the documents of erased persons inside the fields of a document that have no column.
create or replace function kv.erase_copies_in_remainder(key text, client uuid, addresses text[]) returns void
language plpgsql volatile
as $$
declare
  before jsonb := (select r.value from kv.remainders r where r.key = $1);
  after jsonb := kv.without_copies($1, before, true, client, addresses);
begin
  if after = before or before is null then
    return;
  end if;
  select r.value into before from kv.remainders r where r.key = $1 for update;
  after := kv.without_copies($1, before, true, client, addresses);
  if after is null then
    delete from kv.remainders r where r.key = $1;
  elsif after <> before then
    update kv.remainders r set value = after where r.key = $1;
  end if;
end
$$;

-- Removes the documents of erased persons inside the next documents of orders after the key `after`, inside their
-- earlier versions, and inside the fields that have no column. `client` and `addresses` belong to the erasure. Each
-- value is searched once, and is searched again if it changes. Returns the last key, or null at the end. If the mirror
-- is off, documents of orders do not change, and the function returns null.
create or replace function kv.erase_copies(
  client uuid, addresses text[], after text, size integer, out last_key text)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  page constant text[] := case when kv.is_mirrored() then kv.next_keys_of_copies(after, size) else '{}' end;
  k text;
begin
  last_key := page[cardinality(page)];
  foreach k in array page loop
    perform kv.erase_copies_in_document(k, client, addresses);
    perform kv.erase_copies_in_remainder(k, client, addresses);
  end loop;
  delete from kv.history h
  where h.key = any (page) and kv.without_copies(h.key, h.value, false, client, addresses) is distinct from h.value;
end
$$;
grant execute on function kv.erase_copies(uuid, text[], text, integer) to app_definer;
