-- The orders of erased persons. An order can have a document without a row. If this document mentions the person, an
-- erasure marks the possible ids of the order. A later mapping recognises the order by these ids, because no personal
-- data of the order may stay.
--
-- If an order has a row, the personal data is removed from its documents, and a later write cannot restore this data.
-- This applies to all documents with the identity of the order, under every key and in every list.

set local role app_mirror;

-- Returns whether a text in a document equals one of the addresses. The addresses must be in lower case. A very deeply
-- nested document is searched as one text for an address between quotation marks, which can have backslashes.
create or replace function kv.mentions_address(value jsonb, addresses text[]) returns boolean
language plpgsql immutable parallel safe
as $$
declare
  t constant text := lower(value::text);
begin
  if not exists (select from unnest(addresses) a where strpos(t, trim(both '"' from to_jsonb(a)::text)) > 0) then
    return false;
  elsif kv.is_deep(kv.decoded(value)) then
    return exists (
      select from unnest(addresses) a
      where t ~ ('"\s*' || regexp_replace(trim(both '"' from to_jsonb(a)::text), '([^[:alnum:]])', '\\\1', 'g')
        || '\s*\\*"'));
  end if;
  return exists (
    select from jsonb_path_query(kv.decoded(value), 'strict $.** ? (@.type() == "string")') s
    where lower(kv.line(s, 1024)) = any (addresses));
end
$$;

-- Searches the next `size` documents of orders after the key `after`, and marks the orders whose documents mention one
-- of the addresses. Orders that were placed after `placed_until` are not marked. Returns the last searched key, or null
-- at the end. The function waits for a running mapping.
--
-- The function cannot check the client of an order, because the site of the order may have no row yet. The mapping of
-- the order checks whether the order belongs to the client of the mark.
create or replace function kv.mark_erased_orders(
  client uuid, addresses text[], placed_until timestamptz, after text, size integer, out last_key text)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  names constant text[] := kv.environment_names();
  page text[];
begin
  perform pg_advisory_xact_lock(hashtextextended('kv erased orders', 0));
  page := kv.next_order_keys(after, size);
  last_key := page[cardinality(page)];
  insert into kv.erased_orders (order_id, client_id)
  select distinct kv.id_of('order', o.environment, o.old_id), client
  from (select * from kv.identify(page, names, false) o where o.entity = 'order' offset 0) o
  where kv.mentions_address(o.value, addresses)
    and coalesce(kv.placed_at(o.value, o.old_id), placed_until) <= placed_until
  on conflict do nothing;
end
$$;
grant execute on function kv.mark_erased_orders(uuid, text[], timestamptz, text, integer) to app_definer;

-- Returns when the order of a document was placed. Returns null if the document does not contain the time.
create or replace function kv.placed_at(value jsonb, old_id text) returns timestamptz
language plpgsql immutable parallel safe
as $$
declare
  document constant jsonb := kv.decoded(value);
begin
  return case when jsonb_typeof(document) = 'object' and not kv.is_deep(document)
    then kv.order_time(kv.fields(document), old_id) end;
end
$$;

-- Returns the possible order ids of a document. They are computed from the key of the document and from the id in the
-- document. `names` contains the environments. If `names` is null, any second segment of a key can be an environment.
create or replace function kv.possible_orders(key text, value jsonb, names text[]) returns uuid[]
language plpgsql immutable parallel safe
as $$
declare
  own_key constant text := case when kv.is_entity_key(key) then key end;
  name text;
  long_name text;
  environment text;
  ids uuid[] := '{}';
begin
  foreach name in array array_remove(array[own_key, kv.line(kv.decoded(value) -> 'id', 1024)], null) loop
    long_name := (select n from unnest(array[name, own_key]) n where n like '%:%:%' limit 1);
    environment := coalesce(split_part(long_name, ':', 2), 'production');
    if environment = any (names) or names is null then
      ids := ids || kv.id_of('order', environment, split_part(name, ':', -1));
    end if;
    if environment <> all (names) or names is null or environment = 'production' then
      ids := ids || kv.id_of('order', 'production', split_part(name, ':', -1));
    end if;
  end loop;
  return ids;
end
$$;

-- Returns the allowed content of the document if it belongs to an order whose person was erased. Returns null for other
-- documents. `value` is the value that an application writes. Only an order from the old applications has a document.
create or replace function kv.erased_document(key text, value jsonb) returns jsonb
language plpgsql stable
as $$
declare
  own constant uuid[] := array(select i.id from kv.ids i where i.key = $1 and i.entity = 'order');
begin
  if key !~ '^(orders?|user_orders|order_index):' or not exists (
      select from orders o where o.id = any (own || kv.possible_orders($1, $2, null)) and o.erased_at is not null)
  then
    return null;
  end if;
  return (
    select kv.document_of('order', i.old_id, to_jsonb(o)) from orders o
      join kv.ids i on i.entity = 'order' and i.id = o.id and i.has_row
    where o.id = any (own || kv.possible_orders($1, $2, kv.environment_names())) and o.erased_at is not null
    order by i.key = $1 desc, i.key limit 1);
end
$$;

-- Returns whether an object has a field that is typical of orders. A list of orders can also contain other objects with
-- an id, e.g. lines and products.
create or replace function kv.looks_like_order(content jsonb) returns boolean
language sql immutable parallel safe
return exists (
  select from jsonb_object_keys(case jsonb_typeof(content) when 'object' then content else '{}' end) k (name)
  where lower(replace(k.name, '_', '')) in ('ordernumber', 'orderdate', 'username', 'useremail', 'customer',
    'customername', 'customeremail', 'employeename', 'employeeemail', 'recipient', 'recipientname', 'recipientemail',
    'email', 'phone', 'address', 'shippingaddress', 'deliveryaddress', 'total', 'totalamount', 'totalvalue', 'items'));

-- Returns whether an object inside an order is itself a document of an order. This check is stricter than
-- kv.looks_like_order. Lines, products and customers of an order can have e.g. a total or an address, and an id that
-- equals the id of another order. A field for the buyer's e-mail address with a name that only orders use is enough,
-- unless the object is a line.
create or replace function kv.is_order(content jsonb) returns boolean
language sql immutable parallel safe
return (
  select coalesce(bool_or(n.name in ('ordernumber', 'orderdate')) or bool_or(n.name in ('siteid', 'items'))
    and bool_or(n.name in ('username', 'useremail', 'customer', 'customername', 'customeremail', 'employeename',
      'employeeemail', 'recipient', 'recipientname', 'recipientemail', 'shippingaddress', 'deliveryaddress'))
    or bool_or(n.name in ('useremail', 'customeremail')) and not bool_or(n.name in ('productid', 'sku', 'quantity')),
    false)
  from jsonb_object_keys(case jsonb_typeof(content) when 'object' then content else '{}' end) k (key)
    cross join lateral (select lower(replace(k.key, '_', '')) as name) n);

-- Returns the clients of the sites and clients with these old ids. Ids without a row are ignored.
create or replace function kv.clients_of(sites text[], clients text[]) returns uuid[]
language plpgsql stable
as $$
declare
  names constant text[] := kv.environment_names() || 'production'::text;
begin
  return array(
    select s.client_id from kv.ids i join public.sites s on s.id = i.id
    where i.entity = 'site' and i.environment = any (names) and i.old_id = any ($1) and i.has_row
    union
    select i.id from kv.ids i
    where i.entity = 'client' and i.environment = any (names) and i.old_id = any ($2) and i.has_row);
end
$$;

-- Returns the allowed content of a part of a document, if the part is a document of an order whose person was erased.
-- Otherwise returns null. An equal id is not enough: the part must not contain a site or a client that belongs to
-- another client. A part inside an order must also have the fields of an order (kv.is_order), and must not contain a
-- different order number.
create or replace function kv.erased_part(list text, content jsonb, in_order boolean) returns jsonb
language plpgsql stable
as $$
declare
  erased constant jsonb := case when case when in_order then kv.is_order(content)
    else content ? 'id' or kv.looks_like_order(content) end then kv.erased_document(list, content) end;
  stated jsonb;
  number text;
  own uuid[];
  clients uuid[];
begin
  if erased is null then
    return null;
  end if;
  stated := kv.fields(content);
  number := left(kv.line(stated -> 'orderNumber', 100), 17);  -- the row of a number that was in use has a longer one
  own := kv.clients_of(array[erased ->> 'siteId'], array[erased ->> 'clientId']);
  clients := kv.clients_of(array[kv.line(coalesce(stated -> 'siteId', stated #> '{site,id}'), 1024)],
    array[kv.line(stated -> 'clientId', 1024)]);
  return case when own <> '{}' and clients <> '{}' and not own && clients
    or in_order and not starts_with(erased ->> 'orderNumber', number) then null else erased end;
end
$$;

-- Returns a part of a list of orders, with only the allowed content of each order whose person was erased. The part can
-- be a document, or can contain documents in nested lists and objects. `in_order` is true if the part is inside an
-- order (kv.erased_part).
create or replace function kv.part_without_erased(list text, part jsonb, in_order boolean) returns jsonb
language plpgsql stable
as $$
declare
  content constant jsonb := kv.decoded(part);
  erased constant jsonb := kv.erased_part(list, content, in_order);
  written jsonb := content;
begin
  if kv.is_deep(content) then
    raise exception 'a list of orders is too deep' using errcode = 'program_limit_exceeded';
  elsif erased is not null then
    written := erased;
  elsif jsonb_typeof(content) = 'object' then
    written := (
      select coalesce(jsonb_object_agg(e.key,
        kv.part_without_erased(list, e.value, in_order or kv.looks_like_order(content))), '{}')
      from jsonb_each(content) e);
  elsif jsonb_typeof(content) = 'array' then
    written := (select coalesce(jsonb_agg(kv.part_without_erased(list, e.item, in_order) order by e.n), '[]')
      from jsonb_array_elements(content) with ordinality e (item, n));
  end if;
  return case when written = content then part when jsonb_typeof(part) = 'string' then to_jsonb(written::text)
    when erased is null and part ? '_rev' then written || jsonb_build_object('_rev', part -> '_rev')
    else written end;
end
$$;

-- Returns a list of orders without the data of erased persons in its irregular items (kv.is_irregular). The
-- applications of the predecessor do not need irregular items, and the mirror does not map them, but an application can
-- write them back. Other items change only if `regular` is true, because kv.written_value() checks them.
create or replace function kv.list_without_erased(list text, value jsonb, regular boolean) returns jsonb
language plpgsql stable
as $$
declare
  items constant jsonb := kv.items_of(value);
  written jsonb;
begin
  if kv.entity_of_list(list) is distinct from 'order' then
    return value;
  elsif items = '[]' then
    return kv.part_without_erased(list, value, false);
  end if;
  written := (
    select jsonb_agg(case when regular or kv.is_irregular(e.item) then kv.part_without_erased(list, e.item, false)
      else e.item end order by e.n)
    from jsonb_array_elements(items) with ordinality e (item, n));
  return case when written = items then value when jsonb_typeof(value) = 'string' then to_jsonb(written::text)
    else written end;
end
$$;

-- Returns whether an item of a list can contain nested documents of orders. This is the case for lists, for objects
-- that are not orders, for JSON in a string, and for orders that contain such a value. It is not the case for ids, and
-- for orders that contain only lines and products.
create or replace function kv.is_irregular(item jsonb) returns boolean
language sql immutable parallel safe
return case jsonb_typeof(item)
  when 'array' then true
  when 'string' then item #>> '{}' ~ '^\s*[[{"]'
  when 'object' then not item ? 'id' or not kv.looks_like_order(item)
    or jsonb_path_exists(item, 'strict $.*.** ? (@.type() == "string" && @ like_regex "^\\s*[\\[{\"]")')
    or exists (select from jsonb_path_query(item, 'strict $.*.** ? (exists (@.id))') o where kv.is_order(o))
  else false end;

-- Raises the given error if the document can belong to an order whose person was erased. Otherwise the function
-- returns, and the document is stored as the application wrote it. The function is called after the check of a write
-- has failed. A list can contain documents of any order. If the function itself fails, the write is also refused,
-- because it could restore data of the person.
create or replace function kv.refuse_unchecked_order(key text, value jsonb, code text, message text) returns void
language plpgsql stable
as $$
declare
  may_be_erased boolean := true;
begin
  if key !~ '^(orders?|user_orders|order_index):' then
    return;
  end if;
  begin
    may_be_erased := exists (select from orders o where o.erased_at is not null and (
      kv.entity_of_list(key) is not null or o.id = any (kv.possible_orders($1, $2, null)
        || array(select i.id from kv.ids i where i.key = $1 and i.entity = 'order'))));
  exception when others then
    perform kv.raise_deadlock(sqlstate, sqlerrm);
  end;
  if may_be_erased then
    raise exception using errcode = code, message = message,
      detail = 'Nothing was written, because the document may contain the data of an erased person.';
  end if;
end
$$;

-- Replaces all documents of an order whose person was erased. The new documents contain only the data that the row
-- still has. Earlier versions of the documents are deleted. Documents in lists change at the end of the transaction
-- (functions/kv_mirror_lists.sql).
create or replace function kv.erase_documents(order_id uuid, r jsonb) returns void
language plpgsql volatile
as $$
declare
  d record;
begin
  for d in
    select s.key, i.old_id, kv.revision_of(s.value) as rev
    from kv.ids i join kv_store_6fcaeea3 s on s.key = i.key
    where i.entity = 'order' and i.id = order_id and i.state <> 'gone'
      and exists (select from kv.ids x where x.entity = 'order' and x.id = order_id and x.has_row)
    order by s.key for update of s
  loop
    perform kv.replace_document(d.key, null,
      kv.with_revision(kv.document_of('order', d.old_id, r), coalesce(d.rev, 0)));
  end loop;
  delete from kv.history h where h.key in (select i.key from kv.ids i where i.entity = 'order' and i.id = order_id);
  perform kv.note_list_change('order', order_id, '{erased_at}');
end
$$;
